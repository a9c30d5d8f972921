"""What cohorts need of the store: the second half of a unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.cohorts.model import Audited, Cohort, Invitation


@dataclass(frozen=True, slots=True)
class KnownCohort:
    """A cohort as loaded under its lock; `facilitators` are those who hold the role now."""

    cohort: Cohort
    wake_at: datetime | None = None
    revision: int = 0


class Cohorts(Protocol):
    """Groups, roles and invitations, inside a writing transaction. People are locked before cohorts."""

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
