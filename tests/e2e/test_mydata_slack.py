"""One's own data in Slack, over real HTTP: a locked file, its passphrase in a window, all of it erased, a stranger."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.model import Entry, Origin
from tests.e2e.browser import browsing, page_at
from tests.e2e.course import database
from tests.e2e.running import Running
from tests.e2e.slack_robot import SECRET, Robot
from tests.e2e.test_run_slack import settings_of
from tests.standin.slack import Limits, SharedFile, StandIn

NAME = "heartsease-my-data"
LONG = 3_000  # entries of nearly three thousand characters: some years of a diligent person


@asynccontextmanager
async def begun(folder: Path, mode: str = "socket") -> AsyncIterator[Robot]:
    """Ana has answered the first questions and written a page, in a window."""
    async with StandIn(limits=Limits.raised()) as server, Running(folder, settings_of(server, mode)) as product:
        if mode == "http":
            server.request_url = f"{product.url}/slack/events"
        ana = Robot(server.member("U7", "Ana", "Europe/Madrid"), server, product)
        await ana.runs("/heartsease start")
        await ana.answer()
        ana.member.runs("/heartsease journal")
        await ana.window()
        await ana.writes()
        yield ana
        shut = "views.update", "not_found"  # a window that she closed before its answer came
        assert [call for call in server.refusals if (call.method, call.problem) != shut] == []


async def exports(ana: Robot) -> tuple[str, list[SharedFile]]:
    """Takes everything along: the passphrase that the window shows, and the files."""
    ana.member.shuts()
    await ana.runs("/heartsease mydata")
    ana.member.taps("Take it along as files")
    await ana.settle()
    member = ana.member
    await ana.server.until(lambda: member.view is not None and "Your passphrase" in member.view.text)
    assert member.view is not None
    return member.view.text.split("\n\n")[1], list(member.files)


async def opened(page: Page, file: SharedFile, folder: Path, phrase: str) -> dict[str, object]:
    """The file in a browser without a network, unlocked: its data."""
    here = folder / file.name
    here.write_bytes(file.content)
    await page.context.set_offline(True)
    await page.goto(here.as_uri())
    await page.get_by_label("Passphrase").fill(phrase)
    await page.get_by_role("button", name="Open").click()
    await expect(page.get_by_role("status")).to_have_text("It is open.", timeout=20_000)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="JSON").click()
    found: dict[str, object] = json.loads((await (await download.value).path()).read_text("utf-8"))
    return found


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_the_file_is_locked_its_key_is_no_message_and_after_erasing_a_stranger_writes(
    tmp_path: Path, mode: str
) -> None:
    async with begun(tmp_path, mode) as ana:
        phrase, files = await exports(ana)
        assert [file.name for file in files] == [f"{NAME}.html"]
        assert files[0].channel == ana.member.channel  # where her employer may read it
        assert SECRET not in files[0].content.decode()
        assert phrase not in files[0].content.decode() + ana.exported() + "".join(ana.member.whispers)
        assert any("locked" in message.text for message in ana.member.messages)
        async with browsing() as browser, page_at(browser, "about:blank") as page:
            found = await opened(page, files[0], tmp_path, phrase)
            shown = page.frame_locator("#shown")
            await expect(shown.get_by_text(ana.wrote[0])).to_be_visible()
        assert [entry["text"] for entry in found["entries"]] == ana.wrote  # type: ignore[attr-defined]
        assert found["person"]["platform"] == "slack"  # type: ignore[index]

        ana.member.shuts()
        await ana.runs("/heartsease mydata")
        for _ in range(2):
            await ana.taps("Erase everything")
        await ana.taps("Erase everything now")
        assert "It is done" in ana.member.messages[-1].text
        assert "Slack for as long as your organisation says" in ana.member.messages[-1].text
        await ana.next()
        async with database(tmp_path) as store, store.reading() as queries:
            assert await queries.person_at(Origin("slack:T1", "U7")) is None
            assert (await queries.counts())["people"] == 0
        since = len(ana.member.messages)
        await ana.runs("/heartsease help")
        ana.member.says("good morning")
        await ana.settle()
        assert any("Do you agree to begin?" in message.text for message in ana.member.messages[since:])
        told = ana.exported() + ana.product.log()
        assert not any(secret in told for secret in (SECRET, phrase))


async def test_a_very_long_history_comes_in_several_files_that_one_passphrase_opens(tmp_path: Path) -> None:
    async with begun(tmp_path) as ana:
        at, texts = (
            datetime(2026, 3, 1, 12, tzinfo=UTC),
            [f"{number} {SECRET} " + "rain " * 550 for number in range(LONG)],
        )
        async with database(tmp_path) as store, store.writing() as work:
            person = (await work.persons([Origin("slack:T1", "U7")]))[Origin("slack:T1", "U7")]
            await work.record(
                [Entry(f"e{n}", person, "journal", at, date(2026, 3, 1), text=text) for n, text in enumerate(texts)]
            )
        phrase, files = await exports(ana)
        parts = len(files)
        assert [file.name for file in files] == [f"{NAME}-{n}-of-{parts}.html" for n in range(1, parts + 1)]
        assert parts > 3
        assert all(len(file.content) <= 4_000_000 for file in files)
        found: list[str] = []
        async with browsing() as browser, page_at(browser, "about:blank") as page:
            for file in files:
                part = await opened(page, file, tmp_path, phrase)
                found += [entry["text"] for entry in part["entries"]]  # type: ignore[attr-defined]
        assert sorted(found) == sorted([*texts, *ana.wrote])
        assert SECRET not in ana.exported() + ana.product.log()
