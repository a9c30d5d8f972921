"""Takes the pulse of a cohort: at the first look after a week is over, under the cohort's lock, and once for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.access import allowed
from bot.cohorts.model import Act, Cohort, Desk, Overview
from bot.cohorts.ports import Cohorts
from bot.cohorts.pulse import last_week, pulse, seen
from bot.conversations.words import command_in, plain
from bot.labels import in_short
from bot.model import ChoiceMade, Input, MessageReceived, Participant
from bot.timetable import local_day, zone

SIX_DAYS = timedelta(days=6)


def readable(desk: Desk) -> list[Overview]:
    """The cohorts whose figures they may see."""
    return allowed(desk, Act.PULSE)


def wanted(person: Participant, given: Input, desk: Desk) -> str | None:
    """The cohort whose figures this turn may show: the only one, or the one that is tapped or named."""
    begins = isinstance(given, MessageReceived) and command_in(given.text) == "pulse"
    if not begins and not any(run.conversation == "pulse" for run in person.runs):
        return None
    names = {overview.cohort.id: plain(overview.cohort.name) for overview in readable(desk)}
    if len(names) == 1:
        return next(iter(names))
    if isinstance(given, ChoiceMade):
        return given.choice if given.choice in names else None
    words = in_short(given)
    return next((id_ for id_, name in names.items() if words and name == words), None)


async def with_pulse(cohorts: Cohorts, desk: Desk, cohort: str, now: datetime) -> Desk:
    """The desk with this cohort's latest figures."""
    fresh = [await _taken(cohorts, one, now) if one.cohort.id == cohort else one.cohort for one in desk.cohorts]
    return replace(desk, cohorts=tuple(replace(one, cohort=new) for one, new in zip(desk.cohorts, fresh, strict=True)))


async def _taken(cohorts: Cohorts, overview: Overview, now: datetime) -> Cohort:
    cohort = overview.cohort
    if _due(cohort, now) is None:
        return cohort
    known = (await cohorts.load([cohort.id]))[cohort.id]
    week = _due(known.cohort, now)  # somebody else may have looked meanwhile
    if week is None:
        return known.cohort
    tz = zone(cohort.zone)
    walkers = await cohorts.walkers(cohort.id, week, week + SIX_DAYS)
    there = [seen(one.person, local_day(one.joined_at, tz), one.entries, week) for one in walkers]
    counted, shown = pulse(known.cohort.counted, week, there)
    taken = replace(known.cohort, counted=counted, pulse=shown)
    await cohorts.save(replace(known, cohort=taken))
    return taken


def _due(cohort: Cohort, now: datetime) -> date | None:
    """The finished week that was not counted yet."""
    week = last_week(cohort.starts_on, now, zone(cohort.zone))
    return week if week and (cohort.pulse is None or cohort.pulse.week < week) else None
