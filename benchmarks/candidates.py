"""Who is measured: the product and its peers, each started as its operator starts it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.people import settle
from benchmarks.processes import Process, StandIn
from bot.app import PROGRAMME
from bot.model import Origin
from bot.storage import keys_for, open_store
from curriculum.loader import Library

OURS = "Heartsease"
ECHO = "echo bot"
DEFAULT = "ConversationHandler, pickle every 60 s"
EAGER = "ConversationHandler, pickle every 1 s"
AHEAD = timedelta(hours=6)  # the next planned message of our participants: none falls into a measurement


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bot: what to run for a stand-in and a folder of its own, with which environment."""

    name: str
    command: Callable[[StandIn, Path], list[str]]
    environment: Callable[[StandIn, Path], Mapping[str, str]] = lambda *_: {}

    def start(self, server: StandIn, folder: Path) -> Process:
        """Starts it; the process may still be loading."""
        return Process(self.command(server, folder), folder / f"{self.name}.log", self.environment(server, folder))


def candidates() -> tuple[Candidate, ...]:
    """In the order in which they take turns."""
    return (
        Candidate(OURS, lambda *_: ["-m", "bot", "run"], our_settings),
        Candidate(ECHO, lambda server, _: ["-m", "benchmarks.echo_bot", server.url, server.token]),
        Candidate(DEFAULT, lambda server, folder: conversation(server, folder / "default.pickle", 60)),
        Candidate(EAGER, lambda server, folder: conversation(server, folder / "eager.pickle", 1)),
    )


def conversation(server: StandIn, file: Path, seconds: int) -> list[str]:
    """The command of the ConversationHandler bot."""
    return ["-m", "benchmarks.conversation_bot", server.url, server.token, str(file), str(seconds)]


def our_settings(server: StandIn, folder: Path) -> Mapping[str, str]:
    """As in production with SQLite, but for Telegram's limits: the stand-in has none, and peers keep none."""
    return {
        "HEARTSEASE_DATABASE_URL": database(folder),
        "HEARTSEASE_TELEGRAM_TOKEN": server.token,
        "HEARTSEASE_TELEGRAM_API_URL": server.url,
        "HEARTSEASE_TELEGRAM_RATE": "100000",
        "HEARTSEASE_TELEGRAM_CHAT_RATE": "100000",
        "HEARTSEASE_HTTP_PORT": "0",
    }


def database(folder: Path) -> str:
    """Where our people are kept."""
    return f"sqlite:///{folder}/heartsease.db"


def prepare(server: StandIn, folder: Path, people: int, seed: int) -> None:
    """Makes the first `people` of the stand-in's people participants of ours, well into their course."""
    asyncio.run(_prepare(server, folder, people, seed))


async def _prepare(server: StandIn, folder: Path, people: int, seed: int) -> None:
    url, now = database(folder), datetime.now(UTC)
    store = await open_store(url, keys_for(url, ()))
    installation = f"telegram:{server.token.partition(':')[0]}"
    origins = [Origin(installation, str(number)) for number in range(1, people + 1)]
    try:
        await settle(store, origins, Library().programme(PROGRAMME, "en"), now + AHEAD, now, seed)
    finally:
        await store.close()
