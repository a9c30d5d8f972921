"""A stand-in Bot API server over real HTTP.

In a test: `async with StandIn() as server`.

- People: `ana = server.person(7, "Ana")`. With the bot: `says`, `edits`, `sends("voice")`, `shares`, `taps`,
  `blocks_bot`, `comes_back`; what they got: `messages`, `reactions`, `pins`, `actions`.
- Groups: `ward = server.group(-5, "Ward", bot="member")`; an id below -10**12 (`-1001234567890`) is a supergroup. `bot`
  is what our bot is there: "member", "administrator" (who may pin), "left", "kicked". `ward.messages` is what the bot
  said, `ward.pinned`, `ward.said` what people wrote, `ward.members`.
- People in groups: `ana.adds_bot(-5)` (or `adds_bot(-5, "administrator")`), `ana.removes_bot(-5)`, `ana.joins(-5)`,
  `ana.leaves(-5)`, `ana.says_in(-5, "/cohort@heartsease_bot", answers=None)`, `ana.taps_in(-5, "Join")`.
- `server.migrate(-5)` makes a group a supergroup, which it returns: calls to the old id are refused with the new one.

Alone, for measurements: `python -m tests.standin.telegram --port N`,
driven by POST /standin/says {"people", "each", "text"} and watched by GET /standin/stats.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, Self
from urllib.parse import parse_qsl

import aiohttp
import typer
from aiohttp import web

from tests.standin.serving import TELEGRAM, serving
from tests.standin.telegram_bot import SPENDS, BotLine, perform
from tests.standin.telegram_chats import Attached, Json, Message, Shown
from tests.standin.telegram_checks import Limits, Params, Refused, check
from tests.standin.telegram_groups import SUPERGROUPS, BotIs, Group
from tests.standin.telegram_people import Person

__all__ = ["TOKEN", "BotLine", "Call", "Group", "Limits", "Message", "Person", "Shown", "StandIn"]

TOKEN = "1000001:AAF-the_first_token_of_the_stand-in_01"

Checks = Literal["off", "full"]
Fault = int | Literal["hang", "blocked", "chat_not_found", "half", "drop", "garbage"]
_GATEWAY = "Bad Gateway"
_WORDS: dict[int, str] = {
    400: "Bad Request: wrong something",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests: retry later",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came in; `problem` is empty if it was taken."""

    method: str
    params: Params
    problem: str = ""


@dataclass(slots=True)
class _Planned:
    """A fault still to be injected."""

    method: str
    what: Fault
    times: int
    retry_after: int
    description: str
    parameters: Mapping[str, int]
    chat: int | None


