"""Pairs in a cohort: switched on with a day and an hour, or off, and how many meet this week."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from bot.clock_text import parse_time
from bot.cohorts.model import Act, Cohort, Overview, Pairs
from bot.cohorts.schedule import Round, round_ahead, round_begun
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    for_an_hour,
    tapped,
    typed,
)
from bot.conversations.facilitating import about, confirmed, led
from bot.model import Blank, Choice, Decided, Said
from bot.timetable import zone

pairs = conversation("pairs", first="list", open_for=for_an_hour, act=Act.CREATE)

HOURS = ("09:00", "12:00", "16:00")


def open_cohorts(ctx: Context) -> list[Overview]:
    """The cohorts whose members they may pair."""
    return led(ctx, Act.PAIR)


def chosen(ctx: Context) -> Overview | None:
    """The one that this is about, unless it was closed or is not theirs any more."""
    return about(ctx, Act.PAIR)


def next_round(ctx: Context, cohort: Cohort, pairs_: Pairs | None) -> Round | None:
    """The first round that these pairs would bring."""
    return round_ahead(replace(cohort, pairs=pairs_), ctx.now, ctx.programme.length)


@pairs.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """Whose pairs; one cohort needs no choosing."""
    there = open_cohorts(ctx)
    wanted = tapped(given)
    if any(wanted == one.cohort.id for one in there):
        return ask("one", notes={"cohort": wanted})
    if wanted == "never_mind" or not there:
        return finish(Said("cohorts/unchanged") if there else Said("pairs/nobody"))
    if len(there) == 1 and given is ENTERED:
        return ask("one", notes={"cohort": there[0].cohort.id})
    named = [Choice(one.cohort.id, label=one.cohort.name) for one in there]
    return Said("pairs/list").offering(*named, Choice("never_mind"), columns=1)


@pairs.step
def one(ctx: Context, given: Given) -> Move | Said:
    """How it stands, and what to do."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    cohort = overview.cohort
    match tapped(given):
        case "pairs_on" | "pairs_when":
            return ask("day")
        case "pairs_off" if cohort.pairs is not None:
            return ask("off")
        case "that_is_all":
            return finish(Said("pairs/done"))
    ahead = next_round(ctx, cohort, cohort.pairs)
    local = ahead.at.astimezone(zone(cohort.zone)) if ahead else None
    facts = {
        "cohort": cohort.name,
        "pairs": cohort.pairs is not None,
        "meetings": overview.meetings,
        "begun": cohort.pairs is not None and _begun(ctx, cohort),
        "date": local.date() if local else None,
        "clock": local.time() if local else None,
    }
    wishes = ("pairs_when", "pairs_off") if cohort.pairs is not None else ("pairs_on",)
    return Said("pairs/one", facts).offering(*map(Choice, (*wishes, "that_is_all")), columns=1)


def _begun(ctx: Context, cohort: Cohort) -> bool:
    return round_begun(cohort, ctx.now, ctx.programme.length) is not None


@pairs.step
def day(ctx: Context, given: Given) -> Move | Said:
    """On which day of the cohort's week partners are told."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    wanted = tapped(given) or typed(given)
    if wanted is not None and wanted in "1234567" and len(wanted) == 1:
        return ask("clock", notes={"day": int(wanted)})
    days = days_of(overview.cohort)
    return Said("pairs/day", blanks=blanks(overview.cohort)).offering(days[1], days[0], *days[2:], columns=2)


def days_of(cohort: Cohort) -> tuple[Choice, ...]:
    """The days of the cohort's week."""
    named = ((n, cohort.starts_on + timedelta(days=n - 1)) for n in range(1, 8))
    return tuple(Choice(str(n), label=f"{n}: {on:%A}") for n, on in named)


def blanks(cohort: Cohort) -> tuple[Blank, ...]:
    """Day and hour as one form."""
    now = cohort.pairs or Pairs(2, time.fromisoformat(HOURS[1]))
    hour = Blank("clock", "time", value=f"{now.at:%H:%M}")
    return (Blank("day", "choice", days_of(cohort), value=str(now.day)), hour)


@pairs.step
def clock(ctx: Context, given: Given) -> Move | Said:
    """At which hour of the cohort's zone."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    if given is ENTERED:
        hours = [Choice(at, label=at) for at in HOURS]
        return Said("pairs/clock", picker="time", blanks=blanks(overview.cohort)).offering(hours[1], hours[0], hours[2])
    at = parse_time(tapped(given) or typed(given) or "")
    return ask("on", notes={"at": at}) if at else again(Said("onboarding/time_unclear"))


@pairs.step
def on(ctx: Context, given: Given) -> Move | Said:
    """What members will get, and whether to begin."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    cohort, wanted = overview.cohort, Pairs(ctx.run.notes["day"], ctx.run.notes["at"])
    ahead = next_round(ctx, cohort, wanted)
    if ahead is None:
        return finish(Said("pairs/over", {"cohort": cohort.name}))
    local = ahead.at.astimezone(zone(cohort.zone))
    facts = {"cohort": cohort.name, "date": local.date(), "clock": local.time()}
    question = Said("pairs/preview", {**facts, "exercise": ctx.programme.week(_week(ctx, ahead)).exercise})
    return confirmed(given, question, Decided(Act.PAIR, cohort.id, {"pairs": wanted}), Said("pairs/on", facts))


def _week(ctx: Context, ahead: Round) -> int:
    return min(ahead.week, ctx.programme.length)


@pairs.step
def off(ctx: Context, given: Given) -> Move | Said:
    """Nobody is paired any more; meetings of this week stay."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    facts = {"cohort": overview.cohort.name}
    decided = Decided(Act.PAIR, overview.cohort.id, {"pairs": None})
    return confirmed(given, Said("pairs/off", facts), decided, Said("pairs/ended", facts))
