"""Shifts: what a roster makes of a person's rhythm on a date. Pure.

The local day that begins at 04:00 belongs to the shift that begins in it, so the end of a night shift and the sleep
after it lie in the next day. Whatever the hours, both touchpoints of a date stay inside that date:

- The morning comes after waking and before the shift: at 06:00 before a day shift, in the afternoon after a night.
- The evening comes when the shift is over. That of a night comes before it: at half past seven in the morning somebody
  wants their bed and no question, and the practice that it asks about would by then be yesterday's. What makes a night
  is that nobody is in bed after it when the day turns.
- Nothing is sent from the beginning of a night shift until they have slept, nor in the morning after a late one.
- "off", and a date without an entry, is an ordinary day; only the sleep of the night before reaches into it. So is a
  shift that begins before they can have slept: nobody works that, and who enters it sleeps first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from bot.model import Participant, Rhythm, Shift
from bot.model.replacing import replace

Hours = Mapping[Shift, tuple[time, time]]

TURN = time(4)  # when the local day turns (design.md §4)
HOURS: Hours = {
    "day": (time(7), time(15)),
    "late": (time(14), time(22)),
    "night": (time(22), time(7)),
    "long_day": (time(7), time(19)),
    "long_night": (time(19), time(7)),
}

# minutes
_A_DAY = 24 * 60
_LENGTHS = range(3 * 60, 16 * 60 + 1)
_LATEST_BEGINNING, _LATEST_END = 21 * 60, 32 * 60  # 01:00, and noon, after the turn of the date
_REST = {False: (120, 8 * 60), True: (90, 7 * 60)}  # after a night or not: until they sleep, and how long
_NO_SLEEP = -_A_DAY, 0
_NAP = 180  # less is no sleep
_LATEST_WAKING = 11 * 60 + 30  # 15:30, on a day before which nobody worked
_UP_BEFORE = 90  # a shift, at the latest
_MORNING_BEFORE = {False: 60, True: 120}  # a night or not
_EVENING_BEFORE = 90
_BETWEEN = 30  # a morning and an evening, at least
_AFTER = 30  # waking later than on other days, or a shift
_APART = 240  # a morning that comes later than on other days, and the evening
_AWAKE = 300  # at least
_BEFORE_SLEEP = 60


@dataclass(frozen=True, slots=True)
class _Work:
    """A shift, in minutes after the turn of its date."""

    begins: int
    ends: int

    @property
    def is_night(self) -> bool:
        return self.ends + _REST[False][0] > _A_DAY

    @property
    def sleep(self) -> tuple[int, int]:
        """[asleep, awake), after the next turn."""
        after, length = _REST[self.is_night]
        asleep = self.ends + after - _A_DAY
        return asleep, asleep + length

    @property
    def latest_waking(self) -> int:
        return max(0, self.begins - _UP_BEFORE)


def rhythm_on(person: Participant, on: date) -> Rhythm:
    """The times that hold for a person on a local date: their ordinary ones, or what their shifts make of them."""
    return rostered(person.rhythm, on)


def shift_on(person: Participant, on: date) -> Shift | None:
    """The shift that begins on a local date; None where the roster says nothing."""
    return dict(person.rhythm.roster).get(on)


def is_night(person: Participant, on: date) -> bool:
    """Whether they work through the night that follows a local date."""
    work = _work(person.rhythm, shift_on(person, on))
    return work is not None and work.is_night


def hours(rhythm: Rhythm) -> Hours:
    """When each shift begins and ends: as they say, or as in most places."""
    return {**HOURS, **{shift: (begins, ends) for shift, begins, ends in rhythm.hours}}


def with_hours(rhythm: Rhythm, own: Hours) -> Rhythm:
    """The rhythm with these hours of their own, besides those that it has."""
    both = {**hours(rhythm), **own}
    return replace(rhythm, hours=tuple((shift, *span) for shift, span in both.items() if span != HOURS[shift]))


def is_workable(begins: time, ends: time) -> bool:
    """Whether a shift can have these hours: 3 to 16 of them, begun from 04:00 to 01:00 and over by noon."""
    work = _between(begins, ends)
    return work.begins <= _LATEST_BEGINNING and work.ends - work.begins in _LENGTHS and work.ends <= _LATEST_END


def rostered(rhythm: Rhythm, on: date) -> Rhythm:
    """As rhythm_on, of a rhythm; the result has no roster of its own, and on a date that shifts change it is fitted."""
    return _rostered(rhythm, on) if rhythm.roster else rhythm


def without_past(rhythm: Rhythm, today: date) -> Rhythm:
    """The rhythm without shifts that are over. Yesterday's stays: the sleep after it may be today's."""
    yesterday = today - timedelta(days=1)
    if not rhythm.roster or rhythm.roster[0][0] >= yesterday:
        return rhythm
    return replace(rhythm, roster=tuple(each for each in rhythm.roster if each[0] >= yesterday))


@lru_cache(maxsize=1 << 12)
def _rostered(rhythm: Rhythm, on: date) -> Rhythm:
    shifts = dict(rhythm.roster)
    before, today = (_work(rhythm, shifts.get(day)) for day in (on - timedelta(days=1), on))
    plain = replace(rhythm, roster=())
    asleep, awake = before.sleep if before else _NO_SLEEP
    if today and today.latest_waking < asleep + _NAP:
        today = None
    if awake <= 0 and not today:
        return plain
    ordinary = 0 if rhythm.quiet_from == rhythm.quiet_until else _after_turn(rhythm.quiet_until)
    ordinary = min(ordinary, _LATEST_WAKING)
    up = max(ordinary, awake)
    up = min(up, today.latest_waking) if today else up
    later = up > ordinary
    bed = _goes_to_bed(plain, today, up)
    morning = max(up, min(max(_after_turn(rhythm.morning), up + _AFTER * later), _latest_morning(today, bed)))
    evening = _evening(plain, today, morning, morning + _APART if later else up, bed)
    return replace(plain, quiet_until=_wall(up), quiet_from=_wall(bed), morning=_wall(morning), evening=_wall(evening))


def _work(rhythm: Rhythm, shift: Shift | None) -> _Work | None:
    if shift is None or shift not in HOURS:
        return None
    return _between(*hours(rhythm)[shift])


def _between(begins: time, ends: time) -> _Work:
    since = _after_turn(begins)
    return _Work(since, since + (_after_turn(ends) - since) % _A_DAY)


def _goes_to_bed(rhythm: Rhythm, today: _Work | None, up: int) -> int:
    """From when on nothing is sent: bedtime, or the beginning of a night shift."""
    if today and today.is_night:
        return today.begins
    bed = _after_turn(rhythm.quiet_from)
    if bed <= _after_turn(rhythm.quiet_until):  # never quiet, or not at the end of the day
        bed = _A_DAY
    if today:
        bed = max(bed, today.sleep[0] + _A_DAY)
    return max(bed, up + _AWAKE)


def _latest_morning(today: _Work | None, bed: int) -> int:
    return today.begins - _MORNING_BEFORE[today.is_night] if today else bed - 1


def _evening(rhythm: Rhythm, today: _Work | None, morning: int, earliest: int, bed: int) -> int:
    """Their ordinary evening, as near as the shift and bedtime allow."""
    evening = max(_after_turn(rhythm.evening), earliest)
    if today and today.is_night:
        return min(evening, max(bed - _EVENING_BEFORE, morning + _BETWEEN))
    if today:
        evening = max(evening, today.ends + _AFTER)
    return evening if evening < bed else bed - _BEFORE_SLEEP


def _after_turn(at: time) -> int:
    return (at.hour * 60 + at.minute - TURN.hour * 60) % _A_DAY


def _wall(minutes: int) -> time:
    return time(*divmod((minutes + TURN.hour * 60) % _A_DAY, 60))
