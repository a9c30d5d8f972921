"""A peer: a procrastinate job per nudge, all due at once, each of which does nothing.

Arguments: how many, PostgreSQL's URL. Runs in the peers' own environment and prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from procrastinate import App, PsycopgConnector

AT_ONCE = 1000
CONCURRENCY = 64


async def main(people: int, url: str) -> None:
    """Defers the jobs in lots, then lets a worker do all of them."""
    app = App(connector=PsycopgConnector(conninfo=url))

    async def wake(person: int) -> None:
        """One participant's moment."""

    task = app.task(name="wake")(wake)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for start in range(0, people, AT_ONCE):
            lot = range(start, min(people, start + AT_ONCE))
            await task.batch_defer_async(*({"person": person} for person in lot))
        added = time.perf_counter() - began
        began, cpu = time.perf_counter(), time.process_time()
        await app.run_worker_async(wait=False, concurrency=CONCURRENCY, install_signal_handlers=False)
        seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"people": people, "added": added, "seconds": seconds, "cpu": spent}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
