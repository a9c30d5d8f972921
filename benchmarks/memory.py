"""Resident memory and the time to the first poll with nobody, 100,000 and 1,000,000 participants in the database."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.candidates import AHEAD, prepare, run, settings, sqlite
from benchmarks.crowd import add
from benchmarks.processes import Process, StandIn
from benchmarks.report import Row

log = sys.stderr

CROWDS = (0, 100_000, 1_000_000)
STARTS = 3  # one alone may fall into the time in which the kernel writes a new crowd to the disk
TALKING = 200  # people who write, so that it is not only the start that is seen
MOST = 200.0  # MB
SOON = 2.0  # seconds


def measure(quick: bool, seed: int) -> list[Row]:
    """A start of `run` for each crowd, and a talk with a few of them."""
    crowds, talking = ((0, 1000), 10) if quick else (CROWDS, TALKING)
    return [row for crowd in crowds for row in among(crowd, talking, seed)]


def first_poll(server: StandIn, folder: Path, database: str) -> tuple[float, float]:
    """Seconds from a start to the first `getUpdates`, on the wall and of processor time."""
    before = server.calls("getUpdates")
    with Process(run(), folder / "ours.log", settings(server, database)) as bot:
        server.until(lambda: server.calls("getUpdates") > before, bot)
        return time.perf_counter() - bot.began, bot.cpu


def among(crowd: int, talking: int, seed: int) -> list[Row]:
    """With so many participants; with nobody, nobody talks."""
    log.write(f"memory: {crowd:,} participants\n")
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name)) as server:
        database = sqlite(Path(name))
        prepare(database, server.tokens, talking if crowd else 0, seed)  # to make a new one takes time of its own
        if crowd:
            add(database, crowd - talking, datetime.now(UTC) + AHEAD)
        seconds, spent = zip(*(first_poll(server, Path(name), database) for _ in range(STARTS)), strict=True)
        polls = server.calls("getUpdates")
        with Process(run(), Path(name) / "ours.log", settings(server, database)) as bot:
            server.until(lambda: server.calls("getUpdates") > polls, bot)
            resident = bot.resident
            soon = median(seconds) < SOON
            rows = [
                Row(f"s to the first poll, {crowd:,} participants", seconds, {}, "under 2", soon, 2),
                Row(f"processor s to the first poll, {crowd:,} participants", spent, decimals=2),
                Row(f"resident MB at the start, {crowd:,} participants", [resident], {}, "under 200", resident < MOST),
            ]
            if crowd:
                server.talk(bot, ("/today", "/today"), talking)
                what, after = f"resident MB after a talk with {talking}, {crowd:,} participants", bot.resident
                rows.append(Row(what, [after], {}, "under 200", after < MOST))
    return rows
