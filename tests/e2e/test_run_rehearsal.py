"""The rehearsal clock over HTTP, to the letter of design.md §8."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.e2e.course import EVENING, MORNING, prepared, settings_of
from tests.e2e.running import ROOT, Running
from tests.standin.telegram import TOKEN, Limits, StandIn

BAD = (
    "",
    "next",
    "[]",
    "{}",
    '"next"',
    '{"to": 5}',
    '{"to": null}',
    '{"to": "tomorrow"}',
    '{"to": "NEXT"}',
    '{"to": ""}',
    '{"to": "2026-03-04T08:00:00"}',
    '{"to": "2026-03-04"}',
    '{"to": "2026-02-30T08:00:00Z"}',
    '{"to": "9999-12-31T23:59:59-23:00"}',
    '{"to": "next", "speed": 1}',
    '{"at": "next"}',
    "[" * 100_000,
)
PAST = ("2026-03-03T04:59:59Z", "2026-03-03T06:59:59+02:00", "0001-01-01T00:00:00+23:00")


async def test_the_clock_moves_by_request_only_and_through_every_wake(tmp_path: Path) -> None:
    await prepared(tmp_path, [1, 2])
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server)) as product,
        httpx.AsyncClient(base_url=product.url, trust_env=False, timeout=60) as client,
    ):
        ana, ben = server.person(1), server.person(2, "Ben")
        start = {"now": "2026-03-03T05:00:00Z", "next_wake": "2026-03-03T07:00:00Z", "pending": 0, "idle": True}
        assert (await client.get("/rehearsal")).json() == start
        for body in BAD:
            answer = await client.post("/rehearsal", content=body)
            assert (answer.status_code, list(answer.json())) == (400, ["error"]), body
        for time in PAST:
            assert (await client.post("/rehearsal", json={"to": time})).status_code == 400, time
        assert (await client.get("/rehearsal")).json() == start
        for same in ("2026-03-03T05:00:00Z", "2026-03-03T06:00:00+01:00", "2026-03-03T05:00:00.000+00:00"):
            answer = await client.post("/rehearsal", json={"to": same})
            assert (answer.status_code, answer.json()) == (200, start)
        assert ana.messages == []

        assert await product.move("next") == start | {
            "now": "2026-03-03T07:00:00Z",
            "next_wake": "2026-03-03T19:00:00Z",
        }
        assert [len(ana.messages), len(ben.messages)] == [1, 1]
        status = await product.move("2026-03-04T08:30:15+01:00")  # past the evening and the next morning
        assert (status["now"], status["idle"], status["pending"]) == ("2026-03-04T07:30:15Z", True, 0)
        assert [len(ana.messages), len(ben.messages)] == [3, 3]
        assert server.refusals == []

        await product.terminate()
        product.settings["REHEARSAL"] = "start=2027-01-01T00:00:00Z,speed=0"  # serves a new database only
        await product.start()
        assert await product.status() == status
        await product.kill()
        product.settings["REHEARSAL"] = "start=2025-01-01T00:00:00Z,speed=0"
        await product.start()
        assert await product.status() == status
        assert [len(ana.messages), len(ben.messages)] == [3, 3]


async def test_with_nothing_planned_next_changes_nothing_and_a_clock_at_speed_runs(tmp_path: Path) -> None:
    calm, hasty = tmp_path / "calm", tmp_path / "hasty"
    for folder in (calm, hasty):
        folder.mkdir()
    await prepared(hasty, [1])
    async with StandIn(limits=Limits.raised()) as server:
        ana = server.person(1)
        settings = {"REHEARSAL": "start=2026-03-02T05:00:00Z,speed=0"}  # no platform at all
        fast = settings_of(server, REHEARSAL="start=2026-03-03T06:00:00Z,speed=3600")  # an hour a second
        async with Running(calm, settings) as still, Running(hasty, fast) as running:
            nothing = {"now": "2026-03-02T05:00:00Z", "next_wake": None, "pending": 0, "idle": True}
            assert await still.move("next") == nothing
            assert (await still.move("2026-03-09T05:00:00Z"))["now"] == "2026-03-09T05:00:00Z"
            await server.until(lambda: bool(ana.messages))
            seen = await now(running)
            assert MORNING <= seen < EVENING
            await running.terminate()
            await running.start()
            assert seen <= await now(running) < EVENING
            assert len(ana.messages) == 1
            assert server.refusals == []


async def now(product: Running) -> datetime:
    """What the rehearsal's clock shows."""
    return datetime.fromisoformat((await product.status())["now"])


@pytest.mark.parametrize("url", ["", "https://api.telegram.org/", "https://API.telegram.org"])
async def test_a_rehearsal_never_speaks_to_real_people_by_accident(tmp_path: Path, url: str) -> None:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("HEARTSEASE_")}
    settings = {
        "HEARTSEASE_DATABASE_URL": f"sqlite:///{tmp_path}/heartsease.db",
        "HEARTSEASE_TELEGRAM_TOKEN": TOKEN,
        "HEARTSEASE_REHEARSAL": "start=2026-03-02T05:00:00Z,speed=0",
    }
    if url:
        settings["HEARTSEASE_TELEGRAM_API_URL"] = url
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "run"],
        cwd=ROOT,
        env=plain | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2
    assert "HEARTSEASE_REHEARSAL" in output
    assert "TELEGRAM_API_URL" in output  # the fix
    assert TOKEN not in output
    assert os.listdir(tmp_path) == []  # no database, no key
