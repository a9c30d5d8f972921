"""Slack's seats in the adapter contract: one for each transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from adapters.slack import SlackAdapter
from bot.ports import Adapter, Door
from tests.e2e.slack_listening import served
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, SECRET, Limits, StandIn

_REACTIONS = {"heart": "❤"}
_TWICE = ("message_not_found", "already_pinned", "no_pin", "thread_not_found")  # what the contract does on purpose


class SlackSeat:
    """Ana in the stand-in workspace."""

    paper = False

    platform_id = "U7"
    company: tuple[str, ...] = ("U8", "U9")

    def __init__(self, server: StandIn, adapter: Adapter) -> None:
        self.adapter = adapter
        self._server, self._ana = server, server.member(self.platform_id)
        for friend in self.company:
            server.member(friend)

    def texts(self) -> list[str]:
        return [message.text for message in self._ana.messages]

    def labels(self) -> list[list[str]]:
        return [[shown.label for shown in row] for row in self._ana.messages[-1].rows]

    def reactions(self) -> list[str]:
        return [_REACTIONS[name] for name in self._ana.reactions.values()]

    def asked_for_location(self) -> bool | None:
        return None

    async def pictures(self) -> int | None:
        return None

    def pinned(self) -> list[str] | None:
        return [message.text for message in self._ana.messages if message.ts in self._ana.pins]

    def answered(self) -> list[str] | None:
        thread = self._ana.messages[-1].thread_ts
        return [message.text for message in self._ana.messages if thread and message.ts == thread]

    async def files(self) -> list[tuple[str, str]]:
        return [(file.name, file.content.decode()) for file in self._ana.files]

    def together(self) -> list[str] | None:
        room = self._server.together(self.platform_id, *self.company)
        return [message.text for message in room.messages] if room else []

    async def says(self, text: str) -> str | None:
        return self._ana.says(text)

    async def taps(self, label: str) -> None:
        self._ana.taps(label)

    def fails(self, how: str) -> bool:
        faults: Mapping[str, int | str] = {
            "flood": 429,
            "blocked": "user_disabled",
            "gone": "channel_not_found",
            "down": 502,
            "cut": "drop",
        }
        self._server.fault("chat.postMessage", faults[how], retry_after=7)
        return True

    async def until(self, fact: Callable[[], bool]) -> None:
        await self._server.until(fact)


class PostedTo(SlackAdapter):
    """The contract hands over the door with `listen`: from then on the stand-in posts to it."""

    def __init__(self, server: StandIn) -> None:
        super().__init__("slack:T1", BOT_TOKEN, signing_secret=SECRET, api_url=server.url)
        self._server = server

    async def listen(self, door: Door) -> None:
        async with served(self._server, self, door):
            await super().listen(door)


@asynccontextmanager
async def slack() -> AsyncIterator[SlackSeat]:
    async with StandIn(limits=Limits.raised()) as server:
        adapter = SlackAdapter("slack:T1", BOT_TOKEN, app_token=APP_TOKEN, api_url=server.url)
        async with _seat(server, adapter) as seat:
            yield seat


@asynccontextmanager
async def slack_over_http() -> AsyncIterator[SlackSeat]:
    async with StandIn(limits=Limits.raised()) as server, _seat(server, PostedTo(server)) as seat:
        yield seat


@asynccontextmanager
async def _seat(server: StandIn, adapter: SlackAdapter) -> AsyncIterator[SlackSeat]:
    yield SlackSeat(server, adapter)
    await adapter.close()
    assert [(call.method, call.problem) for call in server.refusals if call.problem not in _TWICE] == []
