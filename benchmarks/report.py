"""What was measured as one table, each row beside its peers, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.candidates import DEFAULT, EAGER, ECHO, OURS
from benchmarks.processes import ROOT
from benchmarks.talking import JOURNAL, TODAY, Talk

PEERS = (ECHO, DEFAULT, EAGER)
LIBRARIES = ("python-telegram-bot", "aiohttp", "SQLAlchemy", "cryptography", "rustworkx")


@dataclass(frozen=True, slots=True)
class Row:
    """A measure: our samples, those of peers by name, what we aim at, and how many decimals mean something."""

    what: str
    ours: Sequence[float]
    peers: Mapping[str, Sequence[float]]
    aim: str = ""
    met: bool | None = None
    decimals: int = 0

    def cells(self) -> list[str]:
        """The row's cells: median and spread, and for a peer how many times its figure ours is."""
        beside = [self._beside(self.peers[name]) if name in self.peers else "–" for name in PEERS]
        verdict = "" if self.met is None else (" ✓" if self.met else " ✗")
        return [self.what, self._figure(self.ours), *beside, self.aim + verdict]

    def _figure(self, samples: Sequence[float]) -> str:
        low, middle, high = (f"{each:,.{self.decimals}f}" for each in (min(samples), median(samples), max(samples)))
        return f"{middle} ({low}–{high})" if len(samples) > 1 else middle

    def _beside(self, samples: Sequence[float]) -> str:
        return f"{self._figure(samples)}: ×{median(self.ours) / median(samples):.2f}"


def rows_of(talks: Mapping[str, Talk], nudges: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Row]:
    """All measures. `nudges` are runs by database."""
    ours, peers = talks[OURS], {name: talks[name] for name in PEERS}
    rows = []
    for load, name in ((TODAY, "/today"), (JOURNAL, "journal, with its keyboard edit")):
        rates = {name: talk.rates(load) for name, talk in peers.items()}
        enough = median(ours.rates(load)) >= max(median(rates[DEFAULT]), median(rates[EAGER]))
        aim = "at least ConversationHandler's"
        rows.append(Row(f"updates a second: {name}", ours.rates(load), rates, aim, enough))
        spent = {name: talk.milliseconds(load) for name, talk in peers.items()}
        rows.append(Row(f"processor ms an update: {name}", ours.milliseconds(load), spent, decimals=2))
    for database, runs in nudges.items():
        a_second = [run["people"] / run["seconds"] for run in runs]
        a_core = [run["people"] / run["cpu"] for run in runs]
        rows.append(Row(f"nudges a second: {database}", a_second, {}))
        aim, met = ("at least 2,000", median(a_core) >= 2000) if database == "SQLite" else ("", None)
        rows.append(Row(f"nudges a second of a core of ours: {database}", a_core, {}, aim, met))
    memory: Mapping[str, tuple[Sequence[float], Mapping[str, Sequence[float]]]] = {
        "at the start": (ours.at_start, {name: talk.at_start for name, talk in peers.items()}),
        "after a walk": (ours.after_walk, {name: talk.after_walk for name, talk in peers.items()}),
        "after a city look-up": (ours.after_city, {}),
    }
    for when, (own, others) in memory.items():
        rows.append(Row(f"resident MB {when}", own, others, "under 200", max(own) < 200))
    polls = {name: talk.first_polls for name, talk in peers.items()}
    rows.append(Row("s to the first poll", ours.first_polls, polls, "under 2", median(ours.first_polls) < 2, 2))
    fresh = ours.with_new_database
    rows.append(Row("s to the first poll, new database", fresh, {}, "under 2", median(fresh) < 2, 2))
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, whose columns also line up as plain text."""
    lines = [["measure", OURS, *PEERS, "aim"], *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def machine() -> Iterator[str]:
    """What it was measured on, and how busy that was."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1e6
    yield f"{cpu.partition(':')[2].strip()}, {os.cpu_count()} cores, {memory:.0f} GB"
    yield f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.release()}"
    yield ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield f"commit {commit()}"


def commit() -> str:
    """The commit, and whether files differ from it."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout
    return (head.strip() or "unknown") + (", with changes" if changed else "")
