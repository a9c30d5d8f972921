"""A robot participant in the stand-in workspace: writes in windows what is private, and taps everything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.model import Entry, Origin
from tests.e2e.course import database
from tests.e2e.running import Running
from tests.standin.slack import Member, Message, StandIn

SETTLE = 30.0  # seconds
WRITE = "Write"
SECRET = "heron"  # stands in everything private that the robot writes, and nowhere else


@dataclass(slots=True)
class Robot:
    """Walks with one member. `disturb` is called after every answer."""

    member: Member
    server: StandIn
    product: Running
    wrote: list[str] = field(default_factory=list)
    heard: list[tuple[datetime, Message]] = field(default_factory=list)
    disturb: Callable[[], Awaitable[None]] | None = None
    _answered: int = 0

    async def settle(self) -> dict[str, Any]:
        """Until everything was acknowledged and every reply has come."""
        async with asyncio.timeout(SETTLE):
            status = await self.product.rests(lambda: bool(self.server.space.outbound))
        self._note(status)
        return status

    async def next(self) -> dict[str, Any]:
        """The clock moves to the next wake, of which there must be one."""
        assert (await self.product.status())["next_wake"] is not None, "nothing more happens"
        status = await self.product.move("next")
        self._note(status)
        return status

    def _note(self, status: dict[str, Any]) -> None:
        now = datetime.fromisoformat(status["now"])
        self.heard += [(now, message) for message in self.member.messages[len(self.heard) :]]

    # ------------------------------------------------------------ doing

    async def runs(self, command: str, channel: str | None = None) -> None:
        """A slash command."""
        self.member.runs(command, channel)
        await self.settle()

    async def taps(self, label: str) -> None:
        """A button."""
        self.member.taps(label)
        await self.settle()

    async def opens(self, label: str = WRITE, where: Message | None = None) -> None:
        """A button that opens a window to write in."""
        self.member.shuts()
        self.member.taps(label, where)
        await self.window()

    async def window(self) -> None:
        """Waits for a window to write in."""
        await self.server.until(lambda: self.member.view is not None and bool(self.member.view.inputs), SETTLE)

    async def writes(self) -> str:
        """Sends the window that is open, with something private; what it was."""
        text = f"{SECRET} {len(self.wrote) + 1} <on> the *roof* & a cup of tea"
        self.wrote.append(text)
        self.member.submits(text=text)
        await self.settle()
        return text

    async def answer(self, most: int = 12) -> None:
        """Answers as long as the last message asks something."""
        for _ in range(most):
            last = self.member.messages[-1] if self.member.messages else None
            labels = [shown.label for row in last.rows for shown in row if shown.value] if last else []
            if last is None or len(self.member.messages) == self._answered:
                return
            self._answered = len(self.member.messages)
            if WRITE in labels:
                await self.opens(WRITE, last)
                await self.writes()
            elif labels:
                self.member.taps(labels[0], last)
            elif last.text.rstrip().endswith("?"):
                self.member.says("Ana")
            else:
                return
            await self.settle()
            if self.disturb is not None:
                await self.disturb()

    # ------------------------------------------------------------ looking

    def exported(self) -> str:
        """All that was ever said in a message, and all that stands on a Home tab."""
        calls = [
            call for call in self.server.calls if call.method.startswith("chat.") or call.method == "views.publish"
        ]
        return "\n".join(json.dumps(call.params, ensure_ascii=False) for call in calls)

    async def kept(self) -> list[Entry]:
        """What the database keeps of them, oldest first."""
        async with database(self.product.folder) as store, store.reading() as queries:
            person = await queries.person_at(Origin("slack:T1", self.member.id))
            assert person is not None
            return list(reversed(await queries.entries(person, limit=10_000)))
