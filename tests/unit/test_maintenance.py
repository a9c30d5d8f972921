"""The maintenance task: what it does when, on a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import RehearsalClock
from bot.errors import StoreError
from bot.keeping import Keep
from bot.maintenance import EVERY, SIGN, SOON, Maintenance
from bot.settings import Settings

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


@dataclass
class House:
    """Notes what is done to it, and when; the second purge fails."""

    seconds: float = 0.0
    until: float = 3 * EVERY
    tidied: int = 0
    signs: int = 0
    retired: int = 10_000  # by which sign of life the key is
    purges: list[float] = field(default_factory=list)
    trouble: Exception = field(default_factory=RuntimeError)

    async def purge(self, keep: Keep, now: datetime) -> Mapping[str, int]:
        assert (keep, now) == (Keep(), NOW)
        self.purges.append(self.seconds)
        if len(self.purges) == 2:
            raise self.trouble
        return {"sent": 3}

    async def present(self) -> bool:
        self.signs += 1
        return self.signs < self.retired

    async def tidy(self) -> bool:
        self.tidied += 1
        return True

    async def wait(self, stop: asyncio.Event, seconds: float) -> None:
        self.seconds += seconds
        if self.seconds >= self.until:
            stop.set()


@pytest.mark.parametrize("trouble", [StoreError("away", "unreachable"), RuntimeError("a bug of ours")])
async def test_it_tidies_within_seconds_purges_every_hour_and_outlives_all_trouble(trouble: Exception) -> None:
    house = House(trouble=trouble, until=4 * EVERY)
    stop = asyncio.Event()
    clock = RehearsalClock(NOW, speed=0)
    gone: list[Mapping[str, int]] = []
    at, wait = lambda: house.seconds, house.wait
    await Maintenance(house, clock, Keep(), purged=gone.append, monotonic=at, wait=wait).run(stop)
    assert (house.purges, gone) == ([EVERY, 2 * EVERY, 3 * EVERY], [{"sent": 3}, {"sent": 3}])
    assert house.tidied == house.until / SOON


async def test_it_gives_a_sign_of_life_and_stops_when_its_key_was_retired() -> None:
    house = House(retired=4)
    stop = asyncio.Event()
    clock = RehearsalClock(NOW, speed=0)
    await Maintenance(house, clock, Keep(), monotonic=lambda: house.seconds, wait=house.wait).run(stop)
    assert (house.signs, house.seconds, house.purges) == (4, 4 * SIGN, [])
    assert house.tidied == 4 * SIGN / SOON


def test_the_settings_say_how_long_what_is_kept() -> None:
    assert Settings(_env_file=None).keep == Keep()
    keep = Settings(_env_file=None, keep_left_days=7, keep_sent_days=1).keep
    assert (keep.left, keep.sent) == (timedelta(days=7), timedelta(days=1))
