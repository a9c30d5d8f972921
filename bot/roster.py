"""Shifts: what a roster makes of a person's rhythm on a date. Pure.

The local day that begins at 04:00 belongs to the shift that begins in it, so the end of a night shift and the sleep
after it lie in the next day. Both touchpoints of a date stay inside that date:

- The morning comes after waking and before the shift: at 06:00 before a day shift, in the afternoon after a night.
- The evening comes when the shift is over. That of a night comes before it: at half past seven in the morning somebody
  wants their bed and no question, and the practice that it asks about would by then be yesterday's.
- Nothing is sent from the beginning of a night shift until they have slept, nor in the morning after a late one.
- "off", and a date without an entry, is an ordinary day; only the sleep of the night before reaches into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from functools import lru_cache

from bot.model import Participant, Rhythm, Shift

TURN = time(4)  # when the local day turns (design.md §4)
HOURS: Mapping[Shift | None, tuple[time, time]] = {
    "day": (time(7), time(15)),
    "late": (time(14), time(22)),
    "night": (time(22), time(7)),
}

# minutes
_A_DAY = 24 * 60
_SLEEP: Mapping[Shift | None, tuple[int, int]] = {  # in the day after a shift: [asleep, awake), after the turn
    "late": (-4 * 60, 4 * 60),  # midnight to 08:00
    "night": (4 * 60 + 30, 11 * 60 + 30),  # 08:30 to 15:30
}
_NO_SLEEP = -_A_DAY, 0
_NAP = 180  # less is no sleep: then the next shift wakes nobody
_UP_BEFORE = 90  # a shift, at the latest
_MORNING_BEFORE = 60
_EVENING_BEFORE = 90
_WINDING_DOWN = 120  # from the end of a late shift to sleep
_AFTER = 30  # waking later than on other days, or a shift
_APART = 240  # a morning that comes later than on other days, and the evening
_AWAKE = 300  # at least
_BEFORE_SLEEP = 60


def rhythm_on(person: Participant, on: date) -> Rhythm:
    """The times that hold for a person on a local date: their ordinary ones, or what their shifts make of them."""
    return rostered(person.rhythm, on)


def shift_on(person: Participant, on: date) -> Shift | None:
    """The shift that begins on a local date; None where the roster says nothing."""
    return dict(person.rhythm.roster).get(on)


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
    before, today = shifts.get(on - timedelta(days=1)), shifts.get(on)
    plain = replace(rhythm, roster=())
    if before not in _SLEEP and today not in HOURS:
        return plain
    up, later = _gets_up(plain, before, today)
    bed = _goes_to_bed(plain, today, up)
    morning = _morning(plain, today, up + _AFTER if later else up, bed)
    evening = _evening(plain, today, morning + _APART if later else up, bed)
    return replace(plain, quiet_until=_wall(up), quiet_from=_wall(bed), morning=_wall(morning), evening=_wall(evening))


def _gets_up(rhythm: Rhythm, before: Shift | None, today: Shift | None) -> tuple[int, bool]:
    """When they get up, in minutes after the turn of the day, and whether that is later than on other days."""
    ordinary = 0 if rhythm.quiet_from == rhythm.quiet_until else _after_turn(rhythm.quiet_until)
    ordinary = min(ordinary, _SLEEP["night"][1])
    asleep, awake = _SLEEP.get(before, _NO_SLEEP)
    up = max(ordinary, awake)
    if today in HOURS and (latest := _after_turn(HOURS[today][0]) - _UP_BEFORE) >= asleep + _NAP:
        up = min(up, latest)
    return up, up > ordinary


def _goes_to_bed(rhythm: Rhythm, today: Shift | None, up: int) -> int:
    """From when on nothing is sent: bedtime, or the beginning of a night shift."""
    if today == "night":
        return _after_turn(HOURS[today][0])
    bed = _after_turn(rhythm.quiet_from)
    if bed <= _after_turn(rhythm.quiet_until):  # never quiet, or not at the end of the day
        bed = _A_DAY
    if today == "late":
        bed = max(bed, _after_turn(HOURS[today][1]) + _WINDING_DOWN)
    return min(max(bed, up + _AWAKE), _A_DAY)


def _morning(rhythm: Rhythm, today: Shift | None, earliest: int, bed: int) -> int:
    """Their ordinary morning, as near as waking and the shift allow."""
    latest = bed - 1
    if today in HOURS and (before_it := _after_turn(HOURS[today][0]) - _MORNING_BEFORE) >= earliest:
        latest = before_it
    return min(max(_after_turn(rhythm.morning), earliest), latest)


def _evening(rhythm: Rhythm, today: Shift | None, earliest: int, bed: int) -> int:
    """Their ordinary evening, as near as the shift and bedtime allow."""
    evening = max(_after_turn(rhythm.evening), earliest)
    if today == "night":
        return min(evening, bed - _EVENING_BEFORE)
    if today in HOURS:
        evening = max(evening, _after_turn(HOURS[today][1]) + _AFTER)
    return evening if evening < bed else bed - _BEFORE_SLEEP


def _after_turn(at: time) -> int:
    return (at.hour * 60 + at.minute - TURN.hour * 60) % _A_DAY


def _wall(minutes: int) -> time:
    return time(*divmod((minutes + TURN.hour * 60) % _A_DAY, 60))
