"""The browser chat over HTTP: the page, what is said and tapped, and the transcript as it grows."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from pydantic import ValidationError

from adapters.cleaning import clean
from adapters.inputs import choice_made
from adapters.web import described
from adapters.web.adapter import Chat, WebAdapter
from adapters.web.described import Body, From, Say, Tap, To, Where
from bot.edge import cannot_lie
from bot.model import Changed, Incoming, Input, LocationShared, MessageReceived, Origin
from bot.ports import Door, Leap

BODY_LIMIT = 64 * 1024  # bytes
KEEP_ALIVE = 15.0  # seconds of silence after which a stream says that it lives
LONGEST_WAIT = 25.0  # seconds

Jump = Callable[[Origin, Leap], Awaitable[None]]
PlaceOf = Callable[[Origin], Awaitable[Mapping[str, Any]]]


class Stage(Protocol):
    """A group to look at from all sides. `lead` is the id of its facilitator's chat."""

    def channel(self, lead: str) -> str:
        """The id of the group's own chat."""
        ...

    async def open(self, lead: str, place: str) -> bool:
        """Begins to make the group, once; False if there are too many. `place` is an IANA zone, or ""."""
        ...

    async def made(self) -> None:
        """Returns when no group is being made."""
        ...

    async def group(self, lead: str, visitor: Origin) -> Mapping[str, Any]:
        """{state: closed, making, ready, failed}, and when it is ready `name` and what the visitor sends to `join`."""
        ...

    async def place(self, lead: str) -> Mapping[str, Any]:
        """Where the group is, as `place` tells it of a person."""
        ...


_PAGE = Path(__file__).parent / "static" / "index.html"
_COOKIE, _LEADS = "heartsease_chat", "heartsease_lead"
_VIEWS = ("facilitator", "channel")  # ?as=…, besides one's own
_CHAT_ID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_Seconds = Annotated[float, Query(ge=0, allow_inf_nan=False)]
_B = TypeVar("_B", bound=Body)


def own_page_only(request: Request) -> None:
    """Refuses other sites' pages, and names that a rebound DNS entry could have: an address or localhost cannot lie.

    Raises:
        HTTPException: 403.
    """
    host = request.headers.get("host", "").lower()
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "none")
    if not cannot_lie(host):
        raise HTTPException(403, "Please open the chat under 127.0.0.1, localhost or this machine's IP address.")
    visit = request.method == "GET" and request.url.path == "/"
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host
    if foreign or (site not in ("same-origin", "none") and not visit):
        raise HTTPException(403, "Only the chat's own page may do this.")


