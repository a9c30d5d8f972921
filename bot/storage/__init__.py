"""What is remembered: the store over SQLite and PostgreSQL, and one in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.ports import Store
from bot.storage import schema
from bot.storage.database import Database, FileLock, sqlite_file
from bot.storage.presence import Presence
from bot.storage.sql import SqlStore, unlock
from bot.storage.vault import Vault, keys_for

__all__ = ["keys_for", "open_store"]


async def open_store(url: str, keys: Sequence[str], *, migrate: bool = True, exclusive: bool = False) -> Store:
    """Opens the database, migrates it (or only checks that it is up to date) and unlocks it with these keys.

    `exclusive` is for `run`: on SQLite it takes the file's lock until the store is closed, and with it every lease.

    Raises:
        SettingsError: a key is wrong or missing, or the URL is no database's.
        StoreError: the database cannot be used, or another `run` uses the file.
    """
    vault, file = Vault(keys), sqlite_file(url)
    lock = FileLock(file) if exclusive and file else None
    if lock:
        lock.take()
    database = None
    try:
        await asyncio.to_thread(schema.migrate if migrate else schema.check, url)
        database = Database(url)
        await unlock(database, vault)
        presence = Presence(database, vault) if exclusive else None
        if presence:
            await presence.say()
        return SqlStore(database, vault, lock, presence)
    except BaseException:
        if database:
            await database.close()
        if lock:
            lock.release()
        raise
