"""A class that has begun, for those who lead: who was there, and a recap for those who were not."""

from __future__ import annotations

from dataclasses import replace

from bot.access import may
from bot.cohorts.classes import posted
from bot.cohorts.model import Act, Cohort, Lesson
from bot.conversations.announcing import EXAMPLES, flawed, week_of
from bot.conversations.base import Context, Given, Move, again, ask, finish, meant, stay, tapped, typed
from bot.conversations.convening import chosen_class, classes, register_of
from bot.conversations.facilitating import YES_NO, desk_of
from bot.model import Blank, Choice, ChoiceMade, Decided, Said, Written

__all__ = ["classes"]

MOST_NAMES = 80  # that fit beneath one message on every platform


@classes.step
def who_was_there(ctx: Context, given: Given) -> Move | Said:
    """Those who said that they would come, and read that this is seen: a tap on a name says that they were not."""
    found = chosen_class(ctx)
    if found is None or not may(desk_of(ctx).actor, Act.NOTE_CLASS, found[0]):
        return ask("coming")
    cohort, lesson = found
    seen = register_of(ctx)
    absent = ctx.run.notes.get("absent")
    if absent is None:
        absent = [person for person, was in seen.present.items() if was is False]
    match tapped(given):
        case "keep_marks":
            present = {person: person not in absent for person in seen.names}
            decided = Decided(Act.NOTE_CLASS, cohort.id, {"lesson": lesson.id, "present": present})
            return ask("one", decided, Said("classes/noted"), notes={"absent": None})
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
        case str() as person if person in seen.names:
            absent = [one for one in absent if one != person] if person in absent else [*absent, person]
            said = replace(names(ctx, cohort, lesson, absent), in_place=True, ref=_ref(given), asked=ctx.run.asked)
            return Move(events=(said,), notes={"absent": absent}, answered=False)
    if not seen.names:
        return ask("one", Said("classes/nobody_said"))
    return names(ctx, cohort, lesson, absent)


def names(ctx: Context, cohort: Cohort, lesson: Lesson, absent: list[str]) -> Said:
    """Everybody who said yes, with a mark on those who were there."""
    everybody = sorted(register_of(ctx).names.items(), key=lambda each: (each[1].casefold(), each[0]))[:MOST_NAMES]
    marked = [Choice(person, label=f"{'–' if person in absent else '✓'} {name}") for person, name in everybody]
    said = Said("classes/who_was_there", posted(cohort, lesson)).offering(*marked, columns=2)
    return said.offering(Choice("keep_marks"), Choice("never_mind"))


def _ref(given: Given) -> str | None:
    return given.ref if isinstance(given, ChoiceMade) else None


@classes.step
def write_recap(ctx: Context, given: Given) -> Move | Said:
    """A few lines for those who were not there; what is wrong with them is said here, and nowhere else."""
    if tapped(given) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    text = typed(given)
    if text is None:
        blank = Blank("write_recap", value=ctx.run.notes.get("text", ""))
        return Said("classes/write_recap", {"examples": EXAMPLES}, blanks=(blank,)).offering(Choice("never_mind"))
    flaw = ctx.proofread(text)
    return again(flawed(flaw)) if flaw is not None else ask("keep_recap", notes={"text": text})


@classes.step
def keep_recap(ctx: Context, given: Given) -> Move | Said:
    """The recap as it will be read, before it is sent."""
    found = chosen_class(ctx)
    if found is None:
        return ask("coming")
    cohort, lesson = found
    sent = lesson.recapped is not None
    match meant(given, YES_NO):
        case "yes":
            decided = Decided(Act.RECAP, cohort.id, {"lesson": lesson.id, "text": ctx.run.notes["text"]})
            return finish(decided, Said("classes/recapped", {"sent": sent}))
        case "write_again":
            return ask("write_recap")
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    written = Written(ctx.run.notes["text"], week_of(ctx, cohort))
    seen = Said("class/recap", {**posted(cohort, lesson), "host": cohort.host, "recap": written})
    question = Said("classes/keep_recap", {"sent": sent})
    return stay(seen, question.offering(Choice("yes"), Choice("write_again"), Choice("never_mind")))
