"""The database goes away, or is full, or busy: nothing is lost, it is seen, and it passes without a human."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.course import MORNING, prepared, put, quiet, settings_of
from tests.e2e.replicas import Postgres, opened, postgres, replicas
from tests.e2e.running import Running
from tests.standin.telegram import Limits, Person, StandIn

TEXTS = ["one thought", "another one", "and a third"]
# the answers to such texts; any may be the first
IN_TURN = ("writing this here", "all stand on one page", "have read this")
AWAY = 60.0  # seconds that everything may take to be as before


@pytest.fixture(scope="module")
def server_of_all() -> Iterator[Postgres]:
    with postgres() as database:
        yield database


@pytest.fixture
def database(server_of_all: Postgres) -> Postgres:
    server_of_all.empty()
    return server_of_all


async def answered_in_order(server: StandIn, person: Person) -> None:
    """Each text got its answer, in order."""
    await server.until(lambda: len(person.messages) >= len(TEXTS), AWAY)
    answers = list(dict.fromkeys(message.text for message in person.messages))
    first = next(number for number, line in enumerate(IN_TURN) if line in answers[0])
    assert len(answers) == len(TEXTS)
    assert all(IN_TURN[(first + number) % 3] in answer for number, answer in enumerate(answers))


async def seen(product: Running, status: int, database_up: int) -> None:
    """Waits until probes and metrics both say so."""
    async with asyncio.timeout(AWAY):
        while True:
            ready, metrics = await product.get("/readyz"), await product.get("/metrics")
            if ready.status_code == status and f"heartsease_database_up {database_up}.0" in metrics.text:
                return
            await asyncio.sleep(0.05)


async def logged(product: Running, word: str) -> None:
    """Waits until the log says so."""
    async with asyncio.timeout(AWAY):
        while True:
            if word in product.log():
                return
            await asyncio.sleep(0.05)


async def test_a_postgresql_that_loses_connections_and_restarts_loses_no_word(
    tmp_path: Path, database: Postgres
) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        async with opened(database) as store:
            await put(store, [1, 2])
        ana, ben = server.person(1), server.person(2)
        async with replicas(tmp_path, 1, database, server) as (product,):
            assert await asyncio.to_thread(database.cut) > 0
            for text in TEXTS:
                ana.says(text)
            await answered_in_order(server, ana)
            await asyncio.to_thread(database.stop)
            await seen(product, 503, 0)
            assert (await product.get("/healthz")).status_code == 200
            for text in TEXTS:
                ben.says(text)
            await logged(product, "unreachable")
            await asyncio.to_thread(database.start)
            await seen(product, 200, 1)
            await answered_in_order(server, ben)
            await product.move(MORNING.isoformat())
            await quiet(server, product)
            mornings = [sum(one.button("Tell me more") is not None for one in each.messages) for each in (ana, ben)]
            assert mornings == [1, 1]
            assert "Traceback" not in product.log()
        assert server.refusals == []


async def test_another_program_that_holds_the_file_is_waited_for(tmp_path: Path) -> None:
    await prepared(tmp_path, [1])
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = server.person(1)
        with closing(sqlite3.connect(tmp_path / "heartsease.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for text in TEXTS:
                ana.says(text)
            await server.until(lambda: server.count("getUpdates") >= 2)
            assert ana.messages == []
            assert (await product.get("/healthz")).status_code == 200
            other.execute("ROLLBACK")
        await answered_in_order(server, ana)
        await quiet(server, product)
        assert len(ana.messages) == len(TEXTS)


async def test_a_disk_that_is_full_loses_nothing_and_is_full_no_more(tmp_path: Path) -> None:
    await prepared(tmp_path, [1])
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = server.person(1)
        before = resource.prlimit(product.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(product.pid, resource.RLIMIT_FSIZE, (1, before[1]))  # no file may grow
        for text in TEXTS:
            ana.says(text)
        await server.until(lambda: server.count("getUpdates") >= 3)
        assert ana.messages == []
        resource.prlimit(product.pid, resource.RLIMIT_FSIZE, before)
        await answered_in_order(server, ana)
        await quiet(server, product)
        await seen(product, 200, 1)
        assert len(ana.messages) == len(TEXTS)
