"""Morning: today's practice, and an intention if one comes."""

from __future__ import annotations

from typing import Any

from bot.cohorts.model import Cohort, Theme
from bot.conversations import straining
from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    meant,
    stay,
    typed,
    until_the_day_turns,
)
from bot.conversations.words import is_puzzled
from bot.model import Choice, OneOf, Recorded, Said, Written
from bot.timetable import zone
from curriculum.model import Practice, Programme, Week

morning = conversation("morning", first="invite", open_for=until_the_day_turns)

NOON = 12  # some wake after it: there is no good morning then

OFFERED = (Choice("carry"), Choice("more"), Choice("another"))
WORDS = {
    "carry": ("ok", "okay", "yes", "thanks", "thank you", "thx", "sure", "sí", "si", "vale", "👍"),
    "more": ("more", "tell me more"),
    "another": ("another",),
    "left": (  # none of it is an intention that is given back in the evening
        *("no", "n", "nope", "nah", "not today", "not now", "not yet", "later", "skip", "pass", "close", "👎"),
        *("idk", "dunno", "i don't know", "i do not know", "no idea", "hoy no", "ahora no", "luego", "no sé"),
    ),
}


@morning.step
def invite(ctx: Context, given: Given) -> Move | Said:
    """Proposes the practice of the day; the first of the week opens its theme with it."""
    text = typed(given)
    match "more" if text is not None and is_puzzled(text) else meant(given, WORDS):
        case "carry":
            return taken(ctx)
        case "more":
            facts = {"practice": ctx.practice}
            return stay(Said("morning/more", facts, writes=True).offering(Choice("carry"), Choice("another")))
        case "another":
            return ask("invite", notes={"practice": next_practice(ctx).id, "another": True})
        case "left":
            return ask("strain") if straining.is_due_in_the_morning(ctx) else finish(Said("morning/left"))
        case None if text is not None:
            return taken(ctx, Recorded("intention", text, about=ctx.practice.id))
        case _:
            return invitation(ctx).offering(*OFFERED)


def taken(ctx: Context, *records: Recorded) -> Move:
    """The practice comes along into the day, with an intention if there is one."""
    along: dict[str, Any] = {"taken": (ctx.today, ctx.practice.id), "intention": records[0].text if records else ""}
    if straining.is_due_in_the_morning(ctx):
        return ask("strain", *records, **along)
    return finish(*records, Said("morning/thanks"), **along)


straining.add_to(morning, onward=lambda _: finish(Said("morning/thanks")))


def invitation(ctx: Context) -> Said:
    """Today's invitation in the form that the day asks for."""
    if ctx.run.offers:  # it comes back after something else
        return Said("morning/again", {"practice": ctx.practice}, writes=True)
    facts: dict[str, Any] = {
        "practice": ctx.practice,
        "invitation": OneOf(f"{ctx.practice.id} invitation", ctx.practice.invitations),
        "daily": stays_on_offer(ctx),
        "returning": bool(ctx.run.notes.get("returning")),
        "week_number": ctx.place.week if ctx.place else 0,
        "week": ctx.week,
        "late": ctx.now.astimezone(zone(ctx.participant.zone)).hour >= NOON,
    }
    if ctx.run.notes.get("another"):
        return Said("morning/another", facts, writes=True)
    if ctx.opens_week:
        return Said("morning/theme", facts | written(ctx.cohort, facts["week_number"]), writes=True)
    return Said("morning/invite", facts, writes=True)


def written(cohort: Cohort | None, number: int) -> dict[str, Any]:
    """What those who lead their cohort wrote about a week's theme."""
    theme = cohort.theme(number) if cohort else Theme(number)
    return {
        "host": cohort.host if cohort and theme.note else "",
        "note": Written(theme.note, number) if theme.note else None,
        "own_theme": Written(theme.text, number) if theme.text else None,
    }


def stays_on_offer(ctx: Context) -> Practice | None:
    """The one beside today's practice."""
    return daily_beside(ctx.programme, ctx.week, ctx.practice)


def daily_beside(programme: Programme, week: Week, practice: Practice) -> Practice | None:
    """A practice that the source makes daily stays on offer all its week, beside the one that the day proposes."""
    return next((p for p in week.practices if p.id in programme.daily and p.id != practice.id), None)


def next_practice(ctx: Context) -> Practice:
    """The one after the present one in this week."""
    practices = ctx.week.practices
    at = practices.index(ctx.practice) if ctx.practice in practices else -1
    return practices[(at + 1) % len(practices)]
