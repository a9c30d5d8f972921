"""Participants, replies and inputs as compact JSON: defaults are left out, every value comes back equal.

`notes` may hold what a conversation remembers: JSON's own values, and dates, times, tuples and sets, which are tagged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, get_args

from pydantic import TypeAdapter

from bot.cohorts.broadcasts import Broadcast
from bot.cohorts.model import Cohort
from bot.model import Incoming, Input, Origin, Participant, Reply, Run
from bot.model.replacing import replace
from bot.storage import older

_PARTICIPANT = TypeAdapter(Participant)
_REPLY = TypeAdapter(Reply)
_COHORT = TypeAdapter(Cohort)
_BROADCAST = TypeAdapter(Broadcast)
_INPUTS: Mapping[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Input)}
_ENVELOPE = TypeAdapter(tuple[str, ...])  # six of them before there were handles

_TAG = "$"
_UNPACK: Mapping[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "tuple": lambda values: tuple(map(_unpacked, values)),
    "set": lambda values: frozenset(map(_unpacked, values)),
    "dict": lambda pairs: {_unpacked(key): _unpacked(value) for key, value in pairs},
}


def _packed(value: Any) -> Any:
    match value:
        case str() | bool() | None:  # most of them
            return value
        case datetime() | date() | time():
            return {_TAG: type(value).__name__, "v": value.isoformat()}
        case tuple():
            return {_TAG: "tuple", "v": [_packed(item) for item in value]}
        case set() | frozenset():
            return {_TAG: "set", "v": [_packed(item) for item in value]}
        case list():
            return [_packed(item) for item in value]
        case Mapping() if _TAG not in value and all(isinstance(key, str) for key in value):
            return {key: _packed(item) for key, item in value.items()}
        case Mapping():
            return {_TAG: "dict", "v": [[_packed(key), _packed(item)] for key, item in value.items()]}
        case _:
            return value


def _unpacked(value: Any) -> Any:
    match value:
        case {"$": tag, "v": inner}:
            return _UNPACK[tag](inner)
        case dict():
            return {key: _unpacked(item) for key, item in value.items()}
        case list():
            return [_unpacked(item) for item in value]
        case _:
            return value


def _with_notes(person: Participant, change: Callable[[Any], Any]) -> Participant:
    if not person.runs:
        return person

    def changed(run: Run) -> Run:
        previous = tuple(replace(step, notes=change(step.notes)) for step in run.previous)
        return replace(run, notes=change(run.notes), previous=previous)

    return replace(person, runs=tuple(changed(run) for run in person.runs))


def dump_participant(person: Participant) -> bytes:
    """A person's state as JSON."""
    data = _PARTICIPANT.dump_json(_with_notes(person, _packed), exclude_defaults=True, warnings="error")
    return older.readable(data)


def load_participant(data: bytes) -> Participant:
    """The person that was dumped; fields that a newer version added get their defaults."""
    return _with_notes(_PARTICIPANT.validate_json(older.participant(data)), _unpacked)


def dump_reply(reply: Reply) -> bytes:
    """A reply as JSON."""
    return _REPLY.dump_json(reply, exclude_defaults=True, warnings="error")


def load_reply(data: bytes) -> Reply:
    """The reply that was dumped."""
    return _REPLY.validate_json(data)


def dump_cohort(cohort: Cohort) -> bytes:
    """A cohort as JSON, without its facilitators: who holds a role stands in a table of its own."""
    return _COHORT.dump_json(replace(cohort, facilitators=()), exclude_defaults=True, warnings="error")


def load_cohort(data: bytes) -> Cohort:
    """The cohort that was dumped; nobody leads it yet."""
    return _COHORT.validate_json(data)


def dump_broadcast(broadcast: Broadcast) -> bytes:
    """A broadcast as JSON."""
    return _BROADCAST.dump_json(broadcast, exclude_defaults=True, warnings="error")


def load_broadcast(data: bytes) -> Broadcast:
    """The broadcast that was dumped."""
    return _BROADCAST.validate_json(data)


def dump_incoming(incoming: Incoming) -> bytes:
    """An input with its origin: the kind of input, the input and its envelope, one a line."""
    kind, origin = type(incoming.given).__name__, incoming.origin
    about = (incoming.key, incoming.first_name, incoming.language, incoming.zone, incoming.handle)
    envelope = (origin.installation, origin.platform_id, *about)
    given = _INPUTS[kind].dump_json(incoming.given, exclude_defaults=True, warnings="error")
    return b"\n".join((kind.encode(), given, _ENVELOPE.dump_json(envelope)))


def load_incoming(data: bytes) -> Incoming:
    """The input that was dumped."""
    kind, given, envelope = data.split(b"\n")
    installation, platform_id, key, *about = _ENVELOPE.validate_json(envelope)
    value: Input = _INPUTS[kind.decode()].validate_json(given)
    return Incoming(Origin(installation, platform_id), key, value, *about)
