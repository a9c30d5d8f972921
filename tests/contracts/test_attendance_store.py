"""What every store does alike with what people say about classes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.cohorts.model import Attendance
from bot.ports import Store
from tests.contracts.test_cohort_store import NOW, WARD, furnished, people

MONDAY, TUESDAY = "class-1", "class-2"


async def seated(store: Store) -> list[str]:
    """Three people who walk in a cohort."""
    await furnished(store)
    known = await people(store, 3)
    async with store.writing() as work:
        for person in known:
            await work.cohorts.enter(person, WARD.id, NOW)
    return known


async def test_the_latest_word_about_a_class_counts(store: Store) -> None:
    ana, ben, _ = await seated(store)
    async with store.writing() as work:
        await work.cohorts.attendance.answer(ana, WARD.id, MONDAY, True)
        await work.cohorts.attendance.answer(ben, WARD.id, MONDAY, True)
        await work.cohorts.attendance.answer(ana, WARD.id, MONDAY, False)
        await work.cohorts.attendance.answer(ana, WARD.id, TUESDAY, True)
    async with store.writing() as work:
        kept = work.cohorts.attendance
        assert await kept.answers(ana, [MONDAY, TUESDAY, "none"]) == {
            MONDAY: Attendance(MONDAY, ana, False),
            TUESDAY: Attendance(TUESDAY, ana, True),
        }
        assert await kept.answers(ana, []) == {}
        assert await kept.coming(dict.fromkeys((MONDAY, TUESDAY, "none"), NOW)) == {MONDAY: 1, TUESDAY: 1, "none": 0}
        assert await kept.coming({}) == {}


async def test_who_leaves_before_a_class_is_not_listed_and_who_leaves_after_it_stays(store: Store) -> None:
    known = await seated(store)
    async with store.writing() as work:
        for person in known:
            await work.cohorts.attendance.answer(person, WARD.id, MONDAY, True)
        await work.cohorts.add(replace(WARD, id="ward-5"), None)
        await work.cohorts.enter(known[0], "ward-5", NOW)
        await work.cohorts.exit(known[1], NOW)
        kept, later = work.cohorts.attendance, NOW + timedelta(hours=1)
        assert await kept.register(MONDAY, later) == [Attendance(MONDAY, known[2], True)]
        assert await kept.coming({MONDAY: later}) == {MONDAY: 1}
        assert [one.person for one in await kept.register(MONDAY, NOW)] == sorted(known)
        assert await kept.coming({MONDAY: NOW, TUESDAY: later}) == {MONDAY: 3, TUESDAY: 0}
        await work.cohorts.enter(known[1], WARD.id, NOW)
        assert [one.person for one in await kept.register(MONDAY, later)] == sorted(known[1:])
        assert await kept.coming({MONDAY: NOW}) == {MONDAY: 3}


async def test_a_thousand_classes_are_counted_at_once(store: Store) -> None:
    known = await seated(store)
    lessons = {f"class-{day}": NOW + timedelta(days=day - 500) for day in range(1000)}
    async with store.writing() as work:
        kept = work.cohorts.attendance
        for lesson in ("class-0", "class-500", "class-501", "class-999"):
            for person in known:
                await kept.answer(person, WARD.id, lesson, True)
        await kept.answer(known[0], WARD.id, "class-1", False)
        await work.cohorts.exit(known[0], NOW)
        await work.cohorts.exit(known[1], NOW - timedelta(days=501))
        assert await kept.coming(lessons) == dict.fromkeys(lessons, 0) | {
            "class-0": 2,
            "class-500": 2,
            "class-501": 1,
            "class-999": 1,
        }


async def test_presence_is_noted_only_of_those_who_said_that_they_would_come(store: Store) -> None:
    ana, ben, cleo = await seated(store)
    async with store.writing() as work:
        await work.cohorts.attendance.answer(ana, WARD.id, MONDAY, True)
        await work.cohorts.attendance.answer(ben, WARD.id, MONDAY, False)
        await work.cohorts.attendance.note(MONDAY, {ana: False, ben: True, cleo: True})
        await work.cohorts.attendance.note(MONDAY, {})
    async with store.writing() as work:
        assert (await work.cohorts.attendance.answers(ana, [MONDAY]))[MONDAY].present is False
        assert (await work.cohorts.attendance.answers(ben, [MONDAY]))[MONDAY].present is None
        assert await work.cohorts.attendance.answers(cleo, [MONDAY]) == {}
        await work.cohorts.attendance.note(MONDAY, {ana: True})
        assert (await work.cohorts.attendance.answers(ana, [MONDAY]))[MONDAY].was_there


async def test_what_was_said_about_a_class_can_be_forgotten(store: Store) -> None:
    ana, ben, _ = await seated(store)
    async with store.writing() as work:
        for lesson in (MONDAY, TUESDAY):
            await work.cohorts.attendance.answer(ana, WARD.id, lesson, True)
        await work.cohorts.attendance.answer(ben, WARD.id, MONDAY, False)
        await work.cohorts.attendance.forget(MONDAY)
    async with store.writing() as work:
        assert await work.cohorts.attendance.answers(ben, [MONDAY]) == {}
        assert list(await work.cohorts.attendance.answers(ana, [MONDAY, TUESDAY])) == [TUESDAY]
