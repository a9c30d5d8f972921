"""Erases people who asked for it: once our last words are sent and what they shared is deleted, or a minute later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.model import Incoming, MessageReceived
from bot.ports import Known, Saved, UnitOfWork
from bot.scribe import Outcome

AGAIN = timedelta(seconds=3)
PATIENCE = timedelta(minutes=1)


async def due(work: UnitOfWork, known: Known, now: datetime) -> Outcome:
    """What their alarm leads to: they are erased, or looked at again while the goodbye is on its way.

    So is the deletion of what they shared in a group's chat. A deletion that takes longer goes on without them: what it
    needs, the chat's own id of the message, stays in the outbox, and tells nothing of anybody.
    """
    person = known.participant
    shared = [key for one in person.shared for key in (one.key, one.undoing)]
    if person.erase_at is not None and now < person.erase_at + PATIENCE and await work.unsent(person.address, shared):
        return Outcome(saved={person.id: Saved(person, now + AGAIN, known.revision)})
    return Outcome(gone={person.id: now}, lines=[_line(person.id)])


async def at_the_door(
    work: UnitOfWork, todo: Sequence[Incoming], persons: Mapping[str, Known], now: datetime, done: Outcome
) -> list[Incoming]:
    """Who writes to us after saying that all be erased is erased first, and then a stranger like any other.

    Anything but a new message is an echo of what was (a second tap, a chat that is deleted) and is let go.
    `persons` are those behind the inputs, by key. Returns what is left to be acted on; `done` takes the log's lines.
    """
    left = []
    gone: set[str] = set()
    for one in todo:
        person = persons[one.key].participant
        if person.erase_at is None or person.id in gone:
            left.append(one)
        elif isinstance(one.given, MessageReceived) and not one.given.edited:
            gone.add(person.id)
            await work.erase(person.id, now)
            done.lines.append(_line(person.id))
            left.append(one)
    return left


def _line(person: str) -> Mapping[str, str]:
    return {**structlog.contextvars.get_contextvars(), "event": "erasing", "person": person}
