"""Spreads the installations over the processes that share a database, each of which could serve them all.

Nobody is in charge: every process says that it is there, looks who holds what, and takes no more than its share as long
as others are there to take the rest. Wrong guesses cost seconds, never safety: that is the lease's affair (outbox.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from bot.errors import StoreError
from bot.ports import OutboxStore, Standing
from bot.until import until_set

log = structlog.get_logger()

EVERY = 1.0  # seconds between looks; on PostgreSQL each writes one small row
PRESENT = 5.0  # seconds after which a process that fell silent is not counted any more
PATIENCE = 4.0  # seconds that a free lease beyond our share is left to the others
SETTLED = 3.0  # seconds that a newcomer must last before we make room: one that dies again and again shall not stir us


class Sender(Protocol):
    """An outbox, as far as it concerns us."""

    def give_up(self) -> None:
        """Ends what is in flight and gives the lease back."""
        ...


class Spread:
    """Says which leases this process may take, and which of its own are another's share.

    `owner` is this process; `monotonic` is in seconds.
    """

    def __init__(self, store: OutboxStore, owner: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._owner, self._monotonic = store, owner, monotonic
        self.senders: dict[str, Sender] = {}
        self._standing: Standing | None = None  # None: the last look failed
        self._since: dict[str, float] = {}  # when we first saw each process
        self._free: dict[str, float] = {}  # free leases, and when we first saw them so
        self._granted: set[str] = set()  # leases that we let our outboxes ask for since the last look
        self._unwanted: set[str] = set()  # leases beyond our share that nobody else took

    async def run(self, stop: asyncio.Event) -> None:
        """Looks every second until `stop`; then says that we are gone."""
        while not stop.is_set():
            await self.look()
            for name in self.excess():
                log.info("lease_passed_on", installation=name)
                self.senders[name].give_up()
            await until_set(stop, EVERY)
        with suppress(StoreError):
            await self._store.attend(self._owner, 0.0)

    async def look(self) -> None:
        """Says that we are here, and sees who else is, and what they hold."""
        self._granted.clear()
        try:
            self._standing = standing = await self._store.attend(self._owner, PRESENT)
        except StoreError:  # each outbox finds out for itself, tells of it, and tries again
            self._standing = None
            return
        now = self._monotonic()
        if self._since.keys() != standing.processes:
            self._unwanted.clear()
        self._since = {one: self._since.get(one, now) for one in standing.processes}
        self._free = {one: self._free.get(one, now) for one in self.senders if one not in standing.held}

    def may_take(self, installation: str) -> bool:
        """Whether to ask for this lease now: it is free, and our share or left by the others."""
        standing = self._standing
        if standing is None:
            return True
        if installation not in self._free:
            return False
        if len(self._mine(standing.held)) + len(self._granted - {installation}) >= self._share(len(standing.processes)):
            if self._monotonic() - self._free[installation] < PATIENCE:
                return False
            self._unwanted.add(installation)
        self._granted.add(installation)
        return True

    def excess(self) -> list[str]:
        """What we hold and others, who have been here for a while, shall have."""
        if self._standing is None:
            return []
        settled = sum(self._monotonic() - since >= SETTLED for since in self._since.values())
        mine = sorted(self._mine(self._standing.held) - self._unwanted)
        return mine[self._share(max(1, settled)) :]

    def _mine(self, held: Mapping[str, str]) -> set[str]:
        return {one for one in self.senders if held.get(one) == self._owner}

    def _share(self, processes: int) -> int:
        """The most that one of so many processes should hold."""
        return -(-len(self.senders) // processes)
