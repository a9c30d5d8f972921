"""How many nudges a second are composed and committed: everybody due in the same minute, through `Coach.wake`.

Runs alone, in a process of its own: `python -m benchmarks.nudges <database URL> <people> <seed>` prints JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from datetime import UTC, datetime, timedelta

from benchmarks.people import settle
from bot.app import PROGRAMME
from bot.clock import RehearsalClock
from bot.coach import Coach
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import help_facts
from bot.model import Origin
from bot.safety_rules import load_screen
from bot.storage import open_store
from bot.storage.vault import Vault
from curriculum.loader import Library
from prompts.renderer import Prompts
from scheduler.alarm import AlarmClock

INSTALLATION = "telegram:1000001"
MORNING = datetime(2026, 3, 10, 7, tzinfo=UTC)


async def measure(url: str, people: int, seed: int) -> dict[str, float]:
    """Seconds on the wall and of processor time from the minute that all are due to the last commit."""
    store = await open_store(url, [Vault.make_key()])
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
        origins = [Origin(INSTALLATION, str(number)) for number in range(1, people + 1)]
        await settle(store, origins, library.programme(PROGRAMME, "en"), MORNING, clock.now(), seed)
        clock.move(MORNING + timedelta(seconds=59))
        gc.freeze()  # as `run` does
        began, cpu = time.perf_counter(), time.process_time()
        woken = await AlarmClock(coach).look()
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
        async with store.reading() as queries:
            queued = (await queries.counts())["queued"]
    finally:
        await store.close()
    if not woken == queued == people:
        raise RuntimeError(f"{woken} woken and {queued} replies for {people} people")
    return {"people": people, "seconds": seconds, "cpu": spent}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
