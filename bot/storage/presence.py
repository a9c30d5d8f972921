"""Who is running on this database, and with which key they write: what a change of keys must know."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, DatabaseNow
from bot.storage.tables import SYSTEM
from bot.storage.vault import CANARY, Vault

RUNNING = "running."
MICROSECONDS = 1_000_000
STALE = 60  # seconds on the database's clock after which a process that says nothing has ended, or stops when it wakes


@dataclass(frozen=True, slots=True)
class Process:
    """A `run`: since when it has been silent, in seconds, and the fingerprint of the key that it writes with."""

    name: str
    key: str
    silent: float


class Presence:
    """One process's own sign of life, in the `system` table."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._key = database, vault.fingerprints[0]
        self._name = RUNNING + secrets.token_hex(8)

    async def say(self) -> bool:
        """Says that we are here; False if our newest key was retired, so that we must not write any more."""
        async with self._database.writing() as connection:
            now = await connection.scalar(sa.select(DatabaseNow()))
            keep = self._database.insert(SYSTEM).values(name=self._name, value=f"{self._key} {now}")
            keep = keep.on_conflict_do_update(index_elements=["name"], set_={"value": keep.excluded.value})
            await connection.execute(keep)
            canary = sa.select(SYSTEM.c.name).where(SYSTEM.c.name == CANARY + self._key)
            return await connection.scalar(canary) is not None

    async def leave(self) -> None:
        """We are gone, and so is whoever was silent for long."""
        async with self._database.writing() as connection:
            gone = [one.name for one in await processes(connection) if one.silent > 10 * STALE]
            await connection.execute(sa.delete(SYSTEM).where(SYSTEM.c.name.in_([self._name, *gone])))


async def processes(connection: AsyncConnection) -> list[Process]:
    """Everybody who said that they run, and did not say goodbye."""
    query: sa.Select[Any] = sa.select(SYSTEM.c.name, SYSTEM.c.value, DatabaseNow().label("now"))
    found = await connection.execute(query.where(SYSTEM.c.name.like(f"{RUNNING}%")))
    parted = [(row.name, *row.value.split(" "), row.now) for row in found]
    return [Process(name, key, (now - int(at)) / MICROSECONDS) for name, key, at, now in parted]
