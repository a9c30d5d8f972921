"""Outbox and lease against a simple reference, with crashes between any two statements.

Processes come, die at any point of any transaction, lose their lease and get it back; the platform sees what is sent.
The reference knows three things only: what was committed, what the platform took, and what was recorded.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.errors import LeaseLost
from bot.model import Block, Delivery, Origin, Outgoing, Reply, Span
from bot.ports import Result, Store
from bot.storage import open_store
from bot.storage.memory import MemoryStore
from bot.storage.memory_data import Data
from bot.storage.memory_outbox import MemoryOutbox
from bot.storage.sql import SqlStore
from bot.storage.tables import LEASE
from bot.storage.vault import Vault

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
BOT, CHATS, TTL = "telegram:1", 3, 60.0
KEY = Vault.make_key()


class Died(BaseException):
    """The process is gone, in the midst of a transaction."""


@dataclass
class Process:
    """One process: its lease, and what it is sending."""

    name: str
    epoch: int
    flying: dict[str, Delivery] = field(default_factory=dict)


class Machine(RuleBasedStateMachine):
    """The rules are the same for each store; how a crash is put into it is not."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.seconds = 1000.0
        self.fuse: int | None = None  # statements until the process dies
        self.store: Store = self.opened()
        self.addresses = self.run(self._people())
        self.processes: list[Process] = []
        self.names = 0
        self.posted: dict[str, list[str]] = {one: [] for one in self.addresses}
        self.received: dict[str, list[str]] = {one: [] for one in self.addresses}
        self.recorded: set[str] = set()
        self.interrupted = 0  # sends that were under way when somebody died or lost the lease

    def opened(self) -> Store:
        """The store under test, with the fuse in it."""
        raise NotImplementedError

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    def burn(self) -> None:
        """One statement."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Died

    def attempt(self, fuse: int | None, work: Callable[[], Awaitable[T]]) -> T | None:
        """Does the work; None if the process dies at the given statement."""
        self.fuse = fuse
        try:
            return self.run(work())
        except Died:
            return None
        finally:
            self.fuse = None

    async def _people(self) -> list[str]:
        async with self.store.writing() as work:
            origins = [Origin(BOT, str(number)) for number in range(CHATS)]
            ids = await work.persons(origins)
            known = await work.load(sorted(ids.values()))
            return [known[ids[one]].participant.address for one in origins]

    # ------------------------------------------------------------ what happens

    @rule(chat=st.integers(0, CHATS - 1), count=st.integers(1, 3), fuse=st.none() | st.integers(0, 2))
    def somebody_is_to_be_told(self, chat: int, count: int, fuse: int | None) -> None:
        address = self.addresses[chat]
        so_far = len(self.posted[address])
        texts = [f"{chat}:{so_far + number}" for number in range(count)]

        async def post() -> bool:
            async with self.store.writing() as work:
                await work.post([_saying(text, address) for text in texts])
                self.burn()
            return True

        if self.attempt(fuse, post):
            self.posted[address] += texts

    @rule(fuse=st.none() | st.integers(0, 3))
    def a_process_asks_for_the_lease(self, fuse: int | None) -> None:
        self.names += 1
        name = f"p{self.names}"
        epoch = self.attempt(fuse, lambda: self.store.outbox.acquire(BOT, name, TTL))
        if epoch:
            self.processes.append(Process(name, epoch))

    @precondition(lambda self: self.processes)
    @rule(
        which=st.integers(0, 9),
        room=st.integers(0, 4),
        ends=st.lists(st.sampled_from(["sent", "queued", "flies"]), min_size=CHATS, max_size=CHATS),
        fuse=st.none() | st.integers(0, 8),
    )
    def a_process_records_and_picks(self, which: int, room: int, ends: list[str], fuse: int | None) -> None:
        process = self.processes[which % len(self.processes)]
        done = [
            (one, Result(one.id, "sent" if end == "sent" else "queued"))
            for one, end in zip(sorted(process.flying.values(), key=lambda one: one.id), ends, strict=False)
            if end != "flies"
        ]
        again = sum(result.state == "queued" for _, result in done)
        busy = frozenset(process.flying) - {one.address for one, _ in done}
        results = [result for _, result in done]

        async def tick() -> Sequence[Delivery] | None:
            try:
                return await self.store.outbox.tick(
                    BOT, process.name, process.epoch, TTL, results, room, busy, NOW, True
                )
            except LeaseLost:
                return None

        picked = self.attempt(fuse, tick)
        if picked is None:  # dead, or not the holder any more: what it was sending is another's
            self.interrupted += len(process.flying)
            self.processes.remove(process)
            return
        for one, result in done:
            del process.flying[one.address]
            if result.state == "sent":
                self.recorded.add(one.reply.text[0].spans[0].text)
        self.interrupted += again  # taken, but its answer was lost
        for one in picked:
            assert one.address not in process.flying, "two sends to one chat at a time"
            process.flying[one.address] = one
            self.take(one)

    def take(self, delivery: Delivery) -> None:
        """The platform takes a message; whether we ever hear of that is another matter."""
        text = delivery.reply.text[0].spans[0].text
        assert text not in self.recorded, "said again although it was recorded"
        self.received[delivery.address].append(text)

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 9))
    def a_process_is_killed(self, which: int) -> None:
        process = self.processes.pop(which % len(self.processes))
        self.interrupted += len(process.flying)

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 9), fuse=st.none() | st.integers(0, 1))
    def a_process_stops_in_peace(self, which: int, fuse: int | None) -> None:
        process = self.processes.pop(which % len(self.processes))
        self.interrupted += len(process.flying)
        self.attempt(fuse, lambda: self.store.outbox.release(BOT, process.name, process.epoch))

    @rule()
    def time_passes_and_leases_run_out(self) -> None:
        self.run_out()

    def run_out(self) -> None:
        """Every lease is over."""
        raise NotImplementedError

    # ------------------------------------------------------------ what holds

    @invariant()
    def everybody_hears_what_was_committed_in_order_and_some_of_it_twice(self) -> None:
        for address, texts in self.received.items():
            firsts = list(dict.fromkeys(texts))
            assert firsts == self.posted[address][: len(firsts)]
            places = [firsts.index(text) for text in texts]
            assert all(later - earlier in (0, 1) for earlier, later in itertools.pairwise(places))

    @invariant()
    def nothing_comes_twice_without_a_reason(self) -> None:
        again = sum(len(texts) - len(set(texts)) for texts in self.received.values())
        unaware = sum(len(process.flying) for process in self.processes)  # who lost the lease may not know it yet
        assert again <= self.interrupted + unaware

    def teardown(self) -> None:
        """In the end, with one healthy process, everything arrives."""
        self.run_out()
        epoch = self.run(self.store.outbox.acquire(BOT, "last", TTL))
        assert epoch
        results: list[Result] = []
        while picked := self.run(
            self.store.outbox.tick(BOT, "last", epoch, TTL, results, CHATS, frozenset(), NOW, True)
        ):
            for one in picked:
                self.take(one)
            results = [Result(one.id, "sent") for one in picked]
        self.everybody_hears_what_was_committed_in_order_and_some_of_it_twice()
        self.nothing_comes_twice_without_a_reason()
        assert {one: list(dict.fromkeys(texts)) for one, texts in self.received.items()} == self.posted
        self.run(self.store.close())
        self.loop.close()


def _saying(text: str, address: str) -> Outgoing:
    return Outgoing(address, BOT, Reply(text=(Block((Span(text),)),)), 5, NOW)


# ------------------------------------------------------------ the store in memory


class Burning(Data):
    """Tables whose every change is a statement at which the process may die."""

    burn: Callable[[], None]

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self.burn()
        Data.put(self, table, key, value)

    def drop(self, table: dict[Any, Any], key: Any) -> None:
        self.burn()
        Data.drop(self, table, key)


class CrashingStore(MemoryStore):
    """The store in memory, on such tables."""

    def __init__(self, seconds: Callable[[], float], burn: Callable[[], None]) -> None:
        super().__init__(seconds)
        self._data = data = Burning()
        data.burn = burn
        self.outbox = MemoryOutbox(data, self._changing, seconds)


class InMemory(Machine):
    def opened(self) -> Store:
        return CrashingStore(lambda: self.seconds, self.burn)

    def run_out(self) -> None:
        self.seconds += TTL + 1


# ------------------------------------------------------------ SQLite


class OnSqlite(Machine):
    """A connection that dies before its n-th statement, or before it commits."""

    def opened(self) -> Store:
        self.folder = tempfile.TemporaryDirectory(prefix="heartsease-model-")
        store = self.run(open_store(f"sqlite:///{Path(self.folder.name)}/model.db", [KEY]))
        assert isinstance(store, SqlStore)
        engine = store._database._engine.sync_engine
        sa.event.listen(engine, "before_cursor_execute", lambda *_: self.burn())
        sa.event.listen(engine, "commit", lambda _: self.burn())
        self.sql = store
        return store

    def run_out(self) -> None:
        async def expire() -> None:
            async with self.sql._database.writing() as connection:
                await connection.execute(sa.update(LEASE).values(until=0))

        self.run(expire())

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestOnSqlite = OnSqlite.TestCase
TestOnSqlite.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
