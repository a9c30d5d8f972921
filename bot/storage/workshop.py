"""A folder of a restore's own, beside the file that it is about; what one left that was killed goes with the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".restoring."


@contextmanager
def workshop(beside: Path) -> Iterator[Path]:
    """A new folder, for as long as the block lasts. Raises OSError where none can be made."""
    for left in beside.parent.glob(f"{PREFIX}*"):
        with _ours(left) as ours:
            if ours:  # a whole copy of the database, which nobody works on any more
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=beside.parent, prefix=PREFIX) as name, _ours(Path(name)):
        yield Path(name)


@contextmanager
def _ours(folder: Path) -> Iterator[bool]:
    """Locks a folder if nobody else does; the lock is gone when the process is."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = True
    except BlockingIOError:
        mine = False
    try:
        yield mine
    finally:
        os.close(descriptor)
