"""A schema of PostgreSQL is a shard: a whole database for whoever names it in the address (docs/scaling.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import StoreError
from bot.model import Origin
from bot.storage import open_store, schema
from bot.storage.copies import back_up
from bot.storage.database import Database, plain_engine
from bot.storage.postgres_tools import PostgresTools
from bot.storage.restoring import restore
from bot.storage.tables import METADATA
from tests.contracts.conftest import KEY
from tests.contracts.test_backup import programs as programs
from tests.contracts.test_erasing import everything, plant

ANA = Origin("telegram:1000001", "7")
WARD, CLINIC = "ward", "Ward-7*"  # pg_dump takes names for patterns


def within(url: str, *schemas: str) -> str:
    """The address of a schema, there or not; of several the first that is there."""
    option = quote("-csearch_path=" + ",".join(f'"{name}"' for name in schemas))
    return f"{url}{'&' if '?' in url else '?'}options={option}"


@pytest.fixture
def shards(postgres: str) -> Iterator[tuple[str, str]]:
    """The addresses of two new schemas of one database."""
    with closing(psycopg.connect(postgres, autocommit=True)) as server:
        for name in (WARD, CLINIC):
            server.execute(f'CREATE SCHEMA "{name}"'.encode())
        yield within(postgres, WARD), within(postgres, CLINIC)
        for name in (WARD, CLINIC):
            server.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())


async def planted(url: str) -> list[object]:
    """Four people come here; everything that is there then."""
    store = await open_store(url, [KEY])
    await plant(store)
    await store.close()
    return everything(url)


async def test_two_schemas_of_one_database_know_nothing_of_each_other(shards: tuple[str, str]) -> None:
    ward, clinic = [await open_store(address, [KEY]) for address in shards]
    try:
        async with ward.writing() as work:
            there = (await work.persons([ANA]))[ANA]
        async with ward.reading() as queries:
            assert await queries.person_at(ANA) == there
        async with clinic.reading() as queries:
            assert await queries.person_at(ANA) is None
        assert await ward.outbox.acquire(ANA.installation, "one", 15) == 1
        assert await clinic.outbox.acquire(ANA.installation, "another", 15) == 1
    finally:
        await ward.close()
        await clinic.close()


async def test_a_migrated_schema_opens_without_migrating(shards: tuple[str, str]) -> None:
    await (await open_store(shards[0], [KEY])).close()
    await (await open_store(shards[0], [KEY], migrate=False)).close()


@pytest.mark.parametrize(("ours", "theirs"), [(0, 1), (1, 0)])
async def test_a_backup_is_of_one_schema_and_its_restore_changes_no_other(
    shards: tuple[str, str], ours: int, theirs: int, tmp_path: Path
) -> None:
    await planted(shards[ours])
    await back_up(shards[ours], tmp_path / "backup")
    others = await planted(shards[theirs])
    assert (await restore(shards[ours], [KEY], tmp_path / "backup", {}, replace=True)).people == 4
    assert everything(shards[theirs]) == others
    listed = PostgresTools(shards[ours]).run("pg_restore", "--list", str(tmp_path / "backup"))
    assert [f" {name} person " in listed for name in (WARD, CLINIC)] == [ours == 0, ours == 1]
    tables = [line.split()[-2] for line in listed.splitlines() if " TABLE DATA " in line]
    assert "person" in tables
    assert not {"tombstone", "lease"} & {*tables}


async def test_a_shard_moves_to_another_database(shards: tuple[str, str], elsewhere: str, tmp_path: Path) -> None:
    """As docs/scaling.md says: a schema of the same name, a backup, a restore."""
    await planted(shards[0])
    await back_up(shards[0], tmp_path / "backup")
    target = within(elsewhere, WARD)
    with pytest.raises(StoreError, match=r"has no such schema; create it: CREATE SCHEMA"):
        await restore(target, [KEY], tmp_path / "backup", {}, replace=False)
    with pytest.raises(StoreError, match=r"is of the schema ward; add \?options=-csearch_path%3Dward to"):
        await restore(elsewhere, [KEY], tmp_path / "backup", {}, replace=False)
    with psycopg.connect(elsewhere) as server:
        server.execute("CREATE SCHEMA ward")
    assert (await restore(target, [KEY], tmp_path / "backup", {}, replace=False)).people == 4
    await (await open_store(target, [KEY], migrate=False)).close()


async def test_an_old_dump_of_all_schemas_gives_back_the_one_that_is_named(
    shards: tuple[str, str], tmp_path: Path
) -> None:
    """Older versions put every schema of a database into a backup."""
    await planted(shards[0])
    others = await planted(shards[1])
    PostgresTools(shards[0]).dump("--format=custom", f"--file={tmp_path / 'backup'}")
    assert (await restore(shards[0], [KEY], tmp_path / "backup", {}, replace=True)).people == 4
    assert everything(shards[1]) == others


async def test_a_schema_that_is_not_there_is_said_with_what_to_do(postgres: str) -> None:
    with pytest.raises(StoreError, match=r"has no such schema; create it: CREATE SCHEMA"):
        await open_store(within(postgres, "nowhere"), [KEY])


async def test_a_schema_that_is_made_before_ours_does_not_take_its_place(postgres: str, tmp_path: Path) -> None:
    """PostgreSQL's own search_path is "$user", public: whoever makes a schema for the user hides the tables in public.

    A backup would hold nothing then, and an upgrade would begin an empty second database.
    """
    both = within(postgres, "later", WARD)
    with closing(psycopg.connect(postgres, autocommit=True)) as server:
        server.execute("CREATE SCHEMA ward")
        try:
            await planted(both)
            await back_up(both, tmp_path / "before")
            server.execute("CREATE SCHEMA later")
            attempts: list[Callable[[], Awaitable[object]]] = [
                lambda: back_up(both, tmp_path / "after"),
                lambda: open_store(both, [KEY]),
                lambda: open_store(both, [KEY], migrate=False),
            ]
            for attempt in attempts:
                with pytest.raises(StoreError, match=r"in the schema ward, and its search_path names later first; say"):
                    await attempt()
            with pytest.raises(StoreError, match=r"is of the schema ward; add \?options=-csearch_path%3Dward to"):
                await restore(both, [KEY], tmp_path / "before", {}, replace=True)
            assert not (tmp_path / "after").exists()
            await back_up(within(postgres, WARD), tmp_path / "after")
            [left] = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'later'").fetchone() or [None]
            assert left == 0
        finally:
            server.execute("DROP SCHEMA IF EXISTS ward, later CASCADE")


async def test_what_another_application_has_in_our_schema_is_its_own(shards: tuple[str, str], tmp_path: Path) -> None:
    """In a backup it is not, and a restore leaves it alone: even of a dump of everything, which pg_dump makes."""
    await planted(shards[0])
    with closing(psycopg.connect(shards[0], autocommit=True)) as other:
        other.execute("CREATE TABLE bill (id serial PRIMARY KEY, sum int)")
        other.execute("CREATE INDEX person_sum ON bill (sum)")
        other.execute("INSERT INTO bill (sum) VALUES (1)")
        await back_up(shards[0], tmp_path / "backup")
        tools = PostgresTools(shards[0])
        assert " bill" not in tools.run("pg_restore", "--list", str(tmp_path / "backup"))
        tools.dump("--format=custom", f"--file={tmp_path / 'everything'}")
        other.execute("UPDATE bill SET sum = 2")
        for dump in ("backup", "everything"):
            assert (await restore(shards[0], [KEY], tmp_path / dump, {}, replace=True)).people == 4
            assert other.execute("SELECT id, sum FROM bill").fetchall() == [(1, 2)]
        assert other.execute("SELECT to_regclass('person_sum') IS NOT NULL").fetchone() == (True,)
    engine = plain_engine(shards[0])
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"include_name": ours}), METADATA) == []
    engine.dispose()


def ours(name: str | None, kind: str, _of: object) -> bool:
    """Whether a table is one of ours; for Alembic."""
    return kind != "table" or name in METADATA.tables


async def test_tables_of_another_application_with_names_of_ours_stay(shards: tuple[str, str], tmp_path: Path) -> None:
    await planted(shards[0])
    await back_up(shards[0], tmp_path / "backup")
    with closing(psycopg.connect(shards[0], autocommit=True)) as other:
        other.execute("DROP SCHEMA ward CASCADE")
        other.execute("CREATE SCHEMA ward")
        other.execute("CREATE TABLE alembic_version (version_num varchar)")
        other.execute("CREATE TABLE entry (id int)")
        taken = r"has tables of another application \(alembic_version, entry\) where ours would be; make a schema"
        with pytest.raises(StoreError, match=taken):
            await open_store(shards[0], [KEY])
        with pytest.raises(StoreError, match=taken):
            await restore(shards[0], [KEY], tmp_path / "backup", {}, replace=True)
        assert other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'ward'").fetchall() == [
            ("alembic_version",),
            ("entry",),
        ]


async def test_another_applications_alembic_in_a_later_schema_is_not_ours(shards: tuple[str, str]) -> None:
    with closing(psycopg.connect(shards[1], autocommit=True)) as other:
        other.execute("CREATE TABLE alembic_version (version_num varchar)")
        other.execute("INSERT INTO alembic_version VALUES ('theirs')")
        await (await open_store(within(shards[0].partition("options=")[0].rstrip("?&"), WARD, CLINIC), [KEY])).close()
        assert other.execute("SELECT version_num FROM alembic_version").fetchall() == [("theirs",)]


async def test_a_schema_is_migrated_while_another_is(shards: tuple[str, str]) -> None:
    """A restore from SQLite holds the lock for minutes."""
    engine = plain_engine(shards[0])
    with engine.connect() as held:
        held.execute(schema.LOCK)
        hasty = shards[1].replace("options=", "options=-clock_timeout%3D5s%20")
        await (await open_store(hasty, [KEY])).close()
    engine.dispose()


async def test_neither_encoding_nor_defaults_of_a_database_change_what_is_kept(postgres: str, tmp_path: Path) -> None:
    with closing(psycopg.connect(postgres, autocommit=True)) as server:
        server.execute("CREATE DATABASE odd ENCODING SQL_ASCII TEMPLATE template0 LOCALE 'C'")
        try:
            for setting in ("statement_timeout = '1min'", "datestyle = 'SQL, DMY'"):
                server.execute(f"ALTER DATABASE odd SET {setting}".encode())
            server.execute("ALTER DATABASE odd SET default_transaction_isolation = serializable")
            odd = sa.make_url(postgres).set(database="odd").render_as_string(hide_password=False)
            there = await planted(odd)
            await back_up(odd, tmp_path / "backup")
            assert (await restore(odd, [KEY], tmp_path / "backup", {}, replace=True)).people == 4
            database = Database(odd)
            async with database.writing() as connection:
                assert await connection.scalar(sa.text("SHOW transaction_isolation")) == "read committed"
                assert await connection.scalar(sa.text("SHOW client_encoding")) == "UTF8"
            await database.close()
            assert there
        finally:
            server.execute("DROP DATABASE odd WITH (FORCE)")


async def test_a_backup_is_of_the_server_that_answers(postgres: str, tmp_path: Path) -> None:
    """Of several hosts, as SQLAlchemy takes them: `host=one:5432&host=another:5432`."""
    await planted(postgres)
    said = sa.make_url(postgres)
    hosts = [f"{tmp_path}:5432", f"{said.query.get('host') or said.host}:{said.port or 5432}"]
    several = said.set(host=None, port=None, query={**said.query, "host": hosts}).render_as_string(hide_password=False)
    await back_up(several, tmp_path / "backup")
    assert (await restore(several, [KEY], tmp_path / "backup", {}, replace=True)).people == 4
