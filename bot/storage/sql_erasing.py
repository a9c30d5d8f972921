"""Erasing somebody over SQL, inside the transaction of a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.hosts import hosted_by
from bot.cohorts.ports import Cohorts
from bot.keeping import Erased
from bot.model import Origin
from bot.storage import codec, erasing, rows
from bot.storage.tables import (
    ADDRESS,
    BROADCAST,
    ENTRY,
    INBOX,
    INVITATION,
    MEETING,
    MEMBERSHIP,
    OUTBOX,
    PERSON,
    TOMBSTONE,
    Stage,
)
from bot.storage.vault import Vault

GONE = b""  # the payload of a row that nobody will read again


class SqlErasing:
    """`insert` is the database's own INSERT. People are locked first, then cohorts, then what lies in the outbox."""

    def __init__(
        self, connection: AsyncConnection, insert: Callable[[sa.Table], Any], vault: Vault, cohorts: Cohorts
    ) -> None:
        self._connection, self._insert, self._vault, self._cohorts = connection, insert, vault, cohorts

    async def erase(self, person: str, at: datetime) -> Erased:
        """Deletes all of this person's, takes them out of what is others', and keeps a tombstone."""
        bury = self._insert(TOMBSTONE).values(person_id=person, at=at).on_conflict_do_nothing()
        await self._connection.execute(bury)
        known = (await rows.load(self._connection, self._vault, [person])).get(person)
        if known is None:
            return Erased(person)
        origins = await self._origins(person)
        walked = await self._column(MEMBERSHIP.c.cohort_id, MEMBERSHIP.c.person_id == person)
        meetings = await self._column(MEETING.c.group_id, MEETING.c.person_id == person)
        met = await self._column(MEETING.c.person_id, MEETING.c.group_id.in_(meetings))
        hosted = await hosted_by(person, self._cohorts)
        told = erasing.traces(known.participant, origins, meetings, hosted.values())
        near = await erasing.near(known.participant, self._cohorts, walked, met)
        for meeting in meetings[-1:]:
            await self._cohorts.meetings.stir(meeting, at)
        leaderless = await erasing.forget(known.participant, self._cohorts, told)
        await self._forget_author(person)
        await self._drop_inputs(origins)
        copies = await self._forget_copies(near, told)
        mine = OUTBOX.c.address_id.in_(sa.select(ADDRESS.c.id).where(ADDRESS.c.person_id == person))
        messages = await self._count(OUTBOX, mine)
        entries = await self._count(ENTRY, ENTRY.c.person_id == person)
        await self._connection.execute(sa.delete(PERSON).where(PERSON.c.id == person))  # and with it what it owns
        return Erased(person, entries, messages, copies, leaderless)

    async def _origins(self, person: str) -> list[Origin]:
        query = sa.select(ADDRESS.c.installation, ADDRESS.c.platform_id).where(ADDRESS.c.person_id == person)
        return [
            Origin(row.installation, self._vault.decrypt(row.platform_id).decode())
            for row in await self._connection.execute(query)
        ]

    async def _column(self, column: sa.Column[str], where: sa.ColumnElement[bool]) -> list[str]:
        """A column's values, in the order in which their rows came."""
        found = await self._connection.execute(sa.select(column).where(where).order_by(column.table.c.seq))
        return list(dict.fromkeys(found.scalars()))

    async def _count(self, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
        return int(await self._connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)

    async def _forget_author(self, person: str) -> None:
        """Broadcasts and invitations stay: they belong to their groups."""
        mine = sa.update(INVITATION).where(INVITATION.c.created_by == person)
        await self._connection.execute(mine.values(created_by=""))
        for row in (await self._connection.execute(sa.select(BROADCAST.c.id, BROADCAST.c.state))).all():
            if codec.load_broadcast(self._vault.decrypt(row.state)).created_by == person:
                for known in (await self._cohorts.broadcasts.load([row.id])).values():
                    anonymous = replace(known.broadcast, created_by="")
                    await self._cohorts.broadcasts.save(replace(known, broadcast=anonymous))

    async def _drop_inputs(self, origins: Sequence[Origin]) -> None:
        """Inputs of theirs that nobody worked on yet."""
        places = {origin.installation for origin in origins}
        query = sa.select(INBOX.c.id, INBOX.c.payload).where(INBOX.c.installation.in_(places))
        kept = (await self._connection.execute(query)).all()
        theirs = [row.id for row in kept if codec.load_incoming(self._vault.decrypt(row.payload)).origin in origins]
        for lot in rows.chunks(theirs):
            await self._connection.execute(sa.delete(INBOX).where(INBOX.c.id.in_(lot)))

    async def _forget_copies(self, near: Sequence[str], told: erasing.Traces) -> int:
        """Empties, redacts or drops what tells of them in messages to others; how many messages."""
        columns = OUTBOX.c.id, OUTBOX.c.payload, OUTBOX.c.state, OUTBOX.c.dedup, OUTBOX.c.broadcast_id
        emptied: list[int] = []
        dropped: list[int] = []
        redacted: list[dict[str, Any]] = []
        for lot in rows.chunks(near):
            theirs = sa.select(ADDRESS.c.id).where(ADDRESS.c.person_id.in_(lot))
            query = sa.select(*columns).where(OUTBOX.c.address_id.in_(theirs), OUTBOX.c.payload != GONE)
            for row in await self._connection.execute(query):
                reply, copy = codec.load_reply(self._vault.decrypt(row.payload)), row.broadcast_id is not None
                match told.fate(reply, Stage(row.state), row.dedup, copy=copy):
                    case "emptied":
                        emptied.append(row.id)
                    case "dropped":
                        dropped.append(row.id)
                    case "redacted" | "undone" as fate:
                        fresh = told.without(reply) if fate == "redacted" else told.undone(row.dedup)
                        redacted.append({"row": row.id, "fresh": self._vault.encrypt(codec.dump_reply(fresh))})
        for some in rows.chunks(emptied):
            await self._connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id.in_(some)).values(payload=GONE))
        for some in rows.chunks(dropped):
            await self._connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.id.in_(some)))
        if redacted:
            write = sa.update(OUTBOX).where(OUTBOX.c.id == sa.bindparam("row")).values(payload=sa.bindparam("fresh"))
            await self._connection.execute(write, redacted)
        return len(emptied) + len(dropped) + len(redacted)
