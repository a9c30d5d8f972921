"""A door with a scripted coach behind it, for tests of what stands in front of the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from bot.model import Block, Button, Delivery, Incoming, Input, Reply, Span
from bot.ports import Adapter

Script = Callable[[Input], Iterable[Reply]]


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 7, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class ScriptedDoor:
    """A `bot.ports.Door`: keeps what it received, each key once, and delivers the script's replies at once."""

    def __init__(self, script: Script = lambda given: ()) -> None:
        self.received: list[Incoming] = []
        self.adapter: Adapter | None = None
        self.broken = False
        self._script = script
        self._delivered = 0

    @property
    def given(self) -> list[Input]:
        return [incoming.given for incoming in self.received]

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
        for each in incoming:
            if each.key not in {before.key for before in self.received}:
                self.received.append(each)
                await self.deliver(each.origin.platform_id, *self._script(each.given))

    async def keep(self, incoming: Sequence[Incoming]) -> None:
        await self.receive(incoming)

    async def work(self) -> int:
        return 0

    async def wake(self, limit: int = 1000) -> int:
        return 0

    async def deliver(self, platform_id: str, *replies: Reply) -> list[str | None]:
        """Sends replies as the outbox would; their refs."""
        assert self.adapter is not None
        refs = []
        for reply in replies:
            self._delivered += 1
            receipt = await self.adapter.send(Delivery(self._delivered, "address", platform_id, reply))
            refs.append(receipt.ref)
        return refs


def says(*paragraphs: str | Block, buttons: Sequence[Sequence[tuple[str, str]]] = (), location: bool = False) -> Reply:
    """A message of plain paragraphs, with rows of (data, label)."""
    text = tuple(each if isinstance(each, Block) else Block((Span(each),)) for each in paragraphs)
    rows = tuple(tuple(Button(data, label) for data, label in row) for row in buttons)
    return Reply(text=text, rows=rows, ask_location=location)


def closes(ref: str, data: str, label: str) -> Reply:
    """A keyboard that gives way to the chosen button."""
    return Reply(act="close", ref=ref, rows=((Button(data, label),),))
