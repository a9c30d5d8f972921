"""What every store does alike with groups' own chats: found without a lock, known by where they are, moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from bot.cohorts.model import Cohort, Posts
from bot.model import Origin, Outgoing, Participant, Reply, Shared
from bot.ports import Saved, Store

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
WARD, ANA = Origin("slack:T1", "C1"), Origin("telegram:1", "7")


async def known(store: Store, *origins: Origin) -> list[str]:
    """The ids of whoever is there."""
    async with store.writing() as work:
        ids = await work.persons(origins)
    return [ids[origin] for origin in origins]


async def test_people_and_chats_are_read_with_their_installations_and_strangers_are_left_out(store: Store) -> None:
    ward, ana = await known(store, WARD, ANA)
    async with store.writing() as work:
        found = await work.cohorts.people([ward, ana, "unknown", ana])
        assert [(who.id, installation) for who, installation in found] == sorted(
            [(ward, WARD.installation), (ana, ANA.installation)]
        )
        assert await work.cohorts.people([]) == []


async def test_who_is_there_is_asked_without_making_them_somebody(store: Store) -> None:
    (ward,) = await known(store, WARD)
    async with store.writing() as work:
        assert await work.person_at(WARD) == ward
        assert await work.person_at(replace(WARD, installation="slack:T2")) is None
        assert await work.person_at(ANA) is None
    async with store.reading() as queries:
        assert await queries.person_at(ANA) is None


async def test_a_chat_that_moves_is_known_by_its_new_id_and_gets_what_waited(store: Store) -> None:
    (ward,) = await known(store, WARD)
    async with store.writing() as work:
        chat = (await work.load([ward]))[ward]
        await work.post([Outgoing(chat.participant.address, WARD.installation, Reply(), 0, NOW)])
        await work.move(chat.participant.address, "C2")
        assert await work.person_at(WARD) is None
        assert await work.person_at(Origin(WARD.installation, "C2")) == ward
    epoch = await store.outbox.acquire(WARD.installation, "me", 60)
    assert epoch is not None
    (delivery,) = await store.outbox.tick(WARD.installation, "me", epoch, 60, [], 10, frozenset(), NOW, False)
    assert delivery.platform_id == "C2"


async def test_a_chat_that_would_move_to_somebody_else_cannot_be_reached(store: Store) -> None:
    other = replace(WARD, platform_id="C2")
    ward, taken = await known(store, WARD, other)
    async with store.writing() as work:
        chat = (await work.load([ward]))[ward]
        await work.move(chat.participant.address, "C2")
    async with store.writing() as work:
        assert await work.person_at(other) == taken
        assert not (await work.load([ward]))[ward].participant.reachable


async def test_a_home_and_what_was_shared_come_back_as_they_were_saved(store: Store) -> None:
    (ward,) = await known(store, WARD)
    cohort = Cohort("ward", "Ward 4", "compassion", "calendar", date(2026, 3, 9), "Europe/Madrid", home=ward)
    cohort = replace(cohort, posts=Posts(time(7, 30), time(18), frozenset({5, 6}), anybody=False))
    async with store.writing() as work:
        await work.cohorts.add(cohort, None)
        chat = (await work.load([ward]))[ward]
        there: Participant = replace(chat.participant, home_of="ward", pinned="theme:1", offered=date(2026, 3, 9))
        there = replace(there, shared=(Shared("share:1", ward, date(2026, 3, 9)),))
        await work.save([Saved(there, None, chat.revision)])
    async with store.writing() as work:
        assert (await work.cohorts.look(["ward"]))["ward"].cohort == cohort
        assert (await work.load([ward]))[ward].participant == there
