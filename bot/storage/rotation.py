"""A change of keys while people write: every encrypted value under the newest key, in small lots."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage import schema
from bot.storage.database import Database, FileLock, place, sqlite_file
from bot.storage.presence import STALE, processes
from bot.storage.tables import METADATA, SYSTEM
from bot.storage.vault import CANARY, LOOKUP, Vault

LOT = 200  # rows a transaction
PASSES = 10  # a row that somebody else holds is left for the next one
NOBODY = -1

ENCRYPTED: Mapping[str, Sequence[str]] = {
    name: columns
    for name, table in METADATA.tables.items()
    if (columns := [column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)])
}


@asynccontextmanager
async def rotation(url: str, keys: Sequence[str]) -> AsyncIterator[Rotation]:
    """A database that is up to date, opened with these keys for a change of keys.

    Raises:
        SettingsError: a key is wrong or missing.
        StoreError: the database cannot be used.
    """
    await asyncio.to_thread(schema.check, url)
    database, vault = Database(url), Vault(keys)
    try:
        async with database.reading() as connection:
            found = await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name.like("vault.%")))
            facts = {row.name: row.value for row in found}
        vault.unlock(facts)
        yield Rotation(database, vault)
        await database.tidy(sorted(ENCRYPTED))
    finally:
        await database.close()


class Rotation:
    """`vault` has the new key first, and all others that the database was written with behind it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self.fingerprints = vault.fingerprints

    async def refuse_if_written_otherwise(self) -> None:
        """Raises StoreError if somebody runs who writes, or may write, with another key than the newest."""
        async with self._database.reading() as connection:
            running = [one for one in await processes(connection) if one.silent < STALE]
            file = sqlite_file(self._database.url)
        others = sorted({one.key for one in running} - {self._vault.fingerprints[0]})
        alive = file is not None and _is_locked(file)
        if file is not None and not alive:
            return  # who wrote to the file was killed
        if others or (alive and not running):
            which = f" (it writes with {', '.join(others)})" if others else ""
            where, newest = place(self._database.url), self._vault.fingerprints[0]
            problem = f"{where} is used by a `run` that does not write with the newest key {newest}{which}"
            raise StoreError(f"{problem}; restart it, then try again (after a `kill -9`, in a minute).", "in_use")

    async def rotate(self) -> int:
        """Everything under the newest key, and the canaries of the others gone; how many rows were changed.

        Raises:
            StoreError: a `run` writes with another key, or something could not be changed now; go on by doing it again.
            SettingsError: a value was made with a key that is not there.
        """
        await self.refuse_if_written_otherwise()
        changed = await self._facts()
        for _ in range(PASSES):
            left = 0
            for name in ENCRYPTED:
                done, skipped = await self._table(METADATA.tables[name])
                changed, left = changed + done, left + skipped
            if not left:
                break
            await asyncio.sleep(0)
        await self.refuse_if_written_otherwise()  # nobody began to meanwhile
        if set(await self.census()) - {0}:
            raise StoreError("Some values are still under an older key; run it again.", "locked")
        await self._retire()
        return changed

    async def census(self) -> Counter[int]:
        """How many values each key made, by its place among the vault's; NOBODY for what none of them opens."""
        found: Counter[int] = Counter()
        for name, columns in ENCRYPTED.items():
            table = METADATA.tables[name]
            async for row in self._rows(table):
                tokens = [getattr(row, column) for column in columns]
                found.update(await asyncio.to_thread(self._places, [token for token in tokens if token]))
        async with self._database.reading() as connection:
            token = await connection.scalar(sa.select(SYSTEM.c.value).where(SYSTEM.c.name == LOOKUP))
        found.update(self._places([token] if token else []))
        return found

    def _places(self, tokens: Sequence[bytes | str]) -> list[int]:
        places = (self._vault.place(token) for token in tokens)
        return [NOBODY if one is None else one for one in places]

    async def _rows(self, table: sa.Table) -> AsyncIterator[sa.Row[Any]]:
        """Every row of a table, in the order of its one key; each lot is a transaction of its own."""
        (key,) = table.primary_key.columns
        after: Any = None
        while True:
            query = sa.select(table).order_by(key).limit(LOT)
            async with self._database.reading() as connection:
                some = (await connection.execute(query if after is None else query.where(key > after))).all()
            for row in some:
                yield row
            if len(some) < LOT:
                return
            after = getattr(some[-1], key.name)

    async def _table(self, table: sa.Table) -> tuple[int, int]:
        """How many rows are new now, and how many somebody held."""
        (key,) = table.primary_key.columns
        old: list[Any] = []
        done = skipped = 0
        async for row in self._rows(table):
            if self._is_old(table, row):
                old.append(getattr(row, key.name))
        for start in range(0, len(old), LOT):
            wanted = old[start : start + LOT]
            fresh, seen = await self._lot(table, wanted)
            done, skipped = done + fresh, skipped + len(wanted) - seen
        return done, skipped

    def _is_old(self, table: sa.Table, row: sa.Row[Any]) -> bool:
        tokens = (getattr(row, column) for column in ENCRYPTED[table.name])
        return any(token and self._vault.place(token) != 0 for token in tokens)

    async def _lot(self, table: sa.Table, keys: Sequence[Any]) -> tuple[int, int]:
        """Renews these rows; we wait for nobody, so that nobody and we wait for each other."""
        (key,) = table.primary_key.columns
        columns = ENCRYPTED[table.name]
        async with self._database.writing() as connection:
            query = sa.select(table).where(key.in_(keys)).order_by(key).with_for_update(skip_locked=True)
            held = (await connection.execute(query)).all()
            values = [
                {"row": getattr(row, key.name)}
                | {f"new_{column}": self._renewed(getattr(row, column)) for column in columns}
                for row in held
                if self._is_old(table, row)
            ]
            if values:
                fresh: dict[str, Any] = {column: sa.bindparam(f"new_{column}") for column in columns}
                await connection.execute(sa.update(table).where(key == sa.bindparam("row")).values(fresh), values)
        return len(values), len(held)

    def _renewed(self, token: bytes | None) -> bytes | None:
        return self._vault.renewed(token) if token else token

    async def _facts(self) -> int:
        """The key of look-ups, and our own canary."""
        async with self._database.writing() as connection:
            canary = {"name": CANARY + self.fingerprints[0], "value": self._vault.encrypt("canary").decode()}
            await connection.execute(self._database.insert(SYSTEM).values(canary).on_conflict_do_nothing())
            kept = (await connection.execute(sa.select(SYSTEM).where(SYSTEM.c.name == LOOKUP))).one()
            if self._vault.place(kept.value) == 0:
                return 0
            fresh = self._vault.renewed(kept.value).decode()
            await connection.execute(sa.update(SYSTEM).where(SYSTEM.c.name == LOOKUP).values(value=fresh))
        return 1

    async def _retire(self) -> None:
        """The canaries of all other keys go: who writes with one of them stops."""
        mine = CANARY + self.fingerprints[0]
        others = sa.delete(SYSTEM).where(SYSTEM.c.name.like(f"{CANARY}%"), SYSTEM.c.name != mine)
        async with self._database.writing() as connection:
            await connection.execute(others)


def _is_locked(file: Path) -> bool:
    try:
        with FileLock(file).held():
            return False
    except StoreError:
        return True
