"""A platform that stumbles: everything arrives, at most the affected send twice, and nobody else waits."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.e2e.course import MORNING, prepared, quiet, settings_of, told
from tests.e2e.running import Running
from tests.standin.addresses import HeldPort
from tests.standin.telegram import Limits, StandIn


async def test_every_failure_of_a_send_is_that_sends_alone(tmp_path: Path) -> None:
    await prepared(tmp_path, range(1, 8))
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server)) as product,
    ):
        flood, errors, half, dropped, garbage, *others = people = [server.person(n) for n in range(1, 8)]
        server.fault("sendMessage", 429, retry_after=2, chat=flood.id)
        server.fault("sendMessage", 500, times=2, chat=errors.id)
        server.fault("sendMessage", "half", chat=half.id)
        server.fault("sendMessage", "drop", chat=dropped.id)
        server.fault("sendMessage", "garbage", chat=garbage.id)
        began = time.monotonic()
        moving = asyncio.create_task(product.move(MORNING.isoformat()))
        await server.until(lambda: all(person.messages for person in others))
        assert flood.messages == errors.messages == []  # the others did not wait for them
        await server.until(lambda: bool(flood.messages))
        assert time.monotonic() - began >= 2
        assert (await moving)["idle"]
        assert [len(person.messages) for person in people] == [1, 1, 2, 1, 1, 1, 1]
        assert half.messages[0].text == half.messages[1].text
        assert server.refusals == []


async def test_polls_that_break_lose_no_update_and_double_none(tmp_path: Path) -> None:
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server)) as product,
    ):
        ana = server.person(1)
        for what in ("half", "drop"):
            server.fault("getUpdates", what)
        ana.says("/start")  # ends the poll under way; those that follow break
        await told(server, ana, "Do you agree")
        ana.taps("I agree")
        await told(server, ana, "call you")
        server.fault("getUpdates", 502)
        ana.says("Ana")
        await told(server, ana, "city")
        await quiet(server, product)
        questions = [message.text for message in ana.messages if message.text.endswith("?")]
        assert len(questions) == len(set(questions)) == 3
        await product.until_ready()


async def test_a_platform_that_is_down_at_the_start_is_waited_for(tmp_path: Path) -> None:
    await prepared(tmp_path, [1])
    held = HeldPort()
    server = StandIn(limits=Limits.raised(), port=held.number)
    ana = server.person(1)
    product = Running(tmp_path, settings_of(server, REHEARSAL="start=2026-03-03T07:05:00Z,speed=0"))
    try:
        await product.start(until=503)  # and stays so
        assert (await product.get("/healthz")).status_code == 200
        async with server:
            await product.until_ready()
            await told(server, ana, "")
            await quiet(server, product)
            assert len(ana.messages) == 1
            assert server.refusals == []
    finally:
        await product.__aexit__()
