"""What is counted, and that it tells nothing of anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.errors import StoreError
from bot.metrics import Metrics
from bot.model import Incoming, MessageReceived, Origin
from bot.ports import Queries, Result, Saved
from bot.storage.memory import MemoryStore
from bot.watching import Watch, WatchedDoor

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
BOT = "telegram:1"
ANA = Origin(BOT, "4815162342")
HELLO = Incoming(ANA, "update 7", MessageReceived("my quiet grief"), first_name="Anastasia")
LABELS = {"installation", "outcome", "kind", "priority", "step", "way", "le"}

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Gone(MemoryStore):
    """A database that is away."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Queries]:
        raise StoreError("no connection", "unreachable")
        yield


class Refusing:
    """A door that keeps nothing, and whose every alarm wakes nobody."""

    async def receive(self, incoming: object) -> None:
        raise StoreError("full", "full")

    async def keep(self, incoming: object) -> None: ...

    async def work(self) -> int:
        return 0

    async def wake(self, limit: int = 1000) -> int:
        return 0


async def someone(store: MemoryStore, wake: datetime) -> None:
    async with store.writing() as work:
        person = (await work.persons([ANA]))[ANA]
        known = (await work.load([person]))[person]
        await work.save([Saved(known.participant, wake, known.revision)])
        await work.keep_input([HELLO], NOW)


async def shown_by(metrics: Metrics, store: MemoryStore, now: datetime) -> bytes:
    """What Prometheus reads."""
    await metrics.look(store, now)
    return generate_latest(metrics.registry)


async def used(metrics: Metrics) -> bytes:
    """Everything has happened once."""
    store = MemoryStore()
    await someone(store, NOW - timedelta(minutes=7))
    metrics.present(BOT)
    metrics.came([HELLO])
    metrics.leased(BOT, held=True)
    metrics.sent(BOT, Result(1, "sent"))
    metrics.sent(BOT, Result(2, "queued", 3.0, counts=False, problem="Retry"))
    for step in ("receive", "keep", "work", "wake", "turn", "tick", "send"):
        metrics.took(step, 0.003)
    return await shown_by(metrics, store, NOW)


def values(exposition: bytes) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


def samples_of(exposition: bytes) -> dict[str, dict[str, set[str]]]:
    """The names that are exposed, each with its labels and the values that these have."""
    names: dict[str, dict[str, set[str]]] = {}
    for name, labels in values(exposition):
        known = names.setdefault(name, {})
        for label, value in labels:
            known.setdefault(label, set()).add(value)
    return names


async def test_lag_is_the_age_of_the_oldest_wake_that_has_passed() -> None:
    shown = values(await used(Metrics()))
    assert shown["heartsease_due", ()] == 1
    assert shown["heartsease_lag_seconds", ()] == 7 * 60
    assert shown["heartsease_rows", (("kind", "kept_inputs"),)] == 1
    assert shown["heartsease_rows", (("kind", "unreachable"),)] == 0
    assert shown["heartsease_queue", (("priority", "reply"),)] == 0


async def test_nobody_due_is_no_lag() -> None:
    store = MemoryStore()
    await someone(store, NOW + timedelta(minutes=7))
    shown = values(await shown_by(Metrics(), store, NOW))
    assert (shown["heartsease_due", ()], shown["heartsease_lag_seconds", ()]) == (0, 0)


async def test_a_429_is_counted_apart_and_an_outage_is_none() -> None:
    metrics = Metrics()
    metrics.sent(BOT, Result(1, "queued", 3.0, counts=False, problem="Retry"))
    metrics.sent(BOT, Result(1, "queued", 3.0, counts=True, problem="Retry"))
    metrics.sent(BOT, Result(1, "queued", counts=False, problem="LeaseLapsed"))
    shown = values(await shown_by(metrics, MemoryStore(), NOW))
    assert shown["heartsease_throttled_total", (("installation", BOT),)] == 1
    assert shown["heartsease_sends_total", (("installation", BOT), ("outcome", "queued"))] == 3


async def test_an_installation_is_shown_before_anything_happens() -> None:
    metrics = Metrics()
    metrics.present(BOT)
    shown = values(await shown_by(metrics, MemoryStore(), NOW))
    assert shown["heartsease_sends_total", (("installation", BOT), ("outcome", "dead"))] == 0
    assert shown["heartsease_lease_held", (("installation", BOT),)] == 0
    assert shown["heartsease_lease_moves_total", (("installation", BOT), ("way", "lost"))] == 0


async def test_a_lease_that_moves_is_counted_and_who_holds_it_is_shown() -> None:
    metrics = Metrics()
    for held in (True, False, True):
        metrics.leased(BOT, held)
    shown = values(await shown_by(metrics, MemoryStore(), NOW))
    assert shown["heartsease_lease_held", (("installation", BOT),)] == 1
    assert shown["heartsease_lease_moves_total", (("installation", BOT), ("way", "gained"))] == 2


async def test_without_its_database_it_still_tells_of_itself() -> None:
    metrics = Metrics()
    metrics.came([HELLO])
    shown = values(await shown_by(metrics, Gone(), NOW))
    assert shown["heartsease_database_up", ()] == 0
    assert shown["heartsease_inputs_total", (("installation", BOT),)] == 1


async def test_nothing_of_anybody_is_in_names_labels_or_values() -> None:
    exposition = await used(Metrics())
    for labels in samples_of(exposition).values():
        assert set(labels) <= LABELS
    assert not any(secret in exposition.decode() for secret in ("4815162342", "Anastasia", "grief", "update 7"))


async def test_an_input_that_was_not_kept_is_not_counted_and_an_idle_look_not_measured() -> None:
    metrics = Metrics()
    door = WatchedDoor(Refusing(), Watch(metrics))
    await door.wake()
    await door.keep([HELLO])
    with pytest.raises(StoreError):
        await door.receive([HELLO, HELLO])
    shown = values(await shown_by(metrics, MemoryStore(), NOW))
    assert shown["heartsease_inputs_total", (("installation", BOT),)] == 1
    assert ("heartsease_step_seconds_count", (("step", "wake"),)) not in shown
    assert shown["heartsease_step_seconds_count", (("step", "receive"),)] == 1


async def test_a_step_takes_as_long_as_its_clock_says() -> None:
    metrics = Metrics()
    watch = Watch(metrics, clock=iter((10.0, 10.25)).__next__)
    assert watch.timed("turn", str.upper)("ana") == "ANA"
    shown = values(await shown_by(metrics, MemoryStore(), NOW))
    assert shown["heartsease_step_seconds_sum", (("step", "turn"),)] == 0.25
