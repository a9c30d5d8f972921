"""Who meets whom in which round of a cohort."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Creates one table."""
    op.create_table(
        "meeting",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("cohort_id", sa.String, nullable=False),
        sa.Column("week", sa.Integer, nullable=False),
        sa.Column("group_id", sa.String, nullable=False),
        sa.Column("person_id", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [target], ondelete="CASCADE", deferrable=True, initially="DEFERRED")
            for column, target in (("cohort_id", "cohort.id"), ("person_id", "person.id"))
        ),
        sa.UniqueConstraint("cohort_id", "week", "person_id", name="meeting_once"),
    )
    for column in ("group_id", "person_id"):
        op.create_index(f"ix_meeting_{column}", "meeting", [column])
