"""Looking at where one is: today, the practice, the week, progress. And help, at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import journey
from bot.access import may
from bot.cohorts.model import Act
from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    typed,
)
from bot.conversations.in_need import offered
from bot.conversations.morning import written
from bot.conversations.words import is_courtesy, is_greeting, is_puzzled
from bot.model import Choice, Recorded, Said, State
from bot.timetable import day_begins, zone

today = conversation("today", first="show", open_for=for_an_hour)
practice = conversation("practice", first="show", open_for=for_an_hour)
progress = conversation("progress", first="show", open_for=for_an_hour)
week = conversation("week", first="show", open_for=for_an_hour, keeps=frozenset({"back", "go back"}))
help_ = conversation("help", first="show", open_for=for_an_hour)


def whereabouts(ctx: Context) -> dict[str, Any]:
    """The facts that say where somebody is."""
    return {
        "state": ctx.participant.journey.state.value,
        "place": ctx.place,
        "weeks": ctx.programme.length,
        "starts": (starts := ctx.participant.journey.anchor),
        "ahead": starts is not None and starts > ctx.today,
        "until": ctx.participant.journey.resume_on,
        "week": ctx.week,
        "practice": ctx.practice,
        "together": ctx.together,
    }


@today.named("show")
def show_today(ctx: Context, given: Given) -> Move:
    """Where am I, and what is today's practice."""
    return finish(Said("today/show", {**whereabouts(ctx), "intention": ctx.intention}))


READ = ("no", "fine", "ok", "okay", "thanks", "thank you", "enough")
PRACTICE_WORDS = {"i_did": ("done", "did it"), "enough": READ}


def told(given: Given) -> str | None:
    """What they write to tell it; None for a hello, a question what was meant, or a thank you."""
    text = typed(given)
    return None if text is None or is_greeting(text) or is_puzzled(text) or is_courtesy(text) else text


@practice.named("show")
def show_practice(ctx: Context, given: Given) -> Move | Said:
    """A practice in full; every practice of the week is a tap away, and any can be noted as done."""
    text = told(given)
    match meant(given, PRACTICE_WORDS):
        case "i_did":
            record = Recorded("practice", about=ctx.practice.id, went="did")
            return finish(record, Said("practice/noted"))
        case "enough":
            return finish(Said("practice/closed"))
        case str() as chosen if any(chosen == p.id for p in ctx.week.practices):
            return ask("show", notes={"practice": chosen})
        case None if text is not None:  # it asked nothing: what they write is theirs to keep
            return finish(then="keeping", notes={"text": text})
        case _:
            others = [Choice(p.id, label=p.title) for p in ctx.week.practices if p.id != ctx.practice.id]
            said = Said("practice/show", {"practice": ctx.practice}).offering(Choice("i_did"), Choice("enough"))
            return said.offering(*others, columns=1)


@progress.named("show")
def show_progress(ctx: Context, given: Given) -> Move:
    """The ledger: what there is, and never what is missing."""
    return finish(Said("progress/show", ledger(ctx), private=True))


def ledger(ctx: Context) -> dict[str, Any]:
    """Where somebody is, and what they practised, in counts."""
    practised = ctx.participant.ledger.practised
    done = [(p.title, practised[p.id]) for w in ctx.programme.weeks for p in w.practices if p.id in practised]
    return {**whereabouts(ctx), "done": done, "ledger": ctx.participant.ledger}


# each is a command's name after "home_"
DOORS = ("home_today", "home_practice", "home_sit", "home_journal", "home_gratitude", "home_progress")
DESK = ("home_cohorts", "home_broadcast", "home_class", "home_themes", "home_pairs", "home_pulse")


def at_home(ctx: Context) -> Said:
    """What stands on a person's own page where their platform has one; nothing that they wrote is on it."""
    if (held := ctx.participant.sheltered) is not None:
        said = Said("home/held", {"language": held.language})
        return said.offering(*offered(ctx, "home_support", "home_journal", "home_mydata"), columns=1)
    said = of_the_course(ctx)
    return said.offering(*map(Choice, DESK), columns=2) if ctx.participant.roles else said


