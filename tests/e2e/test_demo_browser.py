"""`python -m bot demo` as a newcomer meets it: a real process, a real browser, and the picture for README."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import DESKTOP, PHONE, browsing, page_at
from tests.e2e.running import ROOT, Running

LATE = 120_000  # milliseconds that a group, or a week of fifteen people, may take on a busy machine
SHOWN_SINCE = "at => [...document.querySelectorAll('[data-at]')].some(row => new Date(row.dataset.at) >= new Date(at))"
PICTURES = ROOT / "docs" / "images"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Running]:
    async with Running(tmp_path, {}, command=("demo", "--no-browser")) as running:
        yield running


async def tap(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()


async def leap(page: Page, label: str) -> None:
    """Jumps in time, and waits until what came up there is shown."""
    async with page.expect_response("**/chat/jump") as answer:
        await tap(page, label)
    there = datetime.fromisoformat((await (await answer.value).json())["now_local"])
    await page.wait_for_function(SHOWN_SINCE, arg=(there - timedelta(minutes=1)).isoformat())


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
    days = [page.get_by_role("button", name=day, exact=True) for day in ("Today", "Tomorrow")]
    await days[0].or_(days[1]).last.click()
    await seen(page, "Everything is set")


async def test_a_newcomer_feels_a_day_of_the_course_in_the_browser(
    demo: Running, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pictures = PICTURES if request.config.getoption("--update") else tmp_path
    async with browsing() as browser, page_at(browser, demo.url, PHONE, scale=2) as page:
        await onboard(page)
        await leap(page, "Tomorrow morning")
        await seen(page, "Week 1:")
        await say(page, "To taste my coffee, for once")
        await leap(page, "This evening")
        asked = page.get_by_role("button", name="Not today")
        before = await asked.count() - 1  # who comes in the morning begins on that day, and its evening was jumped over
        await tap(page, "Yes")
        await say(page, "It was quiet for a moment. I noticed the cup was warm.")
        await page.wait_for_timeout(300)
        await page.screenshot(path=pictures / "demo-phone.png")
        await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        await page.wait_for_timeout(300)
        await page.screenshot(path=pictures / "demo-desktop.png")
        assert await asked.count() == before  # answered questions look answered
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


async def test_a_place_is_asked_for_only_while_that_is_the_question(demo: Running) -> None:
    async with browsing() as browser, page_at(browser, demo.url, PHONE) as page:
        await tap(page, "I agree")
        await seen(page, "call you?")
        await say(page, "Ana")
        share = page.get_by_role("button", name="Share my location")
        await expect(share).to_be_visible()
        await say(page, "Lisbon")
        await seen(page, "At what time would you like it?")
        await expect(share).to_have_count(0)
        await tap(page, "07:00")
        await seen(page, "the evening message?")
        await expect(page.locator(".answered", has_text="07:00")).to_be_visible()


async def test_a_reload_keeps_what_is_half_written_and_a_silent_jump_says_what_time_it_is(demo: Running) -> None:
    async with browsing() as browser, page_at(browser, demo.url, PHONE) as page:
        await seen(page, "Do you agree to begin?")
        await page.get_by_label("Your message").fill("half a sentence")
        await page.reload()
        await seen(page, "Do you agree to begin?")
        await expect(page.get_by_label("Your message")).to_have_value("half a sentence")
        await expect(page.get_by_role("button", name="Send")).to_be_enabled()
        await tap(page, "Next week")
        await expect(page.get_by_role("status")).to_contain_text("No message came.")


async def join(page: Page) -> None:
    await tap(page, "Join Ward 3")
    await seen(page, "led by Agnes")
    await page.wait_for_timeout(300)  # the question below it
    await tap(page, "I agree")
    await seen(page, "call you?")
    await say(page, "Ana")
    await seen(page, "Where are you?")
    await say(page, "Madrid")
    await tap(page, "Madrid, Spain")
    await tap(page, "08:00")
    await tap(page, "20:00")
    await tap(page, "No")
    await seen(page, "Everything is set")


async def broadcast(page: Page, words: str) -> None:
    await say(page, "/broadcast")
    await seen(page, "What would you like to say?")
    await say(page, words)
    for label in ("It can stay like this", "Everybody", "At once", "Send it"):
        await tap(page, label)


async def test_a_newcomer_leads_a_group_joins_it_and_sees_its_channel(
    demo: Running, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pictures = PICTURES if request.config.getoption("--update") else tmp_path
    async with browsing() as browser, page_at(browser, demo.url, DESKTOP, scale=2) as page:
        await seen(page, "Do you agree to begin?")
        await expect(page.get_by_role("button", name="The group’s channel")).to_be_hidden()
        await page.get_by_role("button", name="Facilitator").press("Enter")
        await seen_late(page, "These are the groups that you lead.")
        await seen(page, "at least 10 joined")
        await page.get_by_role("button", name="You", exact=True).click()
        await join(page)
        await expect(page.get_by_role("button", name="Join Ward 3")).to_be_hidden()

        await page.get_by_role("button", name="Facilitator").click()
        await broadcast(page, "Dear {{ name }}, the tea kitchen is open.")
        for leap in ("Next week", "Tomorrow morning"):
            await tap(page, leap)
            await expect(page.locator("#travelling")).to_be_hidden(timeout=LATE)
        await expect(page.locator("#where")).to_contain_text("Week 2 of 8 · Day 2")
        await say(page, "/pulse")
        await seen_late(page, "people are counted")
        await expect(page.locator(".bubble img")).to_have_js_property("complete", value=True)
        await page.wait_for_timeout(900)
        await page.screenshot(path=pictures / "demo-facilitator.png")

        await page.get_by_role("button", name="The group’s channel").click()
        await seen(page, "Week 2:")
        await expect(page.get_by_role("textbox")).to_be_hidden()
        assert await page.get_by_role("log").get_by_role("button").count() == 0
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.wait_for_timeout(500)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(path=pictures / "demo-channel.png")

        await page.get_by_role("button", name="You", exact=True).click()
        for words in ("Dear Ana, the tea kitchen is open.", "Week 2:", "Seminar room", "Would you like a partner?"):
            await seen(page, words)
        assert "Dear Ana" not in await log_of(page, "Channel")
        await page.reload()
        await seen(page, "Week 2:")


async def log_of(page: Page, view: str) -> str:
    await page.get_by_role("button", name=view).click()
    await page.wait_for_timeout(500)
    return await page.get_by_role("log").inner_text()


async def seen_late(page: Page, text: str) -> None:
    await expect(page.get_by_role("log")).to_contain_text(text, timeout=LATE)
