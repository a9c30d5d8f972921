"""The timetable against the slow oracle: many zones, the years 2005 to 2036, most days near a clock change."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.model import Rhythm, Shift
from bot.roster import HOURS, Hours, is_workable, with_hours
from bot.timetable import (
    day_begins,
    fitted,
    instant,
    is_quiet,
    local_day,
    moments,
    moments_between,
    next_moment,
    quiet_begins,
    quiet_ends,
    zone,
)
from tests.unit import timetable_oracle as oracle

ZONES = (
    "UTC",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Baku",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Athens",
    "Europe/Madrid",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
DAY = timedelta(days=1)
APIA_SKIPS = date(2011, 12, 30)


def steady(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same examples in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


wall_times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 0, 0, 10, 30, 45, 59)))
night_times = st.builds(time, st.integers(0, 5), st.sampled_from((0, 15, 30, 59)))  # where most clocks change
times = wall_times | night_times
rhythms = st.builds(
    Rhythm,
    morning=times,
    evening=times,
    quiet_from=times,
    quiet_until=times,
    days_off=st.frozensets(st.integers(0, 6), max_size=2),
    mornings=st.sampled_from((True, True, True, False)),
    evenings=st.sampled_from((True, True, True, False)),
)
fitted_rhythms = rhythms.map(fitted)
SHIFTS: tuple[Shift | None, ...] = ("day", "late", "night", "night", "off", "long_day", "long_night", None)
rosters = st.lists(st.sampled_from(SHIFTS), min_size=1, max_size=6)
spans = st.tuples(times, times).filter(lambda span: is_workable(*span))
own_hours = st.dictionaries(st.sampled_from(sorted(HOURS)), spans, max_size=2)
other_zones = st.sampled_from(sorted(available_timezones() - {*ZONES, "Factory", "localtime"})).map(zone)


@st.composite
def days(draw: st.DrawFn, tz: ZoneInfo) -> date:
    """A date of these years; three of four lie within a day of a clock change, if the zone has any."""
    eventful = oracle.eventful_dates(tz)
    if not eventful or draw(st.integers(0, 3)) == 0:
        return draw(st.dates(*oracle.YEARS))
    return draw(st.sampled_from(eventful)) + draw(st.integers(-1, 1)) * DAY


def minutes_of(dates: st.SearchStrategy[date]) -> st.SearchStrategy[datetime]:
    """Any minute, in UTC, of these dates."""
    return st.builds(lambda on, at: datetime.combine(on, at, UTC), dates, times)


def check_days(tz: ZoneInfo, on: date) -> None:
    """Every minute of four days belongs to the day the oracle saw, and the days meet without gap or overlap."""
    seen = oracle.watched(tz, on - DAY, 4)
    for before, each in pairwise(seen):
        if each.day != before.day:
            assert local_day(before.at + timedelta(seconds=59, microseconds=999_999), tz) == before.day
            for begun in range((each.day - before.day).days):
                assert day_begins(each.day - begun * DAY, tz) == each.at
    for each in seen[::15]:
        assert local_day(each.at, tz) == each.day
        assert day_begins(each.day, tz) <= each.at < day_begins(each.day + DAY, tz)


def check_quiet_hours(tz: ZoneInfo, rhythm: Rhythm, now: datetime) -> None:
    """Quiet hours, their next beginning and their end are those the oracle sees."""
    seen = oracle.watched(tz, now.date(), 4)
    assert is_quiet(rhythm, tz, now) is oracle.quiet(rhythm, next(each for each in seen if each.at == now))
    assert quiet_ends(rhythm, tz, now) == oracle.first(seen, now, rhythm, is_quiet=False)
    assert quiet_begins(rhythm, tz, now) == oracle.first(seen, now, rhythm, is_quiet=True)


def check_touchpoints(tz: ZoneInfo, rhythm: Rhythm, on: date) -> None:
    """A day's touchpoints, their order and windows are those the oracle sees."""
    seen = oracle.watched(tz, on - DAY, 4)
    expected = [(each.kind, each.on, each.at, each.until) for each in oracle.touchpoints(seen, rhythm, on)]
    assert [(each.kind, each.on, each.at, each.until) for each in moments(rhythm, tz, on)] == expected


def check_what_comes_next(tz: ZoneInfo, rhythm: Rhythm, now: datetime) -> None:
    """From any minute on, the next touchpoints are those of the oracle's days, in order."""
    seen = oracle.watched(tz, now.date() - 2 * DAY, 7)
    until = now + 2 * DAY
    nearby = [now.date() + offset * DAY for offset in range(-1, 4)]
    all_of_them = [each for on in nearby for each in oracle.touchpoints(seen, rhythm, on)]
    expected = [(each.kind, each.on, each.at) for each in all_of_them if now < each.at <= until]
    found = list(moments_between(rhythm, tz, now, until))
    assert [(each.kind, each.on, each.at) for each in found] == expected
    following = next_moment(rhythm, tz, now)
    if expected:
        assert following == found[0]
    else:
        assert following is None or following.at > until


