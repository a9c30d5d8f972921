"""Broadcasts and their copies in the outbox over SQL, inside the transaction of a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.broadcasts import KnownBroadcast, Tally
from bot.cohorts.ports import Stranded
from bot.errors import StoreError
from bot.model import Participant
from bot.storage import codec, rows
from bot.storage.tables import (
    ADDRESS,
    BROADCAST,
    BROADCAST_COHORT,
    FAILED,
    MEMBERSHIP,
    OUTBOX,
    PERSON,
    WAITING,
    Stage,
    staged,
)
from bot.storage.vault import Vault

COPY = OUTBOX.c.broadcast_id.is_not(None)  # lets the partial indexes apply
DUE = sa.select(BROADCAST).where(BROADCAST.c.wake_at <= sa.bindparam("now")).order_by(BROADCAST.c.wake_at).limit(1)


class SqlBroadcasts:
    """Implements ports.Broadcasts; `insert` is the database's own INSERT."""

    def __init__(self, connection: AsyncConnection, insert: Callable[[sa.Table], Any], vault: Vault) -> None:
        self._connection, self._insert, self._vault = connection, insert, vault

    # ------------------------------------------------------------ broadcasts

    async def add(self, known: KnownBroadcast) -> None:
        """Keeps a new broadcast."""
        await self._connection.execute(sa.insert(BROADCAST).values({"id": known.broadcast.id} | self._values(known)))
        to = [{"cohort_id": cohort, "broadcast_id": known.broadcast.id} for cohort in known.broadcast.cohorts]
        await self._connection.execute(sa.insert(BROADCAST_COHORT), to)

    async def load(self, broadcasts: Sequence[str]) -> Mapping[str, KnownBroadcast]:
        """Locks these broadcasts in the order of their ids and loads them."""
        query = sa.select(BROADCAST).where(BROADCAST.c.id.in_(sorted(set(broadcasts)))).order_by(BROADCAST.c.id)
        return {row.id: self._known(row) for row in await self._connection.execute(query.with_for_update())}

    async def save(self, known: KnownBroadcast) -> None:
        """Writes a broadcast, revision + 1. Raises StoreError if the revision is not the one loaded."""
        mine = BROADCAST.c.id == known.broadcast.id, BROADCAST.c.revision == known.revision
        values = self._values(known) | {"revision": known.revision + 1}
        if (await self._connection.execute(sa.update(BROADCAST).where(*mine).values(values))).rowcount != 1:
            raise StoreError("A broadcast was changed since it was loaded; nothing was saved.", "conflict")

    async def due(self, now: datetime) -> KnownBroadcast | None:
        """The broadcast whose wake_at is the earliest, if it is not after `now`."""
        row = (await self._connection.execute(DUE, {"now": now})).one_or_none()
        return None if row is None else self._known(row)

    async def latest(self, cohorts: Sequence[str], limit: int) -> Sequence[KnownBroadcast]:
        """Broadcasts to any of these cohorts, newest first."""
        theirs = sa.select(BROADCAST_COHORT.c.broadcast_id).where(BROADCAST_COHORT.c.cohort_id.in_(cohorts))
        query = sa.select(BROADCAST).where(BROADCAST.c.id.in_(theirs)).order_by(BROADCAST.c.seq.desc()).limit(limit)
        return [self._known(row) for row in await self._connection.execute(query)]

    def _known(self, row: sa.Row[Any]) -> KnownBroadcast:
        return KnownBroadcast(codec.load_broadcast(self._vault.decrypt(row.state)), row.wake_at, row.revision)

    def _values(self, known: KnownBroadcast) -> dict[str, Any]:
        state = self._vault.encrypt(codec.dump_broadcast(known.broadcast))
        stage, revision = known.broadcast.stage, known.revision
        return {"stage": stage, "wake_at": known.wake_at, "revision": revision, "state": state}

    # ------------------------------------------------------------ people

    async def members(self, cohorts: Sequence[str], after: str, limit: int) -> Sequence[str]:
        """The ids, in order and greater than `after`, of people who walk in these cohorts."""
        query = sa.select(MEMBERSHIP.c.person_id).where(
            MEMBERSHIP.c.cohort_id.in_(cohorts), MEMBERSHIP.c.left_at.is_(None), MEMBERSHIP.c.person_id > after
        )
        return (await self._connection.execute(query.order_by(MEMBERSHIP.c.person_id).limit(limit))).scalars().all()

    async def census(self, cohorts: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """Everybody who walks in these cohorts, with their installation."""
        query = sa.select(PERSON.c.state, PERSON.c.installation).join(MEMBERSHIP, MEMBERSHIP.c.person_id == PERSON.c.id)
        query = query.where(MEMBERSHIP.c.cohort_id.in_(cohorts), MEMBERSHIP.c.left_at.is_(None)).order_by(PERSON.c.id)
        found = await self._connection.execute(query)
        return [(codec.load_participant(self._vault.decrypt(row.state)), row.installation) for row in found]

    # ------------------------------------------------------------ copies

    async def tally(self, broadcast: str) -> Tally:
        """How many of its copies are where."""
        query = sa.select(OUTBOX.c.state, sa.func.count()).where(COPY, OUTBOX.c.broadcast_id == broadcast)
        found = {
            Stage(stage): int(count) for stage, count in await self._connection.execute(query.group_by(OUTBOX.c.state))
        }
        return Tally(
            sent=found.get(Stage.SENT, 0),
            waiting=sum(found.get(stage, 0) for stage in WAITING),
            failed={reason: found[stage] for stage, reason in FAILED.items() if stage in found},
            left=found.get(Stage.CANCELLED, 0),
        )

    async def hold(self, broadcast: str) -> None:
        """Nothing of it that waits is sent until `plan`."""
        await self._restage(broadcast, (Stage.QUEUED,), Stage.HELD)

    async def drop(self, broadcast: str) -> None:
        """Nothing of it that waits is ever sent."""
        await self._restage(broadcast, (Stage.QUEUED, Stage.HELD, Stage.EXPIRED), Stage.CANCELLED)

    async def _restage(self, broadcast: str, before: Sequence[Stage], after: Stage) -> None:
        mine = COPY, OUTBOX.c.broadcast_id == broadcast, sa.or_(*map(staged, before))
        await self._connection.execute(sa.update(OUTBOX).where(*mine).values(state=int(after)))

    async def stranded(self, broadcast: str, now: datetime, limit: int) -> Sequence[Stranded]:
        """Copies that were held, or whose time ran out before `now`."""
        late = sa.and_(staged(Stage.QUEUED), OUTBOX.c.expires_at <= now)
        query = (
            sa.select(OUTBOX.c.id, ADDRESS.c.person_id)
            .join(ADDRESS, ADDRESS.c.id == OUTBOX.c.address_id)
            .where(COPY, OUTBOX.c.broadcast_id == broadcast)
            .where(sa.or_(staged(Stage.HELD), staged(Stage.EXPIRED), late))
            .order_by(OUTBOX.c.id)
            .limit(limit)
        )
        return [Stranded(row.id, row.person_id) for row in await self._connection.execute(query)]

    async def plan(self, moments: Mapping[int, tuple[datetime, datetime] | None]) -> None:
        """Stranded rows wait for these moments (due, expires); None takes one back for good."""
        waiting = sa.or_(*map(staged, (Stage.QUEUED, Stage.HELD, Stage.EXPIRED)))
        write = sa.update(OUTBOX).where(OUTBOX.c.id == sa.bindparam("row"), waiting)
        planned = [{"row": row, "due": at[0], "end": at[1]} for row, at in moments.items() if at]
        gone = [{"row": row} for row, at in moments.items() if at is None]
        if planned:
            due, end = (sa.bindparam(name, type_=OUTBOX.c.due_at.type) for name in ("due", "end"))
            again = write.values(state=int(Stage.QUEUED), due_at=due, expires_at=end)
            await self._connection.execute(again, planned)
        if gone:
            await self._connection.execute(write.values(state=int(Stage.CANCELLED)), gone)

    async def ahead(self, broadcast: str) -> datetime | None:
        """When the first of its waiting copies runs out of time."""
        waiting = sa.or_(*map(staged, WAITING))
        query = sa.select(sa.func.min(OUTBOX.c.expires_at)).where(COPY, OUTBOX.c.broadcast_id == broadcast, waiting)
        earliest: datetime | None = await self._connection.scalar(query)
        return earliest

    async def announced(self, addresses: Sequence[str], since: datetime) -> Mapping[str, Sequence[datetime]]:
        """When broadcasts, not taken back, are or were due at these addresses, from `since` on."""
        found: dict[str, list[datetime]] = {}
        for lot in rows.chunks(sorted(set(addresses))):
            kept = COPY, OUTBOX.c.address_id.in_(lot), OUTBOX.c.due_at >= since
            lying = sa.or_(*map(staged, (Stage.QUEUED, Stage.SENDING, Stage.SENT)))
            for row in await self._connection.execute(
                sa.select(OUTBOX.c.address_id, OUTBOX.c.due_at).where(*kept, lying)
            ):
                found.setdefault(row.address_id, []).append(row.due_at)
        return found
