"""Forms with several fields: what they ask, and what their values mean to the steps of a conversation. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversations.base import Move
from bot.model import Blank, ChoiceMade, Input, MessageReceived, Run, Said
from bot.model.replacing import replace

ANSWER = "text"  # the field of a form that has no other: it answers whatever was asked
FILLED = "filled"  # the note in which values wait until their steps come

Filled = Mapping[str, tuple[str, str]]
"""By step: "choice" or "text", and the value."""


def offered(asked: Move | Said) -> tuple[Blank, ...]:
    """The fields beside this question."""
    said = (asked,) if isinstance(asked, Said) else asked.events
    return next((one.blanks for one in said if isinstance(one, Said) and one.blanks), ())


def from_step(blanks: tuple[Blank, ...], step: str) -> tuple[Blank, ...]:
    """The fields of this step and of those after it; none if this step has no field."""
    here = next((at for at, blank in enumerate(blanks) if blank.step == step), len(blanks))
    return blanks[here:]


def understood(blanks: tuple[Blank, ...], values: Mapping[str, str]) -> Filled:
    """What these values answer; a choice that was not offered, and an empty field without a default, answer nothing."""
    found = {blank.step: _meaning(blank, values.get(blank.step, "").strip()) for blank in blanks}
    return {step: meaning for step, meaning in found.items() if meaning is not None}


def without(waiting: Filled, blanks: tuple[Blank, ...]) -> Filled:
    """What waits from earlier forms beside these fields."""
    anew = {blank.step for blank in blanks}
    return {step: meaning for step, meaning in waiting.items() if step not in anew}


def _meaning(blank: Blank, value: str) -> tuple[str, str] | None:
    if not value:
        return ("choice", blank.default) if blank.default else None
    if blank.kind != "choice":
        return "text", value
    return ("choice", value) if any(choice.id == value for choice in blank.choices) else None


def given_by(meaning: tuple[str, str] | None, asked: int) -> Input | None:
    """The input that a step gets for it."""
    if meaning is None:
        return None
    kind, value = meaning
    return ChoiceMade(value, asked) if kind == "choice" else MessageReceived(value)


def next_given(run: Run) -> tuple[tuple[str, str] | None, Run]:
    """What waits for a run at its step, if anything does; it is used up."""
    waiting: Filled = run.notes.get(FILLED, {})
    if run.step not in waiting:
        return None, run
    rest = {step: meaning for step, meaning in waiting.items() if step != run.step}
    return waiting[run.step], replace(run, notes={**run.notes, FILLED: rest})


def put(said: Said, run: Run, refused: Filled) -> Said:
    """A question with the fields that are still open, as they were filled in."""
    if not said.blanks:
        return said
    known = {**run.notes.get(FILLED, {}), **refused}
    blanks = from_step(said.blanks, run.step)
    return replace(said, blanks=tuple(_filled(blank, known.get(blank.step)) for blank in blanks))


def _filled(blank: Blank, meaning: tuple[str, str] | None) -> Blank:
    """The field as it was left; one that was left empty on purpose is empty again."""
    if meaning is None:
        return blank
    kind, value = meaning
    return replace(blank, value="" if kind == "choice" and blank.kind != "choice" else value)
