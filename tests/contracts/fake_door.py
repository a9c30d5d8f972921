"""A door that only writes down what comes in, and can be held shut or made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.model import Incoming


class FakeDoor:
    """A `bot.ports.Door`: like the real one, it acts on each key once."""

    def __init__(self) -> None:
        self.received: list[Incoming] = []
        self.kept: list[Incoming] = []
        self.knocks = 0  # batches that came, failed ones included
        self.failures = 0  # how many calls are still to fail
        self.open = asyncio.Event()
        self.open.set()

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        self.knocks += 1
        await self.open.wait()
        self._fail()
        known = {each.key for each in self.received}
        self.received += [each for each in incoming if each.key not in known]

    async def keep(self, incoming: Sequence[Incoming]) -> None:
        self._fail()
        self.kept += incoming

    async def work(self) -> int:
        self._fail()
        kept, self.kept = self.kept, []
        self.received += kept
        return len(kept)

    async def wake(self, limit: int = 1000) -> int:
        return 0

    def _fail(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the database is away")
