"""Somebody who wants to know one person's answer: has the roster, the rules and every figure that was ever shown.

They also assume the worst for everybody: that nobody's answer ever changes, so that figures of weeks may be subtracted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A figure that was shown, whom it counts (the roster and the rules tell), and what it then may be."""

    people: frozenset[str]
    least: int
    most: int


def learnt(views: Sequence[View], answers: Mapping[str, bool]) -> set[str]:
    """Those whose answer is the same in every world in which these views would have been the same.

    `answers` are the true ones; they only tell where to look for other worlds first.
    """
    alike = _alike(views)
    truth = {views_in: sum(answers[person] for person in people) for views_in, people in alike.items()}
    ranges = {views_in: (0, len(people)) for views_in, people in alike.items()}
    known = set()
    for views_in, people in alike.items():
        ones, size = truth[views_in], len(people)
        other = (0, size - 1) if ones else (1, size)  # all of them say the same: could one not?
        mixed = 0 < ones < size  # then it may as well be another one of them
        if not mixed and not _possible(views, ranges | {views_in: other}, truth):
            known |= people
    return known


def _alike(views: Sequence[View]) -> dict[tuple[int, ...], set[str]]:
    """People by the views that count them: nothing tells those of one set apart."""
    alike: dict[tuple[int, ...], set[str]] = {}
    for person in frozenset[str]().union(*(view.people for view in views)):
        alike.setdefault(tuple(at for at, view in enumerate(views) if person in view.people), set()).add(person)
    return alike


def _possible(
    views: Sequence[View], ranges: Mapping[tuple[int, ...], Range], near: Mapping[tuple[int, ...], int]
) -> bool:
    """Whether each set of people can have a number of ones in its range, such that every view is as it was."""
    sets = sorted(ranges.items(), key=lambda item: item[1][0] - item[1][1])
    dead: set[tuple[int, ...]] = set()

    def from_(at: int, sums: tuple[int, ...]) -> bool:
        low, high = Counter[int](), Counter[int]()
        for views_in, (least, most) in sets[at:]:
            low.update(dict.fromkeys(views_in, least))
            high.update(dict.fromkeys(views_in, most))
        for number, view in enumerate(views):
            if sums[number] + low[number] > view.most or sums[number] + high[number] < view.least:
                return False
        if at == len(sets):
            return True
        if (at, *sums) in dead:
            return False
        views_in, (least, most) = sets[at]
        nearest = sorted(range(least, most + 1), key=lambda ones: abs(ones - near[views_in]))
        if any(from_(at + 1, _added(sums, views_in, ones)) for ones in nearest):
            return True
        dead.add((at, *sums))
        return False

    return from_(0, (0,) * len(views))


def _added(sums: Iterable[int], views_in: tuple[int, ...], ones: int) -> tuple[int, ...]:
    return tuple(each + ones if number in views_in else each for number, each in enumerate(sums))
