"""Who said that they would be in a class, and who was."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates one table."""
    op.create_table(
        "attendance",
        sa.Column("class_id", sa.String, primary_key=True),
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("cohort_id", sa.String, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("present", sa.Boolean, nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [target], ondelete="CASCADE", deferrable=True, initially="DEFERRED")
            for column, target in (("person_id", "person.id"), ("cohort_id", "cohort.id"))
        ),
    )
    for column in ("person_id", "cohort_id"):
        op.create_index(f"ix_attendance_{column}", "attendance", [column])
