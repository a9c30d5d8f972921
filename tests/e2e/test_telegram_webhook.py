"""The webhook: what is kept, what is refused, and when the work begins."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapters.telegram import TelegramAdapter, Webhook
from bot.model import Button, Reply
from tests.contracts.fake_door import FakeDoor
from tests.e2e.telegram_listening import HELLO, delivery, listening
from tests.standin.telegram import TOKEN, StandIn


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn() as server:
        yield server


@asynccontextmanager
async def posted_to(server: StandIn, door: FakeDoor) -> AsyncIterator[tuple[TelegramAdapter, list[int]]]:
    """An adapter behind a small web server of its own, and the statuses that this gave."""
    statuses: list[int] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        known = request.path == adapter.webhook_path
        statuses.append(await adapter.accept(door, secret, await request.read()) if known else 404)
        return web.Response(status=statuses[-1])

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with listening(server, door, webhook=Webhook(url, "s3cret")) as (adapter, _):
            yield adapter, statuses
    finally:
        await runner.cleanup()


async def test_a_webhook_keeps_an_update_answers_and_then_works(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    async with posted_to(server, door) as (adapter, statuses):
        await server.until(lambda: server.line.webhook.endswith(adapter.webhook_path))
        ana.says("one")
        await server.until(lambda: len(door.received) == 1)
        await adapter.send(delivery(Reply(text=HELLO.text, rows=((Button("1:did", "Did"),),))))
        ana.taps("Did")
        await server.until(lambda: len(door.received) == 2 and not server.line.unanswered)
    assert statuses == [200, 200]
    assert server.count("getUpdates") == 0


async def test_a_webhook_that_could_not_keep_an_update_gets_it_again(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    async with posted_to(server, door) as (adapter, statuses):
        await server.until(lambda: adapter.last_ok is not None)
        door.failures = 2
        ana.says("one")
        await server.until(lambda: len(door.received) == 1)
    assert statuses == [503, 503, 200]


async def test_kept_updates_of_an_earlier_process_are_worked_on_at_the_start(server: StandIn) -> None:
    before, door = FakeDoor(), FakeDoor()
    async with listening(server, before) as (_, _):
        server.person(7).says("one")
        await server.until(lambda: len(before.received) == 1)
    door.kept = before.received
    async with posted_to(server, door):
        await server.until(lambda: len(door.received) == 1)


FROM_ANA = {"chat": {"id": 7, "type": "private"}, "from": {"id": 7, "is_bot": False, "first_name": "Ana"}}
GOOD = json.dumps({"update_id": 5, "message": {"message_id": 1, "date": 1, "text": "hi", **FROM_ANA}}).encode()


@pytest.mark.parametrize(
    ("secret", "body", "status"),
    [
        ("s3cret", GOOD, 200),
        (None, GOOD, 401),
        ("s3cret ", GOOD, 403),
        ("", GOOD, 403),
        ("пароль", GOOD, 403),
        ("s3cret", b"{", 400),
        ("s3cret", b"\xff", 400),
        ("s3cret", b"[]", 400),
        ("s3cret", b"{}", 400),
        ("s3cret", b"[" * 100_000, 400),
        ("s3cret", b'{"update_id": "1"}', 400),
        ("s3cret", b" " * (1 << 20) + GOOD, 413),
        ("s3cret", b'{"update_id": 1, "message": {"nobody": "can read this"}}', 200),
    ],
)
async def test_a_webhook_takes_only_what_telegram_sent(secret: str | None, body: bytes, status: int) -> None:
    door = FakeDoor()
    adapter = TelegramAdapter("telegram:1", TOKEN, "http://127.0.0.1:9", webhook=Webhook("https://h.example", "s3cret"))
    assert await adapter.accept(door, secret, body) == status
    assert len(door.kept) == (1 if body == GOOD and status == 200 else 0)
    await adapter.close()


async def test_without_a_webhook_nothing_is_accepted_and_its_path_is_not_the_token() -> None:
    adapter, other = (TelegramAdapter("telegram:1", token, "http://127.0.0.1:9") for token in (TOKEN, TOKEN + "x"))
    assert await adapter.accept(FakeDoor(), "s3cret", GOOD) == 404
    assert adapter.webhook_path.startswith("/telegram/")
    assert adapter.webhook_path != other.webhook_path
    assert TOKEN.partition(":")[0] not in adapter.webhook_path
