"""What a run leaves behind in its logs and in its files: nothing that anybody wrote, no names, no ids, no secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.e2e.course import kept, quiet, settings_of, told
from tests.e2e.running import SHORT, Running
from tests.standin.telegram import TOKEN, Limits, Person, StandIn

ANA, BEN = 987_654_321, 876_543_219
SECRET = "a-planted_webhook-secret"
WRITTEN = (
    "the kingfisher by the canal",
    "my sister's violoncello case",
    "plum jam on the stove",
    "I want to kill myself",
)
PLANTED = (
    *WRITTEN,
    "kingfisher",
    "violoncello",
    "plum jam",
    "Zephyrine",
    "Quillfeather",
    "Benvolio",
    str(ANA),
    str(BEN),
)
SECRETS = (TOKEN, TOKEN.partition(":")[2], SECRET)


async def a_morning_in_the_life(server: StandIn, product: Running) -> None:
    """Onboarding, an intention, a journal page, a crisis, an edit, a voice message, and a platform that stumbles."""
    ana, ben = server.person(ANA, "Zephyrine"), server.person(BEN, "Benvolio")
    ben.says("/start")
    await onboarded(server, ana)
    await product.move("2026-03-03T07:00:00Z")
    server.fault("sendMessage", 400, chat=ANA, description="Bad Request: can't parse entities: violoncello")
    for fault in (500, "garbage"):
        server.fault("sendMessage", fault, chat=BEN, description="violoncello")
    server.fault("getUpdates", "drop")
    server.fault("setMessageReaction", 400, description="plum jam")
    server.fault("answerCallbackQuery", 401)
    for text in WRITTEN:
        ana.says("/journal")
        ana.says(text)
        await quiet(server, product)
    ben.says(WRITTEN[1])
    ana.edits(ana.own[-1], WRITTEN[2])
    ana.sends("voice", caption=WRITTEN[0])
    ana.says(f"/{WRITTEN[0].replace(' ', '_')}")
    await quiet(server, product)
    await product.move("2026-03-03T19:00:00Z")


async def onboarded(server: StandIn, ana: Person) -> None:
    """From /start to the first day."""
    ana.says("/start")
    await told(server, ana, "Do you agree")
    for answer, next_question in (
        ("yes", "call you"),
        ("Quillfeather", "city"),
        ("Europe/Madrid", "like it\\?"),
        ("08:00", "evening message\\?"),
        ("20:00", "health care\\?"),
        ("no", "begin\\?"),
        ("2026-03-03", "Everything is set"),
    ):
        ana.says(answer)
        await told(server, ana, next_question)


@asynccontextmanager
async def watched(folder: Path, **more: str) -> AsyncIterator[tuple[StandIn, Running]]:
    async with StandIn(limits=Limits.raised()) as server:
        product = Running(folder, settings_of(server, LOG_LEVEL="debug", **more))
        async with product:
            yield server, product


def files_with(folder: Path, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which file holds which of these words in clear, as UTF-8 or UTF-16, in any case."""
    assert all(len(word) >= SHORT for word in words), "a short word comes to stand in a token by chance"
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes().lower() if path.is_file() else b""
        for word in words:
            codes = (word.lower().encode(), word.lower().encode("utf-16-le"))
            found += [(path.name, word) for code in codes if code in content]
    return found


async def test_neither_logs_nor_files_hold_what_people_wrote_or_who_they_are(tmp_path: Path) -> None:
    async with watched(tmp_path) as (server, product):
        await a_morning_in_the_life(server, product)
        await product.kill()  # the write-ahead log is still there
        assert (tmp_path / "heartsease.db-wal").stat().st_size > 0
        assert files_with(tmp_path, (*PLANTED, *SECRETS)) == []
        await product.start()
        await quiet(server, product)
        assert await product.terminate() == 0
        assert product.log().count("\n") > 5
    assert files_with(tmp_path, (*PLANTED, *SECRETS)) == []
    assert {entry.text for entry in await kept(tmp_path, ANA)} >= set(WRITTEN)  # it was there to be found


async def test_a_webhooks_secret_and_path_stay_out_of_logs_and_files(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, httpx.AsyncClient(trust_env=False) as client:
        product = Running(tmp_path, {})
        more = {"TELEGRAM_WEBHOOK_URL": product.url, "TELEGRAM_WEBHOOK_SECRET": SECRET}
        product.settings |= settings_of(server, LOG_LEVEL="debug", LOG_FORMAT="json", **more)
        async with product:
            ana, hook = server.person(ANA, "Zephyrine"), server.line.webhook
            ana.says("/start")
            await told(server, ana, "Do you agree")
            for content in (
                b"{",
                b'{"update_id": "violoncello"}',
                b'{"update_id": 3, "message": {"text": "violoncello"}}',
            ):
                await client.post(hook, content=content, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET})
            await quiet(server, product)
        path = hook.rpartition("/")[2]
        assert "Traceback" not in product.log()
    assert files_with(tmp_path, (*PLANTED, *SECRETS, path)) == []
