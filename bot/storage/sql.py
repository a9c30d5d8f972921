"""The store over SQLAlchemy: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa

from bot.ports import OutboxStore, Queries, UnitOfWork
from bot.storage.database import Database, FileLock
from bot.storage.sql_outbox import SqlOutbox
from bot.storage.sql_queries import SqlQueries
from bot.storage.sql_work import SqlUnitOfWork
from bot.storage.tables import SYSTEM
from bot.storage.vault import Vault


class SqlStore:
    """A migrated database and its unlocked vault; `lock` is let go of when the store is closed."""

    def __init__(self, database: Database, vault: Vault, lock: FileLock | None = None) -> None:
        self._database, self._vault, self._lock = database, vault, lock
        self.outbox: OutboxStore = SqlOutbox(database, vault, exclusive=lock is not None)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        """Begins a writing transaction. Raises StoreError."""
        async with self._database.writing() as connection:
            yield SqlUnitOfWork(connection, self._database.insert, self._vault)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Queries]:
        """Begins a transaction that only reads. Raises StoreError."""
        async with self._database.reading() as connection:
            yield SqlQueries(connection, self._vault)

    async def close(self) -> None:
        """Lets go of connections and the file's lock."""
        await self._database.close()
        if self._lock:
            self._lock.release()


async def unlock(database: Database, vault: Vault) -> None:
    """Furnishes a new database with the vault's facts and unlocks the vault with what stands there.

    Raises:
        SettingsError: a key is missing; nothing was written.
    """
    async with database.writing() as connection:
        furnish = database.insert(SYSTEM).on_conflict_do_nothing()
        await connection.execute(furnish, [{"name": name, "value": value} for name, value in vault.furnish().items()])
        rows = await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name.like("vault.%")))
        vault.unlock({row.name: row.value for row in rows})
