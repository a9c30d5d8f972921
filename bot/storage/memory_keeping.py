"""What is kept for a time only, in memory: the same behaviour as over SQL, as far as anything is kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from bot.cohorts.model import Invitation
from bot.keeping import Keep
from bot.storage.memory_cohorts import MemoryCohorts
from bot.storage.memory_data import Data, Row
from bot.storage.memory_erasing import MemoryErasing
from bot.storage.sql_keeping import has_left


class MemoryHousekeeping:
    """Implements Housekeeping; `changing` begins a transaction."""

    def __init__(self, data: Data, changing: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._data, self._changing = data, changing

    async def purge(self, keep: Keep, now: datetime) -> Mapping[str, int]:
        """Deletes what is older than it is kept; how many rows, by what they were."""
        data = self._data

        def said(row: Row) -> bool:
            return row.out.due_at < now - keep.sent and row.out.dedup is None

        def ended(one: Invitation) -> bool:
            ends = [one.expires_at, one.revoked_at, one.created_at if one.uses_left == 0 else None]
            return any(at is not None and at < now - keep.invitations for at in ends)

        async with self._changing():
            found = {
                "sent": self._drop(data.dead, said),
                "received": self._drop(data.received, lambda at: at < now - keep.received),
                "attempts": self._drop(data.attempts, lambda tried: tried[1] < now - keep.attempts),
                "invitations": self._drop(data.invitations, ended),
                "audit": self._drop(data.audit, lambda act: act.at < now - keep.audit),
            }
            if keep.left is not None:
                found["left"] = await self._let_go(now - keep.left, now)
        return {name: count for name, count in found.items() if count}

    async def present(self) -> bool:
        """There are no keys."""
        return True

    async def tidy(self) -> bool:
        """There are no files."""
        return True

    async def _let_go(self, until: datetime, now: datetime) -> int:
        gone = [id_ for id_, one in self._data.people.items() if one.wake_at is None and has_left(one, until)]
        for person in gone:
            await MemoryErasing(self._data, MemoryCohorts(self._data)).erase(person, now)
        return len(gone)

    def _drop(self, table: dict[Any, Any], goes: Callable[[Any], bool]) -> int:
        keys = [key for key, value in table.items() if goes(value)]
        for key in keys:
            self._data.drop(table, key)
        return len(keys)
