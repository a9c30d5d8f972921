"""Pausing until a date, coming back, fewer messages, and leaving."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot import journey
from bot.clock_text import parse_date
from bot.conversations.base import (
    Context,
    Given,
    Move,
    again,
    conversation,
    finish,
    for_an_hour,
    meant,
    tapped,
    typed,
    until_the_day_turns,
)
from bot.conversations.looking import whereabouts
from bot.model import Choice, Recorded, Rhythm, Said, State

pause = conversation("pause", first="until", open_for=for_an_hour, anytime=True)
resume = conversation("resume", first="back", open_for=for_an_hour)
check_in = conversation("check_in", first="ask", open_for=until_the_day_turns)
leaving = conversation("leaving", first="sure", open_for=for_an_hour, anytime=True)

UNTIL = {"days_3": ("3 days",), "days_7": ("a week",), "days_14": ("two weeks",), "open": ("until i say", "open")}
STAYING = ("no", "never mind", "not now", "stay")
SPARED = frozenset({1, 3, 5})  # Tuesday, Thursday, Saturday: every second day is left
LEAVING = {
    "leave": ("yes", "stop", "leave"),
    "pause": (),
    "stay": ("no", "stay"),
    "erase_data": ("erase", "leave and erase"),
}
DAYS = {"days_3": 3, "days_7": 7, "days_14": 14}


@pause.step
def until(ctx: Context, given: Given) -> Move | Said:
    """Until when: some days, a date, or until they say."""
    if ctx.participant.journey.state is State.PAUSED:
        return finish(Said("pause/already", {"until": ctx.participant.journey.resume_on}))
    chosen = meant(given, {**UNTIL, "stay": STAYING})
    text = typed(given) or tapped(given)
    if chosen == "open":
        return paused(ctx, None)
    if chosen == "stay":
        return finish(Said("pause/stayed"))
    if chosen is not None and chosen in DAYS:
        return paused(ctx, DAYS[chosen])
    if text is not None:
        on = parse_date(text, ctx.today)
        return paused(ctx, (on - ctx.today).days) if on and on > ctx.today else again(Said("pause/date_unclear"))
    said = Said("pause/until", {"together": ctx.together}, picker="date")
    return said.offering(*map(Choice, UNTIL), Choice("stay"), columns=2)


def paused(ctx: Context, days: int | None) -> Move:
    """Nothing is sent until then, and the place in the course is kept."""
    on = None if days is None else ctx.today + timedelta(days=days)
    moved = journey.travel(ctx.participant.journey, State.PAUSED, ctx.today, on)
    return finish(Said("pause/paused", {"until": on, "together": ctx.together}), journey=moved)


@resume.step
def back(ctx: Context, given: Given) -> Move:
    """Back from a pause, at the same place."""
    person = ctx.participant
    if person.journey.state is not State.PAUSED:
        return finish(Said("pause/not_paused"))
    moved = journey.travel(person.journey, person.journey.paused_from or State.ACTIVE, ctx.today)
    here = replace(ctx, participant=replace(person, journey=moved))
    return finish(Said("pause/resumed", whereabouts(here)), journey=moved, checked=ctx.now)


@check_in.named("ask")
def ask_gently(ctx: Context, given: Given) -> Move | Said:
    """After three silent days: as before, fewer, or a pause. Any answer is fine, and so is none."""
    words = {"keep_rhythm": ("keep", "as before"), "fewer": ("fewer", "less"), "pause": ()}
    text = typed(given)
    match meant(given, words):
        case "keep_rhythm":
            return finish(Said("check_in/kept"))
        case "fewer":
            return less(ctx.participant.rhythm)
        case "pause":
            return finish(then="pause")
        case None if text is not None:
            return finish(Recorded("journal", text), Said("check_in/heard"))
        case _:
            return Said("check_in/ask").offering(Choice("keep_rhythm"), Choice("fewer"), Choice("pause"))


def less(rhythm: Rhythm) -> Move:
    """Of two messages a day the evening goes; who has one gets it on fewer days."""
    if rhythm.mornings and rhythm.evenings:
        return finish(Said("check_in/fewer"), rhythm=replace(rhythm, evenings=False))
    days_off = rhythm.days_off | SPARED
    fewer = rhythm if len(days_off) == 7 else replace(rhythm, days_off=days_off)
    return finish(Said("settings/rhythm_saved", {"rhythm": fewer}), rhythm=fewer)


@leaving.step
def sure(ctx: Context, given: Given) -> Move | Said:
    """Leaving takes one tap more, and a pause is offered."""
    person = ctx.participant
    if person.journey.state in (State.INVITED, State.WITHDRAWN):
        return finish(Said("leaving/not_in"))
    match meant(given, LEAVING):
        case "leave":
            gone = journey.travel(person.journey, State.WITHDRAWN)
            return finish(Said("leaving/gone"), journey=gone, runs=(ctx.run,), timers=())
        case "pause":
            return finish(then="pause")
        case "erase_data":
            return finish(then="erasing")
        case "stay":
            return finish(Said("leaving/stayed"))
        case _:
            return Said("leaving/sure", {"together": ctx.together}).offering(*map(Choice, LEAVING), columns=2)
