"""Who was erased: random ids that map to nobody, so that a restored backup is erased again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates one table."""
    op.create_table(
        "tombstone",
        sa.Column("person_id", sa.String, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
