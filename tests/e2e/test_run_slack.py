"""`run` in a Slack workspace, as a process of its own: a participant's days, and what an employer could export."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.running import Running
from tests.e2e.slack_robot import SECRET, Robot
from tests.standin import telegram
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, Limits, StandIn
from tests.standin.slack import SECRET as SIGNING_SECRET
from tests.standin.slack_workspace import Outbound

MADRID = ZoneInfo("Europe/Madrid")
START = datetime(2026, 3, 2, 5, tzinfo=UTC)


def settings_of(server: StandIn, mode: str = "socket") -> dict[str, str]:
    """The app in the stand-in workspace, on a rehearsal clock that stands, without limits of its own."""
    secret = {"SLACK_APP_TOKEN": APP_TOKEN} if mode == "socket" else {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
    return secret | {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_API_URL": server.url,
        "SLACK_RATE": "100000",
        "REHEARSAL": "start=2026-03-02T05:00:00Z,speed=0",
        "LOG_LEVEL": "debug",
    }


@asynccontextmanager
async def walking(folder: Path, mode: str = "socket") -> AsyncIterator[Robot]:
    """A member who has just begun, and the product that listens to them in this mode."""
    async with StandIn(limits=Limits.raised()) as server, Running(folder, settings_of(server, mode)) as product:
        if mode == "http":
            server.request_url = f"{product.url}/slack/events"
        robot = Robot(server.member("U7", "Ana", "Europe/Madrid"), server, product)
        await robot.runs("/heartsease start")
        yield robot


async def days(robot: Robot, number: int) -> None:
    """So many days, in which they answer everything."""
    while datetime.fromisoformat((await robot.next())["now"]) < START + timedelta(days=number):
        await robot.answer()


async def test_a_week_in_slack_leaves_nothing_private_in_any_message(tmp_path: Path) -> None:
    async with walking(tmp_path) as robot:
        ana = robot.member
        await robot.answer()
        asked = "\n".join(message.text for message in ana.messages)
        assert "Where are you?" not in asked
        assert "Your profile says Europe/Madrid, so your clock shows 06:00 now. /heartsease settings" in asked
        await days(robot, 7)

        await robot.runs("/heartsease sit")
        await robot.taps("5 minutes")
        while "Write" not in [shown.label for row in ana.messages[-1].rows for shown in row]:
            await robot.next()
        await robot.answer(1)

        ana.runs("/heartsease letter")
        await robot.window()
        await robot.writes()
        await robot.taps("That is all")
        ana.runs("/heartsease journal")
        await robot.window()
        page = await robot.writes()
        ana.runs("/heartsease journal")
        await robot.window()
        ana.taps("Read earlier pages")
        await robot.server.until(lambda: ana.view is not None and page in ana.view.text)
        await robot.writes()
        ana.keeps(f"a {SECRET} from a colleague")
        await robot.settle()
        await robot.runs("/heartsease progress")
        await robot.server.until(lambda: ana.view is not None and "letter page" in ana.view.text)

        assert robot.server.refusals == []
        assert robot.server.late == 0
        assert await robot.product.terminate() == 0
        entries = await robot.kept()
        assert SECRET not in robot.exported()
        assert SECRET not in robot.product.log()
        assert not any(SECRET in whisper for whisper in ana.whispers)
    assert Counter(entry.text for entry in entries if entry.text) == Counter(
        [*robot.wrote, f"a {SECRET} from a colleague"]
    )
    kinds = Counter(entry.kind for entry in entries)
    assert {"intention", "reflection", "gratitude", "letter", "journal", "sit", "look_back"} <= kinds.keys()
    assert kinds["intention"] == 7
    local = [at.astimezone(MADRID) for at, _ in robot.heard]
    assert len({at.date() for at in local if (at.hour, at.minute) == (8, 0)}) >= 7
    assert len({at.date() for at in local if (at.hour, at.minute) == (20, 0)}) >= 7


async def test_over_http_a_day_is_the_same(tmp_path: Path) -> None:
    async with walking(tmp_path, "http") as robot:
        await robot.answer()
        await days(robot, 1)
        assert robot.server.refusals == []
        assert robot.server.late == 0
        entries = await robot.kept()
        assert SECRET not in robot.exported() + robot.product.log()
    assert Counter(entry.text for entry in entries if entry.text) == Counter(robot.wrote)


async def test_kills_lose_nothing_and_a_retry_acts_once(tmp_path: Path) -> None:
    step = 0
    async with walking(tmp_path) as robot:

        async def disturb() -> None:
            nonlocal step
            step += 1
            if step % 4 == 0:
                await robot.product.kill()
                await robot.product.start()

        robot.disturb = disturb
        await robot.answer()
        await days(robot, 2)
        robot.disturb = None
        ana = robot.member
        await robot.opens()
        robot.wrote.append(f"{SECRET} of the last window")
        ana.submits(text=robot.wrote[-1])
        [sent] = [deepcopy(each) for each in robot.server.space.outbound]
        await robot.server.until(lambda: not robot.server.space.outbound)  # it is acknowledged, so it is kept
        await robot.product.kill()
        await robot.product.start()
        await robot.settle()
        before = len(ana.messages)
        robot.server.space._queue(Outbound(sent.kind, sent.payload, attempt=1))
        await robot.settle()
        assert len(ana.messages) == before
        entries = await robot.kept()
        assert robot.product.starts > 3
        assert SECRET not in robot.exported() + robot.product.log()
    assert Counter(entry.text for entry in entries if entry.text) == Counter(robot.wrote)


async def test_the_home_tab_follows_and_a_channel_shows_nothing(tmp_path: Path) -> None:
    async with walking(tmp_path) as robot:
        ana, server = robot.member, robot.server
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        assert ana.home is not None
        assert "The first few questions wait" in ana.home.text
        await robot.answer()
        await server.until(lambda: ana.home is not None and "Heartsease" not in ana.home.text)
        await robot.next()
        await robot.answer()
        await server.until(lambda: ana.home is not None and "Week 1 of 8, day 1" in ana.home.text)
        ana.taps("A guided sit", ana.home)
        await robot.settle()
        assert "5 minutes" in [shown.label for row in ana.messages[-1].rows for shown in row]

        await robot.runs("/heartsease settings")
        await robot.taps("Morning time")
        ana.picks("07:15")
        await robot.settle()
        assert any("07:15" in message.text for message in ana.messages[-2:])
        await robot.runs("/heartsease pause")
        ana.picks("2026-03-05")
        await robot.settle()
        assert any("5 March" in message.text for message in ana.messages[-2:])
        await robot.runs("/heartsease resume")

        ward = server.channel("C9", "ward")
        before = len(ana.messages)
        await robot.runs("/heartsease", ward.id)
        assert ward.messages == []
        assert "/heartsease journal" in ana.messages[before].text
        assert ana.whispers[-1].startswith("I have answered in our own conversation")

        ana.leaves(ward.id)
        server.member("U8", "Bo").leaves(ward.id)
        server.archive(ward.id)
        server.kick(ward.id)
        await robot.settle()
        await robot.next()
        await robot.settle()
        assert len(ana.messages) > before + 1  # the evening came: who leaves a channel has not left us
        assert server.refusals == []
        await robot.product.get("/readyz")  # counts
        assert 'heartsease_rows{kind="people"} 1.0' in (await robot.product.get("/metrics")).text


async def test_a_wrong_token_ends_the_start_with_the_fix(tmp_path: Path) -> None:
    async with StandIn() as server:
        product = Running(tmp_path, settings_of(server) | {"SLACK_BOT_TOKEN": "xoxb-nobody-knows-this"})
        with pytest.raises(AssertionError, match="HEARTSEASE_SLACK_BOT_TOKEN"):
            await product.start()
        assert product._process is not None
        async with asyncio.timeout(5):
            assert await product._process.wait() == 2
        assert "xoxb-nobody" not in product.log()


async def test_readiness_tells_of_a_revoked_token(tmp_path: Path) -> None:
    async with walking(tmp_path) as robot:
        robot.server.revoke()
        await robot.product.until_ready(503)
        assert (await robot.product.get("/readyz")).json()["slack:T1"] == "token_revoked"


async def test_it_waits_for_a_slack_that_is_down_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    async with StandIn() as server:
        server.fault("auth.test", "drop", times=1000)
        product = Running(tmp_path, settings_of(server))
        await product.begin()
        try:
            await server.until(lambda: server.count("auth.test") > 1)
            assert await product.terminate() == 0
        finally:
            await product.__aexit__()
        assert "slack.unreachable" in product.log()


async def test_telegram_and_slack_run_side_by_side(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, telegram.StandIn() as other:
        both = settings_of(server) | {"TELEGRAM_TOKEN": telegram.TOKEN, "TELEGRAM_API_URL": other.url}
        async with Running(tmp_path, both) as product:
            ana, ben = server.member("U7"), other.person(4242, "Ben")
            ana.runs("/heartsease start")
            ben.says("/start")
            await server.until(lambda: len(ana.messages) > 1 and len(ben.messages) > 1)
            parts = (await product.get("/readyz")).json()
    assert {"slack:T1", f"telegram:{telegram.TOKEN.partition(':')[0]}"} <= parts.keys()
    assert "export" in ana.messages[0].text
    assert "export" not in ben.messages[0].text
