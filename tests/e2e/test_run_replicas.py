"""More than one machine: identical `run` processes on one PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.course import MORNING, OTHER_TOKEN, installation, put, quiet, told
from tests.e2e.replicas import Postgres, leases, opened, postgres, replica, replicas
from tests.e2e.running import Running
from tests.e2e.test_run_webhook import SECRET, SECRETLY, hook_path, update
from tests.standin.telegram import TOKEN, Limits, StandIn

TOKENS = (
    TOKEN,
    OTHER_TOKEN,
    "1000003:AAF-a_third_token_of_the_stand-in__3",
    "1000004:AAF-a_fourth_token_of_the_stand-in_4",
)
ALL = {installation(token) for token in TOKENS}
MOVED = 20.0  # seconds in which the installations of a killed process must be served again
PASSED_ON = 5.0  # … of one that was stopped: it gives its leases back
SPREAD = 15.0  # seconds in which a newcomer must have its share


@pytest.fixture(scope="module")
def server_of_all() -> Iterator[Postgres]:
    with postgres() as database:
        yield database


@pytest.fixture
def database(server_of_all: Postgres) -> Postgres:
    server_of_all.empty()
    return server_of_all


async def until_served(fleet: list[Running], shares: list[int], seconds: float) -> float:
    """Waits until these processes serve all bots, so many each; how long that took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            held = [await leases(one) for one in fleet]
            if sorted(map(len, held)) == shares and set().union(*held) == ALL:
                return time.monotonic() - began
            await asyncio.sleep(0.1)


async def each_bot_answers(server: StandIn, number: int) -> None:
    """Somebody writes to each of the bots and is welcomed, once."""
    people = [server.person(number, token=token) for token in TOKENS]
    for person in people:
        person.says("/start")
    for person in people:
        await told(server, person, "Do you agree")
        assert sum("Do you agree" in message.text for message in person.messages) == 1


async def test_bots_spread_over_replicas_and_move_when_one_dies_stops_or_joins(
    tmp_path: Path, database: Postgres
) -> None:
    async with (
        StandIn(tokens=TOKENS, limits=Limits.raised()) as server,
        replicas(tmp_path, 2, database, server, REHEARSAL="") as fleet,
    ):
        one, two = fleet
        await until_served(fleet, [2, 2], SPREAD)
        await each_bot_answers(server, 1)
        await one.kill()
        await until_served([two], [4], MOVED)
        await each_bot_answers(server, 2)
        await one.start()
        await until_served(fleet, [2, 2], SPREAD)
        await each_bot_answers(server, 3)
        assert await two.terminate() == 0
        await until_served([one], [4], PASSED_ON)
        await each_bot_answers(server, 4)
        assert server.refusals == []
        assert (await one.get("/readyz")).status_code == 200


async def test_a_webhook_may_reach_any_replica_and_is_answered_once_in_order_and_soon(
    tmp_path: Path, database: Postgres
) -> None:
    async with StandIn(limits=Limits.raised()) as server, httpx.AsyncClient(trust_env=False) as client:
        ana, path = server.person(7), await hook_path()
        first = replica(tmp_path, "first", database, server, TELEGRAM_WEBHOOK_SECRET=SECRET, REHEARSAL="")
        first.settings["TELEGRAM_WEBHOOK_URL"] = first.url
        second = replica(tmp_path, "second", database, server, TELEGRAM_WEBHOOK_SECRET=SECRET, REHEARSAL="")
        second.settings["TELEGRAM_WEBHOOK_URL"] = first.url
        async with first, second:
            assert [len(await leases(one)) for one in (first, second)] == [1, 0]
            said = [("/start", "Do you agree"), ("yes", "call you"), ("Ana", "city"), ("Madrid", "Which one")]
            for number, (text, answer) in enumerate(said):
                since, began = len(ana.messages), time.monotonic()
                to = (second, first)[number % 2]
                posted = await client.post(to.url + path, json=update(ana, 10 + number, text), headers=SECRETLY)
                assert posted.status_code == 200
                await told(server, ana, answer, since=since)
                soon = time.monotonic() - began < 1.5
                assert soon or text == "Madrid"  # cities are loaded once a process
            repeated = update(ana, 10, "/start")
            for to in (first, second):  # Telegram posts again what it believes was not taken
                assert (await client.post(to.url + path, json=repeated, headers=SECRETLY)).status_code == 200
            assert [await leases(one) for one in (first, second)] == [{installation()}, set()]
        asked = [message.text for message in ana.messages if message.text.endswith("?")]
        assert len(asked) == len(set(asked)) >= 3
        assert server.refusals == []


async def test_what_is_due_is_said_once_whoever_rings(tmp_path: Path, database: Postgres) -> None:
    numbers = range(1, 81)
    async with StandIn(tokens=TOKENS[:2], limits=Limits.raised()) as server:
        async with opened(database) as store:
            for token in TOKENS[:2]:
                await put(store, numbers, token)
        people = [server.person(number, token=token) for token in TOKENS[:2] for number in numbers]
        async with replicas(tmp_path, 2, database, server) as fleet:
            moved = await asyncio.gather(*(one.move(MORNING.isoformat()) for one in fleet))
            assert [status["now"] for status in moved] == ["2026-03-03T07:00:00Z"] * 2
            await server.until(lambda: all(person.messages for person in people))
            for one in fleet:
                await quiet(server, one)
            assert [len(person.messages) for person in people] == [1] * len(people)
            assert "wake_failed" not in fleet[0].log() + fleet[1].log()
        assert server.refusals == []


async def test_the_rehearsed_time_is_one_for_all_replicas(tmp_path: Path, database: Postgres) -> None:
    async with StandIn(limits=Limits.raised()) as server, replicas(tmp_path, 2, database, server) as (one, two):
        await one.move(MORNING.isoformat())
        async with asyncio.timeout(MOVED):
            while (await two.status())["now"] != "2026-03-03T07:00:00Z":
                pass
