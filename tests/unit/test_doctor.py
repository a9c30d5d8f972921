"""The doctor finds every mistake, says how to mend it, changes nothing and tells no secret."""

from __future__ import annotations

import asyncio
import io
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from bot.doctor import Finding, around, examine, settings_there, strange_names
from bot.settings import PREFIX, Settings
from bot.storage import keys_for, open_store
from bot.storage.vault import Vault
from tests.standin import slack
from tests.standin.addresses import NO_HOST
from tests.standin.telegram import TOKEN, StandIn

UNKNOWN = "7654321:AAF-a_token_that_nobody_knows_of_0001"
SECRET = "a-long-random-secret"
AWAY: dict[str, Any] = {
    "telegram_token": TOKEN,
    "telegram_api_url": "http://127.0.0.1:1",
}  # a platform that cannot be asked now


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no .env, and a port that is free."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name}".upper(), raising=False)
    monkeypatch.setenv(f"{PREFIX}HTTP_PORT", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A database that was made by a first run, with its key beside it."""
    place = tmp_path / "var/heartsease.db"
    url = f"sqlite:///{place}"
    await (await open_store(url, keys_for(url, []))).close()
    return place


async def found(**settings: object) -> list[Finding]:
    """What the doctor finds with these settings."""
    return [one async for one in around(Settings(**settings))]  # type: ignore[arg-type]


def said(findings: list[Finding], mark: str) -> list[str]:
    """The findings with this mark, as they are printed."""
    return [f"{one.what}: {one.mend}" for one in findings if one.mark == mark]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but SQLite's own passing ones."""
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file() and "-" not in one.suffix}


async def test_a_new_place_is_well_and_stays_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in AWAY.items():
        monkeypatch.setenv(f"{PREFIX}{name}".upper(), value)
    output = io.StringIO()
    assert await examine(Console(file=output, width=200))
    lines = output.getvalue().splitlines()
    assert all(line[:2] in ("✓ ", "! ") for line in lines)
    assert any("is not there yet: the first run makes it" in line for line in lines)
    assert contents(tmp_path) == {}


async def test_a_database_in_use_is_well_and_unchanged(file: Path) -> None:
    before = contents(file.parent)
    findings = await found(database_url=f"sqlite:///{file}", **AWAY)
    assert said(findings, "✗") == []
    assert "the key opens the database: " in said(findings, "✓")
    assert contents(file.parent) == before


async def test_without_a_token_nothing_is_well_as_nobody_would_be_written_to() -> None:
    assert not await examine(Console(file=io.StringIO()))


async def test_a_rehearsal_needs_no_token() -> None:
    assert said(await found(rehearsal="start=2026-03-02T05:00:00Z,speed=0"), "✗") == []


def damaged(file: Path) -> None:
    file.write_bytes(b"not a database, whatever it says " * 200)


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def keyless(file: Path) -> None:
    file.with_name(file.name + ".key").unlink()


def another_key(file: Path) -> None:
    file.with_name(file.name + ".key").write_text(Vault.make_key())


def no_key_at_all(file: Path) -> None:
    file.with_name(file.name + ".key").write_text("swordfish\n")


def readable_key(file: Path) -> None:
    file.with_name(file.name + ".key").chmod(0o644)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


HARM: list[tuple[Callable[[Path], None], str]] = [
    (damaged, "is not a database, or is damaged"),
    (newer, "is from a newer version"),
    (keyless, "is gone: restore it, or set HEARTSEASE_SECRET_KEYS"),
    (another_key, "add the missing key"),
    (no_key_at_all, "key 1 of 1 is not a Fernet key"),
    (readable_key, "run: chmod 600"),
    (emptied, "if it held something, restore a backup"),
]


