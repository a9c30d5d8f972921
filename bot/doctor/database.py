"""The database: whether it can be used, and whether the keys open it. Only reads, and makes nothing."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bot.doctor.care import cared_for
from bot.doctor.finding import Finding, Mark
from bot.errors import SettingsError, StoreError
from bot.settings import PREFIX, Settings
from bot.storage import keys_for, schema
from bot.storage.database import place, sqlite_file
from bot.storage.vault import key_file

ROOM = 200 * 2**20  # bytes that should be free beside the database; below a tenth of it nothing is safe
LONG_LOG = 256 * 2**20  # bytes of a write-ahead log that nobody empties
MOUNTS = Path("/proc/mounts")
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "glusterfs", "ceph")  # SQLite's locks do not hold there


async def database(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the database can be used as these settings say."""
    url = settings.database_url
    try:
        file = sqlite_file(url)
        if file is not None:
            for found in _folder(file):
                yield found
        if file is not None and not file.exists():
            keys_for(url, settings.keys) if settings.keys else None
            yield Finding("✓", f"{place(url)} is not there yet: the first run makes it")
            return
        if file is not None and not file.stat().st_size:
            mend = "the next run furnishes it; if it held something, restore a backup"
            yield Finding("!", f"{place(url)} is empty", mend)
            return
        await asyncio.to_thread(schema.check, url)
        yield Finding("✓", f"{place(url)} is there and up to date")
        beside = key_file(url)
        if beside and not settings.keys and not beside.exists():
            yield Finding("✗", f"the key file {beside} is gone", f"restore it, or set {PREFIX}SECRET_KEYS")
            return
        async for found in cared_for(settings, beside):
            yield found
    except SettingsError as problem:
        yield Finding("✗", problem.setting, problem.fix)
    except StoreError as problem:
        yield Finding("✗", "database", str(problem))


def _folder(file: Path) -> Iterator[Finding]:
    """Whether an SQLite file, its folder and the key beside it are as they should be."""
    folder = next((one for one in file.absolute().parents if one.exists()), Path("/"))
    if not folder.is_dir():
        yield Finding("✗", f"{folder} is no folder", f"move it away, or set another {PREFIX}DATABASE_URL")
        return
    mend = "give this user the right to, for instance with chown"
    try:
        with tempfile.TemporaryFile(dir=folder):  # os.access knows no read-only mounts, and nothing of root
            pass
    except OSError as error:
        yield Finding("✗", f"{folder} cannot be written to ({error.strerror})", mend)
    try:
        if file.exists():
            file.open("r+b").close()
    except OSError as error:
        yield Finding("✗", f"{file} cannot be written to ({error.strerror})", mend)
    yield from disk(file, folder)
    key = file.with_name(file.name + ".key")
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding("✗", f"others can read the key {key}", f"run: chmod 600 {key}")


def disk(file: Path, folder: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """Room, a log that grows, and a disk that is not here."""
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        mark: Mark = "✗" if free < ROOM / 10 else "!"
        yield Finding(mark, f"only {free // 2**20} MB are free at {folder}", "make room before the disk is full")
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size > LONG_LOG:
        mend = "close programs that have the file open and read from it; a restart of `run` empties it"
        yield Finding("!", f"{log} has grown to {log.stat().st_size // 2**20} MB", mend)
    if (kind := _mounted_as(folder, mounts)) in REMOTE:
        mend = "put the file on a disk of this machine, or use PostgreSQL"
        yield Finding("✗", f"{folder} is on a network file system ({kind}), where SQLite's locks do not hold", mend)


def _mounted_as(folder: Path, table: Path) -> str:
    """The kind of file system that a folder is on; empty where that cannot be known."""
    try:
        mounts = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return ""
    there = [(place, kind) for _, place, kind, *_ in mounts if folder.resolve().is_relative_to(place)]
    return max(there, key=lambda mount: len(mount[0]), default=("", ""))[1]
