"""Telegram's official limits, kept with our defaults."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.e2e.course import MORNING, prepared, settings_of
from tests.e2e.running import Running
from tests.standin.telegram import StandIn

PEOPLE = range(1, 61)
DEFAULTS = {"TELEGRAM_RATE": "", "TELEGRAM_CHAT_RATE": ""}


async def test_sixty_people_due_at_once_meet_no_429_and_a_reply_goes_ahead_of_them(tmp_path: Path) -> None:
    await prepared(tmp_path, PEOPLE)
    async with StandIn() as server, Running(tmp_path, settings_of(server, **DEFAULTS)) as product:
        people = [server.person(number) for number in PEOPLE]
        eva = server.person(1000, "Eva")
        began = time.monotonic()
        morning = asyncio.create_task(product.move(MORNING.isoformat()))
        await server.until(lambda: server.count("sendMessage") >= 5)
        eva.says("/start")
        await eva.next_message()
        still_waiting = sum(not person.messages for person in people)
        status = await morning
        took = time.monotonic() - began
    assert (status["idle"], status["now"]) == (True, "2026-03-03T07:00:00Z")
    assert server.refusals == []
    assert still_waiting > 20
    assert took > 58 / 28
    for person in people:
        assert [message.button("Tell me more") is not None for message in person.messages] == [True]
