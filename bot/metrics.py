"""What is counted, for Prometheus. Labels are installations, outcomes and kinds; never a person, a text or an address.

Counters and durations are this process's own: sum them over replicas. What is read from the database is the same for
all of them: take the maximum. docs/running.md says what each means and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from bot.errors import StoreError
from bot.model import PRIORITY, Incoming
from bot.ports import Ending, Result, Store

_OUTCOMES = get_args(Ending)
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counters of one process, and what it last read of the database."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, CPU and open files of this process
        self._inputs = Counter(
            "heartsease_inputs_total", "Messages, taps and changes that came in.", ("installation",), registry=registry
        )
        self._sends = Counter(
            "heartsease_sends_total", "Deliveries by outcome.", ("installation", "outcome"), registry=registry
        )
        self._throttled = Counter(
            "heartsease_throttled_total", "Sends that the platform put off (429).", ("installation",), registry=registry
        )
        self._steps = Histogram(
            "heartsease_step_seconds", "How long a step took.", ("step",), buckets=_SECONDS, registry=registry
        )
        self._held = Gauge(
            "heartsease_lease_held", "1 where this process sends and listens.", ("installation",), registry=registry
        )
        self._moves = Counter(
            "heartsease_lease_moves_total", "Leases gained and lost.", ("installation", "way"), registry=registry
        )
        self._ready = Gauge(
            "heartsease_ready", "1 where /readyz says ok of an installation.", ("installation",), registry=registry
        )
        self._purged = Counter(
            "heartsease_purged_total", "Rows that were kept for a time only and went.", ("kind",), registry=registry
        )
        self._clock_steps = Counter(
            "heartsease_clock_steps_total", "Times that this machine's clock was set.", registry=registry
        )
        self._database = Gauge("heartsease_database_up", "1 if the database answered.", registry=registry)
        self._due = Gauge("heartsease_due", "People, cohorts and broadcasts that are to be woken.", registry=registry)
        self._lag = Gauge("heartsease_lag_seconds", "Age of the oldest wake time that has passed.", registry=registry)
        self._queue = Gauge(
            "heartsease_queue", "Deliveries not sent yet, planned ones included.", ("priority",), registry=registry
        )
        self._sizes = Gauge("heartsease_rows", "Rows in the database by kind.", ("kind",), registry=registry)

    def came(self, incoming: Sequence[Incoming]) -> None:
        """Inputs arrived."""
        for one in incoming:
            self._inputs.labels(one.origin.installation).inc()

    def sent(self, installation: str, result: Result) -> None:
        """A delivery came to a result."""
        self._sends.labels(installation, result.state).inc()
        if result.problem == "Retry" and not result.counts:
            self._throttled.labels(installation).inc()

    def took(self, step: str, seconds: float) -> None:
        """A step is done."""
        self._steps.labels(step).observe(seconds)

    def present(self, installation: str) -> None:
        """Shows this installation at nought: the first of a kind would else be no increase, and silence absence."""
        for counter in (self._inputs, self._throttled, self._held, self._ready):
            counter.labels(installation)
        for outcome in _OUTCOMES:
            self._sends.labels(installation, outcome)
        for way in ("gained", "lost"):
            self._moves.labels(installation, way)

    def leased(self, installation: str, held: bool) -> None:
        """The lease became ours, or stopped being so."""
        self._held.labels(installation).set(held)
        self._moves.labels(installation, "gained" if held else "lost").inc()

    def fares(self, installation: str, well: bool) -> None:
        """An installation can work, or cannot: its platform is away."""
        self._ready.labels(installation).set(well)

    def purged(self, found: Mapping[str, int]) -> None:
        """What was kept for a time only went."""
        for kind, rows in found.items():
            self._purged.labels(kind).inc(rows)

    def clock_was_set(self) -> None:
        """This machine's clock went forwards or back by itself."""
        self._clock_steps.inc()

    async def look(self, store: Store, now: datetime) -> None:
        """Reads what the database knows; while it is away, that alone is noted."""
        try:
            await self._read(store, now)
            self._database.set(1)
        except StoreError:
            self._database.set(0)

    async def _read(self, store: Store, now: datetime) -> None:
        async with store.reading() as queries:
            due, oldest = await queries.overdue(now), await queries.oldest_wake()
            waiting, sizes = await queries.queue(), await queries.counts()
        self._due.set(due)
        self._lag.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        for name, number in PRIORITY.items():
            self._queue.labels(name).set(waiting.get(number, 0))
        for kind, size in sizes.items():
            self._sizes.labels(kind).set(size)
