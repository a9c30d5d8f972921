"""Measures everything and writes docs/benchmarks.md: `python -m benchmarks [--quick]`. No network; ten minutes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import broadcasting, burst, memory, mornings, pairing, replicas, talking
from benchmarks.processes import ROOT
from benchmarks.report import Row, machine, table

REPORT = ROOT / "docs" / "benchmarks.md"
SEED = 1
PARTS: Mapping[str, Callable[[bool, int], list[Row]]] = {
    "talking": talking.measure,
    "mornings": mornings.measure,
    "broadcasting": broadcasting.measure,
    "burst": burst.measure,
    "replicas": replicas.measure,
    "memory": memory.measure,
    "pairing": pairing.measure,
}


def main() -> None:
    """Runs, prints, and if everything was measured at its whole size writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small figures in a minute; the report is not written")
    parser.add_argument("--full", action="store_true", help="the broadcast to 20,000, which takes twelve minutes more")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parts = dict(PARTS) | {"broadcasting": partial(broadcasting.measure, full=asked.full)}
    before, began = os.getloadavg()[0], time.monotonic()
    told = table([row for name in asked.parts or PARTS for row in parts[name](asked.quick, asked.seed)])
    facts = [
        *machine(),
        f"seed {asked.seed}, {(time.monotonic() - began) / 60:.0f} minutes",
        f"load average when we began {before:.1f} (of others), when we ended {os.getloadavg()[0]:.1f} (ours included)",
    ]
    print(f"{told}\n\n" + "\n".join(facts))
    if asked.quick or asked.parts:
        sys.stderr.write("docs/benchmarks.md stays as it is: not everything was measured\n")
        return
    text = (Path(__file__).parent / "report.md").read_text("utf-8")
    listed = "\n".join(f"- {fact}" for fact in facts)
    REPORT.write_text(text.replace("{table}", told).replace("{machine}", listed), "utf-8")


if __name__ == "__main__":
    main()
