"""What every store does alike with meetings, with cohorts that are due, and with people who are stirred."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cohorts.meetings import MeetingRow
from bot.errors import StoreError
from bot.model import Pairing
from bot.ports import Saved, Store
from tests.contracts.test_cohort_store import BOT, NOW, WARD, people

AN_HOUR = timedelta(hours=1)


async def walking(store: Store, count: int = 3) -> list[str]:
    """So many people who walk in a cohort, by their ids in order."""
    ids = sorted(await people(store, count))
    async with store.writing() as work:
        await work.cohorts.add(WARD, None)
        for one in ids:
            await work.cohorts.enter(one, WARD.id, NOW)
    return ids


async def wakes(store: Store, ids: list[str]) -> list[object]:
    async with store.writing() as work:
        known = await work.load(ids)
        return [known[one].wake_at for one in ids]


async def test_a_meeting_is_seen_by_each_with_the_others(store: Store) -> None:
    ana, ben, eve = await walking(store)
    async with store.writing() as work:
        known = (await work.load([ben]))[ben]
        who = replace(known.participant, name="Ben", pairing=Pairing(wanted=True, by="username", handle="ben_s"))
        await work.save([Saved(who, None, known.revision)])
        await work.cohorts.meetings.arrange(WARD.id, {"m1": [ana, ben]}, 1, NOW)
        await work.cohorts.meetings.arrange(WARD.id, {"m2": [ana, ben, eve]}, 2, NOW + AN_HOUR)
    async with store.writing() as work:
        meeting = await work.cohorts.meetings.latest(ana, WARD.id)
        assert meeting is not None
        assert (meeting.id, meeting.cohort, meeting.week, meeting.at) == ("m2", WARD.id, 2, NOW + AN_HOUR)
        assert [mate.person.id for mate in meeting.mates] == [ben, eve]
        assert (meeting.mates[0].person, meeting.mates[0].installation) == (who, BOT)
        assert {mate.platform_id for mate in meeting.mates} < {"0", "1", "2"}
        assert await work.cohorts.meetings.latest(ana, "elsewhere") is None
        assert await work.cohorts.meetings.rows(WARD.id) == [
            *(MeetingRow(1, "m1", one) for one in (ana, ben)),
            *(MeetingRow(2, "m2", one) for one in (ana, ben, eve)),
        ]


async def test_nobody_has_two_meetings_in_a_round(store: Store) -> None:
    ana, ben, eve = await walking(store)
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.cohorts.meetings.arrange(WARD.id, {"m1": [ana, ben], "m2": [ana, eve]}, 1, NOW)


async def test_a_meeting_is_of_people_and_cohorts_that_are_there(store: Store) -> None:
    (ana,) = await walking(store, 1)
    for cohort, person in (("nowhere", ana), (WARD.id, "nobody")):
        with pytest.raises(StoreError):
            async with store.writing() as work:
                await work.cohorts.meetings.arrange(cohort, {"m1": [person]}, 1, NOW)


async def test_who_calls_off_is_in_the_latest_meeting_no_more(store: Store) -> None:
    ana, ben, _ = await walking(store)
    async with store.writing() as work:
        await work.cohorts.meetings.arrange(WARD.id, {"m1": [ana, ben]}, 1, NOW)
        await work.cohorts.meetings.arrange(WARD.id, {"m2": [ana, ben]}, 2, NOW)
        await work.cohorts.meetings.call_off(ana, WARD.id)
        mine = await work.cohorts.meetings.latest(ana, WARD.id)
        others = await work.cohorts.meetings.latest(ben, WARD.id)
        assert mine is not None
        assert others is not None
        assert (mine.id, others.id, others.mates) == ("m1", "m2", ())


async def test_who_is_stirred_wakes_no_later_than_planned(store: Store) -> None:
    ana, ben, eve = ids = await walking(store)
    async with store.writing() as work:
        known = await work.load(ids)
        plans = {ana: NOW - AN_HOUR, ben: NOW + AN_HOUR, eve: None}
        await work.save([Saved(known[one].participant, at, known[one].revision) for one, at in plans.items()])
        await work.cohorts.exit(eve, NOW)
    async with store.writing() as work:
        await work.cohorts.stir(WARD.id, NOW)
    assert await wakes(store, ids) == [NOW - AN_HOUR, NOW, None]
    async with store.writing() as work:
        await work.cohorts.meetings.arrange(WARD.id, {"m1": [ana, eve], "m2": [ben]}, 1, NOW)
        await work.cohorts.meetings.stir("m1", NOW - AN_HOUR)
    assert await wakes(store, ids) == [NOW - AN_HOUR, NOW, NOW - AN_HOUR]
    async with store.writing() as work:  # a plan that changed is no change of the person
        assert {one.revision for one in (await work.load(ids)).values()} == {1}


async def test_a_cohort_is_due_when_its_time_has_come_and_counts_as_overdue(store: Store) -> None:
    async with store.writing() as work:
        await work.cohorts.add(WARD, NOW)
        await work.cohorts.add(replace(WARD, id="ward-5"), NOW - AN_HOUR)
        await work.cohorts.add(replace(WARD, id="ward-6"), None)
        assert await work.cohorts.due(NOW - 2 * AN_HOUR) is None
        due = await work.cohorts.due(NOW)
        assert due is not None
        assert (due.cohort.id, due.wake_at) == ("ward-5", NOW - AN_HOUR)
    async with store.reading() as queries:
        assert await queries.next_wake(NOW - 2 * AN_HOUR) == NOW - AN_HOUR
        assert await queries.next_wake(NOW - AN_HOUR) == NOW
        assert await queries.next_wake(NOW) is None
        assert [await queries.overdue(NOW + hours * AN_HOUR) for hours in (-2, -1, 0)] == [0, 1, 2]
