"""The listener comes and goes with the lease, and there are never two."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from bot.installation import Installation, help_out
from bot.limits import Limits


class Slow:
    """An adapter whose listener takes its time to end."""

    installation = "telegram:1"

    def __init__(self) -> None:
        self.began = self.listening = self.most = 0
        self.may_end = asyncio.Event()

    async def listen(self, door: Any) -> None:
        self.began += 1
        self.listening += 1
        self.most = max(self.most, self.listening)
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_end.wait()
            self.listening -= 1


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_lease_that_comes_back_before_the_old_listener_ended_is_listened_to() -> None:
    adapter = Slow()
    one = Installation(adapter, None, Limits(), None)  # type: ignore[arg-type]
    one.start_listening()
    await settled()
    one.lose()
    await settled()
    one.start_listening()
    await settled()
    assert adapter.began == 1
    adapter.may_end.set()
    await settled()
    assert (adapter.began, adapter.listening, adapter.most) == (2, 1, 1)
    await one.stop_listening()
    assert adapter.listening == 0


class Unlucky(Slow):
    """A listener of two tasks, one of which fails in the moment in which both are told to end."""

    async def listen(self, door: Any) -> None:
        self.began += 1
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._failing())
            await asyncio.Event().wait()

    async def _failing(self) -> None:
        await self.may_end.wait()
        raise OSError


async def test_a_listener_that_fails_while_it_is_told_to_end_ends() -> None:
    adapter = Unlucky()
    one = Installation(adapter, None, Limits(), None)  # type: ignore[arg-type]
    one.start_listening()
    await settled()
    adapter.may_end.set()
    await asyncio.sleep(0)  # the failure is on its way to the group
    one.lose()
    await settled()
    assert one.listening is not None
    assert one.listening.done()
    assert adapter.began == 1


class Deaf(Slow):
    """A listener that loses the first word to end, as `asyncio.wait_for` does whose result comes in that moment."""

    async def listen(self, door: Any) -> None:
        self.began += 1
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()


@pytest.mark.parametrize("lost", [False, True], ids=["we stop", "its lease is lost"])
async def test_a_listener_that_loses_the_word_to_end_is_told_again(lost: bool) -> None:
    adapter = Deaf()
    one = Installation(adapter, None, Limits(), None, again=0.0)  # type: ignore[arg-type]
    one.start_listening()
    await settled()
    assert one.listening is not None
    if lost:
        one.lose()
        await settled()
    else:
        async with asyncio.timeout(5):
            await one.stop_listening()
    assert one.listening.done()
    assert adapter.began == 1


class Door:
    """Has something to work on twice, and fails once."""

    def __init__(self) -> None:
        self.left: list[int | OSError] = [1, 0, OSError(), 1, 0]

    async def work(self) -> int:
        found = self.left.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


async def test_what_comes_to_us_for_another_is_worked_on_and_a_failure_ends_nothing() -> None:
    door, kept = Door(), asyncio.Event()
    helping = asyncio.create_task(help_out(door, kept))  # type: ignore[arg-type]
    for left in (3, 2, 0):
        kept.set()
        await settled()
        assert len(door.left) == left
    helping.cancel()


class Sending:
    """An outbox that works, with the lease or without."""

    ok, last_error = True, ""

    def __init__(self, *, held: bool) -> None:
        self.held = held


async def test_a_trouble_from_before_the_lease_was_lost_makes_nobody_unready() -> None:
    adapter = Slow()
    adapter.problem = "conflict"  # type: ignore[attr-defined]
    fares = [Installation(adapter, Sending(held=held), Limits(), None).state for held in (True, False)]  # type: ignore[arg-type]
    assert fares == ["conflict", "ok"]
