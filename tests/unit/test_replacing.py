"""replace() of frozen values."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bot.model import Choice, Participant, Said, State
from bot.model.replacing import replace


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Participant(id="1", name="Ana"), {"name": "Ben", "asked": 7}),
        (Said("morning/invite", {"week": 1}), {"choices": ((Choice("more"),),)}),
        (Said("morning/invite"), {}),
    ],
)
def test_it_gives_what_the_dataclass_would(value: Any, changes: dict[str, Any]) -> None:
    assert replace(value, **changes) == dataclasses.replace(value, **changes)


def test_the_value_that_was_stays_as_it_was() -> None:
    before = Participant(id="1", name="Ana")
    replace(before, name="Ben")
    assert before.name == "Ana"


def test_what_comes_of_it_is_frozen_too() -> None:
    after = replace(Participant(id="1"), name="Ben")
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.name = "Ana"  # type: ignore[misc]


def test_a_field_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError):
        replace(Participant(id="1"), state=State.ACTIVE)
