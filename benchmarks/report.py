"""What was measured as one table, each row beside its peers, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.processes import PEERS_PYTHON, ROOT

OURS = "Heartsease"
HEAD = ["measure", OURS, "aim", "beside it", "its figure", "ours is"]
LIBRARIES = ("python-telegram-bot", "aiohttp", "httpx", "SQLAlchemy", "cryptography", "APScheduler", "rustworkx")
PEERS = ("aiogram", "procrastinate")


@dataclass(frozen=True, slots=True)
class Row:
    """A measure: our samples, those of peers by name, what we aim at, and how many decimals mean something."""

    what: str
    ours: Sequence[float]
    peers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    aim: str = ""
    met: bool | None = None
    decimals: int = 0

    def lines(self) -> Iterator[list[str]]:
        """A line with our figure and the first peer's, and one for every other peer: medians and spread."""
        verdict = "" if self.met is None else (" ✓" if self.met else " ✗")
        mine = [self.what, self._figure(self.ours), self.aim + verdict]
        for name, samples in self.peers.items():
            yield [*mine, name, self._figure(samples), self._times(samples)]
            mine = ["", "", ""]
        if not self.peers:
            yield [*mine, "", "", ""]

    def _figure(self, samples: Sequence[float]) -> str:
        low, middle, high = (f"{each:,.{self.decimals}f}" for each in (min(samples), median(samples), max(samples)))
        return f"{middle} ({low}–{high})" if len(samples) > 1 else middle

    def _times(self, samples: Sequence[float]) -> str:
        return f"×{median(self.ours) / median(samples):.2f}" if median(samples) else ""


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that this share of the samples does not exceed."""
    return sorted(samples)[max(0, -int(-len(samples) * share // 1) - 1)]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, whose columns also line up as plain text."""
    lines = [HEAD, *(line for row in rows for line in row.lines())]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def machine() -> Iterator[str]:
    """What it was measured on, and with which versions."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1e6
    yield f"{cpu.partition(':')[2].strip()}, {os.cpu_count()} cores, {memory:.0f} GB"
    yield f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.release()}"
    yield ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield f"peers in an environment of their own: {peers()}"
    yield f"commit {commit()}"


def peers() -> str:
    """The versions there."""
    if not PEERS_PYTHON.exists():
        return "not installed, so not measured"
    ask = f"from importlib.metadata import version as v; print(*(n + ' ' + v(n) for n in {PEERS}), sep=', ')"
    return subprocess.run([PEERS_PYTHON, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def commit() -> str:
    """The commit, and whether files differ from it."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout
    return (head.strip() or "unknown") + (", with changes" if changed else "")
