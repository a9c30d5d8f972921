"""What cohorts need of the store: the second half of a unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bot.cohorts.broadcasts import KnownBroadcast, Tally
from bot.cohorts.meetings import Meeting, MeetingRow
from bot.cohorts.model import Attendance, Audited, Cohort, Invitation
from bot.model import Entry, Participant


@dataclass(frozen=True, slots=True)
class KnownCohort:
    """A cohort as loaded under its lock; `facilitators` are those who hold the role now."""

    cohort: Cohort
    wake_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Stranded:
    """A copy of a broadcast, by its row in the outbox, that waits for a new moment: held, or past its time."""

    row: int
    person: str


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who walks in a cohort, since when, and what they did on some dates: entries without their texts."""

    person: Participant
    joined_at: datetime
    entries: tuple[Entry, ...] = ()


class Broadcasts(Protocol):
    """Broadcasts and their copies in the outbox, inside a writing transaction. People are locked before broadcasts."""

    async def add(self, known: KnownBroadcast) -> None:
        """Keeps a new broadcast."""
        ...

    async def load(self, broadcasts: Sequence[str]) -> Mapping[str, KnownBroadcast]:
        """Locks these broadcasts (in the order of their ids) and loads them; unknown ids are left out."""
        ...

    async def save(self, known: KnownBroadcast) -> None:
        """Writes a broadcast, revision + 1. Raises StoreError if the revision is not the one loaded."""
        ...

    async def due(self, now: datetime) -> KnownBroadcast | None:
        """The broadcast whose wake_at is the earliest, if it is not after `now`; read without a lock."""
        ...

    async def latest(self, cohorts: Sequence[str], limit: int) -> Sequence[KnownBroadcast]:
        """Broadcasts to any of these cohorts, newest first; read without a lock."""
        ...

    async def members(self, cohorts: Sequence[str], after: str, limit: int) -> Sequence[str]:
        """The ids, in order and greater than `after`, of people who walk in these cohorts."""
        ...

    async def census(self, cohorts: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """Everybody who walks in these cohorts, with their installation; read without a lock."""
        ...

    async def tally(self, broadcast: str) -> Tally:
        """How many of its copies are where."""
        ...

    async def hold(self, broadcast: str) -> None:
        """Nothing of it that waits is sent until `plan`."""
        ...

    async def drop(self, broadcast: str) -> None:
        """Nothing of it that waits is ever sent."""
        ...

    async def stranded(self, broadcast: str, now: datetime, limit: int) -> Sequence[Stranded]:
        """Copies that were held, or whose time ran out before `now`."""
        ...

    async def plan(self, moments: Mapping[int, tuple[datetime, datetime] | None]) -> None:
        """Stranded rows wait for these moments (due, expires); None takes one back for good."""
        ...

    async def ahead(self, broadcast: str) -> datetime | None:
        """When the first of its waiting copies runs out of time."""
        ...

    async def announced(self, addresses: Sequence[str], since: datetime) -> Mapping[str, Sequence[datetime]]:
        """When broadcasts, not taken back, are or were due at these addresses, from `since` on."""
        ...


class Meetings(Protocol):
    """Who meets whom in which round of a cohort, inside a writing transaction."""

    async def arrange(self, cohort: str, groups: Mapping[str, Sequence[str]], week: int, at: datetime) -> None:
        """Keeps the meetings of a round: their new ids, and who is in each. Raises StoreError if somebody has one."""
        ...

    async def rows(self, cohort: str) -> Sequence[MeetingRow]:
        """All rounds of this cohort, oldest first."""
        ...

    async def latest(self, person: str, cohort: str) -> Meeting | None:
        """The latest meeting of this person in this cohort, with the others who are still in it, by their ids."""
        ...

    async def call_off(self, person: str, cohort: str) -> None:
        """This person is not in their latest meeting any more."""
        ...

    async def stir(self, meeting: str, at: datetime) -> None:
        """Everybody in this meeting is woken at `at`, unless that would be later than planned."""
        ...


class Attendances(Protocol):
    """What people said about the classes of their cohort, inside a writing transaction."""

    async def answer(self, person: str, cohort: str, lesson: str, coming: bool) -> None:
        """Keeps what somebody says about a class; the latest word counts."""
        ...

    async def answers(self, person: str, lessons: Sequence[str]) -> Mapping[str, Attendance]:
        """What somebody said about these classes."""
        ...

    async def coming(self, lessons: Mapping[str, datetime]) -> Mapping[str, int]:
        """How many said that they will come, and did not leave before the class begins (its instant, UTC)."""
        ...

    async def register(self, lesson: str, begins: datetime) -> Sequence[Attendance]:
        """Those who said that they would come and did not leave before it began, in the order of their ids.

        Who leaves later stays: a name that goes from a class of before would tell those who lead who left.
        """
        ...

    async def note(self, lesson: str, present: Mapping[str, bool]) -> None:
        """Notes who was there; of people who had not said that they would come, nothing is noted."""
        ...

    async def forget(self, lesson: str) -> None:
        """Nobody said anything about this class yet."""
        ...


class Cohorts(Protocol):
    """Groups, roles and invitations, inside a writing transaction. People are locked before cohorts."""

    broadcasts: Broadcasts
    meetings: Meetings
    attendance: Attendances

    async def add(self, cohort: Cohort, wake_at: datetime | None) -> None:
        """Keeps a new cohort. Its facilitators are roles of their own (see `grant`)."""
        ...

    async def load(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """Locks these cohorts (in the order of their ids) and loads them; unknown ids are left out."""
        ...

    async def look(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """Loads these cohorts without a lock, for a turn to know of; what is decided upon is loaded again."""
        ...

    async def save(self, known: KnownCohort) -> None:
        """Writes a cohort, revision + 1. Raises StoreError if the revision is not the one loaded."""
        ...

    async def due(self, now: datetime) -> KnownCohort | None:
        """The cohort whose wake_at is the earliest, if it is not after `now`; read without a lock."""
        ...

    async def stir(self, cohort: str, at: datetime) -> None:
        """Everybody who walks in this cohort is woken at `at`, unless that would be later than planned.

        Plans are made of what a cohort knows: when that changes, its people look again. Who has a turn in the same
        transaction is saved with the wake of that turn.
        """
        ...

    async def ids(self) -> Sequence[str]:
        """All cohorts, closed ones too."""
        ...

    async def enter(self, person: str, cohort: str, at: datetime) -> None:
        """This person walks in this cohort from now on, and in no other."""
        ...

    async def exit(self, person: str, at: datetime) -> None:
        """This person walks in no cohort from now on."""
        ...

    async def membership(self, person: str) -> str | None:
        """The cohort that they walk in."""
        ...

    async def sizes(self, cohorts: Sequence[str]) -> Mapping[str, int]:
        """How many people walk in each of these cohorts."""
        ...

    async def walkers(self, cohort: str, first: date, last: date) -> Sequence[Walker]:
        """Everybody who walks in this cohort, in the order of their ids, with their entries of these local dates."""
        ...

    async def grant(self, person: str, role: str, cohort: str = "") -> None:
        """Gives a role, in one cohort or at large (""). Twice is once."""
        ...

    async def withdraw(self, person: str, role: str) -> None:
        """Takes a role away, at large and in every cohort."""
        ...

    async def roles(self, person: str) -> Sequence[tuple[str, str]]:
        """What roles they hold, as (role, cohort), in order."""
        ...

    async def holders(self, role: str) -> Sequence[str]:
        """Who holds this role at large, in the order of their ids."""
        ...

    async def names(self, persons: Sequence[str]) -> Mapping[str, str]:
        """What these people are called; read without a lock."""
        ...

    async def people(self, persons: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """These people (or chats), in the order of their ids, with their installations; read without a lock."""
        ...

    async def invite(self, invitation: Invitation, code: str) -> None:
        """Keeps an invitation; of its code, only a keyed hash."""
        ...

    async def invited(self, *, code: str = "", invitation: str = "") -> Invitation | None:
        """The invitation with this code, or this id, good or not."""
        ...

    async def use(self, invitation: str) -> bool:
        """Uses up one of its uses, where they are counted; False if none is left."""
        ...

    async def revoke(self, cohort: str, at: datetime) -> None:
        """Ends all invitations of participants to this cohort."""
        ...

    async def tried(self, person: str, at: datetime) -> None:
        """Notes a wrong code."""
        ...

    async def tries(self, person: str, since: datetime) -> int:
        """How many wrong codes they tried at or after `since`."""
        ...

    async def note(self, act: Audited) -> None:
        """Adds a line to the audit; none is ever changed."""
        ...

    async def audit(self, limit: int) -> Sequence[Audited]:
        """The latest lines of the audit, newest first."""
        ...
