"""People of the tests: a participant from a few plain facts, a small gazetteer, and the real course and prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any

from bot import journey
from bot.consent import VERSIONS
from bot.model import City, Consent, Journey, Layer, Ledger, Participant, Rhythm, State
from bot.safety_rules import load_screen
from bot.timetable import day_begins, zone
from bot.walk import World
from curriculum.loader import Library
from curriculum.model import Programme
from prompts.renderer import Prompts
from tests.partners import pairing_of

CITIES: Mapping[str, Sequence[City]] = {
    "madrid": [City("Madrid", "Spain", "Europe/Madrid", 3_255_944)],
    "ulan bator": [City("Ulan Bator", "Mongolia", "Asia/Ulaanbaatar", 844_818)],
    "mongolia": [City("Ulan Bator", "Mongolia", "Asia/Ulaanbaatar", 844_818)],
    "auckland": [City("Auckland", "New Zealand", "Pacific/Auckland", 417_910)],
    "honolulu": [City("Honolulu", "United States", "Pacific/Honolulu", 371_657, "Hawaii")],
    "springfield": [
        City("Springfield", "United States", "America/Chicago", 166_810, "Missouri"),
        City("Springfield", "United States", "America/New_York", 153_606, "Massachusetts"),
        City("Springfield", "Australia", "Australia/Brisbane", 23_489, "Queensland"),
    ],
}


class SmallGazetteer:
    """A few cities, and one place on land."""

    def cities(self, name: str, nearly: bool = True) -> Sequence[City]:
        """As bot.model.Gazetteer."""
        return CITIES.get(name.casefold().strip(), ())

    def zone_at(self, latitude: float, longitude: float) -> str | None:
        """As bot.model.Gazetteer: Spain, else the sea."""
        return "Europe/Madrid" if 36 < latitude < 44 and -10 < longitude < 4 else None


@cache
def programme() -> Programme:
    """The real course."""
    return Library().programme("compassion", "en")


def world(now: datetime) -> World:
    """What the engine is handed at this instant."""
    return World(now, programme(), SmallGazetteer(), load_screen(), label=partial(prompts().label, locale="en"))


@cache
def prompts() -> Prompts:
    """The real words."""
    return Prompts()


def local(text: str, zone_name: str | None) -> datetime:
    """A local wall time ("2026-03-28T20:00") as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone(zone_name)).astimezone(UTC)


def duration(text: str) -> timedelta:
    """ "90s", "30m", "9h", "2d"."""
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{units[text[-1]]: float(text[:-1])})


def person(given: Mapping[str, Any], now: datetime) -> Participant:
    """A participant: `week` and `day` (1) make them active; else `state` (invited) and its dates say where they are.

    Their last touchpoint was just before `now`; they were last heard `heard` (12h) ago.
    """
    zone_name = given.get("zone")
    discreet = given.get("discreet") == "yes"
    who = Participant("ana", name=given.get("name", "Ana"), zone=zone_name, address="there", discreet=discreet)
    on = journey.today(who, now)
    state = State(given.get("state", "active" if "week" in given else "invited"))
    if state in (State.INVITED, State.WITHDRAWN):
        return replace(who, journey=Journey(state), roles=frozenset({given["role"]} if "role" in given else ()))
    paused_on = date.fromisoformat(given["paused_on"]) if "paused_on" in given else None
    resume_on = date.fromisoformat(given["resume_on"]) if "resume_on" in given else None
    graduated_on = date.fromisoformat(given["graduated_on"]) if "graduated_on" in given else None
    week, day = int(given.get("week", 1)), int(given.get("day", 1))
    anchor = (paused_on or on) - timedelta(days=7 * (week - 1) + day - 1)
    path = Journey(
        state,
        anchor=graduated_on - timedelta(days=7 * programme().length) if graduated_on else anchor,
        paused_on=paused_on,
        resume_on=resume_on,
        paused_from=State(given.get("paused_from", "active")) if state is State.PAUSED else None,
        pacing="calendar" if given.get("pacing") == "calendar" else "own",
        graduated_on=graduated_on,
        boosters_every=int(given.get("boosters_every", 0)),
    )
    return replace(
        who,
        health_care=given.get("health_care") == "yes",
        rhythm=rhythm(given),
        journey=path,
        asked=40,
        checked=now - duration(given.get("checked", "1s")),
        heard=now - duration(given.get("heard", "12h")),
        fewer=given.get("fewer") == "yes",
        intention=given.get("intention", ""),
        ledger=Ledger(practised={key: int(times) for key, times in given.get("practised", {}).items()}),
        reachable=given.get("reachable") != "no",
        roles=frozenset({given["role"]} if "role" in given else ()),
        cohort=given.get("walks_in", ""),
        pairing=pairing_of(given),
        consents=consents(given, state, day_begins(anchor, zone(zone_name))),
    )


def consents(given: Mapping[str, Any], state: State, at: datetime) -> tuple[Consent, ...]:
    """What they agreed to: the coach and, where they walk in a group, that; in the words of today, or `agreed`."""
    layers: tuple[Layer, ...] = ("coach", "group") if given.get("walks_in") else ("coach",)
    agreed = tuple(Consent(layer, given.get("agreed", VERSIONS[layer]), at) for layer in layers)
    return () if state is State.CONSENTING else agreed


def rhythm(given: Mapping[str, Any]) -> Rhythm:
    """The rhythm that the facts name, else the usual one."""
    usual = Rhythm()
    begins, ends = given.get("quiet", "22:00-07:00").split("-")
    return Rhythm(
        morning=time.fromisoformat(given.get("morning", usual.morning.isoformat())),
        evening=time.fromisoformat(given.get("evening", usual.evening.isoformat())),
        quiet_from=time.fromisoformat(begins),
        quiet_until=time.fromisoformat(ends),
        days_off=frozenset(map(int, given.get("days_off", []))),
        mornings=given.get("mornings") != "no",
        evenings=given.get("evenings") != "no",
        gratitude_every=int(given.get("gratitude_every", 1)),
        roster=tuple((date.fromisoformat(on), shift) for on, shift in sorted(given.get("roster", {}).items())),
    )
