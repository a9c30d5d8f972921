"""What every store tells the metrics alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.model import Block, Origin, Outgoing, Reply, Span
from bot.ports import Known, Saved, Store

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
BOT = "telegram:1"


async def welcome(store: Store, name: str, wake: datetime | None, reachable: bool = True) -> Known:
    """Somebody who is to be woken then."""
    async with store.writing() as work:
        person = (await work.persons([Origin(BOT, name)]))[Origin(BOT, name)]
        known = (await work.load([person]))[person]
        await work.save([Saved(replace(known.participant, reachable=reachable), wake, known.revision)])
        return known


def waiting(known: Known, priority: int, due: datetime) -> Outgoing:
    return Outgoing(known.participant.address, BOT, Reply(text=(Block((Span("Hello"),)),)), priority, due)


async def test_the_oldest_wake_is_that_of_whoever_can_be_reached(store: Store) -> None:
    async with store.reading() as queries:
        assert await queries.oldest_wake() is None
    await welcome(store, "ana", NOW - timedelta(minutes=7))
    await welcome(store, "ben", NOW + timedelta(hours=1))
    await welcome(store, "cleo", NOW - timedelta(days=30), reachable=False)
    await welcome(store, "dan", None)
    async with store.reading() as queries:
        assert await queries.oldest_wake() == NOW - timedelta(minutes=7)
        counts = await queries.counts()
    assert (counts["people"], counts["unreachable"]) == (4, 1)


async def test_the_queue_is_counted_by_priority_and_ends_with_the_send(store: Store) -> None:
    ana = await welcome(store, "ana", None)
    async with store.writing() as work:
        await work.post([waiting(ana, 0, NOW), waiting(ana, 9, NOW), waiting(ana, 9, NOW + timedelta(days=1))])
    async with store.reading() as queries:
        assert await queries.queue() == {0: 1, 9: 2}
    epoch = await store.outbox.acquire(BOT, "one", 60)
    assert epoch is not None
    [picked] = await store.outbox.tick(BOT, "one", epoch, 60, [], 1, frozenset(), NOW, False)
    assert picked.address == ana.participant.address
    async with store.reading() as queries:
        assert await queries.queue() == {9: 2}
