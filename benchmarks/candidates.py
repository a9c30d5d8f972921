"""Who is measured: the product and its peers, each started as its operator starts it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.people import settle
from benchmarks.postgres import KEY
from benchmarks.processes import PEERS_PYTHON, Process, StandIn
from benchmarks.report import OURS
from bot.app import PROGRAMME
from bot.model import Origin
from bot.storage import open_store
from curriculum.loader import Library

ON_POSTGRES = "Heartsease, PostgreSQL"
ECHO = "echo bot"
DEFAULT = "ConversationHandler, pickle every 60 s"
EAGER = "ConversationHandler, pickle every 1 s"
AIOGRAM = "aiogram, FSM in memory"
PEERS = (ECHO, DEFAULT, EAGER, AIOGRAM)
AHEAD = timedelta(hours=6)  # the next planned message of our participants: none falls into a measurement


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bot: what to run for a stand-in and a folder of its own, with which environment and which Python."""

    name: str
    command: Callable[[StandIn, Path], list[str]]
    environment: Callable[[StandIn, Path], Mapping[str, str]] = lambda *_: {}
    python: str | Path = sys.executable

    def start(self, server: StandIn, folder: Path) -> Process:
        """Starts it; the process may still be loading."""
        log = folder / f"{self.name}.log"
        return Process(self.command(server, folder), log, self.environment(server, folder), self.python)


def candidates(postgres: str) -> tuple[Candidate, ...]:
    """In the order in which they take turns; those that are not installed are left out."""
    peers = Candidate(
        AIOGRAM, lambda server, _: ["-m", "benchmarks.aiogram_bot", server.url, server.token], python=PEERS_PYTHON
    )
    all_of_them = (
        Candidate(OURS, run, lambda server, folder: settings(server, sqlite(folder))),
        Candidate(ON_POSTGRES, run, lambda server, _: settings(server, postgres)),
        Candidate(ECHO, lambda server, _: ["-m", "benchmarks.echo_bot", server.url, server.token]),
        Candidate(DEFAULT, lambda server, folder: conversation(server, folder / "default.pickle", 60)),
        Candidate(EAGER, lambda server, folder: conversation(server, folder / "eager.pickle", 1)),
        peers,
    )
    return tuple(one for one in all_of_them if Path(one.python).exists())


def run(*_: object) -> list[str]:
    """The command of the product."""
    return ["-m", "bot", "run"]


def conversation(server: StandIn, file: Path, seconds: int) -> list[str]:
    """The command of the ConversationHandler bot."""
    return ["-m", "benchmarks.conversation_bot", server.url, server.token, str(file), str(seconds)]


def settings(server: StandIn, database: str, **more: str) -> Mapping[str, str]:
    """As in production, but for Telegram's limits: the stand-in has none, and peers keep none."""
    usual = {
        "DATABASE_URL": database,
        "SECRET_KEYS": KEY,
        "TELEGRAM_TOKENS": ",".join(server.tokens),
        "TELEGRAM_API_URL": server.url,
        "TELEGRAM_RATE": "100000",
        "TELEGRAM_CHAT_RATE": "100000",
        "HTTP_PORT": "0",
        "LOG_LEVEL": "warning",
    }
    return {f"HEARTSEASE_{name}": value for name, value in (usual | more).items() if value}


def sqlite(folder: Path) -> str:
    """Where our people are kept."""
    return f"sqlite:///{folder}/heartsease.db"


def installation(token: str) -> str:
    """The name of the installation with this token."""
    return f"telegram:{token.partition(':')[0]}"


def prepare(database: str, tokens: list[str], people: int, seed: int) -> None:
    """Makes the first `people` of each bot's people participants of ours, well into their course."""
    asyncio.run(_prepare(database, tokens, people, seed))


async def _prepare(database: str, tokens: list[str], people: int, seed: int) -> None:
    now = datetime.now(UTC)
    store = await open_store(database, [KEY])
    origins = [Origin(installation(token), str(number)) for token in tokens for number in range(1, people + 1)]
    try:
        await settle(store, origins, Library().programme(PROGRAMME, "en"), now + AHEAD, now, seed)
    finally:
        await store.close()
