"""What older versions wrote, in today's shape, and what they can read of it while replicas are replaced one by one.

Documents are rewritten one by one, whenever somebody is saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

IN_A_COHORT = " in a cohort"
LONG = "long_"  # what the names of twelve-hour shifts begin with


def participant(data: bytes) -> bytes:
    """A person's document; one of today comes back as it is."""
    steps = [step for mark, step in _STEPS.items() if mark in data]
    if not steps:
        return data
    person = json.loads(data)
    for step in steps:
        person = step(person)
    return json.dumps(person, separators=(",", ":")).encode()


def readable(data: bytes) -> bytes:
    """A person's document as versions before 2026-11-23 can read it: a long day is a day to them, a long night a night.

    Which of the shifts are long stands beside the roster; an older program that saves the person forgets it.
    """
    if f'"{LONG}'.encode() not in data:
        return data
    person = json.loads(data)
    rhythm = person.get("rhythm", {})
    roster = rhythm.get("roster", [])
    long = [at for at, (_, shift) in enumerate(roster) if shift.startswith(LONG)]
    if long:
        rhythm |= {"roster": [[on, shift.removeprefix(LONG)] for on, shift in roster], "long": long}
    return json.dumps(person, separators=(",", ":")).encode()


def _with_long_shifts(person: dict[str, Any]) -> dict[str, Any]:
    rhythm = person.get("rhythm", {})
    for at in rhythm.pop("long", ()):
        rhythm["roster"][at][1] = LONG + rhythm["roster"][at][1]
    return person


def _with_layers(person: dict[str, Any]) -> dict[str, Any]:
    """Until 2026-11-22 a journey held one consent, and to whom the version's ending said."""
    journey = person.get("journey", {})
    version, at = journey.pop("consent", None), journey.pop("consent_at", None)
    if not version or at is None or "consents" in person:
        return person
    layers = ("coach", "group") if version.endswith(IN_A_COHORT) else ("coach",)
    plain = version.removesuffix(IN_A_COHORT)
    return person | {"consents": [{"layer": layer, "version": plain, "at": at} for layer in layers]}


_STEPS: Mapping[bytes, Callable[[dict[str, Any]], dict[str, Any]]] = {  # inside a text these quotes would be escaped
    b'"consent":"': _with_layers,
    b'"long":': _with_long_shifts,
}
