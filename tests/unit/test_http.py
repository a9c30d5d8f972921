"""The HTTP app and its server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from bot.edge import BODY_LIMIT
from bot.errors import SettingsError
from bot.http import Answer, HttpServer, http_app
from bot.ports import Rehearsal

STATUS = {"now": "2026-03-02T05:00:00Z", "next_wake": None, "pending": 0, "idle": True}


class FakeRehearsal:
    """A clock that goes where it is told, but not back, and gets stuck on Fridays."""

    def __init__(self) -> None:
        self.moves: list[str] = []

    async def status(self) -> Mapping[str, Any]:
        return STATUS

    async def move(self, to: str) -> tuple[int, Mapping[str, Any]]:
        self.moves.append(to)
        return {"past": 400, "friday": 503}.get(to, 200), STATUS


class Webhook:
    def __init__(self) -> None:
        self.calls: list[tuple[str | None, bytes]] = []

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self.calls.append((headers.get("X-Secret"), body))
        return Answer(200, b'{"a": 1}', "application/json") if headers.get("X-Secret") == "s" else Answer(401)


async def well() -> tuple[bool, dict[str, str]]:
    return True, {"database": "ok"}


async def unwell() -> tuple[bool, dict[str, str]]:
    return False, {"database": "ok", "telegram": "conflict"}


async def unsure() -> tuple[bool, dict[str, str]]:
    raise ConnectionError("postgresql://somebody:secret@db")


def app(rehearsal: Rehearsal | None = None, webhook: Webhook | None = None, **parts: Any) -> FastAPI:
    return http_app(
        **{
            "ready": well,
            "metrics": CollectorRegistry(),
            "webhooks": {"/telegram/hidden": webhook} if webhook else {},
            "rehearsal": rehearsal,
            "web_router": None,
            "static": None,
            **parts,
        }
    )


def client(served: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(served)
    return httpx.AsyncClient(transport=transport, base_url="http://coach:8080")


async def test_alive_is_alive_whatever_else_is_wrong() -> None:
    async with client(app(ready=unwell)) as http:
        assert (await http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("ready", "status", "parts"),
    [
        (well, 200, {"database": "ok"}),
        (unwell, 503, {"database": "ok", "telegram": "conflict"}),
        (unsure, 503, {"readiness": "ConnectionError"}),
    ],
)
async def test_readiness_tells_how_each_part_fares(ready: Any, status: int, parts: dict[str, str]) -> None:
    async with client(app(ready=ready)) as http:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (status, parts)


async def test_metrics_are_the_registrys_brought_up_to_date() -> None:
    registry = CollectorRegistry()
    said = Counter("heartsease_said", "What was said", registry=registry)

    async def look() -> None:
        said.inc(3)

    async with client(app(metrics=registry, look=look)) as http:
        answer = await http.get("/metrics")
    assert "heartsease_said_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_webhook_gets_headers_in_any_case_and_the_bytes_and_says_the_answer() -> None:
    webhook = Webhook()
    async with client(app(webhook=webhook)) as http:
        answer = await http.post("/telegram/hidden", content=b"\xff{", headers={"x-secret": "s"})
        assert (answer.status_code, answer.json()) == (200, {"a": 1})
        assert answer.headers["content-type"] == "application/json"
        assert (await http.post("/telegram/hidden", content=b"{}")).status_code == 401
        assert (await http.get("/telegram/hidden")).status_code == 405
        assert (await http.post("/telegram/other", content=b"{}")).status_code == 404
    assert webhook.calls == [("s", b"\xff{"), (None, b"{}")]


async def test_a_webhook_takes_a_mebibyte_and_no_more() -> None:
    webhook = Webhook()

    async def chunks() -> Any:
        for _ in range(3):
            yield b"x" * (BODY_LIMIT // 2)

    async with client(app(webhook=webhook)) as http:
        assert (await http.post("/telegram/hidden", content=b"x" * BODY_LIMIT)).status_code == 401
        assert (await http.post("/telegram/hidden", content=b"x" * (BODY_LIMIT + 1))).status_code == 413
        assert (await http.post("/telegram/hidden", content=chunks())).status_code == 413
    assert len(webhook.calls) == 1


async def test_what_breaks_is_answered_kindly_and_logged_without_its_words() -> None:
    async def broken(headers: Mapping[str, str], body: bytes) -> Answer:
        raise ValueError(f"cannot read {body!r}")

    with capture_logs() as logs:
        async with client(app(webhooks={"/telegram/hidden": broken})) as http:
            answer = await http.post("/telegram/hidden", content=b"a secret")
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert [line["problem"] for line in logs] == ["ValueError"]
    assert "secret" not in str(logs)
    assert "hidden" not in str(logs)


async def test_without_a_rehearsal_there_is_none() -> None:
    async with client(app()) as http:
        assert (await http.get("/rehearsal")).status_code == 404
        assert (await http.post("/rehearsal", json={"to": "next"})).status_code == 404


async def test_a_rehearsal_tells_its_state_and_moves() -> None:
    rehearsal = FakeRehearsal()
    async with client(app(rehearsal)) as http:
        assert (await http.get("/rehearsal")).json() == STATUS
        for to, status in (("next", 200), ("2026-03-03T05:00:00Z", 200), ("past", 400), ("friday", 503)):
            answer = await http.post("/rehearsal", content=f'{{"to": "{to}"}}')
            assert (answer.status_code, answer.json()) == (status, STATUS)
    assert rehearsal.moves == ["next", "2026-03-03T05:00:00Z", "past", "friday"]


@pytest.mark.parametrize(
    "body", [b"", b"next", b"[]", b"{}", b'{"to": 1}', b'{"to": "next", "x": 1}', b"\xff", b"[" * 9999]
)
async def test_a_bad_body_moves_nothing(body: bytes) -> None:
    rehearsal = FakeRehearsal()
    async with client(app(rehearsal)) as http:
        answer = await http.post("/rehearsal", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert rehearsal.moves == []


async def test_another_sites_page_cannot_move_the_clock() -> None:
    rehearsal = FakeRehearsal()
    async with client(app(rehearsal)) as http:
        answer = await http.post("/rehearsal", json={"to": "next"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert rehearsal.moves == []


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/", "/chat/since", "/static/chat.js"])
async def test_what_was_not_asked_for_is_not_there(path: str) -> None:
    async with client(app()) as http:
        answer = await http.get(path)
    assert (answer.status_code, set(answer.json())) == (404, {"error"})
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_server_listens_on_a_free_port_and_stops_cleanly() -> None:
    server = HttpServer(app(), "127.0.0.1", 0)
    await server.start()
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{server.url}/healthz")).json() == {"alive": True}
        await server.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{server.url}/healthz")
    await server.stop()  # twice is fine


async def test_a_port_in_use_names_the_setting_and_the_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} is in use") as caught:
            await HttpServer(app(), "127.0.0.1", port).start()
    assert caught.value.setting == "HEARTSEASE_HTTP_PORT"


@pytest.mark.parametrize(
    ("host", "port", "setting"),
    [
        ("192.0.2.1", 0, "HEARTSEASE_HTTP_HOST"),
        ("not a host", 0, "HEARTSEASE_HTTP_HOST"),
        ("127.0.0.1", 70000, "HEARTSEASE_HTTP_PORT"),
    ],
)
async def test_an_address_that_is_not_ours_names_the_setting(host: str, port: int, setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await HttpServer(app(), host, port).start()
    assert caught.value.setting == setting


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("fe80::1", "http://[fe80::1]:80"),
        ("h", "http://h:80"),
    ],
)
def test_the_url_is_one_that_a_browser_can_open(host: str, url: str) -> None:
    assert HttpServer(app(), host, 80).url == url
