"""The rules of time, one readable example each; test_timetable_oracle.py holds them over many zones and years."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from bot.model import Kind, Rhythm
from bot.timetable import (
    Moment,
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

MADRID = zone("Europe/Madrid")
APIA = zone("Pacific/Apia")
FORWARD = date(2026, 3, 29)  # in Madrid 02:00 becomes 03:00
BACK = date(2026, 10, 25)  # in Madrid 03:00 becomes 02:00
MONDAY = date(2026, 3, 2)
USUAL = Rhythm()
NIGHT_SHIFT = Rhythm(morning=time(18), evening=time(9), quiet_from=time(10), quiet_until=time(17))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(kind: Kind, rhythm: Rhythm, tz: ZoneInfo, on: date) -> Moment:
    (moment,) = (each for each in moments(rhythm, tz, on) if each.kind is kind)
    return moment


# ---------------------------------------------------------------- zones and wall times


def test_no_zone_is_utc_and_an_unknown_one_is_an_error() -> None:
    assert zone(None) is zone("UTC")
    with pytest.raises(ZoneInfoNotFoundError):
        zone("Europe/Atlantis")


def test_a_wall_time_follows_the_clock_change() -> None:
    assert instant(date(2026, 3, 28), time(8), MADRID) == utc("2026-03-28T07:00")
    assert instant(FORWARD, time(8), MADRID) == utc("2026-03-29T06:00")
    assert instant(BACK, time(8), MADRID) == utc("2026-10-25T07:00")


def test_a_wall_time_before_04_00_lies_on_the_next_date() -> None:
    assert instant(MONDAY, time(3, 59), MADRID) == utc("2026-03-03T02:59")
    assert instant(MONDAY, time(4), MADRID) == utc("2026-03-02T03:00")


@pytest.mark.parametrize("at", [time(2), time(2, 30), time(2, 59, 59, 999_999), time(3)])
def test_a_wall_time_that_spring_skips_is_the_first_instant_after_the_gap(at: time) -> None:
    assert instant(date(2026, 3, 28), at, MADRID) == utc("2026-03-29T01:00")


def test_half_an_hour_is_a_gap_too() -> None:
    assert instant(date(2026, 10, 3), time(2, 15), zone("Australia/Lord_Howe")) == utc("2026-10-03T15:30")


def test_a_gap_at_midnight_is_closed_like_any_other() -> None:
    assert instant(date(2026, 9, 5), time(0, 30), zone("America/Santiago")) == utc("2026-09-06T04:00")


@pytest.mark.parametrize("at", [time(2, 30), time(2, 45, fold=1)])
def test_a_wall_time_that_autumn_repeats_is_the_first_of_the_two(at: time) -> None:
    assert instant(date(2026, 10, 24), at, MADRID) == utc("2026-10-25T00:00") + timedelta(minutes=at.minute)


# ---------------------------------------------------------------- the day that turns at 04:00


def test_the_day_turns_at_04_00_and_not_at_midnight() -> None:
    assert local_day(utc("2026-03-03T02:59:59"), MADRID) == MONDAY
    assert local_day(utc("2026-03-03T03:00"), MADRID) == date(2026, 3, 3)
    assert day_begins(date(2026, 3, 3), MADRID) == utc("2026-03-03T03:00")


def test_clock_changes_make_a_day_of_23_and_one_of_25_hours() -> None:
    def length(on: date) -> timedelta:
        return day_begins(on + timedelta(days=1), MADRID) - day_begins(on, MADRID)

    assert length(date(2026, 3, 28)) == timedelta(hours=23)
    assert length(date(2026, 10, 24)) == timedelta(hours=25)


def test_a_04_00_that_occurs_twice_turns_the_day_once() -> None:
    baku = zone("Asia/Baku")  # here the clock goes back from 05:00 to 04:00
    assert day_begins(date(2015, 10, 25), baku) == utc("2015-10-24T23:00")


def test_a_clock_that_goes_back_over_04_00_does_not_bring_yesterday_back() -> None:
    kwajalein = zone("Pacific/Kwajalein")  # here 30 September 1969 began again at 01:00
    assert local_day(utc("1969-09-30T13:30"), kwajalein) == date(1969, 9, 30)


def test_where_04_00_is_skipped_the_day_begins_after_the_gap() -> None:
    casey = zone("Antarctica/Casey")  # here 04:00 became 07:00
    assert day_begins(date(2018, 10, 7), casey) == utc("2018-10-06T20:00")
    assert local_day(utc("2018-10-06T19:59"), casey) == date(2018, 10, 6)


def test_the_date_that_apia_skipped_is_an_empty_day() -> None:
    assert day_begins(date(2011, 12, 29), APIA) == utc("2011-12-29T14:00")
    assert day_begins(date(2011, 12, 30), APIA) == day_begins(date(2011, 12, 31), APIA) == utc("2011-12-30T14:00")
    assert moments(USUAL, APIA, date(2011, 12, 30)) == ()
    days = [each.on.day for each in moments_between(USUAL, APIA, utc("2011-12-29T14:00"), utc("2011-12-31T14:00"))]
    assert days == [29, 29, 31, 31]


def test_the_night_after_the_skipped_date_still_belongs_to_the_day_before_it() -> None:
    new_years_eve_at_01 = utc("2011-12-30T11:00")
    assert new_years_eve_at_01.astimezone(APIA).day == 31
    assert local_day(new_years_eve_at_01, APIA) == date(2011, 12, 29)


def test_who_flies_over_the_date_line_lives_a_date_twice_or_not_at_all() -> None:
    auckland, honolulu = zone("Pacific/Auckland"), zone("Pacific/Honolulu")
    landed = utc("2026-03-02T20:00")
    assert local_day(landed, auckland) == date(2026, 3, 3)
    assert local_day(landed, honolulu) == date(2026, 3, 2)
    again = next_moment(USUAL, honolulu, instant(date(2026, 3, 3), time(8), auckland))
    assert again is not None
    assert (again.kind, again.on) == (Kind.EVENING, date(2026, 3, 2))  # lived in Auckland already: the engine knows


# ---------------------------------------------------------------- quiet hours


def test_quiet_hours_cross_midnight() -> None:
    at_21_59, at_22, at_06_59, at_07 = (
        utc(text) for text in ("2026-03-02T20:59", "2026-03-02T21:00", "2026-03-03T05:59", "2026-03-03T06:00")
    )
    assert [is_quiet(USUAL, MADRID, now) for now in (at_21_59, at_22, at_06_59, at_07)] == [False, True, True, False]
    assert quiet_begins(USUAL, MADRID, at_21_59) == at_22
    assert quiet_ends(USUAL, MADRID, at_22) == quiet_ends(USUAL, MADRID, at_06_59) == at_07


def test_quiet_hours_may_lie_within_a_day() -> None:
    assert is_quiet(NIGHT_SHIFT, MADRID, utc("2026-03-02T12:00"))
    assert quiet_ends(NIGHT_SHIFT, MADRID, utc("2026-03-02T12:00")) == utc("2026-03-02T16:00")
    assert not is_quiet(NIGHT_SHIFT, MADRID, utc("2026-03-02T23:00"))


def test_outside_quiet_hours_they_have_ended_now_and_inside_they_begin_now() -> None:
    noon, midnight = utc("2026-03-02T12:00"), utc("2026-03-02T23:00")
    assert quiet_ends(USUAL, MADRID, noon) == noon
    assert quiet_begins(USUAL, MADRID, midnight) == midnight


def test_equal_edges_are_no_quiet_hours() -> None:
    never = Rhythm(quiet_from=time(7), quiet_until=time(7))
    now = utc("2026-03-02T06:00")
    assert not is_quiet(never, MADRID, now)
    assert quiet_begins(never, MADRID, now) is None
    assert quiet_ends(never, MADRID, now) == now


def test_a_quiet_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    assert quiet_ends(USUAL, MADRID, utc("2026-03-28T21:00")) == utc("2026-03-29T05:00")
    assert quiet_ends(USUAL, MADRID, utc("2026-10-24T20:00")) == utc("2026-10-25T06:00")


def test_quiet_hours_that_a_gap_swallows_do_not_begin_that_night() -> None:
    short = Rhythm(quiet_from=time(2, 15), quiet_until=time(2, 45))
    assert quiet_begins(short, MADRID, utc("2026-03-29T00:00")) == utc("2026-03-30T00:15")


def test_quiet_hours_in_an_hour_that_comes_twice_come_twice() -> None:
    short = Rhythm(quiet_from=time(2, 15), quiet_until=time(2, 45))
    assert quiet_ends(short, MADRID, utc("2026-10-25T00:15")) == utc("2026-10-25T00:45")
    assert quiet_begins(short, MADRID, utc("2026-10-25T00:45")) == utc("2026-10-25T01:15")


# ---------------------------------------------------------------- a touchpoint chosen inside quiet hours


@pytest.mark.parametrize(
    ("chosen", "quiet"),
    [
        pytest.param(Rhythm(morning=time(6)), (time(22), time(6)), id="an early morning ends them"),
        pytest.param(Rhythm(evening=time(22, 30)), (time(23, 30), time(7)), id="a late evening begins them later"),
        pytest.param(Rhythm(evening=time(22)), (time(23), time(7)), id="their first minute is inside"),
        pytest.param(Rhythm(morning=time(7)), (time(22), time(7)), id="their end is outside"),
        pytest.param(Rhythm(morning=time(23)), (time(0), time(7)), id="the nearer edge moves, whatever the kind"),
        pytest.param(Rhythm(morning=time(6), evening=time(23)), (time(0), time(6)), id="both edges"),
        pytest.param(Rhythm(morning=time(6), mornings=False), (time(22), time(7)), id="switched off moves nothing"),
    ],
)
def test_a_touchpoint_inside_quiet_hours_moves_their_nearer_edge(chosen: Rhythm, quiet: tuple[time, time]) -> None:
    result = fitted(chosen)
    assert (result.quiet_from, result.quiet_until) == quiet


def test_a_touchpoint_early_in_short_quiet_hours_ends_them_altogether() -> None:
    result = fitted(Rhythm(evening=time(22, 10), quiet_from=time(22), quiet_until=time(22, 30)))
    assert result.quiet_from == result.quiet_until


def test_a_fitted_late_evening_has_an_hour() -> None:
    evening = only(Kind.EVENING, fitted(Rhythm(evening=time(22, 30))), MADRID, MONDAY)
    assert evening.until - evening.at == timedelta(hours=1)


# ---------------------------------------------------------------- touchpoints


def test_a_usual_day_has_a_morning_of_four_hours_and_an_evening_until_quiet() -> None:
    assert moments(USUAL, MADRID, MONDAY) == (
        Moment(Kind.MORNING, MONDAY, utc("2026-03-02T07:00"), utc("2026-03-02T11:00")),
        Moment(Kind.EVENING, MONDAY, utc("2026-03-02T19:00"), utc("2026-03-02T21:00")),
    )


def test_a_morning_ends_where_quiet_begins() -> None:
    siesta = Rhythm(morning=time(11), quiet_from=time(13), quiet_until=time(17))
    assert only(Kind.MORNING, siesta, MADRID, MONDAY).until == utc("2026-03-02T12:00")


def test_without_quiet_hours_an_evening_lasts_until_the_day_turns() -> None:
    never = Rhythm(quiet_from=time(0), quiet_until=time(0))
    assert only(Kind.EVENING, never, MADRID, MONDAY).until == utc("2026-03-03T03:00")


def test_an_evening_that_a_gap_pushes_into_quiet_hours_keeps_one_minute() -> None:
    owl = Rhythm(evening=time(2, 30), quiet_from=time(3), quiet_until=time(11))
    evening = only(Kind.EVENING, owl, MADRID, date(2026, 3, 28))
    assert (evening.at, evening.until) == (utc("2026-03-29T01:00"), utc("2026-03-29T01:01"))


def test_a_night_worker_has_the_evening_before_the_morning() -> None:
    evening, morning = moments(NIGHT_SHIFT, MADRID, MONDAY)
    assert (evening.kind, evening.at, evening.until) == (
        Kind.EVENING,
        utc("2026-03-02T08:00"),
        utc("2026-03-02T09:00"),
    )
    assert (morning.kind, morning.at) == (Kind.MORNING, utc("2026-03-02T17:00"))


def test_an_evening_after_midnight_belongs_to_the_day_before() -> None:
    owl = Rhythm(morning=time(11), evening=time(1), quiet_from=time(3), quiet_until=time(10))
    morning, evening = moments(owl, MADRID, MONDAY)
    assert (morning.at, evening.at) == (utc("2026-03-02T10:00"), utc("2026-03-03T00:00"))
    assert evening.on == MONDAY == local_day(evening.at, MADRID)


def test_a_day_off_is_silent_and_what_comes_next_is_the_day_after() -> None:
    rhythm = Rhythm(days_off=frozenset({0}))
    assert moments(rhythm, MADRID, MONDAY) == ()
    following = next_moment(rhythm, MADRID, utc("2026-03-02T05:00"))
    assert following == only(Kind.MORNING, rhythm, MADRID, date(2026, 3, 3))


def test_only_what_is_switched_on_comes_up() -> None:
    assert [each.kind for each in moments(Rhythm(mornings=False), MADRID, MONDAY)] == [Kind.EVENING]
    assert [each.kind for each in moments(Rhythm(evenings=False), MADRID, MONDAY)] == [Kind.MORNING]


@pytest.mark.parametrize(
    "rhythm", [Rhythm(mornings=False, evenings=False), Rhythm(days_off=frozenset(range(7)))], ids=["off", "no days"]
)
def test_who_wants_nothing_is_never_woken(rhythm: Rhythm) -> None:
    assert next_moment(rhythm, MADRID, utc("2026-03-02T05:00")) is None
    assert list(moments_between(rhythm, MADRID, utc("2026-03-02T05:00"), utc("2027-03-02T05:00"))) == []


def test_one_day_a_week_is_found_even_where_the_zone_skipped_it() -> None:
    fridays = Rhythm(days_off=frozenset({0, 1, 2, 3, 5, 6}))
    following = next_moment(fridays, APIA, utc("2011-12-24T12:00"))
    assert following is not None
    assert following.on == date(2012, 1, 6)


def test_the_next_touchpoint_is_strictly_after() -> None:
    morning, evening = moments(USUAL, MADRID, MONDAY)
    assert next_moment(USUAL, MADRID, morning.at - timedelta(microseconds=1)) == morning
    assert next_moment(USUAL, MADRID, morning.at) == evening


def test_between_two_instants_the_first_is_out_and_the_last_is_in() -> None:
    morning, evening = moments(USUAL, MADRID, MONDAY)
    assert list(moments_between(USUAL, MADRID, morning.at, evening.at)) == [evening]


def test_eight_weeks_have_56_mornings_and_56_evenings_at_the_right_local_minute() -> None:
    begin, end = day_begins(MONDAY, MADRID), day_begins(MONDAY + timedelta(days=56), MADRID)
    found = list(moments_between(USUAL, MADRID, begin, end))
    local = [(each.kind, each.at.astimezone(MADRID).time()) for each in found]
    assert local == [(Kind.MORNING, time(8)), (Kind.EVENING, time(20))] * 56
    assert len({(each.kind, each.on) for each in found}) == 112


def test_answers_are_in_utc_whatever_zone_the_question_was_in() -> None:
    now = datetime(2026, 3, 2, 23, tzinfo=MADRID)
    following = next_moment(USUAL, MADRID, now)
    assert following is not None
    answers = (following.at, following.until, quiet_ends(USUAL, MADRID, now), quiet_begins(USUAL, MADRID, now))
    assert all(each is not None and each.tzinfo is UTC for each in (*answers, day_begins(MONDAY, MADRID)))


@pytest.mark.parametrize(
    "ask",
    [
        lambda naive: local_day(naive, MADRID),
        lambda naive: is_quiet(USUAL, MADRID, naive),
        lambda naive: quiet_ends(USUAL, MADRID, naive),
        lambda naive: quiet_begins(USUAL, MADRID, naive),
        lambda naive: next_moment(USUAL, MADRID, naive),
        lambda naive: moments_between(USUAL, MADRID, naive, utc("2026-03-02T05:00")),
        lambda naive: moments_between(USUAL, MADRID, utc("2026-03-02T05:00"), naive),
    ],
)
def test_a_naive_datetime_is_an_error(ask: Callable[[datetime], Any]) -> None:
    with pytest.raises(ValueError, match="naive"):
        ask(datetime(2026, 3, 2, 12))  # noqa: DTZ001 - the point of the test
