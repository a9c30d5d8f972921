"""Classes as a calendar file (RFC 5545): in the cohort's zone, cancelled or moved under the same name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.cohorts.classes import is_link
from bot.cohorts.model import Cohort, Lesson
from bot.model import Document
from bot.timetable import zone

if TYPE_CHECKING:
    from icalendar import Event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A_YEAR = timedelta(days=366)  # on both sides of the classes: all that the file says about clock changes

# Controls, and what some readers take for the end of a line; icalendar escapes the rest (RFC 5545, 3.3.11).
_UNSAYABLE = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def calendar_file(cohort: Cohort, lessons: Iterable[Lesson]) -> Document:
    """These classes of the cohort; what is sent later about one of them takes its place in the reader's calendar."""
    from icalendar import Calendar  # lazily: few ask for a calendar file

    calendar = Calendar()
    calendar.add("prodid", "-//Heartsease//Classes//EN")
    calendar.add("version", "2.0")
    days = []
    for lesson in lessons:
        calendar.add_component(_event(cohort, lesson))
        days.append(lesson.starts.date())
    if days:
        calendar.add_missing_timezones(_january(min(days) - A_YEAR), _january(max(days) + 2 * A_YEAR))
    return Document("class.ics", "text/calendar", calendar.to_ical().decode())


def _event(cohort: Cohort, lesson: Lesson) -> Event:
    from icalendar import Event

    tz, event = zone(cohort.zone), Event()
    stamp = (lesson.changed or EPOCH).astimezone(UTC)
    event.add("uid", f"{lesson.id}@heartsease")
    event.add("dtstamp", stamp)
    event.add("dtstart", _on_clock(lesson.starts, tz))
    event.add("dtend", _on_clock(lesson.ends, tz))
    event.add("sequence", lesson.version)
    event.add("status", "CANCELLED" if lesson.cancelled else "CONFIRMED")
    event.add("summary", _sayable(f"{cohort.name}: {lesson.title}" if lesson.title else cohort.name))
    if lesson.place or lesson.link:
        event.add("location", _sayable(lesson.place or lesson.link))
    if is_link(lesson.link):  # a URL is written as it is
        event.add("url", lesson.link)
    return event


def _on_clock(at: datetime, tz: ZoneInfo) -> datetime:
    """The wall time; the second of two equal ones, which a calendar reads as the first, is said in UTC."""
    there = at.astimezone(tz)
    return there if there.fold == 0 else at.astimezone(UTC)


def _sayable(text: str) -> str:
    return _UNSAYABLE.sub(" ", text)


def _january(day: date) -> date:
    """A day on which no zone that people live in changes its clocks: the file's rules begin and end there."""
    return day.replace(month=1, day=1)
