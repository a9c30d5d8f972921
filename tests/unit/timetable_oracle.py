"""The slow oracle of bot/timetable.py: it watches a wall clock minute by minute and writes down what it sees.

It shares no code with the timetable and knows nothing of offsets, gaps or folds. Wall times are whole minutes. What
shifts make of a date it takes from bot/roster.py, whose own tests say what that must be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.model import Kind, Rhythm
from bot.roster import rostered

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
YEARS = (date(2005, 1, 1), date(2036, 12, 31))


class Seen(NamedTuple):
    """One minute: the instant (UTC), what the wall clock showed, and the day it belonged to."""

    at: datetime
    wall: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """What the timetable should say of a touchpoint, and whether the wall clock ever showed its time."""

    kind: Kind
    on: date
    at: datetime
    until: datetime
    shown: bool


@lru_cache(maxsize=32)
def minutes_of(tz: ZoneInfo, on: date, day: date) -> tuple[Seen, ...]:
    """Every minute of a date in UTC; `day` is the one that the minute before them belonged to."""
    at, seen = datetime(on.year, on.month, on.day, tzinfo=UTC), []
    for _ in range(24 * 60):
        wall = at.astimezone(tz).replace(tzinfo=None)
        if wall.hour >= 4 and wall.date() > day:
            day = wall.date()
        seen.append(Seen(at, wall, day))
        at += MINUTE
    return tuple(seen)


@lru_cache(maxsize=8)
def watched(tz: ZoneInfo, since: date, days: int) -> tuple[Seen, ...]:
    """Every minute of so many days from midnight UTC; a new day begins when the clock first shows 04:00 of its date.

    The watch starts a day earlier, so that the first day told is a known one.
    """
    begin = datetime(since.year, since.month, since.day, tzinfo=UTC) - DAY
    watch = minutes_of(tz, since - DAY, begin.astimezone(tz).date() - DAY)
    seen: list[Seen] = []
    for offset in range(days):
        watch = minutes_of(tz, since + offset * DAY, watch[-1].day)
        seen += watch
    return tuple(seen)


@lru_cache(maxsize=64)
def quiet_minutes(quiet_from: time, quiet_until: time) -> frozenset[tuple[int, int]]:
    """Hour and minute of every quiet minute, counted around the clock face."""
    quiet = set()
    hour, minute = quiet_from.hour, quiet_from.minute
    while (hour, minute) != (quiet_until.hour, quiet_until.minute):
        quiet.add((hour, minute))
        minute += 1
        if minute == 60:
            hour, minute = (hour + 1) % 24, 0
    return frozenset(quiet)


def quiet(rhythm: Rhythm, each: Seen) -> bool:
    """Whether this minute is in the quiet hours of its day."""
    here = rostered(rhythm, each.day)
    return (each.wall.hour, each.wall.minute) in quiet_minutes(here.quiet_from, here.quiet_until)


def first(seen: tuple[Seen, ...], after: datetime, rhythm: Rhythm, *, is_quiet: bool) -> datetime | None:
    """The first minute seen, from `after` on, that is quiet or is not; None if there was none."""
    return next((each.at for each in seen if each.at >= after and quiet(rhythm, each) is is_quiet), None)


def shows(seen: tuple[Seen, ...], on: date, at: time) -> tuple[datetime, bool]:
    """When the clock first shows this time of a local day or anything later, and whether it shows exactly that."""
    wanted = datetime.combine(on, at) + (DAY if at.hour < 4 else 0 * DAY)
    found = next(each for each in seen if each.wall >= wanted)
    return found.at, found.wall == wanted


def touchpoints(seen: tuple[Seen, ...], rhythm: Rhythm, on: date) -> list[Touchpoint]:
    """The touchpoints of a day that lies well inside what was seen."""
    if on.weekday() in rhythm.days_off or not any(each.day == on for each in seen):
        return []
    found, here = [], rostered(rhythm, on)
    if here.mornings:
        found.append(_touchpoint(seen, rhythm, Kind.MORNING, on, here.morning))
    if here.evenings:
        found.append(_touchpoint(seen, rhythm, Kind.EVENING, on, here.evening))
    if len(found) == 2 and (here.evening.hour - 4) % 24 * 60 + here.evening.minute < (
        (here.morning.hour - 4) % 24 * 60 + here.morning.minute
    ):
        found.reverse()
    return found


def _touchpoint(seen: tuple[Seen, ...], rhythm: Rhythm, kind: Kind, on: date, at: time) -> Touchpoint:
    begins, shown = shows(seen, on, at)
    minutes = 0
    for each in seen:
        if each.at < begins:
            continue
        too_late = minutes == 240 if kind is Kind.MORNING else each.day != on
        if too_late or quiet(rhythm, each):
            break
        minutes += 1
    return Touchpoint(kind, on, begins, begins + max(minutes, 1) * MINUTE, shown)


@lru_cache(maxsize=1024)
def eventful_dates(tz: ZoneInfo) -> tuple[date, ...]:
    """The dates around which the zone's clocks change."""

    def offsets() -> Iterator[tuple[date, timedelta | None]]:
        on = YEARS[0]
        while on < YEARS[1]:
            yield on, datetime(on.year, on.month, on.day, tzinfo=UTC).astimezone(tz).utcoffset()
            on += DAY

    days = list(offsets())
    return tuple(on for (on, before), (_, after) in pairwise(days) if before != after)
