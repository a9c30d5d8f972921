"""How many the alarm clock wakes at once: as many as leave room for those who write meanwhile."""

from __future__ import annotations

import pytest

from scheduler.alarm import AT_LEAST, AT_ONCE, PACE, AlarmClock


class Slow:
    """A door that takes so long for each person, by a clock of its own, while so many are due."""

    def __init__(self, due: int, each: float) -> None:
        self.due, self.each, self.seconds = due, each, 0.0
        self.lots: list[int] = []

    async def wake(self, limit: int = 200) -> int:
        woken = min(limit, self.due)
        self.due -= woken
        self.seconds += woken * self.each
        self.lots.append(woken)
        return woken

    def monotonic(self) -> float:
        return self.seconds


def alarm_of(door: Slow) -> AlarmClock:
    return AlarmClock(door, monotonic=door.monotonic)  # type: ignore[arg-type]


@pytest.mark.parametrize(("each", "most"), [(0.0, AT_ONCE), (0.0001, AT_ONCE), (0.001, 50), (0.5, AT_LEAST)])
async def test_a_batch_is_as_large_as_can_be_and_takes_no_longer_than_its_pace(each: float, most: int) -> None:
    door = Slow(2000, each)
    assert await alarm_of(door).look() == 2000
    assert door.lots[5] == most
    assert max(door.lots[1:]) * each <= PACE or most == AT_LEAST


async def test_a_machine_that_was_busy_gets_large_batches_again_by_and_by() -> None:
    door = Slow(300, 0.5)
    alarm = alarm_of(door)
    await alarm.look()
    door.due, door.each, door.lots = 2000, 0.0001, []
    await alarm.look()
    assert door.lots[:6] == [AT_LEAST, 20, 40, 80, 160, AT_ONCE]
