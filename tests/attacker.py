"""Somebody who leads a group, looks at everything they may, for weeks, and wants to know one person's answer.

`python -m tests.attacker` prints what they saw and what they learnt. They know the roster, who came, left or was erased
and when, the rules, and every figure ever shown; and they assume that nobody's answer ever changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from random import Random

from bot.cohorts.audience import counted
from bot.cohorts.broadcasts import ACTIVE_DAYS, Head, Segment
from bot.cohorts.model import Group
from bot.cohorts.pulse import FIGURES, OFTEN, Seen, forgotten, pulse
from bot.model import State
from tests.unit.pulse_attacker import View, learnt

MONDAY = date(2026, 3, 2)
WEEK = timedelta(days=7)
GOES = frozenset({"did", "a_little", "not_today", "some_strain", "much_strain", "no_strain"})
SILENCES = (1, 3, 7, 14, 30)  # the days of silence that they ask for


@dataclass(frozen=True, slots=True)
class Told:
    """What one kind of view told over a whole story."""

    view: str
    looks: int
    people: int
    isolated: frozenset[str]

    def __str__(self) -> str:
        return f"{self.view:<58} {self.looks:>5} looks at {self.people:>3} people: {len(self.isolated)} found out"


# ---------------------------------------------------------------- the pulse, over weeks


@dataclass(slots=True)
class Ward:
    """A group that changes: who is there since when, and how they are, for good."""

    rng: Random
    there: dict[str, Seen]
    gone: int = 0
    came: int = 0

    def comes(self, on: date, like: Seen | None = None) -> None:
        """Somebody joins on this date."""
        who = like or anybody(self.rng)
        name = f"p{self.came:03}"
        self.came += 1
        self.there[name] = replace(who, id=name, joined=on)

    def leaves(self) -> str:
        """Somebody goes; who."""
        name = self.rng.choice(sorted(self.there))
        del self.there[name]
        self.gone += 1
        return name


def anybody(rng: Random) -> Seen:
    """Somebody's week, by chance."""
    days = rng.choice((0, 0, 1, 2, OFTEN, 5))
    went = frozenset(one for one in sorted(GOES) if days and rng.random() < 0.4)
    state = State.PAUSED if rng.random() < 0.2 else State.ACTIVE
    return Seen("", MONDAY, state, days + rng.choice((0, 1)), days, days, went)


def weeks_of(seed: int, size: int) -> Iterator[tuple[Group, Mapping[str, int | None], Mapping[str, Seen]]]:
    """Nine weeks of a group in which people come, leave and are erased: whom each pulse counts, and what it shows."""
    ward = Ward(Random(seed), {})
    for _ in range(size):
        ward.comes(MONDAY)
    group: Group = ()
    everybody = dict(ward.there)
    for number in range(9):
        week = MONDAY + number * WEEK
        for _ in range(ward.rng.choice((0, 0, 1, 1, 2, 6))):
            ward.comes(week)
        if number and ward.rng.random() < 0.5 and ward.there:
            erased = ward.leaves()
            if ward.rng.random() < 0.5:
                group = forgotten(group, erased)
        everybody |= ward.there
        group, shown = pulse(group, week, ward.there.values())
        yield group, {figure.name: figure.at_least for figure in shown.figures}, everybody


def look_at_pulses(seed: int, size: int) -> list[Told]:
    """Every figure of every week, the strain figure among them; each is attacked by itself, over all weeks."""
    views: dict[str, list[View]] = {name: [] for name in FIGURES}
    everybody: Mapping[str, Seen] = {}
    places: list[str] = []  # who stands at which place of the group: it only grows, and erasing empties a place
    for group, shown, there in weeks_of(seed, size):
        everybody = there
        places += [each.id for each in group[len(places) :]]
        for name, at_least in shown.items():
            top = (len(group) - 4) // 5 * 5
            least = at_least or 0
            most = len(group) if least == top else min(least + 4, len(group))
            views[name].append(View(frozenset(places), least, most))
    answers = {name: {who: holds(seen) for who, seen in everybody.items()} for name, holds in FIGURES.items()}
    return [
        Told(f"/pulse: {name}", len(seen), len(everybody), frozenset(learnt(seen, answers[name])))
        for name, seen in views.items()
    ]


