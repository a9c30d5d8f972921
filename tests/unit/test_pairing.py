"""Who meets whom: against brute force on small cohorts, and what must hold on every cohort."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from itertools import combinations
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.pairing import EXACT, Matching, Mate, Met, Pair, Waking, match, misfit, remembered, waking
from bot.model import Rhythm, Shift

BERLIN = Waking(7 * 60, 12 * 60, 60)
AUCKLAND = Waking(19 * 60, 12 * 60, 780)


def cohort(size: int, spread: bool = False) -> list[Mate]:
    """So many people in Berlin, or around the world."""
    return [
        Mate(f"p{number:03}", Waking(number * 97 % 1440, 720, number * 60 % 720) if spread else BERLIN)
        for number in range(size)
    ]


# ---------------------------------------------------------------- brute force


def partitions(people: Sequence[Mate], triad: bool = True) -> Iterator[list[tuple[Mate, ...]]]:
    """Every way to make pairs and at most one triad; who is alone is a group of one."""
    if not people:
        yield []
        return
    first, *rest = people
    for size in (0, 1, 2) if triad else (0, 1):
        for others in combinations(rest, size):
            group = (first, *others)
            if any(b.id in a.never_with or a.id in b.never_with for a, b in combinations(group, 2)):
                continue
            left = [mate for mate in rest if mate not in others]
            for groups in partitions(left, triad and size < 2):
                yield [group, *groups]


def judged(groups: Sequence[Sequence[Mate]], history: Mapping[Pair, Met]) -> tuple[int, int, int, int]:
    """What is to be least, in this order."""
    meeting = [pair for group in groups for pair in combinations(group, 2)]
    again = [met for a, b in meeting if (met := history.get(frozenset((a.id, b.id))))]
    first = min((met.last for met in history.values()), default=0)
    return (
        sum(len(group) == 1 for group in groups),
        sum(met.times for met in again),
        sum(met.last - first + 1 for met in again),
        sum(misfit(a, b) for a, b in meeting),
    )


def groups_of(matching: Matching, people: Sequence[Mate]) -> list[list[Mate]]:
    """The matching with mates for ids."""
    known = {mate.id: mate for mate in people}
    ids = [*matching.pairs, *([matching.triad] if matching.triad else []), *((each,) for each in matching.alone)]
    return [[known[each] for each in group] for group in ids]


@st.composite
def worlds(draw: st.DrawFn, most: int = 8) -> tuple[list[Mate], dict[Pair, Met]]:
    """A small cohort with private lists, people who sit out, and a past."""
    ids = [f"p{number}" for number in range(draw(st.integers(0, most)))]
    shifts: list[Shift | None] = [None, "day", "late", "night", "off"]
    days = st.builds(
        Waking, st.sampled_from([0, 420, 1140]), st.sampled_from([600, 720, 1440]), st.sampled_from([0, 780])
    )
    pairs = [frozenset(pair) for pair in combinations(ids, 2)]
    if not pairs:
        return [Mate(each, BERLIN) for each in ids], {}
    never = draw(st.lists(st.sampled_from(list(combinations(ids, 2))), max_size=len(pairs)))
    mates = [
        Mate(
            each,
            draw(days),
            draw(st.sampled_from(shifts)),
            frozenset(other for one, other in never if one == each),
            draw(st.integers(0, 9)) == 0,
        )
        for each in ids
    ]
    met = st.builds(Met, st.integers(1, 3), st.integers(1, 8))
    return mates, draw(st.dictionaries(st.sampled_from(pairs), met, max_size=len(pairs)))


@settings(max_examples=250, deadline=None)
@given(worlds(), st.integers(0, 3))
def test_no_other_matching_of_a_small_cohort_is_better(world: tuple[list[Mate], dict[Pair, Met]], seed: int) -> None:
    mates, history = world
    people = [mate for mate in mates if not mate.sits_out]
    ours = groups_of(match(mates, history, str(seed)), people)
    assert sorted(mate.id for group in ours for mate in group) == sorted(mate.id for mate in people)
    assert judged(ours, history) == min(judged(groups, history) for groups in partitions(people))


@settings(max_examples=40, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_seed_alone_decides_between_equals(world: tuple[list[Mate], dict[Pair, Met]], random: Random) -> None:
    mates, history = world
    shuffled = random.sample(mates, len(mates))
    backwards = dict(reversed(history.items()))
    assert match(mates, history, "a") == match(shuffled, backwards, "a")


def test_another_seed_chooses_among_equals_anew() -> None:
    assert len({match(cohort(8), {}, str(seed)) for seed in range(20)}) > 5


# ---------------------------------------------------------------- what must hold


@pytest.mark.parametrize("size", [2, 6, 12, 20])
def test_nobody_repeats_until_everybody_has_met(size: int) -> None:
    history: Mapping[Pair, Met] = {}
    for week in range(1, 4 if size > 2 else 2):
        matching = match(cohort(size), history, str(week))
        assert not matching.meetings & history.keys()
        assert not matching.alone
        history = remembered(history, matching, week)


def test_those_who_met_longest_ago_meet_again_first() -> None:
    ids = [mate.id for mate in cohort(4)]
    history = {frozenset(pair): Met(1, 9) for pair in combinations(ids, 2)}
    history |= {frozenset(pair): Met(1, 2) for pair in [("p000", "p003"), ("p001", "p002")]}
    assert match(cohort(4), history, "").pairs == (("p000", "p003"), ("p001", "p002"))


def test_an_odd_one_makes_a_triad_whose_three_pairs_count_as_met() -> None:
    matching = match(cohort(5), {}, "")
    assert matching.triad
    assert len(matching.meetings) == 4
    assert not matching.alone
    assert remembered({}, matching, 3)[frozenset(matching.triad[:2])] == Met(1, 3)
    assert remembered(remembered({}, matching, 3), matching, 4)[frozenset(matching.triad[1:])] == Met(2, 4)


@pytest.mark.parametrize("size", [3, 9, EXACT, EXACT + 2])
def test_an_odd_cohort_leaves_nobody_alone(size: int) -> None:
    matching = match(cohort(size, spread=True), {}, "")
    assert matching.triad
    assert not matching.alone


def test_a_private_list_is_absolute_and_is_not_in_the_result() -> None:
    two = [replace(cohort(1)[0], never_with=frozenset({"p001"})), cohort(2)[1]]
    assert match(two, {}, "") == Matching(alone=("p000", "p001"))
    assert "p001" not in repr(two[0])


def test_who_sits_out_is_nowhere() -> None:
    mates = [replace(mate, sits_out=mate.id == "p001") for mate in cohort(3)]
    assert match(mates, {}, "") == Matching(pairs=(("p000", "p002"),))


def test_nobody_or_one_is_no_matching() -> None:
    assert match([], {}, "") == Matching()
    assert match(cohort(1), {}, "") == Matching(alone=("p000",))


def test_a_large_odd_cohort_joins_whoever_can_be_joined() -> None:
    stars = [replace(mate, never_with=frozenset(f"p{n:03}" for n in range(1, EXACT + 4))) for mate in cohort(1)]
    matching = match([*stars, *cohort(EXACT + 4)[1:]], {}, "")  # nobody may meet the first, and the others are even
    assert matching.alone == ("p000",)
    assert matching.triad is None


def test_shifts_that_overlap_and_near_zones_go_together() -> None:
    day, late, night = (Mate(shift, BERLIN, shift) for shift in ("day", "late", "night"))
    assert misfit(day, replace(day, id="x")) < misfit(day, late) < misfit(day, night)
    assert misfit(replace(day, shift="long_day"), night) == misfit(day, replace(night, shift="long_night"))
    assert misfit(day, night) == misfit(day, replace(night, shift="long_night"))
    assert misfit(day, replace(day, shift="long_day")) == misfit(day, day)
    assert misfit(day, Mate("off", BERLIN, "off")) == misfit(day, Mate("unknown", BERLIN)) == misfit(day, day)
    assert misfit(Mate("a", BERLIN), Mate("b", replace(BERLIN, east=120))) > misfit(
        Mate("a", BERLIN), Mate("b", BERLIN)
    )
    north, south = [Mate(f"b{n}", BERLIN) for n in range(2)], [Mate(f"a{n}", AUCKLAND) for n in range(2)]
    assert match([*north, *south], {}, "").pairs == (("a0", "a1"), ("b0", "b1"))


def test_zones_on_both_sides_of_the_date_line_are_near() -> None:
    honolulu, auckland = (Mate(str(east), Waking(0, 720, east)) for east in (-600, 780))
    assert misfit(honolulu, auckland) == 720 + 15


@pytest.mark.parametrize(
    ("zone", "rhythm", "expected"),
    [
        ("Europe/Berlin", Rhythm(), Waking(7 * 60, 720, 60)),
        ("Asia/Kolkata", Rhythm(morning=time(7, 15)), Waking(105, 765, 330)),
        ("Pacific/Auckland", Rhythm(), Waking(19 * 60, 720, 780)),
        ("America/Los_Angeles", Rhythm(morning=time(16), evening=time(7)), Waking(0, 900, -480)),
        ("UTC", Rhythm(morning=time(8), evening=time(8)), Waking(480, 1440, 0)),
    ],
)
def test_waking_hours_are_those_of_the_local_date(zone: str, rhythm: Rhythm, expected: Waking) -> None:
    assert waking(rhythm, ZoneInfo(zone), date(2026, 1, 14)) == expected


def test_the_matching_library_is_loaded_only_when_pairs_are_made() -> None:
    code = "import sys, bot.cohorts.pairing; sys.exit('rustworkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
