"""Who meets whom this week: pairs, and one triad where somebody would be left over. Pure: ties fall by the seed.

First the fewest stay alone, then the fewest meet again, then those whose last meeting is longest ago, then those who
are awake together, work alike and live near. Each of these sums is a digit of one integer weight per pair, so an exact
maximum-weight matching (rustworkx, i128 weights) keeps this order exactly, for any even number of people whom the
private lists leave a pair each. Where there must be a triad the order is exact up to `EXACT` people; beyond, the triad
is the cheapest third to the best pairs of the others, and only what it adds may be short of the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from random import Random
from zoneinfo import ZoneInfo

from bot.model import Rhythm, Shift
from bot.roster import rostered
from bot.timetable import instant

EXACT = 41  # people up to whom every triad is tried: 400 matchings, less than a second

Pair = frozenset[str]  # of two ids

_DAY = 24 * 60
_MOST_TIMES, _MOST_WEEKS, _TIE_BITS = 255, 1023, 32  # bounds of the digits: 500 people stay far below 2**127
_DAYS, _LATES, _NIGHTS = ("day", "long_day"), ("late",), ("night", "long_night")
_CLASH = {
    frozenset({one, other}): minutes
    for these, those, minutes in ((_DAYS, _LATES, 180), (_LATES, _NIGHTS, 180), (_DAYS, _NIGHTS, 360))
    for one in these
    for other in those
}


@dataclass(frozen=True, slots=True)
class Waking:
    """The hours of a day in which somebody can meet: `minutes` long from `since`, in minutes of the UTC day.

    `east` is how many minutes their clocks are ahead of UTC.
    """

    since: int
    minutes: int
    east: int


@dataclass(frozen=True, slots=True)
class Mate:
    """Somebody to be matched; `never_with` holds ids and is known to nobody else."""

    id: str
    waking: Waking
    shift: Shift | None = None
    never_with: frozenset[str] = field(default=frozenset(), repr=False)
    sits_out: bool = False


@dataclass(frozen=True, slots=True)
class Met:
    """How often two people met, and the number of the week of the last time."""

    times: int
    last: int


@dataclass(frozen=True, slots=True)
class Matching:
    """Who meets, by ids in order. Everybody who does not sit out is in exactly one of these."""

    pairs: tuple[tuple[str, str], ...] = ()
    triad: tuple[str, str, str] | None = None
    alone: tuple[str, ...] = ()

    @property
    def meetings(self) -> frozenset[Pair]:
        """Every two people who meet: a triad is three meetings."""
        return frozenset(map(frozenset, (*self.pairs, *combinations(self.triad or (), 2))))


def waking(rhythm: Rhythm, tz: ZoneInfo, on: date) -> Waking:
    """From the morning to the evening of a local date; equal times are the whole day."""
    here = rostered(rhythm, on)
    since, until = instant(on, here.morning, tz), instant(on, here.evening, tz)
    begins, ends = (at.hour * 60 + at.minute for at in (since, until))
    east = since.astimezone(tz).utcoffset()
    return Waking(begins, (ends - begins) % _DAY or _DAY, 0 if east is None else int(east.total_seconds()) // 60)


def match(mates: Iterable[Mate], history: Mapping[Pair, Met], seed: str) -> Matching:
    """The matching of a week; the order of `mates` means nothing."""
    people = sorted((mate for mate in mates if not mate.sits_out), key=lambda mate: mate.id)
    groups = _Search(len(people), _costs(people, history, seed)).best()
    named = sorted(tuple(people[at].id for at in sorted(group)) for group in groups)
    together = {id_ for group in named for id_ in group}
    return Matching(
        pairs=tuple((group[0], group[1]) for group in named if len(group) == 2),
        triad=next(((group[0], group[1], group[2]) for group in named if len(group) == 3), None),
        alone=tuple(mate.id for mate in people if mate.id not in together),
    )


def remembered(history: Mapping[Pair, Met], matching: Matching, week: int) -> Mapping[Pair, Met]:
    """The history once this matching's people have met in this week."""
    times = {pair: met.times for pair, met in history.items()}
    return {**history, **{pair: Met(times.get(pair, 0) + 1, week) for pair in matching.meetings}}


def misfit(one: Mate, other: Mate) -> int:
    """How badly two people's days go together: minutes not awake at once, clashing shifts, a quarter of the zones."""
    a, b = one.waking, other.waking
    ahead = (b.since - a.since) % _DAY
    today, yesterday = min(a.minutes, ahead + b.minutes) - ahead, min(a.minutes, ahead + b.minutes - _DAY)
    apart = abs(a.east - b.east) % _DAY
    clash = _CLASH.get(frozenset({one.shift or "off", other.shift or "off"}), 0)
    return _DAY - max(0, today) - max(0, yesterday) + clash + min(apart, _DAY - apart) // 4


# ---------------------------------------------------------------- weights


