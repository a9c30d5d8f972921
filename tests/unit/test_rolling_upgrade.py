"""While replicas are replaced one by one, the old program works on the new schema: every migration only adds.

A change that takes something away comes in two releases: the first stops using it, the second takes it (and adds its
revision to `CONTRACTS`, with the release that stopped using it).
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from bot.storage.database import plain_engine
from bot.storage.schema import HEAD, configuration, migrate
from tests.e2e.replicas import postgres

CONTRACTS: dict[str, str] = {}

Shape = dict[str, dict[str, Any]]


def revisions(connection: sa.Connection) -> list[str]:
    """All of them, oldest first."""
    scripts = ScriptDirectory.from_config(configuration(connection))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


@contextmanager
def at(folder: Path, revision: str) -> Iterator[sa.Connection]:
    """A database at this revision."""
    engine = plain_engine(f"sqlite:///{folder}/{revision}.db")
    try:
        with engine.begin() as connection:
            command.upgrade(configuration(connection), revision)
            yield connection
    finally:
        engine.dispose()


def shape(connection: sa.Connection) -> Shape:
    """Tables with their columns, and what must be unique in them."""
    inspector = sa.inspect(connection)
    return {
        table: {
            "columns": {column["name"]: column for column in inspector.get_columns(table)},
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(
                [index["column_names"] for index in inspector.get_indexes(table) if index["unique"]]
                + [list(one["column_names"]) for one in inspector.get_unique_constraints(table)],
                key=str,
            ),
            "foreign": sorted(str(one["constrained_columns"]) for one in inspector.get_foreign_keys(table)),
        }
        for table in inspector.get_table_names()
    }


def takes_away(old: Shape, new: Shape) -> list[str]:
    """What the old program would miss or stumble over."""
    found = []
    for table, was in old.items():
        if table not in new:
            found.append(f"{table} is gone")
            continue
        now = new[table]
        for name, column in was["columns"].items():
            if name not in now["columns"]:
                found.append(f"{table}.{name} is gone")
            elif str(column["type"]) != str(now["columns"][name]["type"]):
                found.append(f"{table}.{name} has another type")
            elif column["nullable"] and not now["columns"][name]["nullable"]:
                found.append(f"{table}.{name} must be filled now")
        for name in now["columns"].keys() - was["columns"].keys():
            column = now["columns"][name]
            if not column["nullable"] and column["default"] is None:
                found.append(f"{table}.{name} must be filled, and the old program does not know it")
        found += [f"{table} has another {what}" for what in ("key", "unique", "foreign") if was[what] != now[what]]
    return found


def test_every_migration_after_the_first_only_adds(tmp_path: Path) -> None:
    with at(tmp_path, "head") as connection:
        known = revisions(connection)
    shapes = {}
    for revision in known:
        with at(tmp_path, revision) as connection:
            shapes[revision] = shape(connection)
    for before, after in itertools.pairwise(known):
        if after not in CONTRACTS:
            assert takes_away(shapes[before], shapes[after]) == [], after


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TABLE attempt", "attempt is gone"),
        ("ALTER TABLE lease DROP COLUMN epoch", "lease.epoch is gone"),
        ("ALTER TABLE lease RENAME COLUMN epoch TO term", "lease.epoch is gone"),
        ("CREATE UNIQUE INDEX one_owner ON lease (owner)", "lease has another unique"),
    ],
)
def test_what_takes_away_is_found(tmp_path: Path, statement: str, problem: str) -> None:
    with at(tmp_path, "head") as connection:
        before = shape(connection)
        connection.execute(sa.text(statement))
        assert problem in takes_away(before, shape(connection))


def test_a_program_of_the_previous_schema_writes_on_while_the_database_is_migrated() -> None:
    written: list[str] = []
    stop = threading.Event()

    def work(url: str) -> None:
        """The old program: one short transaction after the other."""
        with psycopg.connect(url) as connection:
            while not stop.is_set():
                name = f"fact {len(written)}"
                connection.execute("INSERT INTO system (name, value) VALUES (%s, '')", [name])
                connection.execute("INSERT INTO lease VALUES (%s, 'old', 1, 0)", [name])
                connection.commit()
                written.append(name)

    with postgres() as database:
        engine = plain_engine(database.url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
            previous = revisions(connection)[-2]
            command.upgrade(configuration(connection), previous)
        old = threading.Thread(target=work, args=[database.url])
        old.start()
        try:
            while len(written) < 50:
                assert old.is_alive()
            migrate(database.url)
            so_far = len(written)
            while len(written) < so_far + 50:  # the old program works on the new schema
                assert old.is_alive()
        finally:
            stop.set()
            old.join(30)
        assert not old.is_alive()
        with engine.begin() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD
            kept = set(connection.execute(sa.text("SELECT name FROM system WHERE name LIKE 'fact %'")).scalars())
        engine.dispose()
    assert set(written) <= kept


def test_old_rows_are_there_after_every_migration(tmp_path: Path) -> None:
    file = tmp_path / "heartsease.db"
    engine = plain_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        connection.execute(sa.text("INSERT INTO system VALUES ('a', 'b')"))
        connection.execute(sa.text("INSERT INTO lease VALUES ('telegram:1', 'old', 7, 0)"))
    engine.dispose()
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection_after:
        assert connection_after.execute("SELECT * FROM system").fetchall() == [("a", "b")]
        assert connection_after.execute("SELECT * FROM lease").fetchall() == [("telegram:1", "old", 7, 0)]
