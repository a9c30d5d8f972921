"""A folder of dated backups: one more each time, and those that were kept for long enough go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import StoreError
from bot.storage.copies import back_up

STAMP = "%Y%m%dT%H%M%SZ"
# A backup of ours; or what is left of one that was cut off, with what SQLite puts beside it.
OURS = re.compile(r"heartsease-(\d{8}T\d{6}Z)\.backup|\.heartsease-(\d{8}T\d{6}Z)\.backup\.[a-z0-9_]{8}(?:-\w+)?")


@dataclass(frozen=True, slots=True)
class Shelved:
    """The new backup, the fingerprints of the keys that it needs, and the older ones that were deleted."""

    file: Path
    needed: Sequence[str]
    gone: Sequence[Path]


async def shelve(url: str, folder: Path, days: int, now: datetime) -> Shelved:
    """Writes a backup that bears its time into a folder, then deletes what was written so more than `days` ago.

    Nothing else in the folder is touched, and nothing at all if there is no new backup. `now` is aware.

    Raises:
        StoreError: there is no such folder, the database cannot be copied, or an older backup cannot be deleted.
    """
    file = _place(folder, now)
    needed = await back_up(url, file)
    gone = sorted(_written_before(folder, now - timedelta(days=days)))
    for old in gone:
        _deleted(old)
    return Shelved(file, needed, gone)


def _place(folder: Path, now: datetime) -> Path:
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder; make it first (is the disk for backups there?).", "missing")
    return folder / f"heartsease-{now.astimezone(UTC).strftime(STAMP)}.backup"


def _deleted(old: Path) -> None:
    try:
        old.unlink(missing_ok=True)
    except OSError as error:
        problem = f"The new backup is written, but {old} cannot be deleted ({error.strerror})"
        raise StoreError(f"{problem}; delete it by hand.", "read_only") from error


def _written_before(folder: Path, limit: datetime) -> Iterator[Path]:
    """By the time in its name: a file that is copied elsewhere and back is as old as before."""
    for path in folder.iterdir():
        found = OURS.fullmatch(path.name)
        if found and path.is_file() and not path.is_symlink() and _time(found[1] or found[2]) < limit:
            yield path


def _time(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:  # a day that no calendar has: not of ours
        return datetime.max.replace(tzinfo=UTC)
