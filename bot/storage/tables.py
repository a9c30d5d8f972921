"""The tables: SQLModel declares them, SQLAlchemy Core works on them. Instants are microseconds since 1970 in UTC.

What people wrote, their names and their platform ids stand only in columns that the vault encrypts (`LargeBinary`).
"""

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PROCESS = "process:"  # begins the name of a lease that only says that a process is there
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers rows by itself for INTEGER alone


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970; comes back in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """Raises TypeError if the datetime is naive."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """The same instant, in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


class Stage(IntEnum):
    """Where an outbox row is. All from SENT to CANCELLED are final, but that copies of a broadcast are planned anew."""

    QUEUED = 0
    SENDING = 1
    SENT = 2
    DEAD = 3
    EXPIRED = 4
    UNREACHABLE = 5
    CANCELLED = 6
    HELD = 7  # a copy of a broadcast that somebody paused


# Of a broadcast's copies: those that may still arrive, and why others never will.
WAITING = (Stage.QUEUED, Stage.SENDING, Stage.HELD, Stage.EXPIRED)
FAILED = {Stage.DEAD: "dead", Stage.UNREACHABLE: "unreachable"}


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(Instant, nullable=nullable))


def _encrypted(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.LargeBinary, nullable=nullable))


def _serial() -> Any:
    return Field(default=None, sa_column=sa.Column(SERIAL, primary_key=True, autoincrement=True))


def _owned_by(column: str, **more: Any) -> Any:
    key = sa.ForeignKey(column, ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    return Field(sa_column=sa.Column(sa.String, key, nullable=False, **more))


class SystemRow(SQLModel, table=True):
    """Small facts of the system's own: the vault's, a poll's offset, the rehearsal clock."""

    __tablename__ = "system"
    name: str = Field(primary_key=True)
    value: str


class PersonRow(SQLModel, table=True):
    """A person's whole state, encrypted, and when to wake them."""

    __tablename__ = "person"
    __table_args__ = (
        sa.Index(
            "person_wake", "wake_at", sqlite_where=sa.text("reachable = 1"), postgresql_where=sa.text("reachable")
        ),
    )
    id: str = Field(primary_key=True)
    installation: str
    reachable: bool
    wake_at: datetime | None = _instant(nullable=True)
    revision: int
    state: bytes = _encrypted()


class AddressRow(SQLModel, table=True):
    """Where a person can be reached; `lookup` is the keyed hash of the platform's id."""

    __tablename__ = "address"
    __table_args__ = (sa.UniqueConstraint("installation", "lookup", name="address_lookup"),)
    id: str = Field(primary_key=True)
    person_id: str = _owned_by("person.id", index=True)
    installation: str
    lookup: str
    platform_id: bytes = _encrypted()
    reachable: bool


class EntryRow(SQLModel, table=True):
    """What a person wrote or did."""

    __tablename__ = "entry"
    __table_args__ = (sa.Index("entry_latest", "person_id", "at"),)
    seq: int | None = _serial()
    id: str = Field(unique=True)
    person_id: str = _owned_by("person.id")
    kind: str
    at: datetime = _instant()
    on: date
    week: int
    day: int
    about: str
    went: str
    minutes: int
    text: bytes = _encrypted()


class TouchpointRecord(SQLModel, table=True):
    """A touchpoint that was said or missed: once for ever."""

    __tablename__ = "touchpoint"
    person_id: str = _owned_by("person.id", primary_key=True)
    kind: str = Field(primary_key=True)
    on: date = Field(primary_key=True)
    missed: bool
    at: datetime = _instant()


class ReceivedRow(SQLModel, table=True):
    """An input that was worked on."""

    __tablename__ = "received"
    installation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    at: datetime = _instant()


class InboxRow(SQLModel, table=True):
    """An input that is durable and not worked on yet."""

    __tablename__ = "inbox"
    __table_args__ = (sa.UniqueConstraint("installation", "key", name="inbox_key"),)
    id: int | None = _serial()
    installation: str
    key: str
    at: datetime = _instant()
    payload: bytes = _encrypted()


class OutboxRow(SQLModel, table=True):
    """A reply on its way. `due_at` and `expires_at` are on the coach's clock, `retry_at` on the database's."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index("outbox_todo", "installation", "priority", "id", **_where("state = 0")),
        sa.Index("outbox_chat", "address_id", **_where("state = 0")),
        sa.Index("outbox_late", "installation", "expires_at", **_where("state = 0 AND expires_at IS NOT NULL")),
        sa.Index("outbox_cooling", "address_id", "priority", "id", **_where("state = 0 AND retry_at > 0")),
        sa.Index("outbox_sending", "installation", **_where("state = 1")),
        sa.Index("outbox_dead", "installation", **_where("state = 3")),
        sa.Index("outbox_asked", "address_id", "asked", **_where("asked > 0")),
        sa.Index("outbox_broadcast", "broadcast_id", "state", **_where("broadcast_id IS NOT NULL")),
        sa.Index("outbox_announced", "address_id", "due_at", **_where("broadcast_id IS NOT NULL")),
    )
    id: int | None = _serial()
    installation: str
    address_id: str = _owned_by("address.id")
    priority: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    due_at: datetime = _instant()
    expires_at: datetime | None = _instant(nullable=True)
    retry_at: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    state: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    attempts: int
    asked: int  # the number of the question that it puts, 0 if none: a later row may take its buttons away
    dedup: str | None = Field(default=None, unique=True)
    payload: bytes = _encrypted()
    ref: bytes | None = _encrypted(nullable=True)
    problem: str
    broadcast_id: str | None = None


class LeaseRow(SQLModel, table=True):
    """Who holds an installation, until when on the database's clock; and which processes there are (`PROCESS`)."""

    __tablename__ = "lease"
    installation: str = Field(primary_key=True)
    owner: str
    epoch: int
    until: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))


