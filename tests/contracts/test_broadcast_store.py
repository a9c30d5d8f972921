"""What every store does alike with broadcasts and their copies in the outbox."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Literal

import pytest

from bot.cohorts.acts import carry_out
from bot.cohorts.broadcasts import Broadcast, KnownBroadcast, Segment, Tally
from bot.cohorts.composing import Composer
from bot.cohorts.model import OWNER, Act, Actor, Theme
from bot.errors import StoreError
from bot.model import Block, Decided, Origin, Outgoing, Participant, Reply, Span
from bot.ports import Result, Saved, Store
from prompts.renderer import Prompts
from tests.contracts.test_cohort_store import BOT, NOW, WARD
from tests.people import person, programme

HELLO = Broadcast(
    id="hello",
    cohorts=(WARD.id,),
    text="Dear {{ name }}",
    segment=Segment(),
    created_by="agnes",
    created_at=NOW,
    on=date(2026, 3, 4),
    at=time(9, 30),
)
LATER = NOW + timedelta(hours=3)
COUNT = 4


async def furnished(store: Store) -> list[Participant]:
    """A cohort of four, and a broadcast to it; the people in the order of their ids."""
    async with store.writing() as work:
        await work.cohorts.add(WARD, None)
        await work.cohorts.add(replace(WARD, id="ward-5"), None)
        ids = await work.persons([Origin(BOT, str(number)) for number in range(COUNT)])
        known = await work.load(list(ids.values()))
        for one in known.values():
            await work.cohorts.enter(one.participant.id, WARD.id, NOW)
        await work.save([Saved(replace(k.participant, cohort=WARD.id), None, k.revision) for k in known.values()])
        await work.cohorts.broadcasts.add(KnownBroadcast(HELLO, NOW))
    return [known[one].participant for one in sorted(known)]


async def posted(store: Store, people: list[Participant], broadcast: str = "hello", **more: datetime) -> None:
    """A copy for each of them."""
    times = {"due_at": NOW, "expires_at": LATER} | more
    reply = Reply(text=(Block((Span("Dear Ana"),)),))
    async with store.writing() as work:
        dedups = [f"broadcast:{broadcast}:{who.id}" for who in people]
        await work.post(
            [
                Outgoing(who.address, BOT, reply, 9, dedup=dedup, broadcast=broadcast, **times)
                for who, dedup in zip(people, dedups, strict=True)
            ]
        )


async def tick(store: Store, epoch: int, *results: Result, room: int = 10, now: datetime = NOW) -> list[int]:
    """The rows that are sent now."""
    picked = await store.outbox.tick(BOT, "one", epoch, 60, results, room, frozenset(), now, False)
    return [delivery.id for delivery in picked]


async def epoch_of(store: Store) -> int:
    epoch = await store.outbox.acquire(BOT, "one", 60)
    assert epoch is not None
    return epoch


async def tally(store: Store, broadcast: str = "hello") -> Tally:
    async with store.writing() as work:
        return await work.cohorts.broadcasts.tally(broadcast)


async def turned(store: Store, stage: Literal["held", "cancelled"]) -> None:
    """Somebody holds, lets go on or cancels it."""
    async with store.writing() as work:
        kept = work.cohorts.broadcasts
        known = (await kept.load(["hello"]))["hello"]
        await kept.save(replace(known, broadcast=replace(known.broadcast, stage=stage)))
        await (kept.hold("hello") if stage == "held" else kept.drop("hello"))


async def test_a_broadcast_comes_back_as_it_was_saved(store: Store) -> None:
    await furnished(store)
    async with store.writing() as work:
        kept = work.cohorts.broadcasts
        assert await kept.due(NOW - timedelta(seconds=1)) is None
        assert await kept.due(NOW) == KnownBroadcast(HELLO, NOW, 0)
        known = (await kept.load(["hello", "unknown"]))["hello"]
        moved = replace(HELLO, segment=Segment("silent", 3), cursor="x", composed=True, stage="held")
        await kept.save(replace(known, broadcast=moved, wake_at=LATER))
    async with store.writing() as work:
        assert await work.cohorts.broadcasts.load(["hello"]) == {"hello": KnownBroadcast(moved, LATER, 1)}
        with pytest.raises(StoreError):
            await work.cohorts.broadcasts.save(known)


async def test_a_broadcast_that_is_due_is_a_reason_to_wake(store: Store) -> None:
    await furnished(store)
    async with store.reading() as queries:
        assert await queries.next_wake(NOW - timedelta(hours=1)) == NOW
        assert await queries.overdue(NOW - timedelta(hours=1)) == 0
        assert await queries.overdue(NOW) == 1


async def test_the_latest_broadcasts_of_a_cohort_come_first_and_no_others(store: Store) -> None:
    await furnished(store)
    other = replace(HELLO, id="other", cohorts=("ward-5",))
    both = replace(HELLO, id="both", cohorts=(WARD.id, "ward-5"))
    async with store.writing() as work:
        kept = work.cohorts.broadcasts
        for one in (other, both):
            await kept.add(KnownBroadcast(one))
        assert [known.broadcast.id for known in await kept.latest([WARD.id], 8)] == ["both", "hello"]
        assert [known.broadcast.id for known in await kept.latest(["ward-5", WARD.id], 2)] == ["both", "other"]
        assert await kept.latest([], 8) == []


async def test_members_are_read_page_by_page_and_who_left_is_none(store: Store) -> None:
    people = await furnished(store)
    ids = [who.id for who in people]
    async with store.writing() as work:
        kept = work.cohorts.broadcasts
        assert await kept.members([WARD.id], "", 3) == ids[:3]
        assert await kept.members([WARD.id], ids[2], 3) == ids[3:]
        await work.cohorts.exit(ids[0], NOW)
        assert await kept.members([WARD.id, "ward-5"], "", 9) == ids[1:]
        assert [(who.id, installation) for who, installation in await kept.census([WARD.id])] == [
            (one, BOT) for one in ids[1:]
        ]
        assert await kept.members(["ward-5"], "", 9) == []


async def test_copies_are_counted_by_what_became_of_them(store: Store) -> None:
    people = await furnished(store)
    await posted(store, people)
    await posted(store, people[:1])  # a second copy for the same person is left out
    assert await tally(store) == Tally(waiting=4)
    epoch = await epoch_of(store)
    first, second, third, _ = await tick(store, epoch)
    assert await tally(store) == Tally(waiting=4)
    await tick(store, epoch, Result(first, "sent"), Result(second, "unreachable"), Result(third, "dead"))
    assert await tally(store) == Tally(sent=1, waiting=1, failed={"unreachable": 1, "dead": 1})
    assert await tally(store, "other") == Tally()


async def test_what_is_held_is_not_sent_nor_pending_until_it_is_planned_anew(store: Store) -> None:
    people = await furnished(store)
    await posted(store, people)
    epoch = await epoch_of(store)
    [first] = await tick(store, epoch, room=1)
    await turned(store, "held")
    assert await tick(store, epoch, Result(first, "queued", 0.0)) == []  # it comes back from the wire, and stays too
    async with store.reading() as queries:
        assert await queries.pending(NOW) == 0
    async with store.writing() as work:
        kept = work.cohorts.broadcasts
        assert await kept.tally("hello") == Tally(waiting=4)
        stranded = await kept.stranded("hello", NOW, 9)
        assert sorted(one.person for one in stranded) == [who.id for who in people]
        late = NOW + timedelta(days=1)
        await kept.plan({one.row: (late, late + timedelta(hours=1)) for one in stranded[1:]} | {stranded[0].row: None})
        assert await kept.stranded("hello", NOW, 9) == []
        assert await kept.ahead("hello") == late + timedelta(hours=1)
        known = (await kept.load(["hello"]))["hello"]
        await kept.save(replace(known, broadcast=replace(known.broadcast, stage="sending")))
    assert await tick(store, epoch) == []
    assert len(await tick(store, epoch, now=late)) == 3
    assert await tally(store) == Tally(waiting=3, left=1)


async def test_what_is_cancelled_is_never_sent_also_what_a_crash_left_under_way(store: Store) -> None:
    people = await furnished(store)
    await posted(store, people)
    epoch = await epoch_of(store)
    await tick(store, epoch, room=1)
    await turned(store, "cancelled")
    await store.outbox.release(BOT, "one", epoch)
    epoch = await store.outbox.acquire(BOT, "two", -1) or 0
    assert list(await store.outbox.tick(BOT, "two", epoch, 60, (), 9, frozenset(), NOW, True)) == []
    assert await tally(store) == Tally(left=4)


async def test_a_copy_whose_time_ran_out_is_stranded_and_not_lost(store: Store) -> None:
    people = await furnished(store)
    await posted(store, people[:2])
    epoch = await epoch_of(store)
    assert await tick(store, epoch, now=LATER) == []
    assert await tally(store) == Tally(waiting=2)
    await posted(store, people[2:])
    async with store.writing() as work:  # two expired, two are late and nobody noticed yet
        kept = work.cohorts.broadcasts
        assert len(await kept.stranded("hello", LATER, 9)) == 4
        assert len(await kept.stranded("hello", LATER, 3)) == 3
        assert len(await kept.stranded("hello", LATER - timedelta(seconds=1), 9)) == 2


async def test_whoever_pauses_gets_none_of_what_waits_or_is_held(store: Store) -> None:
    people = await furnished(store)
    await posted(store, people)
    async with store.writing() as work:
        await work.cancel([people[0].address], 9)
    await turned(store, "held")
    async with store.writing() as work:
        await work.cancel([people[1].address], 9)
    assert await tally(store) == Tally(waiting=2, left=2)


async def test_it_is_known_when_broadcasts_reach_whom(store: Store) -> None:
    ana, ben, cem, dora = await furnished(store)
    await posted(store, [ana, ben])
    await posted(store, [ana], "other", due_at=LATER)
    await posted(store, [cem], due_at=NOW - timedelta(days=2))
    async with store.writing() as work:
        await work.cancel([ben.address], 9)
        found = await work.cohorts.broadcasts.announced([w.address for w in (ana, ben, cem, dora)], NOW)
    assert {address: sorted(times) for address, times in found.items()} == {ana.address: [NOW, LATER]}


async def test_an_edit_finds_the_message_that_put_the_question(store: Store) -> None:
    [ana, *_] = await furnished(store)
    epoch = await epoch_of(store)
    words = (Block((Span("Sent: 5"),)),)
    async with store.writing() as work:
        await work.post([Outgoing(ana.address, BOT, Reply(text=words, asked=7), 0, NOW)])
    [row] = await tick(store, epoch)
    async with store.writing() as work:
        await work.post([Outgoing(ana.address, BOT, Reply("edit", text=words, asked=7), 0, NOW)])
    result = Result(row, "sent", ref="m1")
    [edit] = await store.outbox.tick(BOT, "one", epoch, 60, [result], 9, frozenset(), NOW, False)
    assert (edit.reply.act, edit.reply.ref, edit.reply.text) == ("edit", "m1", words)


async def walking(store: Store) -> list[Participant]:
    """Everybody of the cohort is in the middle of the course, by day."""
    everybody = await furnished(store)
    active = person({"week": 2, "day": 2, "zone": "Europe/Madrid"}, NOW)
    async with store.writing() as work:
        for known in (await work.load([who.id for who in everybody])).values():
            mine = replace(active, id=known.participant.id, address=known.participant.address, cohort=WARD.id)
            await work.save([Saved(replace(mine, heard=NOW - timedelta(days=5)), None, known.revision)])
    return everybody


async def works(store: Store) -> None:
    """A process that composes until nothing is due, one person a transaction."""
    composer = Composer(store, Prompts(), lambda _: programme(), lambda _: None)
    while await composer.compose(NOW, limit=1):
        pass


async def test_processes_that_compose_side_by_side_compose_for_everybody_once(store: Store) -> None:
    await walking(store)
    await asyncio.gather(works(store), works(store), works(store))
    assert await tally(store) == Tally(waiting=COUNT)
    async with store.writing() as work:
        assert (await work.cohorts.broadcasts.load(["hello"]))["hello"].broadcast.composed


async def test_what_is_held_while_it_is_composed_is_held_whole(store: Store) -> None:
    everybody = await walking(store)

    async def holds() -> None:
        async with store.writing() as work:
            await work.load([everybody[-1].id])  # who holds it walks in the cohort, too
            known = await work.cohorts.load([WARD.id])
            decided = Decided(Act.HOLD, WARD.id, {"broadcast": "hello"})
            owner = Actor(everybody[-1].id, frozenset({OWNER}))
            assert known
            await carry_out(decided, owner, work.cohorts, NOW)

    await asyncio.gather(works(store), holds(), works(store))
    await works(store)
    assert await tick(store, await epoch_of(store), now=NOW + timedelta(days=3)) == []
    async with store.writing() as work:
        assert (await work.cohorts.broadcasts.load(["hello"]))["hello"].broadcast.stage == "held"


async def test_themes_are_kept_with_their_cohort(store: Store) -> None:
    await furnished(store)
    themes = (Theme(2, note="Dear {{ name }}"), Theme(5, text="Rest."))
    async with store.writing() as work:
        known = (await work.cohorts.load([WARD.id]))[WARD.id]
        assert (await work.cohorts.look([WARD.id]))[WARD.id].cohort.themes == ()
        await work.cohorts.save(replace(known, cohort=replace(known.cohort, themes=themes)))
        assert (await work.cohorts.look([WARD.id]))[WARD.id].cohort.themes == themes
    async with store.writing() as work:
        assert (await work.cohorts.load([WARD.id]))[WARD.id].cohort.themes == themes
