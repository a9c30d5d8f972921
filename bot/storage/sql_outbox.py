"""The outbox over SQL: leases on the database's clock, and the tick, one transaction (design.md §9).

Locks are always taken in the same order, people before the lease before outbox rows, and rows that the coach holds
are skipped, so a tick and a turn never wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLost
from bot.model import Delivery, Reply
from bot.ports import Result
from bot.storage import codec, rows
from bot.storage.database import Database, DatabaseNow
from bot.storage.sql_queries import SENDABLE
from bot.storage.tables import ADDRESS, LEASE, OUTBOX, Stage, staged
from bot.storage.vault import Vault

MICROSECONDS = 1_000_000
ENDED = {stage.name.lower(): int(stage) for stage in Stage if stage not in (Stage.SENDING, Stage.CANCELLED)}
NOW = DatabaseNow()
PICKED = (OUTBOX.c.id, OUTBOX.c.address_id, OUTBOX.c.payload, OUTBOX.c.attempts)


def _waiting(now: datetime, table: sa.FromClause = OUTBOX) -> sa.ColumnElement[bool]:
    """Queued, due and still useful."""
    useful = sa.or_(table.c.expires_at.is_(None), table.c.expires_at > now)
    return sa.and_(staged(Stage.QUEUED, table=table), table.c.due_at <= now, useful)


def _cooling(table: sa.FromClause = OUTBOX) -> sa.ColumnElement[bool]:
    """Waiting for its retry; the literal 0 lets the partial index apply."""
    return sa.and_(staged(Stage.QUEUED, table=table), table.c.retry_at > sa.literal_column("0"), table.c.retry_at > NOW)


def _late(installation: str, now: datetime) -> sa.Select[Any]:
    return sa.select(OUTBOX.c.id).where(
        OUTBOX.c.installation == installation, staged(Stage.QUEUED), OUTBOX.c.expires_at <= now
    )


def _next(installation: str, now: datetime, skip: frozenset[str]) -> sa.Select[Any]:
    """What may be sent, first things first; a row that waits for its retry holds back what follows in its chat."""
    earlier = OUTBOX.alias("earlier")
    before = sa.or_(
        earlier.c.priority < OUTBOX.c.priority,
        sa.and_(earlier.c.priority == OUTBOX.c.priority, earlier.c.id < OUTBOX.c.id),
    )
    cooling = sa.exists().where(
        earlier.c.address_id == OUTBOX.c.address_id,
        _waiting(now, earlier),
        _cooling(earlier),
        before,
    )
    return (
        sa.select(*PICKED)
        .where(OUTBOX.c.installation == installation, _waiting(now), OUTBOX.c.retry_at <= NOW)
        .where(OUTBOX.c.address_id.not_in(skip), SENDABLE, ~cooling)
        .order_by(OUTBOX.c.priority, OUTBOX.c.id)
    )


class SqlOutbox:
    """`exclusive`: this process holds the file's lock, so every lease is its own at once."""

    def __init__(self, database: Database, vault: Vault, *, exclusive: bool) -> None:
        self._database, self._vault, self._exclusive = database, vault, exclusive

    async def acquire(self, installation: str, owner: str, ttl: float) -> int | None:
        """Takes a lease that ran out, for `ttl` seconds: its epoch, or None. Rows left "sending" are queued again."""
        until = NOW + int(ttl * MICROSECONDS)
        take = self._database.insert(LEASE).values(installation=installation, owner=owner, epoch=1, until=until)
        take = take.on_conflict_do_update(
            index_elements=["installation"],
            set_={"owner": owner, "epoch": LEASE.c.epoch + 1, "until": until},
            where=None if self._exclusive else LEASE.c.until < NOW,
        ).returning(LEASE.c.epoch)
        left = sa.update(OUTBOX).where(OUTBOX.c.installation == installation, staged(Stage.SENDING))
        async with self._database.writing() as connection:
            epoch: int | None = (await connection.execute(take)).scalar()
            if epoch is not None:
                await connection.execute(left.values(state=int(Stage.QUEUED)))
        return epoch

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        """Gives the lease back, if it is still this one."""
        async with self._database.writing() as connection:
            await connection.execute(_held(installation, owner, epoch).values(until=0))

    async def tick(
        self,
        installation: str,
        owner: str,
        epoch: int,
        ttl: float,
        results: Sequence[Result],
        room: int,
        busy: frozenset[str],
        now: datetime,
        renew: bool,
    ) -> Sequence[Delivery]:
        """One transaction; `Delivery.attempts` counts the tries before this one. Raises LeaseLost."""
        if not results and not renew and not await self._something(installation, room, busy, now):
            return ()
        async with self._database.writing() as connection:
            await self._lose(connection, [result.id for result in results if result.state == "unreachable"])
            await self._move(connection, {result.id: result.moved_to for result in results if result.moved_to})
            lease = _held(installation, owner, epoch).values(until=NOW + int(ttl * MICROSECONDS))
            if (await connection.execute(lease)).rowcount != 1:
                raise LeaseLost(installation)
            await self._finish(connection, installation, results)
            late = _late(installation, now).with_for_update(skip_locked=True)
            await connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id.in_(late)).values(state=int(Stage.EXPIRED)))
            return await self._pick(connection, installation, room, busy, now)

    async def cooling(self, installation: str) -> Mapping[str, float]:
        """Addresses whose next try lies ahead, with the seconds left."""
        left = (sa.func.max(OUTBOX.c.retry_at) - NOW).label("left")
        query = (
            sa.select(OUTBOX.c.address_id, left)
            .where(OUTBOX.c.installation == installation, _cooling())
            .group_by(OUTBOX.c.address_id)
        )
        async with self._database.reading() as connection:
            return {row.address_id: row.left / MICROSECONDS for row in await connection.execute(query)}

    async def _something(self, installation: str, room: int, busy: frozenset[str], now: datetime) -> bool:
        """Whether a tick would write: an idle one only reads."""
        async with self._database.reading() as connection:
            if (await connection.execute(_late(installation, now).limit(1))).first():
                return True
            if room < 1:
                return False
            ready = _next(installation, now, busy).with_only_columns(OUTBOX.c.id).limit(1)
            return (await connection.execute(ready)).first() is not None

    async def _lose(self, connection: AsyncConnection, ids: Sequence[int]) -> None:
        if ids:
            query = sa.select(OUTBOX.c.address_id).where(OUTBOX.c.id.in_(ids), staged(Stage.SENDING))
            addresses = sorted(set((await connection.execute(query)).scalars()))
            await rows.reach(connection, self._vault, addresses, reachable=False)

    async def _move(self, connection: AsyncConnection, moved: Mapping[int, str]) -> None:
        """Gives addresses their new platform id; one that is somebody's already makes the old address unreachable."""
        for row, platform_id in moved.items():
            query = sa.select(ADDRESS.c.id, ADDRESS.c.installation).join(OUTBOX).where(OUTBOX.c.id == row)
            if (address := (await connection.execute(query)).first()) is None:
                continue
            lookup = self._vault.lookup(address.installation, platform_id)
            other = ADDRESS.alias("other")
            taken = sa.exists().where(other.c.installation == address.installation, other.c.lookup == lookup)
            write = sa.update(ADDRESS).where(ADDRESS.c.id == address.id, ~taken)
            write = write.values(lookup=lookup, platform_id=self._vault.encrypt(platform_id))
            if (await connection.execute(write)).rowcount == 0:
                await rows.reach(connection, self._vault, [address.id], reachable=False)

    async def _finish(self, connection: AsyncConnection, installation: str, results: Sequence[Result]) -> None:
        if not results:
            return
        write = (
            sa.update(OUTBOX)
            .where(OUTBOX.c.id == sa.bindparam("row"), OUTBOX.c.installation == installation, staged(Stage.SENDING))
            .values(
                state=sa.bindparam("ended"),
                retry_at=NOW + sa.bindparam("wait", type_=sa.BigInteger),
                attempts=OUTBOX.c.attempts - sa.bindparam("uncounted", type_=sa.Integer),
                ref=sa.bindparam("reference"),
                problem=sa.bindparam("trouble"),
            )
        )
        values = [
            {
                "row": result.id,
                "ended": ENDED[result.state],
                "wait": int(result.retry_in * MICROSECONDS),
                "uncounted": int(not result.counts),
                "reference": None if result.ref is None else self._vault.encrypt(result.ref),
                "trouble": result.problem,
            }
            for result in results
        ]
        await connection.execute(write, values)

    async def _pick(
        self, connection: AsyncConnection, installation: str, room: int, busy: frozenset[str], now: datetime
    ) -> Sequence[Delivery]:
        """The first row of each address that is not busy; looks again while there is room: one chat may queue much."""
        picked: dict[str, sa.Row[Any]] = {}
        while (left := room - len(picked)) > 0:
            lot = _next(installation, now, busy | picked.keys()).limit(left)
            found = (await connection.execute(lot.with_for_update(of=OUTBOX, skip_locked=True))).all()
            if not found:
                break
            for row in found:
                picked.setdefault(row.address_id, row)
        if not picked:
            return ()
        chosen = OUTBOX.c.id.in_([row.id for row in picked.values()])
        mark = sa.update(OUTBOX).where(chosen)
        await connection.execute(mark.values(state=int(Stage.SENDING), attempts=OUTBOX.c.attempts + 1))
        query = sa.select(ADDRESS.c.id, ADDRESS.c.platform_id).where(ADDRESS.c.id.in_(picked))
        platform_ids = {
            row.id: self._vault.decrypt(row.platform_id).decode() for row in await connection.execute(query)
        }
        return [
            Delivery(
                id=row.id,
                address=row.address_id,
                platform_id=platform_ids[row.address_id],
                reply=await self._reply(connection, row),
                attempts=row.attempts,
            )
            for row in picked.values()
        ]

    async def _reply(self, connection: AsyncConnection, row: sa.Row[Any]) -> Reply:
        """The reply; one that closes a question learns here which message put it."""
        reply = codec.load_reply(self._vault.decrypt(row.payload))
        if reply.act != "close" or reply.ref is not None:
            return reply
        query = (
            sa.select(OUTBOX.c.ref)
            .where(OUTBOX.c.address_id == row.address_id, OUTBOX.c.asked == reply.asked)
            .where(OUTBOX.c.asked > sa.literal_column("0"), OUTBOX.c.ref.is_not(None))
            .order_by(OUTBOX.c.id.desc())
            .limit(1)
        )
        ref = (await connection.execute(query)).scalar()
        return replace(reply, ref=None if ref is None else self._vault.decrypt(ref).decode())


def _held(installation: str, owner: str, epoch: int) -> sa.Update:
    return sa.update(LEASE).where(LEASE.c.installation == installation, LEASE.c.owner == owner, LEASE.c.epoch == epoch)
