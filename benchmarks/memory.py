"""Resident memory and the time to the first poll with nobody, 100,000 and 1,000,000 participants in the database."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.candidates import AHEAD, prepare, run, settings, sqlite
from benchmarks.crowd import add
from benchmarks.processes import Process, StandIn
from benchmarks.report import Row

log = sys.stderr

CROWDS = (0, 100_000, 1_000_000)
TALKING = 200  # people who write, so that it is not only the start that is seen
MOST = 200.0  # MB
SOON = 2.0  # seconds


def measure(quick: bool, seed: int) -> list[Row]:
    """A start of `run` for each crowd, and a talk with a few of them."""
    crowds, talking = ((0, 1000), 10) if quick else (CROWDS, TALKING)
    return [row for crowd in crowds for row in among(crowd, talking, seed)]


def among(crowd: int, talking: int, seed: int) -> list[Row]:
    """With so many participants; with nobody, nobody talks."""
    log.write(f"memory: {crowd:,} participants\n")
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name)) as server:
        database = sqlite(Path(name))
        if crowd:
            prepare(database, server.tokens, talking, seed)
            add(database, crowd - talking, datetime.now(UTC) + AHEAD)
        with Process(run(), Path(name) / "ours.log", settings(server, database)) as bot:
            server.until(lambda: server.calls("getUpdates") > 0, bot)
            seconds, resident = time.perf_counter() - bot.began, bot.resident
            rows = [
                Row(f"s to the first poll, {crowd:,} participants", [seconds], {}, "under 2", seconds < SOON, 2),
                Row(f"resident MB at the start, {crowd:,} participants", [resident], {}, "under 200", resident < MOST),
            ]
            if crowd:
                server.talk(bot, ("/today", "/today"), talking)
                what, after = f"resident MB after a talk with {talking}, {crowd:,} participants", bot.resident
                rows.append(Row(what, [after], {}, "under 200", after < MOST))
    return rows
