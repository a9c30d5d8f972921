"""`python -m bot doctor`: looks at settings, database, clock, content and tokens, and says how to mend each."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import sqlalchemy as sa
from dotenv import dotenv_values
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from bot.check import check
from bot.errors import ContentError, SettingsError, StoreError
from bot.settings import PREFIX, TELEGRAM_URL, Settings, problems_in
from bot.shadows import foreign
from bot.storage import keys_for, schema
from bot.storage.database import Database, place, sqlite_file
from bot.storage.tables import SYSTEM
from bot.storage.vault import LOOKUP, Vault

Mark = Literal["✓", "!", "✗"]
COLOURS: Mapping[Mark, str] = {"✓": "green", "!": "yellow", "✗": "bold red"}

PATIENCE = 5.0  # seconds for a platform's answer
ROOM = 200 * 2**20  # bytes that should be free beside the database; below a tenth of it nothing is safe
APART = 60.0  # seconds that our clock and Telegram's may differ
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows an earlier time
WEBHOOK_PORTS = (443, 80, 88, 8443)  # https://core.telegram.org/bots/api#setwebhook


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is (✓ fine, ! worth knowing, ✗ must be mended), and how to mend it. No secrets."""

    mark: Mark
    what: str
    mend: str = ""


async def examine(console: Console | None = None) -> bool:
    """Prints a line for every finding; False if anything must be mended. Makes no database where there is none."""
    console = console or Console(highlight=False, soft_wrap=True)
    well = True
    async for found in findings():
        well = well and found.mark != "✗"
        line = Text.assemble((found.mark, COLOURS[found.mark]), f" {found.what}")
        console.print(line.append(f": {found.mend}" if found.mend else ""))
    return well


async def findings() -> AsyncIterator[Finding]:
    """Everything that is looked at, in order."""
    settings, wrong = settings_there()
    for found in (*_packages(), *_content(), *_zones(), *strange_names(), *wrong):
        yield found
    if settings is None:
        yield Finding("!", "database, tokens and port were not looked at", "mend the settings first")
        return
    async for found in around(settings):
        yield found


