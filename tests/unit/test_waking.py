"""An alarm that leads to trouble: it is put off, says nothing private, and holds up nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import engine
from bot.clock import RehearsalClock
from bot.model import Input, Participant, Turn
from bot.storage import open_store
from bot.storage.vault import Vault
from bot.timetable import PUT_OFF
from scheduler.alarm import AlarmClock
from tests.unit.test_flood import NOW, coach, participants

GRIEF = "my mother's lullaby"


class Unwritable:
    """What no store can keep, and what would stand in the error that says so."""

    def __repr__(self) -> str:
        return GRIEF


class Breaking:
    """An engine whose turns for one person cannot be written."""

    def __init__(self) -> None:
        self.person = ""

    def __call__(self, person: Participant, given: Input, world: engine.World) -> Turn:
        turn = engine.advance(person, given, world)
        self.person = self.person or person.id
        if person.id != self.person:
            return turn
        broken: Any = Unwritable()
        return replace(turn, participant=replace(turn.participant, intention=broken))


async def test_a_turn_that_cannot_be_written_is_put_off_and_the_others_have_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/heartsease.db", [Vault.make_key()])
    try:
        clock = RehearsalClock(NOW - timedelta(hours=2), 0)
        await participants(store, clock, 3)
        clock.move(NOW)
        breaking = Breaking()
        await AlarmClock(coach(store, clock, breaking)).look()
        async with store.reading() as queries:
            assert await queries.overdue(clock.now()) == 0
            assert [len(await queries.touchpoints(breaking.person)), sum((await queries.queue()).values())] == [0, 2]
            assert await queries.next_wake(clock.now()) == clock.now() + PUT_OFF
        assert GRIEF not in "".join(capsys.readouterr())
    finally:
        await store.close()


class Failing:
    """A door that cannot be opened."""

    async def wake(self, limit: int = 200) -> int:
        raise RuntimeError(GRIEF)


async def test_an_alarm_clock_that_fails_says_so_and_not_why_in_anybodys_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alarm = AlarmClock(Failing())  # type: ignore[arg-type]
    assert await alarm.look() == 0
    assert not alarm.ok
    said = "".join(capsys.readouterr())
    assert "RuntimeError" in said
    assert GRIEF not in said
