"""Watches the parts from outside: each is wrapped in one that counts, measures and (if wanted) traces what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from bot.metrics import Metrics
from bot.model import Delivery, Incoming, Receipt
from bot.ports import Adapter, Door, OutboxStore, Result, Standing

P = ParamSpec("P")
T = TypeVar("T")


class Tracer(Protocol):
    """Where spans go."""

    def span(self, step: Step) -> AbstractContextManager[None]:
        """The span of a step, a part of the one that is open here."""
        ...

    def close(self) -> None:
        """Sends what is left; returns within two seconds."""
        ...


@dataclass(slots=True)
class Step:
    """One step of the work. `ids` are ours and random, or numbers; a `count` of 0 says that there was nothing to do."""

    name: str
    ids: Mapping[str, str | int]
    count: int = 1


class Watch:
    """Measures steps; those with nothing to do are left out, as they would hide the others."""

    def __init__(self, metrics: Metrics, tracer: Tracer | None = None, clock: Callable[[], float] = time.perf_counter):
        self.metrics, self._tracer, self._clock = metrics, tracer, clock

    @contextmanager
    def step(self, name: str, **ids: str | int) -> Iterator[Step]:
        """Measures what its block does; the block may set the step's count."""
        step, began = Step(name, ids), self._clock()
        with self._tracer.span(step) if self._tracer else nullcontext():
            try:
                yield step
            finally:
                if step.count:
                    self.metrics.took(name, self._clock() - began)

    def timed(self, name: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same work, measured."""

        def measured(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.step(name):
                return work(*args, **kwargs)

        return measured

    def close(self) -> None:
        """Sends what is left to tell."""
        if self._tracer:
            self._tracer.close()


@dataclass(frozen=True, slots=True)
class WatchedDoor:
    """A door that counts who comes in."""

    door: Door
    watch: Watch

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Acts on inputs, in order, each key once; durable when it returns."""
        with self.watch.step("receive", inputs=len(incoming)) as step:
            step.count = len(incoming)
            await self.door.receive(incoming)
        self.watch.metrics.came(incoming)

    async def keep(self, incoming: Sequence[Incoming]) -> None:
        """Makes inputs durable without working on them yet."""
        with self.watch.step("keep", inputs=len(incoming)):
            await self.door.keep(incoming)
        self.watch.metrics.came(incoming)

    async def work(self) -> int:
        """Works on kept inputs; how many."""
        with self.watch.step("work") as step:
            step.count = await self.door.work()
        return step.count

    async def wake(self, limit: int = 200) -> int:
        """Wakes up to `limit` people who are due, and a broadcast and a cohort; how many in all."""
        with self.watch.step("wake") as step:
            step.count = await self.door.wake(limit)
        return step.count


class WatchedAdapter:
    """What an outbox sends by."""

    def __init__(self, adapter: Adapter, watch: Watch) -> None:
        self.adapter, self.watch, self.installation = adapter, watch, adapter.installation

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply."""
        with self.watch.step("send", installation=self.installation, row=delivery.id):
            return await self.adapter.send(delivery)

    async def listen(self, door: Door) -> None:
        """Brings inputs to the door until cancelled."""
        await self.adapter.listen(WatchedDoor(door, self.watch))

    async def close(self) -> None:
        """Lets go of connections."""
        await self.adapter.close()


@dataclass(frozen=True, slots=True)
class WatchedOutbox:
    """The outbox's tables."""

    store: OutboxStore
    watch: Watch

    async def acquire(self, installation: str, owner: str, ttl: float) -> int | None:
        """Takes a lease that has run out."""
        return await self.store.acquire(installation, owner, ttl)

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        """Gives the lease back."""
        await self.store.release(installation, owner, epoch)

    async def tick(
        self,
        installation: str,
        owner: str,
        epoch: int,
        ttl: float,
        results: Sequence[Result],
        room: int,
        busy: frozenset[str],
        now: datetime,
        renew: bool,
    ) -> Sequence[Delivery]:
        """One transaction: record results, renew the lease, pick."""
        with self.watch.step("tick", installation=installation, results=len(results)) as step:
            picked = await self.store.tick(installation, owner, epoch, ttl, results, room, busy, now, renew)
            step.count = len(picked) + len(results)
        return picked

    async def cooling(self, installation: str) -> Mapping[str, float]:
        """Addresses whose next try lies ahead."""
        return await self.store.cooling(installation)

    async def attend(self, owner: str, ttl: float) -> Standing:
        """Says that this process is there, and tells who else is."""
        return await self.store.attend(owner, ttl)