async def around(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the world is as these settings say."""
    async for found in _database(settings):
        yield found
    async for found in _telegram(settings):
        yield found
    async for found in _slack(settings):
        yield found
    for found in (*_webhook(settings), await _port(settings), _rehearsal(settings)):
        yield found


def _packages() -> Iterator[Finding]:
    shadowed = foreign()
    yield Finding("✗", "packages", shadowed) if shadowed else Finding("✓", "packages are our own")


def strange_names() -> Iterator[Finding]:
    """Variables that start like ours and are none: probably a slip of the hand."""
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    for name in sorted({*os.environ, *dotenv_values(".env")}):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1, cutoff=0.0)[0]
            yield Finding("!", f"{name} is no setting of this version", f"did you mean {near}? See docs/settings.md")


def settings_there() -> tuple[Settings | None, list[Finding]]:
    """The settings if they can be used, and what is wrong with them."""
    try:
        settings = Settings()
        problems = list(settings.problems())
    except ValidationError as error:
        settings, problems = None, problems_in(error)
    if not problems:
        return settings, [Finding("✓", "settings can be read")]
    return None, [Finding("✗", problem.setting, problem.fix) for problem in problems]


def _content() -> Iterator[Finding]:
    try:
        problems = check()
    except ContentError as error:
        yield Finding("✗", "content", str(error))
        return
    if problems:
        more = f" (and {len(problems) - 1} more: python -m bot check)" if len(problems) > 1 else ""
        yield Finding("✗", "content", f"{problems[0]}{more}")
    else:
        yield Finding("✓", "content holds to its rules")


def _zones() -> Iterator[Finding]:
    try:
        ZoneInfo("Europe/Madrid")
        yield Finding("✓", f"time zones are there (tzdata {version('tzdata')})")
    except (ZoneInfoNotFoundError, PackageNotFoundError):
        yield Finding("✗", "time zone data is missing", "run: pip install -r requirements.txt")
    if datetime.now(UTC) < BUILT:
        yield Finding("✗", "the system clock is far behind", "set it, for instance with timedatectl set-ntp true")


# ---------------------------------------------------------------- database


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    url = settings.database_url
    try:
        file = sqlite_file(url)
        if file is not None:
            for found in _folder(file):
                yield found
        if file is not None and not file.exists():
            keys_for(url, settings.keys) if settings.keys else None
            yield Finding("✓", f"{place(url)} is not there yet: the first run makes it")
            return
        if file is not None and not file.stat().st_size:
            mend = "the next run furnishes it; if it held something, restore a backup"
            yield Finding("!", f"{place(url)} is empty", mend)
            return
        await asyncio.to_thread(schema.check, url)
        yield Finding("✓", f"{place(url)} is there and up to date")
        yield await _opened(settings, file)
    except SettingsError as problem:
        yield Finding("✗", problem.setting, problem.fix)
    except StoreError as problem:
        yield Finding("✗", "database", str(problem))


def _folder(file: Path) -> Iterator[Finding]:
    """Whether an SQLite file, its folder and the key beside it are as they should be."""
    folder = next((one for one in file.absolute().parents if one.exists()), Path("/"))
    if not folder.is_dir():
        yield Finding("✗", f"{folder} is no folder", f"move it away, or set another {PREFIX}DATABASE_URL")
        return
    mend = "give this user the right to, for instance with chown"
    try:
        with tempfile.TemporaryFile(dir=folder):  # os.access knows no read-only mounts, and nothing of root
            pass
    except OSError as error:
        yield Finding("✗", f"{folder} cannot be written to ({error.strerror})", mend)
    try:
        if file.exists():
            file.open("r+b").close()
    except OSError as error:
        yield Finding("✗", f"{file} cannot be written to ({error.strerror})", mend)
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        mark: Mark = "✗" if free < ROOM / 10 else "!"
        yield Finding(mark, f"only {free // 2**20} MB are free at {folder}", "make room before the disk is full")
    key = file.with_name(file.name + ".key")
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding("✗", f"others can read the key {key}", f"run: chmod 600 {key}")


async def _opened(settings: Settings, file: Path | None) -> Finding:
    """Whether the keys open this database. Only reads, and makes no key.

    Raises:
        SettingsError: a key is wrong or missing.
        StoreError: the database cannot be read.
    """
    beside = file.with_name(file.name + ".key") if file else None
    if beside and not settings.keys and not beside.exists():
        return Finding("✗", f"the key file {beside} is gone", f"restore it, or set {PREFIX}SECRET_KEYS")
    vault, database = Vault(keys_for(settings.database_url, settings.keys)), Database(settings.database_url)
    try:
        async with database.reading() as connection:
            rows = await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name.like("vault.%")))
            facts = {row.name: row.value for row in rows}
    finally:
        await database.close()
    if LOOKUP in facts:
        vault.unlock(facts)
    return Finding("✓", "the key opens the database")


# ---------------------------------------------------------------- Telegram


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.tokens and not settings.slack_bot_token:
        yield Finding("!", f"{PREFIX}TELEGRAM_TOKEN is not set", "`run` needs the token that BotFather gives you")
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for token in settings.tokens:
            async for found in _bot(client, settings.telegram_api_url, token):
                yield found


async def _bot(client: httpx.AsyncClient, base: str, token: str) -> AsyncIterator[Finding]:
    number, host = token.partition(":")[0], urlsplit(base).hostname
    try:
        answer = await client.get(f"{base}/bot{token}/getMe")
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:  # their texts hold the address, and with it the token
        mend = f"see the network, or {PREFIX}TELEGRAM_API_URL ({type(error).__name__})"
        yield Finding("!", f"bot {number}: {host} cannot be asked", mend)
        return
    match said:
        case {"ok": True, "result": {"username": str(name)}}:
            yield Finding("✓", f"bot {number} is @{name}")
        case _ if answer.status_code in (401, 404):
            yield Finding("✗", f"bot {number}: {host} does not know this token", "copy it from BotFather once more")
        case _:
            yield Finding("!", f"bot {number}: {host} answers {answer.status_code}", "try again in a while")
    for found in _clock(answer.headers.get("Date")):
        yield found


def _clock(date: str | None) -> Iterator[Finding]:
    """Our clock beside that of the server that sent this Date header."""
    try:
        apart = (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return
    if abs(apart) > APART:
        where = "ahead of" if apart > 0 else "behind"
        yield Finding("!", f"our clock is {abs(apart):.0f} s {where} the server's", "run: timedatectl set-ntp true")
    else:
        yield Finding("✓", "our clock agrees with the server's")


# ---------------------------------------------------------------- Slack


async def _slack(settings: Settings) -> AsyncIterator[Finding]:
    asked = [("SLACK_BOT_TOKEN", "auth.test", settings.slack_bot_token)]
    asked += [("SLACK_APP_TOKEN", "apps.connections.open", settings.slack_app_token)]
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for name, method, token in asked:
            if token:
                yield await _slack_token(client, settings.slack_api_url, f"{PREFIX}{name}", method, token)
    if settings.slack_bot_token and not settings.slack_app_token:
        yield Finding("✓", "Slack's events come to /slack/events, which Slack must reach over https")


async def _slack_token(client: httpx.AsyncClient, base: str, name: str, method: str, token: str) -> Finding:
    """Whether Slack takes a token. The address of a connection, if it gives one, is not used and runs out."""
    host = urlsplit(base).hostname
    try:
        answer = await client.post(f"{base.rstrip('/')}/{method}", headers={"Authorization": f"Bearer {token}"})
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Finding("!", f"{name}: {host} cannot be asked", f"see the network ({type(error).__name__})")
    match said:
        case {"ok": True, "team_id": str(team)}:
            return Finding("✓", f"the bot token is good in the workspace {team}")
        case {"ok": True}:
            return Finding("✓", "the app token opens a Socket Mode connection")
        case {"error": "missing_scope" | "not_allowed_token_type"}:
            return Finding("✗", f"{name} may not do that", "make it as deploy/slack-manifest.yaml says")
        case {"error": "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive"}:
            return Finding("✗", f"{name}: {host} does not know this token", "copy it from the app's pages once more")
    return Finding("!", f"{name}: {host} answers {answer.status_code}", "try again in a while")


def _webhook(settings: Settings) -> Iterator[Finding]:
    if not settings.telegram_webhook_url:
        return
    parts, name = urlsplit(settings.telegram_webhook_url), f"{PREFIX}TELEGRAM_WEBHOOK_URL"
    if not settings.tokens:
        yield Finding("!", f"{name} is set, and no token", f"set {PREFIX}TELEGRAM_TOKEN, or remove it")
    if settings.telegram_api_url == TELEGRAM_URL and parts.scheme != "https":
        yield Finding("✗", name, "Telegram wants an address that begins with https://")
    elif settings.telegram_api_url == TELEGRAM_URL and (parts.port or 443) not in WEBHOOK_PORTS:
        yield Finding("✗", name, f"Telegram reaches these ports only: {', '.join(map(str, WEBHOOK_PORTS))}")
    else:
        yield Finding("✓", f"updates come to {parts.scheme}://{parts.netloc.rpartition('@')[2]}")


# ---------------------------------------------------------------- this machine


async def _port(settings: Settings) -> Finding:
    host, port = settings.http_host, settings.http_port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except PermissionError:
        return Finding("✗", f"port {port} needs more rights", f"set {PREFIX}HTTP_PORT to 1024 or more")
    except socket.gaierror:
        return Finding("✗", f"{PREFIX}HTTP_HOST", "is no address of this machine; 127.0.0.1 always is")
    except OSError as error:
        if await _ours(host, port):
            return Finding("✓", f"Heartsease is running at {host}:{port}")
        mend = f"stop the program that uses it, or set {PREFIX}HTTP_PORT ({error.strerror})"
        return Finding("✗", f"{host}:{port} cannot be listened at", mend)
    return Finding("✓", f"port {port} is free" if port else "a free port will be taken")


async def _ours(host: str, port: int) -> bool:
    try:
        async with httpx.AsyncClient(timeout=1.0) as client:
            return bool((await client.get(f"http://{host}:{port}/healthz")).json() == {"alive": True})
    except (httpx.HTTPError, ValueError):
        return False


def _rehearsal(settings: Settings) -> Finding:
    if settings.rehearsing is None:
        return Finding("✓", "time is real")
    start, speed = settings.rehearsing
    mend = f"it starts at {start:%Y-%m-%d %H:%M} UTC, speed {speed:g}; without {PREFIX}REHEARSAL time is real"
    return Finding("!", "time is rehearsed", mend)
