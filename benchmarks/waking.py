"""A morning among many: what an idle look, a claim and the nudges of everybody due in one minute cost, by `Coach.wake`.

Runs alone, in a process of its own: `python -m benchmarks.waking <database URL> <key> <due> <lots> <others> <seed>`
prints JSON. `others` are participants who are not due.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.crowd import add
from benchmarks.people import settle
from benchmarks.stillness import Stillness
from bot.app import PROGRAMME
from bot.clock import RehearsalClock
from bot.coach import Coach
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import help_facts
from bot.model import Origin
from bot.ports import Store
from bot.safety_rules import load_screen
from bot.storage import open_store
from curriculum.loader import Library
from prompts.renderer import Prompts
from scheduler.alarm import AlarmClock

INSTALLATION = "telegram:1000001"
MORNING = datetime(2026, 3, 10, 7, tzinfo=UTC)
APART = timedelta(minutes=10)  # between the minutes in which one lot and the next are due
LATER = timedelta(hours=6)  # when the first of the others is due
LOOKS = 200
TTL = 600.0  # seconds


class Unwanted(Exception):
    """Takes a claim back."""


async def measure(url: str, key: str, due: int, lots: int, others: int, seed: int) -> dict[str, Any]:
    """Times on the wall and of this process's processor, in seconds; of each lot, until the last commit."""
    store = await open_store(url, [key])
    library, clock = Library(), RehearsalClock(MORNING - timedelta(hours=11), 0)
    coach = Coach(
        store,
        curriculum=library,
        renderer=Prompts(),
        clock=clock,
        gazetteer=OfflineGazetteer(),
        screen=load_screen(),
        help_lines=help_facts,
        programme=PROGRAMME,
        installations=(INSTALLATION,),
        committed=lambda _: None,
    )
    try:
        for lot in range(lots):
            origins = [Origin(INSTALLATION, str(number)) for number in range(lot * due + 1, (lot + 1) * due + 1)]
            minute = MORNING + lot * APART
            await settle(store, origins, library.programme(PROGRAMME, "en"), minute, clock.now(), seed + lot)
        began = time.perf_counter()
        await asyncio.to_thread(add, url, others, MORNING + LATER)
        made = time.perf_counter() - began
        alarm, runs, claims = AlarmClock(coach), [], []
        gc.freeze()  # as `run` does
        idle = await idle_looks(alarm)
        ticks = await idle_ticks(store, clock)
        for lot in range(lots):
            clock.move(MORNING + lot * APART + timedelta(seconds=59))
            claims.append(await claim(store, clock, due))
            runs.append(await wake(alarm, due))
        async with store.reading() as queries:
            queued = (await queries.counts())["queued"]
    finally:
        await store.close()
    if queued != due * lots:
        raise RuntimeError(f"{queued} replies for {due * lots} people")
    return {"idle": idle, "ticks": ticks, "claims": claims, "runs": runs, "made": made}


async def idle_looks(alarm: AlarmClock) -> list[float]:
    """Looks of the alarm clock that find nobody."""
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        if await alarm.look():
            raise RuntimeError("somebody was due")
        took.append(time.perf_counter() - began)
    return took


async def idle_ticks(store: Store, clock: RehearsalClock) -> list[float]:
    """Ticks of an outbox that has nothing to send."""
    epoch = await store.outbox.acquire(INSTALLATION, "bench", TTL)
    if epoch is None:
        raise RuntimeError("somebody holds the lease")
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        await store.outbox.tick(INSTALLATION, "bench", epoch, TTL, (), 64, frozenset(), clock.now(), False)
        took.append(time.perf_counter() - began)
    return took


async def claim(store: Store, clock: RehearsalClock, due: int) -> float:
    """Locks, loads and decrypts everybody who is due, in one transaction that is then taken back."""
    began, took = time.perf_counter(), 0.0
    try:
        async with store.writing() as work:
            claimed = await work.due(clock.now(), due)
            took = time.perf_counter() - began
            raise Unwanted
    except Unwanted:
        if len(claimed) != due:
            raise RuntimeError(f"{len(claimed)} of {due} were due") from None
    return took


async def wake(alarm: AlarmClock, due: int) -> dict[str, float]:
    """One lot's morning, from the minute that all are due to the last commit."""
    async with Stillness() as still:
        began, cpu = time.perf_counter(), time.process_time()
        woken = await alarm.look()
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    if woken != due:
        raise RuntimeError(f"{woken} of {due} were woken")
    return {"people": due, "seconds": seconds, "cpu": spent, "still": still.longest}


if __name__ == "__main__":
    url, key, *counts = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(url, key, *map(int, counts)))))
