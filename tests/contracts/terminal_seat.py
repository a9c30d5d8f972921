"""The terminal's seat in the adapter contract: what is printed stays printed, and a choice is a number."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO

from rich.console import Console

from adapters.terminal import TerminalAdapter
from bot.model import Delivery, Receipt
from bot.ports import Adapter

_CHOICE = re.compile(r"  \d+\) ")
PATIENCE = 5.0  # seconds


class NotingTerminal(TerminalAdapter):
    """Notes what each message printed, and tells which choices a number still chooses."""

    def __init__(self, stdin: int) -> None:
        self.paper = StringIO()
        console = Console(file=self.paper, width=100_000, highlight=False, emoji=False)
        super().__init__(self._jump_nowhere, self._settle_at_once, "terminal:test", console, stdin)
        self.printed: list[str] = []

    async def send(self, delivery: Delivery) -> Receipt:
        before = self.paper.tell()
        receipt = await super().send(delivery)
        if delivery.reply.act in ("message", "edit"):
            self.printed.append(self.paper.getvalue()[before:])
        return receipt

    @property
    def choices(self) -> list[str]:
        return [button.label for button in self._offer[1]] if self._offer else []

    async def _jump_nowhere(self, to: str) -> str:
        raise AssertionError("the contract does not jump")

    async def _settle_at_once(self) -> None: ...


class TerminalSeat:
    """Ana at her keyboard."""

    company: tuple[str, ...] = ("eva",)
    paper = True

    def __init__(self) -> None:
        reading, self._keyboard = os.pipe()
        self._terminal = NotingTerminal(reading)
        self.adapter: Adapter = self._terminal
        self.platform_id = self._terminal.origin.platform_id

    def texts(self) -> list[str]:
        return [_words(printed) for printed in self._terminal.printed]

    def labels(self) -> list[list[str]]:
        return [[label] for label in self._terminal.choices]

    def reactions(self) -> list[str]:
        return [line.strip() for line in self._terminal.paper.getvalue().splitlines() if line == "  ❤"]

    def asked_for_location(self) -> bool | None:
        return None

    async def pictures(self) -> int | None:
        return None

    def pinned(self) -> list[str] | None:
        return None

    def answered(self) -> list[str] | None:
        return None

    async def files(self) -> list[tuple[str, str]] | None:
        return None

    def together(self) -> list[str] | None:
        return None

    async def says(self, text: str) -> str | None:
        os.write(self._keyboard, f"{text}\n".encode())
        return None

    async def taps(self, label: str) -> None:
        os.write(self._keyboard, f"{self._terminal.choices.index(label) + 1}\n".encode())

    def fails(self, how: str) -> bool:
        return False

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                if fact():
                    return
                await asyncio.sleep(0.01)

    def put_away(self) -> None:
        """Closes the keyboard, which is how a terminal ends."""
        os.close(self._keyboard)


def _words(printed: str) -> str:
    """The words of a message, without its choices, its file and the marks before its blocks."""
    lines = [line for line in printed.strip("\n").splitlines() if not _CHOICE.match(line)]
    told = "\n".join(line.strip().removeprefix("│ ") for line in lines if not line.startswith("[file: "))
    return told.strip("\n")


@asynccontextmanager
async def terminal() -> AsyncIterator[TerminalSeat]:
    seat = TerminalSeat()
    yield seat
    seat.put_away()
    await seat.adapter.close()
