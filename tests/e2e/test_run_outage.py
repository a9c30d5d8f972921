"""The platform away for hours, its name unknown, a storm of 429s, a process that stood still: it passes by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as wall
from pathlib import Path

import psycopg
import pytest

from bot.clock import RehearsalClock
from bot.model import Origin
from bot.ports import Saved, Store
from bot.storage.tables import Stage
from tests.e2e.course import EVENING, MORNING, installation, prepared, put, quiet, settings_of, told
from tests.e2e.replicas import Postgres, leases, opened, postgres, replicas
from tests.e2e.running import Running
from tests.standin.addresses import NO_HOST
from tests.standin.telegram import TOKEN, Limits, Person, StandIn

TEXTS = ["one thought", "another one", "and a third"]
# the answers to such texts; any may be the first
IN_TURN = ("writing this here", "all stand on one page", "have read this")
LATE = datetime(2026, 3, 3, 10, tzinfo=UTC)  # 11:00 in Madrid
TOO_LATE = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)  # for a morning at 08:00 in Madrid, and not for one at 11:00
FOR_EVER = 1_000_000  # calls
MOVED = 20.0  # seconds in which a lease must have moved away from a process that stands still, and time to another


@pytest.fixture
def database() -> Iterator[Postgres]:
    with postgres() as database:
        yield database


def in_turn(person: Person) -> list[int]:
    """Which of the answers each message is, counted from the first."""
    found = [next(number for number, line in enumerate(IN_TURN) if line in one.text) for one in person.messages]
    return [(number - found[0]) % 3 for number in found]


def mornings(person: Person) -> int:
    return sum(message.button("Tell me more") is not None for message in person.messages)


def planned(database: Postgres) -> Mapping[Stage, int]:
    """How many mornings and evenings are at each stage."""
    with psycopg.connect(database.url) as connection:
        states = connection.execute("SELECT state, count(*) FROM outbox WHERE priority = 5 GROUP BY state")
        return {Stage(state): number for state, number in states}


async def moved_elsewhere(store: Store, database: Postgres, to: datetime, *, waiting: int, expired: int = 0) -> None:
    """Another process moves the rehearsed time; waits until ours has followed and done what is due then."""
    await RehearsalClock(to, 0).save(store)
    async with asyncio.timeout(MOVED):
        while True:
            found = planned(database)
            unsent = found.get(Stage.QUEUED, 0) + found.get(Stage.SENDING, 0)
            if (unsent, found.get(Stage.EXPIRED, 0)) == (waiting, expired):
                return
            await asyncio.sleep(0.05)


async def metrics(product: Running) -> str:
    return (await product.get("/metrics")).text


async def says_ready(product: Running, answer: int) -> None:
    """Probe and metrics both say so."""
    await product.until_ready(200 if answer else 503)
    assert f'heartsease_ready{{installation="{installation()}"}} {answer}.0' in await metrics(product)


async def test_a_platform_that_is_away_for_hours_gets_what_is_still_of_use_once_and_in_order(
    tmp_path: Path, database: Postgres
) -> None:
    async with StandIn(limits=Limits.raised()) as server, opened(database) as store:
        ana, ben, cleo, dora = (server.person(number) for number in (1, 2, 3, 4))
        await put(store, [ana.id, ben.id, cleo.id])
        await rising(store, ben.id, LATE, morning=wall(11))
        await rising(store, cleo.id, EVENING, mornings=False)
        async with replicas(tmp_path, 1, database, server, LOG_LEVEL="info") as (product,):
            await says_ready(product, 1)
            server.fault("sendMessage", 502, FOR_EVER)
            for text in TEXTS:  # are taken, and cannot be answered
                cleo.says(text)
            await server.until(lambda: server.count("sendMessage") > 0 and not server.line.pending)
            server.fault("*", 502, FOR_EVER)
            server.cut()
            await says_ready(product, 0)
            await moved_elsewhere(store, database, MORNING, waiting=1)  # Ana's and Cleo's mornings
            server.heal()
            server.fault("*", "drop", FOR_EVER)
            await moved_elsewhere(store, database, LATE, waiting=2)
            for text in TEXTS:  # stay with the platform
                cleo.says(text)
            dora.says("/start")
            await moved_elsewhere(store, database, TOO_LATE, waiting=1, expired=1)
            assert (await product.get("/healthz")).status_code == 200
            assert (await product.get("/readyz")).json()[installation()] == "unreachable"
            server.heal()
            await says_ready(product, 1)
            await quiet(server, product)
            assert in_turn(cleo) == [0, 1, 2, 0, 1, 2]
            await told(server, dora, "Do you agree")
            assert [len(person.messages) for person in (ana, ben, dora)] == [0, 1, 2]
            assert mornings(ben) == 1
            assert planned(database) == {Stage.SENT: 1, Stage.EXPIRED: 1}
            assert (await missed(store, ana.id), await missed(store, ben.id)) == ([True], [False])
            ana.says(TEXTS[0])  # to whom no question came
            await told(server, ana, "|".join(IN_TURN))
            log = product.log()
            assert (log.count("telegram.unreachable"), log.count("Traceback"), TOKEN in log) == (1, 0, False)
            assert ("past_their_window" in log, "telegram.back" in log) == (True, True)
            before = [len(person.messages) for person in (ana, ben, cleo)]
            await product.move(EVENING.isoformat())
            assert [len(one.messages) for one in (ana, ben, cleo)] == [number + 1 for number in before]
        assert server.refusals == []


async def missed(store: Store, number: int) -> list[bool]:
    """Of each of their touchpoints."""
    async with store.reading() as queries:
        person = await queries.person_at(Origin(installation(), str(number)))
        return [] if person is None else [one.missed for one in await queries.touchpoints(person)]


async def rising(store: Store, number: int, wake: datetime, **rhythm: wall | bool) -> None:
    """They chose another rhythm, and are woken then."""
    async with store.writing() as work:
        found = await work.persons([Origin(installation(), str(number))])
        ((_, known),) = (await work.load(list(found.values()))).items()
        chosen = replace(known.participant.rhythm, **rhythm)  # type: ignore[arg-type]
        await work.save([Saved(replace(known.participant, rhythm=chosen), wake, known.revision)])


async def test_a_platform_whose_name_nobody_knows_is_waited_for(tmp_path: Path) -> None:
    await prepared(tmp_path, [1])
    settings = settings_of(StandIn(), TELEGRAM_API_URL=f"http://{NO_HOST}")
    product = Running(tmp_path, settings | {"REHEARSAL": "start=2026-03-03T07:05:00Z,speed=0"})
    try:
        await product.start(until=503)
        async with asyncio.timeout(MOVED):
            while (await product.get("/readyz")).json()[installation()] != "unreachable":
                pass
            while (await product.status())["pending"] != 1:
                pass
        await says_ready(product, 0)
        assert (await product.get("/healthz")).status_code == 200
        began = time.monotonic()
        assert await product.terminate() == 0
        assert time.monotonic() - began < 10
        log = product.log()
        assert (log.count("telegram.unreachable"), log.count("Traceback"), TOKEN in log) == (1, 0, False)
        with closing(sqlite3.connect(tmp_path / "heartsease.db")) as file:
            assert file.execute("SELECT state FROM outbox").fetchall() == [(Stage.QUEUED,)]  # it waits for a name
    finally:
        await product.__aexit__()


async def test_a_storm_of_429s_is_waited_out_and_costs_neither_attempts_nor_order(tmp_path: Path) -> None:
    people = range(1, 21)
    await prepared(tmp_path, people)
    defaults = {"TELEGRAM_RATE": "", "TELEGRAM_CHAT_RATE": ""}
    async with StandIn() as server, Running(tmp_path, settings_of(server, **defaults)) as product:
        ana, *others = [server.person(number) for number in people]
        server.fault("sendMessage", 429, FOR_EVER, retry_after=1)
        began = time.monotonic()
        for text in TEXTS:
            ana.says(text)
        await server.until(lambda: server.count("sendMessage") > 0 and not server.line.pending)
        moving = asyncio.create_task(product.move(MORNING.isoformat()))
        await server.until(lambda: server.count("sendMessage") >= 8)
        took, refused = time.monotonic() - began, server.count("sendMessage")
        server.heal()
        assert (await moving)["idle"]
        await quiet(server, product)
        assert refused <= 4 * (took + 1)  # two chats are told to wait within a second, and all of them do
        assert in_turn_among(ana) == [0, 1, 2]
        assert [mornings(person) for person in (ana, *others)] == [1] * len(people)
        assert [len(person.messages) for person in others] == [1] * len(others)
        assert f'heartsease_throttled_total{{installation="{installation()}"}} {refused}.0' in await metrics(product)
        with closing(sqlite3.connect(tmp_path / "heartsease.db")) as file:
            assert set(file.execute("SELECT state, attempts FROM outbox")) == {(Stage.SENT, 1)}
        assert server.refusals == []


def in_turn_among(person: Person) -> list[int]:
    """The same, of somebody who heard other things too."""
    answers = [one for one in person.messages if any(line in one.text for line in IN_TURN)]
    found = [next(number for number, line in enumerate(IN_TURN) if line in one.text) for one in answers]
    return [(number - found[0]) % 3 for number in found]


def stand_still(holding: Running, database: Postgres) -> None:
    """Stops the process, between two of its transactions, and lets its lease run out as if fifteen seconds passed."""
    over = "UPDATE lease SET until = 0 WHERE installation = %s"
    while True:
        os.kill(holding.pid, signal.SIGSTOP)
        try:
            with psycopg.connect(database.url, options="-c lock_timeout=500ms") as connection:
                connection.execute(over, [installation()])
            return
        except psycopg.errors.LockNotAvailable:  # it stands in the middle of one, which holds the lease's row
            os.kill(holding.pid, signal.SIGCONT)


async def test_a_process_that_stands_still_while_it_sends_loses_its_lease_and_says_nothing_twice(
    tmp_path: Path, database: Postgres
) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        ana, ben = server.person(1), server.person(2)
        async with opened(database) as store:
            await put(store, [ana.id, ben.id])
        async with replicas(tmp_path, 2, database, server) as fleet:
            (holding,) = [one for one in fleet if installation() in await leases(one)]
            (other,) = (one for one in fleet if one is not holding)
            server.fault("sendMessage", "hang", chat=ana.id)
            ana.says(TEXTS[0])
            await server.until(lambda: server.count("sendMessage") > 0)
            stand_still(holding, database)
            try:
                ben.says(TEXTS[0])
                await server.until(lambda: bool(ana.messages and ben.messages), MOVED)
                assert installation() in await leases(other)
            finally:
                os.kill(holding.pid, signal.SIGCONT)
            await server.until(lambda: "lease lost" in holding.log())
            assert installation() not in await leases(holding)
            for text in TEXTS[1:]:
                ana.says(text)
            await server.until(lambda: len(ana.messages) >= 3)
            await quiet(server, other)
            assert in_turn(ana) == [0, 1, 2]
            assert len(ben.messages) == 1
            assert installation() in await leases(other)
            assert "Traceback" not in holding.log() + other.log()
            for one in fleet:
                await one.until_ready()
