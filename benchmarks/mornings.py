"""Nudges a second, idle looks and claims among a million participants, beside a scheduler's job for each of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.postgres import KEY, postgres
from benchmarks.processes import PEERS_PYTHON, ROOT
from benchmarks.report import Row

log = sys.stderr

IN_MEMORY = "APScheduler, a job each, in memory"
ON_DISK = "APScheduler, a job each, on SQLite"
QUEUE = "procrastinate, a job each, on PostgreSQL"
A_CORE = 2000  # nudges a second of a core, at least
MS = 1000


def measure(quick: bool, seed: int) -> list[Row]:
    """Lots that are due in different minutes, on each database, and jobs that do nothing."""
    due, lots, others = (100, 1, 1000) if quick else (10_000, 2, 1_000_000)
    in_memory, on_disk, queued = ([100], [100], 100) if quick else ([1_000, 10_000, 50_000], [1_000, 10_000], 10_000)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as folder:
        peers = {f"{IN_MEMORY}: {jobs:,}": scheduled(jobs) for jobs in in_memory}
        peers |= {f"{ON_DISK}: {jobs:,}": scheduled(jobs, f"sqlite:///{folder}/jobs-{jobs}.db") for jobs in on_disk}
        if PEERS_PYTHON.exists():
            with postgres() as url:
                peers[f"{QUEUE}: {queued:,}"] = run("queued_jobs", str(queued), url, python=PEERS_PYTHON)
        where: Mapping[str, AbstractContextManager[str]] = {
            "SQLite": nullcontext(f"sqlite:///{Path(folder) / 'many.db'}"),
            "PostgreSQL": postgres(),
        }
        for database, opened in where.items():
            with opened as url:
                ours = run("waking", url, KEY, *map(str, (due, lots, others, seed)))
            rows += rows_of(database, f"among {others:,}", ours, peers)
    return rows


def scheduled(jobs: int, url: str = "") -> dict[str, Any]:
    """APScheduler's jobs, in memory or in a database."""
    return run("scheduled_jobs", str(jobs), *([url] if url else []))


def run(module: str, *arguments: str, python: Path | str = sys.executable) -> dict[str, Any]:
    """What a measurement in a process of its own printed."""
    log.write(f"mornings: {module} {' '.join(one for one in arguments if one != KEY)}\n")
    command = [python, "-m", f"benchmarks.{module}", *arguments]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, Any] = json.loads(output)
    return measured


def rows_of(database: str, among: str, ours: Mapping[str, Any], peers: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """What the alarm clock costs on this database."""
    runs: Sequence[Mapping[str, float]] = ours["runs"]
    due = int(runs[0]["people"])
    rates = {name: [peer["people"] / peer["seconds"]] for name, peer in peers.items()}
    still = {name: [MS * peer["still"]] for name, peer in peers.items() if "still" in peer}
    a_core = [one["people"] / one["cpu"] for one in runs]
    idle, ticks, claims = ([MS * one for one in ours[what]] for what in ("idle", "ticks", "claims"))
    aim = f"at least {A_CORE:,}"
    where = f"{database}, {among}"
    return [
        Row(f"ms of an idle look of the alarm clock: {where}", idle, {}, "under 5", median(idle) <= 5, 2),
        Row(f"ms of an idle tick of an outbox: {where}", ticks, {}, "under 5", median(ticks) <= 5, 2),
        Row(f"ms to claim {due:,} due: {where}", claims, {}, "under 1,000", median(claims) <= MS),
        Row(f"nudges a second: {where}", [one["people"] / one["seconds"] for one in runs], rates),
        Row(f"nudges a second of a core of ours: {where}", a_core, {}, aim, median(a_core) >= A_CORE),
        Row(f"ms for which all others wait at most meanwhile: {where}", [MS * one["still"] for one in runs], still),
    ]
