"""How long what is kept: erasure, retention, and the store's own housekeeping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Erased:
    """What went with somebody: `entries` of theirs, `messages` to them, `copies` in messages to others.

    `leaderless` are the ids of open cohorts that nobody leads any more. All is empty if nobody has that id.
    """

    person: str
    entries: int = 0
    messages: int = 0
    copies: int = 0
    leaderless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is kept, on the coach's clock; `left` None keeps the data of those who left until they erase it.

    `sent`: what was said, once it was sent or given up. `keyed`: that it was said, where later messages may be about
    it. `received`: the keys of inputs, longer than any platform serves them again.
    """

    sent: timedelta = timedelta(days=30)
    received: timedelta = timedelta(days=8)
    left: timedelta | None = None
    audit: timedelta = timedelta(days=730)
    attempts: timedelta = timedelta(days=2)
    invitations: timedelta = timedelta(days=30)  # after they ended
    keyed: timedelta = timedelta(days=400)


class Housekeeping(Protocol):
    """What a store does beside its work, in small transactions that hold nobody up."""

    async def purge(self, keep: Keep, now: datetime) -> Mapping[str, int]:
        """Deletes what is older than it is kept; how many rows, by what they were (left out where none)."""
        ...

    async def present(self) -> bool:
        """Says that this process is running; False if the key that it writes with was retired: it must stop."""
        ...

    async def tidy(self) -> bool:
        """Overwrites what erasures left in the database's files; False if it must be tried again later."""
        ...
