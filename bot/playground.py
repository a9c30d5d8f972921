"""The coach without any platform: in the browser and in the terminal, on a clock that can be moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.app import add_terminal, add_web, opened, serve, stopped_by_signal
from bot.settings import Settings


async def demo(settings: Settings, show: Callable[[str], None]) -> None:
    """The browser chat, until SIGTERM or Ctrl+C. `show` gets its address."""
    async with opened(settings) as app:
        serve(app, add_web(app), {})
        await app.run(stopped_by_signal(), show)


async def chat(settings: Settings) -> None:
    """The terminal chat, until :quit, the end of input, or a signal."""
    async with opened(settings) as app:
        terminal = add_terminal(app)
        stop = stopped_by_signal()
        running = asyncio.create_task(app.run(stop))
        ended = asyncio.create_task(app.installations[terminal.installation].ended.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([ended, stopped, running], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        ended.cancel()
        await running
