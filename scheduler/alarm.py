"""One APScheduler interval job, in memory: when to wake whom stands in the database, so nothing here must survive."""

from __future__ import annotations

import asyncio

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.errors import StoreError
from bot.ports import Door

log = structlog.get_logger()

EVERY = 0.5  # seconds; an idle look costs one indexed read
AT_ONCE = 200  # people a transaction, so that an input never waits long for the alarm clock


class AlarmClock:
    """Wakes whoever is due, all of them, in batches; `ok` says whether the last look went well."""

    def __init__(self, door: Door, every: float = EVERY) -> None:
        self._door = door
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
                while not self._stopping and (woken := await self._door.wake(AT_ONCE)):
                    total += woken
                self.ok = True
            except StoreError as error:
                if self.ok:
                    log.error("alarm_clock", problem=error.kind)
                self.ok = False
        return total