class CohortRow(SQLModel, table=True):
    """A cohort's whole state, encrypted, and when to wake it."""

    __tablename__ = "cohort"
    __table_args__ = (sa.Index("cohort_wake", "wake_at", **_where("wake_at IS NOT NULL")),)
    id: str = Field(primary_key=True)
    wake_at: datetime | None = _instant(nullable=True)
    revision: int
    state: bytes = _encrypted()


class MembershipRow(SQLModel, table=True):
    """Who walks in which cohort, and who did; at most in one at a time."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.Index("membership_now", "person_id", unique=True, **_where("left_at IS NULL")),
        sa.Index("membership_of", "person_id"),
        sa.Index("membership_size", "cohort_id", **_where("left_at IS NULL")),
    )
    seq: int | None = _serial()
    person_id: str = _owned_by("person.id")
    cohort_id: str = _owned_by("cohort.id")
    joined_at: datetime = _instant()
    left_at: datetime | None = _instant(nullable=True)


class RoleRow(SQLModel, table=True):
    """Who may lead; `cohort_id` is empty for the role at large."""

    __tablename__ = "role"
    __table_args__ = (sa.Index("role_holders", "role", "cohort_id"),)
    person_id: str = _owned_by("person.id", primary_key=True)
    role: str = Field(primary_key=True)
    cohort_id: str = Field(primary_key=True)


class InvitationRow(SQLModel, table=True):
    """An invitation; `lookup` is the keyed hash of its code, which stands nowhere here in clear."""

    __tablename__ = "invitation"
    __table_args__ = (sa.Index("invitation_cohort", "cohort_id"),)
    id: str = Field(primary_key=True)
    lookup: str = Field(unique=True)
    kind: str
    cohort_id: str
    created_by: str
    created_at: datetime = _instant()
    expires_at: datetime | None = _instant(nullable=True)
    uses_left: int | None = None
    revoked_at: datetime | None = _instant(nullable=True)


class AttemptRow(SQLModel, table=True):
    """A wrong code that somebody tried."""

    __tablename__ = "attempt"
    __table_args__ = (sa.Index("attempt_latest", "person_id", "at"),)
    seq: int | None = _serial()
    person_id: str = _owned_by("person.id")
    at: datetime = _instant()


class AuditRow(SQLModel, table=True):
    """Who did what to what, in random ids that map to nobody once a person is erased."""

    __tablename__ = "audit"
    seq: int | None = _serial()
    at: datetime = _instant()
    actor: str
    act: str
    object: str
    detail: str


class BroadcastRow(SQLModel, table=True):
    """A broadcast, encrypted, and when to work on it; `stage` is in clear for the outbox."""

    __tablename__ = "broadcast"
    __table_args__ = (sa.Index("broadcast_wake", "wake_at", **_where("wake_at IS NOT NULL")),)
    seq: int | None = _serial()
    id: str = Field(unique=True)
    stage: str
    wake_at: datetime | None = _instant(nullable=True)
    revision: int
    state: bytes = _encrypted()


class BroadcastCohortRow(SQLModel, table=True):
    """To which cohorts a broadcast goes."""

    __tablename__ = "broadcast_cohort"
    cohort_id: str = _owned_by("cohort.id", primary_key=True)
    broadcast_id: str = _owned_by("broadcast.id", primary_key=True)


class MeetingRecord(SQLModel, table=True):
    """Somebody's meeting in a round of a cohort; `group_id` is the same for all who meet."""

    __tablename__ = "meeting"
    __table_args__ = (sa.UniqueConstraint("cohort_id", "week", "person_id", name="meeting_once"),)
    seq: int | None = _serial()
    cohort_id: str = _owned_by("cohort.id")
    week: int
    group_id: str = Field(index=True)
    person_id: str = _owned_by("person.id", index=True)
    at: datetime = _instant()


class AttendanceRow(SQLModel, table=True):
    """What somebody said about a class ("yes", "no"), and whether they were there, if that was noted."""

    __tablename__ = "attendance"
    class_id: str = Field(primary_key=True)
    person_id: str = _owned_by("person.id", primary_key=True, index=True)
    cohort_id: str = _owned_by("cohort.id", index=True)
    answer: str
    present: bool | None = None


class TombstoneRow(SQLModel, table=True):
    """Somebody who was erased, by the random id that maps to nobody. Backups leave this table out."""

    __tablename__ = "tombstone"
    person_id: str = Field(primary_key=True)
    at: datetime = _instant()


METADATA = SQLModel.metadata
SYSTEM, PERSON, ADDRESS, ENTRY, TOUCHPOINT, RECEIVED, INBOX, OUTBOX, LEASE = (
    METADATA.tables[name]
    for name in ("system", "person", "address", "entry", "touchpoint", "received", "inbox", "outbox", "lease")
)
COHORT, MEMBERSHIP, ROLE, INVITATION, ATTEMPT, AUDIT = (
    METADATA.tables[name] for name in ("cohort", "membership", "role", "invitation", "attempt", "audit")
)
BROADCAST, BROADCAST_COHORT, MEETING = (METADATA.tables[name] for name in ("broadcast", "broadcast_cohort", "meeting"))
ATTENDANCE, TOMBSTONE = (METADATA.tables[name] for name in ("attendance", "tombstone"))


def staged(stage: Stage, table: sa.FromClause = OUTBOX) -> sa.ColumnElement[bool]:
    """Outbox rows at this stage; written into the statement as a literal so that the partial indexes apply."""
    return table.c.state == sa.literal_column(str(int(stage)), sa.SmallInteger)
