"""How installations spread over processes: simulated second by second over the store in memory, no real clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import LeaseLost, StoreError
from bot.ports import OutboxStore, Standing
from bot.spread import PATIENCE, SETTLED, Spread
from bot.storage.memory import MemoryStore

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
TTL = 15.0
SOON = 20  # seconds in which leases must move when a process dies


@dataclass
class Process:
    """A process with its spread, and its outboxes reduced to their leases."""

    name: str
    house: House
    serves: list[str]
    epochs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spread = Spread(self.house.store.outbox, self.name, lambda: self.house.seconds)
        self.spread.senders = {one: Holding(self, one) for one in self.serves}

    async def step(self) -> None:
        """One second of `Spread.run`, and of each outbox."""
        outbox = self.house.store.outbox
        await self.spread.look()
        for one in self.spread.excess():
            await outbox.release(one, self.name, self.epochs.pop(one))
            self.house.moves += 1
        for one in self.serves:
            if one in self.epochs:
                try:
                    await outbox.tick(one, self.name, self.epochs[one], TTL, (), 0, frozenset(), NOW, True)
                except LeaseLost:
                    del self.epochs[one]
            elif self.spread.may_take(one) and (epoch := await outbox.acquire(one, self.name, TTL)):
                self.epochs[one] = epoch
                self.house.moves += 1

    async def stop(self) -> None:
        """SIGTERM."""
        outbox = self.house.store.outbox
        await outbox.attend(self.name, 0.0)
        for one, epoch in self.epochs.items():
            await outbox.release(one, self.name, epoch)
        del self.house.processes[self.name]


@dataclass(frozen=True)
class Holding:
    """What the spread is given for an outbox; here the process itself acts on `excess`."""

    process: Process
    installation: str

    def give_up(self) -> None: ...


class House:
    """A database and the processes that share it."""

    def __init__(self, installations: int) -> None:
        self.seconds, self.moves = 1000.0, 0
        self.store = MemoryStore(seconds=lambda: self.seconds)
        self.installations = [f"telegram:{number}" for number in range(installations)]
        self.processes: dict[str, Process] = {}

    def start(self, name: str, serves: list[str] | None = None) -> Process:
        self.processes[name] = Process(name, self, self.installations if serves is None else serves)
        return self.processes[name]

    def kill(self, name: str) -> None:
        del self.processes[name]

    async def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.seconds += 1.0
            for process in list(self.processes.values()):
                await process.step()

    def shares(self) -> list[int]:
        return sorted(len(process.epochs) for process in self.processes.values())

    def served(self) -> Counter[str]:
        return Counter(one for process in self.processes.values() for one in process.epochs)


async def test_one_process_holds_everything_at_once() -> None:
    house = House(5)
    house.start("a")
    await house.run(1)
    assert house.shares() == [5]


@pytest.mark.parametrize(("processes", "shares"), [(2, [8, 8]), (3, [5, 5, 6]), (4, [4, 4, 4, 4])])
async def test_processes_that_start_together_share_evenly(processes: int, shares: list[int]) -> None:
    house = House(16)
    for number in range(processes):
        house.start(f"p{number}")
    await house.run(int(SETTLED) + 10)
    assert max(house.shares()) == max(shares)
    assert sum(house.shares()) == 16


async def test_room_is_made_for_a_newcomer_that_lasts_and_for_none_that_does_not() -> None:
    house = House(4)
    house.start("a")
    await house.run(3)
    for attempt in range(5):
        house.start(f"crashes {attempt}")
        await house.run(2)
        house.kill(f"crashes {attempt}")
        await house.run(6)
    assert house.shares() == [4]
    house.start("b")
    await house.run(10)
    assert house.shares() == [2, 2]


async def test_after_a_rolling_restart_nobody_is_left_empty_handed() -> None:
    house = House(4)
    house.start("a1")
    house.start("b1")
    await house.run(10)
    for old, new in (("a1", "a2"), ("b1", "b2")):
        await house.processes[old].stop()
        house.start(new)
        await house.run(15)
        assert house.shares() == [2, 2]


async def test_whoever_is_killed_is_replaced_in_twenty_seconds_and_whoever_stops_in_three() -> None:
    house = House(6)
    for name in "abc":
        house.start(name)
    await house.run(20)
    house.kill("a")
    await house.run(SOON)
    assert house.shares() == [3, 3]
    await house.processes["b"].stop()
    await house.run(3)
    assert house.shares() == [6]


async def test_a_lease_that_nobody_else_can_serve_is_taken_beyond_the_share_and_kept() -> None:
    house = House(4)
    house.start("all")
    house.start("none of them", serves=["telegram:elsewhere"])
    await house.run(int(PATIENCE + SETTLED) + 5)
    assert house.served().keys() == {*house.installations, "telegram:elsewhere"}
    moved = house.moves
    await house.run(60)
    assert house.moves == moved  # nor is it offered again and again


async def test_a_steady_house_is_quiet() -> None:
    house = House(7)
    for name in "abc":
        house.start(name)
    await house.run(30)
    moved = house.moves
    await house.run(120)
    assert house.moves == moved


@settings(max_examples=40, deadline=None)
@given(
    installations=st.integers(1, 9),
    story=st.lists(st.tuples(st.sampled_from(["start", "kill", "stop"]), st.integers(0, 12)), max_size=8),
)
async def test_after_any_story_everything_is_served_once_and_evenly(
    installations: int, story: list[tuple[str, int]]
) -> None:
    house = House(installations)
    house.start("first")
    for number, (act, seconds) in enumerate(story):
        names = list(house.processes)
        if act == "start" or len(names) == 1:
            house.start(f"p{number}")
        elif act == "kill":
            house.kill(names[number % len(names)])
        else:
            await house.processes[names[number % len(names)]].stop()
        await house.run(seconds)
        assert max(house.served().values(), default=0) <= 1 or seconds == 0
    await house.run(SOON)
    assert house.served() == Counter(house.installations)
    await house.run(10)
    assert max(house.shares()) <= -(-installations // len(house.processes))


class Away:
    """A database that cannot be reached."""

    async def attend(self, owner: str, ttl: float) -> Standing:
        raise StoreError("gone", "unreachable")


async def test_without_the_database_each_outbox_finds_out_for_itself() -> None:
    spread = Spread(Away(), "a")  # type: ignore[arg-type]
    spread.senders = {"telegram:1": Holding(None, "telegram:1")}  # type: ignore[arg-type]
    await spread.look()
    assert spread.may_take("telegram:1")
    assert spread.excess() == []


async def test_who_has_the_database_to_itself_waits_for_nobody() -> None:
    class Alone:
        async def attend(self, owner: str, ttl: float) -> Standing:
            return Standing(frozenset({owner}), {})

    store: OutboxStore = Alone()  # type: ignore[assignment]
    spread = Spread(store, "a")
    spread.senders = {f"telegram:{n}": Holding(None, "") for n in range(3)}  # type: ignore[arg-type]
    await spread.look()
    assert all(spread.may_take(f"telegram:{n}") for n in range(3))
