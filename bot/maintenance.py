"""The house is kept while it is lived in: what is kept for a time only goes, and what was erased is overwritten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.errors import StoreError
from bot.keeping import Housekeeping, Keep
from bot.ports import Clock
from bot.until import Wait, until_set

log = structlog.get_logger()

SOON = 3.0  # seconds after which at most an erasure is overwritten
EVERY = 3600.0  # seconds from purge to purge, in real time
SIGN = 15.0  # seconds from sign of life to sign of life


def _nothing(_: Mapping[str, int]) -> None:
    pass


class Maintenance:
    """Looks after the store until told to stop; whatever goes wrong is logged, and tried again.

    `purged` is called with what went, rows by kind.
    """

    def __init__(
        self,
        housekeeping: Housekeeping,
        clock: Clock,
        keep: Keep,
        *,
        purged: Callable[[Mapping[str, int]], None] = _nothing,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Wait = until_set,
    ) -> None:
        self._housekeeping, self._clock, self._keep = housekeeping, clock, keep
        self._purged, self._monotonic, self._wait = purged, monotonic, wait

    async def run(self, stop: asyncio.Event) -> None:
        """Overwrites within seconds, and purges every hour, an hour after the start for the first time.

        Sets `stop` if the key that this process writes with was retired: what it wrote would be lost to the others.
        """
        purged = signed = self._monotonic()
        while not stop.is_set():
            await self._wait(stop, SOON)
            now = self._monotonic()
            if not stop.is_set() and now - signed >= SIGN:
                signed = now
                await self._guarded(lambda: self._sign(stop))
            if not stop.is_set() and now - purged >= EVERY:
                purged = now
                await self._guarded(self.purge)
            await self._guarded(self._housekeeping.tidy)  # at the end once more

    async def purge(self) -> None:
        """One purge, counted, with a line in the log if anything went."""
        found = await self._housekeeping.purge(self._keep, self._clock.now())
        self._purged(found)
        if found:
            log.info("purged", **found)

    async def _sign(self, stop: asyncio.Event) -> None:
        if not await self._housekeeping.present():
            log.error("key_retired")
            stop.set()

    async def _guarded(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as error:  # nobody is left without answers because something could not be swept
            log.warning("housekeeping", problem=error.kind if isinstance(error, StoreError) else type(error).__name__)