def check_silence(tz: ZoneInfo, rhythm: Rhythm, on: date) -> None:
    """No minute of a window is quiet; only a time that a gap swallowed may be left with its one minute."""
    for each in oracle.touchpoints(oracle.watched(tz, on - DAY, 4), rhythm, on):
        (moment,) = (found for found in moments(rhythm, tz, on) if found.kind is each.kind)
        minutes = int((moment.until - moment.at).total_seconds()) // 60
        window = [moment.at + minute * oracle.MINUTE for minute in range(minutes)]
        noisy = [at for at in window if is_quiet(rhythm, tz, at)]
        assert not noisy or (not each.shown and minutes == 1)


@pytest.mark.parametrize("name", ZONES)
@steady(12)
@given(st.data())
def test_every_minute_belongs_to_the_day_that_began_at_04_00(name: str, data: st.DataObject) -> None:
    check_days(zone(name), data.draw(days(zone(name))))


@pytest.mark.parametrize("name", ZONES)
@steady(10)
@given(st.data(), rhythms)
def test_quiet_hours_begin_and_end_when_the_wall_clock_says_so(name: str, data: st.DataObject, rhythm: Rhythm) -> None:
    check_quiet_hours(zone(name), rhythm, data.draw(minutes_of(days(zone(name)))))


@pytest.mark.parametrize("name", ZONES)
@steady(16)
@given(st.data(), rhythms)
def test_touchpoints_are_those_that_a_patient_clock_watcher_sees(
    name: str, data: st.DataObject, rhythm: Rhythm
) -> None:
    check_touchpoints(zone(name), rhythm, data.draw(days(zone(name))))


@pytest.mark.parametrize("name", ZONES)
@steady(8)
@given(st.data(), rhythms)
def test_what_comes_next_is_what_a_patient_clock_watcher_sees_next(
    name: str, data: st.DataObject, rhythm: Rhythm
) -> None:
    check_what_comes_next(zone(name), rhythm, data.draw(minutes_of(days(zone(name)))))


@pytest.mark.parametrize("name", ZONES)
@steady(16)
@given(st.data(), fitted_rhythms)
def test_no_touchpoint_falls_into_quiet_hours(name: str, data: st.DataObject, rhythm: Rhythm) -> None:
    check_silence(zone(name), rhythm, data.draw(days(zone(name))))


@steady(60)
@given(st.data(), other_zones, rhythms)
def test_all_of_it_holds_in_any_other_zone(data: st.DataObject, tz: ZoneInfo, rhythm: Rhythm) -> None:
    on = data.draw(days(tz))
    check_days(tz, on)
    check_touchpoints(tz, rhythm, on)
    check_silence(tz, fitted(rhythm), on)
    check_quiet_hours(tz, rhythm, data.draw(minutes_of(st.just(on))))


@steady(40)
@given(st.sampled_from((-1, 0, 1)), rhythms, times)
@example(0, Rhythm(), time(8))
def test_all_of_it_holds_around_the_date_that_apia_skipped(offset: int, rhythm: Rhythm, at: time) -> None:
    tz, on = zone("Pacific/Apia"), APIA_SKIPS + offset * DAY
    check_days(tz, on)
    check_touchpoints(tz, rhythm, on)
    now = datetime.combine(on, at, UTC)
    check_quiet_hours(tz, rhythm, now)
    check_what_comes_next(tz, rhythm, now)


def on_shifts(rhythm: Rhythm, since: date, shifts: Sequence[Shift | None]) -> Rhythm:
    """The rhythm of somebody who works these shifts from a date on."""
    known = ((since + days * DAY, shift) for days, shift in enumerate(shifts))
    return replace(rhythm, roster=tuple((on, shift) for on, shift in known if shift is not None))


@pytest.mark.parametrize("name", ZONES)
@steady(16)
@given(st.data(), fitted_rhythms, rosters, own_hours, st.integers(-4, 1))
def test_all_of_it_holds_on_shifts(
    name: str, data: st.DataObject, rhythm: Rhythm, shifts: Sequence[Shift | None], own: Hours, since: int
) -> None:
    tz = zone(name)
    on = data.draw(days(tz))
    working = on_shifts(with_hours(rhythm, own), on + since * DAY, shifts)
    check_touchpoints(tz, working, on)
    check_silence(tz, working, on)
    now = data.draw(minutes_of(st.just(on)))
    check_quiet_hours(tz, working, now)
    check_what_comes_next(tz, working, now)


@pytest.mark.parametrize("name", ZONES)
@steady(12)
@given(st.data(), times)
def test_an_instant_is_when_the_clock_first_shows_the_time_or_a_later_one(
    name: str, data: st.DataObject, at: time
) -> None:
    tz = zone(name)
    on = data.draw(days(tz))
    assert instant(on, at, tz) == oracle.shows(oracle.watched(tz, on - DAY, 4), on, at)[0]


@steady(300)
@given(rhythms)
def test_fitted_leaves_every_touchpoint_room_and_adds_no_quiet_minute(rhythm: Rhythm) -> None:
    result = fitted(rhythm)
    after = oracle.quiet_minutes(result.quiet_from, result.quiet_until)
    assert after <= oracle.quiet_minutes(rhythm.quiet_from, rhythm.quiet_until)
    assert not rhythm.mornings or (rhythm.morning.hour, rhythm.morning.minute) not in after
    assert not rhythm.evenings or (rhythm.evening.hour, rhythm.evening.minute) not in after
    assert fitted(result) == result
