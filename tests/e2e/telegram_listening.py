"""An adapter that listens to the stand-in, with a sleep that takes no time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.telegram import TelegramAdapter
from bot.model import Block, Delivery, Reply, Span
from tests.contracts.fake_door import FakeDoor
from tests.standin.telegram import TOKEN, StandIn

HELLO = Reply(text=(Block((Span("Hello."),)),))


class Waits(list[float]):
    """A sleep that only writes down how long it would have been, and what the trouble was."""

    def __init__(self) -> None:
        self.problems: list[str | None] = []
        self.adapter: TelegramAdapter | None = None

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        self.problems.append(self.adapter.problem if self.adapter else None)
        await asyncio.sleep(0)


@asynccontextmanager
async def listening(server: StandIn, door: FakeDoor, **options: Any) -> AsyncIterator[tuple[TelegramAdapter, Waits]]:
    waits = Waits()
    adapter = waits.adapter = TelegramAdapter("telegram:1", TOKEN, server.url, sleep=waits, **options)
    task = asyncio.create_task(adapter.listen(door))
    try:
        yield adapter, waits
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await adapter.close()


def delivery(reply: Reply, person: str = "7", number: int = 1) -> Delivery:
    return Delivery(number, "address", person, reply)
