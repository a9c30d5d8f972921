"""The journey: its table, its diagram, and the arithmetic of weeks, pauses and repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from bot import journey
from bot.journey import TRANSITIONS, NoSuchTransitionError, travel
from bot.journey_diagram import diagram, page
from bot.model import Journey, Kind, Participant, Place, Rhythm, State

DOCS = Path(__file__).parents[2] / "docs" / "journey.md"
WEEKS = 8
MONDAY = date(2026, 3, 2)

CORE = {State.CONSENTING, State.ONBOARDING, State.ACTIVE, State.GRADUATED}
ALLOWED = {
    (State.INVITED, State.CONSENTING),
    (State.CONSENTING, State.ONBOARDING),
    (State.ONBOARDING, State.ACTIVE),
    (State.ACTIVE, State.GRADUATED),
    (State.GRADUATED, State.ACTIVE),
    (State.WITHDRAWN, State.CONSENTING),
    (State.PAUSED, State.WITHDRAWN),
    *((state, State.PAUSED) for state in CORE),
    *((State.PAUSED, state) for state in CORE),
    *((state, State.WITHDRAWN) for state in CORE),
}


def active(anchor: date = MONDAY, **changes: object) -> Journey:
    return replace(Journey(State.ACTIVE, anchor=anchor), **changes)  # type: ignore[arg-type]


def ana(path: Journey, **changes: object) -> Participant:
    return replace(Participant("ana", zone="UTC", journey=path), **changes)  # type: ignore[arg-type]


def at(on: date, hour: int) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=UTC)


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize(("before", "after"), list(product(State, State)), ids=lambda state: str(state))
def test_every_pair_of_states_is_an_arrow_or_an_error(before: State, after: State) -> None:
    if (before, after) in ALLOWED:
        assert travel(Journey(before), after, MONDAY).state is after
    else:
        with pytest.raises(NoSuchTransitionError):
            travel(Journey(before), after, MONDAY)


def test_no_arrow_stands_twice() -> None:
    pairs = [(arrow.before, arrow.after) for arrow in TRANSITIONS]
    assert len(pairs) == len(set(pairs)) == len(ALLOWED)


def test_every_state_can_be_reached_from_the_first() -> None:
    reached = {State.INVITED}
    while more := {arrow.after for arrow in TRANSITIONS if arrow.before in reached} - reached:
        reached |= more
    assert reached == set(State)


def test_from_every_state_the_course_can_be_walked_to_its_end() -> None:
    able = {State.GRADUATED}
    while more := {arrow.before for arrow in TRANSITIONS if arrow.after in able} - able:
        able |= more
    assert able == set(State)


def test_the_docs_hold_the_diagram_that_the_table_makes(update: bool) -> None:
    if update:
        DOCS.write_text(page(), "utf-8")
    assert DOCS.read_text("utf-8") == page()
    assert f"```mermaid\n{diagram()}```" in page()


def test_the_diagram_has_one_arrow_for_each_row_of_the_table() -> None:
    assert diagram().count("-->") == len(TRANSITIONS) + 1


# ---------------------------------------------------------------- weeks and days


@pytest.mark.parametrize(
    ("days", "place"),
    [
        (-1, None),
        (0, Place(1, 1)),
        (6, Place(1, 7)),
        (7, Place(2, 1)),
        (55, Place(8, 7)),
        (56, None),
    ],
)
def test_week_and_day_follow_from_the_first_date(days: int, place: Place | None) -> None:
    assert journey.place_on(active(), MONDAY + timedelta(days=days), WEEKS) == place


def test_without_a_first_day_there_is_no_place() -> None:
    assert journey.place_on(Journey(State.ONBOARDING), MONDAY, WEEKS) is None


def test_a_pause_stands_still_and_its_days_do_not_count() -> None:
    paused = travel(active(), State.PAUSED, date(2026, 3, 11), until=date(2026, 3, 18))
    assert journey.standing(paused, date(2026, 3, 16), WEEKS) == Place(2, 3)
    back = travel(paused, State.ACTIVE, date(2026, 3, 18))
    assert back == active(anchor=date(2026, 3, 9))
    assert journey.place_on(back, date(2026, 3, 18), WEEKS) == Place(2, 3)


def test_a_pause_of_no_day_changes_nothing() -> None:
    paused = travel(active(), State.PAUSED, date(2026, 3, 11))
    assert travel(paused, State.ACTIVE, date(2026, 3, 11)) == active()


def test_a_pause_before_the_first_day_moves_it_only_by_the_days_it_overlaps() -> None:
    waiting = active(anchor=date(2026, 3, 9))
    paused = travel(waiting, State.PAUSED, date(2026, 3, 5))
    assert travel(paused, State.ACTIVE, date(2026, 3, 7)).anchor == date(2026, 3, 9)
    assert travel(paused, State.ACTIVE, date(2026, 3, 12)).anchor == date(2026, 3, 12)


def test_in_a_cohort_a_pause_moves_nothing_and_the_week_goes_on() -> None:
    together = active(pacing="calendar")
    paused = travel(together, State.PAUSED, MONDAY + timedelta(days=3))
    assert journey.standing(paused, MONDAY + timedelta(days=8), WEEKS) == Place(2, 2)
    assert travel(paused, State.ACTIVE, MONDAY + timedelta(days=8)) == together


def test_a_pause_that_outlasts_the_cohort_ends_in_the_close() -> None:
    end = MONDAY + timedelta(weeks=WEEKS)
    paused = travel(active(pacing="calendar"), State.PAUSED, MONDAY, until=end + timedelta(days=2))
    ahead = journey.moment_ahead(ana(paused, checked=at(MONDAY, 12)), at(MONDAY, 12), WEEKS)
    assert ahead is not None
    assert (ahead.kind, ahead.on) == (Kind.GRADUATION, end + timedelta(days=2))


def test_a_week_that_is_walked_again_is_walked_at_ones_own_pace() -> None:
    assert journey.moved_to_week(active(pacing="calendar"), 3, MONDAY).pacing == "own"


def test_a_pause_returns_to_the_state_it_came_from() -> None:
    graduated = Journey(State.GRADUATED, anchor=MONDAY, graduated_on=date(2026, 4, 26))
    paused = travel(graduated, State.PAUSED, date(2026, 5, 1))
    assert paused.paused_from is State.GRADUATED
    assert travel(paused, State.GRADUATED, date(2026, 5, 4)).graduated_on == date(2026, 4, 26)


def test_a_repeated_week_begins_anew_on_its_day_one() -> None:
    again = journey.moved_to_week(active(), 3, date(2026, 3, 25))
    assert journey.place_on(again, date(2026, 3, 25), WEEKS) == Place(3, 1)
    assert journey.place_on(again, date(2026, 4, 1), WEEKS) == Place(4, 1)


def test_leaving_forgets_the_place() -> None:
    assert travel(active(), State.WITHDRAWN) == Journey(State.WITHDRAWN)


def test_graduation_remembers_its_day() -> None:
    assert travel(active(), State.GRADUATED, date(2026, 4, 26)).graduated_on == date(2026, 4, 26)


# ---------------------------------------------------------------- opening and closing a week


@pytest.mark.parametrize(
    ("days_off", "opens", "closes"),
    [
        (frozenset(), 1, 7),
        (frozenset({0}), 2, 7),
        (frozenset({6}), 1, 6),
        (frozenset({5, 6}), 1, 5),
        (frozenset({0, 1, 2, 4, 5, 6}), 4, 4),
    ],
)
def test_days_off_move_the_theme_and_the_look_back(days_off: frozenset[int], opens: int, closes: int) -> None:
    person = ana(active(), rhythm=Rhythm(days_off=days_off))
    days = [MONDAY + timedelta(days=7 + day) for day in range(7)]
    working = [(number, on) for number, on in enumerate(days, 1) if on.weekday() not in days_off]
    assert [number for number, on in working if journey.opens_week(person, on)] == [opens]
    assert [number for number, on in working if journey.closes_week(person, on)] == [closes]


# ---------------------------------------------------------------- what comes up


def kinds(person: Participant, until: datetime) -> list[tuple[Kind, date]]:
    return [(moment.kind, moment.on) for moment in journey.moments_due(person, until, WEEKS)]


def test_an_active_day_has_a_morning_and_an_evening() -> None:
    person = ana(active(), checked=at(MONDAY, 5))
    assert kinds(person, at(MONDAY, 23)) == [(Kind.MORNING, MONDAY), (Kind.EVENING, MONDAY)]


def test_nothing_comes_up_before_day_one_or_without_a_look_before() -> None:
    assert kinds(ana(active(), checked=at(MONDAY - timedelta(days=3), 5)), at(MONDAY, 7)) == []
    assert kinds(ana(active()), at(MONDAY, 23)) == []


def test_what_was_touched_does_not_come_up_again() -> None:
    person = ana(active(), checked=at(MONDAY, 5), touched=((Kind.MORNING, MONDAY),))
    assert kinds(person, at(MONDAY, 23)) == [(Kind.EVENING, MONDAY)]


def test_after_the_last_day_the_close_comes_up() -> None:
    after = MONDAY + timedelta(days=56)
    person = ana(active(), checked=at(after, 5))
    assert kinds(person, at(after, 9)) == [(Kind.GRADUATION, after)]


def test_fewer_means_three_mornings_a_week() -> None:
    person = ana(active(), checked=at(MONDAY, 5), fewer=True)
    expected = [(Kind.MORNING, MONDAY + timedelta(days=day)) for day in (0, 2, 5)]
    assert kinds(person, at(MONDAY + timedelta(days=6), 23)) == expected


def test_fewer_leaves_the_evening_to_those_without_mornings() -> None:
    person = ana(active(), checked=at(MONDAY, 5), fewer=True, rhythm=Rhythm(mornings=False))
    assert kinds(person, at(MONDAY + timedelta(days=1), 23)) == [(Kind.EVENING, MONDAY)]


def test_a_pause_with_an_end_ends_in_a_morning() -> None:
    paused = travel(active(), State.PAUSED, MONDAY, until=MONDAY + timedelta(days=2))
    person = ana(paused, checked=at(MONDAY, 12))
    ahead = journey.moment_ahead(person, at(MONDAY, 12), WEEKS)
    assert ahead is not None
    assert (ahead.kind, ahead.on) == (Kind.MORNING, MONDAY + timedelta(days=2))
    late = kinds(person, at(MONDAY + timedelta(days=3), 23))
    assert late == [(Kind.MORNING, MONDAY + timedelta(days=day)) for day in (2, 3)]


@pytest.mark.parametrize("path", [Journey(), Journey(State.CONSENTING), travel(active(), State.PAUSED, MONDAY)])
def test_nothing_lies_ahead_of_who_is_not_walking(path: Journey) -> None:
    assert journey.moment_ahead(ana(path), at(MONDAY, 12), WEEKS) is None


@pytest.mark.parametrize(
    ("path", "first"),
    [
        (Journey(State.GRADUATED, graduated_on=MONDAY, boosters_every=30), MONDAY + timedelta(days=30)),
        (
            Journey(State.GRADUATED, graduated_on=MONDAY, boosters_every=30, boosted_on=MONDAY + timedelta(days=30)),
            MONDAY + timedelta(days=60),
        ),
        (Journey(State.GRADUATED, graduated_on=MONDAY), None),
    ],
)
def test_boosters_come_as_rarely_as_they_were_wished(path: Journey, first: date | None) -> None:
    ahead = journey.moment_ahead(ana(path), at(MONDAY, 12), WEEKS)
    assert (ahead.on if ahead else None) == first


def test_a_free_rest_of_the_day_lies_behind_what_was_checked() -> None:
    person = ana(active(), checked=at(MONDAY + timedelta(days=1), 4))
    ahead = journey.moment_ahead(person, at(MONDAY, 12), WEEKS)
    assert ahead is not None
    assert ahead.on == MONDAY + timedelta(days=1)