def of_the_course(ctx: Context) -> Said:
    """Where they are in it, and its buttons."""
    match ctx.participant.journey.state:
        case State.INVITED | State.WITHDRAWN:
            return Said("home/welcome").offering(Choice("home_start"), Choice("home_support"), Choice("home_mydata"))
        case State.CONSENTING | State.ONBOARDING:
            return Said("home/beginning").offering(Choice("home_start"), Choice("home_support"), Choice("home_mydata"))
        case State.PAUSED:
            rest = Choice("home_resume")
        case _:
            rest = Choice("home_pause")
    said = Said("home/show", ledger(ctx)).offering(*map(Choice, DOORS))
    return said.offering(Choice("home_settings"), rest, Choice("home_support"), Choice("home_mydata"), columns=2)


WEEK_WORDS = {"close": READ, "stay": ("stay",), "return": ("back", "go back", "earlier")}


def week_facts(ctx: Context) -> dict[str, Any]:
    """The week with what those who lead the cohort wrote about it."""
    return whereabouts(ctx) | written(ctx.cohort, ctx.place.week if ctx.place else 0)


@week.named("show")
def show_week(ctx: Context, given: Given) -> Move | Said:
    """The theme once more; at one's own pace one may stay another week, or go back to one."""
    state, text = ctx.participant.journey.state, told(given)
    free = state is State.GRADUATED or (state is State.ACTIVE and not ctx.together)
    match meant(given, WEEK_WORDS):
        case "stay" if free and ctx.place is not None:
            return moved(ctx, ctx.place.week)
        case "return" if free:
            return ask("which")
        case "close":
            return finish(Said("week/closed"))
        case None if text is not None:  # as in show_practice
            return finish(then="keeping", notes={"text": text})
        case _ if not free or (ctx.place is None and state is State.ACTIVE):
            return finish(Said("week/show", week_facts(ctx)))
        case _:
            ways = [Choice("close")] + ([Choice("stay")] if ctx.place else []) + [Choice("return")]
            return Said("week/show", week_facts(ctx)).offering(*ways)


@week.step
def which(ctx: Context, given: Given) -> Move | Said:
    """Which week to walk again."""
    latest = ctx.place.week if ctx.place else ctx.programme.length
    chosen = meant(given, {str(n): (str(n), f"week {n}") for n in range(1, latest + 1)})
    if chosen == "close":
        return finish(Said("week/closed"))
    if chosen is not None and chosen.isdecimal() and 1 <= int(chosen) <= latest:
        return moved(ctx, int(chosen))
    numbers = [Choice(str(n), label=f"{n}. {ctx.programme.week(n).title}"[:40]) for n in range(1, latest + 1)]
    return Said("week/which").offering(*numbers, Choice("close"), columns=1)


def moved(ctx: Context, number: int) -> Move:
    """Day 1 of that week is tomorrow; the rest of today is free."""
    path = ctx.participant.journey
    if path.state is State.GRADUATED:
        path = replace(journey.travel(path, State.ACTIVE), graduated_on=None, boosted_on=None)
    on = ctx.today + timedelta(days=1)
    facts = {"week": ctx.programme.week(number), "week_number": number}
    free_until = day_begins(on, zone(ctx.participant.zone)) - timedelta(seconds=1)
    runs = tuple(run for run in ctx.participant.runs if run.conversation != "graduation")  # there is no close yet
    path = journey.moved_to_week(path, number, on)
    return finish(Said("week/moved", facts), journey=path, checked=free_until, runs=runs)


@help_.named("show")
def show_help(ctx: Context, given: Given) -> Move:
    """What the coach can do, shortly."""
    desk = ctx.desk
    facts = {
        "state": ctx.participant.journey.state.value,
        "cohort": bool(ctx.participant.cohort),
        "leads": desk is not None,
        "owns": desk is not None and may(desk.actor, Act.INVITE),
    }
    return finish(Said("help/show", facts))