class StandIn:
    """The server. `refusals` are the calls that Telegram would have refused: a healthy bot leaves it empty.

    With checks "off" nothing is checked and no call is kept, only counted. `now` stamps messages and may be replaced.
    """

    def __init__(
        self,
        *,
        checks: Checks = "full",
        limits: Limits | None = None,
        tokens: tuple[str, ...] = (TOKEN,),
        port: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        webhook_retry: float = 0.05,
    ) -> None:
        self.checks, self.port, self.now, self.webhook_retry = checks, port, now, webhook_retry
        self.calls: list[Call] = []
        self.refusals: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.bots = {token: BotLine(token, lambda: self.now()) for token in tokens}
        self._limits = {token: replace(limits or Limits()) for token in tokens}
        self._faults: list[_Planned] = []
        self._closing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(serving(self._handle, TELEGRAM), shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._tasks = [asyncio.create_task(self._post_updates(line)) for line in self.bots.values()]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        for line in self.bots.values():
            line.arrived.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base URL to give to a bot."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def line(self) -> BotLine:
        """The first bot."""
        return next(iter(self.bots.values()))

    def person(
        self, user_id: int, first_name: str = "Ana", *, language: str = "en", token: str | None = None
    ) -> Person:
        """The person with this id, as one bot knows them; made when first asked for."""
        line = self.bots[token] if token else self.line
        if user_id not in line.people:
            line.people[user_id] = Person(line, user_id, first_name, language)
        return line.people[user_id]

    def group(
        self, chat_id: int, title: str = "A group", *, bot: BotIs | None = None, token: str | None = None
    ) -> Group:
        """The group with this id; made when first asked for, with the bot as a member. `bot` says what it is there."""
        group = (self.bots[token] if token else self.line).group(chat_id, title)
        group.bot = bot or group.bot
        return group

    def migrate(self, chat_id: int, *, token: str | None = None) -> Group:
        """A group becomes a supergroup: people, bot and title move, what was said stays behind."""
        line = self.bots[token] if token else self.line
        old = line.group(chat_id)
        new = line.group(SUPERGROUPS + chat_id, old.title)
        new.members, new.bot, old.moved_to = set(old.members), old.bot, new.id
        admin = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
        for chat, about in ((old, {"migrate_to_chat_id": new.id}), (new, {"migrate_from_chat_id": old.id})):
            wire = {"message_id": chat.next_id(), "from": admin, "chat": chat.wire, "date": int(self.now().timestamp())}
            line.push("message", {**wire, **about})
        return new

    def fault(
        self,
        method: str,
        what: Fault,
        times: int = 1,
        *,
        retry_after: int = 1,
        description: str = "",
        parameters: Mapping[str, int] | None = None,
        chat: int | None = None,
    ) -> None:
        """Makes the next `times` calls of a method ("*": of any), to this chat if one is named, fail.

        A number is an HTTP status (429 with `retry_after`). "half" does the work and drops the connection, "drop" drops
        it at once, "hang" never answers, "garbage" answers what is no JSON.
        """
        self._faults.append(_Planned(method, what, times, retry_after, description, parameters or {}, chat))

    def heal(self) -> None:
        """Takes back the faults that are left."""
        self._faults.clear()

    def cut(self) -> None:
        """Breaks every open connection, as a platform does that goes away."""
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            connection.force_close()

    def lift_limits(self) -> None:
        """From now on every bot may send as it likes."""
        self._limits = {token: Limits.raised() for token in self.bots}

    def count(self, method: str) -> int:
        """How many calls of this method came in, failed ones included."""
        return self.counts[method]

    async def until(self, fact: Callable[[], bool], timeout: float = 30.0) -> None:
        """Waits until something is true, of the server or of the bot. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not fact():  # noqa: ASYNC110  (the bot may be another process: no event tells)
                await asyncio.sleep(0.002)

    # ------------------------------------------------------------ HTTP

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        _, _, rest = request.path.partition("/bot")
        token, _, method = rest.partition("/")
        if request.path.startswith("/standin/"):
            return await self._control(request)
        line = self.bots.get(token)
        if line is None:
            return _answer({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
        params = await _params(request)
        self.counts[method] += 1
        fault = self._next_fault(method, params) if self._faults else None
        if fault is not None and fault.what != "half":
            response = await self._fail(request, fault)
        else:
            response = await self._serve(line, method, params)
            if fault is not None:
                response = _dropped(request)
        return response

    async def _serve(self, line: BotLine, method: str, params: Params) -> web.Response:
        try:
            if self.checks == "full":
                check(method, params)
            if method in SPENDS:
                self._limits[line.token].spend(int(params["chat_id"]), time.monotonic())
            if method == "getUpdates":
                result = await self._updates(line, params)
            else:
                result = perform(line, method, params)
        except Refused as refused:
            self._keep(Call(method, params, refused.description), refused=refused.status in (400, 404, 429))
            return _refused(refused)
        self._keep(Call(method, params))
        return _answer({"ok": True, "result": result})

    def _keep(self, call: Call, *, refused: bool = False) -> None:
        if self.checks == "full" and call.method != "getUpdates":
            self.calls.append(call)
        if refused:
            self.refusals.append(call)

    async def _updates(self, line: BotLine, params: Params) -> list[Json]:
        """A long poll. What lies before `offset` is confirmed and forgotten; the rest comes again and again."""
        if line.webhook:
            raise Refused("Conflict: can't use getUpdates method while webhook is active", 409)
        line.allow(params)
        line.polls += 1
        mine = line.polls
        line.arrived.set()  # an older poll looks up and finds itself replaced
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 100))
        while line.pending and line.pending[0]["update_id"] < offset:
            line.pending.popleft()
        deadline = asyncio.get_running_loop().time() + float(params.get("timeout", 0))
        while not line.pending and not self._closing.is_set():
            line.arrived.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await line.arrived.wait()
            except TimeoutError:
                break
            if mine != line.polls:
                raise Refused(_WORDS[409], 409)
        return list(islice(line.pending, limit))

    async def _post_updates(self, line: BotLine) -> None:
        """Posts updates to the webhook, one after the other, each until it is taken."""
        async with aiohttp.ClientSession() as session:
            while True:
                if not (line.webhook and line.pending):
                    line.arrived.clear()
                    await line.arrived.wait()
                    continue
                update = line.pending[0]
                headers = {"X-Telegram-Bot-Api-Secret-Token": line.secret} if line.secret else {}
                try:
                    async with session.post(line.webhook, json=update, headers=headers) as answer:
                        taken = answer.status == 200
                except (aiohttp.ClientError, TimeoutError):
                    taken = False
                self.counts["webhook"] += 1
                if taken:
                    line.pending.popleft()
                else:
                    await asyncio.sleep(self.webhook_retry)

    # ------------------------------------------------------------ faults

    def _next_fault(self, method: str, params: Params) -> _Planned | None:
        for planned in self._faults:
            meant = planned.chat is None or str(planned.chat) == params.get("chat_id")
            if meant and planned.method in (method, "*"):
                planned.times -= 1
                if planned.times <= 0:
                    self._faults.remove(planned)
                return planned
        return None

    async def _fail(self, request: web.BaseRequest, fault: _Planned) -> web.Response:
        match fault.what:
            case "hang":
                await self._closing.wait()
                return _dropped(request)
            case "drop":
                return _dropped(request)
            case "garbage":
                return web.Response(text="<html>a proxy's page</html>", content_type="text/html")
            case "blocked":
                return _refused(Refused(_WORDS[403], 403))
            case "chat_not_found":
                return _refused(Refused("Bad Request: chat not found"))
            case 429:
                return _refused(Refused(_WORDS[429], 429, retry_after=fault.retry_after))
            case int(status):
                description = fault.description or _WORDS.get(status, _GATEWAY)
                return _refused(Refused(description, status, **fault.parameters))
        raise AssertionError(f"no such fault: {fault.what}")

    # ------------------------------------------------------------ for measurements in another process

    async def _control(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/standin/says":
            asked = {"people": 1, "each": 1, "text": "hello", "first": 1, **json.loads(await request.read() or b"{}")}
            for _ in range(asked["each"]):
                for user_id in range(asked["first"], asked["first"] + asked["people"]):
                    self.person(user_id).says(asked["text"])
        pending = {token: len(line.pending) for token, line in self.bots.items()}
        refused = [call.problem for call in self.refusals[:20]]
        return _answer(
            {"calls": dict(self.counts), "pending": pending, "refusals": len(self.refusals), "first": refused}
        )


async def _params(request: web.BaseRequest) -> dict[str, str]:
    """Parameters from the address and from a body of any kind that Telegram takes; a file has its name and content."""
    params = dict(request.query)
    kind = request.content_type
    if kind == "application/x-www-form-urlencoded":
        params.update(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    elif kind == "application/json":
        body: dict[str, Any] = json.loads(await request.read() or b"{}")
        params.update({name: each if isinstance(each, str) else json.dumps(each) for name, each in body.items()})
    elif kind.startswith("multipart/"):
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                params[name] = Attached(value.filename, value.file.read())
            else:
                params[name] = str(value)
    return params


def _answer(content: Json, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(content).encode(), status=status, content_type="application/json")


def _refused(refused: Refused) -> web.Response:
    content: Json = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        content["parameters"] = refused.parameters
    return _answer(content, refused.status)


def _dropped(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def main(port: int = 8081, checks: str = "off", limits: bool = False) -> None:
    """Serves until stopped. --limits enforces Telegram's own."""

    async def serve() -> None:
        bounds = Limits() if limits else Limits.raised()
        async with StandIn(checks="full" if checks == "full" else "off", limits=bounds, port=port) as server:
            print(f"{server.url} {TOKEN}", flush=True)
            await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    typer.run(main)
