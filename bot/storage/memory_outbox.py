"""The outbox of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from bot.errors import LeaseLost
from bot.model import Delivery
from bot.ports import Result, Standing
from bot.storage.memory_data import Data, Lease, Row
from bot.storage.rows import overlooked
from bot.storage.tables import PROCESS, Stage


class MemoryOutbox:
    """`changing` begins a transaction; `seconds` is the clock of leases and retries."""

    def __init__(
        self, data: Data, changing: Callable[[], AbstractAsyncContextManager[None]], seconds: Callable[[], float]
    ) -> None:
        self._data, self._changing, self._seconds = data, changing, seconds

    async def acquire(self, installation: str, owner: str, ttl: float) -> int | None:
        """Takes a lease that ran out, for `ttl` seconds: its epoch, or None. Rows left "sending" are queued again."""
        async with self._changing():
            held, now = self._data.leases.get(installation), self._seconds()
            if held and held.until >= now:
                return None
            epoch = held.epoch + 1 if held else 1
            self._data.put(self._data.leases, installation, Lease(owner, epoch, now + ttl))
            for row in list(self._rows(installation, Stage.SENDING)):
                self._requeue(replace(row, stage=Stage.QUEUED))
            return epoch

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        """Gives the lease back, if it is still this one."""
        async with self._changing():
            held = self._data.leases.get(installation)
            if held and (held.owner, held.epoch) == (owner, epoch):
                self._data.put(self._data.leases, installation, Lease(owner, epoch, 0))

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
        """One transaction; `Delivery.attempts` counts the tries before this one. Raises LeaseLost."""
        late = [row for row in self._rows(installation, Stage.QUEUED) if _expired(row, now)]
        if not (results or renew or late or (room > 0 and self._next(installation, busy, now))):
            return ()
        async with self._changing():
            held = self._data.leases.get(installation)
            if held is None or (held.owner, held.epoch) != (owner, epoch):
                raise LeaseLost(installation)
            self._data.put(self._data.leases, installation, replace(held, until=self._seconds() + ttl))
            for result in results:
                self._finish(result, now)
            for row in late:
                self._data.end(row, Stage.EXPIRED)
                self._overlook(row, now)
            picked = self._next(installation, busy, now)[: max(room, 0)]
            for row in picked:
                sending = replace(row, stage=Stage.SENDING, attempts=row.attempts + 1)
                self._data.put(self._data.outbox, row.id, sending)
            return [self._delivery(row) for row in picked]

    async def cooling(self, installation: str) -> Mapping[str, float]:
        """Addresses whose next try lies ahead, with the seconds left."""
        now = self._seconds()
        ahead: dict[str, float] = {}
        for row in self._rows(installation, Stage.QUEUED):
            if row.retry_at > now:
                ahead[row.out.address] = max(ahead.get(row.out.address, 0.0), row.retry_at - now)
        return ahead

    async def attend(self, owner: str, ttl: float) -> Standing:
        """Says that this process is there, and tells who else is and holds what."""
        now, leases = self._seconds(), self._data.leases
        async with self._changing():
            self._data.put(leases, f"{PROCESS}{owner}", Lease(owner, 0, now + ttl))
            for gone in [name for name, one in leases.items() if name.startswith(PROCESS) and one.until <= now]:
                self._data.drop(leases, gone)
        live = {name: lease.owner for name, lease in leases.items() if lease.until >= now}
        here = frozenset(one for name, one in live.items() if name.startswith(PROCESS))
        return Standing(here, {name: one for name, one in live.items() if not name.startswith(PROCESS)})

    def _rows(self, installation: str, stage: Stage) -> list[Row]:
        rows = self._data.outbox.values()
        return [row for row in rows if row.out.installation == installation and row.stage is stage]

    def _next(self, installation: str, busy: frozenset[str], now: datetime) -> list[Row]:
        """The first row of each address that is not busy, unless it waits for its retry."""
        waiting = [
            row
            for row in self._rows(installation, Stage.QUEUED)
            if (row.out.due_at <= now or row.out.priority == 0)
            and not _expired(row, now)
            and row.out.address not in busy
        ]
        first: dict[str, Row] = {}
        for row in sorted(waiting, key=lambda row: (row.out.priority, row.id)):
            first.setdefault(row.out.address, row)
        return [row for row in first.values() if row.retry_at <= self._seconds() and self._data.sendable(row)]

    def _overlook(self, row: Row, now: datetime) -> None:
        """Notes that a question never came to somebody, and wakes them."""
        out = row.out
        if out.reply.asked and out.reply.act == "message" and out.broadcast is None:
            person = self._data.addresses[out.address].person
            known = self._data.people[person]
            noted = overlooked(known, [(out.reply.asked, out.due_at)], now)
            self._data.put(self._data.people, person, replace(noted, revision=known.revision + 1))

    def _finish(self, result: Result, now: datetime) -> None:
        row = self._data.outbox.get(result.id)
        if row is None or row.stage is not Stage.SENDING:
            return
        if result.state == "unreachable":
            self._data.reach(row.out.address, reachable=False)
        if result.moved_to:
            self._data.move(row.out.address, result.moved_to)
        if result.state == "queued":
            retry_at = self._seconds() + result.retry_in
            again = replace(row, stage=Stage.QUEUED, retry_at=retry_at, attempts=row.attempts - int(not result.counts))
            self._requeue(again)
            return
        self._data.end(row, Stage[result.state.upper()])
        if result.state == "sent" and result.ref is not None and row.out.reply.asked:
            self._data.put(self._data.questions, (row.out.address, row.out.reply.asked), result.ref)
        if result.state == "sent" and result.ref is not None and row.out.dedup:
            self._data.put(self._data.keyed, row.out.dedup, result.ref)
        if result.state == "dead":
            self._data.put(self._data.dead, row.id, row)
            if row.out.expires_at is not None:
                self._overlook(row, now)

    def _requeue(self, row: Row) -> None:
        """Again, unless it belongs to a broadcast that was held or cancelled meanwhile."""
        known = self._data.broadcasts.get(row.out.broadcast or "")
        self._data.drop(self._data.outbox, row.id)
        match known.broadcast.stage if known else "sending":
            case "held":
                self._data.put(self._data.copies, row.id, replace(row, stage=Stage.HELD))
            case "cancelled":
                self._data.put(self._data.copies, row.id, replace(row, stage=Stage.CANCELLED))
            case _:
                self._data.put(self._data.outbox, row.id, row)

    def _delivery(self, row: Row) -> Delivery:
        platform_id = self._data.addresses[row.out.address].origin.platform_id
        reply = row.out.reply
        if reply.of and reply.ref is None:
            reply = replace(reply, ref=self._data.keyed.get(reply.of))
        elif reply.act in ("close", "edit") and reply.ref is None:
            reply = replace(reply, ref=self._data.questions.get((row.out.address, reply.asked)))
        return Delivery(row.id, row.out.address, platform_id, reply, row.attempts, row.out.dedup is not None)


def _expired(row: Row, now: datetime) -> bool:
    return row.out.expires_at is not None and row.out.expires_at <= now
