"""When people hear of a cohort's classes: a day ahead, an hour ahead, when one changes, and what they missed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot.cohorts.model import Attendance, Cohort, Lesson
from bot.model import Kind, Participant, Said, State
from bot.timetable import TURN, Moment, instant, is_quiet, local_day, quiet_begins, quiet_ends, zone

A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
STALE = timedelta(hours=12)  # after which a change is no news any more
REMEMBERED = 12  # classes of which somebody knows
LAST = 2  # classes that are over and can still be written about
LONGEST_LINK = 500

_LINK = re.compile(
    r"https?://[^\s\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff<>\"\\^`{|}]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class News:
    """Something that a reader does not know of a class yet; to be said at `at` (UTC), of use until `until`."""

    lesson: Lesson
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """What a cohort's home gets about a class, in [at, until), both UTC. `told` is what the home knows after it."""

    said: Said
    at: datetime
    until: datetime
    told: tuple[tuple[str, int], ...]


# ---------------------------------------------------------------- which


def on_wall(on: date, at: time, zone_name: str) -> datetime:
    """The instant, in UTC, of a wall time on a calendar date; one that a clock change skips is the first after it."""
    return instant(on if at >= TURN else on - A_DAY, at, zone(zone_name))


def coming(cohort: Cohort, now: datetime) -> list[Lesson]:
    """The classes that are not over and not called off, the next one first."""
    ahead = (lesson for lesson in cohort.classes if not lesson.cancelled and lesson.ends > now)
    return sorted(ahead, key=lambda lesson: (lesson.starts, lesson.id))


def held(cohort: Cohort, now: datetime) -> list[Lesson]:
    """The classes that are over, or under way, the latest first."""
    begun = (lesson for lesson in cohort.classes if not lesson.cancelled and lesson.starts <= now)
    return sorted(begun, key=lambda lesson: (lesson.starts, lesson.id), reverse=True)


def class_of(cohort: Cohort | None, lesson: object) -> Lesson | None:
    """The class with this id."""
    return next((one for one in cohort.classes if one.id == lesson), None) if cohort else None


def of_interest(cohort: Cohort, now: datetime) -> list[str]:
    """The ids of classes about which somebody's own answer matters now."""
    recent = (one.id for one in cohort.classes if one.recapped is not None and one.recapped > now - 2 * A_DAY)
    return [*(lesson.id for lesson in coming(cohort, now)), *recent]


def is_link(text: str) -> bool:
    """Whether this is a link that can be passed on: http or https, and nothing in it that needs escaping."""
    return len(text) <= LONGEST_LINK and _LINK.fullmatch(text) is not None


def place_and_link(text: str) -> tuple[str, str]:
    """ "Room 4, https://meet.example/ward" is a place and a link; either may be missing."""
    words = text.split()
    link = next((word for word in words if is_link(word)), "")
    return " ".join(word for word in words if word != link).strip(" ,;"), link


# ---------------------------------------------------------------- what somebody knows


def knowing(person: Participant, lesson: Lesson) -> tuple[tuple[str, int], ...]:
    """What they know of, with this class as it is now."""
    others = [known for known in person.told if known[0] != lesson.id]
    return (*others, (lesson.id, lesson.version))[-REMEMBERED:]


def news(person: Participant, cohort: Cohort | None, now: datetime) -> Iterator[News]:
    """What changed of the classes that they know of; to be said at `now` or when their quiet hours are over.

    After `until` it is no news any more, and they are to know of it without a word.
    """
    if cohort is None or cohort.closed_on is not None or person.journey.state is not State.ACTIVE:
        return
    yield from _changes(person, cohort, now)


def _changes(person: Participant, cohort: Cohort, now: datetime) -> Iterator[News]:
    tz, known = zone(person.zone), dict(person.told)
    for lesson in cohort.classes:
        if lesson.changed is not None and known.get(lesson.id, lesson.version) < lesson.version:
            until = quiet_ends(person.rhythm, tz, lesson.changed) + STALE
            yield News(lesson, min(until, quiet_ends(person.rhythm, tz, max(now, lesson.changed))), until)


# ---------------------------------------------------------------- touchpoints


