"""Migrations, and a database that cannot be used: what is said, and that nothing is touched."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.errors import SettingsError, StoreError
from bot.storage import keys_for, open_store
from bot.storage.database import Database, FileLock, plain_engine, sqlite_file
from bot.storage.schema import HEAD, check, configuration, migrate
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.contracts.conftest import postgres_server as postgres_server

KEY = Vault.make_key()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "heartsease.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def drift(url: str) -> list[object]:
    """How a migrated database differs from the declared tables; indexes with their conditions."""
    engine = plain_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            scripts = ScriptDirectory.from_config(configuration(connection))
            assert scripts.get_heads() == [HEAD]
            return list(compare_metadata(context, METADATA))
    finally:
        engine.dispose()


def test_the_migrations_lead_to_the_declared_tables_on_sqlite(url: str) -> None:
    migrate(url)
    assert drift(url) == []


def test_the_migrations_lead_to_the_declared_tables_on_postgresql(postgres_server: str) -> None:
    assert drift(postgres_server) == []


def test_the_migrations_make_the_very_indexes_that_are_declared(url: str, tmp_path: Path) -> None:
    declared = f"sqlite:///{tmp_path}/declared.db"
    migrate(url)
    engine = plain_engine(declared)
    METADATA.create_all(engine)
    engine.dispose()

    def indexes(of: str) -> set[str]:
        with closing(sqlite3.connect(of.removeprefix("sqlite:///"))) as connection:
            query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            return {" ".join(sql.split()) for (sql,) in connection.execute(query)}

    assert indexes(url) == indexes(declared)


def test_migrating_twice_changes_nothing_and_makes_the_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/down/heartsease.db"
    migrate(url)
    migrate(url)
    check(url)


def test_a_check_makes_nothing(file: Path, url: str) -> None:
    with pytest.raises(StoreError, match="db upgrade") as caught:
        check(url)
    assert caught.value.kind == "missing"
    assert not file.exists()
    file.touch()
    with pytest.raises(StoreError, match="db upgrade") as caught:
        check(url)
    assert caught.value.kind == "outdated"


async def test_a_database_from_a_newer_version_is_left_alone(file: Path, url: str) -> None:
    migrate(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        before = list(connection.iterdump())
        for open_it in (open_store(url, [KEY]), open_store(url, [KEY], migrate=False)):
            with pytest.raises(StoreError, match="newer version") as caught:
                await open_it
            assert caught.value.kind == "newer"
        assert list(connection.iterdump()) == before


def test_a_damaged_file_is_left_alone(file: Path, url: str) -> None:
    file.write_bytes(b"this is a letter to myself, and no database\n" * 200)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="Restore a backup") as caught:
        asyncio.run(open_store(url, [KEY]))
    assert caught.value.kind == "damaged"
    assert file.read_bytes() == before


async def test_a_locked_database_says_so(file: Path, url: str) -> None:
    migrate(url)
    database = Database(url, busy=0.01)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program") as caught:
            async with database.writing():
                pass
        with pytest.raises(StoreError, match="locked by another program"):
            await asyncio.to_thread(migrate, url, busy=0.01)
        async with database.reading() as reading:
            assert await reading.scalar(sa.text("SELECT count(*) FROM person")) == 0
    assert caught.value.kind == "locked"
    await database.close()


async def test_a_read_only_database_says_so(file: Path, url: str) -> None:
    migrate(url)
    database = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="is read-only") as caught:
        async with database.writing() as connection:
            await connection.execute(sa.text("INSERT INTO system VALUES ('a', 'b')"))
    assert caught.value.kind == "read_only"
    await database.close()


async def test_a_place_that_is_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a folder; name a file in it"):
        await open_store(f"sqlite:///{tmp_path}", [KEY])


def test_a_folder_that_cannot_be_made_says_so(file: Path) -> None:
    file.touch()
    below = f"sqlite:///{file}/var/heartsease.db"
    with pytest.raises(StoreError, match="must be a folder"):
        keys_for(below, [])
    with pytest.raises(StoreError, match="must be a folder"):
        asyncio.run(open_store(below, [KEY]))
    with pytest.raises(StoreError, match="must be a folder"):
        asyncio.run(open_store(below, [KEY], exclusive=True))


async def test_a_postgresql_that_is_not_there_says_so_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        await open_store(f"postgresql://ana:sesame@/x?host={tmp_path}", [KEY])
    assert caught.value.kind == "unreachable"
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "heartsease.db", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_is_no_database_names_the_setting(wrong: str) -> None:
    with pytest.raises(SettingsError, match="HEARTSEASE_DATABASE_URL"):
        sqlite_file(wrong)


async def test_a_second_run_on_the_file_is_refused_until_the_first_is_gone(file: Path, url: str) -> None:
    store = await open_store(url, [KEY], exclusive=True)
    link = file.with_name("link.db")
    link.symlink_to(file)
    for same in (url, f"sqlite:///{link}"):
        with pytest.raises(StoreError, match="Another `run` uses") as caught:
            await open_store(same, [KEY], exclusive=True)
        assert caught.value.kind == "in_use"
    await (await open_store(url, [KEY])).close()
    await store.close()
    await (await open_store(url, [KEY], exclusive=True)).close()


async def test_a_failed_start_lets_go_of_the_lock(file: Path, url: str) -> None:
    await (await open_store(url, [KEY])).close()
    with pytest.raises(SettingsError):
        await open_store(url, [Vault.make_key()], exclusive=True)
    lock = FileLock(file)
    lock.take()
    lock.release()