@dataclass(frozen=True, slots=True)
class _Pages:
    """The routes' functions and what they share."""

    adapter: WebAdapter
    door: Door
    jump: Jump
    place: PlaceOf
    stage: Stage | None

    async def page(self, request: Request) -> Response:
        # A visit from another site comes without our strict cookie: giving it a new one would lose the chat.
        strange = request.headers.get("sec-fetch-site") == "cross-site"
        page = FileResponse(_PAGE, headers=_HEADERS)
        return page if strange else _introduced(request, page)

    async def say(self, request: Request) -> Response:
        said, origin = await _read(request, Say), self._speaking(request)
        text, ref = clean(said.text).strip(), said.id or secrets.token_hex(16)
        if not text:
            raise HTTPException(400, "There are no words in it. Write something, then send it.")
        chat = self.adapter.chat(origin.platform_id)
        async with chat.turn:
            if not chat.holds(ref):
                self.adapter.heard(origin.platform_id, ref, text)
            try:
                await self._receive(origin, ref, MessageReceived(text, ref=ref))
            except Exception:
                chat.add("failed", ref)
                raise
        return _json({"ok": True, "ref": ref})

    async def tap(self, request: Request) -> Response:
        tapped, origin = await _read(request, Tap), self._speaking(request)
        choice = choice_made(tapped.data, tapped.ref)
        if choice is None:
            raise HTTPException(400, "No button carries that.")
        async with self.adapter.chat(origin.platform_id).turn:
            await self._receive(origin, tapped.id or secrets.token_hex(16), choice)
        return _json({"ok": True})

    async def location(self, request: Request) -> Response:
        where, origin = await _read(request, Where), self._speaking(request)
        async with self.adapter.chat(origin.platform_id).turn:
            await self._receive(origin, secrets.token_hex(16), LocationShared(where.latitude, where.longitude))
        return _json({"ok": True})

    async def where(self, request: Request) -> Response:
        if _chat_id(request) is None:  # the page came from another site's link: now it has a chat
            return _introduced(request, _json({}))
        return _json(await self._place(request))

    async def leap(self, request: Request) -> Response:
        leap, origin, lead = await _read(request, To), self._origin(request), self._lead(request)
        if self.stage is not None:
            await self.stage.made()
        await self.jump(Origin(origin.installation, lead) if self._view(request) else origin, leap.to)
        return _json(await self._place(request))

    async def group(self, request: Request) -> Response:
        seen_from, own, lead = await _read(request, From), self._own(request), self._lead(request)
        assert self.stage is not None
        chat_id = lead or secrets.token_urlsafe(24)
        if not await self.stage.open(chat_id, seen_from.zone):
            raise HTTPException(429, "There are as many groups as this demo holds. Start it anew for another.")
        answer = _json({"group": dict(await self.stage.group(chat_id, own))})
        return answer if lead else _with_cookie(answer, chat_id, _LEADS)

    async def again(self, request: Request) -> Response:
        origin = self._own(request)
        await self._receive(origin, secrets.token_hex(16), Changed("blocked"))
        self.adapter.forget(origin.platform_id)
        return _with_cookie(_json({"ok": True}), secrets.token_urlsafe(24))

    async def since(self, request: Request, after: int = 0, epoch: str = "", wait: _Seconds = 0) -> Response:
        chat = self.adapter.chat(self._origin(request).platform_id)
        after = _seen(chat, after, epoch)
        if epoch in ("", chat.epoch):  # who follows another transcript need not wait to hear it
            await chat.news(after, min(wait, LONGEST_WAIT))
        return _json({"epoch": chat.epoch, "last": chat.last, "events": chat.since(after)})

    async def events(self, request: Request, after: int = 0, epoch: str = "") -> Response:
        chat = self.adapter.chat(self._origin(request).platform_id)
        stream = _stream(chat, _seen(chat, after, epoch))
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    async def picture(self, request: Request, ref: str) -> Response:
        drawn = await self.adapter.chat(self._origin(request).platform_id).picture(ref)
        if drawn is None:
            raise HTTPException(404, "This picture is not kept any more.")
        return Response(drawn, media_type="image/png", headers=_HEADERS)

    async def file(self, request: Request, ref: str) -> Response:
        file = self.adapter.chat(self._origin(request).platform_id).file(ref)
        if file is None:
            raise HTTPException(404, "This file is not kept any more.")
        saved = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
        return Response(file.content.encode(), media_type=file.media_type, headers=_HEADERS | saved)

    async def _place(self, request: Request) -> Mapping[str, Any]:
        """Where whoever is looked at is, and how far the group is where there can be one."""
        if self.stage is None:
            return await self.place(self._origin(request))
        own, lead = self._own(request), self._lead(request)
        here = await (self.stage.place(lead) if self._view(request) else self.place(own))
        return {**here, "group": dict(await self.stage.group(lead, own))}

    def _view(self, request: Request) -> str:
        """Whose chat is looked at; "" for one's own."""
        view = request.query_params.get("as", "")
        if not view:
            return ""
        if view not in _VIEWS or not self._lead(request):
            raise HTTPException(404, "There is nothing to see from there.")
        return view

    def _lead(self, request: Request) -> str:
        """The id of this browser's facilitator; "" before there is one."""
        lead = request.cookies.get(_LEADS, "") if self.stage is not None else ""
        return lead if _CHAT_ID.fullmatch(lead) else ""

    def _origin(self, request: Request) -> Origin:
        own, lead = self._own(request), self._lead(request)
        match self._view(request):
            case "facilitator":
                return Origin(own.installation, lead)
            case "channel" if self.stage is not None:
                return Origin(own.installation, self.stage.channel(lead))
        return own

    def _speaking(self, request: Request) -> Origin:
        if self._view(request) == "channel":
            raise HTTPException(403, "The group's channel can only be read here.")
        return self._origin(request)

    def _own(self, request: Request) -> Origin:
        chat_id = _chat_id(request)
        if chat_id is None:
            raise HTTPException(401, "This browser has no chat yet. Load the page first, with cookies allowed.")
        return Origin(self.adapter.installation, chat_id)

    async def _receive(self, origin: Origin, key: str, given: Input) -> None:
        unique = hashlib.sha256(f"{origin.platform_id}:{key}".encode()).hexdigest()[:40]
        await self.door.receive([Incoming(origin, unique, given)])