def class_moments(
    person: Participant, cohort: Cohort, answers: Mapping[str, Attendance], now: datetime
) -> Iterator[Moment]:
    """The touchpoints of classes on today's local date and after it, whether or not they were said already.

    `answers` are this person's, by class. They count towards no limit, and none falls into quiet hours.
    """
    if cohort.closed_on is not None or person.journey.state is not State.ACTIVE:
        return
    today = local_day(now, zone(person.zone))
    for lesson in cohort.classes:
        for moment in _about(person, lesson, answers.get(lesson.id)):
            if moment.on >= today:
                yield moment


def _about(person: Participant, lesson: Lesson, answer: Attendance | None) -> Iterator[Moment]:
    tz, rhythm = zone(person.zone), person.rhythm
    if not lesson.cancelled:
        if answer is None or answer.coming:
            reminds = _moment(person, Kind.CLASS, lesson, quiet_ends(rhythm, tz, _a_day_ahead(lesson)))
            if reminds.at < lesson.starts:
                yield reminds
        if answer is not None and answer.coming and (soon := an_hour_ahead(person, lesson)) is not None:
            yield _moment(person, Kind.CLASS_SOON, lesson, soon)
    if lesson.recapped is not None and not (answer is not None and answer.was_there):
        at = quiet_ends(rhythm, tz, lesson.recapped)
        yield Moment(Kind.RECAP, local_day(at, tz), at, quiet_begins(rhythm, tz, at) or at + A_DAY, lesson.id)


def an_hour_ahead(person: Participant, lesson: Lesson) -> datetime | None:
    """When somebody who comes is reminded once more; None if that falls into their quiet hours."""
    soon = lesson.starts - AN_HOUR
    return None if is_quiet(person.rhythm, zone(person.zone), soon) else soon


def _a_day_ahead(lesson: Lesson) -> datetime:
    """A class that was planned or moved later than that is told of at once."""
    ahead = lesson.starts - A_DAY
    return max(ahead, lesson.changed) if lesson.changed is not None else ahead


def _moment(person: Participant, kind: Kind, lesson: Lesson, at: datetime) -> Moment:
    tz = zone(person.zone)
    until = min(lesson.starts, quiet_begins(person.rhythm, tz, at) or lesson.starts)
    return Moment(kind, local_day(at, tz), at, until, lesson.id)


# ---------------------------------------------------------------- a cohort's home


def class_posts(home: Participant, cohort: Cohort, now: datetime) -> tuple[Post, ...]:
    """What a home that knows what `home.told` says is to get about classes, in order; some of it may be due.

    The home keeps the cohort's hours. Who posts one keeps its `told`, and then each is said once.
    """
    if cohort.closed_on is not None:
        return ()
    here = replace(home, zone=cohort.zone)
    known, posts = dict(home.told), []
    for lesson in coming(cohort, now):
        if lesson.id not in known:
            reminds = _moment(here, Kind.CLASS, lesson, quiet_ends(here.rhythm, zone(here.zone), _a_day_ahead(lesson)))
            if reminds.at < lesson.starts and now < reminds.until:
                said = Said("class/post", posted(cohort, lesson), key=f"class {lesson.id}")
                posts.append(Post(said, reminds.at, reminds.until, knowing(home, lesson)))
    for new in _changes(here, cohort, now):
        if now < new.until:
            prompt = "class/post_off" if new.lesson.cancelled else "class/post_changed"
            key = f"class {new.lesson.id} {new.lesson.version}"
            said = Said(prompt, posted(cohort, new.lesson), key=key)
            posts.append(Post(said, new.at, new.until, knowing(home, new.lesson)))
    return tuple(sorted(posts, key=lambda post: post.at))


def posted(cohort: Cohort, lesson: Lesson) -> dict[str, object]:
    """A class as a post or a list names it: on the cohort's own clock."""
    return shown(cohort, lesson, cohort.zone)


def shown(cohort: Cohort, lesson: Lesson, zone_name: str | None) -> dict[str, object]:
    """The facts of a class, on the clock of this zone."""
    begins = lesson.starts.astimezone(zone(zone_name))
    return {
        "cohort": cohort.name,
        "title": lesson.title,
        "date": begins.date(),
        "time": begins.time(),
        "minutes": lesson.minutes,
        "place": lesson.place,
        "link": lesson.link,
    }
