"""What the outbox is tested in: a clock that moves only when it waits, a store and a platform in memory."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.errors import LeaseLost
from bot.limits import Limits
from bot.model import Delivery, Receipt, Reply
from bot.outbox import Outbox
from bot.ports import Door, Result, Standing

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
REPLY, BROADCAST = 0, 9


class Time:
    """Monotonic time and the coach's clock alike. It moves when somebody waits and nothing can happen before."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, id(future), future))
        await future

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.waits += 1
        until = self.seconds + seconds
        await settled()
        while not event.is_set() and self.seconds < until:
            if self._sleepers and self._sleepers[0][0] <= until:
                self.seconds, _, future = heapq.heappop(self._sleepers)
                if not future.done():
                    future.set_result(None)
            else:
                self.seconds = until
            await settled()


async def settled() -> None:
    """Lets everything happen that needs no time."""
    for _ in range(5):
        await asyncio.sleep(0)


@dataclass
class Row:
    id: int
    address: str
    priority: int = REPLY
    platform_id: str = "42"
    reply: Reply = field(default_factory=Reply)
    due_at: datetime = START
    expires_at: datetime | None = None
    retry_at: float = 0.0
    state: str = "queued"
    attempts: int = 0


class Memory:
    """An OutboxStore for one installation; its clock is `time`. `troubles` are raised by the next calls."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.rows: dict[int, Row] = {}
        self.todo: list[tuple[int, int]] = []
        self.owner, self.epoch, self.until = "", 0, -1.0
        self.troubles: list[Exception] = []
        self.ticks = self.writes = 0
        self.commits_before_it_fails = False

    def add(self, address: str, priority: int = REPLY, **more: object) -> Row:
        row = Row(len(self.rows) + 1, address, priority, **more)  # type: ignore[arg-type]
        self.rows[row.id] = row
        heapq.heappush(self.todo, (row.priority, row.id))
        return row

    def _reached(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)

    async def attend(self, owner: str, ttl: float) -> Standing:
        return Standing(frozenset({owner}), {})

    async def acquire(self, installation: str, owner: str, ttl: float) -> int | None:
        self._reached()
        if self.time.seconds < self.until:
            return None
        self.owner, self.epoch, self.until = owner, self.epoch + 1, self.time.seconds + ttl
        for row in self.rows.values():
            if row.state == "sending":
                self._queue(row, 0.0)
        return self.epoch

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        self._reached()
        if (owner, epoch) == (self.owner, self.epoch):
            self.until = -1.0

    async def cooling(self, installation: str) -> dict[str, float]:
        self._reached()
        now = self.time.seconds
        return {row.address: row.retry_at - now for row in self.rows.values() if row.retry_at > now}

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
        await asyncio.sleep(0)
        self.ticks += 1
        if not self.commits_before_it_fails:
            self._reached()
        if (owner, epoch) != (self.owner, self.epoch):
            raise LeaseLost
        for result in results:
            self._record(result)
        picked = self._pick(room, busy, now)
        if results or picked or renew:
            self.writes += 1
            self.until = self.time.seconds + ttl
        self._reached()
        return [Delivery(row.id, row.address, row.platform_id, row.reply, row.attempts) for row in picked]

    def _record(self, result: Result) -> None:
        row = self.rows[result.id]
        row.platform_id = result.moved_to or row.platform_id
        if result.state == "queued":
            row.attempts += result.counts
            self._queue(row, self.time.seconds + result.retry_in)
        else:
            row.state = result.state

    def _queue(self, row: Row, retry_at: float) -> None:
        row.state, row.retry_at = "queued", retry_at
        heapq.heappush(self.todo, (row.priority, row.id))

    def _pick(self, room: int, busy: frozenset[str], now: datetime) -> list[Row]:
        picked: dict[str, Row] = {}
        passed: list[tuple[int, int]] = []
        while self.todo and len(picked) < room:
            key = heapq.heappop(self.todo)
            row = self.rows[key[1]]
            if row.state != "queued":
                continue
            if row.expires_at and row.expires_at <= now:
                row.state = "expired"
            elif row.address in busy or row.address in picked or row.due_at > now or row.retry_at > self.time.seconds:
                passed.append(key)
            else:
                row.state, picked[row.address] = "sending", row
        for key in passed:
            heapq.heappush(self.todo, key)
        return list(picked.values())

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows.values())


class Platform:
    """An Adapter that notes when what was sent; `answers` maps an address to the errors that it gives first."""

    installation = "telegram:1"

    def __init__(self, time: Time) -> None:
        self.time = time
        self.takes = 0.0
        self.sent: list[tuple[float, int]] = []
        self.answers: dict[str, list[Exception]] = {}
        self.flying: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.platform_ids: list[str] = []

    async def send(self, delivery: Delivery) -> Receipt:
        self.flying[delivery.address] += 1
        self.most_at_once[delivery.address] = max(self.most_at_once[delivery.address], self.flying[delivery.address])
        try:
            if self.takes:
                await self.time.sleep(self.takes)
            self.sent.append((self.time.seconds, delivery.id))
            self.platform_ids.append(delivery.platform_id)
            if errors := self.answers.get(delivery.address):
                raise errors.pop(0)
            return Receipt(f"m{delivery.id}")
        finally:
            self.flying[delivery.address] -= 1

    async def listen(self, door: Door) -> None: ...

    async def close(self) -> None: ...

    def times(self, row: Row) -> list[float]:
        return [at for at, id_ in self.sent if id_ == row.id]


class World:
    """One installation, its store, its platform and its outbox; without limits unless a test gives some."""

    def __init__(self, limits: Limits | None = None, **options: float) -> None:
        self.time = Time()
        self.store = Memory(self.time)
        self.platform = Platform(self.time)
        self.results: list[Result] = []
        self.lease: list[str] = []
        self.limits = limits or Limits(rate=1e6, chat_rate=1e6)
        self.outbox = self.another("one", **options)

    def another(self, owner: str, **options: float) -> Outbox:
        return Outbox(
            self.store,
            self.platform,
            self.time,
            self.limits,
            owner=owner,
            on_result=self.results.append,
            gained=lambda: self.lease.append(f"{owner} gained"),
            lost=lambda: self.lease.append(f"{owner} lost"),
            monotonic=self.time.monotonic,
            wait=self.time.wait,
            **options,  # type: ignore[arg-type]
        )

    async def run(self, seconds: float, *then: tuple[float, Callable[[], object]]) -> None:
        """Runs the outbox for so long; `then` are things that happen at their times."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._at(at, act)) for at, act in (*then, (seconds, stop.set))]
        await self.outbox.run(stop)
        for task in tasks:
            await task

    async def _at(self, seconds: float, act: Callable[[], object]) -> None:
        await self.time.sleep(seconds)
        act()

    async def ticks(self, count: int, outbox: Outbox | None = None) -> None:
        for _ in range(count):
            await (outbox or self.outbox).tick()
            await settled()
