"""Restores a backup so that nothing acts twice, and so that who was erased stays erased before anybody can use it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import SettingsError, StoreError
from bot.storage import schema
from bot.storage.carrying import carry
from bot.storage.copies import copy_sqlite, erased, format_of, refuse_damaged
from bot.storage.database import Database, DatabaseNow, FileLock, place, sqlite_file, writable
from bot.storage.postgres_tools import PostgresTools, rows_in
from bot.storage.presence import RUNNING, STALE, processes
from bot.storage.sql import UNFINISHED, SqlStore
from bot.storage.tables import LEASE, METADATA, OUTBOX, PERSON, SYSTEM, TOMBSTONE, Stage
from bot.storage.vault import SETTING, Vault, missing
from bot.storage.workshop import workshop

Tombstones = Mapping[str, datetime]

# Of all that is ours in PostgreSQL: tables with their constraints, indexes, and the sequences that number rows.
NAMES = frozenset(
    (
        *schema.TABLES,
        *(str(index.name) for table in METADATA.tables.values() for index in table.indexes),
        *(f"{table.name}_{column.name}_seq" for table in METADATA.tables.values() for column in table.primary_key),
    )
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: how many people there are now, how many were erased again, and where what was there is."""

    people: int
    erased: int
    replaced: Path | None = None


async def restore(url: str, keys: Sequence[str], backup: Path, tombstones: Tombstones, *, replace: bool) -> Restored:
    """Puts a backup in the place of the database; `replace` allows that there is somebody in it.

    One of SQLite, or an SQLite database on which nobody runs, may be restored into PostgreSQL; not the other way.
    `keys` may be what is beside an SQLite file that is not there yet; `tombstones` are of those erased since.

    Raises:
        SettingsError: a key that the backup was written with is missing; the message names its fingerprint.
        StoreError: the backup is none or damaged, a `run` uses the database, or it holds data.
    """
    file, found = sqlite_file(url), format_of(backup)
    if file is not None and found == "postgresql":
        fix = "HEARTSEASE_DATABASE_URL names an SQLite file: there is no way back, name a PostgreSQL"
        raise StoreError(f"{backup} is of PostgreSQL, and {fix}.", "refused")
    if file is not None:
        return await _restored_file(url, file, Vault(keys), backup, tombstones, replace)
    restored = _carried_over if found == "sqlite" else _restored_server
    return await restored(url, Vault(keys), backup, tombstones, replace)


def needed(backup: Path, url: str) -> Mapping[str, str]:
    """The facts of the vault inside a backup: its canaries name the keys. Raises StoreError."""
    if format_of(backup) == "sqlite":
        try:
            with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as opened:
                return dict(opened.execute("SELECT name, value FROM system WHERE name LIKE 'vault.%'"))
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
                fix = "this user must be allowed to write to its folder"
                raise StoreError(f"{backup} cannot be opened: {fix}.", "missing") from error
            raise StoreError(f"{backup} is no backup of Heartsease ({error}).", "damaged") from error
    pairs = rows_in(PostgresTools(url), backup, "system")
    return {name: value for name, value in pairs if name.startswith("vault.")}


def _unlocks(vault: Vault, facts: Mapping[str, str]) -> None:
    if lost := missing(facts, vault):
        fix = f"the backup needs {' and '.join(lost)}; put the missing key behind those that are there"
        raise SettingsError(SETTING, fix)


# ---------------------------------------------------------------- SQLite


async def _restored_file(
    url: str, file: Path, vault: Vault, backup: Path, tombstones: Tombstones, replace: bool
) -> Restored:
    """Everything happens in a file of its own, which then takes the place of the other."""
    _unlocks(vault, needed(backup, url))
    with FileLock(file).held():
        there = _is_there(file)
        if there:
            tombstones = {**await _remembered(url, replace), **tombstones}
        with workshop(file) as folder:
            fresh = folder / file.name
            people, again = await _prepared(backup, fresh, vault, tombstones)
            fresh.chmod(0o600)
            aside = _put_aside(file) if there else None
            fresh.replace(file)
    return Restored(people, again, aside)


async def _prepared(backup: Path, fresh: Path, vault: Vault, tombstones: Tombstones) -> tuple[int, int]:
    """A copy that is up to date and finished; how many people are in it, and were erased again."""
    copy_sqlite(backup, fresh)
    refuse_damaged(fresh)
    try:
        await asyncio.to_thread(schema.migrate, _url_of(fresh))
    except StoreError as error:
        if error.kind == "newer":
            raise _too_new(backup) from error
        raise
    done = await _finish(_url_of(fresh), vault, tombstones)
    refuse_damaged(fresh)
    return done


