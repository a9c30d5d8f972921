"""Who meets whom, in memory: the same behaviour as over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cohorts.meetings import Companion, Meeting, MeetingRow
from bot.errors import StoreError
from bot.storage.memory_data import Data


class MemoryMeetings:
    """Implements ports.Meetings."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def arrange(self, cohort: str, groups: Mapping[str, Sequence[str]], week: int, at: datetime) -> None:
        """Keeps the meetings of a round. Raises StoreError if somebody has one."""
        for meeting, people in groups.items():
            for person in people:
                key = cohort, week, person
                if key in self._data.meetings or cohort not in self._data.cohorts or person not in self._data.people:
                    raise StoreError("Somebody has a meeting, or is nobody: a bug in the caller.", "conflict")
                self._data.put(self._data.meetings, key, (meeting, at))

    async def rows(self, cohort: str) -> Sequence[MeetingRow]:
        """All rounds of this cohort, oldest first."""
        held = self._data.meetings.items()
        rows = [MeetingRow(week, id_, person) for (where, week, person), (id_, _) in held if where == cohort]
        return sorted(rows, key=lambda row: (row.week, row.meeting, row.person))

    async def latest(self, person: str, cohort: str) -> Meeting | None:
        """The latest meeting of this person in this cohort."""
        week = max((week for where, week, who in self._data.meetings if (where, who) == (cohort, person)), default=None)
        if week is None:
            return None
        id_, at = self._data.meetings[cohort, week, person]
        ids = sorted(who for (_, _, who), (held, _) in self._data.meetings.items() if held == id_ and who != person)
        return Meeting(id_, cohort, week, at, tuple(self._companion(who) for who in ids))

    def _companion(self, person: str) -> Companion:
        known = self._data.people[person]
        address = self._data.addresses.get(known.participant.address)
        return Companion(known.participant, known.installation, address.origin.platform_id if address else "")

    async def call_off(self, person: str, cohort: str) -> None:
        """This person is not in their latest meeting any more."""
        weeks = [week for where, week, who in self._data.meetings if (where, who) == (cohort, person)]
        if weeks:
            self._data.drop(self._data.meetings, (cohort, max(weeks), person))

    async def stir(self, meeting: str, at: datetime) -> None:
        """Everybody in this meeting is woken at `at`, unless that would be later than planned."""
        self._data.stir([who for (_, _, who), (held, _) in self._data.meetings.items() if held == meeting], at)
