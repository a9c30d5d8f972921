"""Threads for what blocks, above all DNS: nobody waits for them when the process stops."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore, Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = min(32, (os.cpu_count() or 1) + 4)  # jobs, as in asyncio's own pool


class Unjoined(ThreadPoolExecutor):
    """Does each job in a daemon thread of its own, so many at once.

    asyncio's own pool is joined at the end of the loop and of the process, and a look-up that hangs ends after half a
    minute only. A loop takes no executor but a ThreadPoolExecutor, of which nothing else is used here.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        super().__init__()
        self._room = Semaphore(at_once)

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begins when there is room."""
        future = Future[T]()

        def do() -> None:
            with self._room:
                if future.set_running_or_notify_cancel():
                    try:
                        future.set_result(work(*args, **kwargs))
                    except BaseException as error:
                        future.set_exception(error)

        Thread(target=do, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Waits for nothing: whose work counts waits for it themselves."""
