"""What comes from the network: how much, for how long, how often, from whose page; and what every answer carries."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from bot import edge
from bot.edge import BODIES_AT_ONCE, BODY_LIMIT, BURST, RATE, Gate, Guarded, cannot_lie
from bot.http import Answer
from tests.unit.test_http import FakeRehearsal, app, client

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "adapters/web/static"


async def broken(headers: Mapping[str, str], body: bytes) -> Answer:
    raise ValueError("what nobody shall read")


async def taken(headers: Mapping[str, str], body: bytes) -> Answer:
    return Answer(200)


def served() -> FastAPI:
    """The app with all that it can have."""
    return app(
        FakeRehearsal(),
        webhooks={"/telegram/broken": broken, "/telegram/taken": taken},
        web_router=APIRouter(),
        static=STATIC,
    )


ANSWERS = [
    ("GET", "/healthz", b"", 200),
    ("GET", "/readyz", b"", 200),
    ("GET", "/metrics", b"", 200),
    ("GET", "/rehearsal", b"", 200),
    ("GET", "/static/chat.js", b"", 200),
    ("POST", "/telegram/taken", b"{}", 200),
    ("POST", "/rehearsal", b"{", 400),
    ("GET", "/static/none.js", b"", 404),
    ("GET", "/static/../routes.py", b"", 404),
    ("GET", "/static/%2e%2e/routes.py", b"", 404),
    ("GET", "/nowhere", b"", 404),
    ("GET", "/telegram/taken", b"", 405),
    ("POST", "/telegram/taken", b"x" * (BODY_LIMIT + 1), 413),
    ("POST", "/telegram/broken", b"{}", 500),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS)
async def test_every_answer_carries_careful_headers_the_errors_too(
    method: str, path: str, body: bytes, status: int
) -> None:
    async with client(served()) as http:
        answer = await http.request(method, path, content=body)
    assert answer.status_code == status
    assert "nobody shall read" not in answer.text
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    for name in set(edge.DEFAULT_HEADERS) - {"Cache-Control"}:
        assert answer.headers[name] == edge.DEFAULT_HEADERS[name]
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/healthz", "/healthz/", "/static", "/\\evil.example", "/?next=//evil"]
)
async def test_nothing_is_ever_redirected(path: str) -> None:
    async with client(served()) as http:
        answer = await http.get(f"http://coach:8080{path}", headers={"host": "evil.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


# ---------------------------------------------------------------- how much, how long, how often


async def asked(guarded: Guarded, *body: Mapping[str, Any]) -> int:
    """The status of a POST whose body comes in these parts and then stops coming."""
    parts, statuses = list(body), list[int]()

    async def receive() -> MutableMapping[str, Any]:
        if parts:
            return dict(parts.pop(0))
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "method": "POST", "path": "/telegram/taken", "headers": [], "query_string": b""}
    await guarded(scope, receive, send)
    return statuses[0]


def slow() -> Guarded:
    """A guard of almost no patience before the app."""
    whole = app(webhooks={"/telegram/taken": taken})
    whole.user_middleware.clear()
    return Guarded(whole, patience=0.01)


async def test_a_body_that_never_ends_is_given_up() -> None:
    assert await asked(slow(), {"type": "http.request", "body": b"{", "more_body": True}) == 408
    assert await asked(slow(), {"type": "http.request", "body": b"{}"}) == 200


async def test_what_is_streamed_to_a_page_may_take_as_long_as_it_likes() -> None:
    router = APIRouter()

    @router.get("/telegram/taken")
    async def streamed() -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            for _ in range(3):
                later = asyncio.Event()
                asyncio.get_running_loop().call_later(0.01, later.set)  # longer than the guard has patience
                await later.wait()
                yield b"line\n"

        return StreamingResponse(lines())

    whole = app(web_router=router)
    whole.user_middleware.clear()
    async with client(Guarded(whole, patience=0.005)) as http:  # type: ignore[arg-type]
        assert (await http.get("/telegram/taken")).text == "line\n" * 3


def test_a_webhook_reads_so_often_and_no_more_whoever_asks() -> None:
    now = 0.0
    gate = Gate(lambda: now)
    for _ in range(int(BURST)):
        with gate.reading():
            pass
    with pytest.raises(HTTPException) as refused, gate.reading():
        pass
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "1"})
    now += 2 / RATE
    for _ in range(2):
        with gate.reading():
            pass
    with pytest.raises(HTTPException), gate.reading():
        pass


def test_a_webhook_reads_so_many_at_once_and_no_more() -> None:
    gate = Gate(lambda: 0.0)
    open_ = [gate.reading() for _ in range(BODIES_AT_ONCE)]
    for each in open_:
        each.__enter__()
    with pytest.raises(HTTPException) as refused, gate.reading():
        pass
    assert refused.value.status_code == 503
    open_[0].__exit__(None, None, None)
    with gate.reading():
        pass


# ---------------------------------------------------------------- other sites' pages


@pytest.mark.parametrize(
    ("host", "true"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("[::1]:8080", True),
        ("192.168.0.7", True),
        ("coach.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8080", False),
        ("[", False),
        ("", False),
    ],
)
def test_a_name_that_could_be_somebody_elses_is_told_from_an_address(host: str, true: bool) -> None:
    assert cannot_lie(host) is true


async def test_a_page_under_a_rebound_name_cannot_move_the_clock_and_a_script_can() -> None:
    rehearsal = FakeRehearsal()
    own, rebound = {"host": "127.0.0.1:8080"}, {"host": "evil.example", "origin": "http://evil.example"}
    async with client(app(rehearsal)) as http:
        assert (await http.post("/rehearsal", json={"to": "next"}, headers=rebound)).status_code == 403
        page = own | {"origin": "http://127.0.0.1:8080"}
        assert (await http.post("/rehearsal", json={"to": "next"}, headers=page)).status_code == 200
        assert (await http.post("/rehearsal", json={"to": "next"})).status_code == 200
    assert rehearsal.moves == ["next", "next"]


# ---------------------------------------------------------------- what is compared with a secret


def test_whatever_proves_who_calls_is_compared_in_constant_time() -> None:
    """Names that hold a secret, or what a caller sends to match it, stand beside no == in the adapters."""
    secret = ("secret", "signature")
    for file in sorted((ROOT / "adapters").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq | ast.In) for op in node.ops):
                names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
                names |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
                assert not [name for name in names if name.lower().strip("_").endswith(secret)], (file, node.lineno)