def _costs(people: Sequence[Mate], history: Mapping[Pair, Met], seed: str) -> dict[tuple[int, int], int]:
    """A cost for each pair that may meet. Sums of fewer than `base` costs compare digit by digit."""
    base = len(people) + 3
    earliest = min((met.last for met in history.values()), default=0)
    ties = Random(seed)  # noqa: S311 - which of equals it is needs no secrecy
    costs = {}
    for i, j in combinations(range(len(people)), 2):
        one, other = people[i], people[j]
        tie = ties.getrandbits(_TIE_BITS)
        if other.id in one.never_with or one.id in other.never_with:
            continue
        cost = 0
        if met := history.get(frozenset((one.id, other.id))):
            cost = min(met.times, _MOST_TIMES) * base * (_MOST_WEEKS + 1) + min(met.last - earliest, _MOST_WEEKS) + 1
        cost = cost * base * 2 * _DAY + misfit(one, other)
        costs[i, j] = cost * (base << _TIE_BITS) + tie
    return costs


class _Search:
    """The groups of the greatest worth: everybody who is in one counts more than all costs together."""

    def __init__(self, people: int, costs: Mapping[tuple[int, int], int]) -> None:
        self._people = people
        self._costs = {**costs, **{(j, i): cost for (i, j), cost in costs.items()}}
        self._one = (people + 3) * max(costs.values(), default=0) + 1
        self._pairs = [(i, j, 2 * self._one - cost) for (i, j), cost in costs.items()]

    def best(self) -> list[tuple[int, ...]]:
        """One matching says it all, unless somebody must join a pair: its worth then is what a triad cannot exceed."""
        guest = self._people  # whoever is matched with this node shall join a pair, at no less than their cheapest two
        matched = _matched([*self._pairs, *((i, guest, worth) for i, worth in self._cheapest_joins())])
        pairs = [pair for pair in matched if guest not in pair]
        if len(pairs) == len(matched):
            return list(pairs)
        found = self._with_a_third(pairs)
        bound = sum(self._worth(pair) for pair in pairs)
        bound += next(worth for i, worth in self._cheapest_joins() if (i, guest) in matched or (guest, i) in matched)
        if self._total(found) == bound:
            return found
        return max((found, *self._others(found)), key=self._total)

    def _others(self, found: Sequence[tuple[int, ...]]) -> Iterator[list[tuple[int, ...]]]:
        """What else may be best: with any triad, or where nobody could join, without."""
        if self._people <= EXACT:
            yield from self._all_triads()
        if all(len(group) == 2 for group in found):
            yield self._with_a_third(_matched(self._pairs))

    def _cheapest_joins(self) -> Iterator[tuple[int, int]]:
        costs: dict[int, list[int]] = {}
        for (i, _), cost in self._costs.items():
            costs.setdefault(i, []).append(cost)
        return ((i, self._one - sum(sorted(own)[:2])) for i, own in sorted(costs.items()) if len(own) > 1)

    def _with_a_third(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
        """The pairs, one of which somebody who is alone joins if anybody can."""
        left = set(range(self._people)).difference(*pairs)
        triads = [(i, j, k) for i, j in pairs for k in left if (i, k) in self._costs and (j, k) in self._costs]
        if not triads:
            return list(pairs)
        joined = max(triads, key=lambda triad: self._worth(triad) - self._worth(triad[:2]))
        return [joined, *(pair for pair in pairs if pair != joined[:2])]

    def _all_triads(self) -> Iterator[list[tuple[int, ...]]]:
        """The best groups around each triad: two of its three are in the same half, and taken for one person."""
        halves = range(self._people // 2), range(self._people // 2, self._people)
        for i, j in (pair for half in halves for pair in combinations(half, 2) if pair in self._costs):
            edges = [edge for edge in self._pairs if not {i, j} & {edge[0], edge[1]}]
            for k in set(range(self._people)) - {i, j}:
                if (i, k) in self._costs and (j, k) in self._costs:
                    edges.append((k, self._people, self._worth((i, j, k))))
            yield [
                (i, j, *(at for at in pair if at != self._people)) if self._people in pair else pair
                for pair in _matched(edges)
            ]

    def _total(self, groups: Iterable[tuple[int, ...]]) -> int:
        return sum(self._worth(group) for group in groups)

    def _worth(self, group: tuple[int, ...]) -> int:
        return len(group) * self._one - sum(self._costs[pair] for pair in combinations(group, 2))


def _matched(edges: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """The matching of these weighted edges whose weights are the greatest together, in order."""
    import rustworkx  # lazily: it brings numpy, and pairs are made once a week

    graph: rustworkx.PyGraph[None, int] = rustworkx.PyGraph()  # a multigraph, though no edge is twice: it builds faster
    graph.extend_from_weighted_edge_list(list(edges))
    chosen = rustworkx.max_weight_matching(graph, weight_fn=int)
    return sorted((min(pair), max(pair)) for pair in chosen)
