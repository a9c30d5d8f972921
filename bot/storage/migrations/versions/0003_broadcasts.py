"""Broadcasts, to which cohorts they go, and which rows of the outbox are their copies."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
COPIES = sa.text("broadcast_id IS NOT NULL")
WAITING = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    """Adds to the outbox and creates two tables."""
    op.add_column("outbox", sa.Column("broadcast_id", sa.String, nullable=True))
    for name, columns in (
        ("outbox_broadcast", ["broadcast_id", "state"]),
        ("outbox_announced", ["address_id", "due_at"]),
    ):
        op.create_index(name, "outbox", columns, sqlite_where=COPIES, postgresql_where=COPIES)
    op.create_table(
        "broadcast",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("wake_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_index("broadcast_wake", "broadcast", ["wake_at"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "broadcast_cohort",
        sa.Column("cohort_id", sa.String, primary_key=True),
        sa.Column("broadcast_id", sa.String, primary_key=True),
        *(
            sa.ForeignKeyConstraint([column], [target], ondelete="CASCADE", deferrable=True, initially="DEFERRED")
            for column, target in (("cohort_id", "cohort.id"), ("broadcast_id", "broadcast.id"))
        ),
    )
