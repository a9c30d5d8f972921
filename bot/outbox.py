"""Delivers committed replies: in order per chat, urgent ones first, within the limits, again where that helps.

One `Outbox` per installation holds its lease, and whoever holds the lease sends (design.md §9). Composed exactly once,
delivered at least once: a send that was under way when the process died is sent again by the next holder.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from bot.errors import Ignored, LeaseLost, Moved, Rejected, Retry, StoreError, Unreachable
from bot.limits import Limits
from bot.model import Delivery
from bot.ports import Adapter, Clock, OutboxStore, Result
from bot.until import Wait, until_set

log = structlog.get_logger()

_COALESCE = 0.02  # seconds: results gather so long before a transaction, as long as the limits are what holds us up
_FAST = 1000.0  # messages a second above which transactions need no bound but their own duration
_GRACE = 5.0  # seconds that sends under way get at the end
_LONGEST_BACK_OFF = 600.0
_LONGEST_OUTAGE_WAIT = 60.0  # how late at most we notice that the platform is back
_LONGEST_STORE_BACK_OFF = 5.0


def _nothing(*_: object) -> None:
    pass


class Outbox:
    """The sender of one installation.

    `owner` is unique to this process. A delivery is given up after `max_attempts` unknown failures, or after
    `max_outages` troubles of the platform's own: at a minute apart, four hours, as long as a morning is useful.
    All durations are in seconds of `monotonic`; only due and expiry use `clock`.
    Without the lease, `may_take` is asked every `stand_by` seconds whether to try for it.
    `gained` and `lost` are called when the lease becomes ours and stops being so; `on_result` with every result once
    it is recorded.
    `ok` says whether the last step succeeded (standing by is a success), `since` from when on the `monotonic` clock
    that has been so, and `last_error` the store's problem (full …), or the class of what went wrong.
    """

    def __init__(
        self,
        store: OutboxStore,
        adapter: Adapter,
        clock: Clock,
        limits: Limits,
        *,
        owner: str,
        inflight: int = 64,
        ttl: float = 15,
        poll: float = 0.5,
        max_attempts: int = 8,
        max_outages: int = 240,
        may_take: Callable[[], bool] = lambda: True,
        stand_by: float = 5,
        on_result: Callable[[Result], None] = _nothing,
        gained: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Wait = until_set,
    ) -> None:
        self._store, self._adapter, self._clock, self._limits = store, adapter, clock, limits
        self._owner, self._inflight = owner, inflight
        self._lot = max(1, inflight // 2) if limits.rate >= _FAST else 1  # how many results are worth a transaction
        self._max_attempts, self._max_outages = max_attempts, max_outages
        self._ttl, self._poll = ttl, poll
        self._may_take, self._stand_by = may_take, stand_by
        self._giving_up = False
        self._on_result, self._gained, self._lost = on_result, gained, lost
        self._monotonic, self._wait = monotonic, wait
        self._log = log.bind(installation=adapter.installation)
        self._epoch: int | None = None
        self._until = 0.0  # the lease is surely ours up to here
        self._announced = False
        self._doubtful = False  # a transaction failed, and may have been committed all the same
        self._full = False  # the last tick picked all that there was room for
        self._told = False  # something was committed since the last tick: it need not read whether it will write
        self._wake = asyncio.Event()
        self._flying: dict[str, asyncio.Task[None]] = {}  # by address: at most one send each
        self._done: list[tuple[Delivery, Result]] = []  # finished, not recorded yet
        self._failures = 0
        self.ok = False
        self.last_error = ""
        self.since = monotonic()

    @property
    def held(self) -> bool:
        """Whether the lease is ours for certain: only then may the adapter listen."""
        return self._epoch is not None and self._monotonic() <= self._until

    @property
    def idle(self) -> bool:
        """Nothing is in flight and nothing is unrecorded."""
        return not self._flying and not self._done

    def nudge(self) -> None:
        """Something was committed: look now."""
        self._told = True
        self._wake.set()

    def give_up(self) -> None:
        """Another process shall have the lease: it is given back as soon as what is in flight has ended."""
        self._giving_up = True
        self._wake.set()

    # ------------------------------------------------------------ the loop

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers while the lease is ours, until `stop`; then ends what is in flight and gives the lease back."""
        stopped = asyncio.create_task(stop.wait())
        stopped.add_done_callback(lambda _: self.nudge())
        try:
            while not stop.is_set():
                worked = await self.tick()
                await self._rest(stop, worked)
                if self._giving_up:
                    await self._finish()
                    self._giving_up = False
            await self._finish()
        finally:
            stopped.cancel()
            self._forget()
            self._announce()

    async def tick(self) -> int:
        """One step: takes the lease, or records, renews and picks. How many rows it touched; 0 if it failed."""
        return await self._guarded(self._step)

    async def _rest(self, stop: asyncio.Event, worked: int) -> None:
        """Waits until another tick is worth its transaction."""
        if self._failures:
            await self._wait(stop, min(_LONGEST_STORE_BACK_OFF, self._poll * 2 ** min(self._failures, 10)))
        elif self._epoch is None:
            await self._wait(stop, self._stand_by)
        else:
            opening = self._monotonic() + self._limits.opening(self._monotonic())
            if worked and self._limits.rate < _FAST:
                await self._wait(stop, min(_COALESCE, 1 / self._limits.rate))
            await self._wait(
                self._wake, 0.0 if self._hungry else min(self._poll, max(0.0, opening - self._monotonic()))
            )
            self._wake.clear()

    @property
    def _hungry(self) -> bool:
        """There may be more to send, and there is room again."""
        return self._full and not self._doubtful and self._room >= self._lot

    @property
    def _room(self) -> int:
        return min(self._inflight - len(self._flying), self._limits.room(self._monotonic()))

    async def _finish(self) -> None:
        """Lets sends end, records them and gives the lease back. What does not end is the next holder's."""
        deadline = self._monotonic() + _GRACE
        while self._flying and (left := deadline - self._monotonic()) > 0:
            self._wake.clear()
            await self._wait(self._wake, left)
        for _ in range(3):
            if self._epoch is None:
                return
            await self._guarded(self._record)
            if self.ok:
                break
            self._wake.clear()
            await self._wait(self._wake, self._poll)
        epoch = self._epoch
        self._forget()
        self._announce()
        if epoch is not None:
            await self._guarded(lambda: self._release(epoch))

    async def _guarded(self, step: Callable[[], Awaitable[int]]) -> int:
        """Does a step and keeps account of how it went; nothing that the database does ends the loop."""
        error, count = "", 0
        try:
            count = await step()
        except LeaseLost:
            self._log.warning("lease lost")
            self._forget()
        except Exception as failure:  # whatever a driver raises: the database is away, the results are kept
            error = failure.kind if isinstance(failure, StoreError) else type(failure).__name__
            self._log.error("outbox cannot use the store", error=error)
            self._doubtful = True
        self._failures = self._failures + 1 if error else 0
        if self.ok is bool(error):
            self.ok, self.since = not error, self._monotonic()
        self.last_error = error
        self._announce()
        return count

    # ------------------------------------------------------------ the lease

    async def _take(self) -> None:
        """Takes the lease. Rows left "sending" are queued again by that, and what cools in the database cools here."""
        if self._epoch is not None:
            await self._release(self._epoch)
            self._epoch = None
        began = self._monotonic()
        self._epoch = await self._store.acquire(self._adapter.installation, self._owner, self._ttl)
        self._until = began + self._ttl
        if self._epoch is not None:
            cooling = await self._store.cooling(self._adapter.installation)
            for address, seconds in cooling.items():
                self._limits.cool(address, seconds, self._monotonic())
        self._doubtful = False

    async def _release(self, epoch: int) -> int:
        await self._store.release(self._adapter.installation, self._owner, epoch)
        return 0

    def _forget(self) -> None:
        """The lease is gone: nothing in flight is ours any more."""
        self._epoch, flying, self._flying = None, self._flying, {}
        self._done.clear()
        self._doubtful = False
        for sending in flying.values():
            sending.cancel()

    def _announce(self) -> None:
        if self.held is not self._announced:
            self._announced = not self._announced
            (self._gained if self._announced else self._lost)()

    # ------------------------------------------------------------ one transaction

    async def _step(self) -> int:
        if self._epoch is None and not self._may_take():
            return 0
        # A failed transaction may have marked rows as sending: end what we know of, then the lease anew queues them.
        if self._epoch is None or (self._doubtful and self.idle):
            await self._take()
        if self._epoch is None:
            return 0
        return await self._exchange(self._epoch, 0 if self._doubtful else self._room)

    async def _record(self) -> int:
        return 0 if self._epoch is None else await self._exchange(self._epoch, room=0)

    async def _exchange(self, epoch: int, room: int) -> int:
        """Records what is done, renews the lease, and sends what the store picks for this room."""
        began = self._monotonic()
        done = tuple(self._done)
        renew = bool(done) or (self._told and room > 0) or self._until - began < self._ttl / 2
        self._full = not room
        if not (room or renew):
            return 0
        self._told = self._told and not room
        picked = await self._store.tick(
            self._adapter.installation,
            self._owner,
            epoch,
            self._ttl,
            [result for _, result in done],
            room,
            self._limits.busy(began).union(self._flying),
            self._clock.now(),
            renew,
        )
        self._full = len(picked) == room
        del self._done[: len(done)]
        if renew:
            self._until = began + self._ttl
        for delivery in picked:
            self._limits.spent(delivery, now := self._monotonic())
            self._flying[delivery.address] = asyncio.create_task(self._deliver(delivery, epoch, now))
        for delivery, result in done:
            # The database counts from the transaction: the chat opens no earlier, or its next row would overtake.
            self._limits.cool(delivery.address, result.retry_in, self._monotonic())
            self._on_result(result)
        return len(done) + len(picked)

    # ------------------------------------------------------------ one send

    async def _deliver(self, delivery: Delivery, epoch: int, began: float) -> None:
        result = None  # as it stays if somebody but us cancels the send
        try:
            result = await self._send(delivery, began)
        finally:
            if epoch == self._epoch:
                del self._flying[delivery.address]
                self._done.append((delivery, result or self._again(delivery, 1.0, "Cancelled")))
                if len(self._done) >= self._lot or not self._flying:
                    self._wake.set()

    async def _send(self, delivery: Delivery, began: float) -> Result:
        """Sends it if the lease is still ours, and says how that ended (errors.py gives each failure its meaning)."""
        if not self.held:
            return Result(delivery.id, "queued", counts=False, problem="LeaseLapsed")
        if delivery.reply.act != "message" and delivery.reply.ref is None:
            return Result(delivery.id, "sent", problem="NothingToEdit")
        try:
            receipt = await self._adapter.send(delivery)
        except Retry as error:
            return self._put_off(delivery, error)
        except Unreachable:
            return Result(delivery.id, "unreachable", problem="Unreachable")
        except Moved as error:
            return self._again(delivery, 0.0, "Moved", moved_to=error.to)
        except Ignored:
            return Result(delivery.id, "sent", problem="Ignored")
        except Rejected:
            self._log.error("the platform rejected a delivery", row=delivery.id)
            return Result(delivery.id, "dead", problem="Rejected")
        except Exception as error:  # unknown: perhaps it passes
            problem = type(error).__name__
            self._log.warning("a delivery failed", row=delivery.id, error=problem, attempts=delivery.attempts + 1)
            return self._again(delivery, min(_LONGEST_BACK_OFF, 2.0**delivery.attempts), problem)
        finally:
            self._limits.answered(began, self._monotonic())
        found = delivery.keyed or (delivery.reply.asked and delivery.reply.act == "message")  # by what is said later
        return Result(delivery.id, "sent", ref=receipt.ref if found else None)

    def _put_off(self, delivery: Delivery, error: Retry) -> Result:
        """A wait that the platform asked for."""
        now = self._monotonic()
        if error.scope == "installation":
            self._limits.cool_all(error.after, now)
        elif not error.counts:
            self._limits.throttled(delivery.address, error.after, now)
        if error.counts:
            wait = min(_LONGEST_OUTAGE_WAIT, error.after * 2 ** min(delivery.attempts, 10))
            return self._again(delivery, wait, "Retry", most=self._max_outages)
        return Result(delivery.id, "queued", error.after, counts=False, problem="Retry")

    def _again(
        self, delivery: Delivery, seconds: float, problem: str, *, moved_to: str | None = None, most: int = 0
    ) -> Result:
        """One attempt more, unless this was the last. The chat waits with it: nothing overtakes."""
        if delivery.attempts + 1 >= (most or self._max_attempts):
            self._log.error("a delivery is given up", row=delivery.id, error=problem)
            return Result(delivery.id, "dead", problem=problem)
        self._limits.cool(delivery.address, seconds, self._monotonic())
        return Result(delivery.id, "queued", seconds, problem=problem, moved_to=moved_to)
