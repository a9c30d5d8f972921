"""The outbox over SQL: leases on the database's clock, and the tick, one transaction (design.md §9).

Locks are always taken in the same order, people before the lease before outbox rows, and rows that the coach holds
are skipped, as are people of whom a tick learns only from rows, so a tick and a turn never wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLost
from bot.model import Delivery, Reply
from bot.ports import Ending, Result, Standing
from bot.storage import codec, rows
from bot.storage.database import Database, DatabaseNow
from bot.storage.sql_queries import SENDABLE
from bot.storage.tables import ADDRESS, BROADCAST, LEASE, OUTBOX, PROCESS, Instant, Stage, staged
from bot.storage.vault import Vault

log = structlog.get_logger()

MICROSECONDS = 1_000_000
LONGEST_LEASE = 120  # seconds; what claims to last longer was written before the database's clock went back
ENDED: Mapping[Ending, Stage] = {
    "sent": Stage.SENT,
    "queued": Stage.QUEUED,
    "dead": Stage.DEAD,
    "unreachable": Stage.UNREACHABLE,
}
NOW = DatabaseNow()
INSTALLATION, MOMENT = sa.bindparam("at_installation", type_=sa.String), sa.bindparam("moment", type_=Instant)
WAIT = sa.bindparam("wait", type_=sa.BigInteger)
SKIPPED, ROOM = sa.bindparam("skipped", type_=sa.String, expanding=True), sa.bindparam("room", type_=sa.Integer)
HOME = sa.select(ADDRESS.c.platform_id).where(ADDRESS.c.id == OUTBOX.c.address_id).scalar_subquery()
PICKED = (OUTBOX.c.id, OUTBOX.c.address_id, OUTBOX.c.payload, OUTBOX.c.attempts, OUTBOX.c.dedup, HOME.label("home"))


def _waiting(table: sa.FromClause = OUTBOX) -> sa.ColumnElement[bool]:
    """Queued, due and still useful. A reply is due at once, or a clock that is put back would let the next overtake."""
    useful = sa.or_(table.c.expires_at.is_(None), table.c.expires_at > MOMENT)
    due = sa.or_(table.c.priority == sa.literal_column("0"), table.c.due_at <= MOMENT)
    return sa.and_(staged(Stage.QUEUED, table=table), due, useful)


def _next() -> sa.Select[Any]:
    """The first of each chat, first things first; where that waits for its retry, what follows it waits too."""
    earlier = OUTBOX.alias("earlier")
    before = sa.or_(
        earlier.c.priority < OUTBOX.c.priority,
        sa.and_(earlier.c.priority == OUTBOX.c.priority, earlier.c.id < OUTBOX.c.id),
    )
    ahead: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        earlier.c.address_id == OUTBOX.c.address_id, _waiting(earlier), before
    )
    return (
        sa.select(*PICKED)
        .where(OUTBOX.c.installation == INSTALLATION, _waiting(), OUTBOX.c.retry_at <= NOW)
        .where(OUTBOX.c.address_id.not_in(SKIPPED), SENDABLE)
        .where(ahead.limit(1).scalar_subquery().is_(None))  # PostgreSQL would hash all that waits for an EXISTS
        .order_by(OUTBOX.c.priority, OUTBOX.c.id)
        .limit(ROOM)
    )


# Built once: of a tick's time, half went into putting these together.
LATE = sa.select(OUTBOX.c.id, OUTBOX.c.address_id, OUTBOX.c.asked, OUTBOX.c.due_at, OUTBOX.c.broadcast_id).where(
    OUTBOX.c.installation == INSTALLATION, staged(Stage.QUEUED), OUTBOX.c.expires_at <= MOMENT
)
EXPIRING = LATE.limit(rows.CHUNK).with_for_update(skip_locked=True)
EXPIRE = sa.update(OUTBOX).where(OUTBOX.c.id.in_(sa.bindparam("rows", expanding=True))).values(state=int(Stage.EXPIRED))
REFUSED = (
    sa.select(OUTBOX.c.address_id, OUTBOX.c.asked, OUTBOX.c.due_at)
    .where(OUTBOX.c.id.in_(sa.bindparam("rows", expanding=True)), staged(Stage.DEAD), OUTBOX.c.broadcast_id.is_(None))
    .where(OUTBOX.c.asked > sa.literal_column("0"), OUTBOX.c.expires_at.is_not(None))
)
READY = _next().with_only_columns(OUTBOX.c.id)
PICK = _next().with_for_update(of=OUTBOX, skip_locked=True)
MARK = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.id.in_(sa.bindparam("rows", expanding=True)))
    .values(state=int(Stage.SENDING), attempts=OUTBOX.c.attempts + 1)
)
HELD = sa.update(LEASE).where(
    LEASE.c.installation == INSTALLATION,
    LEASE.c.owner == sa.bindparam("by_owner"),
    LEASE.c.epoch == sa.bindparam("of_epoch"),
)
RENEW = HELD.values(until=NOW + sa.bindparam("lasting", type_=sa.BigInteger)).returning(LEASE.c.epoch)
FINISH = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.id == sa.bindparam("row"), OUTBOX.c.installation == INSTALLATION, staged(Stage.SENDING))
    .values(
        state=sa.bindparam("ended"),
        retry_at=sa.case((WAIT > 0, NOW + WAIT), else_=0),
        attempts=OUTBOX.c.attempts - sa.bindparam("uncounted", type_=sa.Integer),
        ref=sa.bindparam("reference"),
        problem=sa.bindparam("trouble"),
    )
)
REFS = (
    sa.select(OUTBOX.c.address_id, OUTBOX.c.asked, OUTBOX.c.ref)
    .where(OUTBOX.c.address_id.in_(sa.bindparam("addresses", type_=sa.String, expanding=True)))
    .where(OUTBOX.c.asked.in_(sa.bindparam("questions", type_=sa.Integer, expanding=True)))
    .where(OUTBOX.c.asked > sa.literal_column("0"), OUTBOX.c.ref.is_not(None))
    .order_by(OUTBOX.c.id)
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
            where=None if self._exclusive else ~_live(),
        ).returning(LEASE.c.epoch)
        left = sa.update(OUTBOX).where(OUTBOX.c.installation == installation, staged(Stage.SENDING))
        async with self._database.writing() as connection:
            epoch: int | None = (await connection.execute(take)).scalar()
            if epoch is not None:
                await connection.execute(left.values(state=int(Stage.QUEUED)))
                await _stop_held(connection, installation)
        return epoch

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        """Gives the lease back, if it is still this one."""
        async with self._database.writing() as connection:
            await connection.execute(HELD.values(until=0), _lease(installation, owner, epoch))

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
            lease = _lease(installation, owner, epoch) | {"lasting": int(ttl * MICROSECONDS)}
            if await connection.scalar(RENEW, lease) is None:
                raise LeaseLost(installation)
            await self._finish(connection, installation, results)
            await self._refuse(connection, [result.id for result in results if result.state == "dead"], now)
            await self._expire(connection, installation, now)
            return await self._pick(connection, installation, room, busy, now)

    async def cooling(self, installation: str) -> Mapping[str, float]:
        """Addresses whose next try lies ahead, with the seconds left."""
        left = (sa.func.max(OUTBOX.c.retry_at) - NOW).label("left")
        waits = OUTBOX.c.retry_at > sa.literal_column("0"), OUTBOX.c.retry_at > NOW  # the 0 lets the index apply
        query = (
            sa.select(OUTBOX.c.address_id, left)
            .where(OUTBOX.c.installation == installation, staged(Stage.QUEUED), *waits)
            .group_by(OUTBOX.c.address_id)
        )
        async with self._database.reading() as connection:
            return {row.address_id: row.left / MICROSECONDS for row in await connection.execute(query)}

    async def attend(self, owner: str, ttl: float) -> Standing:
        """Says that this process is there, and tells who else is and holds what."""
        if self._exclusive:
            return Standing(frozenset({owner}), {})
        until = NOW + int(ttl * MICROSECONDS)
        here = self._database.insert(LEASE).values(installation=PROCESS + owner, owner=owner, epoch=0, until=until)
        here = here.on_conflict_do_update(index_elements=["installation"], set_={"until": until})
        gone = sa.select(LEASE.c.installation).where(LEASE.c.installation.startswith(PROCESS), ~_live())
        async with self._database.writing() as connection:
            await connection.execute(here)
            await connection.execute(
                sa.delete(LEASE).where(LEASE.c.installation.in_(gone.with_for_update(skip_locked=True)))
            )
            live = {row.installation: row.owner for row in await connection.execute(sa.select(LEASE).where(_live()))}
        held = {name: holder for name, holder in live.items() if not name.startswith(PROCESS)}
        return Standing(frozenset(live[name] for name in live.keys() - held.keys()), held)

    async def _something(self, installation: str, room: int, busy: frozenset[str], now: datetime) -> bool:
        """Whether a tick would write: an idle one only reads."""
        async with self._database.reading() as connection:
            moment = {"at_installation": installation, "moment": now}
            if (await connection.execute(LATE.limit(1), moment)).first():
                return True
            if room < 1:
                return False
            ready = await connection.execute(READY, moment | {"skipped": list(busy), "room": 1})
            return ready.first() is not None

    async def _lose(self, connection: AsyncConnection, ids: Sequence[int]) -> None:
        if ids:
            query = sa.select(OUTBOX.c.address_id).where(OUTBOX.c.id.in_(ids), staged(Stage.SENDING))
            addresses = sorted(set((await connection.execute(query)).scalars()))
            await rows.reach(connection, self._vault, addresses, reachable=False)

    async def _move(self, connection: AsyncConnection, moved: Mapping[int, str]) -> None:
        """Gives addresses their new platform id."""
        for row, platform_id in moved.items():
            address = await connection.scalar(sa.select(OUTBOX.c.address_id).where(OUTBOX.c.id == row))
            if address is not None:
                await rows.move(connection, self._vault, address, platform_id)

    async def _finish(self, connection: AsyncConnection, installation: str, results: Sequence[Result]) -> None:
        if not results:
            return
        values = [
            {
                "at_installation": installation,
                "row": result.id,
                "ended": int(ENDED[result.state]),
                "wait": int(result.retry_in * MICROSECONDS),
                "uncounted": int(not result.counts),
                "reference": None if result.ref is None else self._vault.encrypt(result.ref),
                "trouble": result.problem,
            }
            for result in results
        ]
        await connection.execute(FINISH, values)
        if any(result.state == "queued" for result in results):
            await _stop_held(connection, installation)

    async def _refuse(self, connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
        """What the timetable asked and the platform never took: nobody saw it. Who has a turn just now is let be."""
        if ids:
            asked: dict[str, list[tuple[int, datetime]]] = {}
            for row in await connection.execute(REFUSED, {"rows": ids}):
                asked.setdefault(row.address_id, []).append((row.asked, row.due_at))
            await rows.overlook(connection, self._vault, asked, now)

    async def _expire(self, connection: AsyncConnection, installation: str, now: datetime) -> None:
        """What is past its window is not sent; what asks somebody who has a turn just now waits for the next tick."""
        late = (await connection.execute(EXPIRING, {"at_installation": installation, "moment": now})).all()
        if not late:
            return
        asked: dict[str, list[tuple[int, datetime]]] = {}
        for row in late:
            if row.asked and row.broadcast_id is None:
                asked.setdefault(row.address_id, []).append((row.asked, row.due_at))
        noted = await rows.overlook(connection, self._vault, asked, now)
        gone = [row.id for row in late if row.address_id in noted or row.address_id not in asked]
        await connection.execute(EXPIRE, {"rows": gone})
        log.info("past_their_window", installation=installation, rows=len(gone))

    async def _pick(
        self, connection: AsyncConnection, installation: str, room: int, busy: frozenset[str], now: datetime
    ) -> Sequence[Delivery]:
        """The first row of each address that is not busy."""
        if room < 1:
            return ()
        wanted = {"moment": now, "skipped": list(busy), "room": room}
        found = (await connection.execute(PICK, {"at_installation": installation} | wanted)).all()
        if not found:
            return ()
        picked = {row.address_id: row for row in found}
        await connection.execute(MARK, {"rows": [row.id for row in found]})
        replies = {address: codec.load_reply(self._vault.decrypt(row.payload)) for address, row in picked.items()}
        unknown = {address: reply for address, reply in replies.items() if reply.ref is None}
        named = {address: reply for address, reply in unknown.items() if reply.of}
        closing = {address: reply for address, reply in unknown.items() if reply.act in ("close", "edit")}
        replies |= await self._with_refs(connection, {one: closing[one] for one in closing.keys() - named.keys()})
        replies |= await self._with_named_refs(connection, named)
        return [
            Delivery(
                id=row.id,
                address=address,
                platform_id=self._vault.decrypt(row.home).decode(),
                reply=replies[address],
                attempts=row.attempts,
                keyed=row.dedup is not None,
            )
            for address, row in picked.items()
        ]

    async def _with_refs(self, connection: AsyncConnection, closing: Mapping[str, Reply]) -> dict[str, Reply]:
        """Replies that edit a question, by address: they learn here which message put it."""
        if not closing:
            return {}
        wanted = {"addresses": list(closing), "questions": list({reply.asked for reply in closing.values()})}
        rows_of_them = await connection.execute(REFS, wanted)
        found = {(row.address_id, row.asked): row.ref for row in rows_of_them}  # the latest counts
        return {
            address: replace(reply, ref=self._vault.decrypt(ref).decode())
            for address, reply in closing.items()
            if (ref := found.get((address, reply.asked))) is not None
        }

    async def _with_named_refs(self, connection: AsyncConnection, named: Mapping[str, Reply]) -> dict[str, Reply]:
        """Replies that are about a message with a key, by address: they learn here which message that became."""
        if not named:
            return {}
        query = sa.select(OUTBOX.c.dedup, OUTBOX.c.ref).where(OUTBOX.c.ref.is_not(None))
        query = query.where(OUTBOX.c.dedup.in_({reply.of for reply in named.values()}))
        found = {row.dedup: self._vault.decrypt(row.ref).decode() for row in await connection.execute(query)}
        return {address: replace(reply, ref=found.get(reply.of)) for address, reply in named.items()}


async def _stop_held(connection: AsyncConnection, installation: str) -> None:
    """What comes back from the wire does not go again if its broadcast was held or cancelled meanwhile."""
    back = sa.update(OUTBOX).where(
        OUTBOX.c.installation == installation, OUTBOX.c.broadcast_id.is_not(None), staged(Stage.QUEUED)
    )
    for stage, ended in (("held", Stage.HELD), ("cancelled", Stage.CANCELLED)):
        stopped = sa.select(BROADCAST.c.id).where(BROADCAST.c.stage == stage)
        await connection.execute(back.where(OUTBOX.c.broadcast_id.in_(stopped)).values(state=int(ended)))


def _lease(installation: str, owner: str, epoch: int) -> dict[str, str | int]:
    """The parameters of HELD."""
    return {"at_installation": installation, "by_owner": owner, "of_epoch": epoch}


def _live() -> sa.ColumnElement[bool]:
    """Whether a lease has not run out."""
    return LEASE.c.until.between(NOW, NOW + LONGEST_LEASE * MICROSECONDS)
