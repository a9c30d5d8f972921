"""One APScheduler interval job, in memory: when to wake whom stands in the database, so nothing here must survive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.errors import StoreError
from bot.ports import Door

log = structlog.get_logger()

EVERY = 0.5  # seconds; an idle look costs one indexed read
AT_ONCE = 200  # people a transaction at most …
AT_LEAST = 10
PACE = 0.05  # … and no more than take so many seconds: inputs and the outbox wait for their end, an answer twice


class AlarmClock:
    """Wakes whoever is due, all of them, in batches; `ok` says whether the last look went well.

    `monotonic` is in seconds.
    """

    def __init__(self, door: Door, every: float = EVERY, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._door, self._monotonic = door, monotonic
        self._at_once = AT_ONCE // 4
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.look, "interval", seconds=every, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._looking = asyncio.Lock()
        self._stopping = False
        self.ok = True

    def start(self) -> None:
        """Begins to look; needs a running event loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Looks no more; returns once the batch under way is committed."""
        self._stopping = True
        async with self._looking:  # the scheduler would cancel it
            self._scheduler.shutdown(wait=False)

    async def look(self) -> int:
        """Wakes everybody who is due now; how many."""
        total = 0
        async with self._looking:
            try:
                while not self._stopping and (woken := await self._wake()):
                    total += woken
                self.ok = True
            except Exception as error:  # the scheduler would log its message, which may hold what nobody should read
                if self.ok:
                    problem = error.kind if isinstance(error, StoreError) else type(error).__name__
                    log.error("alarm_clock", problem=problem)
                self.ok = False
        return total

    async def _wake(self) -> int:
        """One batch; the next is as large as can be at its pace, but grows no more than twofold."""
        began = self._monotonic()
        woken = await self._door.wake(self._at_once)
        took = self._monotonic() - began
        if woken:
            pace = woken * PACE / took if took else AT_ONCE
            self._at_once = int(max(AT_LEAST, min(AT_ONCE, pace, 2 * self._at_once)))
        return woken
