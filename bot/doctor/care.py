"""Whether a database is cared for: keys, backups, erasures, and what lies about in it. Only reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.doctor.finding import Finding
from bot.settings import PREFIX, Settings
from bot.storage import keys_for
from bot.storage.copies import BACKED_UP, LISTED
from bot.storage.database import Database
from bot.storage.presence import STALE, processes
from bot.storage.sql import UNFINISHED
from bot.storage.tables import OUTBOX, PERSON, SYSTEM, TOMBSTONE, Stage, staged
from bot.storage.vault import CANARY, LOOKUP, Vault

A_WEEK = timedelta(days=7)
MANY = 10  # deliveries that were given up
OLDEST = 13  # the oldest PostgreSQL that its makers looked after when this was written
ROOM = 20  # connections that a replica may want
FREE = sa.text("""
    SELECT least(
        current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity),
        (SELECT nullif(datconnlimit, -1) - (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
            FROM pg_database WHERE datname = current_database()),
        (SELECT nullif(rolconnlimit, -1) - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)
            FROM pg_roles WHERE rolname = current_user))
""")


async def cared_for(settings: Settings, beside: Path | None) -> AsyncIterator[Finding]:
    """What an open database tells of its care; `beside` is the key file of an SQLite database.

    Raises:
        SettingsError: a key is wrong or missing.
        StoreError: the database cannot be read.
    """
    vault, database = Vault(keys_for(settings.database_url, settings.keys)), Database(settings.database_url)
    try:
        async with database.reading() as connection:
            rows = await connection.execute(sa.select(SYSTEM))
            facts = {row.name: row.value for row in rows}
            if LOOKUP in facts:
                vault.unlock({name: value for name, value in facts.items() if name.startswith("vault.")})
            yield Finding("✓", "the key opens the database")
            for found in (*_keys(vault, facts, settings, beside), *await _running(connection, vault)):
                yield found
            for found in (*await _copies(connection, facts), *await _rows(connection)):
                yield found
            if not database.is_sqlite:
                for found in await _server(connection):
                    yield found
    finally:
        await database.close()


def _keys(vault: Vault, facts: Mapping[str, str], settings: Settings, beside: Path | None) -> Iterator[Finding]:
    if UNFINISHED in facts:
        yield Finding("✗", "a restore was not finished", "do it again: python -m bot restore FILE --replace")
    used = {name.removeprefix(CANARY) for name in facts if name.startswith(CANARY)}
    newest, *older = vault.fingerprints
    if used and newest not in used:
        yield Finding("!", f"nothing was written with the newest key {newest} yet", "restart `run`, then: keys rotate")
    elif used - {newest}:
        mend = "python -m bot keys rotate brings everything under the newest"
        yield Finding("!", f"older keys are still in use: {', '.join(sorted(used - {newest}))}", mend)
    elif older and used:
        mend = "remove them here, and keep them with the backups that need them"
        yield Finding("!", f"keys that open nothing here any more: {', '.join(older)}", mend)
    if settings.keys and beside and beside.exists():
        mend = "remove the file if all its keys are in the setting (python -m bot keys check)"
        yield Finding("!", f"{PREFIX}SECRET_KEYS is set, and {beside} is not read", mend)


async def _running(connection: AsyncConnection, vault: Vault) -> list[Finding]:
    alive = [one for one in await processes(connection) if one.silent < STALE]
    others = sorted({one.key for one in alive} - {vault.fingerprints[0]})
    if not others:
        return []
    return [Finding("!", f"a `run` writes with another key ({', '.join(others)})", "restart it with these settings")]


async def _copies(connection: AsyncConnection, facts: Mapping[str, str]) -> list[Finding]:
    """Backups, and the list of those erased that belongs beside them; of nobody there is nothing to lose."""
    found: list[Finding] = []
    if not await _count(connection, sa.select(sa.func.count()).select_from(PERSON)):
        return found
    made = facts.get(BACKED_UP)
    if made is None:
        found.append(Finding("!", "there was never a backup", "python -m bot backup FOLDER --keep 14, every night"))
    elif datetime.now(UTC) - datetime.fromisoformat(made) > A_WEEK:
        found.append(Finding("!", f"the last backup is of {made[:10]}", "see whether the job that makes it still runs"))
    else:
        found.append(Finding("✓", f"the last backup is of {made[:10]}"))
    buried = await _count(connection, sa.select(sa.func.count()).select_from(TOMBSTONE))
    if buried > int(facts.get(LISTED, "0")):
        mend = "python -m bot erased > FILE, kept apart from the backups: restore needs it if the database is lost"
        found.append(Finding("!", f"{buried} people were erased, and not all of them are in a list", mend))
    return found


async def _rows(connection: AsyncConnection) -> list[Finding]:
    dead = await _count(connection, sa.select(sa.func.count()).select_from(OUTBOX).where(staged(Stage.DEAD)))
    if dead < MANY:
        return []
    return [Finding("!", f"{dead} deliveries were given up", "see HeartseaseDead in docs/running.md")]


async def _server(connection: AsyncConnection) -> list[Finding]:
    """PostgreSQL's version, and whether it has connections to spare."""
    number = await _count(connection, sa.text("SELECT current_setting('server_version_num')::int"))
    found = []
    if number // 10000 < OLDEST:
        found.append(Finding("!", f"PostgreSQL {number // 10000} is not looked after any more", "update it"))
    free = await _count(connection, FREE)
    if free < ROOM:
        mend = "raise max_connections, or the CONNECTION LIMIT of this user or database"
        found.append(Finding("!", f"PostgreSQL has only {free} connections to spare", mend))
    return found


async def _count(connection: AsyncConnection, query: sa.Executable) -> int:
    return int(await connection.scalar(query) or 0)
