"""A folder of dated backups: one more each time, and those that were kept for long enough go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.errors import StoreError
from bot.storage.copies import back_up

STAMP = "%Y%m%dT%H%M%SZ"
LEAST = 3  # the newest stay, however old they seem: a clock that is far ahead does not take all but one
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

    The three newest stay in any case. Nothing else in the folder is touched, and nothing at all if there is no new
    backup. `now` is aware.

    Raises:
        StoreError: there is no such folder, the database cannot be copied, or an older backup cannot be deleted.
    """
    file = _place(folder, now)
    needed = await back_up(url, file)
    return Shelved(file, needed, _cleared(folder, now, timedelta(days=days)))


def _place(folder: Path, now: datetime) -> Path:
    try:
        if not folder.is_dir():
            raise StoreError(f"{folder} is no folder; make it first (is the disk for backups there?).", "missing")
    except OSError as error:
        raise StoreError(f"{folder} must be a folder that this user may read and write to.", "missing") from error
    return folder / f"heartsease-{now.astimezone(UTC).strftime(STAMP)}.backup"


def _cleared(folder: Path, now: datetime, span: timedelta) -> Sequence[Path]:
    try:
        gone = _outlived(folder, now, span)
        for old in gone:
            old.unlink(missing_ok=True)
    except OSError as error:
        problem = f"The new backup is written, but older ones cannot be deleted: {error.filename} ({error.strerror})"
        raise StoreError(f"{problem}; delete them by hand.", "read_only") from error
    return gone


def _outlived(folder: Path, now: datetime, span: timedelta) -> Sequence[Path]:
    """By the time in its name: a file that is copied elsewhere and back is as old as before."""
    written = {path: at for path in folder.iterdir() if (at := _written(path)) is not None and at <= now}
    newest = sorted((path for path in written if not path.name.startswith(".")), key=written.__getitem__)[-LEAST:]
    return sorted(path for path, at in written.items() if at < now - span and path not in newest)


def _written(path: Path) -> datetime | None:
    """When we wrote it; None if it is not ours."""
    found = OURS.fullmatch(path.name)
    if found is None or path.is_symlink() or not path.is_file():
        return None
    try:
        return datetime.strptime(found[1] or found[2], STAMP).replace(tzinfo=UTC)
    except ValueError:  # a day that no calendar has
        return None
