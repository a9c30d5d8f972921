"""The one ASGI app (health, metrics, webhooks, rehearsal, the browser chat) and the server that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeGuard

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from bot.edge import Gate, Guarded, refuse_other_sites
from bot.errors import SettingsError
from bot.ports import Rehearsal

GRACE = 2  # seconds that requests in flight have when the server stops

Ready = Callable[[], Awaitable[tuple[bool, dict[str, str]]]]
Look = Callable[[], Awaitable[None]]
Webhook = Callable[[Mapping[str, str], bytes], Awaitable["Answer"]]

# What app.openapi() says of answers; a test sends whatever it allows, and what it does not, and compares.
_TEXT = {"type": "string"}
_WHY = {"type": "object", "required": ["error"], "properties": {"error": _TEXT}, "additionalProperties": False}
_ALIVE = {"type": "object", "required": ["alive"], "properties": {"alive": {"const": True}}}
_PARTS = {"type": "object", "additionalProperties": _TEXT}
_CLOCK = {
    "type": "object",
    "required": ["now", "next_wake", "pending", "idle"],
    "properties": {
        "now": _TEXT,
        "next_wake": {"type": ["string", "null"]},
        "pending": {"type": "integer", "minimum": 0},
        "idle": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_MOVE = {"type": "object", "required": ["to"], "properties": {"to": _TEXT}, "additionalProperties": False}
_ANY_OBJECT = {"type": "object"}


def _as_json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


REFUSED: dict[int | str, dict[str, Any]] = {"4XX": _as_json(_WHY)}
_CALLED: dict[int | str, dict[str, Any]] = {  # a webhook's own refusals have no words: no person reads them
    200: {},
    "4XX": {"content": {"application/json": {"schema": _WHY}, "text/plain": {}}},
    503: {},
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook answers with."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"


async def _nothing() -> None: ...


def http_app(
    *,
    ready: Ready,
    metrics: CollectorRegistry,
    look: Look = _nothing,
    webhooks: Mapping[str, Webhook],
    rehearsal: Rehearsal | None,
    web_router: APIRouter | None,
    static: Path | None,
) -> FastAPI:
    """All that is served over HTTP; what is None is not there (404).

    `ready` tells whether we can work, and how each part fares; `look` brings metrics up to date before they are shown.
    A webhook gets headers (any case) and the body, at most 1 MiB, and returns what to answer with. `static` is a folder
    served under /static. Errors are {"error": …}.
    """
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # app.openapi() describes what is here, and nobody outside needs to read that
        redirect_slashes=False,
        default_response_class=Response,
        responses=REFUSED,
    )
    app.add_middleware(Guarded)
    for problem, answer in _ANSWERS.items():
        app.add_exception_handler(problem, answer)
    _health(app, ready, metrics, look)
    for path, webhook in webhooks.items():
        _webhook(app, path, webhook)
    if rehearsal is not None:
        _rehearsal(app, rehearsal)
    if web_router is not None:
        app.include_router(web_router)
    if static is not None:
        app.mount("/static", StaticFiles(directory=static))
    return app


def _health(app: FastAPI, ready: Ready, metrics: CollectorRegistry, look: Look) -> None:
    @app.get("/healthz", responses={200: _as_json(_ALIVE)})
    async def alive() -> Response:
        return JSONResponse({"alive": True})

    @app.get("/readyz", responses={200: _as_json(_PARTS), 503: _as_json(_PARTS)})
    async def readiness() -> Response:
        try:
            well, parts = await ready()
        except Exception as error:
            log.warning("readiness_unknown", problem=type(error).__name__)
            well, parts = False, {"readiness": type(error).__name__}
        return JSONResponse(parts, 200 if well else 503)

    @app.get("/metrics", responses={200: {"content": {"text/plain": {}}}})
    async def exposition() -> Response:
        await look()
        return Response(generate_latest(metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _webhook(app: FastAPI, path: str, webhook: Webhook) -> None:
    gate = Gate()

    @app.post(path, responses=_CALLED, openapi_extra={"requestBody": {"required": True, **_as_json(_ANY_OBJECT)}})
    async def called(request: Request) -> Response:
        with gate.reading():
            body = await request.body()
        answer = await webhook(request.headers, body)
        return Response(answer.body, answer.status, media_type=answer.content_type)


def _rehearsal(app: FastAPI, rehearsal: Rehearsal) -> None:
    @app.get("/rehearsal", responses={200: _as_json(_CLOCK)})
    async def status() -> Response:
        return JSONResponse(dict(await rehearsal.status()))

    @app.post(
        "/rehearsal",
        responses={200: _as_json(_CLOCK), 503: _as_json(_CLOCK)},
        openapi_extra={"requestBody": {"required": True, **_as_json(_MOVE)}},
    )
    async def move(request: Request) -> Response:
        refuse_other_sites(request)
        match _json(await request.body()):
            case {"to": str(to), **rest} if not rest:
                code, body = await rehearsal.move(to)
                return JSONResponse(dict(body), code)
        raise HTTPException(400, 'Send {"to": "next"} or {"to": "<ISO time with a zone>"}.')


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


# ---------------------------------------------------------------- errors and limits


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette names one route's methods; we have two at one
        here = [route.methods or set() for route in request.app.routes if _stands_at(route, request.url.path)]
        headers["Allow"] = ", ".join(sorted({headers.get("Allow", "")}.union(*here) - {""}))
    return JSONResponse({"error": error.detail}, error.status_code, headers=headers)


def _stands_at(route: BaseRoute, path: str) -> TypeGuard[Route]:
    return isinstance(route, Route) and route.path == path


async def _misread(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "That address has a part that we cannot read."}, 400)


_ANSWERS = {AnyHTTPException: _refused, RequestValidationError: _misread}


# ---------------------------------------------------------------- the server


class _InOurLoop(uvicorn.Server):
    """uvicorn without signal handlers: stopping is the caller's business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """Serves an ASGI app from this event loop, between `start` and `stop`. Port 0 takes any that is free."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app, self._host, self._asked_port = app, host, port
        self._server: _InOurLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = port  # the real one once started

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        name = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104
        return f"http://{f'[{name}]' if name.count(':') > 1 and name[0] != '[' else name}:{self.port}"

    async def start(self) -> None:
        """Returns when it listens.

        Raises:
            SettingsError: the port is taken or not allowed, or the host is not this machine's.
        """
        listener = _listener(self._host, self._asked_port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,  # a webhook's path is a secret
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _InOurLoop(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._server.listening.wait()

    async def stop(self) -> None:
        """Takes no more connections, lets requests in flight end (at most two seconds), and returns.

        Close the adapters first: that ends their pages' streams, which would be cut otherwise.
        """
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = self._serving = None


def _listener(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:  # getaddrinfo would take the remainder
        raise SettingsError("HEARTSEASE_HTTP_PORT", f"{port} is no port; choose one from 1024 to 65535")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError("HEARTSEASE_HTTP_HOST", f"no address of this machine: {host!r}; try 127.0.0.1") from error
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise _unusable(error, host, port) from error
    return listener


def _unusable(error: OSError, host: str, port: int) -> SettingsError:
    match error.errno:
        case errno.EADDRINUSE:
            return SettingsError("HEARTSEASE_HTTP_PORT", f"port {port} is in use; stop what uses it or choose another")
        case errno.EACCES:
            return SettingsError("HEARTSEASE_HTTP_PORT", f"port {port} is not allowed; choose one above 1023")
        case errno.EADDRNOTAVAIL:
            return SettingsError("HEARTSEASE_HTTP_HOST", f"{host} is no address of this machine; try 127.0.0.1")
    return SettingsError("HEARTSEASE_HTTP_PORT", f"cannot listen on port {port}; choose another")
