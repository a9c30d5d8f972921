"""A robot participant: reads what the bot really sent and answers as somebody does who follows the course."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.e2e.running import Running
from tests.standin.telegram import Message, Person, StandIn

SETTLE = 30.0  # seconds
KNOWN = {"consent": "I agree", "which": "Madrid"}


@dataclass(slots=True)
class Heard:
    """A message with the rehearsed moment at which it came."""

    at: datetime
    message: Message


@dataclass(slots=True)
class Robot:
    """Walks with one person. `restart` may be called at any step: it kills and restarts the product."""

    person: Person
    server: StandIn
    product: Running
    heard: list[Heard] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)
    disturb: Callable[[], Any] | None = None
    _answered: int = 0

    async def settle(self) -> dict[str, Any]:
        """Until every update was taken and every reply has come."""
        async with asyncio.timeout(SETTLE):
            status = await self.product.rests(lambda: bool(self.server.line.pending))
        self._note(datetime.fromisoformat(status["now"]))
        return status

    def _note(self, now: datetime) -> None:
        for message in self.person.messages[len(self.heard) :]:
            self.heard.append(Heard(now, message))

    async def next(self) -> dict[str, Any]:
        """The clock moves to the next wake; what came is noted with that moment."""
        status = await self.product.move("next")
        self._note(datetime.fromisoformat(status["now"]))
        return status

    async def answer(self, most: int = 12) -> None:
        """Answers as long as the last message asks something."""
        for _ in range(most):
            last = self.heard[-1].message if self.heard else None
            if last is None or len(self.heard) == self._answered:
                return
            self._answered = len(self.heard)
            if last.buttons:
                self._tap(last)
            elif last.text.rstrip().endswith("?"):
                self._say(last)
            else:
                return
            if self.disturb is not None:
                await self.disturb()
            await self.settle()

    def _tap(self, message: Message) -> None:
        labels = [button.label for button in message.buttons]
        if len(labels) == 1 or "Skip" in " ".join(labels) or any("tonight" in label.lower() for label in labels):
            self._say(message)  # what may be skipped can be answered
        else:
            self.person.taps(labels[0], message)

    def _say(self, message: Message) -> None:
        if "city" in message.text or "town" in message.text:
            text = "Madrid"
        elif "call you" in message.text:
            text = "Ana <b>*_[x](y){{ 7*7 }}"
        else:
            text = f"entry {len(self.wrote) + 1}: the light on the wall & a cup of tea"
            self.wrote.append(text)
        self.person.says(text)
