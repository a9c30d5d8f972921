"""The browser's seat in the adapter contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from adapters.web import WebAdapter, routes
from bot.http import http_app
from bot.model import Incoming, Origin
from bot.ports import Adapter, Door
from tests.scripted_door import ManualClock, ScriptedDoor


class ListeningAdapter(WebAdapter):
    """The routes have their door from the start; the contract hands it over with `listen`, so this passes it on."""

    def __init__(self) -> None:
        super().__init__(ManualClock(), "web:test")
        self.door = ForwardingDoor()

    async def listen(self, door: Door) -> None:
        self.door.to = door
        await super().listen(door)


class ForwardingDoor(ScriptedDoor):
    """Hands inputs to whichever door listens."""

    to: Door | None = None

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        if self.to is not None:
            await self.to.receive(incoming)


class WebSeat:
    """Ana's browser."""

    paper = False

    platform_id = "a-browser-chat-of-anas"
    company: tuple[str, ...] = ("a-browser-chat-of-evas",)

    def __init__(self) -> None:
        adapter = ListeningAdapter()
        self.adapter: Adapter = adapter
        app = http_app(
            ready=self._ready,
            metrics=CollectorRegistry(),
            webhooks={},
            rehearsal=None,
            web_router=routes(adapter, adapter.door, self._jump, self._place),
            static=None,
        )
        self._chat = adapter.chat(self.platform_id)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://127.0.0.1",
            cookies={"heartsease_chat": self.platform_id},
        )

    def texts(self) -> list[str]:
        edited = {line["ref"]: line["html"] for line in self._chat.since(0) if line["kind"] == "edit"}
        return [_plain(edited.get(line["ref"], line["html"])) for line in self._theirs()]

    def labels(self) -> list[list[str]]:
        shown = self._theirs()[-1]
        for line in self._chat.since(0):
            if line["kind"] in ("close", "edit") and line["ref"] == shown["ref"]:
                shown = line
        return [[button["label"] for button in row] for row in shown["rows"]]

    def reactions(self) -> list[str]:
        return [line["emoji"] for line in self._chat.since(0) if line["kind"] == "react"]

    def asked_for_location(self) -> bool | None:
        return bool(self._theirs()[-1]["location"])

    async def pictures(self) -> int | None:
        shown = [line for line in self._theirs() if line["image"]]
        for line in shown:
            answer = await self.http.get(f"/chat/picture/{line['ref']}")
            assert answer.headers["content-type"] == "image/png"
            assert answer.content.startswith(b"\x89PNG")
        return len(shown)

    def pinned(self) -> list[str] | None:
        return None

    def answered(self) -> list[str] | None:
        return None

    async def files(self) -> list[tuple[str, str]]:
        found = []
        for line in self._theirs():
            if line["file"]:
                answer = await self.http.get(f"/chat/file/{line['ref']}")
                assert answer.headers["content-disposition"].startswith("attachment;")
                found.append((line["file"], answer.text))
        return found

    def together(self) -> list[str] | None:
        return None

    async def says(self, text: str) -> str | None:
        answer = await self.http.post("/chat/say", json={"text": text})
        return str(answer.json()["ref"])

    async def taps(self, label: str) -> None:
        shown = self._theirs()[-1]
        [data] = [button["data"] for row in shown["rows"] for button in row if button["label"] == label]
        await self.http.post("/chat/tap", json={"data": data, "ref": shown["ref"]})

    def fails(self, how: str) -> bool:
        return False

    async def until(self, fact: Callable[[], bool]) -> None:
        if not fact():  # a request returns when the door has what it brought
            raise TimeoutError

    def _theirs(self) -> list[Mapping[str, Any]]:
        return [line for line in self._chat.since(0) if line["kind"] == "message" and line["by"] == "coach"]

    async def _ready(self) -> tuple[bool, dict[str, str]]:
        return True, {}

    async def _jump(self, origin: Origin, to: str) -> None:
        raise AssertionError("the contract does not jump")

    async def _place(self, origin: Origin) -> Mapping[str, Any]:
        return {}


class _Paragraphs(HTMLParser):
    """What a reader sees of our HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("p", "li"):
            self.found.append("")
        elif tag == "br":
            self.found[-1] += "\n"

    def handle_data(self, data: str) -> None:
        self.found[-1] += data


def _plain(html: str) -> str:
    parser = _Paragraphs()
    parser.feed(html)
    parser.close()
    return "\n\n".join(parser.found)


@asynccontextmanager
async def web() -> AsyncIterator[WebSeat]:
    seat = WebSeat()
    yield seat
    await seat.http.aclose()
    await seat.adapter.close()
