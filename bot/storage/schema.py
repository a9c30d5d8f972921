"""The schema and its versions: Alembic, run from here with no alembic.ini."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage.database import BUSY_SECONDS, clear_errors, place, plain_engine, sqlite_file

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"  # the newest revision; a test holds it to migrations/versions
SCRIPTS = Path(__file__).parent / "migrations"


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
    if connection.dialect.name == "postgresql":  # two replicas may start at once; SQLite has one writer anyway
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264173)"))
    if _revision(connection, url) != HEAD:
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


def _revision(connection: sa.Connection, url: str) -> str | None:
    """The revision that the database is at; None for a new one."""
    if not sa.inspect(connection).has_table("alembic_version"):
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
