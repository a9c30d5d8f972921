"""`python -m bot demo` as a newcomer meets it: a real process, a real browser, and the picture for README."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import DESKTOP, PHONE, browsing, page_at
from tests.e2e.running import ROOT, Running

PICTURES = ROOT / "docs" / "images"

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Running]:
    async with Running(tmp_path, {}, command=("demo", "--no-browser")) as running:
        yield running


async def tap(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def seen(page: Page, text: str) -> None:
    await expect(page.get_by_role("log")).to_contain_text(text)


async def onboard(page: Page) -> None:
    await tap(page, "I agree")
    await seen(page, "call you?")
    await say(page, "Ana")
    await seen(page, "Where are you?")
    await say(page, "Madrid")
    await tap(page, "Madrid, Spain")
    await tap(page, "08:00")
    await tap(page, "20:00")
    await tap(page, "No")
    await page.get_by_role("button", name="morning").or_(page.get_by_role("button", name="Today")).last.wait_for()
    first = page.get_by_role("button", name="Today", exact=True)
    await (first if await first.count() else page.get_by_role("button", name="Tomorrow", exact=True)).last.click()
    await seen(page, "Everything is set")


async def test_a_newcomer_feels_a_day_of_the_course_in_the_browser(
    demo: Running, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pictures = PICTURES if request.config.getoption("--update") else tmp_path
    async with browsing() as browser, page_at(browser, demo.url, PHONE, scale=2) as page:
        await onboard(page)
        await tap(page, "Tomorrow morning")
        await seen(page, "Week 1:")
        await say(page, "To taste my coffee, for once")
        await tap(page, "This evening")
        await tap(page, "Yes")
        await say(page, "It was quiet for a moment. I noticed the cup was warm.")
        await page.wait_for_timeout(300)
        await page.screenshot(path=pictures / "demo-phone.png")
        await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        await page.wait_for_timeout(300)
        await page.screenshot(path=pictures / "demo-desktop.png")
        assert await page.get_by_role("button", name="Not today").count() == 0  # answered questions look answered
        await say(page, "/help")
        await seen(page, "/support")
        await tap(page, "Next week")
        await seen(page, "Week 2:")


async def test_what_a_newcomer_types_is_never_markup(demo: Running) -> None:
    async with browsing() as browser, page_at(browser, demo.url, PHONE) as page:
        await tap(page, "I agree")
        await seen(page, "call you?")
        await say(page, "<b onclick=x> **{{ 7*7 }}**")
        await seen(page, "Thank you, <b onclick=x> **{{ 7*7 }}**")
