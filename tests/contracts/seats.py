"""For each platform a seat: an adapter, and the person at its other end. A new adapter adds one factory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, Protocol

from adapters.telegram import TelegramAdapter
from bot.ports import Adapter
from tests.contracts.slack_seat import slack, slack_over_http
from tests.contracts.terminal_seat import terminal
from tests.contracts.web_seat import web
from tests.standin.telegram import TOKEN, Limits, StandIn

Failure = Literal["flood", "blocked", "gone", "down", "cut"]
_TWICE = ("not modified", "to delete not found")  # what the contract does on purpose


class Seat(Protocol):
    """What the contract needs to see and do on the person's side."""

    adapter: Adapter
    platform_id: str
    paper: bool  # what was said cannot be changed
    company: tuple[str, ...]

    def texts(self) -> list[str]:
        """The plain texts that arrived, oldest first."""
        ...

    def labels(self) -> list[list[str]]:
        """The buttons that the latest message shows now, row by row."""
        ...

    def reactions(self) -> list[str]:
        """The reactions to what the person wrote; empty where the platform has none."""
        ...

    def asked_for_location(self) -> bool | None:
        """Whether the latest message has a location button; None where the platform has none."""
        ...

    async def pictures(self) -> int | None:
        """How many pictures are shown; None where we show none."""
        ...

    def pinned(self) -> list[str] | None:
        """The texts that are pinned; None where nothing can be."""
        ...

    def answered(self) -> list[str] | None:
        """What the latest message answers, as far as it does; None where the platform has no answers."""
        ...

    async def files(self) -> list[tuple[str, str]] | None:
        """The files that can be opened: their names and contents."""
        ...

    def together(self) -> list[str] | None:
        """The texts in the conversation with `company`; None where the platform has no such conversations."""
        ...

    async def says(self, text: str) -> str | None:
        """The person writes; the platform's id of the message, if it has one."""
        ...

    async def taps(self, label: str) -> None:
        """The person taps a button that is shown."""
        ...

    def fails(self, how: Failure) -> bool:
        """Makes the next delivery fail; False where the platform cannot fail so."""
        ...

    async def until(self, fact: Callable[[], bool]) -> None:
        """Waits until something is true; TimeoutError if it does not become so."""
        ...


class TelegramSeat:
    """Ana's phone, on the stand-in server."""

    paper = False

    platform_id = "7"
    company: tuple[str, ...] = ("8", "9")

    def __init__(self, server: StandIn) -> None:
        self.adapter: Adapter = TelegramAdapter("telegram:test", TOKEN, server.url)
        self._server, self._ana = server, server.person(7)

    def texts(self) -> list[str]:
        return [message.text for message in self._ana.messages if message.text or message.kind == "photo"]

    def labels(self) -> list[list[str]]:
        return [[button.label for button in row] for row in self._ana.messages[-1].rows]

    def reactions(self) -> list[str]:
        return list(self._ana.reactions.values())

    def asked_for_location(self) -> bool | None:
        return self._ana.messages[-1].asks_location

    async def pictures(self) -> int | None:
        return sum(message.kind == "photo" for message in self._ana.messages)

    def pinned(self) -> list[str] | None:
        return [message.text for message in self._ana.pinned]

    def answered(self) -> list[str] | None:
        answered = self._ana.find(self._ana.messages[-1].answers or 0)
        return [answered.text] if answered else []

    async def files(self) -> list[tuple[str, str]]:
        found = [message.file for message in self._ana.messages if message.kind == "document" and message.file]
        return [(str(file), file.content.decode()) for file in found]

    def together(self) -> list[str] | None:
        return None

    async def says(self, text: str) -> str | None:
        return str(self._ana.says(text))

    async def taps(self, label: str) -> None:
        self._ana.taps(label)

    def fails(self, how: Failure) -> bool:
        faults: Mapping[Failure, int | Literal["blocked", "chat_not_found", "drop"]] = {
            "flood": 429,
            "blocked": "blocked",
            "gone": "chat_not_found",
            "down": 502,
            "cut": "drop",
        }
        self._server.fault("*", faults[how], retry_after=7)
        return True

    async def until(self, fact: Callable[[], bool]) -> None:
        await self._server.until(fact)


@asynccontextmanager
async def telegram() -> AsyncIterator[Seat]:
    async with StandIn(limits=Limits.raised()) as server:
        seat = TelegramSeat(server)
        yield seat
        await seat.adapter.close()
        refused = [call for call in server.refusals if not any(each in call.problem for each in _TWICE)]
        assert [(call.method, call.problem) for call in refused] == []


SEATS: Mapping[str, Callable[[], AbstractAsyncContextManager[Seat]]] = {
    "telegram": telegram,
    "slack": slack,
    "slack_over_http": slack_over_http,
    "web": web,
    "terminal": terminal,
}
