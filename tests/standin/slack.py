"""A stand-in Slack over real HTTP and WebSocket: `async with StandIn() as server`.

Without `request_url` it speaks Socket Mode to whoever connects; with one it posts there, signed. What is not
acknowledged is sent again: events in both modes, taps and modals in Socket Mode only.

- People: `ana = server.member("U1", "Ana")`. With the bot: `says`, `edits`, `runs("/heartsease today", channel=None)`,
  `taps`, `picks`, `submits`, `opens_home`; what they got: `messages`, `whispers`, `view`, `home`, `files`, `pins`.
  In channels: `joins("C1")`, `leaves`, `says_in("C1", "hi", thread_ts="")`, `reads("C1")`, `taps_in("C1", "Join")`.
  Also `moves(zone)`, `deactivated()`.
- Channels: `ward = server.channel("C1", "ward", people=("U1", "U2"))`; an id with G is a private one. `ward.feed` is
  what the bot said in it, `ward.thread(ts)` what it said in a thread, `ward.pinned`, `ward.files`, `ward.topic`,
  `ward.members`. What happens to them: `server.kick("C1")` and `invite` (the app), `archive("C1")` and
  `archive("C1", False)`, `rename`, `set_topic`.
- Group direct messages: `server.together("U1", "U2")` is the one that the app opened for them, or None; its `messages`
  are read like a channel's, and people write there with `says_in(room.id, …)`.
- Files that the app shares: `files` of a person or channel, each with `name`, `content` and `thread_ts`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.standin.serving import SLACK, serving
from tests.standin.slack_checks import SCOPES, Json, Limits, Refused, check, check_view
from tests.standin.slack_messages import Channel, Message, SharedFile, Shown, View
from tests.standin.slack_methods import perform, together_id
from tests.standin.slack_people import Member
from tests.standin.slack_wire import SECRET, answered, dropped, json_object, params_of, refusal, signature
from tests.standin.slack_workspace import BOT_USER, Outbound, Workspace

__all__ = [
    "APP_TOKEN",
    "BOT_TOKEN",
    "SECRET",
    "Call",
    "Channel",
    "Limits",
    "Member",
    "Message",
    "SharedFile",
    "Shown",
    "StandIn",
    "View",
    "signature",
]

BOT_TOKEN, APP_TOKEN = "xoxb-1000-the-first-token", "xapp-1-A1-the-first-token"
ATTEMPTS = 50  # Slack gives up after three retries; a test waits less long between them
_SPENDS = frozenset({"chat.postMessage"})
_GATEWAY = "<html>Bad Gateway</html>"

Fault = int | Literal["hang", "half", "drop", "garbage"] | str


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came in; `problem` is empty if it was taken."""

    method: str
    params: Json
    problem: str = ""


@dataclass(slots=True)
class _Planned:
    method: str
    what: Fault
    times: int
    retry_after: int