# ---------------------------------------------------------------- parts of a group, at one moment


def parts(heads: Mapping[str, Head], segment: Segment, of: Sequence[str]) -> Iterator[View]:
    """What the count of a part (or its refusal) tells, of those in these cohorts.

    Of several it is the sum of what each tells, so it tells whatever they tell, and nothing more.
    """
    shown = counted([head for head in heads.values() if head.cohort in of], segment)
    alone = [{who: head for who, head in heads.items() if head.cohort == cohort} for cohort in of]
    sums = [counted(there.values(), segment) or 0 for there in alone]
    assert sum(sums) == (shown or 0)
    for there, least in zip(alone, sums, strict=True):
        size = len(there)
        capped = least == max(0, size - 1) // 5 * 5  # one more than are shown may be all of them
        yield View(frozenset(there), least, size if capped else least + 4)


def groups_of(seed: int, sizes: Sequence[int]) -> dict[str, Head]:
    """People of several cohorts, each silent for some days."""
    rng = Random(seed)
    share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    return {
        f"{cohort}{number}": Head(
            cohort, 3, rng.randrange(ACTIVE_DAYS, 40) if rng.random() < share else 0, "telegram:1"
        )
        for cohort, size in zip("abc", sizes, strict=False)
        for number in range(size)
    }


def look_at_parts(seed: int, sizes: Sequence[int]) -> list[Told]:
    """All parts of all groups alone and together, at one moment: who answers, and who is silent for how long."""
    heads = groups_of(seed, sizes)
    mine = [["a"], ["b"], ["c"], ["a", "b", "c"]]
    told = []
    for days in SILENCES:
        segments = [Segment("silent", days), *([Segment("active")] if days == ACTIVE_DAYS else [])]
        views = []
        for segment, of in product(segments, mine):
            for view in parts(heads, segment, of):
                least, most, people = view.least, view.most, len(view.people)
                if segment.kind == "active":  # the same question, asked the other way round
                    least, most = people - most, people - least
                views.append(View(view.people, least, most))
        answers = {who: head.silent >= days for who, head in heads.items()}
        name = f"/broadcast: silent for {days} days" + (", and active" if len(segments) > 1 else "")
        told.append(Told(name, len(views), len(heads), frozenset(learnt(views, answers))))
    return told


# ---------------------------------------------------------------- what is left


def look_before_and_after(seed: int, size: int) -> Told:
    """The one who looks at a part right before and right after somebody leaves, while nothing else changes."""
    heads = groups_of(seed, [size])
    leaving = Random(seed).choice(sorted(heads))
    segment = Segment("silent", ACTIVE_DAYS)
    after = {who: head for who, head in heads.items() if who != leaving}
    views = [*parts(heads, segment, ["a"]), *parts(after, segment, ["a"])]
    answers = {who: head.silent >= ACTIVE_DAYS for who, head in heads.items()}
    found = frozenset(learnt(views, answers)) & {leaving}
    return Told("/broadcast: a part, before and after one left", 2, size, found)


STORIES = 40


def log(say: Callable[[str], None] = print) -> list[Told]:
    """Tells all attacks, story by story summed up; what they found out, by the view."""
    told: dict[str, list[Told]] = {}
    for seed in range(STORIES):
        size = 5 + seed % 21
        found = [*look_at_pulses(seed, size), *look_at_parts(seed, [size, seed % 7, 3 + seed % 12])]
        for one in found:
            told.setdefault(one.view, []).append(one)
    sums = [
        Told(
            view,
            sum(one.looks for one in all_),
            sum(one.people for one in all_),
            frozenset().union(*(one.isolated for one in all_)),
        )
        for view, all_ in told.items()
    ]
    say(f"{STORIES} stories; people come, leave and are erased over nine weeks")
    for one in sums:
        say(f"  {one}")
    left = [look_before_and_after(seed, 6 + seed % 20) for seed in range(10 * STORIES)]
    hits = sum(bool(one.isolated) for one in left)
    say(f"what is left (SECURITY.md): {left[0].view}: {hits} of {len(left)} stories told of the one who left")
    return sums


if __name__ == "__main__":
    log()
