"""Cohorts, roles, invitations and the audit in memory: the same behaviour as over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from bot.cohorts.model import FACILITATOR, Audited, Cohort, Invitation
from bot.cohorts.ports import Attendances, Broadcasts, KnownCohort, Meetings, Walker
from bot.errors import StoreError
from bot.model import Entry, Participant
from bot.storage.memory_attendance import MemoryAttendances
from bot.storage.memory_broadcasts import MemoryBroadcasts
from bot.storage.memory_data import Data, Member
from bot.storage.memory_meetings import MemoryMeetings


class MemoryCohorts:
    """Implements ports.Cohorts."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self.broadcasts: Broadcasts = MemoryBroadcasts(data)
        self.meetings: Meetings = MemoryMeetings(data)
        self.attendance: Attendances = MemoryAttendances(data)

    # ------------------------------------------------------------ cohorts

    async def add(self, cohort: Cohort, wake_at: datetime | None) -> None:
        """Keeps a new cohort."""
        self._belongs(cohort.id not in self._data.cohorts)
        self._data.put(self._data.cohorts, cohort.id, KnownCohort(replace(cohort, facilitators=()), wake_at, 0))

    async def load(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """Loads these cohorts."""
        found = {one: self._data.cohorts[one] for one in sorted(set(cohorts)) if one in self._data.cohorts}
        return {one: replace(known, cohort=self._led(known.cohort)) for one, known in found.items()}

    async def look(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """The same: nothing is locked here."""
        return await self.load(cohorts)

    def _led(self, cohort: Cohort) -> Cohort:
        held = self._data.roles
        return replace(cohort, facilitators=tuple(sorted(p for p, r, c in held if (r, c) == (FACILITATOR, cohort.id))))

    async def save(self, known: KnownCohort) -> None:
        """Writes a cohort, revision + 1. Raises StoreError if the revision is not the one loaded."""
        before = self._data.cohorts.get(known.cohort.id)
        if before is None or before.revision != known.revision:
            raise StoreError("A cohort was changed since it was loaded; nothing was saved.", "conflict")
        kept = replace(known, cohort=replace(known.cohort, facilitators=()), revision=known.revision + 1)
        self._data.put(self._data.cohorts, known.cohort.id, kept)

    async def due(self, now: datetime) -> KnownCohort | None:
        """The cohort whose wake_at is the earliest, if it is not after `now`."""
        waiting = [(one.wake_at, id_) for id_, one in self._data.cohorts.items() if one.wake_at and one.wake_at <= now]
        return (await self.load([min(waiting)[1]]))[min(waiting)[1]] if waiting else None

    async def stir(self, cohort: str, at: datetime) -> None:
        """Everybody who walks in this cohort is woken at `at`, unless that would be later than planned."""
        members = self._data.members.values()
        self._data.stir([one.person for one in members if one.cohort == cohort and one.left_at is None], at)

    async def ids(self) -> Sequence[str]:
        """All cohorts."""
        return sorted(self._data.cohorts)

    # ------------------------------------------------------------ members and roles

    async def enter(self, person: str, cohort: str, at: datetime) -> None:
        """This person walks in this cohort from now on, and in no other."""
        self._belongs(person in self._data.people and cohort in self._data.cohorts)
        await self.exit(person, at)
        self._data.put(self._data.members, next(self._data.numbers), Member(person, cohort, at))

    async def exit(self, person: str, at: datetime) -> None:
        """This person walks in no cohort from now on."""
        for number, member in list(self._data.members.items()):
            if member.person == person and member.left_at is None:
                self._data.put(self._data.members, number, replace(member, left_at=at))

    async def membership(self, person: str) -> str | None:
        """The cohort that they walk in."""
        return next((m.cohort for m in self._data.members.values() if m.person == person and m.left_at is None), None)

    async def sizes(self, cohorts: Sequence[str]) -> Mapping[str, int]:
        """How many people walk in each of these cohorts."""
        now = [member.cohort for member in self._data.members.values() if member.left_at is None]
        return {cohort: now.count(cohort) for cohort in cohorts}

    async def walkers(self, cohort: str, first: date, last: date) -> Sequence[Walker]:
        """Everybody who walks in this cohort, with their entries of these local dates."""
        here = [one for one in self._data.members.values() if one.cohort == cohort and one.left_at is None]
        done: dict[str, list[Entry]] = {one.person: [] for one in here}
        for entry in sorted(self._data.entries.values(), key=lambda entry: entry.at):
            if entry.person in done and first <= entry.on <= last:
                done[entry.person].append(replace(entry, text=""))
        return [
            Walker(self._data.people[one.person].participant, one.joined_at, tuple(done[one.person]))
            for one in sorted(here, key=lambda one: one.person)
        ]

    async def grant(self, person: str, role: str, cohort: str = "") -> None:
        """Gives a role. Twice is once."""
        self._belongs(person in self._data.people)
        self._data.put(self._data.roles, (person, role, cohort), None)

    async def withdraw(self, person: str, role: str) -> None:
        """Takes a role away, at large and in every cohort."""
        for held in [held for held in self._data.roles if held[:2] == (person, role)]:
            self._data.drop(self._data.roles, held)

    async def roles(self, person: str) -> Sequence[tuple[str, str]]:
        """What roles they hold, as (role, cohort)."""
        return sorted((role, cohort) for holder, role, cohort in self._data.roles if holder == person)

    async def holders(self, role: str) -> Sequence[str]:
        """Who holds this role at large."""
        return sorted(person for person, held, cohort in self._data.roles if (held, cohort) == (role, ""))

    async def names(self, persons: Sequence[str]) -> Mapping[str, str]:
        """What these people are called."""
        known = self._data.people
        return {person: known[person].participant.name for person in persons if person in known}

    async def people(self, persons: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """These people, with their installations."""
        found = (self._data.people[one] for one in sorted(set(persons)) if one in self._data.people)
        return [(known.participant, known.installation) for known in found]

    # ------------------------------------------------------------ invitations

    async def invite(self, invitation: Invitation, code: str) -> None:
        """Keeps an invitation."""
        self._belongs(code not in self._data.codes and invitation.id not in self._data.invitations)
        self._data.put(self._data.invitations, invitation.id, invitation)
        self._data.put(self._data.codes, code, invitation.id)

    async def invited(self, *, code: str = "", invitation: str = "") -> Invitation | None:
        """The invitation with this code, or this id."""
        return self._data.invitations.get(self._data.codes.get(code, "") if code else invitation)

    async def use(self, invitation: str) -> bool:
        """Uses up one of its uses, where they are counted; False if none is left."""
        kept = self._data.invitations.get(invitation)
        if kept is None or kept.uses_left == 0:
            return False
        left = None if kept.uses_left is None else kept.uses_left - 1
        self._data.put(self._data.invitations, invitation, replace(kept, uses_left=left))
        return True

    async def revoke(self, cohort: str, at: datetime) -> None:
        """Ends all invitations of participants to this cohort."""
        for kept in list(self._data.invitations.values()):
            if kept.cohort == cohort and kept.kind == "cohort" and kept.revoked_at is None:
                self._data.put(self._data.invitations, kept.id, replace(kept, revoked_at=at))

    async def tried(self, person: str, at: datetime) -> None:
        """Notes a wrong code."""
        self._belongs(person in self._data.people)
        self._data.put(self._data.attempts, next(self._data.numbers), (person, at))

    async def tries(self, person: str, since: datetime) -> int:
        """How many wrong codes they tried at or after `since`."""
        return sum(who == person and at >= since for who, at in self._data.attempts.values())

    # ------------------------------------------------------------ the audit

    async def note(self, act: Audited) -> None:
        """Adds a line to the audit."""
        self._data.put(self._data.audit, next(self._data.numbers), act)

    async def audit(self, limit: int) -> Sequence[Audited]:
        """The latest lines of the audit, newest first."""
        return list(self._data.audit.values())[::-1][:limit]

    @staticmethod
    def _belongs(fact: bool) -> None:
        if not fact:
            raise StoreError("This was stored before, or belongs to nobody: a bug in the caller.", "conflict")
