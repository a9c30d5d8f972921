"""Who comes to which class, over SQL, inside the transaction of a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.model import Attendance
from bot.storage.tables import ATTENDANCE, MEMBERSHIP

YES, NO = "yes", "no"
THEIRS = sa.and_(
    MEMBERSHIP.c.person_id == ATTENDANCE.c.person_id,
    MEMBERSHIP.c.cohort_id == ATTENDANCE.c.cohort_id,
)
HERE = MEMBERSHIP.alias()
STAYS = sa.exists().where(
    HERE.c.person_id == ATTENDANCE.c.person_id,
    HERE.c.cohort_id == ATTENDANCE.c.cohort_id,
    HERE.c.left_at.is_(None),
)
OF_THESE = (
    ATTENDANCE.c.class_id.in_(sa.bindparam("lessons", type_=sa.String, expanding=True)),
    ATTENDANCE.c.answer == YES,
)
# Apart, since who stays is counted in the index of those, and memberships of before are read where somebody left.
COMING = sa.union_all(
    sa.select(ATTENDANCE.c.class_id, sa.func.max(MEMBERSHIP.c.left_at), sa.literal_column("1", sa.Integer))
    .join(MEMBERSHIP, THEIRS)
    .where(*OF_THESE, ~STAYS)
    .group_by(ATTENDANCE.c.class_id, ATTENDANCE.c.person_id),
    sa.select(ATTENDANCE.c.class_id, sa.null(), sa.func.count())
    .where(*OF_THESE, STAYS)
    .group_by(ATTENDANCE.c.class_id),
)


class SqlAttendances:
    """Implements ports.Attendances; `insert` is the database's own INSERT."""

    def __init__(self, connection: AsyncConnection, insert: Callable[[sa.Table], Any]) -> None:
        self._connection, self._insert = connection, insert

    async def answer(self, person: str, cohort: str, lesson: str, coming: bool) -> None:
        """Keeps what somebody says about a class; the latest word counts."""
        said = {"answer": YES if coming else NO, "present": None}
        values = {"class_id": lesson, "person_id": person, "cohort_id": cohort, **said}
        keep = self._insert(ATTENDANCE).values(values)
        keep = keep.on_conflict_do_update(index_elements=["class_id", "person_id"], set_=said)
        await self._connection.execute(keep)

    async def answers(self, person: str, lessons: Sequence[str]) -> Mapping[str, Attendance]:
        """What somebody said about these classes."""
        if not lessons:
            return {}
        mine = ATTENDANCE.c.person_id == person, ATTENDANCE.c.class_id.in_(lessons)
        query = sa.select(ATTENDANCE).where(*mine)
        return {row.class_id: _attendance(row) for row in await self._connection.execute(query)}

    async def coming(self, lessons: Mapping[str, datetime]) -> Mapping[str, int]:
        """How many said that they will come, and did not leave before the class begins (its instant, UTC)."""
        counts = dict.fromkeys(lessons, 0)
        for lesson, left, people in await self._connection.execute(COMING, {"lessons": list(lessons)}):
            if left is None or left >= lessons[lesson]:
                counts[lesson] += people
        return counts

    async def register(self, lesson: str, begins: datetime) -> Sequence[Attendance]:
        """Those who said that they would come and did not leave before it began, in the order of their ids."""
        query = sa.select(ATTENDANCE).where(_said_yes(lesson, begins)).order_by(ATTENDANCE.c.person_id)
        return [_attendance(row) for row in await self._connection.execute(query)]

    async def note(self, lesson: str, present: Mapping[str, bool]) -> None:
        """Notes who was there; of people who had not said that they would come, nothing is noted."""
        for was_there in (True, False):
            some = [person for person, there in present.items() if there is was_there]
            theirs = ATTENDANCE.c.class_id == lesson, ATTENDANCE.c.person_id.in_(some), ATTENDANCE.c.answer == YES
            await self._connection.execute(sa.update(ATTENDANCE).where(*theirs).values(present=was_there))

    async def forget(self, lesson: str) -> None:
        """Nobody said anything about this class yet."""
        await self._connection.execute(sa.delete(ATTENDANCE).where(ATTENDANCE.c.class_id == lesson))


def _said_yes(lesson: str, begins: datetime) -> sa.ColumnElement[bool]:
    """Who leaves later stays: a name that goes from a class of before would tell who left."""
    walked = sa.exists().where(THEIRS, sa.or_(MEMBERSHIP.c.left_at.is_(None), MEMBERSHIP.c.left_at >= begins))
    return sa.and_(ATTENDANCE.c.class_id == lesson, ATTENDANCE.c.answer == YES, walked)


def _attendance(row: sa.Row[Any]) -> Attendance:
    return Attendance(row.class_id, row.person_id, row.answer == YES, row.present)
