"""Backups, made while the coach is running. Keys are named in them and are not inside; who was erased is left out."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage import schema
from bot.storage.database import Database, sqlite_file
from bot.storage.postgres_tools import PostgresTools
from bot.storage.presence import RUNNING
from bot.storage.tables import SYSTEM, TOMBSTONE
from bot.storage.vault import CANARY

BACKED_UP = "backup.at"  # the fact that a doctor asks for: an ISO time, in real time
LISTED = "erased.listed"  # the fact of how many tombstones were printed the last time
LEFT_OUT = ("tombstone", "lease")  # tables whose rows are not copied

Format = Literal["sqlite", "postgresql"]


async def back_up(url: str, target: Path) -> Sequence[str]:
    """Writes a whole copy of the database, mode 0600, whole or not at all; the fingerprints of the keys it needs.

    It may be of an older version: before an update is when a copy is wanted.

    Raises:
        StoreError: the file is there already or cannot be written, or the database cannot be copied.
    """
    await asyncio.to_thread(schema.check, url, older=True)
    source = sqlite_file(url)
    with new_file(target) as draft:
        await asyncio.to_thread(_copied, url, source, draft)
    database = Database(url)
    try:
        await _noted(database, BACKED_UP, datetime.now(UTC).isoformat(timespec="seconds"))
        async with database.reading() as connection:
            named = await connection.execute(sa.select(SYSTEM.c.name).where(SYSTEM.c.name.like(f"{CANARY}%")))
            return sorted(name.removeprefix(CANARY) for name in named.scalars())
    finally:
        await database.close()


async def erased(url: str) -> dict[str, datetime]:
    """The tombstones of a database: who was erased, by random ids, and when; older versions kept none."""
    database = Database(url)
    try:
        async with database.reading() as connection:
            if not await connection.run_sync(schema.has, url, TOMBSTONE.name):
                return {}
            return {row.person_id: row.at for row in await connection.execute(sa.select(TOMBSTONE))}
    finally:
        await database.close()


async def listed(url: str, count: int) -> None:
    """So many tombstones were printed, for a doctor to know."""
    database = Database(url)
    try:
        await _noted(database, LISTED, str(count))
    finally:
        await database.close()


async def _noted(database: Database, name: str, value: str) -> None:
    """Keeps a fact for the doctor, if it can: a disk that is full is when a copy is wanted most, and takes none."""
    keep = database.insert(SYSTEM).values(name=name, value=value)
    with suppress(StoreError):
        async with database.writing() as connection:
            await connection.execute(keep.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def format_of(file: Path) -> Format:
    """What a backup is a backup of. Raises StoreError if it is none."""
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}).", "missing") from error
    if start.startswith(b"PGDMP"):
        return "postgresql"
    if start == b"SQLite format 3\0":
        return "sqlite"
    raise StoreError(f"{file} is no backup of Heartsease.", "damaged")


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A draft beside the target, which becomes the target when the block ends well. Raises StoreError."""
    try:
        if target.is_dir():
            raise StoreError(f"{target} is a folder; name a new file in it, or say --keep DAYS.", "refused")
        if target.exists():
            raise StoreError(f"{target} is there already; choose another name.", "refused")
        descriptor, name = tempfile.mkstemp(dir=target.absolute().parent, prefix=f".{target.name}.")  # mode 0600
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror}).", "missing") from error
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


def _copied(url: str, source: Path | None, draft: Path) -> None:
    if source is None:
        tools = PostgresTools(url)
        ours = '"{}"'.format(tools.schema.replace('"', '""'))  # quoted, since pg_dump reads a pattern
        parts = [f"--table={ours}.{table}" for table in schema.TABLES]
        parts += [f"--exclude-table-data={ours}.{table}" for table in LEFT_OUT]
        tools.dump("--format=custom", "--no-owner", "--no-acl", *parts, f"--file={draft}")
        return
    copy_sqlite(source, draft)
    with _copying(source, draft), closing(sqlite3.connect(draft)) as copy:
        copy.execute("PRAGMA secure_delete = ON")
        there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
        for table in there.intersection(LEFT_OUT):
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
        copy.execute("DELETE FROM system WHERE name LIKE ?", [f"{RUNNING}%"])
        copy.commit()
    refuse_damaged(draft)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copies in one step: who writes meanwhile neither waits nor makes it begin again. Raises StoreError."""
    with (
        _copying(source, target),
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _copying(source: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "disk is full" in str(error):
            raise StoreError(f"The disk of {target.parent} is full; make room there.", "full") from error
        raise StoreError(f"{source} cannot be copied ({error}).", "damaged") from error


def refuse_damaged(file: Path) -> None:
    """Raises StoreError if an SQLite file does not hold together."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            found = [row[0] for row in opened.execute("PRAGMA integrity_check(1)")]
            orphans = opened.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{file} is damaged ({error}).", "damaged") from error
    if found != ["ok"] or orphans:
        raise StoreError(
            f"{file} is damaged: {found[0] if found != ['ok'] else 'rows that belong to nobody'}.", "damaged"
        )
