"""One installation at work: an adapter with its outbox, and the listener that comes and goes with the lease."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import structlog

from bot.limits import Limits
from bot.outbox import Outbox
from bot.ports import Adapter, Door

log = structlog.get_logger()

LONGEST_REST = 30.0  # seconds between tries of a listener that fails


@dataclass(slots=True)
class Installation:
    """An adapter with its outbox, and the task that listens while the lease is ours."""

    adapter: Adapter
    outbox: Outbox
    limits: Limits
    door: Door
    listening: asyncio.Task[None] | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # the adapter has nothing more to hear

    def start_listening(self) -> None:
        """The lease is ours."""
        if self.listening is None or self.listening.done():
            self.listening = asyncio.create_task(self._listen())

    def lose(self) -> None:
        """The lease is somebody else's."""
        if self.listening is not None:
            self.listening.cancel()

    async def stop_listening(self) -> None:
        """Ends the listener and waits for its end."""
        if self.listening is not None:
            self.listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.listening

    async def _listen(self) -> None:
        """Listens, and begins again if the adapter fails: nothing is lost, since nothing was confirmed."""
        rest = 1.0
        while True:
            try:
                await self.adapter.listen(self.door)
                self.ended.set()
                return
            except Exception as error:
                log.error("listener_failed", installation=self.adapter.installation, error=type(error).__name__)
            await asyncio.sleep(rest)
            rest = min(rest * 2, LONGEST_REST)

    @property
    def state(self) -> str:
        """How it fares; one that listens is not well before its platform has answered once."""
        if problem := getattr(self.adapter, "problem", None):
            return str(problem)
        unheard = self.outbox.held and getattr(self.adapter, "last_ok", 0.0) is None
        return "ok" if self.outbox.ok and not unheard else self.outbox.last_error or "starting"
