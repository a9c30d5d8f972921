"""The product's clocks: the real one, and one that rehearsals set; and word of it when the machine's own is set."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.ports import Store
from bot.until import Wait, until_set

STORED = "rehearsal.clock"
LOOK = 5.0  # seconds between two looks at the machine's clock
STEP = 2.0  # seconds: less is what keeping it right by the network does

log = structlog.get_logger()


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


class RehearsalClock:
    """A clock that starts where it is told and runs at `speed` (0: it moves by request only).

    It is stored, so that a restart goes on where it stood; while no process runs, it stands.
    """

    def __init__(self, at: datetime, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at, self.speed, self._monotonic = at, speed, monotonic
        self._since = monotonic()

    def now(self) -> datetime:
        """The rehearsed moment in UTC."""
        if not self.speed:
            return self._at
        return self._at + timedelta(seconds=(self._monotonic() - self._since) * self.speed)

    def move(self, to: datetime) -> None:
        """Sets the clock; it never goes back."""
        self._at, self._since = max(to, self.now()), self._monotonic()

    async def load(self, store: Store) -> None:
        """Goes on from the stored time, if there is one: `start` serves a new database only."""
        if (stored := await _stored(store)) is not None:
            self._at, self._since = stored, self._monotonic()

    async def follow(self, store: Store) -> bool:
        """Moves on to the stored time where another process moved it; whether it did."""
        there = await _stored(store)
        if there is None or there <= self.now():
            return False
        self.move(there)
        return True

    async def save(self, store: Store) -> None:
        """Stores the present moment of the rehearsal."""
        async with store.writing() as work:
            await work.remember(STORED, json.dumps({"at": self.now().isoformat()}))


async def _stored(store: Store) -> datetime | None:
    """The rehearsed moment that was stored last."""
    async with store.reading() as queries:
        stored = await queries.remembered(STORED)
    return datetime.fromisoformat(json.loads(stored)["at"]) if stored else None


async def tell_of_steps(
    stop: asyncio.Event,
    count: Callable[[], None],
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Wait = until_set,
) -> None:
    """Logs and counts, until `stop`, when somebody set the machine's clock, or the machine slept: the two part then."""
    apart = wall() - monotonic()
    while not stop.is_set():
        await wait(stop, LOOK)
        now_apart = wall() - monotonic()
        if abs(by := now_apart - apart) >= STEP:
            log.warning("clock_set", seconds=round(by), advice="keep it right by NTP: timedatectl set-ntp true")
            count()
        apart = now_apart
