"""Finding somebody's time zone from a city, a shared place, a zone's name or the time on their clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.clock_text import parse_time, parse_zone, zones_showing
from bot.conversations.base import ENTERED, Context, Given, Move, Words, again, ask, meant, tapped, typed
from bot.conversations.words import FAREWELLS, is_courtesy, is_greeting
from bot.model import Choice, City, LocationShared, MessageReceived, Said
from bot.timetable import zone

NONE_OF_THESE = Choice("none_of_these")
WIDEST = 40  # characters that a button shows
MOST = 5  # places that are offered
NO_PLACE: Words = {
    "none": (
        *("no", "none", "never mind", "not now", "later", "nothing", "no idea", "idk", "dunno", "i don't know"),
        *("nada", "ahora no", "luego", "ni idea", "no sé", "no lo sé"),
    )
}
AT_HOME: Words = {"home": ("home", "at home", "here", "today", "casa", "en casa", "en mi casa", "aquí")}


def zones_meant(ctx: Context, given: Given) -> Sequence[tuple[str, str]]:
    """What they may mean, as (IANA zone, how to show it), likeliest first; empty if we cannot tell."""
    if isinstance(given, LocationShared):
        found = ctx.gazetteer.zone_at(given.latitude, given.longitude)
        return [(found, found)] if found else []
    text = typed(given)
    if text is None:
        chosen = tapped(given)
        named = parse_zone(chosen) if chosen else None
        return [(named, named)] if named else []
    named = parse_zone(text)
    if named is not None:
        return [(named, named)]
    cities = [] if is_nowhere(text) else ctx.gazetteer.cities(text)
    if cities:
        return [(city.zone, shown(city, cities)) for city in cities]
    wall = parse_time(text)
    return [(name, name.split("/")[-1].replace("_", " ")) for name in zones_showing(ctx.now, wall)] if wall else []


def is_nowhere(text: str) -> bool:
    """Whether it is no place that they mean, although one is called nearly so: "no idea", "hello"."""
    nothing = MessageReceived(text)
    return is_greeting(text) or is_courtesy(text, FAREWELLS) or meant(nothing, {**NO_PLACE, **AT_HOME}) is not None


def asked_where(ctx: Context, given: Given, question: Said, then: Callable[[str], Move]) -> Move | Said:
    """The step "zone" of a conversation: `then` goes on with the zone, "which_zone" asks where several places fit."""
    if given is ENTERED:
        return question
    return _settled(zones_meant(ctx, given), then) or again(Said("onboarding/zone_unclear"))


def asked_which(ctx: Context, given: Given, then: Callable[[str], Move]) -> Move | Said:
    """The step "which_zone": several places bear that name, the largest first; another place may be named."""
    if tapped(given) == NONE_OF_THESE.id:
        return ask("zone")
    if given is not ENTERED and (move := _settled(zones_meant(ctx, given), then)):
        return move
    if typed(given) is not None:
        return again(Said("onboarding/zone_unclear"))
    places = [Choice(where, label=label) for where, label in ctx.run.notes["zones"]]
    return Said("onboarding/which_zone").offering(*places, NONE_OF_THESE, columns=1)


def _settled(found: Sequence[tuple[str, str]], then: Callable[[str], Move]) -> Move | None:
    if len(found) == 1:
        return then(found[0][0])
    return ask("which_zone", notes={"zones": [list(pair) for pair in found[:MOST]]}) if found else None


def shown(city: City, among: Sequence[City]) -> str:
    """A city's name with as much of its whereabouts as tells it from the others."""
    alike = sum(other.country == city.country for other in among) > 1
    parts = [part for part in (city.name, city.region if alike else "", city.country) if part]
    whole, short = ", ".join(parts), ", ".join(parts[:-1])
    return (whole if len(whole) <= WIDEST else short)[:WIDEST]


def clock_in(name: str | None, now: datetime) -> str:
    """What a wall clock shows there, HH:MM."""
    return now.astimezone(zone(name)).strftime("%H:%M")
