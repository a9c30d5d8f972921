"""What every store does alike with somebody's own pages: all of them, another text, gone; and what is still unsent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Entry, Outgoing, Participant, Reply
from bot.ports import Result, Saved, Store
from tests.contracts.test_cohort_store import NOW
from tests.contracts.test_erasing import ANA, BEN, BOT


@pytest.fixture
async def people(store: Store) -> tuple[Participant, Participant]:
    """Ana and Ben, who wrote a page each; Ana's is the first of two."""
    async with store.writing() as work:
        ids = await work.persons([ANA, BEN])
        known = await work.load(list(ids.values()))
        ana, ben = (known[ids[origin]].participant for origin in (ANA, BEN))
        await work.record([Entry("e1", ana.id, "journal", NOW, NOW.date(), text="rain")])
        await work.record([Entry("e2", ana.id, "sit", NOW + timedelta(hours=1), NOW.date(), minutes=5)])
        await work.record([Entry("e3", ben.id, "journal", NOW, NOW.date(), text="sun")])
    return ana, ben


async def test_all_entries_of_one_person_come_newest_first(store: Store, people: tuple[Participant, ...]) -> None:
    async with store.writing() as work:
        assert [entry.id for entry in await work.entries(people[0].id)] == ["e2", "e1"]
        assert await work.entries("nobody") == []
        assert await work.touchpoints(people[0].id) == []


async def test_a_page_gets_another_text_and_nothing_else_changes(store: Store, people: tuple[Participant, ...]) -> None:
    async with store.writing() as work:
        before = (await work.entries(people[0].id))[1]
        await work.amend(people[0].id, "e1", "snow")
        assert (await work.entries(people[0].id))[1] == replace(before, text="snow")


async def test_a_page_without_a_text_is_deleted(store: Store, people: tuple[Participant, ...]) -> None:
    async with store.writing() as work:
        await work.amend(people[0].id, "e1", None)
        assert [entry.id for entry in await work.entries(people[0].id)] == ["e2"]


@pytest.mark.parametrize("text", ["mine now", None])
async def test_a_page_of_somebody_else_stays(store: Store, people: tuple[Participant, ...], text: str | None) -> None:
    async with store.writing() as work:
        await work.amend(people[0].id, "e3", text)
        assert [entry.text for entry in await work.entries(people[1].id)] == ["sun"]


async def test_a_message_is_unsent_until_it_is_sent_or_given_up(store: Store, people: tuple[Participant, ...]) -> None:
    ana = people[0]
    async with store.writing() as work:
        assert not await work.unsent(ana.address)
        await work.post([Outgoing(ana.address, BOT, Reply(), 0, NOW)])
        assert await work.unsent(ana.address)
        assert not await work.unsent(people[1].address)
    epoch = await store.outbox.acquire(BOT, "me", 60)
    assert epoch is not None
    arguments = (frozenset[str](), NOW, True)
    (delivery,) = await store.outbox.tick(BOT, "me", epoch, 60, [], 10, *arguments)
    async with store.writing() as work:
        assert await work.unsent(ana.address)
    await store.outbox.tick(BOT, "me", epoch, 60, [Result(delivery.id, "sent")], 10, *arguments)
    async with store.writing() as work:
        assert not await work.unsent(ana.address)


async def test_who_is_being_erased_is_woken_though_they_cannot_be_reached(
    store: Store, people: tuple[Participant, ...]
) -> None:
    async with store.writing() as work:
        known = (await work.load([people[0].id]))[people[0].id]
        await work.save([Saved(replace(known.participant, erase_at=NOW), NOW, known.revision)])
    async with store.writing() as work:
        await work.reach(people[0].address, False)
        assert [one.participant.id for one in await work.due(NOW, 10)] == [people[0].id]
