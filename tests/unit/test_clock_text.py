"""What people mean when they write times, zones, dates and days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock_text import KNOWN, parse_date, parse_days, parse_time, parse_zone, zones_showing

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("8", 8, 0),
        ("0", 0, 0),
        ("20", 20, 0),
        ("8:30", 8, 30),
        ("08.30", 8, 30),
        ("8h30", 8, 30),
        ("8 h", 8, 0),
        ("20h", 20, 0),
        ("0815", 8, 15),
        ("7 am", 7, 0),
        ("7:15pm", 19, 15),
        ("7.15 P.M.", 19, 15),
        ("12am", 0, 0),
        ("12 pm", 12, 0),
        ("noon", 12, 0),
        ("at midnight", 0, 0),
        ("12 noon", 12, 0),
        ("half past eight", 8, 30),
        ("half six", 6, 30),
        ("7, please", 7, 0),
        ("a las 8, por favor", 8, 0),
        ("quarter to nine", 8, 45),
        ("a quarter past 7", 7, 15),
        ("ten past seven in the evening", 19, 10),
        ("eight o'clock", 8, 0),
        ("around 9 at night", 21, 0),
        ("8 tonight", 20, 0),
        ("las 8", 8, 0),
        ("a las 8 y media", 8, 30),
        ("las nueve menos cuarto", 8, 45),
        ("las 8 de la mañana", 8, 0),
        ("8 de la tarde", 20, 0),
        ("a las 10 de la noche", 22, 0),
        ("mediodía", 12, 0),
        ("al mediodía", 12, 0),
        ("a medianoche", 0, 0),
        ("20:00 pm", 20, 0),
        ("８:３０", 8, 30),
        ("٨:٣٠", 8, 30),
        ("8ish", 8, 0),
        ("around seven-ish", 7, 0),
        ("six thirty", 6, 30),
        ("seven fifteen pm", 19, 15),
        ("twenty-five to eight", 7, 35),
        ("7 30", 7, 30),
        ("730", 7, 30),
    ],
)
def test_a_time_is_understood(text: str, hour: int, minute: int) -> None:
    assert parse_time(text) == time(hour, minute)


@pytest.mark.parametrize(
    "text", ["", "25:99", "24", "8:75", "13 am", "0 pm", "8:3", "soon", "-8", "8 and 9", "8" * 999, "ish", "thirty"]
)
def test_nonsense_is_no_time(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Madrid", "Europe/Madrid"),
        ("europe/madrid", "Europe/Madrid"),
        ("America/New York", "America/New_York"),
        ("UTC", "UTC"),
        ("UTC+2", "Etc/GMT-2"),
        ("gmt -05:00", "Etc/GMT+5"),
        ("+14", "Etc/GMT-14"),
        ("utc+0", "Etc/UTC"),
        ("UTC+5:30", "Asia/Kolkata"),
    ],
)
def test_a_zone_is_understood(text: str, zone: str) -> None:
    assert parse_zone(text) == zone
    ZoneInfo(zone)


@pytest.mark.parametrize(
    "text", ["", "Madrid", "UTC+15", "UTC-13", "UTC+5:17", "localtime", "Factory", "../etc/passwd"]
)
def test_what_is_no_zone_is_none(text: str) -> None:
    assert parse_zone(text) is None


def test_clocks_showing_a_time_are_offered_by_other_rules_the_most_populous_first() -> None:
    now = datetime(2026, 1, 15, 9, 3, tzinfo=UTC)
    assert zones_showing(now, time(10, 0))[:2] == ["Europe/Madrid", "Africa/Lagos"]


def test_clocks_around_midnight_are_near_each_other() -> None:
    assert "Europe/Madrid" in zones_showing(datetime(2026, 1, 15, 22, 58, tzinfo=UTC), time(0, 5))


def test_a_time_that_no_clock_shows_offers_nothing() -> None:
    assert zones_showing(datetime(2026, 1, 15, 9, 0, tzinfo=UTC), time(9, 22)) == []


def test_every_known_zone_exists() -> None:
    assert [ZoneInfo(name).key for name in KNOWN] == list(KNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("24/12", date(2026, 12, 24)),
        ("24.12.2026", date(2026, 12, 24)),
        ("24/12/26", date(2026, 12, 24)),
        ("12/24", date(2026, 12, 24)),
        ("until 24 December", date(2026, 12, 24)),
        ("24th of december", date(2026, 12, 24)),
        ("December 24th, 2026", date(2026, 12, 24)),
        ("el 24 de diciembre", date(2026, 12, 24)),
        ("24 de diciembre de 2026", date(2026, 12, 24)),
        ("1 march", date(2027, 3, 1)),
        ("today", TODAY),
        ("tomorrow", date(2026, 11, 23)),
        ("mañana", date(2026, 11, 23)),
        ("pasado mañana", date(2026, 11, 24)),
        ("the day after tomorrow", date(2026, 11, 24)),
        ("in 3 days", date(2026, 11, 25)),
        ("en tres días", date(2026, 11, 25)),
        ("a week", date(2026, 11, 29)),
        ("for two weeks", date(2026, 12, 6)),
        ("una semana", date(2026, 11, 29)),
        ("dentro de un mes", date(2026, 12, 22)),
        ("next week", date(2026, 11, 29)),
        ("la semana que viene", date(2026, 11, 29)),
        ("next month", date(2026, 12, 22)),
        ("next monday", date(2026, 11, 23)),
        ("On Monday, please.", date(2026, 11, 23)),
        ("sunday", date(2026, 11, 29)),
        ("el próximo lunes", date(2026, 11, 23)),
        ("el lunes que viene", date(2026, 11, 23)),
        ("hasta el viernes", date(2026, 11, 27)),
    ],
)
def test_a_date_is_understood(text: str, expected: date) -> None:
    assert parse_date(text, TODAY) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "31/02",
        "2026-02-31",
        "24/13",
        "5",
        "soon",
        "week",
        "999 months",
        "9999-12-31",
        "24 foo",
        "yesterday",
    ],
)
def test_the_past_and_nonsense_are_no_date(text: str) -> None:
    assert parse_date(text, TODAY) is None


def test_a_month_from_the_31st_ends_with_the_month() -> None:
    assert parse_date("in a month", date(2027, 1, 31)) == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sunday", {6}),
        ("sat, sun", {5, 6}),
        ("Saturdays and Sundays", {5, 6}),
        ("weekends", {5, 6}),
        ("los fines de semana", {5, 6}),
        ("mon-wed", {0, 1, 2}),
        ("friday to monday", {4, 5, 6, 0}),
        ("de lunes a viernes", {0, 1, 2, 3, 4}),
        ("weekends and wednesday", {2, 5, 6}),
        ("lunes", {0}),
        ("lunes y miércoles", {0, 2}),
        ("none", set()),
        ("ninguno", set()),
        ("no", set()),
    ],
)
def test_days_off_are_understood(text: str, days: set[int]) -> None:
    assert parse_days(text) == frozenset(days)


@pytest.mark.parametrize("text", ["", "someday", "monday or so", ",", "mon-xyz", "8"])
def test_what_are_no_days_is_none(text: str) -> None:
    assert parse_days(text) is None


PIECES = (
    "8",
    "08:30",
    "in",
    "a",
    "week",
    "monday",
    "31/02",
    "99",
    "months",
    "-",
    ":",
    "de",
    "la",
    "24",
    "december",
    "²",
)
words = st.lists(st.sampled_from(PIECES))


@given(st.text() | words.map(" ".join), st.dates())
def test_no_text_is_an_error(text: str, today: date) -> None:
    parse_time(text)
    parse_zone(text)
    parse_days(text)
    day = parse_date(text, today)
    assert day is None or day >= today


@given(st.integers(0, 2_000_000_000), st.times())
def test_offered_zones_do_show_the_time(seconds: int, wall: time) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    for name in zones_showing(now, wall):
        local = now.astimezone(ZoneInfo(name)).replace(second=0, microsecond=0)
        shown = datetime.combine(local.date(), wall.replace(second=0, microsecond=0, tzinfo=None), local.tzinfo)
        assert min(abs(local - shown - timedelta(days=days)) for days in (-1, 0, 1)) <= timedelta(minutes=10)