def routes(adapter: WebAdapter, door: Door, jump: Jump, place: PlaceOf, stage: Stage | None = None) -> APIRouter:
    """The browser chat's routes.

    `jump` moves the rehearsal clock for this chat and returns when all that came up meanwhile was delivered; `place`
    tells {state, week, day, title, now_local, zone} and, if it is not 8, `weeks`. With a `stage`, every address takes
    ?as=facilitator and ?as=channel once POST /chat/group was called. Errors are JSON: {"error": …}.
    """
    pages = _Pages(adapter, door, jump, place, stage)
    router = APIRouter(dependencies=[Depends(own_page_only)], default_response_class=Response)
    for path, act, answers, views in (
        ("/", pages.page, described.PAGE, False),
        ("/chat/place", pages.where, described.PLACE, True),
        ("/chat/since", pages.since, described.SINCE, True),
        ("/chat/events", pages.events, described.EVENTS, True),
        ("/chat/picture/{ref}", pages.picture, described.PICTURE, True),
        ("/chat/file/{ref}", pages.file, described.FILE, True),
    ):
        router.add_api_route(path, act, **described.described(answers, views=views))
    for name, does, body, answers, views in (
        ("say", pages.say, Say, described.SAID, True),
        ("tap", pages.tap, Tap, described.DONE, True),
        ("location", pages.location, Where, described.DONE, True),
        ("jump", pages.leap, To, described.PLACE, True),
        ("again", pages.again, None, described.DONE, False),
        *((("group", pages.group, From, described.GROUP, False),) if stage is not None else ()),
    ):
        router.add_api_route(f"/chat/{name}", does, methods=["POST"], **described.described(answers, body, views=views))
    return router


async def _read(request: Request, kind: type[_B]) -> _B:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Please send JSON.")  # and no form of another site's can be that
    body = await request.body()
    if len(body) > BODY_LIMIT:
        raise HTTPException(413, kind.__doc__)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(400, kind.__doc__) from error


def _json(content: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse(dict(content), headers=_HEADERS)


def _chat_id(request: Request) -> str | None:
    chat_id = request.cookies.get(_COOKIE, "")
    return chat_id if _CHAT_ID.fullmatch(chat_id) else None


def _introduced(request: Request, response: Response) -> Response:
    return response if _chat_id(request) else _with_cookie(response, secrets.token_urlsafe(24))


def _with_cookie(response: Response, chat_id: str, name: str = _COOKIE) -> Response:
    response.set_cookie(name, chat_id, httponly=True, samesite="strict", path="/")
    return response


def _seen(chat: Chat, after: int, epoch: str) -> int:
    return after if epoch in ("", chat.epoch) else 0  # another transcript's numbers mean nothing in this one


async def _stream(chat: Chat, after: int) -> AsyncIterator[bytes]:
    hello = json.dumps({"epoch": chat.epoch, "last": chat.last})
    yield format_sse_event(event="hello", data_str=hello, retry=1000)
    while True:
        for line in chat.since(after):
            after = line["seq"]
            yield format_sse_event(data_str=json.dumps(line), id=str(after))
        if chat.ended:
            return
        if not await chat.news(after, KEEP_ALIVE):
            yield KEEPALIVE_COMMENT
