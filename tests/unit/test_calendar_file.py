"""The calendar file of classes: it is read back by the library that wrote it, whatever people typed into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Timezone

from bot.cohorts.calendar_file import calendar_file
from bot.cohorts.classes import is_link, place_and_link
from bot.cohorts.model import Cohort, Lesson
from bot.model import Document

WARD = Cohort("ward-4", "Ward 4", "compassion", "calendar", date(2026, 3, 9), "Europe/Madrid", host="Agnes")
CHANGED = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRST = Lesson(
    "a1b2",
    "Settling",
    datetime(2026, 3, 26, 17, tzinfo=UTC),
    place="Room 4; by the lift",
    link="https://meet.example/a,b;c?d=1",
    changed=CHANGED,
)
ZONES = (
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)
NASTY = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["a\r\nATTENDEE:mailto:x@y", "a\rBEGIN:VALARM", "a;b,c:d\\n", "😀 e\u0301", "x\u2028y\x00z", " "]),
)


def events(file: Document) -> list[Any]:
    """What a calendar reads in the file."""
    return list(read(file.content).walk("VEVENT"))


def read(content: str) -> Any:
    """The calendar that was written; each value has a class of its own."""
    return Calendar.from_ical(content)


def test_a_class_is_one_event_on_the_clock_of_its_cohort() -> None:
    file = calendar_file(WARD, (FIRST,))
    (event,) = events(file)
    assert (file.name, file.media_type) == ("class.ics", "text/calendar")
    assert event["uid"] == "a1b2@heartsease"
    assert event["summary"] == "Ward 4: Settling"
    assert event["location"] == "Room 4; by the lift"
    assert event["url"] == "https://meet.example/a,b;c?d=1"
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")
    assert event.start == FIRST.starts
    assert event.end - event.start == timedelta(hours=2)
    assert "DTSTART;TZID=Europe/Madrid:20260326T180000" in file.content
    assert "DTSTAMP:20260301T090000Z" in file.content


def test_a_moved_or_cancelled_class_takes_the_place_of_the_first_one() -> None:
    moved = replace(FIRST, starts=FIRST.starts + timedelta(days=7), version=1)
    (before,), (after,) = events(calendar_file(WARD, (FIRST,))), events(calendar_file(WARD, (moved,)))
    assert before["uid"] == after["uid"]
    assert after["sequence"] > before["sequence"]
    (off,) = events(calendar_file(WARD, (replace(moved, version=2, cancelled=True),)))
    assert (off["status"], off["sequence"], off["uid"]) == ("CANCELLED", 2, before["uid"])


def test_the_file_says_when_the_clocks_of_its_zone_change() -> None:
    weeks = [replace(FIRST, id=str(n), starts=FIRST.starts + timedelta(weeks=n)) for n in range(8)]
    calendar = read(calendar_file(WARD, weeks).content)
    (zone,) = calendar.walk("VTIMEZONE")
    assert isinstance(zone, Timezone)
    theirs = zone.to_tz(lookup_tzid=False)
    for event in calendar.walk("VEVENT"):
        wall = event["dtstart"].dt.replace(tzinfo=None)
        assert wall.replace(tzinfo=theirs).utcoffset() == wall.replace(tzinfo=ZoneInfo("Europe/Madrid")).utcoffset()


def test_no_class_is_an_empty_calendar() -> None:
    assert events(calendar_file(WARD, ())) == []


@given(
    name=NASTY,
    title=NASTY,
    place=NASTY,
    link=NASTY | st.just("https://meet.example/?a=1"),
    zone=st.sampled_from(ZONES),
    minutes_on=st.integers(0, 16 * 366 * 24 * 60) | st.sampled_from([3_584_160, 3_584_190, 3_584_220]),
    minutes=st.integers(15, 480),
)
def test_whatever_people_type_stays_text_in_one_event(
    name: str, title: str, place: str, link: str, zone: str, minutes_on: int, minutes: int
) -> None:
    starts = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes_on)
    lesson = Lesson("a1b2", title, starts, minutes, place, link, version=3, changed=CHANGED)
    content = calendar_file(replace(WARD, name=name, zone=zone), (lesson,)).content
    calendar = read(content)
    assert [part.name for part in calendar.walk() if part.name not in ("STANDARD", "DAYLIGHT")] in (
        ["VCALENDAR", "VTIMEZONE", "VEVENT"],
        ["VCALENDAR", "VEVENT"],
    )
    (event,) = calendar.walk("VEVENT")
    known = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS", "SUMMARY", "LOCATION", "URL"}
    assert set(event) <= known
    assert [event[name].dt.astimezone(UTC) for name in ("dtstart", "dtend")] == [starts, lesson.ends]
    assert ("URL" in event) is is_link(link)
    assert all(len(line.encode()) <= 75 for line in content.split("\r\n"))
    if title.isascii() and title.isprintable() and title:
        assert str(event["summary"]).endswith(title)


@pytest.mark.parametrize(
    ("text", "place", "link"),
    [
        ("Room 4, https://meet.example/x", "Room 4", "https://meet.example/x"),
        ("https://meet.example/x", "", "https://meet.example/x"),
        ("Room 4,\n second floor", "Room 4, second floor", ""),
        ("javascript:alert(1)", "javascript:alert(1)", ""),
        ("https://a.example https://b.example", "https://b.example", "https://a.example"),
        ("", "", ""),
    ],
)
def test_a_place_and_a_link_are_told_apart(text: str, place: str, link: str) -> None:
    assert place_and_link(text) == (place, link)


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example", "https://", "https://a b", "https://a\r\nX:1", "https://a\u2028b", 'https://a">', "http:a", ""],
)
def test_what_is_no_link_of_the_web_is_not_passed_on_as_one(text: str) -> None:
    assert not is_link(text)
