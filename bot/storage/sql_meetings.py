"""Who meets whom over SQL, inside the transaction of a unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.meetings import Companion, Meeting, MeetingRow
from bot.storage import codec, rows
from bot.storage.tables import ADDRESS, MEETING, PERSON
from bot.storage.vault import Vault


class SqlMeetings:
    """Implements ports.Meetings."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection, self._vault = connection, vault

    async def arrange(self, cohort: str, groups: Mapping[str, Sequence[str]], week: int, at: datetime) -> None:
        """Keeps the meetings of a round. Raises StoreError if somebody has one."""
        values = [
            {"cohort_id": cohort, "week": week, "group_id": meeting, "person_id": person, "at": at}
            for meeting, people in groups.items()
            for person in people
        ]
        if values:
            await self._connection.execute(sa.insert(MEETING), values)

    async def rows(self, cohort: str) -> Sequence[MeetingRow]:
        """All rounds of this cohort, oldest first."""
        columns = MEETING.c.week, MEETING.c.group_id, MEETING.c.person_id
        query = sa.select(*columns).where(MEETING.c.cohort_id == cohort).order_by(*columns)
        return [MeetingRow(*row) for row in await self._connection.execute(query)]

    async def latest(self, person: str, cohort: str) -> Meeting | None:
        """The latest meeting of this person in this cohort."""
        mine = sa.select(MEETING).where(MEETING.c.person_id == person, MEETING.c.cohort_id == cohort)
        row = (await self._connection.execute(mine.order_by(MEETING.c.week.desc()).limit(1))).one_or_none()
        if row is None:
            return None
        others = (
            sa.select(PERSON.c.state, PERSON.c.installation, ADDRESS.c.id, ADDRESS.c.platform_id)
            .join(MEETING, MEETING.c.person_id == PERSON.c.id)
            .join(ADDRESS, ADDRESS.c.person_id == PERSON.c.id)
            .where(MEETING.c.group_id == row.group_id, PERSON.c.id != person)
            .order_by(PERSON.c.id)
        )
        mates = [
            Companion(who, one.installation, self._vault.decrypt(one.platform_id).decode())
            for one in await self._connection.execute(others)
            if (who := codec.load_participant(self._vault.decrypt(one.state))).address == one.id
        ]
        return Meeting(row.group_id, cohort, row.week, row.at, tuple(mates))

    async def call_off(self, person: str, cohort: str) -> None:
        """This person is not in their latest meeting any more."""
        mine = MEETING.c.person_id == person, MEETING.c.cohort_id == cohort
        latest = sa.select(sa.func.max(MEETING.c.week)).where(*mine).scalar_subquery()
        await self._connection.execute(sa.delete(MEETING).where(*mine, MEETING.c.week == latest))

    async def stir(self, meeting: str, at: datetime) -> None:
        """Everybody in this meeting is woken at `at`, unless that would be later than planned."""
        people = sa.select(MEETING.c.person_id).where(MEETING.c.group_id == meeting)
        await rows.stir(self._connection, people, at)
