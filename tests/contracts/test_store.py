"""What every store does alike: people, inputs, entries, and transactions. The outbox has its own file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.errors import StoreError
from bot.model import (
    Block,
    ChoiceMade,
    Entry,
    Incoming,
    Kind,
    MessageReceived,
    Origin,
    Outgoing,
    Participant,
    Reply,
    Run,
    Span,
)
from bot.ports import Saved, Store, TouchpointRow
from bot.storage import open_store
from bot.storage.tables import METADATA
from tests.contracts.conftest import KEY

NOW = datetime(2026, 3, 2, 7, 0, 0, 123456, tzinfo=UTC)
BOT = "telegram:1"
ANA = Origin(BOT, "4815162342")
BEN = Origin(BOT, "2718281828")
SECRETS = ("4815162342", "Anastasia", "my quiet grief", "a kind reply", "an unread note")


async def welcome(store: Store, *origins: Origin) -> list[Participant]:
    """These people, now known."""
    async with store.writing() as work:
        ids = await work.persons(origins)
        known = await work.load(list(ids.values()))
        return [known[ids[origin]].participant for origin in origins]


async def wake_at(store: Store, person: str, at: datetime | None) -> None:
    async with store.writing() as work:
        known = (await work.load([person]))[person]
        await work.save([Saved(known.participant, at, known.revision)])


def entry(person: str, number: int, text: str = "", kind: str = "gratitude") -> Entry:
    at = NOW + timedelta(minutes=number)
    return Entry(f"entry-{number}", person, kind, at, at.date(), 3, 2, text, "self-compassion/critic", "did", 7)


async def test_a_stranger_gets_a_person_an_address_and_an_empty_state(store: Store) -> None:
    async with store.writing() as work:
        ids = await work.persons([ANA, BEN, ANA])
        known = (await work.load([ids[ANA]]))[ids[ANA]]
    assert ids[ANA] != ids[BEN]
    assert known.participant == Participant(id=ids[ANA], address=known.participant.address)
    assert known.participant.address
    assert (known.installation, known.wake_at, known.revision) == (BOT, None, 0)


async def test_the_same_origin_is_the_same_person_for_ever_and_per_installation(store: Store) -> None:
    ana, elsewhere = await welcome(store, ANA, Origin("telegram:2", ANA.platform_id))
    assert [ana] == await welcome(store, ANA)
    assert elsewhere.id != ana.id
    async with store.reading() as queries:
        assert await queries.person_at(ANA) == ana.id
        assert await queries.person_at(BEN) is None


async def test_a_saved_person_comes_back_equal_with_the_next_revision(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    run = Run("evening", "gratitude", started=NOW, notes={"seen": (1, 2), "on": date(2026, 3, 2)})
    changed = replace(ana, name="Anastasia", zone="Europe/Madrid", runs=(run,), touched=((Kind.MORNING, NOW.date()),))
    async with store.writing() as work:
        await work.save([Saved(changed, NOW, 0)])
    async with store.writing() as work:
        known = (await work.load([ana.id]))[ana.id]
    assert (known.participant, known.wake_at, known.revision) == (changed, NOW, 1)
    async with store.reading() as queries:
        assert await queries.participant(ana.id) == changed


async def test_a_revision_that_is_not_the_one_loaded_saves_nothing(store: Store) -> None:
    ana, ben = await welcome(store, ANA, BEN)
    await wake_at(store, ben.id, NOW)
    with pytest.raises(StoreError, match="changed since"):
        async with store.writing() as work:
            await work.save([Saved(replace(ana, name="Anastasia"), NOW, 0), Saved(ben, NOW, 0)])
    async with store.reading() as queries:
        assert await queries.participant(ana.id) == ana


async def test_nobody_is_loaded_for_an_unknown_id(store: Store) -> None:
    async with store.writing() as work:
        assert await work.load(["nobody"]) == {}
    async with store.reading() as queries:
        assert await queries.participant("nobody") is None


async def test_an_input_key_is_new_once_per_installation(store: Store) -> None:
    async with store.writing() as work:
        assert await work.new(BOT, ["1", "2", "2"], NOW) == {"1", "2"}
        assert await work.new(BOT, ["2", "3"], NOW) == {"3"}
        assert await work.new("telegram:2", ["2"], NOW) == {"2"}
        assert await work.new(BOT, [], NOW) == set()


async def test_an_exception_undoes_everything(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    await wake_at(store, ana.id, NOW)

    async def turn() -> None:
        async with store.writing() as work:
            await work.new(BOT, ["1"], NOW)
            await work.persons([BEN])
            await work.save([Saved(replace(ana, name="Anastasia"), None, 1)])
            await work.record([entry(ana.id, 1)])
            await work.touch([TouchpointRow(ana.id, Kind.MORNING, NOW.date(), False, NOW)])
            await work.post([Outgoing(ana.address, BOT, Reply(), 0, NOW, dedup="d")])
            await work.keep_input([Incoming(ANA, "k", MessageReceived("hello"))], NOW)
            await work.remember("offset", "9")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await turn()
    async with store.reading() as queries:
        assert await queries.participant(ana.id) == ana
        assert await queries.next_wake(NOW - timedelta(1)) == NOW
        assert (await queries.entries(ana.id), await queries.touchpoints(ana.id)) == ([], [])
        assert await queries.person_at(BEN) is None
        assert await queries.remembered("offset") is None
        assert await queries.pending(NOW) == 0
    async with store.writing() as work:
        assert await work.new(BOT, ["1"], NOW) == {"1"}


async def test_due_people_come_earliest_first_and_no_more_than_asked_for(store: Store) -> None:
    people = await welcome(store, *(Origin(BOT, str(number)) for number in range(4)))
    for person, minutes in zip(people, (3, 1, 2, -1), strict=True):
        await wake_at(store, person.id, NOW - timedelta(minutes=minutes))
    async with store.reading() as queries:
        assert await queries.overdue(NOW) == 3
        assert await queries.next_wake(NOW) == NOW + timedelta(minutes=1)
        assert await queries.next_wake(NOW + timedelta(minutes=1)) is None
    async with store.writing() as work:
        assert [known.participant.id for known in await work.due(NOW, 2)] == [people[0].id, people[2].id]
        assert len(await work.due(NOW, 10)) == 3


async def test_who_cannot_be_reached_is_not_woken_until_they_come_back(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    await wake_at(store, ana.id, NOW)
    async with store.writing() as work:
        await work.reach(ana.address, False)
        await work.reach("nowhere", False)
    async with store.writing() as work:
        assert await work.due(NOW, 10) == []
        assert not (await work.load([ana.id]))[ana.id].participant.reachable
    async with store.reading() as queries:
        assert await queries.overdue(NOW) == 0
        assert await queries.next_wake(NOW - timedelta(1)) is None
    async with store.writing() as work:
        await work.reach(ana.address, True)
        assert [known.participant for known in await work.due(NOW, 10)] == [ana]


async def test_entries_come_newest_first_and_a_known_id_replaces_in_place(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    first, second, letter = entry(ana.id, 1, "my quiet grief"), entry(ana.id, 2), entry(ana.id, 3, "dear me", "letter")
    twin = replace(second, id="twin")
    async with store.writing() as work:
        await work.record([first, second, twin, letter])
        await work.record([replace(second, text="the sea")])
        assert await work.recall(ana.id, ["gratitude"], 2) == [twin, replace(second, text="the sea")]
        assert await work.recall(ana.id, ["journal"], 5) == []
    async with store.reading() as queries:
        assert await queries.entries(ana.id) == [letter, twin, replace(second, text="the sea"), first]
        assert await queries.entries(ana.id, ["letter"], limit=1) == [letter]


async def test_a_touchpoint_happens_once_for_ever(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    morning = TouchpointRow(ana.id, Kind.MORNING, NOW.date(), False, NOW)
    evening = TouchpointRow(ana.id, Kind.EVENING, NOW.date(), True, NOW + timedelta(hours=12))
    async with store.writing() as work:
        await work.touch([evening, morning])
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.touch([morning])
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.touch([replace(evening, missed=False)])
    async with store.reading() as queries:
        assert await queries.touchpoints(ana.id) == [morning, evening]


async def test_what_was_said_and_expired_on_its_way_was_missed_after_all(store: Store) -> None:
    (ana,) = await welcome(store, ANA)
    morning = TouchpointRow(ana.id, Kind.MORNING, NOW.date(), False, NOW)
    async with store.writing() as work:
        await work.touch([morning])
        await work.touch([replace(morning, missed=True, at=NOW + timedelta(hours=4))])
    async with store.reading() as queries:
        assert await queries.touchpoints(ana.id) == [replace(morning, missed=True)]


async def test_what_belongs_to_nobody_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.record([entry("nobody", 1)])
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.post([Outgoing("nowhere", BOT, Reply(), 0, NOW)])
    async with store.writing() as work:
        await work.remember("still", "usable")


async def test_kept_inputs_wait_in_order_until_they_were_worked_on(store: Store) -> None:
    first = Incoming(ANA, "1", MessageReceived("my quiet grief", ref="7"), "Anastasia", "es")
    second = Incoming(BEN, "2", ChoiceMade("did", 4, "8"))
    async with store.writing() as work:
        await work.keep_input([first, second], NOW)
        await work.keep_input([replace(first, given=MessageReceived("again"))], NOW)

    async def turn() -> None:
        async with store.writing() as work:
            await work.drop_inputs(BOT, ["1", "2"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await turn()
    async with store.writing() as work:
        assert await work.kept_inputs(BOT, 10) == [first, second]
        assert await work.kept_inputs(BOT, 1) == [first]
        assert await work.kept_inputs("telegram:2", 10) == []
    async with store.reading() as queries:
        assert await queries.pending(NOW) == 2
    async with store.writing() as work:
        await work.drop_inputs(BOT, ["1"])
        assert await work.kept_inputs(BOT, 10) == [second]


async def test_the_system_remembers_the_latest_value(store: Store) -> None:
    async with store.writing() as work:
        assert await work.remembered("offset") is None
        await work.remember("offset", "1")
        await work.remember("offset", "2")
        assert await work.remembered("offset") == "2"
    async with store.reading() as queries:
        assert await queries.remembered("offset") == "2"


async def test_large_batches_are_whole(store: Store) -> None:
    people = await welcome(store, *(Origin(BOT, str(number)) for number in range(2500)))
    async with store.writing() as work:
        await work.save([Saved(person, NOW, 0) for person in people])
        await work.post([Outgoing(person.address, BOT, Reply(), 5, NOW) for person in people])
        await work.cancel([person.address for person in people[1:]], 5)
    async with store.writing() as work:
        assert len(await work.due(NOW, 5000)) == 2500
    async with store.reading() as queries:
        sizes = {"people": 2500, "unreachable": 0, "queued": 1, "sending": 0, "dead": 0, "kept_inputs": 0}
        assert await queries.counts() == sizes


async def test_two_writers_lose_nothing(store: Store, url: str) -> None:
    """Two programs on one database (or two tasks on the store in memory) count to the same number."""
    (ana,) = await welcome(store, ANA)
    other = await open_store(url, [KEY]) if url else store

    async def count(on: Store) -> None:
        for _ in range(20):
            async with on.writing() as work:
                known = (await work.load([ana.id]))[ana.id]
                await asyncio.sleep(0)
                asked = replace(known.participant, asked=known.participant.asked + 1)
                await work.save([Saved(asked, None, known.revision)])

    try:
        await asyncio.gather(count(store), count(other))
    finally:
        if other is not store:
            await other.close()
    async with store.reading() as queries:
        person = await queries.participant(ana.id)
        assert person is not None
        assert person.asked == 40


async def test_a_turn_that_is_cancelled_leaves_nothing_and_nobody_waiting(store: Store) -> None:
    begun = asyncio.Event()

    async def turn() -> None:
        async with store.writing() as work:
            await work.remember("offset", "1")
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(turn())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.writing() as work:
        assert await work.remembered("offset") is None


async def test_two_programs_that_meet_a_stranger_at_once_meet_one_person(store: Store, url: str) -> None:
    other = await open_store(url, [KEY]) if url else store
    try:
        (one,), (two,) = await asyncio.gather(welcome(store, ANA), welcome(other, ANA))
    finally:
        if other is not store:
            await other.close()
    assert one == two
    async with store.reading() as queries:
        assert (await queries.counts())["people"] == 1


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_a_reader_sees_what_is_committed_and_does_not_wait(store: Store) -> None:
    async with store.writing() as work:
        await work.remember("offset", "1")
        async with store.reading() as queries:
            assert await queries.remembered("offset") is None


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_people_locked_elsewhere_are_skipped(store: Store) -> None:
    ana, ben = await welcome(store, ANA, BEN)
    for person in (ana, ben):
        await wake_at(store, person.id, NOW)
    async with store.writing() as work, store.writing() as other:
        await work.load([ana.id])
        assert [known.participant.id for known in await other.due(NOW, 10)] == [ben.id]


async def plant(store: Store) -> None:
    """Every secret, wherever a secret may stand."""
    (ana,) = await welcome(store, ANA)
    reply = Reply(text=(Block((Span("a kind reply"),)),))
    async with store.writing() as work:
        await work.save([Saved(replace(ana, name="Anastasia", intention="my quiet grief"), NOW, 0)])
        await work.record([entry(ana.id, 1, "my quiet grief")])
        await work.post([Outgoing(ana.address, BOT, reply, 0, NOW)])
        await work.keep_input([Incoming(ANA, "1", MessageReceived("an unread note"), "Anastasia")], NOW)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_nothing_personal_stands_in_clear_in_an_sqlite_file(store: Store, url: str) -> None:
    await plant(store)
    file = Path(url.removeprefix("sqlite:///"))
    kept = b"".join(part.read_bytes() for part in file.parent.iterdir())
    with closing(sqlite3.connect(file)) as connection:
        kept += "\n".join(connection.iterdump()).encode()
    assert BOT.encode() in kept
    assert file.with_name(file.name + "-wal").stat().st_size > 0
    for secret in SECRETS:
        assert secret.encode() not in kept
        assert secret.encode().hex().encode() not in kept.lower()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_nothing_personal_stands_in_clear_in_postgresql(store: Store, url: str) -> None:
    await plant(store)
    with psycopg.connect(url) as connection:
        kept = "".join(
            str(row)
            for name in METADATA.tables
            for row in connection.execute(f'SELECT t::text FROM "{name}" t'.encode())
        )
    assert BOT in kept
    for secret in SECRETS:
        assert secret not in kept
        assert secret.encode().hex() not in kept
