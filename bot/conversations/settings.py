"""Settings: times, quiet hours, days off, place, how much, name and wording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from functools import partial
from typing import Any

from bot.clock_text import parse_days, parse_time
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
    meant,
    tapped,
    typed,
)
from bot.conversations.finding import asked_where, asked_which, clock_in
from bot.conversations.onboarding import (
    EVENINGS,
    MORNINGS,
    YES_NO,
    at_times,
    evening_given,
    in_care,
    name_in,
    time_given,
)
from bot.model import Choice, Said
from bot.timetable import fitted

settings = conversation("settings", first="menu", open_for=for_an_hour)

MENU: Mapping[str, tuple[str, ...]] = {
    "morning": ("morning",),
    "evening": ("evening",),
    "amount": ("fewer", "more", "how much"),
    "gratitude": ("gratitude",),
    "quiet": ("quiet", "quiet hours"),
    "days_off": ("days off",),
    "shifts": ("shifts", "roster", "rota"),
    "zone": ("zone", "time zone", "city", "place"),
    "name": ("name",),
    "health_care": ("wording",),
    "close": ("no", "nothing", "fine", "close"),
}
AMOUNTS: Mapping[str, tuple[bool, bool]] = {
    "both": (True, True),
    "mornings_only": (True, False),
}
DIALS: Mapping[str, int] = {"every_evening": 1, "every_third": 3, "once_a_week": 7, "never": 0}
QUIET = ("22:00-07:00", "21:00-08:00", "23:00-06:00")
BETWEEN = re.compile(r" ?[-–—] ?| (?:to|till?|until|and|a|hasta|y) ", re.IGNORECASE)
FORENOON = re.compile(r"a\.? ?m\b|morning|mañana|madrugada")


@settings.step
def menu(ctx: Context, given: Given) -> Move | Said:
    """What stands, and what to change."""
    chosen = meant(given, MENU)
    if chosen == "close":
        return finish(Said("settings/closed"))
    if chosen == "shifts":
        return finish(then="shifts")
    if chosen is not None and chosen in MENU:
        return ask(chosen)
    person = ctx.participant
    dial = next((name for name, days in DIALS.items() if days == person.rhythm.gratitude_every), "every_evening")
    facts = {
        "rhythm": person.rhythm,
        "zone": person.zone,
        "clock": clock_in(person.zone, ctx.now),
        "dial": dial,
        "shifts_until": max((on for on, _ in person.roster if on >= ctx.today), default=None),
    }
    return Said("settings/menu", facts).offering(*map(Choice, MENU))


@settings.step
def morning(ctx: Context, given: Given) -> Move | Said:
    """The morning time."""
    if given is ENTERED:
        return Said("settings/morning", picker="time").offering(*at_times(MORNINGS), columns=4)
    at = time_given(given)
    return saved(ctx, morning=at) if at else again(Said("onboarding/time_unclear"))


@settings.step
def evening(ctx: Context, given: Given) -> Move | Said:
    """The evening time."""
    if given is ENTERED:
        return Said("settings/evening", picker="time").offering(*at_times(EVENINGS), columns=4)
    at = evening_given(given)
    return saved(ctx, evening=at) if at else again(Said("onboarding/time_unclear"))


@settings.step
def amount(ctx: Context, given: Given) -> Move | Said:
    """Both messages, or one a day."""
    chosen = meant(given, {"both": ("both",), "mornings_only": ("mornings",)})
    if chosen is not None and chosen in AMOUNTS:
        mornings, evenings = AMOUNTS[chosen]
        return saved(ctx, mornings=mornings, evenings=evenings)
    return Said("settings/amount").offering(*map(Choice, AMOUNTS))


@settings.step
def gratitude(ctx: Context, given: Given) -> Move | Said:
    """How often the evening asks for gratitudes."""
    chosen = meant(given, {"never": ("never", "no"), "every_evening": ("daily", "every day")})
    if chosen is not None and chosen in DIALS:
        return saved(ctx, gratitude_every=DIALS[chosen])
    return Said("settings/gratitude").offering(*map(Choice, DIALS), columns=2)


@settings.step
def quiet(ctx: Context, given: Given) -> Move | Said:
    """Quiet hours, in which nothing unasked for is sent."""
    if given is ENTERED:
        return Said("settings/quiet").offering(*(Choice(span, label=span) for span in QUIET), columns=1)
    span = span_given(typed(given) or tapped(given) or "")
    return saved(ctx, quiet_from=span[0], quiet_until=span[1]) if span else again(Said("settings/quiet_unclear"))


def span_given(text: str) -> tuple[time, time] | None:
    """From when until when; "11 to 7" begins in the evening, since nobody asks for twenty quiet hours."""
    edges = BETWEEN.split(text.strip())
    since, until = map(parse_time, edges) if len(edges) == 2 else (None, None)
    if since is None or until is None:
        return None
    evening = until < since and since.hour <= 12 and not FORENOON.search(edges[0].casefold())
    return (since.replace(hour=(since.hour + 12) % 24) if evening else since), until


@settings.step
def days_off(ctx: Context, given: Given) -> Move | Said:
    """Weekdays without messages."""
    offered = {"none": "none", "weekend": "saturday, sunday", "sunday": "sunday"}
    if given is ENTERED:
        return Said("settings/days_off").offering(*map(Choice, offered))
    text = typed(given) or offered.get(tapped(given) or "")
    days = parse_days(text) if text else None
    if days is None or len(days) == 7:
        return again(Said("settings/days_unclear"))
    return saved(ctx, days_off=days)


@settings.step
def zone(ctx: Context, given: Given) -> Move | Said:
    """Where they are now."""
    return asked_where(ctx, given, Said("settings/zone", {"ask_location": True}), partial(moved, ctx))


@settings.step
def which_zone(ctx: Context, given: Given) -> Move | Said:
    """Several places bear that name."""
    return asked_which(ctx, given, partial(moved, ctx))


def moved(ctx: Context, where: str) -> Move:
    """Messages follow the new clock from now on."""
    facts = {"zone": where, "clock": clock_in(where, ctx.now)}
    return finish(Said("settings/zone_saved", facts), zone=where, checked=ctx.now)


@settings.step
def name(ctx: Context, given: Given) -> Move | Said:
    """What to call them."""
    text = typed(given)
    if text is None:
        return Said("settings/name")
    called = name_in(text)
    return finish(Said("settings/saved"), name=called) if called else again(Said("onboarding/name_unclear"))


@settings.step
def health_care(ctx: Context, given: Given) -> Move | Said:
    """The flavour of wording."""
    chosen = in_care(given)
    if chosen in YES_NO:
        return finish(Said("settings/saved"), health_care=chosen == "yes")
    return Said("onboarding/health_care").offering(*map(Choice, YES_NO))


def saved(ctx: Context, **changes: Any) -> Move:
    """The rhythm with these changes, its quiet hours fitted around the chosen times."""
    rhythm = fitted(replace(ctx.participant.rhythm, **changes))
    return finish(Said("settings/rhythm_saved", {"rhythm": rhythm}), rhythm=rhythm)
