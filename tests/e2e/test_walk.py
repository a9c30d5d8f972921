"""The whole course over real HTTP: one robot in Europe/Madrid from /start to graduation, on a rehearsal clock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.model import Origin
from bot.storage import keys_for, open_store
from curriculum.loader import Library
from tests.e2e.robot import Heard, Robot
from tests.e2e.running import Running
from tests.standin.telegram import TOKEN, Limits, StandIn

MADRID = ZoneInfo("Europe/Madrid")
DAYS = [date(2026, 3, 2) + timedelta(days=n) for n in range(56)]
PROGRAMME = Library().programme("compassion", "en")
INSTALLATION = f"telegram:{TOKEN.split(':')[0]}"


@asynccontextmanager
async def walking(folder: Path) -> AsyncIterator[Robot]:
    async with StandIn(limits=Limits.raised()) as server:
        settings = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": server.url,
            "TELEGRAM_RATE": "100000",
            "TELEGRAM_CHAT_RATE": "100000",
            "REHEARSAL": "start=2026-03-02T05:00:00Z,speed=0",
            "LOG_LEVEL": "warning",
        }
        async with Running(folder, settings) as product:
            ana = server.person(4242, "Ana")
            robot = Robot(ana, server, product)
            ana.says("/start")
            await robot.settle()
            await robot.answer()
            yield robot


async def to_graduation(robot: Robot) -> None:
    """Follows the clock until nothing is planned before May."""
    for _ in range(200):
        status = await robot.next()
        await robot.answer(20)
        ahead = (await robot.product.status())["next_wake"]
        if ahead is None or datetime.fromisoformat(status["now"]) > datetime(2026, 4, 28, tzinfo=UTC):
            return
    raise AssertionError("the course never ended")


def at(heard: list[Heard], wall: time) -> list[Heard]:
    """The first message of each day that came at this local minute."""
    first: dict[date, Heard] = {}
    for one in heard:
        local = one.at.astimezone(MADRID)
        if (local.hour, local.minute) == (wall.hour, wall.minute):
            first.setdefault(local.date(), one)
    return list(first.values())


async def entries_of(folder: Path) -> list[tuple[str, str]]:
    """What the database keeps of the robot, decrypted."""
    url = f"sqlite:///{folder}/heartsease.db"
    store = await open_store(url, keys_for(url, ()), migrate=False)
    try:
        async with store.reading() as queries:
            person = await queries.person_at(Origin(INSTALLATION, "4242"))
            assert person is not None
            return [(entry.kind, entry.text) for entry in await queries.entries(person, limit=10_000)]
    finally:
        await store.close()


async def test_a_robot_walks_from_start_to_graduation(tmp_path: Path) -> None:
    async with walking(tmp_path) as robot:
        await to_graduation(robot)
        assert robot.server.refusals == []
        assert await robot.product.terminate() == 0
        log = robot.product.log()
    mornings, evenings = at(robot.heard, time(8)), at(robot.heard, time(20))
    assert [one.at.astimezone(MADRID).date() for one in mornings][:56] == DAYS
    assert [one.at.astimezone(MADRID).date() for one in evenings][:56] == DAYS
    texts = [one.message.text for one in robot.heard]
    for week in PROGRAMME.weeks:
        assert sum(f"Week {PROGRAMME.weeks.index(week) + 1}: {week.title}" in text for text in texts) >= 1
        for practice in week.practices:
            assert any(practice.title in text for text in texts), practice.id
    nudges = [one.message.text for one in (*mornings, *evenings)]
    assert [text for text, times in Counter(nudges).items() if times > 1] == []
    assert [one for one in robot.heard if not time(7) <= one.at.astimezone(MADRID).time() < time(22)][10:] == []
    assert "walks" not in log
    assert not any(text in log for text in robot.wrote)
    kept = await entries_of(tmp_path)
    assert sorted(text for _, text in kept if text.startswith("entry")) == sorted(robot.wrote)


async def test_a_walk_through_ten_kills_loses_nothing_and_doubles_no_entry(tmp_path: Path) -> None:
    dice = random.Random(20260302)
    moments = set(dice.sample(range(5, 240), 10))
    step = 0

    async with walking(tmp_path) as robot:

        async def disturb() -> None:
            nonlocal step
            step += 1
            if step in moments:
                await robot.product.kill()
                await robot.product.start()

        robot.disturb = disturb
        await to_graduation(robot)
        assert robot.server.refusals == []
        assert robot.product.starts == 11
    mornings, evenings = at(robot.heard, time(8)), at(robot.heard, time(20))
    assert {one.at.astimezone(MADRID).date() for one in mornings} >= set(DAYS)
    assert {one.at.astimezone(MADRID).date() for one in evenings} >= set(DAYS)
    texts = Counter(one.message.text for one in (*mornings, *evenings))
    assert sum(times - 1 for times in texts.values()) <= 10
    kept = [text for _, text in await entries_of(tmp_path) if text.startswith("entry")]
    assert sorted(kept) == sorted(robot.wrote)
