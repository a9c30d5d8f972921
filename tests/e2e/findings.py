"""What must be true of all that was said in a walk of a group: when, how often, to whom, and that nothing leaked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

from curriculum.loader import Library
from tests.e2e.cast import InTelegram, Walker
from tests.e2e.stage import MARK, Sent, Stage
from tests.e2e.ward import MONDAY, WARD, Ward

PROGRAMME = Library().programme("compassion", "en")
MADRID = ZoneInfo("Europe/Madrid")
SHARED = "is grateful for this"
NIGHT = time(22), time(7)


def leaks_in(text: str, allowed: Collection[str] = ()) -> set[str]:
    """The marks in a text that should not be there."""
    return set(MARK.findall(text)) - set(allowed)


# ---------------------------------------------------------------- when, and how often


def local(one: Sent, zone: ZoneInfo) -> datetime:
    """When it came, on this clock."""
    return one.at.astimezone(zone)


def at_night(one: Sent, zone: ZoneInfo) -> bool:
    """Whether it fell into quiet hours."""
    return not NIGHT[1] <= local(one, zone).time() < NIGHT[0]


def said_at_night(ward: Ward) -> list[tuple[str, Sent]]:
    """What was said to somebody in their quiet hours without having been asked, in whatever room they read it.

    What a person shares by a tap is said when they tap, as an answer in a thread.
    """
    stage, found = ward.stage, []
    for one in ward.people:
        rooms = [one.room, *one.rooms_together]
        found += [(one.name, each) for room in rooms for each in stage.unasked(room) if at_night(each, one.tz)]
    posts = (each for each in stage.to(f"slack:{WARD}") if SHARED not in each.text)
    return found + [(WARD, each) for each in posts if at_night(each, MADRID)]


def said_twice(ward: Ward) -> list[tuple[str, str]]:
    """What somebody was told twice within a day without having asked, and what the channel got twice in a day."""
    found = []
    for room, zone in [*((one.room, one.tz) for one in ward.people), (f"slack:{WARD}", MADRID)]:
        told = Counter((local(each, zone).date(), each.text) for each in ward.stage.unasked(room))
        found += [(room, text) for (_, text), times in told.items() if times > 1]
    return found


def minutes_missed(ward: Ward, one: Walker, days: Sequence[date]) -> list[datetime]:
    """The mornings and evenings at which nothing came, though it was their hour."""
    came = {local(each, one.tz).replace(second=0, microsecond=0, tzinfo=None) for each in ward.stage.unasked(one.room)}
    wanted = (datetime.combine(day, at) for day in days for at in (one.morning, one.evening))
    return [at for at in wanted if at not in came]


def days_of_the_course(first: int = 0, end: int = 56) -> list[date]:
    """Their dates; 0 is the first Monday."""
    return [MONDAY + timedelta(days=number) for number in range(first, end)]


def themes_told(ward: Ward, room: str) -> list[int]:
    """The numbers of the weeks whose theme was told there, once for each time."""
    texts = [each.text for each in ward.stage.unasked(room)]
    numbers = range(1, PROGRAMME.length + 1)
    return [n for n in numbers for text in texts if f"Week {n}: {PROGRAMME.week(n).title}" in text]


# ---------------------------------------------------------------- who met whom


def needless_repeats(rounds: Mapping[int, Collection[frozenset[str]]]) -> list[tuple[int, frozenset[str]]]:
    """Partners who met again in a week in which all could have met somebody new: looked for by trying everything."""
    met: set[frozenset[str]] = set()
    found = []
    for week, groups in rounds.items():
        now = {frozenset(two) for group in groups for two in combinations(sorted(group), 2)}
        if now & met and is_possible(sorted(set().union(*groups)), met):
            found += [(week, two) for two in now & met]
        met |= now
    return found


def is_possible(people: Sequence[str], met: Collection[frozenset[str]]) -> bool:
    """Whether these can be paired, with one triad where they are odd, so that nobody meets anybody again."""
    if not people:
        return True
    first, others = people[0], people[1:]
    sizes = (1, 2) if len(people) % 2 else (1,)
    for size in sizes:
        for mates in combinations(others, size):
            group = (first, *mates)
            fresh = not any(frozenset(two) in met for two in combinations(group, 2))
            if fresh and is_possible([each for each in others if each not in mates], met):
                return True
    return False


# ---------------------------------------------------------------- what leaked


def stored(folder: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in folder.glob("heartsease.db*"))


@dataclass(frozen=True, slots=True)
class Leak:
    """Private words where they do not belong."""

    where: str
    marks: frozenset[str]


def leaks(ward: Ward, log: str, pages: Mapping[str, str], data: bytes) -> list[Leak]:
    """Everything private that stands anywhere but with its owner, or where its owner put it."""
    stage = ward.stage
    found = [*in_messages(stage), *in_windows(stage), *in_telegram(ward)]
    found += [Leak(room.room, frozenset(leaks_in("\n".join(room.told(""))))) for room in (ward.agnes, ward.bo)]
    elsewhere = {"log": log, "database": data.decode("latin-1"), **pages}
    found += [Leak(name, frozenset(leaks_in(text))) for name, text in elsewhere.items()]
    return [leak for leak in found if leak.marks]


def in_messages(stage: Stage) -> Iterator[Leak]:
    """Slack's messages, direct ones too, Home tabs and files: only what was shared, and only in the group's channel."""
    for call in stage.slack.calls:
        if call.method.startswith("views.") and call.method != "views.publish":
            continue
        shared = stage.shared if call.params.get("channel") == WARD else ()
        yield Leak(call.method, frozenset(leaks_in(json.dumps(call.params), shared)))
    space = stage.slack.space
    files = [*(room.files for room in space.channels.values()), *(member.files for member in space.members.values())]
    for file in (each for shared in files for each in shared):
        yield Leak(file.name, frozenset(leaks_in(file.content.decode("latin-1"))))
    for member in space.members.values():
        yield Leak("whispers", frozenset(leaks_in("\n".join(member.whispers))))


def in_windows(stage: Stage) -> Iterator[Leak]:
    """Each window shows its reader's own, or what was passed to them."""
    names = {id_: member.name for id_, member in stage.slack.space.members.items()}
    for call in stage.slack.calls:
        if call.method in ("views.open", "views.update") and not call.problem:
            reader = names[stage.slack.space.reader(call.params)]
            own = {mark for mark, whose in stage.wrote.items() if reader in {whose, *stage.passed.get(mark, ())}}
            yield Leak(f"a window of {reader}", frozenset(leaks_in(json.dumps(call.params), own)))


def in_telegram(ward: Ward) -> Iterator[Leak]:
    """In Telegram somebody's own words come back to them in their own chat."""
    readers = {str(one.person.id): one.name for one in ward.people if isinstance(one, InTelegram)}
    for call in ward.stage.telegram.calls:
        reader = readers.get(str(call.params.get("chat_id")), "")
        own = {mark for mark, whose in ward.stage.wrote.items() if reader in {whose, *ward.stage.passed.get(mark, ())}}
        yield Leak(f"the chat of {reader}", frozenset(leaks_in(json.dumps(dict(call.params)), own)))


def named_in_the_channel(ward: Ward) -> list[str]:
    """Posts in the channel with a name in it, but for what was shared with it, and whoever leads."""
    named = {mark: ward.stage.wrote[mark] for mark, how in ward.stage.shared.items() if how == "named"}
    found = []
    for each in ward.stage.to(f"slack:{WARD}"):
        allowed = {named[mark] for mark in MARK.findall(each.text) if mark in named}
        if {one.name for one in ward.people if re.search(rf"\b{one.name}\b", each.text)} - allowed:
            found.append(each.text)
    return found
