"""Who comes to which class, in memory: the same behaviour as over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.cohorts.model import Attendance
from bot.errors import StoreError
from bot.storage.memory_data import Data


class MemoryAttendances:
    """Implements ports.Attendances."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def answer(self, person: str, cohort: str, lesson: str, coming: bool) -> None:
        """Keeps what somebody says about a class; the latest word counts."""
        if person not in self._data.people or cohort not in self._data.cohorts:
            raise StoreError("This belongs to nobody: a bug in the caller.", "conflict")
        self._data.put(self._data.attendance, (lesson, person), (cohort, Attendance(lesson, person, coming)))

    async def answers(self, person: str, lessons: Sequence[str]) -> Mapping[str, Attendance]:
        """What somebody said about these classes."""
        kept = self._data.attendance
        return {lesson: kept[lesson, person][1] for lesson in lessons if (lesson, person) in kept}

    async def coming(self, lessons: Mapping[str, datetime]) -> Mapping[str, int]:
        """How many said that they will come, and did not leave before the class begins (its instant, UTC)."""
        return {lesson: len(await self.register(lesson, begins)) for lesson, begins in lessons.items()}

    async def register(self, lesson: str, begins: datetime) -> Sequence[Attendance]:
        """Those who said that they would come and did not leave before it began, in the order of their ids."""
        members = self._data.members.values()
        here = {(one.cohort, one.person) for one in members if one.left_at is None or one.left_at >= begins}
        kept = self._data.attendance.values()
        mine = [one for cohort, one in kept if one.lesson == lesson and one.coming and (cohort, one.person) in here]
        return sorted(mine, key=lambda one: one.person)

    async def note(self, lesson: str, present: Mapping[str, bool]) -> None:
        """Notes who was there; of people who had not said that they would come, nothing is noted."""
        for person, there in present.items():
            cohort, one = self._data.attendance.get((lesson, person), ("", None))
            if one is not None and one.coming:
                self._data.put(self._data.attendance, (lesson, person), (cohort, replace(one, present=there)))

    async def forget(self, lesson: str) -> None:
        """Nobody said anything about this class yet."""
        for key in [key for key in self._data.attendance if key[0] == lesson]:
            self._data.drop(self._data.attendance, key)
