"""One's own data over real HTTP: files arrive, also very long ones; all is erased, in the group's chat too."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

from bot.model import Entry, Origin
from tests.e2e.course import database, installation, kept, settings_of, told
from tests.e2e.robot import Robot
from tests.e2e.running import Running
from tests.e2e.test_cohort_telegram import OWNER, does, joins, robot
from tests.standin.telegram import Limits, StandIn

PAGE = "the plum tree by the canal & <b>the rain</b>"
ANA, WARD = 7, -5
LONG = 3_000  # entries of nearly three thousand characters: some years of a diligent person


async def begun(server: StandIn, product: Running) -> Robot:
    """Ana has answered the first questions and written a page."""
    ana = robot(server, product, ANA, "Ana")
    await does(ana, "/start", "I agree", "Ana", "Europe/Madrid", "08:00", "20:00", "No", "Next Monday")
    await does(ana, "/journal", PAGE)
    return ana


async def test_files_arrive_and_after_erasing_a_stranger_writes(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        async with Running(tmp_path, settings_of(server)) as product:
            ana = await begun(server, product)
            await does(ana, "/mydata", "Take it along as files")
            files = {one.file: one.file.content for one in ana.person.messages if one.file is not None}
            found = json.loads(files["heartsease-my-data.json"])  # type: ignore[index]
            assert [entry["text"] for entry in found["entries"]] == [PAGE]
            assert found["person"]["platform"] == "telegram"
            page = files["heartsease-my-data.html"].decode()  # type: ignore[index]
            assert "<b>the rain</b>" not in page
            assert "&lt;b&gt;the rain" in page

            await does(ana, "/mydata", "Erase everything", "Erase everything", "Erase everything now")
            assert "It is done" in ana.person.messages[-1].text
            await ana.next()
            assert await kept(tmp_path, ANA) == []
            said = len(ana.person.messages)
            await does(ana, "good morning")
            await told(server, ana.person, "Do you agree to begin?", since=said)
            assert server.refusals == []
        async with database(tmp_path) as store, store.reading() as queries:
            assert (await queries.counts())["people"] == 1
    assert product.tells(PAGE, "Ana") == []


async def test_who_writes_again_at_once_is_erased_before_the_clock_moves(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = await begun(server, product)
        await does(ana, "/stop", "Erase everything", "Erase everything", "erase")
        said = len(ana.person.messages)
        await does(ana, "/start")
        await told(server, ana.person, "Do you agree to begin?", since=said)
        assert await kept(tmp_path, ANA) == []
        assert server.refusals == []


async def test_a_very_long_history_comes_in_several_files_that_have_all_of_it(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = await begun(server, product)
        texts = [f"{number} & " + "rain " * 550 for number in range(LONG)]
        at, me = datetime(2026, 3, 1, 12, tzinfo=UTC), Origin(installation(), str(ANA))
        async with database(tmp_path) as store, store.writing() as work:
            person = (await work.persons([me]))[me]
            await work.record(
                [Entry(f"e{n}", person, "journal", at, date(2026, 3, 1), text=text) for n, text in enumerate(texts)]
            )
        await does(ana, "/mydata", "Take it along as files")
        files = [one.file for one in ana.person.messages if one.file is not None]
        assert all(len(file.content) <= 4_000_000 for file in files)
        pages, data = ([file for file in files if file.endswith(end)] for end in ("html", "json"))
        assert data == [f"heartsease-my-data-{n}-of-{len(data)}.json" for n in range(1, len(data) + 1)]
        assert len(data) == len(pages) > 2
        found = [entry["text"] for file in data for entry in json.loads(file.content)["entries"]]
        assert sorted(found) == sorted([*texts, PAGE])
        assert sum(file.content.count(b"<article>") for file in pages) == len(found)
        assert server.refusals == []


async def test_what_was_shared_in_the_groups_chat_is_deleted_there_though_telegram_stumbles(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = settings_of(server, OWNERS=f"telegram:{OWNER}")
        async with Running(tmp_path, settings) as product:
            agnes, ana = robot(server, product, OWNER, "Agnes"), robot(server, product, ANA, "Ana")
            ward = server.group(WARD, "Ward", bot="administrator")
            await does(agnes, "/help")
            agnes.person.says_in(WARD, "/cohort@heartsease_bot")
            await agnes.settle()
            await does(agnes, "Make a new group", "Ward 4, spring", "Europe/Madrid", "Next Monday")
            await does(agnes, "Together, in the same week", "Agnes", "08:00", "No days off", "18:00")
            await does(agnes, "Everybody in the chat", "Post it")
            link = re.search(r"https://t\.me/\w+\?start=[\w-]{22}", ward.messages[-1].text)
            assert link is not None
            await joins(ana, link[0], "Europe/Madrid")
            await product.move(datetime(2026, 3, 9, 18, 30, tzinfo=UTC).isoformat())
            await does(ana, "/gratitude", PAGE, "Share something", "With my name", "That is all")
            assert PAGE in ward.messages[-1].text

            await does(ana, "/mydata", "Erase everything", "Erase everything")
            server.fault("deleteMessage", 502, times=2)
            ana.person.taps("Erase everything now")
            await told(server, ana.person, "It is done")
            assert PAGE in ward.messages[-1].text
            await ana.next()  # the clock waits for what is due, and so does erasing
            assert all(PAGE not in message.text for message in ward.messages)
            assert server.counts["deleteMessage"] == 3
            assert await kept(tmp_path, ANA) == []
        async with database(tmp_path) as store, store.reading() as queries:
            assert await queries.person_at(Origin(installation(), str(ANA))) is None
