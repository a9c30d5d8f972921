"""Whose membership it is, also of those that are over: classes of before are counted without reading all of them."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Creates one index."""
    op.create_index("membership_of", "membership", ["person_id"])
