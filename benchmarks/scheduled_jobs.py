"""A peer: one APScheduler job per participant, all due in the same minute, each of which does nothing.

Arguments: how many, and optionally the URL of a database for its SQLAlchemyJobStore. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from benchmarks.stillness import Stillness

woken = 0


async def wake(person: int) -> None:
    """One participant's moment: APScheduler stores where this function is, so it counts in a variable of the module."""
    global woken
    woken += 1


async def main(people: int, url: str = "") -> None:
    """Adds the jobs while the scheduler is paused, then lets it go."""
    stores = {"default": SQLAlchemyJobStore(url=url)} if url else {}
    scheduler = AsyncIOScheduler(timezone="UTC", jobstores=stores)
    scheduler.start(paused=True)
    due, began = datetime.now(UTC), time.perf_counter()
    for person in range(people):
        scheduler.add_job(wake, "date", run_date=due, args=(person,), id=str(person), misfire_grace_time=None)
    added = time.perf_counter() - began
    async with Stillness() as still:
        began, cpu = time.perf_counter(), time.process_time()
        scheduler.resume()
        while woken < people:  # noqa: ASYNC110  (the jobs have no event of their own)
            await asyncio.sleep(0.005)
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    scheduler.shutdown(wait=False)
    print(json.dumps({"people": people, "added": added, "seconds": seconds, "cpu": spent, "still": still.longest}))


if __name__ == "__main__":
    # Under this name the job store finds `wake` in the module that counts.
    from benchmarks import scheduled_jobs

    asyncio.run(scheduled_jobs.main(int(sys.argv[1]), *sys.argv[2:]))
