"""Reading over SQL, without a lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Entry, Origin, Participant
from bot.ports import TouchpointRow
from bot.storage import codec, rows
from bot.storage.tables import ADDRESS, BROADCAST, COHORT, ENTRY, INBOX, OUTBOX, PERSON, TOUCHPOINT, Stage, staged
from bot.storage.vault import Vault

# What waits for somebody who cannot be reached is neither pending nor a reason to wake.
# A scalar look-up by key: PostgreSQL would hash all addresses for an EXISTS.
SENDABLE = sa.or_(
    OUTBOX.c.priority == 0,
    sa.select(ADDRESS.c.reachable).where(ADDRESS.c.id == OUTBOX.c.address_id).scalar_subquery() == sa.true(),
)
KEPT = sa.select(sa.func.count()).select_from(INBOX)


class SqlQueries:
    """One transaction that only reads."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection, self._vault = connection, vault

    async def entries(self, person: str, kinds: Sequence[str] = (), limit: int = 1000) -> Sequence[Entry]:
        """Entries newest first; no kinds means all."""
        query = sa.select(ENTRY).where(ENTRY.c.person_id == person)
        if kinds:
            query = query.where(ENTRY.c.kind.in_(kinds))
        query = query.order_by(ENTRY.c.at.desc(), ENTRY.c.seq.desc()).limit(limit)
        return [rows.entry(row, self._vault) for row in await self._connection.execute(query)]

    async def participant(self, person: str) -> Participant | None:
        """The person's state."""
        state = await self._connection.scalar(sa.select(PERSON.c.state).where(PERSON.c.id == person))
        return None if state is None else codec.load_participant(self._vault.decrypt(state))

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        lookup = self._vault.lookup(origin.installation, origin.platform_id)
        query = sa.select(ADDRESS.c.person_id).where(
            ADDRESS.c.installation == origin.installation, ADDRESS.c.lookup == lookup
        )
        person: str | None = await self._connection.scalar(query)
        return person

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        query = sa.select(TOUCHPOINT).where(TOUCHPOINT.c.person_id == person)
        query = query.order_by(TOUCHPOINT.c.at, TOUCHPOINT.c.on, TOUCHPOINT.c.kind)
        return [rows.touchpoint(row) for row in await self._connection.execute(query)]

    async def next_wake(self, after: datetime) -> datetime | None:
        """The earliest wake_at of a reachable person, cohort or broadcast, or unsent due_at, that is after `after`."""
        wake = sa.select(sa.func.min(PERSON.c.wake_at)).where(PERSON.c.reachable == sa.true(), PERSON.c.wake_at > after)
        due = sa.select(sa.func.min(OUTBOX.c.due_at)).where(staged(Stage.QUEUED), OUTBOX.c.due_at > after, SENDABLE)
        work = [sa.select(sa.func.min(of.c.wake_at)).where(of.c.wake_at > after) for of in (COHORT, BROADCAST)]
        moments = [await self._connection.scalar(query) for query in (wake, due, *work)]
        return min((moment for moment in moments if moment is not None), default=None)

    async def pending(self, now: datetime) -> int:
        """Outbox rows due, not final and for somebody who can be reached, plus kept inputs."""
        due = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.due_at <= now, SENDABLE)
        live = [due.where(staged(stage)) for stage in (Stage.QUEUED, Stage.SENDING)]  # apart, each has its index
        return sum([await self._count(query) for query in (*live, KEPT)])

    async def overdue(self, now: datetime) -> int:
        """Reachable people, cohorts and broadcasts with wake_at <= now."""
        count = sa.select(sa.func.count())
        people, *others = (count.select_from(of).where(of.c.wake_at <= now) for of in (PERSON, COHORT, BROADCAST))
        return sum([await self._count(query) for query in (people.where(PERSON.c.reachable == sa.true()), *others)])

    async def oldest_wake(self) -> datetime | None:
        """The earliest wake_at there is, of a reachable person, a cohort or a broadcast."""
        people, *others = (sa.select(sa.func.min(of.c.wake_at)) for of in (PERSON, COHORT, BROADCAST))
        queries = people.where(PERSON.c.reachable == sa.true()), *others
        moments = [await self._connection.scalar(query) for query in queries]
        return min((moment for moment in moments if moment is not None), default=None)

    async def queue(self) -> Mapping[int, int]:
        """How many deliveries are queued at each priority; an index alone answers it."""
        query = sa.select(OUTBOX.c.priority, sa.func.count()).where(staged(Stage.QUEUED)).group_by(OUTBOX.c.priority)
        return {row.priority: row[1] for row in await self._connection.execute(query)}

    async def counts(self) -> Mapping[str, int]:
        """Sizes for metrics."""
        stages = {"queued": Stage.QUEUED, "sending": Stage.SENDING, "dead": Stage.DEAD}
        rows_at = sa.select(sa.func.count()).select_from(OUTBOX)
        sizes = {name: await self._count(rows_at.where(staged(stage))) for name, stage in stages.items()}
        everybody = sa.select(sa.func.count()).select_from(PERSON)
        people = await self._count(everybody)
        unreachable = people - await self._count(everybody.where(PERSON.c.reachable == sa.true()))  # that has an index
        return {"people": people, "unreachable": unreachable, **sizes, "kept_inputs": await self._count(KEPT)}

    async def remembered(self, name: str) -> str | None:
        """A small fact of the system's own."""
        return await rows.remembered(self._connection, name)

    async def _count(self, query: sa.Select[int]) -> int:
        return int(await self._connection.scalar(query) or 0)
