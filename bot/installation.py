"""One installation at work: an adapter with its outbox, and the listener that comes and goes with the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

import structlog

from bot.limits import Limits
from bot.outbox import Outbox
from bot.ports import Adapter, Door

log = structlog.get_logger()

LONGEST_REST = 30.0  # seconds between tries of a listener that fails
NAMELESS = 3.0  # seconds in which whoever gets a lease at the start learns the bot's name by listening
AGAIN = 2.0  # seconds after which a listener that goes on all the same is told to end once more


@dataclass(slots=True)
class Installation:
    """An adapter with its outbox, and the task that listens while the lease is ours."""

    adapter: Adapter
    outbox: Outbox
    limits: Limits
    door: Door
    listening: asyncio.Task[None] | None = None
    again: float = AGAIN
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # the adapter has nothing more to hear

    def start_listening(self) -> None:
        """The lease is ours. A listener that was told to end, and has not yet, is waited for: there are never two."""
        if self.listening is None or self.listening.done() or self.listening.cancelling():
            self.listening = asyncio.create_task(self._listen(self.listening))

    def lose(self) -> None:
        """The lease is somebody else's."""
        if self.listening is not None:
            self._tell_to_end(self.listening)

    async def stop_listening(self) -> None:
        """Ends the listener and waits for its end."""
        if self.listening is not None:
            self._tell_to_end(self.listening)
            await asyncio.wait([self.listening])

    def _tell_to_end(self, listener: asyncio.Task[None]) -> None:
        """Cancels it, again and again: one is lost where a `wait_for` has its result just then (cpython #86296)."""
        if not listener.done():
            listener.cancel()
            asyncio.get_running_loop().call_later(self.again, self._tell_to_end, listener)

    async def _listen(self, before: asyncio.Task[None] | None) -> None:
        """Listens, and begins again if the adapter fails: nothing is lost, since nothing was confirmed."""
        if before is not None:
            await asyncio.wait([before])
        rest = 1.0
        while True:
            try:
                await self.adapter.listen(self.door)
                self.ended.set()
                return
            except Exception as error:
                log.error("listener_failed", installation=self.adapter.installation, error=type(error).__name__)
            if _told_to_end():
                return
            await asyncio.sleep(rest)
            rest = min(rest * 2, LONGEST_REST)

    @property
    def state(self) -> str:
        """How it fares; one that listens is not well before its platform has answered once.

        Whoever lost the lease hears nothing more: a trouble from before says nothing of now.
        """
        if self.outbox.held and (problem := getattr(self.adapter, "problem", None)):
            return str(problem)
        unheard = self.outbox.held and getattr(self.adapter, "last_ok", 0.0) is None
        return "ok" if self.outbox.ok and not unheard else self.outbox.last_error or "starting"


def _told_to_end() -> bool:
    """Whether we were cancelled: a group of tasks of which one fails at that moment raises that (cpython #116720)."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def help_out(door: Door, kept: asyncio.Event) -> None:
    """Works on inputs that came to us for an installation which another process listens to, until cancelled."""
    while True:
        await kept.wait()
        kept.clear()
        try:
            while await door.work():
                pass
        except Exception as error:  # it is kept: whoever listens looks within seconds
            log.error("kept_for_later", error=type(error).__name__)


async def introduce(installations: Collection[Installation]) -> None:
    """Learns the names of bots to which another process listens: links and commands in groups bear them."""
    await asyncio.sleep(NAMELESS)
    learning = [
        one.adapter.learn_name() for one in installations if hasattr(one.adapter, "learn_name") and not one.outbox.held
    ]
    await asyncio.gather(*learning)
