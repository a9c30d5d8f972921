"""Classes through the whole coach, on the store in memory: two zones, a clock change, a move, a recap."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from bot.cohorts.model import Act, Attendance
from bot.model import Document, Origin
from prompts.markup import plain
from tests.unit.test_cohort_coach import BOT, ONBOARDING, OWNER, House

ANA, BEN, CLEO = "901", "902", "903"
HONOLULU = tuple("Honolulu" if answer == "Madrid" else answer for answer in ONBOARDING)
SATURDAY = datetime(2026, 3, 28, tzinfo=UTC)  # in the night after it the clocks of Madrid go forward
STARTS = datetime(2026, 3, 29, 8, tzinfo=UTC)  # 10:00 in Madrid, 22:00 of Saturday in Honolulu


async def opened() -> House:
    """A cohort with a class on Sunday, two people in Madrid and one in Honolulu."""
    house = House()
    code = await house.cohort()
    for who, answers in ((ANA, ONBOARDING), (BEN, HONOLULU), (CLEO, ("I agree", "Cleo", *ONBOARDING[2:]))):
        assert "You are in Ward 4 now" in await house.says(who, f"/start {code}", *answers)
    await house.says(OWNER, "/class")
    await house.taps(OWNER, "plan_one")
    planned = await house.says(OWNER, "2026-03-29", "10:00", "90", "Room 4, https://meet.example/ward")
    assert "Sunday 29 March, 10:00" in planned
    await house.says(OWNER, "yes")
    return house


async def until(house: House, moment: datetime) -> None:
    """Time passes, and every alarm in it rings."""
    while True:
        async with house.store.reading() as queries:
            due = await queries.overdue(house.clock.at)
            ahead = await queries.next_wake(house.clock.at)
        if due:
            await house.coach.wake()
        elif ahead is None or ahead > moment:
            house.clock.at = moment
            return
        else:
            house.clock.at = ahead


def heard(house: House, who: str, prompt: str) -> list[tuple[datetime, str, Document | None]]:
    """When somebody got this prompt, what it said, and the file with it."""
    rows = [row.out for row in house.store._data.outbox.values()]
    mine = [out for out in rows if house.store._data.addresses[out.address].origin == Origin(BOT, who)]
    return [(out.due_at, plain(out.reply.text), out.reply.file) for out in mine if out.reply.prompt == prompt]


async def test_a_reminder_comes_in_everybodys_own_zone_outside_their_quiet_hours() -> None:
    house = await opened()
    await until(house, SATURDAY + timedelta(hours=9))
    ((at, text, file),) = heard(house, ANA, "class/reminder")
    assert at == SATURDAY + timedelta(hours=8)  # 09:00, as the clocks go forward in the night
    assert "Sunday 29 March at 10:00" in text
    assert "those who lead the group (Agnes) see your first name" in text
    assert file is not None
    (event,) = Calendar.from_ical(file.content).walk("VEVENT")
    assert event.start == STARTS  # type: ignore[attr-defined]
    assert heard(house, BEN, "class/reminder") == []
    await house.taps(ANA, "will_come")
    await until(house, STARTS)
    ((at, text, _),) = heard(house, BEN, "class/reminder")
    assert at == SATURDAY + timedelta(hours=17)  # 07:00 in Honolulu, where a day ahead was quiet
    assert "Saturday 28 March at 22:00" in text
    ((at, text, _),) = heard(house, ANA, "class/soon")
    assert at == STARTS - timedelta(hours=1)
    assert "https://meet.example/ward" in text
    assert heard(house, BEN, "class/soon") == []


async def test_a_class_that_moves_is_told_to_those_who_were_reminded_and_asks_anew() -> None:
    house = await opened()
    await until(house, SATURDAY + timedelta(hours=12))
    await house.taps(ANA, "will_come")
    await house.says(OWNER, "/class")
    await house.taps(OWNER, "1")
    await house.taps(OWNER, "change_time")
    await house.says(OWNER, "2026-04-05", "11:00", "yes")
    await until(house, SATURDAY + timedelta(hours=20))
    ((_, text, file),) = heard(house, ANA, "class/changed")
    assert "Sunday 5 April at 11:00" in text
    assert "Will you be there?" in text
    assert file is not None
    assert "SEQUENCE:1" in file.content
    assert heard(house, BEN, "class/changed") == heard(house, BEN, "class/reminder") == []
    await until(house, datetime(2026, 4, 5, 9, tzinfo=UTC))
    assert len(heard(house, ANA, "class/reminder")) == 2
    assert len(heard(house, BEN, "class/reminder")) == 1
    assert heard(house, ANA, "class/soon") == []


async def test_attendance_is_noted_by_name_and_the_recap_goes_to_the_others() -> None:
    house = await opened()
    await until(house, SATURDAY + timedelta(hours=12))
    for who in (ANA, CLEO):
        await house.taps(who, "will_come")
    await until(house, STARTS + timedelta(hours=2))
    await house.says(OWNER, "/class")
    page = await house.taps(OWNER, "1")
    assert "Fewer than five said that they would come" in page
    await house.taps(OWNER, "note_attendance")
    rows = [
        row.out.reply for row in house.store._data.outbox.values() if row.out.reply.prompt == "classes/who_was_there"
    ]
    assert [button.label for row in rows[-1].rows for button in row][:2] == ["✓ Bo", "✓ Cleo"]
    await house.taps(OWNER, (await house.person(CLEO)).id)
    await house.taps(OWNER, "keep_marks")
    await house.taps(OWNER, "write_recap")
    await house.says(OWNER, "We *listened* in pairs, {{ name }}.", "yes")
    await until(house, STARTS + timedelta(hours=12))
    assert heard(house, ANA, "class/recap") == []
    ((at, text, _),) = heard(house, CLEO, "class/recap")
    assert at == STARTS + timedelta(hours=2)
    assert "We listened in pairs, Cleo." in text
    ((at, _, _),) = heard(house, BEN, "class/recap")
    assert at == datetime(2026, 3, 29, 17, tzinfo=UTC)  # 07:00 in Honolulu


async def test_nobody_shows_by_leaving_that_a_name_goes_from_a_class_that_has_begun() -> None:
    house = await opened()
    await until(house, SATURDAY + timedelta(hours=12))
    for who in (ANA, CLEO):
        await house.taps(who, "will_come")
    await until(house, STARTS + timedelta(hours=2))
    lists = []
    for leaves in (True, False):
        await house.says(OWNER, "/class")
        await house.taps(OWNER, "1")
        await house.taps(OWNER, "note_attendance")
        shown = [row.out.reply for row in house.store._data.outbox.values()]
        rolls = [reply for reply in shown if reply.prompt == "classes/who_was_there"]
        lists.append([button.label for row in rolls[-1].rows for button in row])
        if leaves:
            await house.says(CLEO, "/leave")
            assert "You walk by yourself now" in await house.taps(CLEO, "go_alone")
    assert lists[0] == lists[1]
    assert lists[0][:2] == ["✓ Bo", "✓ Cleo"]


async def test_the_audit_knows_what_was_done_with_classes_and_nothing_of_who_comes() -> None:
    house = await opened()
    await until(house, SATURDAY + timedelta(hours=12))
    await house.taps(ANA, "cannot_come")
    async with house.store.writing() as work:
        acts = [line.act for line in await work.cohorts.audit(10)]
        (known,) = (await work.cohorts.look(await work.cohorts.ids())).values()
        (lesson,) = known.cohort.classes
        ana = (await house.person(ANA)).id
        assert await work.cohorts.attendance.answers(ana, [lesson.id]) == {lesson.id: Attendance(lesson.id, ana, False)}
    assert acts[0] is Act.PLAN_CLASS
    assert Act.ATTEND not in acts
    assert re.search(r"planned a class, or several, of Ward 4", await house.says(OWNER, "/audit"))


async def test_a_link_or_place_with_markup_is_shown_as_it_was_typed() -> None:
    house = await opened()
    await house.says(OWNER, "/class")
    await house.taps(OWNER, "1")
    await house.taps(OWNER, "change_place")
    await house.says(OWNER, "**Room** [4](https://evil.example) {{ name }}", "yes")
    assert "**Room** [4](https://evil.example) {{ name }}" in await house.says(ANA, "/class")
