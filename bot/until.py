"""Waiting for something to happen, but no longer than so long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Wait = Callable[[asyncio.Event, float], Awaitable[None]]
"""What works as `until_set` does; tests hand in one without a clock."""


async def until_set(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or when so many seconds are over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
