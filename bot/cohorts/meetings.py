"""The frozen types of meetings: who meets whom in which round, and when the rounds are. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from bot.cohorts.model import Cohort
from bot.model import Participant
from bot.timetable import instant, zone

A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """Somebody's meeting in a round; `meeting` is the same for all who meet."""

    week: int
    meeting: str
    person: str


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody with whom one meets, as the store knows them."""

    person: Participant
    installation: str
    platform_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Meeting:
    """The latest meeting of somebody; `week` is the number of the round, `mates` the others who are still in it.

    `gathers`: all of them are where a platform can bring them together in one conversation.
    """

    id: str
    cohort: str
    week: int
    at: datetime
    mates: tuple[Companion, ...] = ()
    gathers: bool = False
    before: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # ids and names of partners, while it is asked


@dataclass(frozen=True, slots=True)
class Round:
    """A round of meetings: partners are told at `at`, which is UTC."""

    week: int
    at: datetime


def rounds(cohort: Cohort, weeks: int) -> Iterator[Round]:
    """The rounds of a cohort, in order: one a week of the course; where all walk at their own pace, without end."""
    if cohort.pairs is None or cohort.closed_on is not None:
        return
    first, tz = cohort.starts_on + timedelta(days=cohort.pairs.day - 1), zone(cohort.zone)
    for week in range(1, weeks + 1) if cohort.together else count(1):
        at = instant(first + (week - 1) * A_WEEK, cohort.pairs.at, tz)
        if cohort.pairs.since is None or cohort.pairs.since < at:
            yield Round(week, at)


def round_ahead(cohort: Cohort, now: datetime, weeks: int) -> Round | None:
    """The next round after `now`."""
    return next((one for one in rounds(cohort, weeks) if one.at > now), None)


def round_begun(cohort: Cohort, now: datetime, weeks: int) -> Round | None:
    """The latest round at or before `now`, while its week is not over."""
    latest = None
    for one in rounds(cohort, weeks):
        if one.at > now:
            break
        latest = one
    return latest if latest is not None and now < latest.at + A_WEEK else None
