"""The schema and its versions: Alembic, run from here with no alembic.ini."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage.database import BUSY_SECONDS, SETTING, clear_errors, place, plain_engine, sqlite_file
from bot.storage.tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"  # the newest revision; a test holds it to migrations/versions
SCRIPTS = Path(__file__).parent / "migrations"
VERSION = "alembic_version"
TABLES = (*METADATA.tables, VERSION)
# Where all of these are, is Heartsease: a single one may be another application's.
FIRST = (VERSION, "system", "lease", "person", "address", "entry", "touchpoint", "received", "inbox", "outbox")

HOMES = sa.text(
    "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE relname = ANY (:first) AND relkind IN ('r', 'p') AND nspname = ANY (current_schemas(false))"
    " GROUP BY nspname HAVING count(*) = :count ORDER BY array_position(current_schemas(false), nspname) LIMIT 1"
)
# A migration makes tables in our schema alone, and takes as long as it takes, as pg_dump and pg_restore do.
ALONE = sa.text(
    "SELECT set_config('search_path', quote_ident(current_schema()), true), set_config('statement_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)
LOCK = sa.text("SELECT pg_advisory_xact_lock(7264173, hashtext(current_schema()))")  # of other schemas, nobody waits


def configuration(connection: sa.Connection) -> Config:
    """Alembic's configuration for work on this connection."""
    from alembic.config import Config  # 150 ms that a start with nothing to migrate saves

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(url: str, *, busy: float = BUSY_SECONDS) -> None:
    """Brings the database to the newest revision, in one transaction.

    Raises:
        StoreError: it is from a newer version, or cannot be used; nothing was changed.
    """
    engine = plain_engine(url, busy=busy)
    try:
        with clear_errors(url), engine.begin() as connection:
            bring_up(connection, url)
    finally:
        engine.dispose()


def bring_up(connection: sa.Connection, url: str) -> None:
    """The same within a transaction of the caller's. Raises StoreError if the database is from a newer version."""
    server = connection.dialect.name == "postgresql"
    if server:  # two replicas may start at once; SQLite has one writer anyway
        connection.execute(LOCK)
    revision = _revision(connection, url)
    if server:
        connection.execute(ALONE)
    if revision != HEAD:
        from alembic import command

        command.upgrade(configuration(connection), "head")


def check(url: str, *, busy: float = BUSY_SECONDS, older: bool = False) -> None:
    """Raises StoreError unless the database is there and at the newest revision, or an `older` one; changes nothing."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise StoreError(f"{place(url)} does not exist yet; run: python -m bot db upgrade", "missing")
    engine = plain_engine(url, busy=busy)
    try:
        with clear_errors(url), engine.connect() as connection:
            revision = _revision(connection, url)
            if revision != HEAD and not (older and revision):
                raise StoreError(f"{place(url)} is not up to date; run: python -m bot db upgrade", "outdated")
    finally:
        engine.dispose()


def has(connection: sa.Connection, url: str, table: str) -> bool:
    """Whether a table is in our schema: the first of PostgreSQL's search_path, where new tables come to stand.

    Raises:
        StoreError: our tables are in a later one, as when the first was made after them, or others bear their names.
    """
    ours = connection.dialect.default_schema_name
    there = {*sa.inspect(connection).get_table_names(schema=ours)}
    if connection.dialect.name == "postgresql" and not there.issuperset(FIRST):
        _refuse_others(connection, url, there)
    return table in there


def _refuse_others(connection: sa.Connection, url: str, there: set[str]) -> None:
    ours = connection.dialect.default_schema_name
    if home := connection.scalar(HOMES, {"first": list(FIRST), "count": len(FIRST)}):
        problem = f"has Heartsease in the schema {home}, and its search_path names {ours} first"
        fix = f"say which is meant: ?options=-csearch_path%3D{home}, or {ours} for a new one, in {SETTING}"
        raise StoreError(f"{place(url)} {problem}; {fix}.", "refused")
    if taken := sorted(there.intersection(TABLES)):
        problem = f"has tables of another application ({', '.join(taken)}) where ours would be"
        fix = f"make a schema for us, CREATE SCHEMA ours, and add ?options=-csearch_path%3Dours to {SETTING}"
        raise StoreError(f"{place(url)} {problem}; {fix}.", "refused")


def _revision(connection: sa.Connection, url: str) -> str | None:
    """The revision that the database is at; None for a new one."""
    if not has(connection, url, VERSION):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if revision is not None and not known(revision):
        raise StoreError(f"{place(url)} is from a newer version of Heartsease; update the program.", "newer")
    return revision


def known(revision: str) -> bool:
    """Whether a revision is of this version or an older one."""
    if revision == HEAD:
        return True
    from alembic.script import ScriptDirectory

    return any(script.revision == revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions())
