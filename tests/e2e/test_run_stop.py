"""SIGTERM while messages fly."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.course import prepared, quiet, settings_of
from tests.e2e.running import Running
from tests.standin.telegram import Limits, StandIn

PEOPLE = range(1, 61)

# Python runs this at its start: a resolver that never answers for one host, as behind a firewall that drops packets.
HANGING = """
import socket
resolve = socket.getaddrinfo
def hang(host, *more, **named):
    if host == "coach.invalid":
        socket.create_connection(("127.0.0.1", {port})).recv(1)
    return resolve(host, *more, **named)
socket.getaddrinfo = hang
"""


async def test_a_stop_in_a_burst_loses_and_doubles_nothing_even_if_a_send_hangs(tmp_path: Path) -> None:
    await prepared(tmp_path, PEOPLE)
    async with StandIn(limits=Limits.raised()) as server:
        people = [server.person(number) for number in PEOPLE]
        late = settings_of(server, REHEARSAL="start=2026-03-03T07:05:00Z,speed=0", TELEGRAM_RATE="40")
        server.fault("sendMessage", "hang")
        async with Running(tmp_path, late) as product:
            await server.until(lambda: server.count("sendMessage") >= 10)
            began = time.monotonic()
            assert await product.terminate() == 0
            assert time.monotonic() - began < 10
            before = sum(len(person.messages) for person in people)
            assert 9 <= before < len(people)
            assert server.count("sendMessage") == before + 1  # the one that hung
            await product.start()
            await server.until(lambda: all(person.messages for person in people))
            await quiet(server, product)
            assert "Traceback" not in product.log()
        assert [len(person.messages) for person in people] == [1] * len(people)
        assert server.refusals == []


async def test_a_stop_while_many_write_answers_everybody_once_in_the_end(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        people = [server.person(number) for number in range(1, 201)]
        async with Running(tmp_path, settings_of(server)) as product:
            for person in people:
                person.says("/start")
            await server.until(lambda: server.count("sendMessage") >= 20)
            assert await product.terminate() == 0
            assert any(not person.messages for person in people)
            await product.start()
            await server.until(lambda: all(len(person.messages) >= 2 for person in people))
            await quiet(server, product)
            assert "Traceback" not in product.log()
        assert [len(person.messages) for person in people] == [2] * len(people)  # the welcome, and the first question
        assert server.refusals == []


async def test_a_stop_does_not_wait_for_a_name_that_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up, let_go = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        looked_up.set()
        await reader.read()
        writer.close()
        let_go.set()

    resolver = await asyncio.start_server(hang, "127.0.0.1", 0)
    (tmp_path / "sitecustomize.py").write_text(HANGING.format(port=resolver.sockets[0].getsockname()[1]))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    product = Running(tmp_path, settings_of(StandIn(), TELEGRAM_API_URL="http://coach.invalid"))
    try:
        async with resolver:
            await product.start(until=503)
            await looked_up.wait()
            began = time.monotonic()
            assert await product.terminate() == 0
            assert time.monotonic() - began < 10
            await let_go.wait()
        assert "Traceback" not in product.log()
    finally:
        await product.__aexit__()
