"""The machine's own clock: when somebody sets it, that is said and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import accumulate

from structlog.testing import capture_logs

from bot.clock import tell_of_steps


async def told(*moved: float) -> tuple[Sequence[float], int]:
    """What is said and how often it is counted, if the machine's clock moves on by so much a look, of five seconds."""
    shown = list(accumulate((1_000_000.0, *moved)))
    stop, looks, counted = asyncio.Event(), 0, 0

    async def wait(event: asyncio.Event, seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == len(moved):
            event.set()

    def count() -> None:
        nonlocal counted
        counted += 1

    with capture_logs() as lines:
        await tell_of_steps(stop, count, wall=lambda: shown[looks], monotonic=lambda: 70.0 + 5.0 * looks, wait=wait)
    return [line["seconds"] for line in lines if line["event"] == "clock_set"], counted


async def test_a_clock_that_is_set_is_told_of_once_forwards_and_back() -> None:
    assert await told(5, 3605, 5, 5, -3595, 5) == ([3600, -3600], 2)


async def test_a_clock_that_is_kept_right_by_the_network_is_not_told_of() -> None:
    assert await told(5.5, 4.5, 5.9, 6.2, 5.9, 4) == ([], 0)
