"""More than one process on one PostgreSQL: sixteen bots spread over 1, 2 and 4 replicas, and what a kill -9 costs."""

from __future__ import annotations

import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.candidates import prepare, run, settings
from benchmarks.postgres import postgres
from benchmarks.processes import Process, StandIn
from benchmarks.report import Row
from tests.standin.addresses import HeldPort

log = sys.stderr

HELD = re.compile(r"^heartsease_lease_held\{[^}]*\} 1\.0$", re.MULTILINE)
SPREAD = 60.0  # seconds that the leases may take to spread
TAKEOVER = 20.0  # seconds, at most
TEXTS = ("/today",)


@dataclass(frozen=True, slots=True)
class Replica:
    """One `run`, and where its HTTP side is."""

    process: Process
    port: HeldPort

    @property
    def leases(self) -> int:
        """How many installations it holds; 0 while it starts."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port.number}/metrics", timeout=5) as answer:
                return len(HELD.findall(answer.read().decode()))
        except OSError:
            return 0


@dataclass(slots=True)
class Fleet:
    """What so many replicas did: updates a second of each round, seconds until killed ones were replaced."""

    rates: list[float] = field(default_factory=list)
    takeovers: list[float] = field(default_factory=list)


def measure(quick: bool, seed: int) -> list[Row]:
    """Rounds on each number of replicas; then one of them is killed."""
    bots, people, rounds, sizes = (2, 5, 1, (1, 2)) if quick else (16, 60, 5, (1, 2, 4))
    with (
        tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name,
        postgres() as url,
        StandIn(Path(name), bots) as server,
    ):
        prepare(url, server.tokens, people, seed)
        fleets = {size: at_work(Path(name), server, url, size, people, rounds) for size in sizes}
    return list(rows(bots, fleets))


def at_work(folder: Path, server: StandIn, url: str, size: int, people: int, rounds: int) -> Fleet:
    """So many replicas, from their start to the takeover."""
    log.write(f"replicas: {size}\n")
    measured = Fleet()
    with replicas(folder, server, url, size) as fleet:
        spread(fleet, len(server.tokens))
        server.talk(fleet[0].process, TEXTS, max(1, people // 10))
        measured.rates += [updates_a_second(server, fleet, people) for _ in range(rounds)]
        if size > 1:
            measured.takeovers.append(takeover(server, fleet))
    return measured


def takeover(server: StandIn, fleet: list[Replica]) -> float:
    """Seconds from the kill -9 of the last of them until somebody at every bot, who wrote then, has a reply."""
    before, began = server.taken, time.perf_counter()
    fleet[-1].process.kill()
    server.says(TEXTS[0])
    server.until(lambda: server.taken >= before + len(server.tokens), fleet[0].process)
    return time.perf_counter() - began


@contextmanager
def replicas(folder: Path, server: StandIn, url: str, size: int) -> Iterator[list[Replica]]:
    """So many processes on one database."""
    with ExitStack() as stack:
        fleet = []
        for number in range(size):
            port = HeldPort()
            mine = settings(server, url, HTTP_PORT=str(port.number))
            process = stack.enter_context(Process(run(), folder / f"replica-{size}-{number}.log", mine))
            fleet.append(Replica(process, port))
        yield fleet


def spread(fleet: list[Replica], bots: int) -> None:
    """Waits until everybody holds their share. Raises TimeoutError."""
    end = time.perf_counter() + SPREAD
    while sorted(held := [one.leases for one in fleet]) != [bots // len(fleet)] * len(fleet):
        for one in fleet:
            one.process.check()
        if time.perf_counter() > end:
            raise TimeoutError(f"leases are spread as {held}")
        time.sleep(0.2)


def updates_a_second(server: StandIn, fleet: list[Replica], people: int) -> float:
    """All people of all bots write at once, until the last reply is on the wire."""
    talked = server.talk(fleet[0].process, TEXTS, people)
    return talked.updates / talked.seconds


def rows(bots: int, fleets: Mapping[int, Fleet]) -> Iterator[Row]:
    """Throughput beside that of one replica, and takeovers."""
    alone = {"one replica": fleets[1].rates}
    for size, fleet in fleets.items():
        beside = alone if size > 1 else {}
        yield Row(f"updates a second, {bots} bots on PostgreSQL, replicas: {size}", fleet.rates, beside)
    for size, fleet in fleets.items():
        if fleet.takeovers:
            what = f"s after kill -9 of one of {size} replicas until every bot's user has a reply"
            met = max(fleet.takeovers) <= TAKEOVER
            yield Row(what, fleet.takeovers, {}, f"under {TAKEOVER:g}", met, 1)
