"""Threads that nobody waits for: what hangs in one keeps no process from ending."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.threads import Unjoined


async def test_a_job_gives_what_it_returns_or_raises() -> None:
    asyncio.get_running_loop().set_default_executor(Unjoined())
    assert await asyncio.to_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 7, 0)


def test_a_loop_ends_while_a_job_hangs() -> None:
    let_go, hangs = threading.Event(), threading.Event()

    def hanging() -> None:
        hangs.set()
        let_go.wait()

    async def begun() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Unjoined())
        loop.run_in_executor(None, hanging)
        await asyncio.to_thread(hangs.wait)

    asyncio.run(begun())  # asyncio's own pool would wait here, for ever
    assert not let_go.is_set()
    let_go.set()


async def test_no_more_than_so_many_jobs_go_on_at_once() -> None:
    asyncio.get_running_loop().set_default_executor(Unjoined(at_once=2))
    lock, now, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def job() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait()
        with lock:
            now[0] -= 1

    await asyncio.gather(*(asyncio.to_thread(job) for _ in range(8)))
    assert most == [2]
