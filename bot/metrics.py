"""What is counted, for Prometheus. Labels are installations, outcomes and kinds; never a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from bot.ports import Result, Store


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._sends = Counter(
            "heartsease_sends_total", "Deliveries by outcome.", ("installation", "outcome"), registry=self.registry
        )
        self._sizes = Gauge("heartsease_rows", "Rows in the database by kind.", ("kind",), registry=self.registry)
        self._overdue = Gauge("heartsease_overdue", "People whose wake time has passed.", registry=self.registry)

    def sent(self, installation: str, result: Result) -> None:
        """A delivery came to a result."""
        self._sends.labels(installation, result.state).inc()

    async def look(self, store: Store, overdue: int) -> None:
        """Reads the sizes of the tables."""
        self._overdue.set(overdue)
        async with store.reading() as queries:
            for kind, size in (await queries.counts()).items():
                self._sizes.labels(kind).set(size)
