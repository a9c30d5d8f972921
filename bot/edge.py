"""Between the network and the HTTP app: how much may come, for how long and how often; headers; what breaks."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 1 << 20  # bytes
BODY_TIME = 10.0  # seconds that a whole body may take
BODIES_AT_ONCE = 128  # that a webhook reads, so that no more than this many mebibytes wait in memory
RATE, BURST = 500.0, 1000.0  # requests a second to one webhook; platforms send again what is answered 429

DEFAULT_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_BROKEN = JSONResponse({"error": "Something went wrong on our side. Please try again in a moment."}, 500)
_AGAIN = {"Retry-After": "1"}

log = structlog.get_logger()


class Guarded:
    """Cuts bodies at the limits, sets careful headers where a route has none of its own, and answers what breaks."""

    def __init__(self, app: ASGIApp, patience: float = BODY_TIME) -> None:
        self._app, self._patience = app, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULT_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, self._bounded(receive), with_headers)
        except Exception as error:
            if started:
                raise
            # Its message and the path may hold what nobody should read in a log: they stay here.
            last = traceback.extract_tb(error.__traceback__)[-1]
            log.error("request_failed", problem=type(error).__name__, where=f"{Path(last.filename).name}:{last.lineno}")
            await _BROKEN(scope, receive, with_headers)

    def _bounded(self, receive: Receive) -> Receive:
        """The request's messages, as long as its body keeps to size and time; what comes after it may take for ever."""
        received, whole = 0, False
        ends: float | None = None

        async def bounded() -> Message:
            nonlocal received, whole, ends
            if whole:
                return await receive()
            loop = asyncio.get_running_loop()
            ends = loop.time() + self._patience if ends is None else ends
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "That took too long to arrive. Please send it again.") from None
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > BODY_LIMIT:
                raise HTTPException(413, "That is more than we take in one request.")
            return message

        return bounded


class Gate:
    """How often, and how many at a time, a webhook reads what is posted to it. For everybody together.

    Behind a proxy all requests have one address, and a limit by address would let a stranger shut out the platform.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._left, self._at = BURST, monotonic()
        self._reading = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around the reading of one body. Raises HTTPException: 429 too often, 503 too many at once."""
        now = self._monotonic()
        self._left, self._at = min(BURST, self._left + (now - self._at) * RATE), now
        if self._left < 1:
            raise HTTPException(429, "That is too often. Please send it again in a moment.", _AGAIN)
        if self._reading >= BODIES_AT_ONCE:
            raise HTTPException(503, "There is much to read just now. Please send it again in a moment.", _AGAIN)
        self._left -= 1
        self._reading += 1
        try:
            yield
        finally:
            self._reading -= 1


def refuse_other_sites(request: Request) -> None:
    """Refuses pages of other sites, also under a name of theirs that they bound to our address.

    What is no browser sends no Origin and passes. Raises HTTPException: 403.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host", "").lower()
    if origin is not None and (urlsplit(origin).netloc.lower() != host or not cannot_lie(host)):
        raise HTTPException(403, "Another site's page may not move the clock.")


def cannot_lie(host: str) -> bool:
    """Whether a Host header is localhost or an address: any other name could be bound to ours by somebody else."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
