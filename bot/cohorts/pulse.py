"""The pulse: a cohort's finished week in counts that say nothing about fewer than five people. Pure.

What may be taken for known: who is in the cohort and when they came and went, the rules below, and every figure ever
shown. What stays undecided then is every single answer. Four rules keep it so, and a test attacks them:

- A week is counted once, when it is over for everybody, and the result is stored and shown until the next one is.
- Whom it counts only grows, by exactly five a week: newcomers wait until there are five of them. Who left is counted as
  they last were, so that nobody shows by going; when a quarter has left, there are no figures any more. Nothing but
  comings and goings decides when. (If people could go from it too, weeks far apart would differ by one person.)
- A count is rounded down to a multiple of five, and never so far up that fewer than five could be missing to all.
- The figures overlap (people who said this at least once); they are no shares of a whole that could be subtracted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.cohorts.model import FEW, Counted, Figure, Group, Pulse
from bot.model import Entry, Participant, State
from bot.timetable import local_day, zone

OFTEN = 3  # days of practice in a week
STRAINED = frozenset({"some_strain", "much_strain"})  # what the practice was for them, as the evening asks once a week
FEWEST = 2 * FEW - 1  # people of whom both "at least five" and "fewer than five" leave everybody undecided

_WEEK = timedelta(days=7)
_GRACE = timedelta(days=1)  # the last zone's day ends about a day after the first one's


@dataclass(frozen=True, slots=True)
class Seen:
    """What a week showed of one person: days on which they did something, and which answers they gave; no text."""

    id: str
    joined: date
    state: State
    days_heard: int = 0
    days_practised: int = 0
    mornings: int = 0
    went: frozenset[str] = frozenset()


FIGURES: Mapping[str, Callable[[Seen], bool]] = {
    "active": lambda seen: seen.days_heard > 0,
    "paused": lambda seen: seen.state is State.PAUSED,
    "mornings": lambda seen: seen.mornings > 0,
    "practised": lambda seen: seen.days_practised > 0,
    "often": lambda seen: seen.days_practised >= OFTEN,
    "did": lambda seen: "did" in seen.went,
    "a_little": lambda seen: "a_little" in seen.went,
    "not_today": lambda seen: "not_today" in seen.went,
    "strained": lambda seen: bool(seen.went & STRAINED),
}


def last_week(starts_on: date, now: datetime, tz: ZoneInfo) -> date | None:
    """The first day of the latest week of a cohort that is over wherever its people are; None before there is one.

    `now` is aware; weeks are counted from `starts_on`, in each person's own local days.
    """
    weeks = (local_day(now, tz) - _GRACE - starts_on) // _WEEK
    return starts_on + (weeks - 1) * _WEEK if weeks > 0 else None


def seen(person: Participant, joined: date, entries: Iterable[Entry], week: date) -> Seen:
    """What the week beginning on this local date showed of a person; other entries may be among these."""
    own = [entry for entry in entries if week <= entry.on < week + _WEEK]
    heard = {entry.on for entry in own}
    if person.heard and week <= (on := local_day(person.heard, zone(person.zone))) < week + _WEEK:
        heard.add(on)
    return Seen(
        id=person.id,
        joined=joined,
        state=person.journey.state,
        days_heard=len(heard),
        days_practised=len({entry.on for entry in own if entry.went in ("did", "a_little")}),
        mornings=len({entry.on for entry in own if entry.kind == "intention"}),
        went=frozenset(entry.went for entry in own if entry.went),
    )


def pulse(before: Group, week: date, present: Iterable[Seen]) -> tuple[Group, Pulse]:
    """The figures of a finished week, to be stored as they are, and whom they counted, for the next one.

    `before` is what the latest week returned; `present` are the cohort's people as that week showed them.
    """
    there = [each for each in present if each.joined <= week]
    group = _regrouped(before, there) if before else _first(there)
    size, gone = len(group), sum(each.left for each in group)
    if size < FEWEST or gone >= max(FEW, size / 4):
        return group, Pulse(week, rounded(len(there)))
    top = (size - FEW + 1) // FEW * FEW  # the highest figure: fewer than five more would be all
    counts = {name: sum(name in each.facts for each in group) for name in FIGURES}
    return group, Pulse(
        week, rounded(size), tuple(Figure(name, rounded(min(count, top + FEW - 1))) for name, count in counts.items())
    )


def rounded(count: int) -> int | None:
    """A count of people as it may be shown: at least so many, a multiple of five; None is fewer than five."""
    return count // FEW * FEW or None


def forgotten(group: Group, person: str) -> Group:
    """The same without the id of somebody who was erased: what is left of them belongs to nobody."""
    return tuple(replace(each, id="", left=True) if each.id == person else each for each in group)


def _first(there: Iterable[Seen]) -> Group:
    people = tuple(_counted(each) for each in there)
    return people if len(people) >= FEWEST else ()


def _regrouped(before: Group, there: Iterable[Seen]) -> Group:
    """Five who came come in, if there are five; first come, first served."""
    known = {each.id: each for each in there}
    people = tuple(_counted(known.pop(each.id)) if each.id in known else replace(each, left=True) for each in before)
    came = sorted(known.values(), key=lambda each: (each.joined, each.id))
    return people + tuple(map(_counted, came[:FEW])) if len(came) >= FEW else people


def _counted(person: Seen) -> Counted:
    return Counted(person.id, frozenset(name for name, holds in FIGURES.items() if holds(person)))
