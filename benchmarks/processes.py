"""The stand-in server and the bots under test, each in a process of its own, and what the kernel says of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

from tests.standin.addresses import HeldPort

ROOT = Path(__file__).parents[1]
PEERS_PYTHON = ROOT / ".venv" / "peers" / "bin" / "python"  # for peers that want other versions than we do
LOOK_EVERY = 0.005  # seconds between looks at the stand-in: it works on the same machine, so not all the time
NEVER = 120.0  # seconds after which nothing is waited for any more
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A Python process from the project's root, with its output in a file; ended by SIGTERM, as its operator would."""

    def __init__(
        self,
        arguments: list[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        python: str | Path = sys.executable,
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HEARTSEASE_")}
        self._log = log
        self.began = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [python, *arguments],
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

    def kill(self) -> None:
        """kill -9: no goodbye."""
        self._process.kill()
        self._process.wait()

    def check(self) -> None:
        """Raises RuntimeError, with what it said last, if it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._process.args!r} has ended:\n{self.said}")

    @property
    def said(self) -> str:
        """The end of its output."""
        return self._log.read_text()[-3000:]

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
    """The stand-in Bot API server (stand_in.py) in its own process; `strict` keeps Telegram's limits and checks all."""

    def __init__(self, folder: Path, bots: int = 1, *, strict: bool = False) -> None:
        self._port = HeldPort()
        self._log = folder / f"stand-in-{self._port.number}.log"
        options = ["--port", str(self._port.number), "--bots", str(bots), *(["--strict"] if strict else [])]
        self._process = Process(["-m", "benchmarks.stand_in", *options], self._log)
        self._connection = HTTPConnection("127.0.0.1", self._port.number, timeout=1200)

    def __enter__(self) -> Self:
        end = time.perf_counter() + NEVER
        while not self._log.read_text().endswith("\n"):
            self._process.check()
            if time.perf_counter() > end:
                raise TimeoutError("the stand-in never said where it is")
            time.sleep(LOOK_EVERY)
        self.url, *self.tokens = self._log.read_text().splitlines()[-1].split()
        self.token = self.tokens[0]
        return self

    def __exit__(self, *args: object) -> None:
        self._connection.close()
        self._process.__exit__(*args)

    def stats(self) -> dict[str, Any]:
        """Calls by method so far, and updates that the bot has not confirmed."""
        answer: dict[str, Any] = self.ask("stats")
        return answer

    def ask(self, what: str, **more: Any) -> Any:
        """What the stand-in answers to POST /standin/<what>."""
        self._connection.request("POST", f"/standin/{what}", json.dumps(more))
        return json.loads(self._connection.getresponse().read())

    def calls(self, method: str) -> int:
        """How many calls of a method came in so far."""
        return int(self.stats()["calls"].get(method, 0))

    def says(self, text: str, people: int = 1, first: int = 1) -> None:
        """So many people, numbered from `first`, write the same to every bot."""
        self.ask("says", text=text, people=people, first=first)

    def refused(self, why: str) -> int:
        """How many calls were refused for this reason. Raises RuntimeError if one was for another."""
        problems: list[str] = self.ask("refused")
        if others := [one for one in problems if why not in one]:
            raise RuntimeError(f"{len(others)} calls were wrong: {others[:5]}")
        return len(problems)

    def sent(self, chats: range) -> list[float]:
        """When each message was taken until the last one to these chats was, in seconds of a monotonic clock."""
        sent: list[tuple[float, int]] = self.ask("sent")
        last = max(time for time, chat in sent if chat in chats)
        return [time for time, _ in sent if time <= last]

    @property
    def taken(self) -> int:
        """How many messages were taken so far."""
        return int(self.ask("taken"))

    def until(self, fact: Callable[[], bool], bot: Process, seconds: float = NEVER) -> None:
        """Waits until something is true. Raises TimeoutError, or RuntimeError if the bot ended."""
        end = time.perf_counter() + seconds
        while not fact():
            bot.check()
            if time.perf_counter() > end:
                raise TimeoutError(f"{self.stats()}")
            time.sleep(LOOK_EVERY)

    def quiet(self, bot: Process, seconds: float = 1.0) -> None:
        """Waits until the bot has taken every update and has called nothing but getUpdates for so long.

        Raises TimeoutError if it never does, or RuntimeError if the bot ended.
        """
        seen: dict[str, Any] = {}
        since = began = time.perf_counter()
        while time.perf_counter() < since + seconds:
            bot.check()
            if since > began + NEVER:
                raise TimeoutError(f"{seen}")
            stats = self.stats()
            stats["calls"].pop("getUpdates", None)
            if stats != seen or any(stats["pending"].values()):
                seen, since = stats, time.perf_counter()
            time.sleep(LOOK_EVERY)

    def talk(self, bot: Process, texts: tuple[str, ...], people: int, first: int = 1) -> Round:
        """All people write all texts, in this order; over when each of these updates has its reply on the wire."""
        before, cpu, own = self.calls("sendMessage"), bot.cpu, self._process.cpu
        updates, began = people * len(texts) * len(self.tokens), time.perf_counter()
        for text in texts:
            self.says(text, people, first)
        self.until(lambda: self.calls("sendMessage") >= before + updates, bot)
        seconds = time.perf_counter() - began
        spent, own = bot.cpu - cpu, self._process.cpu - own
        self.until(lambda: not any(self.stats()["pending"].values()), bot)
        if (extra := self.calls("sendMessage") - before - updates) > 0:
            raise RuntimeError(f"{extra} replies too many: like is not compared with like\n{bot.said}")
        return Round(updates, seconds, spent, own)
