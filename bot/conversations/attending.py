"""A class of the cohort, for those who walk in it: the next one and its question, an hour before, what was missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cohorts.calendar_file import calendar_file
from bot.cohorts.classes import an_hour_ahead, class_of, coming, held, knowing, shown
from bot.cohorts.model import Act, Cohort, Lesson
from bot.conversations.base import Context, Given, Move, conversation, finish, for_a_day, meant, stay
from bot.model import Choice, Decided, Kind, Said, Written
from bot.timetable import local_day, zone

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "will_come": ("yes", "y", "i'll be there", "i will be there", "i'll come", "i will come"),
    "cannot_come": ("no", "n", "i can't", "i cannot", "i can't come", "i cannot come"),
}

class_ = conversation("class", first="ask", open_for=for_a_day, hears=ANSWERS)
soon = conversation("class_soon", first="tell", open_for=for_a_day, hears={})
recap = conversation("recap", first="tell", open_for=for_a_day, hears={})


@class_.step
def ask(ctx: Context, given: Given) -> Move:
    """Whether they will be there. A class that was moved since the question was put is asked about anew."""
    cohort, lesson = ctx.cohort, subject(ctx)
    if cohort is None or lesson is None:
        return finish(nothing_planned(ctx))
    told = knowing(ctx.participant, lesson)
    if lesson.cancelled:
        return finish(Said("class/called_off", facts(ctx, lesson), file=calendar_file(cohort, (lesson,))), told=told)
    as_asked = ctx.run.notes.get("asked_of") == (lesson.id, lesson.starts)
    match meant(given, ANSWERS):
        case "will_come" | "cannot_come" as answer if as_asked:
            comes = answer == "will_come"
            decided = Decided(Act.ATTEND, cohort.id, {"lesson": lesson.id, "coming": comes})
            said = {**facts(ctx, lesson), "soon": is_reminded(ctx, lesson)}
            return finish(
                decided, Said("class/see_you" if comes else "class/without_you", said), **unless_now(ctx, lesson)
            )
        case "calendar_file":
            return beside(Said("class/file", file=calendar_file(cohort, coming(cohort, ctx.now))))
        case "read_recap" if (past := latest_recap(ctx)) is not None:
            return beside(recapped(ctx, past))
    return stay(question(ctx, cohort, lesson), notes={"asked_of": (lesson.id, lesson.starts)}, told=told)


def is_reminded(ctx: Context, lesson: Lesson) -> bool:
    """Whether an hour before is still ahead, and not in their quiet hours."""
    soon = an_hour_ahead(ctx.participant, lesson)
    return soon is not None and ctx.now < soon


def unless_now(ctx: Context, lesson: Lesson) -> dict[str, Any]:
    """Who answers within the last hour is not reminded at once."""
    soon = an_hour_ahead(ctx.participant, lesson)
    if soon is None or ctx.now < soon:
        return {}
    on = local_day(soon, zone(ctx.participant.zone))
    return {"touched": (*ctx.participant.touched, (Kind.CLASS_SOON, on))}


def subject(ctx: Context) -> Lesson | None:
    """The class that they were reminded of, while it is not over; else the next one."""
    if ctx.cohort is None or ctx.cohort.closed_on is not None:
        return None
    lesson = class_of(ctx.cohort, ctx.run.notes.get("about"))
    if lesson is None or (lesson.ends <= ctx.now and not lesson.cancelled):
        lesson = next(iter(coming(ctx.cohort, ctx.now)), None)
    return lesson


def question(ctx: Context, cohort: Cohort, lesson: Lesson) -> Said:
    """The class, and whether they will be there: who says so is named to whoever leads the group, and reads that."""
    known, mine = dict(ctx.participant.told), ctx.answers.get(lesson.id)
    said = {**facts(ctx, lesson), "coming": None if mine is None else mine.coming}
    buttons = (Choice("will_come"), Choice("cannot_come"))
    file = calendar_file(cohort, (lesson,))
    if known.get(lesson.id, lesson.version) < lesson.version:
        return Said("class/changed", said, file=file).offering(*buttons)
    if "about" in ctx.run.notes:
        return Said("class/reminder", said, file=file).offering(*buttons)
    more = (Choice("calendar_file"), *([Choice("read_recap")] if latest_recap(ctx) else []))
    return Said("class/next", said).offering(*buttons).offering(*more, columns=1)


def nothing_planned(ctx: Context) -> Said:
    """There is no class ahead; what happened in the last one can be read."""
    past = latest_recap(ctx)
    return recapped(ctx, past) if past else Said("class/none")


def latest_recap(ctx: Context) -> Lesson | None:
    """The latest class of which a recap was written."""
    if ctx.cohort is None or ctx.cohort.closed_on is not None:
        return None
    return next((lesson for lesson in held(ctx.cohort, ctx.now) if lesson.recap), None)


def recapped(ctx: Context, lesson: Lesson) -> Said:
    """What happened in a class."""
    week = ctx.place.week if ctx.place else 0
    return Said("class/recap", {**facts(ctx, lesson), "recap": Written(lesson.recap, week)})


def beside(said: Said) -> Move:
    """Says something, and leaves the question with its buttons as it is."""
    return Move(events=(said,), answered=False)


def facts(ctx: Context, lesson: Lesson) -> dict[str, Any]:
    """A class on the reader's clock."""
    assert ctx.cohort is not None
    return {**shown(ctx.cohort, lesson, ctx.participant.zone), "host": ctx.cohort.host}


@soon.named("tell")
def in_an_hour(ctx: Context, given: Given) -> Move:
    """An hour before, to those who said that they would be there."""
    lesson = class_of(ctx.cohort, ctx.run.notes["about"])
    return finish(Said("class/soon", facts(ctx, lesson))) if lesson else finish()


@recap.named("tell")
def what_was_missed(ctx: Context, given: Given) -> Move:
    """What happened, to those who were not there."""
    lesson = class_of(ctx.cohort, ctx.run.notes["about"])
    return finish(recapped(ctx, lesson)) if lesson else finish()