@pytest.mark.parametrize(("harm", "mend"), HARM, ids=[harm.__name__ for harm, _ in HARM])
async def test_a_harmed_database_is_found_and_left_as_it_is(
    file: Path, harm: Callable[[Path], None], mend: str
) -> None:
    harm(file)
    before = contents(file.parent)
    findings = await found(database_url=f"sqlite:///{file}")
    assert any(mend in line for line in said(findings, "!" if harm is emptied else "✗"))
    assert contents(file.parent) == before
    assert "swordfish" not in str(findings)


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"database_url": "mysql://ana:pa55word@db/x"}, "✗", "HEARTSEASE_DATABASE_URL: mysql is not supported"),
    ({"database_url": "sqlite://"}, "✗", "SQLite needs a file"),
    ({"database_url": "sqlite:///a_file/below.db"}, "✗", "is no folder"),
    ({"database_url": "sqlite:////proc/heartsease.db"}, "✗", "cannot be written to"),
    ({"database_url": "postgresql://ana:pa55word@127.0.0.1:1/x"}, "✗", "cannot be reached"),
    ({"secret_keys": "pa55word"}, "✗", "is not a Fernet key"),
    ({"http_host": NO_HOST}, "✗", "HEARTSEASE_HTTP_HOST"),
    ({"telegram_webhook_url": "http://coach.invalid", "telegram_webhook_secret": SECRET}, "✗", "begins with https://"),
    ({"telegram_webhook_url": "https://coach.invalid:99", "telegram_webhook_secret": SECRET}, "✗", "443, 80, 88, 8443"),
    ({"telegram_webhook_url": "https://ana:pa55word@coach.invalid"}, "✓", "updates come to https://coach.invalid"),
    ({"telegram_webhook_url": "https://coach.invalid"}, "!", "and no token"),
    (AWAY, "!", "bot 1000001: 127.0.0.1 cannot be asked"),
    ({"rehearsal": "start=2026-03-02T05:00:00Z,speed=0"}, "!", "time is rehearsed"),
    ({}, "✗", "HEARTSEASE_TELEGRAM_TOKEN is not set: nobody would be written to"),
]


@pytest.mark.parametrize(("wrong", "mark", "mend"), WRONG, ids=[mend for *_, mend in WRONG])
async def test_the_world_is_held_against_the_settings(
    wrong: dict[str, object], mark: str, mend: str, tmp_path: Path
) -> None:
    (tmp_path / "a_file").touch()
    findings = await found(**wrong)
    assert any(mend in line for line in said(findings, mark))
    assert not any(secret in str(findings) for secret in ("pa55word", SECRET, TOKEN.partition(":")[2]))
    assert contents(tmp_path) == {str(tmp_path / "a_file"): b""}


async def test_a_token_is_shown_to_telegram_and_to_nobody_else() -> None:
    async with StandIn() as server:
        findings = await found(telegram_tokens=f"{TOKEN},{UNKNOWN}", telegram_api_url=server.url)
    assert any("bot 1000001 is @" in line for line in said(findings, "✓"))
    assert said(findings, "✗") == ["bot 7654321: 127.0.0.1 does not know this token: copy it from BotFather once more"]
    assert not any(token.partition(":")[2] in str(findings) for token in (TOKEN, UNKNOWN))


async def test_slacks_tokens_are_tried_and_not_told() -> None:
    async with slack.StandIn() as server:
        good = {"slack_bot_token": slack.BOT_TOKEN, "slack_app_token": slack.APP_TOKEN, "slack_api_url": server.url}
        findings = await found(**good)
        assert "the bot token is good in the workspace T1: " in said(findings, "✓")
        assert "the app token opens a Socket Mode connection: " in said(findings, "✓")
        assert not any("TELEGRAM_TOKEN" in line for line in said(findings, "!"))
        wrong = await found(**good | {"slack_bot_token": "xoxb-nobody-knows-it", "slack_app_token": ""})
        [line] = said(wrong, "✗")
        assert line == (
            "HEARTSEASE_SLACK_BOT_TOKEN: 127.0.0.1 does not know this token: copy it from the app's pages once more"
        )
    away = await found(**good)
    assert [line.partition(":")[0] for line in said(away, "!") if "cannot be asked" in line] == [
        "HEARTSEASE_SLACK_BOT_TOKEN",
        "HEARTSEASE_SLACK_APP_TOKEN",
    ]
    assert not any(
        token in str([*findings, *wrong, *away]) for token in (slack.BOT_TOKEN, slack.APP_TOKEN, "nobody-kn")
    )