def _url_of(file: Path) -> str:
    return f"sqlite:///{file.absolute()}"


async def _remembered(url: str, replace: bool) -> Tombstones:
    """Who was erased in the database that is replaced; one that cannot be read any more remembers nobody."""
    try:
        await asyncio.to_thread(schema.check, url, older=True)
        tombstones, people = await erased(url), await _people(url)
    except StoreError as error:
        if replace and error.kind in ("damaged", "outdated", "refused"):
            return {}
        raise
    if people and not replace:
        raise _inhabited(url, people)
    return tombstones


def _inhabited(url: str, people: int) -> StoreError:
    held = "1 person" if people == 1 else f"{people} people"
    return StoreError(f"{place(url)} holds {held}; to put the backup in its place, say --replace.", "refused")


def _is_there(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _put_aside(file: Path) -> Path:
    """The replaced database, its log with it, under a name that says since when."""
    aside = file.with_name(f"{file.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for suffix in ("", "-wal", "-shm"):
        if (part := file.with_name(file.name + suffix)).exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


# ---------------------------------------------------------------- PostgreSQL


async def _restored_server(url: str, vault: Vault, backup: Path, tombstones: Tombstones, replace: bool) -> Restored:
    """In place. Until everything is done there is no version in the database, or a fact that it is unfinished."""
    tools = await asyncio.to_thread(PostgresTools, url)
    _unlocks(vault, await asyncio.to_thread(needed, backup, url))
    version = await asyncio.to_thread(_version, tools, backup)
    database = Database(url)
    try:
        async with database.writing() as connection:
            buried = await connection.run_sync(schema.has, url, TOMBSTONE.name)
            if await connection.run_sync(schema.has, url, PERSON.name):
                await _refuse_in_use(connection, url, replace)
                await _refuse_other_version(connection, version)
        with _all_or_nothing():
            await asyncio.to_thread(_replay, tools, backup, buried)
        async with database.writing() as connection:
            await connection.execute(sa.insert(SYSTEM).values(name=UNFINISHED, value=""))
            insert = sa.text("INSERT INTO alembic_version (version_num) VALUES (:version)")
            await connection.execute(insert, {"version": version})
        await asyncio.to_thread(schema.migrate, url)
        tombstones = {**await erased(url), **tombstones}
    finally:
        await database.close()
    return Restored(*await _finish(url, vault, tombstones))


def _version(tools: PostgresTools, backup: Path) -> str:
    rows = rows_in(tools, backup, "alembic_version")
    if not rows:
        raise _of_another_schema(tools, backup)
    [[version]] = rows
    if not schema.known(version):
        raise _too_new(backup)
    return version


def _of_another_schema(tools: PostgresTools, backup: Path) -> StoreError:
    found = re.findall(r" TABLE DATA (.+) alembic_version ", tools.run("pg_restore", "--list", str(backup)))
    if not found:
        return StoreError(f"{backup} is no backup of Heartsease.", "damaged")
    fix = f"add ?options=-csearch_path%3D{found[0]} to HEARTSEASE_DATABASE_URL, which names {tools.schema}"
    return StoreError(f"{backup} is of the schema {found[0]}; {fix}.", "refused")


async def _refuse_in_use(connection: AsyncConnection, url: str, replace: bool) -> None:
    leases = sa.select(sa.func.count()).select_from(LEASE).where(LEASE.c.until > DatabaseNow())
    held = await connection.scalar(leases)
    if held or any(one.silent < STALE for one in await processes(connection)):
        problem = f"{place(url)} is used by a `run`; stop all of them first (after a `kill -9`, wait a minute)"
        raise StoreError(f"{problem}.", "in_use")
    unfinished = await connection.scalar(sa.select(SYSTEM.c.value).where(SYSTEM.c.name == UNFINISHED))
    people = await connection.scalar(sa.select(sa.func.count()).select_from(PERSON))
    if people and not replace and unfinished is None:
        raise _inhabited(url, people)


async def _refuse_other_version(connection: AsyncConnection, version: str) -> None:
    """Tables that the backup does not know would be in the way of it."""
    here = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if here not in (None, version):
        fix = "restore into an empty database, with --erased and what `python -m bot erased` prints here"
        raise StoreError(f"The backup is of revision {version}, the database of {here}; {fix}.", "refused")


def _replay(tools: PostgresTools, backup: Path, buried: bool) -> None:
    """What is ours in the dump, in one transaction, but for the version; tombstones that are there stay."""
    listed = tools.run("pg_restore", "--list", str(backup)).splitlines()
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        contents.write("\n".join(line for line in listed if _is_wanted(line, tools.schema, buried)))
        contents.flush()
        how = ["--clean", "--if-exists", "--no-owner", "--no-acl", f"--use-list={contents.name}"]
        tools.replay(backup, *how)


def _is_wanted(line: str, ours: str, buried: bool) -> bool:
    """Of a dump's list: "219; 1259 16401 INDEX public person_wake owner". Others may have tables in our schema."""
    entry = re.fullmatch(rf"\d+; \d+ \d+ ([A-Z ]+) {re.escape(ours)} (\S+) .*", line)
    if entry is None or entry[2] not in NAMES or (entry[1], entry[2]) == ("TABLE DATA", schema.VERSION):
        return False
    return not (buried and entry[2] == TOMBSTONE.name)


# ---------------------------------------------------------------- from SQLite to PostgreSQL


async def _carried_over(url: str, vault: Vault, backup: Path, tombstones: Tombstones, replace: bool) -> Restored:
    """Everything is done in a file beside the backup, whose rows then come to PostgreSQL all at once or not at all."""
    _unlocks(vault, needed(backup, url))
    database, lock = Database(url), FileLock(backup)
    try:
        async with database.writing() as connection:  # to be refused now is better than after a long work
            if await connection.run_sync(schema.has, url, PERSON.name):
                await _refuse_in_use(connection, url, replace)
        tombstones = {**await erased(url), **tombstones}
        with (
            lock.held() if lock.was_ever_taken() else nullcontext(),
            writable(backup),
            workshop(backup) as folder,
        ):
            fresh = folder / "heartsease.db"
            done = await _prepared(backup, fresh, vault, tombstones)
            await _take_in(database, _url_of(fresh), replace)
    finally:
        await database.close()
    return Restored(*done)


async def _take_in(database: Database, source: str, replace: bool) -> None:
    with _all_or_nothing():
        async with database.writing() as connection:
            await connection.run_sync(schema.bring_up, database.url)
            await connection.execute(sa.text('LOCK TABLE "system"'))  # nobody can begin to run from here on
            await _refuse_in_use(connection, database.url, replace)
            await carry(source, connection)


# ---------------------------------------------------------------- both


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Says of whatever goes wrong in a transaction that it changed nothing."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{error} Nothing was changed in PostgreSQL.", error.kind) from error


def _too_new(backup: Path) -> StoreError:
    return StoreError(f"{backup} is from a newer version of Heartsease; update the program.", "newer")


async def _people(url: str) -> int:
    database = Database(url)
    try:
        async with database.reading() as connection:
            return int(await connection.scalar(sa.select(sa.func.count()).select_from(PERSON)) or 0)
    finally:
        await database.close()


async def _finish(url: str, vault: Vault, tombstones: Tombstones) -> tuple[int, int]:
    """Erases again and lets nothing act twice, in one transaction; how many people there are, and were erased."""
    database = Database(url)
    store = SqlStore(database, vault)
    try:
        async with database.reading() as connection:
            found = await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name.like("vault.%")))
            vault.unlock({row.name: row.value for row in found})
        async with store.writing() as work:
            again = 0
            for person, at in tombstones.items():
                again += bool(await work.load([person]))
                await work.erase(person, at)
        async with database.writing() as connection:
            await _settle(connection)
            people = int(await connection.scalar(sa.select(sa.func.count()).select_from(PERSON)) or 0)
        await database.tidy([PERSON.name, OUTBOX.name, TOMBSTONE.name])
        return people, again
    finally:
        await store.close()


async def _settle(connection: AsyncConnection) -> None:
    """Nobody holds a lease or runs; what was on the wire counts as sent, and the database is finished."""
    await connection.execute(sa.delete(LEASE))
    gone = sa.or_(SYSTEM.c.name.like(f"{RUNNING}%"), SYSTEM.c.name == UNFINISHED)
    await connection.execute(sa.delete(SYSTEM).where(gone))
    sending: Any = OUTBOX.c.state == int(Stage.SENDING)
    await connection.execute(sa.update(OUTBOX).where(sending).values(state=int(Stage.SENT)))
