"""Shifts: what they make of a day, and that nobody is spoken to twice or in their sleep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.audience import slot_for
from bot.cohorts.broadcasts import Broadcast, Segment
from bot.engine import advance
from bot.model import Kind, Participant, Rhythm, Shift, Touched, WokeUp
from bot.roster import (
    HOURS,
    TURN,
    Hours,
    hours,
    is_night,
    is_workable,
    rhythm_on,
    rostered,
    shift_on,
    with_hours,
    without_past,
)
from bot.timetable import is_quiet, local_day, moments, zone
from tests.people import local, person, world

MONDAY = date(2026, 3, 23)  # the clocks of Madrid go forward in the night to the 29th
DAY = timedelta(days=1)
INITIALS: dict[str, Shift | None] = {"D": "day", "L": "late", "N": "night", "O": "off", ".": None}
INITIALS |= {"d": "long_day", "n": "long_night"}
NIGHTS = {"night": time(22), "long_night": time(19)}
USUAL = Rhythm()

times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
rhythms = st.builds(Rhythm, morning=times, evening=times, quiet_from=times, quiet_until=times)
rows = st.text("DLNNdnnO.", min_size=1, max_size=9)
spans = st.tuples(times, times).filter(lambda span: is_workable(*span))
own_hours = st.dictionaries(st.sampled_from(sorted(HOURS)), spans, max_size=5)


def working(row: str, rhythm: Rhythm = USUAL, since: date = MONDAY) -> Rhythm:
    """The rhythm with these shifts, a letter a day."""
    known = ((since + days * DAY, INITIALS[letter]) for days, letter in enumerate(row))
    return replace(rhythm, roster=tuple((on, shift) for on, shift in known if shift is not None))


def told(rhythm: Rhythm, on: date) -> str:
    """Morning, evening and quiet hours of a date."""
    here = rostered(rhythm, on)
    return f"{here.morning:%H:%M} {here.evening:%H:%M} quiet {here.quiet_from:%H:%M}-{here.quiet_until:%H:%M}"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("D", "06:00 20:00 quiet 22:00-05:30"),
        ("L", "08:00 22:30 quiet 00:00-07:00"),
        ("LL", "08:30 22:30 quiet 00:00-08:00"),
        ("LD", "06:00 20:00 quiet 22:00-05:30"),
        ("LO", "08:30 20:00 quiet 22:00-08:00"),
        ("N", "08:00 20:00 quiet 22:00-07:00"),
        ("NN", "16:00 20:00 quiet 22:00-15:30"),
        ("NO", "16:00 20:00 quiet 22:00-15:30"),
        ("N.", "16:00 20:00 quiet 22:00-15:30"),
        ("NL", "13:00 22:30 quiet 00:00-12:30"),
        ("ND", "16:00 20:00 quiet 22:00-15:30"),  # nobody works that; who enters it sleeps first
        ("O", "08:00 20:00 quiet 22:00-07:00"),
        ("D.", "08:00 20:00 quiet 22:00-07:00"),
        ("N.O", "08:00 20:00 quiet 22:00-07:00"),
        ("d", "06:00 20:00 quiet 22:00-05:30"),
        ("dd", "06:00 20:00 quiet 22:00-05:30"),
        ("d.", "08:00 20:00 quiet 22:00-07:00"),
        ("n", "08:00 17:30 quiet 19:00-07:00"),
        ("nn", "16:00 17:30 quiet 19:00-15:30"),
        ("nO", "16:00 20:00 quiet 22:00-15:30"),
        ("nN", "16:00 20:00 quiet 22:00-15:30"),
        ("Nn", "16:00 17:30 quiet 19:00-15:30"),
        ("dn", "08:00 17:30 quiet 19:00-07:00"),
        ("nd", "16:00 20:00 quiet 22:00-15:30"),
    ],
)
def test_a_shift_moves_the_morning_to_waking_and_the_evening_to_before_sleep(row: str, expected: str) -> None:
    assert told(working(row), MONDAY + (len(row) - 1) * DAY) == expected


@pytest.mark.parametrize(
    ("row", "begins", "ends", "expected"),
    [
        ("D", "06:00", "14:00", "05:00 20:00 quiet 22:00-04:30"),
        ("D", "04:30", "12:30", "04:00 20:00 quiet 22:00-04:00"),
        ("D", "10:00", "21:00", "08:00 21:30 quiet 23:00-07:00"),
        ("LL", "15:00", "23:30", "10:00 00:00 quiet 01:30-09:30"),
        ("LD", "15:00", "23:30", "06:00 20:00 quiet 22:00-05:30"),
        ("L", "18:00", "02:00", "08:00 02:30 quiet 04:00-07:00"),  # in bed when the day turns
        ("L", "18:00", "02:15", "08:00 16:30 quiet 18:00-07:00"),  # and not: a night, whatever it is called
        ("NN", "20:00", "08:00", "17:00 18:30 quiet 20:00-16:30"),
        ("NN", "00:00", "08:00", "17:00 21:00 quiet 00:00-16:30"),
        ("NN", "18:00", "08:00", "16:30 17:00 quiet 18:00-16:30"),  # no room for more
        ("NO", "18:00", "10:00", "19:00 23:00 quiet 23:30-18:30"),
        ("ND", "22:00", "09:00", "18:00 22:00 quiet 22:30-17:30"),
    ],
)
def test_hours_of_their_own_move_all_of_it(row: str, begins: str, ends: str, expected: str) -> None:
    span = time.fromisoformat(begins), time.fromisoformat(ends)
    here = with_hours(working(row), {shift: span for shift in [INITIALS[row[0]]] if shift})
    assert told(here, MONDAY + (len(row) - 1) * DAY) == expected


def test_only_hours_that_differ_are_kept() -> None:
    mine = with_hours(USUAL, {"day": (time(6), time(14)), "late": HOURS["late"]})
    assert mine.hours == (("day", time(6), time(14)),)
    assert hours(mine) == {**HOURS, "day": (time(6), time(14))}
    assert with_hours(mine, {"day": HOURS["day"]}) == USUAL


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("07:00", "09:59"),
        ("07:00", "07:00"),
        ("07:00", "23:01"),
        ("03:59", "12:00"),
        ("01:01", "08:00"),
        ("22:00", "12:01"),
    ],
)
def test_some_hours_no_shift_can_have(begins: str, ends: str) -> None:
    assert not is_workable(time.fromisoformat(begins), time.fromisoformat(ends))


@pytest.mark.parametrize("span", HOURS.values())
def test_the_usual_hours_are_such_as_a_shift_can_have(span: tuple[time, time]) -> None:
    assert is_workable(*span)


@pytest.mark.parametrize(
    ("row", "rhythm", "expected"),
    [
        ("D", Rhythm(morning=time(5, 15), quiet_until=time(5)), "05:15 20:00 quiet 22:00-05:00"),
        ("L", Rhythm(morning=time(11)), "11:00 22:30 quiet 00:00-07:00"),
        ("L", Rhythm(evening=time(23), quiet_from=time(0, 30)), "08:00 23:00 quiet 00:30-07:00"),
        ("N", Rhythm(evening=time(21, 30), quiet_from=time(23)), "08:00 20:30 quiet 22:00-07:00"),
        ("NO", Rhythm(evening=time(18)), "16:00 20:00 quiet 22:00-15:30"),
        ("NO", Rhythm(morning=time(17), evening=time(21, 30), quiet_from=time(23)), "17:00 21:30 quiet 23:00-15:30"),
        ("D", Rhythm(quiet_from=time(7)), "06:00 20:00 quiet 04:00-04:00"),
    ],
)
def test_what_somebody_chose_moves_no_farther_than_it_must(row: str, rhythm: Rhythm, expected: str) -> None:
    assert told(working(row, rhythm), MONDAY + (len(row) - 1) * DAY) == expected


def test_without_a_roster_nothing_is_computed() -> None:
    assert rostered(USUAL, MONDAY) is USUAL
    assert rhythm_on(Participant("ana"), MONDAY) is Participant("ana").rhythm


def test_the_shift_of_a_date_is_known_by_the_date() -> None:
    ana = Participant("ana", rhythm=working("N.L"))
    assert [shift_on(ana, MONDAY + days * DAY) for days in range(4)] == ["night", None, "late", None]
    assert [is_night(ana, MONDAY + days * DAY) for days in range(4)] == [True, False, False, False]


def minute(on: date, at: time) -> datetime:
    """A wall time of a local day, by a clock that never changes."""
    return datetime.combine(on + DAY if at < TURN else on, at)


def at_work(here: Rhythm, on: date) -> tuple[datetime, datetime] | None:
    """When the shift of a date begins and ends."""
    shift = dict(here.roster).get(on)
    if shift is None or shift == "off":
        return None
    begins, ends = hours(here)[shift]
    since, until = minute(on, begins), minute(on, ends)
    return since, until if until > since else until + DAY


def through_the_night(until: datetime, on: date) -> bool:
    """Whether nobody can be in bed after a shift when the day turns."""
    return until + timedelta(hours=2) > minute(on + DAY, TURN)


def in_bed(here: Rhythm, on: date) -> tuple[datetime, datetime] | None:
    """The sleep after the shift of a date, as long as it is not cut short by the next."""
    if (work := at_work(here, on)) is None:
        return None
    night = through_the_night(work[1], on)
    asleep = work[1] + timedelta(minutes=90 if night else 120)
    return asleep, asleep + timedelta(hours=7 if night else 8)


def rested(here: Rhythm, on: date) -> bool:
    """Whether somebody can have slept for three hours before the shift of a date."""
    sleep, work = in_bed(here, on - DAY), at_work(here, on)
    if sleep is None or work is None:
        return True
    return max(work[0] - timedelta(minutes=90), minute(on, TURN)) >= sleep[0] + timedelta(hours=3)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(rhythms, rows, own_hours)
def test_whatever_the_hours_the_rules_hold(rhythm: Rhythm, row: str, own: Hours) -> None:
    tz = zone("UTC")
    here = working(row, with_hours(rhythm, own))
    for on in (MONDAY + days * DAY for days in range(-1, len(row) + 2)):
        there = rostered(here, on)
        morning, evening = minute(on, there.morning), minute(on, there.evening)
        for each in moments(here, tz, on) if there != replace(here, roster=()) else ():
            assert local_day(each.at, tz) == on
            assert not is_quiet(here, tz, each.at)
        work, sleep = at_work(here, on), in_bed(here, on - DAY)
        if work and rested(here, on):
            assert morning <= work[0]
            if through_the_night(work[1], on):
                assert evening < work[0]
                assert morning <= evening or minute(on, rhythm.morning) > minute(on, rhythm.evening)
                assert is_silent(here, work[0], minute(on + DAY, TURN))
            else:
                assert evening > work[1]
        if sleep and sleep[1] > minute(on, TURN):
            up = sleep[1]
            if work and rested(here, on):
                up = min(up, max(work[0] - timedelta(minutes=90), minute(on, TURN)))
            assert is_silent(here, minute(on, TURN), up)
            assert morning >= up


def is_silent(here: Rhythm, since: datetime, until: datetime) -> bool:
    """Whether every quarter of an hour of this is quiet, and the last minute."""
    quarters = (since + step * timedelta(minutes=15) for step in range(96))
    asked = [*(at for at in quarters if at < until), *([until - timedelta(minutes=1)] if since < until else [])]
    return all(is_quiet(here, zone("UTC"), at.replace(tzinfo=UTC)) for at in asked)


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(rhythms, rows)
def test_on_every_shift_both_touchpoints_are_in_waking_hours_of_their_own_date(rhythm: Rhythm, row: str) -> None:
    tz = zone("Europe/Madrid")
    here = working(row, rhythm)
    for days in range(-1, len(row) + 2):
        on = MONDAY + days * DAY
        if (there := rostered(here, on)) == rhythm:
            continue
        assert there.roster == ()
        for moment in moments(here, tz, on):
            assert local_day(moment.at, tz) == on
            assert not is_quiet(here, tz, moment.at)


def test_shifts_that_are_over_are_forgotten_but_for_the_one_to_be_slept_off() -> None:
    here = working("NNNO")
    assert without_past(here, MONDAY) is here
    assert without_past(here, MONDAY + DAY) is here
    assert without_past(here, MONDAY + 2 * DAY).roster == here.roster[1:]
    assert without_past(here, MONDAY + 9 * DAY).roster == ()
    assert without_past(USUAL, MONDAY) is USUAL


class Life:
    """Somebody for whom every alarm rings on time, and whose shifts change when they say so."""

    def __init__(self, row: str) -> None:
        self.now = local(f"{MONDAY}T04:30", "Europe/Madrid")
        given = {"week": "3", "zone": "Europe/Madrid"}
        self.ana = replace(person(given, self.now), rhythm=working(row, since=MONDAY - DAY))
        self.said: list[tuple[datetime, Kind, date, Rhythm]] = []

    def wake(self) -> datetime | None:
        turn = advance(self.ana, WokeUp(), world(self.now))
        said = [event for event in turn.events if isinstance(event, Touched) and not event.missed]
        self.said += [(self.now, event.kind, event.on, self.ana.rhythm) for event in said]
        self.ana = replace(turn.participant, heard=self.now)  # nobody is asked whether they are still there
        return turn.wake_at

    def live(self, until: datetime) -> None:
        while (alarm := self.wake()) is not None and alarm <= until:
            self.now = max(alarm, self.now)
        self.now = until


def asleep_or_at_night_work(rhythm: Rhythm, at: datetime) -> bool:
    """By the wall clock alone: in a night shift, or in the sleep after one."""
    wall, shifts = at.astimezone(zone("Europe/Madrid")), dict(rhythm.roster)
    before, today = shifts.get(wall.date() - DAY), shifts.get(wall.date())
    until = time(12, 30) if today == "late" else time(15, 30)
    works = (today in NIGHTS and wall.time() >= NIGHTS[today]) or (before in NIGHTS and wall.time() < time(7))
    return works or (before in NIGHTS and time(8, 30) <= wall.time() < until)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(rows, st.lists(st.tuples(st.integers(1, 7 * 96), rows), max_size=4))
def test_shifts_that_change_at_any_hour_never_speak_twice_or_into_their_sleep(
    row: str, changes: Sequence[tuple[int, str]]
) -> None:
    life = Life(row)
    begun = life.now
    for quarters, other in sorted(changes):
        life.live(begun + quarters * timedelta(minutes=15))
        today = local_day(life.now, zone("Europe/Madrid"))
        past = tuple(each for each in life.ana.roster if each[0] < today)
        ahead = working(other, since=today).roster
        life.ana = replace(life.ana, rhythm=replace(life.ana.rhythm, roster=(*past, *ahead)))
    life.live(begun + timedelta(days=9))
    touched = [(kind, on) for _, kind, on, _ in life.said]
    assert len(touched) == len(set(touched))
    for at, _, on, rhythm in life.said:
        assert local_day(at, zone("Europe/Madrid")) == on
        assert not asleep_or_at_night_work(rhythm, at)


@pytest.mark.parametrize("row", ["NNNNNNNNNN", "DDDDDDDDDD", "LLLLLLLLLL", "DLNODLNODL", "OOOOOOOOOO", "LDLDLDLDLD",
                                 "dddddddddd", "nnnnnnnnnn", "ddnnOOddnn"])  # fmt: skip
def test_whatever_the_shifts_every_date_has_its_morning_and_its_evening(row: str) -> None:
    life = Life(row)
    life.live(life.now + timedelta(days=8))
    touched = {(kind, on) for _, kind, on, _ in life.said}
    expected = {(kind, MONDAY + days * DAY) for kind in (Kind.MORNING, Kind.EVENING) for days in range(8)}
    assert touched == expected


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("2026-03-24T09:00", "2026-03-24T15:30"),
        ("2026-03-24T22:30", "2026-03-25T15:30"),
        ("2026-03-24T18:00", "2026-03-24T18:00"),
        ("2026-03-25T23:00", "2026-03-26T07:00"),
    ],
)
def test_a_broadcast_waits_until_a_night_is_worked_and_slept_off(sent: str, arrives: str) -> None:
    now = local(sent, "Europe/Madrid")
    ana = replace(person({"week": "3", "zone": "Europe/Madrid"}, now), rhythm=working("NN"))
    broadcast = Broadcast("b", ("ward",), "Hello", Segment(), "agnes", now)
    assert slot_for(ana, broadcast, now, ()).due == local(arrives, "Europe/Madrid")


ON_THE_PAGE = (
    *(("day,", "D"), ("late,", "L"), ("night,", "NN"), ("off, the day after a late", "LO"), ("off,", "NO")),
    *(("long day,", "d"), ("long night,", "nn")),
)


@pytest.mark.parametrize(("line", "row"), ON_THE_PAGE)
def test_the_page_for_teams_says_these_times(line: str, row: str) -> None:
    page = Path("docs/facilitators.md").read_text(encoding="utf-8").splitlines()
    (told,) = (each for each in page if each.startswith(f"| {line}") and (line != "off," or "night" in each))
    here, after = (rostered(working(row), MONDAY + days * DAY) for days in (len(row) - 1, len(row)))
    silence = after.quiet_until if row in ("L", "NN", "nn") else here.quiet_until
    for at in (here.morning, here.evening, silence):
        assert f"{at:%H:%M}" in told
