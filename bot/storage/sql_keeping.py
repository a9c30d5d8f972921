"""What is kept for a time only, and goes then, over SQL: looked up without a lock, deleted by keys in small lots."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.keeping import Keep
from bot.model import State
from bot.ports import Known
from bot.storage import rows
from bot.storage.database import Database
from bot.storage.erasing import OVER
from bot.storage.presence import Presence
from bot.storage.sql_erasing import GONE
from bot.storage.tables import ATTEMPT, AUDIT, INVITATION, METADATA, OUTBOX, PERSON, RECEIVED, Stage
from bot.storage.vault import Vault

LOT = 1000  # rows a transaction
PEOPLE = 200  # decrypted at a time

LATER = OUTBOX.alias("later")
# The row of an address's latest question is needed: the answer changes its buttons.
CLOSED = sa.or_(
    OUTBOX.c.asked == sa.literal_column("0"),
    sa.exists().where(
        LATER.c.address_id == OUTBOX.c.address_id,
        LATER.c.asked > sa.literal_column("0"),
        LATER.c.asked > OUTBOX.c.asked,
    ),
)
# A copy of a broadcast that ran out of time may be planned anew.
FINAL = sa.and_(
    OUTBOX.c.state.in_([int(stage) for stage in OVER]),
    sa.or_(OUTBOX.c.state != int(Stage.EXPIRED), OUTBOX.c.broadcast_id.is_(None)),
)


@dataclass(frozen=True, slots=True)
class Chore:
    """Rows of a table that fit go, or only what they say where `empties`."""

    name: str
    table: sa.Table
    fits: sa.ColumnElement[bool]
    empties: bool = False

    @property
    def key(self) -> list[sa.Column[Any]]:
        """What names a row."""
        return list(self.table.primary_key.columns)

    def some(self) -> sa.Select[Any]:
        """The keys of a lot of them, oldest first where keys grow."""
        return sa.select(*self.key).where(self.fits).order_by(*self.key[-1:]).limit(LOT)

    def done_to(self, keys: list[tuple[Any, ...]]) -> sa.Update | sa.Delete:
        """The statement for these keys; what has changed meanwhile stays."""
        chosen = sa.tuple_(*self.key).in_(keys) if len(self.key) > 1 else self.key[0].in_([key for (key,) in keys])
        if self.empties:
            return sa.update(self.table).where(chosen, self.fits).values(payload=GONE)
        return sa.delete(self.table).where(chosen, self.fits)


def chores(keep: Keep, now: datetime) -> Iterator[Chore]:
    """All that is kept for a time only."""
    said = sa.and_(FINAL, OUTBOX.c.due_at < now - keep.sent)
    needed = sa.or_(OUTBOX.c.dedup.is_not(None), ~CLOSED)
    yield Chore("sent", OUTBOX, sa.and_(said, OUTBOX.c.dedup.is_(None), CLOSED))
    yield Chore("emptied", OUTBOX, sa.and_(said, needed, OUTBOX.c.payload != GONE), empties=True)
    old = OUTBOX.c.state.in_([int(stage) for stage in OVER]), OUTBOX.c.due_at < now - keep.keyed
    yield Chore("keyed", OUTBOX, sa.and_(*old, OUTBOX.c.dedup.is_not(None), CLOSED))
    yield Chore("received", RECEIVED, RECEIVED.c.at < now - keep.received)
    yield Chore("attempts", ATTEMPT, ATTEMPT.c.at < now - keep.attempts)
    ended = now - keep.invitations
    used = sa.and_(INVITATION.c.uses_left == 0, INVITATION.c.created_at < ended)
    over = sa.or_(INVITATION.c.expires_at < ended, INVITATION.c.revoked_at < ended, used)
    yield Chore("invitations", INVITATION, over)
    yield Chore("audit", AUDIT, AUDIT.c.at < now - keep.audit)


class SqlHousekeeping:
    """Implements Housekeeping. `erase` erases somebody for whom a last look holds, and says whether it did."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        erase: Callable[[str, datetime, Callable[[Known], bool]], Awaitable[bool]],
        presence: Presence | None,
    ) -> None:
        self._database, self._vault, self._erase, self._presence = database, vault, erase, presence
        self.untidy = database.is_sqlite  # whoever ran before us may have been killed between the two

    async def purge(self, keep: Keep, now: datetime) -> Mapping[str, int]:
        """Deletes what is older than it is kept; how many rows, by what they were. Raises StoreError."""
        found = {chore.name: await self._do(chore) for chore in chores(keep, now)}
        if keep.left is not None:
            found["left"] = await self._let_go(now - keep.left, now)
        return {name: count for name, count in found.items() if count}

    async def present(self) -> bool:
        """Says that this process is running; False if its newest key was retired. Raises StoreError."""
        return self._presence is None or await self._presence.say()

    async def tidy(self) -> bool:
        """Overwrites what erasures left in the files; False if it must be tried again later. Raises StoreError."""
        if self.untidy:
            self.untidy = False
            self.untidy = not await self._database.tidy(sorted(METADATA.tables))
        return not self.untidy

    async def _do(self, chore: Chore) -> int:
        total = 0
        while True:
            async with self._database.reading() as connection:
                keys = [tuple(row) for row in await connection.execute(chore.some())]
            if not keys:
                return total
            async with self._database.writing() as connection:
                total += (await connection.execute(chore.done_to(keys))).rowcount
            if len(keys) < LOT:
                return total
            await asyncio.sleep(0)

    async def _let_go(self, until: datetime, now: datetime) -> int:
        """Erases people who left the course and were not heard of since; whoever left is not woken any more."""
        after, total = "", 0
        while True:
            query = sa.select(*rows.PERSON_COLUMNS).where(PERSON.c.wake_at.is_(None), PERSON.c.id > after)
            async with self._database.reading() as connection:
                some = (await connection.execute(query.order_by(PERSON.c.id).limit(PEOPLE))).all()
            for row in some:
                if has_left(rows.known(row, self._vault), until):
                    total += await self._erase(row.id, now, lambda known: has_left(known, until))
            if len(some) < PEOPLE:
                return total
            after = some[-1].id
            await asyncio.sleep(0)


def has_left(known: Known, until: datetime) -> bool:
    """Whether somebody left the course, and wrote nothing from `until` on."""
    person = known.participant
    return person.journey.state is State.WITHDRAWN and (person.heard is None or person.heard < until)
