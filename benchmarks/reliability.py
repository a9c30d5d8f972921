"""Makes docs/reliability.md of the findings of soak runs: `python -m benchmarks.reliability run.json …`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT
from benchmarks.report import machine

REPORT = ROOT / "docs" / "reliability.md"
COLUMNS = ("times", "lost", "duplicated", "out_of_order")


def section(run: Mapping[str, Any]) -> str:
    """One run as a paragraph and a table."""
    name = {"sqlite": "SQLite, one process", "postgresql": "PostgreSQL, two processes"}[run["store"]]
    kills = run["by_fault"].get("kill -9", {}).get("times", 0)
    lines = [
        f"### {name}, seed {run['seed']}",
        "",
        f"{run['seconds'] / 60:.1f} minutes, {kills} times `kill -9`. Inputs: {run['inputs']:,} written, "
        f"{run['inputs_lost']} lost. Messages: {run['messages']:,} composed, {run['lost']} lost, "
        f"{run['duplicated']} came twice, {run['out_of_order']} out of order. Mornings and evenings: "
        f"{run['touchpoints']} (of them {run['missed']} past their window, recorded and not sent), "
        f"{run['touchpoints_lost']} lost. Still waiting in the end: {run['never_settled']}. "
        f"Calls that the platform refused: {run['refused']}.",
        "",
        "| fault | times | lost | came twice | out of order |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    rows = sorted(run["by_fault"].items(), key=lambda item: -item[1]["times"])
    lines += [f"| {fault} | " + " | ".join(str(found[column]) for column in COLUMNS) + " |" for fault, found in rows]
    return "\n".join(lines)


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    runs = [run for path in parser.parse_args().runs for run in json.loads(path.read_text("utf-8"))]
    text = (Path(__file__).parent / "reliability.md").read_text("utf-8")
    told = "\n\n".join(section(run) for run in runs)
    listed = "\n".join(f"- {fact}" for fact in machine())
    REPORT.write_text(text.replace("{runs}", told).replace("{machine}", listed), "utf-8")


if __name__ == "__main__":
    main()
