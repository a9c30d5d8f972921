"""How payloads reach us: bolt reads and routes them, over HTTP or over Socket Mode's WebSocket.

slack_sdk's own Socket Mode client tries one single-use address again and again when a connection fails, and
acknowledges in tasks of their own, out of order; this link asks for a new address and keeps the order.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from adapters.slack.client import SILENT, Web
from adapters.slack.markup import Json
from bot.ports import Door

Take = Callable[[Door, Json, bool], Awaitable[Json]]  # a payload, and whether it is a retry; what the ack says

WINDOW = (
    300.0  # seconds that a signature is good for, https://docs.slack.dev/authentication/verifying-requests-from-slack
)
HEARTBEAT = 10.0  # seconds
LEAVING = 10.0  # seconds: about as long as Slack itself still uses a connection that it wants renewed
_RENEWED = ("warning", "refresh_requested")
_ANY = re.compile("")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Me:
    """What auth.test says of our token."""

    team: str = ""
    user: str = ""
    bot: str = ""


@dataclass(slots=True)
class _Passing:
    """What travels with one payload through bolt."""

    door: Door
    retry: bool
    failed: bool = False


class Router:
    """bolt's app. Everything goes to `take`, and is acknowledged only when that has returned."""

    def __init__(self, web: Web, me: Callable[[], Me], take: Take) -> None:
        self._web, self._me, self._take = web, me, take
        self._app: AsyncApp | None = None

    def _made(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            me = self._me()
            token = self._web.api.token
            return AuthorizeResult(
                enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot, bot_token=token
            )

        async def listener(ack: Any, body: Json, context: Any) -> None:
            passing: _Passing = context["passing"]
            try:
                await ack(**await self._take(passing.door, body, passing.retry))
            except Exception:
                passing.failed = True
                raise

        app = AsyncApp(
            client=self._web.api,
            authorize=authorize,  # auth.test was asked once: not again with every payload
            logger=SILENT,
            process_before_response=True,
            request_verification_enabled=False,  # `signed` does that, with a clock of its own and for any header
        )
        for listens in (app.event, app.action, app.view, app.view_closed, app.command, app.shortcut):
            listens(_ANY)(listener)
        return app

    async def dispatch(self, door: Door, body: str | Json, headers: Mapping[str, str], mode: str) -> tuple[int, str]:
        """Acts on one payload; an HTTP status (503 if the door failed: Slack sends again) and what to answer."""
        if self._app is None:
            self._app = self._made()
        passing = _Passing(door, headers.get("x-slack-retry-num", "0") != "0")
        try:
            request = AsyncBoltRequest(body=body, headers=dict(headers), mode=mode, context={"passing": passing})
            answer = await self._app.async_dispatch(request)
        except Exception as error:  # what bolt cannot even begin to read would otherwise come again for ever
            log.error("slack.unreadable", error=type(error).__name__)
            return HTTPStatus.OK, ""
        if passing.failed:
            return HTTPStatus.SERVICE_UNAVAILABLE, ""
        if answer.status != HTTPStatus.OK:
            log.error("slack.unreadable", status=answer.status)
            return HTTPStatus.OK, ""
        return answer.status, answer.body or ""


def signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether Slack signed this body at most five minutes before or after `now` (Unix seconds). Constant time."""
    stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 16) or abs(now - int(stamp)) > WINDOW:
        return False
    good = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(good.encode(), signature.encode())


class SocketLink:
    """Socket Mode. `run` holds one connection until Slack ends it; `close` ends those that are being given up."""

    def __init__(self, web: Web, app_token: str, router: Router) -> None:
        self._web, self._token, self._router = web, app_token, router
        self._leaving: set[asyncio.Task[str]] = set()

    async def run(self, door: Door, connected: Callable[[], None]) -> str:
        """Opens a connection and brings what comes to the router, in order; returns Slack's reason for its end.

        What is not acknowledged (the door failed, the connection broke) Slack sends again. A connection that Slack
        wants renewed is read for a while beside the next one.

        Raises:
            SlackApiError, aiohttp.ClientError, TimeoutError: no connection.
        """
        answer = await self._web.api.apps_connections_open(app_token=self._token)
        socket = await self._web.session.ws_connect(
            answer["url"], heartbeat=HEARTBEAT, proxy=self._web.proxy, max_msg_size=0
        )
        reason = ""
        try:
            reason = await self._read(door, socket, connected)
        finally:
            if reason not in _RENEWED:
                await socket.close()
        if reason in _RENEWED:
            leaving = asyncio.create_task(self._leave(door, socket))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        return reason

    async def close(self) -> None:
        """Ends the connections that are being given up."""
        for leaving in self._leaving:
            leaving.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _leave(self, door: Door, socket: aiohttp.ClientWebSocketResponse) -> str:
        try:
            async with asyncio.timeout(LEAVING):
                return await self._read(door, socket, lambda: None)
        except TimeoutError:
            return ""
        finally:
            await socket.close()

    async def _read(self, door: Door, socket: aiohttp.ClientWebSocketResponse, connected: Callable[[], None]) -> str:
        async for message in socket:
            if message.type != aiohttp.WSMsgType.TEXT:
                continue
            envelope = json.loads(message.data)
            match envelope.get("type"):
                case "hello":
                    connected()
                case "disconnect":
                    return str(envelope.get("reason") or "")
                case _ if "envelope_id" in envelope:
                    await self._deliver(door, envelope, socket)
        return ""

    async def _deliver(self, door: Door, envelope: Json, socket: aiohttp.ClientWebSocketResponse) -> None:
        retry = {"x-slack-retry-num": str(envelope.get("retry_attempt") or 0)}
        status, body = await self._router.dispatch(door, envelope.get("payload") or {}, retry, "socket_mode")
        if status == HTTPStatus.OK:
            answer = {"envelope_id": envelope["envelope_id"]}
            await socket.send_json({**answer, "payload": json.loads(body)} if body else answer)
