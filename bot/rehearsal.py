"""Moving the rehearsal clock through every wake in order (design.md §8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.clock import RehearsalClock
from bot.ports import Door, Store

LAST_YEAR = 9000  # nothing that reckons with days after it overflows
PATIENCE = 60.0  # seconds of real time that one step may take to become idle


class Company(Protocol):
    """Synthetic people who act by themselves on a rehearsal's way."""

    def due(self, now: datetime) -> bool:
        """Whether somebody has something to do now."""
        ...

    def next_act(self) -> datetime | None:
        """When somebody next does something."""
        ...

    async def act(self, now: datetime) -> int:
        """They do it; how many."""
        ...


class RehearsalTime:
    """Implements ports.Rehearsal. `busy` says how many calls of the door are under way and how many began so far.

    `company` walks along, if it is set.
    """

    company: Company | None = None

    def __init__(
        self,
        clock: RehearsalClock,
        store: Store,
        door: Door,
        *,
        busy: Callable[[], tuple[int, int]],
        nudge: Callable[[], None],
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._store, self._door = clock, store, door
        self._busy, self._nudge, self._wait = busy, nudge, wait
        self._turn = asyncio.Lock()

    async def status(self) -> Mapping[str, Any]:
        """Where the rehearsal stands: now, next_wake, pending, idle."""
        now, (_, began) = self._clock.now(), self._busy()
        async with self._store.reading() as queries:
            ahead = await queries.next_wake(now)
            pending = await queries.pending(now)
            overdue = await queries.overdue(now)
        if self.company is not None:
            ahead = min((at for at in (ahead, self.company.next_act()) if at is not None), default=None)
            overdue += self.company.due(now)
        quiet = self._busy() == (0, began)  # else something was committed since we looked
        return {
            "now": _shown(now),
            "next_wake": _shown(ahead) if ahead else None,
            "pending": pending,
            "idle": pending == 0 and overdue == 0 and quiet,
        }

    async def move(self, to: str) -> tuple[int, Mapping[str, Any]]:
        """Moves to the next wake or to a time; 200, 400 for a past or unreadable time, 503 where a step stays busy."""
        async with self._turn:
            if to == "next":
                status = await self.settled()
                if not status["idle"]:
                    return 503, status
                if status["next_wake"] is None:
                    return 200, status
                return await self._walk(datetime.fromisoformat(status["next_wake"]))
            try:
                target = datetime.fromisoformat(to)
            except ValueError:
                return 400, {"error": 'to is "next" or an ISO time such as 2026-03-02T08:00:00Z'}
            if target.tzinfo is None:
                return 400, {"error": "the time needs a zone, for example Z at its end"}
            if target.year > LAST_YEAR:
                return 400, {"error": f"the course is over long before; a time up to the year {LAST_YEAR}, please"}
            if target < self._clock.now():
                return 400, {"error": f"it is {_shown(self._clock.now())} already"}
            return await self._walk(target.astimezone(UTC))

    async def _walk(self, target: datetime) -> tuple[int, Mapping[str, Any]]:
        """Through every wake in order up to `target`, idle before each and after the last."""
        while True:
            status = await self.settled()
            if not status["idle"]:
                return 503, status
            ahead = datetime.fromisoformat(status["next_wake"]) if status["next_wake"] else None
            step = target if ahead is None or ahead > target else ahead
            if step > self._clock.now():
                self._clock.move(step)
                await self._clock.save(self._store)
            if ahead is None or ahead > target:
                status = await self.settled()
                return (200 if status["idle"] else 503), status

    async def settled(self) -> Mapping[str, Any]:
        """Wakes who is due and waits until all of it is delivered, or until patience ends."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        pause = 0.001
        while True:
            while await self._door.wake() or await self._accompanied():
                pause = 0.01  # what they lead to comes soon
            self._nudge()
            status = await self.status()
            if status["idle"] or asyncio.get_running_loop().time() > deadline:
                return status
            await self._wait(pause)
            pause = min(pause * 1.5, 0.05)

    async def _accompanied(self) -> int:
        return await self.company.act(self._clock.now()) if self.company is not None else 0


def _shown(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