class StandIn:
    """The server. `refusals` are the calls that Slack would have refused; `late` counts acknowledgements after 3 s."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        scopes: frozenset[str] = SCOPES,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        ack_within: float = 3.0,
        retry: float = 0.02,
    ) -> None:
        self.calls: list[Call] = []
        self.refusals: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.late = 0
        self.unanswered: list[Outbound] = []  # what was never acknowledged and is not sent again
        self.request_url = ""
        self.revoked = False
        self.space = Workspace(now, scopes)
        self._limits, self._scopes, self._now, self._wall = limits or Limits(), scopes, now, wall
        self._ack_within, self._retry = ack_within, retry
        self._faults: list[_Planned] = []
        self._tickets: set[str] = set()
        self._numbers = count(1)
        self._sockets: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[Json]] = {}
        self._wake, self._closing = asyncio.Event(), asyncio.Event()
        self._telling: asyncio.Task[None] | None = None
        self._runner: web.ServerRunner | None = None
        self.space.arrived = self._wake.set

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(serving(self._handle, SLACK), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.space.url = self.url.removesuffix("/api/")
        self._telling = asyncio.create_task(self._tell_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        for socket in self._sockets:
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # ------------------------------------------------------------ for tests

    @property
    def url(self) -> str:
        """What to give to the app as the Web API's base."""
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"

    @property
    def connected(self) -> bool:
        """Whether the app holds a Socket Mode connection."""
        return bool(self._sockets)

    def member(self, user_id: str, name: str = "Ana", tz: str = "Europe/Madrid") -> Member:
        """The member with this id; made when first asked for."""
        if user_id not in self.space.members:
            self.space.members[user_id] = Member(self.space, user_id, name, tz)
        return self.space.members[user_id]

    def channel(
        self, channel_id: str, name: str = "ward", *, invited: bool = True, people: Sequence[str] = ()
    ) -> Channel:
        """The channel with this id (G…: a private one); made when first asked for, with these people in it."""
        if channel_id not in self.space.channels:
            members = {*people, *({BOT_USER} if invited else ())}
            kind: Literal["groups", "channels"] = "groups" if channel_id.startswith("G") else "channels"
            self.space.channels[channel_id] = Channel(channel_id, name, members, kind=kind)
        return self.space.channels[channel_id]

    def together(self, *users: str) -> Channel | None:
        """The group direct message of these people and the app, if the app opened it."""
        return self.space.channels.get(together_id(users))

    def archive(self, channel_id: str, archived: bool = True) -> None:
        """Somebody archives a channel, or takes that back."""
        self.channel(channel_id).archived = archived
        self._happens(channel_id, "archive" if archived else "unarchive", channel_id)

    def rename(self, channel_id: str, name: str) -> None:
        """Somebody renames a channel."""
        self.channel(channel_id).name = name
        self._happens(channel_id, "rename", {"id": channel_id, "name": name, "created": 1})

    def set_topic(self, channel_id: str, topic: str) -> None:
        """Somebody changes a channel's topic: a message in the channel, which the app does not hear of."""
        self.channel(channel_id).topic = topic

    def kick(self, channel_id: str) -> None:
        """Somebody removes the app from a channel."""
        self.channel(channel_id).members.discard(BOT_USER)
        self.space.event({"type": "member_left_channel", "user": BOT_USER, "channel": channel_id, "channel_type": "C"})

    def invite(self, channel_id: str) -> None:
        """Somebody invites the app into a channel."""
        self.channel(channel_id).members.add(BOT_USER)
        self.space.event({"type": "member_joined_channel", "user": BOT_USER, "channel": channel_id})

    def _happens(self, channel_id: str, what: str, channel: Json | str) -> None:
        kind = "group" if channel_id.startswith("G") else "channel"
        self.space.event({"type": f"{kind}_{what}", "channel": channel})

    def revoke(self) -> None:
        """The app is removed from the workspace."""
        self.space.event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}})
        self.revoked = True

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ends the Socket Mode connections as Slack does now and then."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason})

    def fault(self, method: str, what: Fault, times: int = 1, *, retry_after: int = 1) -> None:
        """Makes the next `times` calls of a method ("*": of any) fail.

        A number is an HTTP status (429 with `retry_after`), a word one of Slack's error codes. "half" does the work and
        drops the connection, "drop" drops it at once, "hang" never answers, "garbage" answers what is no JSON.
        """
        self._faults.append(_Planned(method, what, times, retry_after))

    def lift_limits(self) -> None:
        """From now on the app may send as it likes."""
        self._limits = Limits.raised()

    def count(self, method: str) -> int:
        """How many calls of this method came in, failed ones included."""
        return self.counts[method]

    async def until(self, fact: Callable[[], bool], timeout: float = 30.0) -> None:
        """Waits until something is true, of the server or of the app. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not fact():  # noqa: ASYNC110  (the app may be another process: no event tells)
                await asyncio.sleep(0.002)

    # ------------------------------------------------------------ the Web API

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/link":
            return await self._hold(request)
        if request.path.startswith("/upload/"):
            return await self._take_file(request)
        method = request.path.removeprefix("/api/")
        params = await params_of(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or params.pop("token", "")
        self.counts[method] += 1
        fault = self._next_fault(method)
        if fault is not None and fault.what != "half":
            return await self._fail(request, fault)
        response = self._serve(method, params, token)
        return dropped(request) if fault is not None else response

    def _serve(self, method: str, params: Json, token: str) -> web.Response:
        try:
            if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
                raise Refused("invalid_auth")
            if self.revoked:
                raise Refused("token_revoked")
            check(method, params, self._scopes)
            if method in _SPENDS:
                self._limits.spend(params["channel"], self._now())
            result = self._link() if method == "apps.connections.open" else perform(self.space, method, params)
        except Refused as refused:
            self.calls.append(Call(method, params, str(refused)))
            self.refusals.append(self.calls[-1])
            return refusal(refused)
        self.calls.append(Call(method, params))
        return answered({"ok": True, **result})

    async def _take_file(self, request: web.BaseRequest) -> web.Response:
        """A file's content, of the length that was announced."""
        upload, content = self.space.uploads.get(request.path.removeprefix("/upload/")), await request.read()
        self.counts["upload"] += 1
        if upload is None or len(content) != upload.length:
            return web.Response(status=400)
        upload.content = content
        return web.Response(text=f"OK - {upload.length}")

    def _link(self) -> Json:
        ticket = f"t{next(self._numbers)}"
        self._tickets.add(ticket)
        return {"url": self.url.replace("http", "ws").replace("/api/", f"/link?ticket={ticket}")}

    def _next_fault(self, method: str) -> _Planned | None:
        for planned in self._faults:
            if planned.method in (method, "*"):
                planned.times -= 1
                if planned.times <= 0:
                    self._faults.remove(planned)
                return planned
        return None

    async def _fail(self, request: web.BaseRequest, fault: _Planned) -> web.Response:
        match fault.what:
            case "hang":
                await self._closing.wait()
                return dropped(request)
            case "drop":
                return dropped(request)
            case "garbage":
                return web.Response(text="<html>a proxy's page</html>", content_type="application/json")
            case 429:
                return refusal(Refused("ratelimited", retry_after=fault.retry_after))
            case int(status):
                return web.Response(status=status, text=_GATEWAY, content_type="text/html")
            case code:
                return refusal(Refused(code))

    # ------------------------------------------------------------ telling the app

    async def _hold(self, request: web.BaseRequest) -> web.StreamResponse:
        """One Socket Mode connection; its address is good for one."""
        if (ticket := request.query.get("ticket", "")) not in self._tickets:
            return web.Response(status=404)
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self._sockets.append(socket)
        self._wake.set()
        try:
            async for message in socket:
                answer = json.loads(message.data)
                if (waiting := self._acks.get(answer["envelope_id"])) and not waiting.done():
                    waiting.set_result(answer.get("payload") or {})
        finally:
            self._sockets.remove(socket)
        return socket

    async def _tell_all(self) -> None:
        """Tells the app one thing after the other, each until it is acknowledged or given up."""
        async with aiohttp.ClientSession() as session:
            while True:
                if not self.space.outbound or not (self.request_url or self._sockets):
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                outbound = self.space.outbound[0]
                try:
                    async with asyncio.timeout(self._ack_within):
                        answer = await (self._post(session, outbound) if self.request_url else self._send(outbound))
                except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
                    self.late += isinstance(error, TimeoutError)
                    answer = None
                if answer is None and self._again(outbound):
                    outbound.attempt += 1
                    await asyncio.sleep(self._retry)
                    continue
                self.space.outbound.popleft()
                if answer is None:
                    self.unanswered.append(outbound)
                elif outbound.kind == "slash_commands" and answer.get("text"):
                    assert answer["response_type"] == "ephemeral", "a command's answer for all to read"
                    self.space.members[outbound.payload["user_id"]].whispers.append(answer["text"])
                elif outbound.payload.get("type") == "view_submission":
                    if answer.get("view"):
                        check_view(answer["view"], home=False)
                    self.space.submitted(outbound.payload, answer)

    def _again(self, outbound: Outbound) -> bool:
        return outbound.attempt < ATTEMPTS and (outbound.kind == "events_api" or not self.request_url)

    async def _post(self, session: aiohttp.ClientSession, outbound: Outbound) -> Json | None:
        headers, body = self.signed(outbound)
        self.counts["events"] += 1
        async with session.post(self.request_url, data=body, headers=headers) as response:
            text = await response.text()
            if response.status != 200:
                return None
        return json_object(text)

    def signed(self, outbound: Outbound) -> tuple[dict[str, str], bytes]:
        """Headers and body of a request of Slack's."""
        match outbound.kind:
            case "events_api":
                kind, body = "application/json", json.dumps(outbound.payload).encode()
            case "slash_commands":
                kind, body = "application/x-www-form-urlencoded", urlencode(outbound.payload).encode()
            case _:
                encoded = urlencode({"payload": json.dumps(outbound.payload)})
                kind, body = "application/x-www-form-urlencoded", encoded.encode()
        headers = {"Content-Type": kind, **signature(body, int(self._wall()))}
        if outbound.attempt:
            headers |= {"X-Slack-Retry-Num": str(outbound.attempt), "X-Slack-Retry-Reason": "http_error"}
        return headers, body

    async def _send(self, outbound: Outbound) -> Json | None:
        envelope_id = f"e{next(self._numbers)}"
        envelope: Json = {"envelope_id": envelope_id, "type": outbound.kind, "payload": outbound.payload}
        if outbound.kind == "events_api":
            envelope |= {"retry_attempt": outbound.attempt, "retry_reason": "timeout" if outbound.attempt else ""}
        self._acks[envelope_id] = asyncio.get_running_loop().create_future()
        self.counts["envelopes"] += 1
        await self._sockets[-1].send_json({**envelope, "accepts_response_payload": outbound.kind != "events_api"})
        return await self._acks[envelope_id]
