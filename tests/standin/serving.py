"""A web server that takes bodies of a certain size, and answers 413 to larger ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

TELEGRAM = 50_000_000  # bytes: https://core.telegram.org/bots/api#sending-files
SLACK = 1_000_000_000  # more than a test sends: the documentation names no figure


def serving(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], most: int) -> web.Server:
    """aiohttp's own limit is a mebibyte."""

    def request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=most)

    return web.Server(handle, request_factory=request, access_log=None)
