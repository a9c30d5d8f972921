"""The stand-in server and the bots under test, each in a process of its own, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
LOOK_EVERY = 0.005  # seconds between looks at the stand-in: it works on the same machine, so not all the time
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A Python process from the project's root, with its output in a file; ended by SIGTERM, as its operator would."""

    def __init__(self, arguments: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HEARTSEASE_")}
        self._log = log
        self.began = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=clean | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Raises RuntimeError, with what it said last, if it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._process.args!r} has ended:\n{self._log.read_text()[-3000:]}")

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, all threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def resident(self) -> float:
        """Resident memory now, in MB (10^6 bytes)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024 / 1e6


@dataclass(slots=True)
class Round:
    """A burst of updates that were all answered: seconds on the wall and of processor time."""

    updates: int
    seconds: float
    cpu: float
    stand_in_cpu: float


class StandIn:
    """The stand-in Bot API server of the tests, its checks off, in its own process."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self._log = folder / "stand-in.log"
        self._process = Process(["-m", "tests.standin.telegram", "--port", str(self._port)], self._log)
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=60)

    def __enter__(self) -> Self:
        while not self._log.read_text().endswith("\n"):
            self._process.check()
            time.sleep(LOOK_EVERY)
        self.url, self.token = self._log.read_text().split()
        return self

    def __exit__(self, *args: object) -> None:
        self._connection.close()
        self._process.__exit__(*args)

    def stats(self) -> dict[str, Any]:
        """Calls by method so far, and updates that the bot has not confirmed."""
        self._connection.request("GET", "/standin/stats")
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer

    def calls(self, method: str) -> int:
        """How many calls of a method came in so far."""
        return int(self.stats()["calls"].get(method, 0))

    def says(self, text: str, people: int = 1, first: int = 1) -> None:
        """So many people, numbered from `first`, write the same."""
        body = json.dumps({"text": text, "people": people, "first": first})
        self._connection.request("POST", "/standin/says", body)
        self._connection.getresponse().read()

    def until(self, fact: Callable[[], bool], bot: Process, seconds: float = 120) -> None:
        """Waits until something is true. Raises TimeoutError, or RuntimeError if the bot ended."""
        end = time.perf_counter() + seconds
        while not fact():
            bot.check()
            if time.perf_counter() > end:
                raise TimeoutError(f"{self.stats()}")
            time.sleep(LOOK_EVERY)

    def quiet(self, bot: Process, seconds: float = 1.0) -> None:
        """Waits until the bot has taken every update and has called nothing but getUpdates for so long."""
        seen: dict[str, Any] = {}
        since = time.perf_counter()
        while time.perf_counter() < since + seconds:
            bot.check()
            stats = self.stats()
            stats["calls"].pop("getUpdates", None)
            if stats != seen:
                seen, since = stats, time.perf_counter()
            time.sleep(LOOK_EVERY)

    def talk(self, bot: Process, texts: tuple[str, ...], people: int, first: int = 1) -> Round:
        """All people write all texts, in this order; over when each of these updates has its reply on the wire."""
        before, cpu, own = self.calls("sendMessage"), bot.cpu, self._process.cpu
        updates, began = people * len(texts), time.perf_counter()
        for text in texts:
            self.says(text, people, first)
        self.until(lambda: self.calls("sendMessage") >= before + updates, bot)
        seconds = time.perf_counter() - began
        spent, own = bot.cpu - cpu, self._process.cpu - own
        self.until(lambda: not any(self.stats()["pending"].values()), bot)
        if (extra := self.calls("sendMessage") - before - updates) > 0:
            raise RuntimeError(f"{extra} replies too many: like is not compared with like")
        return Round(updates, seconds, spent, own)
