"""Webhook mode: what is let in, and that what was acknowledged is done."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from adapters.telegram import TelegramAdapter
from tests.e2e.course import installation, quiet, settings_of, told
from tests.e2e.running import Running
from tests.standin.telegram import TOKEN, Limits, Person, StandIn

SECRET = "a-long_random_secret"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
SECRETLY = {HEADER: SECRET}


@asynccontextmanager
async def behind_a_webhook(folder: Path) -> AsyncIterator[tuple[StandIn, Running, httpx.AsyncClient]]:
    """The stand-in, `run` that is not started yet, and somebody who posts to it."""
    async with (
        StandIn(limits=Limits.raised()) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        product = Running(folder, {})
        product.settings |= settings_of(server, TELEGRAM_WEBHOOK_URL=product.url, TELEGRAM_WEBHOOK_SECRET=SECRET)
        try:
            yield server, product, client
        finally:
            await product.__aexit__()


def update(person: Person, number: int, text: str) -> dict[str, Any]:
    """As Telegram posts it."""
    message = {"message_id": number, "from": person.user, "chat": person.wire, "date": 1_772_000_000, "text": text}
    return {"update_id": number, "message": message}


async def test_a_webhook_lets_in_only_telegram_and_acts_once(tmp_path: Path) -> None:
    async with behind_a_webhook(tmp_path) as (server, product, client):
        ana, ben = server.person(7), server.person(8, "Ben")
        await product.start()
        hook = server.line.webhook
        ana.says("/start")
        await told(server, ana, "Do you agree")
        once = update(ben, 700_000, "/start")
        too_much = b" " * (1 << 20) + json.dumps(once).encode()
        refused = [
            (await client.post(hook, json=once)).status_code,
            (await client.post(hook, json=once, headers={HEADER: "another-secret-of-some"})).status_code,
            (await client.get(hook)).status_code,
            (await client.post(f"{product.url}/telegram/guessed", json=once, headers=SECRETLY)).status_code,
            (await client.post(f"{product.url}/", json=once, headers=SECRETLY)).status_code,
            (await client.post(hook, content=too_much, headers=SECRETLY)).status_code,
            (await client.post(hook, content=b"{", headers=SECRETLY)).status_code,
        ]
        assert refused == [401, 403, 405, 404, 405, 413, 400]
        await quiet(server, product)
        assert ben.messages == []
        assert [(await client.post(hook, json=once, headers=SECRETLY)).status_code for _ in range(2)] == [200, 200]
        await quiet(server, product)
        assert (await client.post(hook, json=once, headers=SECRETLY)).status_code == 200
        await quiet(server, product)
        assert [message.text for message in ben.messages] == [message.text for message in ana.messages]
        assert server.refusals == []
        assert server.count("getUpdates") == 0


async def test_what_was_acknowledged_before_a_kill_is_done_after_it(tmp_path: Path) -> None:
    async with behind_a_webhook(tmp_path) as (server, product, client):
        ana = server.person(7)
        server.fault("getMe", "hang")  # nobody works on what is kept before the bot is registered
        await product.start(until=503)
        hook = product.url + await hook_path()
        for number, text in enumerate(("/start", "yes")):
            posted = await client.post(hook, json=update(ana, 10 + number, text), headers=SECRETLY)
            assert posted.status_code == 200
        await product.kill()
        assert ana.messages == []
        await product.start()
        await told(server, ana, "call you")
        await quiet(server, product)
        asked = [message.text for message in ana.messages if message.text.endswith("?")]
        assert len(asked) == len(set(asked)) == 2
        assert server.refusals == []


async def hook_path() -> str:
    """The path under which the bot will register; here its process does not come that far."""
    adapter = TelegramAdapter(installation(), TOKEN, "http://127.0.0.1:9")
    await adapter.close()
    return adapter.webhook_path
