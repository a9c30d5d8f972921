"""What somebody who leads a group can find out about one person: nothing, but for what SECURITY.md says is left."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.audience import counted
from bot.cohorts.broadcasts import Head, Segment
from bot.cohorts.pulse import FIGURES
from tests import attacker


def test_the_attackers_log_finds_nobody_out() -> None:
    said: list[str] = []
    told = attacker.log(said.append)
    assert [one for one in told if one.isolated] == []
    assert {one.view for one in told} >= {f"/pulse: {name}" for name in FIGURES}
    assert sum(one.looks for one in told) > 1000
    assert len(said) == len(told) + 2
    assert "what is left (SECURITY.md)" in said[-1]


@given(st.integers(0, 10**6), st.integers(5, 24))
@settings(max_examples=40, deadline=None)
def test_no_figure_of_any_week_tells_of_anybody_whoever_comes_leaves_or_is_erased(seed: int, size: int) -> None:
    assert [one for one in attacker.look_at_pulses(seed, size) if one.isolated] == []


@given(st.integers(0, 10**6), st.lists(st.integers(0, 20), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_part_of_a_group_tells_of_anybody_however_it_is_cut(seed: int, sizes: list[int]) -> None:
    assert [one for one in attacker.look_at_parts(seed, sizes) if one.isolated] == []


def test_who_looks_right_before_and_after_somebody_leaves_may_learn_about_them_and_we_say_so() -> None:
    left = [attacker.look_before_and_after(seed, 6 + seed % 20) for seed in range(200)]
    assert 0 < sum(bool(one.isolated) for one in left) < 20


def test_who_walks_in_their_own_group_under_many_names_may_learn_about_others_and_we_say_so() -> None:
    silent, active = Head("a", 1, 9, "b"), Head("a", 1, 0, "b")
    their_own = [silent] * 4 + [active]
    assert counted([*their_own, silent], Segment("silent", 7)) == 5
    assert counted([*their_own, active], Segment("silent", 7)) is None


@pytest.mark.parametrize(
    ("silent", "active", "shown"),
    [(4, 10, None), (5, 10, 5), (5, 1, 5), (6, 0, 5), (5, 0, None), (10, 0, 5), (11, 0, 10), (0, 9, None)],
)
def test_a_part_is_written_to_from_five_on_and_is_never_all(silent: int, active: int, shown: int | None) -> None:
    heads = [Head("a", 1, 9, "b")] * silent + [Head("a", 1, 0, "b")] * active
    assert counted(heads, Segment("silent", 7)) == shown


def test_of_several_groups_no_more_is_said_than_of_each() -> None:
    heads = [Head(cohort, 1, 9, "b") for cohort in "aaaaaaabbbbccccccc"] + [Head("a", 1, 0, "b"), Head("c", 1, 0, "b")]
    assert counted(heads, Segment("silent", 7)) == 10
    assert counted([head for head in heads if head.cohort == "b"], Segment("silent", 7)) is None
    assert counted(heads, Segment("week", 1)) == 20
