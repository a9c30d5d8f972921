"""Cohorts, roles, invitations and the audit over SQL, inside the transaction of a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.model import FACILITATOR, Act, Audited, Cohort, Invitation
from bot.cohorts.ports import Attendances, Broadcasts, KnownCohort, Meetings, Walker
from bot.errors import StoreError
from bot.model import Entry, Participant
from bot.storage import codec, rows
from bot.storage.sql_attendance import SqlAttendances
from bot.storage.sql_broadcasts import SqlBroadcasts
from bot.storage.sql_meetings import SqlMeetings
from bot.storage.tables import ATTEMPT, AUDIT, COHORT, ENTRY, INVITATION, MEMBERSHIP, PERSON, ROLE
from bot.storage.vault import Vault

NOW = MEMBERSHIP.c.left_at.is_(None)
DEEDS = [column for column in ENTRY.c if column.name != "text"]
DUE = (
    sa.select(COHORT.c.id)
    .where(COHORT.c.wake_at <= sa.bindparam("now"))
    .order_by(COHORT.c.wake_at, COHORT.c.id)
    .limit(1)
)
TWO_DAYS = timedelta(days=2)  # no local date is farther from the same date in UTC; the index is by instants


class SqlCohorts:
    """Implements ports.Cohorts; `insert` is the database's own INSERT."""

    def __init__(self, connection: AsyncConnection, insert: Callable[[sa.Table], Any], vault: Vault) -> None:
        self._connection, self._insert, self._vault = connection, insert, vault
        self._looked: dict[str, KnownCohort] = {}  # many people of one cohort have their turns in one transaction
        self.broadcasts: Broadcasts = SqlBroadcasts(connection, insert, vault)
        self.meetings: Meetings = SqlMeetings(connection, vault)
        self.attendance: Attendances = SqlAttendances(connection, insert)

    # ------------------------------------------------------------ cohorts

    async def add(self, cohort: Cohort, wake_at: datetime | None) -> None:
        """Keeps a new cohort."""
        self._looked.clear()
        values = {"id": cohort.id, "wake_at": wake_at, "revision": 0, "state": self._sealed(cohort)}
        await self._connection.execute(sa.insert(COHORT).values(values))

    async def load(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """Locks these cohorts in the order of their ids and loads them."""
        return await self._found(cohorts, lambda query: query.with_for_update())

    async def look(self, cohorts: Sequence[str]) -> Mapping[str, KnownCohort]:
        """Loads these cohorts without a lock."""
        if missing := [one for one in cohorts if one not in self._looked]:
            self._looked |= await self._found(missing, lambda query: query)
        return {one: self._looked[one] for one in sorted(set(cohorts)) if one in self._looked}

    async def _found(self, cohorts: Sequence[str], locked: Callable[[Any], Any]) -> Mapping[str, KnownCohort]:
        found: dict[str, KnownCohort] = {}
        for lot in rows.chunks(sorted(set(cohorts))):
            query = sa.select(COHORT).where(COHORT.c.id.in_(lot)).order_by(COHORT.c.id)
            kept = (await self._connection.execute(locked(query))).all()
            leading = await self._leading(lot)
            for row in kept:
                cohort = codec.load_cohort(self._vault.decrypt(row.state))
                led = replace(cohort, facilitators=tuple(leading.get(row.id, ())))
                found[row.id] = KnownCohort(led, row.wake_at, row.revision)
        return found

    async def _leading(self, cohorts: Sequence[str]) -> Mapping[str, list[str]]:
        query = sa.select(ROLE.c.cohort_id, ROLE.c.person_id).where(
            ROLE.c.role == FACILITATOR, ROLE.c.cohort_id.in_(cohorts)
        )
        found: dict[str, list[str]] = {}
        for row in await self._connection.execute(query.order_by(ROLE.c.person_id)):
            found.setdefault(row.cohort_id, []).append(row.person_id)
        return found

    async def save(self, known: KnownCohort) -> None:
        """Writes a cohort, revision + 1. Raises StoreError if the revision is not the one loaded."""
        self._looked.clear()
        write = (
            sa.update(COHORT)
            .where(COHORT.c.id == known.cohort.id, COHORT.c.revision == known.revision)
            .values(state=self._sealed(known.cohort), wake_at=known.wake_at, revision=COHORT.c.revision + 1)
        )
        if (await self._connection.execute(write)).rowcount != 1:
            raise StoreError("A cohort was changed since it was loaded; nothing was saved.", "conflict")

    async def due(self, now: datetime) -> KnownCohort | None:
        """The cohort whose wake_at is the earliest, if it is not after `now`."""
        first = await self._connection.scalar(DUE, {"now": now})
        return (await self.look([first]))[first] if first is not None else None

    async def stir(self, cohort: str, at: datetime) -> None:
        """Everybody who walks in this cohort is woken at `at`, unless that would be later than planned."""
        members = sa.select(MEMBERSHIP.c.person_id).where(MEMBERSHIP.c.cohort_id == cohort, NOW)
        await rows.stir(self._connection, members, at)

    async def ids(self) -> Sequence[str]:
        """All cohorts."""
        return (await self._connection.execute(sa.select(COHORT.c.id).order_by(COHORT.c.id))).scalars().all()

    def _sealed(self, cohort: Cohort) -> bytes:
        return self._vault.encrypt(codec.dump_cohort(cohort))

    # ------------------------------------------------------------ members and roles

    async def enter(self, person: str, cohort: str, at: datetime) -> None:
        """This person walks in this cohort from now on, and in no other."""
        await self.exit(person, at)
        values = {"person_id": person, "cohort_id": cohort, "joined_at": at, "left_at": None}
        await self._connection.execute(sa.insert(MEMBERSHIP).values(values))

    async def exit(self, person: str, at: datetime) -> None:
        """This person walks in no cohort from now on."""
        leave = sa.update(MEMBERSHIP).where(MEMBERSHIP.c.person_id == person, NOW).values(left_at=at)
        await self._connection.execute(leave)

    async def membership(self, person: str) -> str | None:
        """The cohort that they walk in."""
        query = sa.select(MEMBERSHIP.c.cohort_id).where(MEMBERSHIP.c.person_id == person, NOW)
        cohort: str | None = await self._connection.scalar(query)
        return cohort

    async def sizes(self, cohorts: Sequence[str]) -> Mapping[str, int]:
        """How many people walk in each of these cohorts."""
        found = dict.fromkeys(cohorts, 0)
        for lot in rows.chunks(sorted(set(cohorts))):
            count = sa.select(MEMBERSHIP.c.cohort_id, sa.func.count()).where(MEMBERSHIP.c.cohort_id.in_(lot), NOW)
            for cohort, size in await self._connection.execute(count.group_by(MEMBERSHIP.c.cohort_id)):
                found[cohort] = size
        return found

    async def walkers(self, cohort: str, first: date, last: date) -> Sequence[Walker]:
        """Everybody who walks in this cohort, with their entries of these local dates."""
        mine = MEMBERSHIP.c.cohort_id == cohort, NOW
        people = sa.select(PERSON.c.id, PERSON.c.state, MEMBERSHIP.c.joined_at).join(
            MEMBERSHIP, MEMBERSHIP.c.person_id == PERSON.c.id
        )
        kept = (await self._connection.execute(people.where(*mine).order_by(PERSON.c.id))).all()
        since, until = (datetime.combine(on, time(), UTC) for on in (first, last))
        deeds = sa.select(*DEEDS).where(
            ENTRY.c.person_id.in_(sa.select(MEMBERSHIP.c.person_id).where(*mine)),
            ENTRY.c.at.between(since - TWO_DAYS, until + TWO_DAYS),
            ENTRY.c.on.between(first, last),
        )
        found: dict[str, list[Entry]] = {}
        for row in await self._connection.execute(deeds.order_by(ENTRY.c.at, ENTRY.c.seq)):
            found.setdefault(row.person_id, []).append(rows.deed(row))
        return [
            Walker(codec.load_participant(self._vault.decrypt(row.state)), row.joined_at, tuple(found.get(row.id, ())))
            for row in kept
        ]

    async def grant(self, person: str, role: str, cohort: str = "") -> None:
        """Gives a role. Twice is once."""
        self._looked.clear()
        values = {"person_id": person, "role": role, "cohort_id": cohort}
        await self._connection.execute(self._insert(ROLE).values(values).on_conflict_do_nothing())

    async def withdraw(self, person: str, role: str) -> None:
        """Takes a role away, at large and in every cohort."""
        self._looked.clear()
        await self._connection.execute(sa.delete(ROLE).where(ROLE.c.person_id == person, ROLE.c.role == role))

    async def roles(self, person: str) -> Sequence[tuple[str, str]]:
        """What roles they hold, as (role, cohort)."""
        query = sa.select(ROLE.c.role, ROLE.c.cohort_id).where(ROLE.c.person_id == person)
        return [tuple(row) for row in await self._connection.execute(query.order_by(ROLE.c.role, ROLE.c.cohort_id))]

    async def holders(self, role: str) -> Sequence[str]:
        """Who holds this role at large."""
        query = sa.select(ROLE.c.person_id).where(ROLE.c.role == role, ROLE.c.cohort_id == "")
        return (await self._connection.execute(query.order_by(ROLE.c.person_id))).scalars().all()

    async def names(self, persons: Sequence[str]) -> Mapping[str, str]:
        """What these people are called."""
        return {person.id: person.name for person, _ in await self.people(persons)}

    async def people(self, persons: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """These people, with their installations; read without a lock."""
        found: list[tuple[Participant, str]] = []
        for lot in rows.chunks(sorted(set(persons))):
            query = sa.select(PERSON.c.installation, PERSON.c.state).where(PERSON.c.id.in_(lot)).order_by(PERSON.c.id)
            for row in await self._connection.execute(query):
                found.append((codec.load_participant(self._vault.decrypt(row.state)), row.installation))
        return found

    # ------------------------------------------------------------ invitations

    async def invite(self, invitation: Invitation, code: str) -> None:
        """Keeps an invitation; of its code, only a keyed hash."""
        values = {
            "id": invitation.id,
            "lookup": self._lookup(code),
            "kind": invitation.kind,
            "cohort_id": invitation.cohort,
            "created_by": invitation.created_by,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
            "uses_left": invitation.uses_left,
            "revoked_at": invitation.revoked_at,
        }
        await self._connection.execute(sa.insert(INVITATION).values(values))

    async def invited(self, *, code: str = "", invitation: str = "") -> Invitation | None:
        """The invitation with this code, or this id; what is compared is the hash, so its time tells nothing."""
        wanted = INVITATION.c.lookup == self._lookup(code) if code else INVITATION.c.id == invitation
        row = (await self._connection.execute(sa.select(INVITATION).where(wanted))).one_or_none()
        if row is None:
            return None
        return Invitation(
            id=row.id,
            kind=row.kind,
            cohort=row.cohort_id,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            uses_left=row.uses_left,
            revoked_at=row.revoked_at,
        )

    async def use(self, invitation: str) -> bool:
        """Uses up one of its uses, where they are counted; False if none is left."""
        count = sa.update(INVITATION).where(INVITATION.c.id == invitation)
        count = count.where(sa.or_(INVITATION.c.uses_left.is_(None), INVITATION.c.uses_left > 0))
        return (await self._connection.execute(count.values(uses_left=INVITATION.c.uses_left - 1))).rowcount == 1

    async def revoke(self, cohort: str, at: datetime) -> None:
        """Ends all invitations of participants to this cohort."""
        mine = INVITATION.c.cohort_id == cohort, INVITATION.c.kind == "cohort", INVITATION.c.revoked_at.is_(None)
        await self._connection.execute(sa.update(INVITATION).where(*mine).values(revoked_at=at))

    async def tried(self, person: str, at: datetime) -> None:
        """Notes a wrong code."""
        await self._connection.execute(sa.insert(ATTEMPT).values(person_id=person, at=at))

    async def tries(self, person: str, since: datetime) -> int:
        """How many wrong codes they tried at or after `since`."""
        count = sa.select(sa.func.count()).select_from(ATTEMPT)
        return int(
            await self._connection.scalar(count.where(ATTEMPT.c.person_id == person, ATTEMPT.c.at >= since)) or 0
        )

    def _lookup(self, code: str) -> str:
        return self._vault.lookup("invitation", code)

    # ------------------------------------------------------------ the audit

    async def note(self, act: Audited) -> None:
        """Adds a line to the audit."""
        values = {"at": act.at, "actor": act.actor, "act": act.act.value, "object": act.object, "detail": act.detail}
        await self._connection.execute(sa.insert(AUDIT).values(values))

    async def audit(self, limit: int) -> Sequence[Audited]:
        """The latest lines of the audit, newest first."""
        query = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
        return [
            Audited(row.at, row.actor, Act(row.act), row.object, row.detail)
            for row in await self._connection.execute(query)
        ]
