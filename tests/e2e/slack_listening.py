"""An adapter that listens to the stand-in workspace in either transport, with a sleep that takes no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Literal

from aiohttp import web

from adapters.slack import SlackAdapter
from bot.model import Block, Delivery, Reply, Span
from bot.ports import Door
from tests.contracts.fake_door import FakeDoor
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, SECRET, StandIn

Transport = Literal["socket", "http"]

HELLO = Reply(text=(Block((Span("Hello."),)),))


class Waits(list[float]):
    """A sleep that only writes down how long it would have been, and what the trouble was."""

    def __init__(self) -> None:
        self.problems: list[str | None] = []
        self.adapter: SlackAdapter | None = None

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        self.problems.append(self.adapter.problem if self.adapter else None)
        await asyncio.sleep(0)


@asynccontextmanager
async def listening(
    server: StandIn, door: FakeDoor, transport: Transport = "socket", **options: Any
) -> AsyncIterator[tuple[SlackAdapter, Waits]]:
    """An adapter that listens and is connected; over HTTP it stands behind a small web server of its own."""
    waits = Waits()
    secrets = {"app_token": APP_TOKEN} if transport == "socket" else {"signing_secret": SECRET}
    options = {"sleep": waits, **secrets, **options}
    adapter = waits.adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url, **options)
    async with served(server, adapter, door) if transport == "http" else nullcontext():
        task = asyncio.create_task(adapter.listen(door))
        try:
            yield adapter, waits
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await adapter.close()


@asynccontextmanager
async def served(server: StandIn, adapter: SlackAdapter, door: Door) -> AsyncIterator[None]:
    """The adapter behind a web server of its own, to which the stand-in posts."""

    async def handle(request: web.BaseRequest) -> web.Response:
        status, body, kind = await adapter.accept(door, request.headers, await request.read())
        return web.Response(status=status, body=body, content_type=kind)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    server.space.arrived()
    try:
        yield
    finally:
        server.request_url = ""
        await runner.cleanup()


def delivery(reply: Reply, person: str = "U7", number: int = 1) -> Delivery:
    return Delivery(number, "address", person, reply)


def said(text: str, **about: Any) -> Reply:
    return Reply(text=(Block((Span(text),)),), **about)
