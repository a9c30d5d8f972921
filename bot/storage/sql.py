"""The store over SQLAlchemy: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import sqlalchemy as sa

from bot.errors import StoreError
from bot.keeping import Housekeeping
from bot.ports import Known, OutboxStore, Queries, UnitOfWork
from bot.storage.database import Database, FileLock
from bot.storage.presence import Presence
from bot.storage.sql_keeping import SqlHousekeeping
from bot.storage.sql_outbox import SqlOutbox
from bot.storage.sql_queries import SqlQueries
from bot.storage.sql_work import SqlUnitOfWork
from bot.storage.tables import SYSTEM
from bot.storage.vault import Vault

UNFINISHED = "vault.restoring"  # a fact of a database whose restore is under way: nobody may use it yet


class SqlStore:
    """A migrated database and its unlocked vault; `lock` is let go of when the store is closed, and `presence` ends."""

    def __init__(
        self, database: Database, vault: Vault, lock: FileLock | None = None, presence: Presence | None = None
    ) -> None:
        self._database, self._vault, self._lock, self._presence = database, vault, lock, presence
        self.outbox: OutboxStore = SqlOutbox(database, vault, exclusive=lock is not None)
        self._keeping = SqlHousekeeping(database, vault, self._erase, presence)
        self.housekeeping: Housekeeping = self._keeping

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        """Begins a writing transaction. Raises StoreError."""
        async with self._database.writing() as connection:
            work = SqlUnitOfWork(connection, self._database.insert, self._vault)
            yield work
        if work.erased:
            self._keeping.untidy = True

    async def _erase(self, person: str, at: datetime, holds: Callable[[Known], bool]) -> bool:
        """Erases somebody of whom this holds, under their lock."""
        async with self.writing() as work:
            known = (await work.load([person])).get(person)
            if known is None or not holds(known):
                return False
            await work.erase(person, at)
        return True

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Queries]:
        """Begins a transaction that only reads. Raises StoreError."""
        async with self._database.reading() as connection:
            yield SqlQueries(connection, self._vault)

    async def close(self) -> None:
        """Lets go of connections and the file's lock."""
        if self._presence:
            with suppress(StoreError):
                await self._presence.leave()
        await self._database.close()
        if self._lock:
            self._lock.release()


async def unlock(database: Database, vault: Vault) -> None:
    """Furnishes a new database with the vault's facts and unlocks the vault with what stands there.

    Raises:
        SettingsError: a key is missing; nothing was written.
        StoreError: a restore began and was not finished.
    """
    async with database.writing() as connection:
        furnish = database.insert(SYSTEM).on_conflict_do_nothing()
        await connection.execute(furnish, [{"name": name, "value": value} for name, value in vault.furnish().items()])
        rows = await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name.like("vault.%")))
        facts = {row.name: row.value for row in rows}
        if UNFINISHED in facts:
            raise StoreError("A restore was not finished; do it again: python -m bot restore … --replace", "damaged")
        vault.unlock(facts)
