"""What is stored comes back equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticSerializationError

from bot.model import Incoming, Participant, Reply, Rhythm, Run
from bot.storage import codec

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NOTE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.dates()
    | st.times()
    | st.datetimes(timezones=ZONES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.frozensets(st.integers() | st.dates(), max_size=3)
        | st.dictionaries(TEXT | st.sampled_from(["$", "v"]), inner, max_size=3)
        | st.dictionaries(st.integers() | st.dates(), inner, max_size=2)
    ),
    max_leaves=8,
)
st.register_type_strategy(datetime, st.datetimes(timezones=ZONES))
st.register_type_strategy(str, TEXT)
st.register_type_strategy(time, st.times())
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def mappings(of: Any) -> st.SearchStrategy[Mapping[str, Any]]:
    """Plain dictionaries, as the engine makes them."""
    _, value = get_args(of)
    return st.dictionaries(TEXT, NOTE if value is Any else st.from_type(value), max_size=3)


st.register_type_strategy(Mapping, mappings)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
NOTES = st.dictionaries(TEXT, NOTE, max_size=3)


@QUICK
@given(st.from_type(Participant), st.lists(NOTES, max_size=3))
def test_a_participant_comes_back_equal(person: Participant, notes: list[dict[str, Any]]) -> None:
    person = replace(person, runs=tuple(Run("evening", "asked", notes=note) for note in notes))
    assert codec.load_participant(codec.dump_participant(person)) == person


@QUICK
@given(st.from_type(Reply))
def test_a_reply_comes_back_equal(reply: Reply) -> None:
    assert codec.load_reply(codec.dump_reply(reply)) == reply


@QUICK
@given(st.from_type(Incoming))
def test_an_input_comes_back_equal_and_of_its_kind(incoming: Incoming) -> None:
    again = codec.load_incoming(codec.dump_incoming(incoming))
    assert again == incoming
    assert type(again.given) is type(incoming.given)


def test_defaults_take_no_room() -> None:
    assert codec.dump_participant(Participant("ana")) == b'{"id":"ana"}'
    assert codec.dump_reply(Reply()) == b"{}"


def test_a_state_from_before_a_field_existed_or_after_one_went_still_loads() -> None:
    assert codec.load_participant(b'{"id":"ana","gone":1}') == Participant("ana")


SHIFTS_OF_OLD = {"day", "late", "night", "off"}  # all that programs before long shifts can read


def test_to_an_older_program_long_shifts_are_short_and_hours_of_ones_own_are_unknown() -> None:
    days = ("day", "long_day", "long_night", "off", "night")
    roster = tuple((date(2026, 3, day), shift) for day, shift in enumerate(days, 1))
    hours = (("long_day", time(7, 30), time(19, 30)),)
    ana = Participant("ana", name='"long_"', rhythm=Rhythm(roster=roster, hours=hours))  # type: ignore[arg-type]
    stored = json.loads(codec.dump_participant(ana))
    assert codec.load_participant(codec.dump_participant(ana)) == ana
    assert [shift for _, shift in stored["rhythm"]["roster"]] == ["day", "day", "night", "off", "night"]
    for new in ("long", "hours"):
        del stored["rhythm"][new]  # it saves the person without what it does not know
    again = codec.load_participant(json.dumps(stored).encode()).rhythm
    assert {shift for _, shift in again.roster} <= SHIFTS_OF_OLD
    assert again.hours == ()


def test_a_roster_from_before_there_were_long_shifts_loads_as_it_was() -> None:
    old = b'{"id":"ana","rhythm":{"roster":[["2026-03-02","night"],["2026-03-03","off"]]}}'
    expected = ((date(2026, 3, 2), "night"), (date(2026, 3, 3), "off"))
    assert codec.load_participant(old) == Participant("ana", rhythm=Rhythm(roster=expected))  # type: ignore[arg-type]
    assert codec.dump_participant(codec.load_participant(old)) == old


def test_what_could_not_be_loaded_again_is_not_saved() -> None:
    wrong = Participant("ana", checked_in="yesterday")  # type: ignore[arg-type]
    with pytest.raises(PydanticSerializationError):
        codec.dump_participant(wrong)
    assert codec.load_participant(codec.dump_participant(Participant("ana", checked_in=date(2026, 3, 2)))).checked_in
