"""Many participants in seconds: rows copied inside the database, under other ids, from people who were settled before.

A copy has its model's state under a new id: of the right size, in every index, and never looked into.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.storage.tables import EPOCH, MICROSECOND

MODELS = 1000  # people who are copied
DAY = 86_400
SECOND = 1_000_000  # microseconds
AT_ONCE = 100  # copies of each model in a statement

MODELS_OF = (
    "CREATE TEMPORARY TABLE model AS SELECT p.id, p.installation, p.revision, p.state, a.id AS address, a.lookup,"
    " a.platform_id FROM person p JOIN address a ON a.person_id = p.id ORDER BY p.id LIMIT :models"
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
PEOPLE = (
    "INSERT INTO person (id, installation, reachable, wake_at, revision, state) "
    + NUMBERS
    + "SELECT m.id || '.' || n.i, m.installation, {true}, :wake + (n.i * 7919 + length(m.state)) % :day * :second,"
    " m.revision, m.state FROM n CROSS JOIN model m"
)
ADDRESSES = (
    "INSERT INTO address (id, person_id, installation, lookup, platform_id, reachable) "
    + NUMBERS
    + "SELECT m.address || '.' || n.i, m.id || '.' || n.i, m.installation, m.lookup || n.i, m.platform_id, {true}"
    " FROM n CROSS JOIN model m"
)


def add(url: str, people: int, wake_at: datetime) -> int:
    """Adds about so many participants, due at some second of the day that begins with `wake_at`; how many there are."""
    sqlite = sa.make_url(url).get_backend_name() == "sqlite"
    engine = sa.create_engine(sa.make_url(url).set(drivername="sqlite" if sqlite else "postgresql+psycopg"))
    true = "1" if sqlite else "true"
    values = {"wake": (wake_at - EPOCH) // MICROSECOND, "day": DAY, "second": SECOND}
    try:
        with engine.connect() as connection:
            if sqlite:  # what is copied here need not survive a power cut
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.execute(sa.text(MODELS_OF), {"models": min(MODELS, people)})
            each = people // max(1, connection.scalar(sa.text("SELECT count(*) FROM model")) or 0)
            for first in range(1, each + 1, AT_ONCE):
                some = {"first": first, "last": min(each, first + AT_ONCE - 1)}
                connection.execute(sa.text(PEOPLE.format(true=true)), values | some)
                connection.execute(sa.text(ADDRESSES.format(true=true)), some)
                connection.commit()
            if not sqlite:  # as autovacuum does within a minute
                connection.execute(sa.text("ANALYZE"))
                connection.commit()
            return int(connection.scalar(sa.text("SELECT count(*) FROM person")) or 0)
    finally:
        engine.dispose()
