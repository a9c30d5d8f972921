"""What is looked up of classes before a turn: one's own answers, and for those who lead how many and who will come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.access import allowed, may
from bot.cohorts.classes import LAST, class_of, coming, held, of_interest
from bot.cohorts.model import Act, Attendance, Cohort, Desk, Register
from bot.cohorts.ports import Cohorts
from bot.cohorts.pulse import rounded
from bot.conversations.words import command_in
from bot.model import Input, MessageReceived, Participant

NAMING = frozenset({"one", "who_was_there"})  # the step before a step is what its turn is loaded for


def is_about_classes(person: Participant, given: Input) -> bool:
    """Whether a turn has to do with a facilitator's classes."""
    begins = isinstance(given, MessageReceived) and command_in(given.text) == "class"
    return begins or any(run.conversation == "classes" for run in person.runs)


async def own_answers(cohorts: Cohorts, person: str, cohort: Cohort, now: datetime) -> Mapping[str, Attendance]:
    """What somebody said about the classes of their cohort that matter now."""
    wanted = of_interest(cohort, now)
    return await cohorts.attendance.answers(person, wanted) if wanted else {}


async def with_register(cohorts: Cohorts, desk: Desk, person: Participant, now: datetime) -> Desk:
    """The desk with counts of its classes; and with names where attendance is noted by somebody who leads."""
    led = [overview.cohort for overview in allowed(desk, Act.PLAN_CLASS)]
    shown = {lesson.id: lesson.starts for one in led for lesson in (*coming(one, now), *held(one, now)[:LAST])}
    counts = await cohorts.attendance.coming(shown)
    register = Register({lesson: rounded(count) for lesson, count in counts.items()})
    run = next((run for run in person.runs if run.conversation == "classes" and run.step in NAMING), None)
    here = next((cohort for cohort in led if run and cohort.id == run.notes.get("cohort")), None)
    lesson = class_of(here, run.notes.get("lesson")) if run else None
    if here is not None and lesson is not None and lesson.starts <= now and may(desk.actor, Act.NOTE_CLASS, here):
        noted = await cohorts.attendance.register(lesson.id, lesson.starts)
        names = await cohorts.names([one.person for one in noted])
        present = {one.person: one.present for one in noted}
        register = replace(register, names={who: names.get(who) or "…" for who in present}, present=present)
    return replace(desk, register=register)
