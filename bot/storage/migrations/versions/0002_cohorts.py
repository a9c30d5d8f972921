"""Cohorts, memberships, roles, invitations, tried codes, and the audit."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, **more: Any) -> sa.Column[str]:
    """A column of text that is no secret."""
    return sa.Column(name, sa.String, **({"nullable": False} | more))


def number(name: str, kind: type[sa.Integer] = sa.BigInteger, **more: Any) -> sa.Column[int]:
    """A whole number: an instant in microseconds, unless `kind` is smaller."""
    return sa.Column(name, kind, **({"nullable": False} | more))


def serial(name: str) -> sa.Column[int]:
    """A number that the database gives."""
    return sa.Column(name, SERIAL, primary_key=True, autoincrement=True)


def owner(name: str, target: str) -> sa.ForeignKeyConstraint:
    """Goes when what it belongs to goes; checked at commit."""
    return sa.ForeignKeyConstraint([name], [target], ondelete="CASCADE", deferrable=True, initially="DEFERRED")


def partial(name: str, table: str, columns: list[str], where: str, **more: Any) -> None:
    """An index over the rows that fit."""
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where), **more)


def upgrade() -> None:
    """Creates everything."""
    groups()
    invitations()
    op.create_table("audit", serial("seq"), number("at"), text("actor"), text("act"), text("object"), text("detail"))


def groups() -> None:
    """Cohorts, who walks in them, and who leads."""
    op.create_table(
        "cohort",
        text("id", primary_key=True),
        number("wake_at", nullable=True),
        number("revision", sa.Integer),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    partial("cohort_wake", "cohort", ["wake_at"], "wake_at IS NOT NULL")
    op.create_table(
        "membership",
        serial("seq"),
        text("person_id"),
        text("cohort_id"),
        number("joined_at"),
        number("left_at", nullable=True),
        owner("person_id", "person.id"),
        owner("cohort_id", "cohort.id"),
    )
    partial("membership_now", "membership", ["person_id"], "left_at IS NULL", unique=True)
    partial("membership_size", "membership", ["cohort_id"], "left_at IS NULL")
    op.create_table(
        "role",
        text("person_id", primary_key=True),
        text("role", primary_key=True),
        text("cohort_id", primary_key=True),
        owner("person_id", "person.id"),
    )
    op.create_index("role_holders", "role", ["role", "cohort_id"])


def invitations() -> None:
    """Invitations, and the wrong codes that people tried."""
    op.create_table(
        "invitation",
        text("id", primary_key=True),
        text("lookup"),
        text("kind"),
        text("cohort_id"),
        text("created_by"),
        number("created_at"),
        number("expires_at", nullable=True),
        number("uses_left", sa.Integer, nullable=True),
        number("revoked_at", nullable=True),
        sa.UniqueConstraint("lookup"),
    )
    op.create_index("invitation_cohort", "invitation", ["cohort_id"])
    op.create_table("attempt", serial("seq"), text("person_id"), number("at"), owner("person_id", "person.id"))
    op.create_index("attempt_latest", "attempt", ["person_id", "at"])
