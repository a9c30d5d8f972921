"""Shifts: what they make of a day, and that nobody is spoken to twice or in their sleep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.audience import slot_for
from bot.cohorts.broadcasts import Broadcast, Segment
from bot.engine import advance
from bot.model import Kind, Participant, Rhythm, Shift, Touched, WokeUp
from bot.roster import rhythm_on, rostered, shift_on, without_past
from bot.timetable import is_quiet, local_day, moments, zone
from tests.people import local, person, world

MONDAY = date(2026, 3, 23)  # the clocks of Madrid go forward in the night to the 29th
DAY = timedelta(days=1)
INITIALS: dict[str, Shift | None] = {"D": "day", "L": "late", "N": "night", "O": "off", ".": None}
USUAL = Rhythm()

times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
rhythms = st.builds(Rhythm, morning=times, evening=times, quiet_from=times, quiet_until=times)
rows = st.text("DLNNO.", min_size=1, max_size=9)


def working(row: str, rhythm: Rhythm = USUAL, since: date = MONDAY) -> Rhythm:
    """The rhythm with these shifts, a letter a day."""
    known = ((since + days * DAY, INITIALS[letter]) for days, letter in enumerate(row))
    return replace(rhythm, roster=tuple((on, shift) for on, shift in known if shift is not None))


def hours(rhythm: Rhythm, on: date) -> str:
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
    ],
)
def test_a_shift_moves_the_morning_to_waking_and_the_evening_to_before_sleep(row: str, expected: str) -> None:
    assert hours(working(row), MONDAY + (len(row) - 1) * DAY) == expected


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
    assert hours(working(row, rhythm), MONDAY + (len(row) - 1) * DAY) == expected


def test_without_a_roster_nothing_is_computed() -> None:
    assert rostered(USUAL, MONDAY) is USUAL
    assert rhythm_on(Participant("ana"), MONDAY) is Participant("ana").rhythm


def test_the_shift_of_a_date_is_known_by_the_date() -> None:
    ana = Participant("ana", rhythm=working("N.L"))
    assert [shift_on(ana, MONDAY + days * DAY) for days in range(4)] == ["night", None, "late", None]


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(rhythms, rows)
def test_on_every_shift_both_touchpoints_are_in_waking_hours_of_their_own_date(rhythm: Rhythm, row: str) -> None:
    tz = zone("Europe/Madrid")
    here = working(row, rhythm)
    for days in range(-1, len(row) + 2):
        on = MONDAY + days * DAY
        if (told := rostered(here, on)) == rhythm:
            continue
        assert told.roster == ()
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
    at_work = (today == "night" and wall.time() >= time(22)) or (before == "night" and wall.time() < time(7))
    return at_work or (before == "night" and time(8, 30) <= wall.time() < until)


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


@pytest.mark.parametrize("row", ["NNNNNNNNNN", "DDDDDDDDDD", "LLLLLLLLLL", "DLNODLNODL", "OOOOOOOOOO", "LDLDLDLDLD"])
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


ON_THE_PAGE = (("day,", "D"), ("late,", "L"), ("night,", "NN"), ("off, the day after a late", "LO"), ("off,", "NO"))


@pytest.mark.parametrize(("line", "row"), ON_THE_PAGE)
def test_the_page_for_teams_says_these_times(line: str, row: str) -> None:
    page = Path("docs/facilitators.md").read_text(encoding="utf-8").splitlines()
    (told,) = (each for each in page if each.startswith(f"| {line}") and (line != "off," or "night" in each))
    here, after = (rostered(working(row), MONDAY + days * DAY) for days in (len(row) - 1, len(row)))
    silence = after.quiet_until if row in ("L", "NN") else here.quiet_until
    for at in (here.morning, here.evening, silence):
        assert f"{at:%H:%M}" in told