@pytest.fixture
async def late_server() -> AsyncIterator[str]:
    """A server whose clock stands, and which knows no bot."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"ok": False}, status=500, headers={"Date": "Mon, 02 Mar 2026 05:00:00 GMT"})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_clocks_that_disagree_and_a_server_in_trouble_are_told(late_server: str) -> None:
    told = said(await found(telegram_token=TOKEN, telegram_api_url=late_server), "!")
    assert any("s ahead of the server's: run: timedatectl" in line for line in told)
    assert any("answers 500: try again" in line for line in told)


async def test_a_taken_port_is_found_unless_it_is_our_own() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        closed = asyncio.create_task(asyncio.to_thread(_hang_up, other))
        findings = await found(http_port=port)
        await closed
    assert any(f"127.0.0.1:{port} cannot be listened at" in line for line in said(findings, "✗"))


def _hang_up(server: socket.socket) -> None:
    server.settimeout(30)
    connection, _ = server.accept()
    connection.close()


async def test_a_running_heartsease_may_have_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    app = web.Application()
    app.router.add_get("/healthz", alive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    findings = await found(http_port=port)
    await runner.cleanup()
    assert f"Heartsease is running at 127.0.0.1:{port}: " in said(findings, "✓")


def test_a_slip_in_a_name_is_found_with_the_name_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEARTSEASE_TELEGRAM_TOKN", TOKEN)
    (tmp_path / ".env").write_text("HEARTSEASE_DATABSE_URL=sqlite:///pa55word\nOTHER=1\n")
    told = said(list(strange_names()), "!")
    assert [line.partition("See")[0] for line in told] == [
        "HEARTSEASE_DATABSE_URL is no setting of this version: did you mean HEARTSEASE_DATABASE_URL? ",
        "HEARTSEASE_TELEGRAM_TOKN is no setting of this version: did you mean HEARTSEASE_TELEGRAM_TOKEN? ",
    ]


def test_files_of_secrets_that_would_be_passed_over_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("telegram_token", "heartsease_secret_keys.txt", "heartsease_database_url", "postgres_password"):
        (tmp_path / name).touch()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert [line.partition(" See")[0] for line in said(list(strange_names()), "!")] == [
        "heartsease_secret_keys.txt is no setting of this version: did you mean HEARTSEASE_SECRET_KEYS?",
        "the secret telegram_token is not read: call it heartsease_telegram_token",
    ]


def test_lines_of_dotenv_that_would_be_passed_over_are_found(tmp_path: Path) -> None:
    lines = "HEARTSEASE_OWNERS: telegram:7", "telegram_token=x", 'HEARTSEASE_RESEARCH="open'
    (tmp_path / ".env").write_text("\n".join(lines))
    assert [one.what for one in strange_names() if one.mark == "!"] == [
        "line 1 of .env is not understood",
        "line 3 of .env is not understood",
        "telegram_token in .env is not read",
    ]


def test_a_dotenv_that_is_not_utf_8_is_told_and_no_more(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("HEARTSEASE_TELEGRAM_TOKEN=x".encode("utf-16"))
    settings, findings = settings_there()
    assert settings is None
    assert said(findings, "✗") == [".env: is not text in UTF-8, as Windows may save it; save it as UTF-8"]
    assert not list(strange_names())


@pytest.mark.parametrize(
    "wrong", [{"http_port": "eighty", "log_level": "loud"}, {"telegram_token": "x", "rehearsal": "y"}]
)
def test_every_wrong_setting_is_told_at_once(wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(f"{PREFIX}{name}".upper(), value)
    settings, findings = settings_there()
    assert settings is None
    assert [one.what for one in findings] == [f"{PREFIX}{name}".upper() for name in wrong]
    assert all(one.mark == "✗" and one.mend for one in findings)
