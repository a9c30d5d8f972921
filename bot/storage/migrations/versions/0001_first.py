"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, **more: Any) -> sa.Column[str]:
    """A column of text that is no secret."""
    return sa.Column(name, sa.String, **({"nullable": False} | more))


def number(name: str, kind: type[sa.Integer] = sa.BigInteger, **more: Any) -> sa.Column[int]:
    """A whole number: an instant in microseconds, unless `kind` is smaller."""
    return sa.Column(name, kind, **({"nullable": False} | more))


def secret(name: str, **more: Any) -> sa.Column[bytes]:
    """An encrypted column."""
    return sa.Column(name, sa.LargeBinary, **({"nullable": False} | more))


def serial(name: str) -> sa.Column[int]:
    """A number that the database gives."""
    return sa.Column(name, SERIAL, primary_key=True, autoincrement=True)


def owner(name: str, target: str) -> sa.ForeignKeyConstraint:
    """Goes when what it belongs to goes; checked at commit."""
    return sa.ForeignKeyConstraint([name], [target], ondelete="CASCADE", deferrable=True, initially="DEFERRED")


def partial(name: str, table: str, columns: list[str], where: str, sqlite: str | None = None) -> None:
    """An index over the rows that fit."""
    op.create_index(name, table, columns, sqlite_where=sa.text(sqlite or where), postgresql_where=sa.text(where))


def upgrade() -> None:
    """Creates everything."""
    system()
    people()
    journal()
    inputs()
    outbox()


def system() -> None:
    """Facts of the system's own, and leases."""
    op.create_table("system", text("name", primary_key=True), text("value"))
    op.create_table(
        "lease", text("installation", primary_key=True), text("owner"), number("epoch", sa.Integer), number("until")
    )


def people() -> None:
    """People and where to reach them."""
    op.create_table(
        "person",
        text("id", primary_key=True),
        text("installation"),
        sa.Column("reachable", sa.Boolean, nullable=False),
        number("wake_at", nullable=True),
        number("revision", sa.Integer),
        secret("state"),
    )
    partial("person_wake", "person", ["wake_at"], "reachable", "reachable = 1")
    op.create_table(
        "address",
        text("id", primary_key=True),
        text("person_id"),
        text("installation"),
        text("lookup"),
        secret("platform_id"),
        sa.Column("reachable", sa.Boolean, nullable=False),
        owner("person_id", "person.id"),
        sa.UniqueConstraint("installation", "lookup", name="address_lookup"),
    )
    op.create_index("ix_address_person_id", "address", ["person_id"])


def journal() -> None:
    """What people wrote and did, and when we spoke to them."""
    op.create_table(
        "entry",
        serial("seq"),
        text("id"),
        text("person_id"),
        text("kind"),
        number("at"),
        sa.Column("on", sa.Date, nullable=False),
        number("week", sa.Integer),
        number("day", sa.Integer),
        text("about"),
        text("went"),
        number("minutes", sa.Integer),
        secret("text"),
        owner("person_id", "person.id"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("entry_latest", "entry", ["person_id", "at"])
    op.create_table(
        "touchpoint",
        text("person_id", primary_key=True),
        text("kind", primary_key=True),
        sa.Column("on", sa.Date, primary_key=True),
        sa.Column("missed", sa.Boolean, nullable=False),
        number("at"),
        owner("person_id", "person.id"),
    )


def inputs() -> None:
    """Inputs that were worked on, and those that wait."""
    op.create_table("received", text("installation", primary_key=True), text("key", primary_key=True), number("at"))
    op.create_table(
        "inbox",
        serial("id"),
        text("installation"),
        text("key"),
        number("at"),
        secret("payload"),
        sa.UniqueConstraint("installation", "key", name="inbox_key"),
    )


def outbox() -> None:
    """Replies on their way; state 0 is queued, 1 sending, 3 dead."""
    op.create_table(
        "outbox",
        serial("id"),
        text("installation"),
        text("address_id"),
        number("priority", sa.SmallInteger),
        number("due_at"),
        number("expires_at", nullable=True),
        number("retry_at"),
        number("state", sa.SmallInteger),
        number("attempts", sa.Integer),
        number("asked", sa.Integer),
        text("dedup", nullable=True),
        secret("payload"),
        secret("ref", nullable=True),
        text("problem"),
        owner("address_id", "address.id"),
        sa.UniqueConstraint("dedup"),
    )
    partial("outbox_todo", "outbox", ["installation", "priority", "id"], "state = 0")
    partial("outbox_chat", "outbox", ["address_id"], "state = 0")
    partial("outbox_late", "outbox", ["installation", "expires_at"], "state = 0 AND expires_at IS NOT NULL")
    partial("outbox_cooling", "outbox", ["address_id", "priority", "id"], "state = 0 AND retry_at > 0")
    partial("outbox_sending", "outbox", ["installation"], "state = 1")
    partial("outbox_dead", "outbox", ["installation"], "state = 3")
    partial("outbox_asked", "outbox", ["address_id", "asked"], "asked > 0")
