"""When the rounds of meetings are. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from bot.cohorts.model import Cohort
from bot.timetable import instant, zone

A_WEEK = timedelta(days=7)


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
