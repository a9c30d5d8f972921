"""One's own data over real HTTP: a page is written, files arrive, all is erased, and a stranger writes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.course import database, kept, settings_of, told
from tests.e2e.robot import Robot
from tests.e2e.running import Running
from tests.e2e.test_cohort_telegram import does, robot
from tests.standin.telegram import Limits, StandIn

PAGE = "the plum tree by the canal & <b>the rain</b>"
ANA = 7


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
            log = product.log()
        async with database(tmp_path) as store, store.reading() as queries:
            assert (await queries.counts())["people"] == 1
    assert PAGE not in log
    assert "Ana" not in log


async def test_who_writes_again_at_once_is_erased_before_the_clock_moves(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = await begun(server, product)
        await does(ana, "/stop", "Erase everything", "Erase everything", "erase")
        said = len(ana.person.messages)
        await does(ana, "/start")
        await told(server, ana.person, "Do you agree to begin?", since=said)
        assert await kept(tmp_path, ANA) == []
        assert server.refusals == []
