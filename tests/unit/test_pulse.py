"""The pulse: what it counts, and that nobody can be found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.model import Counted, Figure, Group, Pulse
from bot.cohorts.pulse import FIGURES, OFTEN, Seen, forgotten, last_week, pulse, rounded, seen
from bot.model import Entry, Journey, Participant, State
from tests.unit.pulse_attacker import View, learnt

MONDAY = date(2026, 3, 2)
WEEK = timedelta(days=7)
QUIET = Seen("", MONDAY, State.ACTIVE)
BUSY = Seen("", MONDAY, State.ACTIVE, 7, 5, 6, frozenset({"did", "not_today"}))


def cohort(*answers: bool) -> list[Seen]:
    """People of whom some practised and the others did nothing."""
    return [replace(BUSY if did else QUIET, id=f"p{number:02}") for number, did in enumerate(answers)]


def shown(pulse_: Pulse) -> dict[str, int | None]:
    """The figures by name."""
    return {figure.name: figure.at_least for figure in pulse_.figures}


# ---------------------------------------------------------------- what it counts


def entry(kind: str, on: date, went: str = "") -> Entry:
    return Entry("e", "p", kind, datetime(2026, 3, 3, tzinfo=UTC), on, went=went, text="secret")


def test_a_week_of_a_person_is_days_and_answers_without_text() -> None:
    entries = [
        entry("intention", MONDAY),
        entry("practice", MONDAY, "did"),
        entry("practice", MONDAY, "a_little"),
        entry("practice", MONDAY + timedelta(days=6), "not_today"),
        entry("practice", MONDAY + WEEK, "did"),
        entry("intention", MONDAY - timedelta(days=1)),
    ]
    heard = datetime(2026, 3, 5, 2, tzinfo=UTC)  # still the 4th in New York
    person = Participant("p", zone="America/New_York", heard=heard, journey=Journey(State.PAUSED))
    week = seen(person, MONDAY, entries, MONDAY)
    assert week == Seen("p", MONDAY, State.PAUSED, 3, 1, 1, frozenset({"did", "a_little", "not_today"}))
    assert "secret" not in repr(week)


def test_a_person_heard_in_another_week_only_was_silent_in_this_one() -> None:
    person = Participant("p", heard=datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert seen(person, MONDAY, [], MONDAY).days_heard == 0


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 3, 9, 12, tzinfo=UTC), None),  # it is still Sunday somewhere
        (datetime(2026, 3, 10, 2, tzinfo=UTC), None),
        (datetime(2026, 3, 10, 4, tzinfo=UTC), MONDAY),
        (datetime(2026, 3, 17, 3, tzinfo=UTC), MONDAY),
        (datetime(2026, 3, 17, 4, tzinfo=UTC), MONDAY + WEEK),
        (datetime(2026, 2, 1, tzinfo=UTC), None),
    ],
)
def test_a_week_is_over_when_it_is_over_everywhere(now: datetime, week: date | None) -> None:
    assert last_week(MONDAY, now, ZoneInfo("UTC")) == week


def test_counts_are_rounded_down_to_five_and_small_ones_are_not_told_apart() -> None:
    assert [rounded(count) for count in (0, 1, 4, 5, 9, 10, 14)] == [None, None, None, 5, 5, 10, 10]
    _, week = pulse((), MONDAY, cohort(*[True] * 11, *[False] * 9))
    assert week.people == 20
    assert shown(week)["practised"] == 10
    assert shown(week)["paused"] is None
    assert shown(week).keys() == FIGURES.keys()


def test_all_looks_like_nearly_all() -> None:
    every = [shown(pulse((), MONDAY, cohort(*[True] * (14 - none), *[False] * none))[1]) for none in range(5)]
    assert every == [every[0]] * 5
    assert every[0]["practised"] == 10


@pytest.mark.parametrize(("size", "people"), [(0, None), (4, None), (5, 5), (8, 5)])
def test_a_few_people_have_no_figures(size: int, people: int | None) -> None:
    assert pulse((), MONDAY, cohort(*[True] * size)) == ((), Pulse(MONDAY, people))


# ---------------------------------------------------------------- whom it counts


def test_who_came_in_the_middle_of_the_week_waits_for_the_next() -> None:
    people = cohort(*[True] * 9)
    people[0] = replace(people[0], joined=MONDAY + timedelta(days=1))
    assert pulse((), MONDAY, people)[0] == ()
    assert len(pulse((), MONDAY + WEEK, people)[0]) == 9


def test_newcomers_are_counted_five_at_a_time() -> None:
    group, _ = pulse((), MONDAY, cohort(*[True] * 10))
    sizes = [len(pulse(group, MONDAY + WEEK, cohort(*[True] * size))[0]) for size in range(10, 22)]
    assert sizes == [10] * 5 + [15] * 7


def test_who_left_is_counted_as_they_last_were_until_a_quarter_has_left() -> None:
    people = cohort(*[True] * 10, *[False] * 10)
    group, week = pulse((), MONDAY, people)
    for gone in range(1, 5):
        kept, later = pulse(group, MONDAY + WEEK, people[gone:])
        assert later == replace(week, week=MONDAY + WEEK)
        assert len(kept) == 20
    assert pulse(group, MONDAY + WEEK, people[5:])[1] == Pulse(MONDAY + WEEK, 15)


def test_who_comes_back_takes_their_old_place() -> None:
    people = cohort(*[True] * 10)
    group, _ = pulse((), MONDAY, people)
    without, _ = pulse(group, MONDAY + WEEK, people[1:])
    again, _ = pulse(without, MONDAY + 2 * WEEK, people)
    assert again == group


def test_an_erased_person_leaves_no_id() -> None:
    people = cohort(*[True] * 10)
    group = forgotten(pulse((), MONDAY, people)[0], "p03")
    later, _ = pulse(group, MONDAY + WEEK, [each for each in people if each.id != "p03"])
    assert len(later) == 10
    assert "p03" not in repr(later)
    assert forgotten(later, "p03") == later


# ---------------------------------------------------------------- the attacker


Weeks = Sequence[tuple[Sequence[int], Sequence[bool]]]  # who leaves (by place in the roster), and who comes saying what
Counting = Callable[[Group, date, list[Seen]], tuple[Group, Pulse]]


def views(weeks: Weeks, counting: Counting = pulse) -> tuple[list[View], dict[str, bool]]:
    """What an attacker sees of a cohort that changes week by week, and the truth."""
    there: dict[str, date] = {}
    answers: dict[str, bool] = {}
    group: Group = ()
    told = []
    for number, (going, coming) in enumerate(weeks):
        week = MONDAY + number * WEEK
        roster = sorted(there)
        for name in {roster[place % len(roster)] for place in going if roster}:
            del there[name]
        for answer in coming[: 40 - len(there)]:
            name = f"p{len(answers):03}"
            there[name], answers[name] = week, answer
        people = [replace(BUSY if answers[each] else QUIET, id=each, joined=on) for each, on in there.items()]
        group, week_pulse = counting(group, week, people)
        if week_pulse.figures:
            least = shown(week_pulse)["practised"] or 0
            told.append(View(frozenset(each.id for each in group), least, reach(least, len(group), counting)))
    return told, answers


def reach(least: int, size: int, counting: Counting) -> int:
    """The most that a figure may stand for."""
    return size if counting is pulse and least == (size - 4) // 5 * 5 else min(least + 4, size)


def naively(_: Group, week: date, present: list[Seen]) -> tuple[Group, Pulse]:
    """A pulse that rounds as ours does, but counts whoever is there."""
    group = tuple(Counted(each.id, frozenset()) for each in present)
    count = sum(map(FIGURES["practised"], present))
    return group, Pulse(week, rounded(len(present)), (Figure("practised", rounded(count)),))


answers_ = st.one_of(
    st.lists(st.booleans(), max_size=8),
    st.builds(lambda answer, size: [answer] * size, st.booleans(), st.integers(0, 12)),
)
first_ = st.one_of(
    st.lists(st.booleans(), min_size=5, max_size=25),
    st.builds(lambda ones, zeros: [True] * ones + [False] * zeros, st.integers(0, 20), st.integers(5, 20)),
)
week_ = st.tuples(st.lists(st.integers(0, 39), max_size=2), answers_)


@settings(max_examples=300, deadline=None)
@given(st.builds(lambda first, later: [((), first), *later], first_, st.lists(week_, max_size=9)))
def test_no_sequence_of_weeks_tells_anybodys_answer(weeks: Weeks) -> None:
    assert learnt(*views(weeks)) == set()


def handwritten() -> Iterator[tuple[str, Weeks]]:
    """What an attacker would hope for: counts at every edge of rounding, and then the one change."""
    for ones in range(15):
        start = ((), [True] * ones + [False] * (14 - ones))
        yield f"one comes to {ones}", [start, ((), [True]), ((), [False])]
        yield f"one of {ones} leaves", [start, ((0,), []), ((13,), [])]
        yield f"six come to {ones}", [start, ((), [True] * 6), ((), [True] * 6), ((), [False] * 4)]
        yield f"one by one after {ones}", [start, *[((), [True])] * 6, *[((0,), [])] * 5]
        yield f"five go and five come to {ones}", [start, (range(5), [True] * 5), (range(5), [False] * 5)]
        yield f"all but few of {ones} leave", [start, (range(10), []), ((), []), ((), [True] * 9)]


@pytest.mark.parametrize(
    ("name", "weeks"), list(handwritten()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_strategy_finds_the_one_who_came_or_left(name: str, weeks: Weeks) -> None:
    assert learnt(*views(weeks)) == set(), name


def test_the_attacker_is_able() -> None:
    came = [((), [True] * 9 + [False] * 5), ((), [True])]
    assert learnt(*views(came, naively)) == {"p014"}  # 9 became 10: the newcomer practised
    assert learnt(*views(came)) == set()
    every = [((), [True] * 10)]
    assert len(learnt(*views(every, naively))) == 10
    assert learnt(*views(every)) == set()


@pytest.mark.parametrize("size", [9, 10])
def test_the_figures_of_a_week_together_tell_nobody_anything_even_if_three_people_talk(size: int) -> None:
    went = [frozenset(each) for each in (["did"], ["a_little"], ["did", "a_little"])]
    practised = [
        replace(QUIET, days_heard=days, days_practised=days, went=each) for days in (1, OFTEN) for each in went
    ]
    kinds = [QUIET, replace(QUIET, days_heard=1), *practised]
    worlds: dict[tuple[tuple[str, int | None], ...], list[dict[str, int]]] = {}
    for people in combinations_with_replacement(kinds, size):
        _, week = pulse((), MONDAY, [replace(each, id=str(number)) for number, each in enumerate(people)])
        counts = {name: sum(map(holds, people)) for name, holds in FIGURES.items()}
        worlds.setdefault(tuple(shown(week).items()), []).append(counts)
    for alike in worlds.values():
        for name in ("active", "practised", "often", "did", "a_little"):
            assert min(counts[name] for counts in alike) <= size - 4
            assert max(counts[name] for counts in alike) >= 4


def test_who_found_the_practice_hard_cannot_be_found_beside_the_other_figures() -> None:
    hard = frozenset({"much_strain"})
    kinds = [
        QUIET,
        replace(QUIET, days_heard=1),
        replace(QUIET, days_heard=1, went=hard),
        replace(QUIET, days_heard=1, days_practised=1, went=frozenset({"did"})),
        replace(QUIET, days_heard=1, days_practised=1, went=frozenset({"did"}) | hard),
    ]
    for size in (9, 10):
        worlds: dict[tuple[tuple[str, int | None], ...], set[int]] = {}
        for people in combinations_with_replacement(kinds, size):
            _, week = pulse((), MONDAY, [replace(each, id=str(number)) for number, each in enumerate(people)])
            worlds.setdefault(tuple(shown(week).items()), set()).add(sum(map(FIGURES["strained"], people)))
        for alike in worlds.values():
            assert min(alike) <= size - 4
            assert max(alike) >= 4
