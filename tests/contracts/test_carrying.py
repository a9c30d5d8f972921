"""From SQLite to PostgreSQL: every table with everything, all at once or not at all, and who is erased stays erased."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from bot.errors import StoreError
from bot.storage import open_store
from bot.storage.carrying import LOT
from bot.storage.copies import back_up, erased
from bot.storage.database import plain_engine
from bot.storage.restoring import restore
from bot.storage.schema import HEAD, configuration, migrate
from bot.storage.tables import METADATA, OUTBOX, PERSON, SYSTEM, Instant
from bot.storage.vault import Vault
from tests.contracts.conftest import KEY
from tests.contracts.test_cohort_store import NOW
from tests.contracts.test_erasing import ANA, BEN, everything, plant

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the SQLite database is."""
    return tmp_path / "heartsease.db"


@pytest.fixture
def here(file: Path) -> str:
    """Its URL."""
    return f"sqlite:///{file}"


# ---------------------------------------------------------------- every table, every kind of value


def made_up(column: sa.Column[Any], number: int) -> object:
    """A value that this column can hold; the first row has the greatest, every third none where there may be none."""
    if column.nullable and number % 3 == 2:
        return None
    if isinstance(column.type, Instant):
        return NOW + timedelta(microseconds=number)
    if isinstance(column.type, sa.SmallInteger):
        return 7 if number else 2**15 - 1
    if isinstance(column.type, sa.BigInteger):  # ours are numbers of rows and microseconds
        return number if number else 2**53
    values: dict[type[object], object] = {
        bool: bool(number % 2),
        int: number if number else 2**31 - 1,
        str: f"{column.name} é \N{PURPLE HEART} '{number}'\t\\N\n",
        bytes: bytes(range(256)) + str(number).encode(),
        date: date(2026, 3, 1) + timedelta(days=number),
    }
    return values[getattr(column.type, "impl_instance", column.type).python_type]


def filled(rows: int) -> Rows:
    """So many rows of every table that there is, whatever its columns; those of one number belong together."""
    made: Rows = {}
    for table in METADATA.sorted_tables:
        made[table.name] = [
            {column.name: made_up(column, number) for column in table.columns} for number in range(rows)
        ]
        for column in table.columns:
            for key in column.foreign_keys:
                for row, owner in zip(made[table.name], made[key.column.table.name], strict=True):
                    row[column.name] = owner[key.column.name]
    return made


def put(url: str, rows: Rows) -> None:
    engine = plain_engine(url)
    with engine.begin() as connection:
        for name, values in rows.items():
            connection.execute(sa.insert(METADATA.tables[name]), values)
    engine.dispose()


def all_rows(url: str) -> dict[str, list[Sequence[Any]]]:
    """All that is in every table, but leases, which nobody holds afterwards."""
    engine = plain_engine(url)
    try:
        with engine.connect() as connection:
            found = {name: connection.execute(sa.select(table)).all() for name, table in METADATA.tables.items()}
    finally:
        engine.dispose()
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in found.items() if name != "lease"}


async def test_every_table_comes_with_everything_that_is_in_it(file: Path, here: str, elsewhere: str) -> None:
    await (await open_store(here, [KEY])).close()
    put(here, filled(5))
    before = all_rows(here)
    assert {name for name, rows in before.items() if len(rows) < 5} == set()
    assert {*before, "lease"} == set(METADATA.tables)
    assert (await restore(elsewhere, [KEY], file, {}, replace=False)).people == 5
    assert all_rows(elsewhere) == before
    assert all_rows(here) == before
    assert sorted(path.name for path in file.parent.iterdir() if path.name.startswith(".")) == []


async def test_new_rows_are_numbered_behind_those_that_came(file: Path, here: str, elsewhere: str) -> None:
    await (await open_store(here, [KEY])).close()
    put(here, filled(2))
    await restore(elsewhere, [KEY], file, {}, replace=False)
    numbered = {table: column for table in METADATA.sorted_tables if (column := table.autoincrement_column) is not None}
    assert OUTBOX in numbered
    engine, unique = plain_engine(elsewhere), count(10)
    with engine.begin() as connection:
        for table, column in numbered.items():
            number = next(unique)
            row = {one.name: made_up(one, number * 3) for one in table.columns if one is not column}
            row |= {one.name: made_up(key.column, 1) for one in table.columns for key in one.foreign_keys}
            highest = connection.execute(sa.select(sa.func.max(column))).scalar_one()
            assert connection.execute(sa.insert(table).returning(column), row).scalar_one() == highest + 1, table.name
    engine.dispose()


async def test_a_table_without_rows_begins_at_one(file: Path, here: str, elsewhere: str) -> None:
    await (await open_store(here, [KEY])).close()
    await restore(elsewhere, [KEY], file, {}, replace=False)
    store = await open_store(elsewhere, [KEY])
    await plant(store)
    await store.close()
    assert sorted(row[0] for row in all_rows(elsewhere)["entry"]) == [1, 2]


async def test_more_rows_than_a_lot_come_in_order(file: Path, here: str, elsewhere: str) -> None:
    await (await open_store(here, [KEY])).close()
    put(here, filled(1))
    audit = METADATA.tables["audit"]
    rows = [{one.name: made_up(one, number) for one in audit.columns} for number in range(1, 2 * LOT + 2)]
    put(here, {"audit": rows})
    await restore(elsewhere, [KEY], file, {}, replace=False)
    assert all_rows(elsewhere)["audit"] == all_rows(here)["audit"]


@pytest.mark.parametrize("revision", ["0001", "0005"])
async def test_an_older_database_is_brought_up_to_date_on_the_way(
    file: Path, here: str, elsewhere: str, revision: str
) -> None:
    engine = plain_engine(here)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)
        facts = [{"name": name, "value": value} for name, value in Vault([KEY]).furnish().items()]
        connection.execute(sa.insert(SYSTEM), facts)
        person = {one.name: made_up(one, 1) for one in PERSON.columns}
        connection.execute(sa.insert(PERSON), person)
    engine.dispose()
    assert (await restore(elsewhere, [KEY], file, {}, replace=False)).people == 1
    await (await open_store(elsewhere, [KEY], migrate=False)).close()
    assert versions(here) == [revision]


def versions(url: str) -> list[str]:
    engine = plain_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    engine.dispose()
    return list(found)


# ---------------------------------------------------------------- all at once or not at all


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as server:
        found = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [name for (name,) in found]


UNWRITTEN = [
    "UPDATE outbox SET attempts = 1 << 40",
    "UPDATE outbox SET problem = 'a' || char(0) || 'b'",
    "UPDATE outbox SET problem = CAST(x'ff41' AS TEXT)",
    "UPDATE outbox SET payload = 'words'",
    "UPDATE outbox SET due_at = 'soon'",
    "UPDATE entry SET \"on\" = 'someday'",
    "UPDATE person SET wake_at = 1 << 62",
]


@pytest.mark.parametrize("change", UNWRITTEN)
async def test_values_that_nobody_of_ours_wrote_leave_postgresql_empty(
    file: Path, here: str, elsewhere: str, change: str
) -> None:
    store = await open_store(here, [KEY])
    await plant(store)
    await store.close()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute(change)
        opened.commit()
    with pytest.raises(StoreError, match=r"Nothing was changed in PostgreSQL\.$") as caught:
        await restore(elsewhere, [KEY], file, {}, replace=False)
    assert caught.value.kind in ("damaged", "refused")
    assert tables(elsewhere) == []
    assert sorted(path.name for path in file.parent.iterdir() if path.name.startswith(".")) == []


async def test_a_connection_that_is_lost_half_way_leaves_what_was_there(file: Path, here: str, elsewhere: str) -> None:
    for url in (here, elsewhere):
        store = await open_store(url, [KEY])
        await plant(store)
        await store.close()
    with psycopg.connect(elsewhere) as server:
        server.execute(
            "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        server.execute("CREATE TRIGGER gone BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION gone()")
    before = everything(elsewhere)
    with pytest.raises(StoreError, match=r"cannot be reached; see .*_URL\. Nothing was changed in PostgreSQL\.$"):
        await restore(elsewhere, [KEY], file, {}, replace=True)
    assert everything(elsewhere) == before


async def test_who_may_make_no_tables_is_told_what_to_do(file: Path, here: str, elsewhere: str) -> None:
    await (await open_store(here, [KEY])).close()
    with psycopg.connect(elsewhere) as server:
        server.execute("CREATE ROLE guest LOGIN")
    guest = sa.make_url(elsewhere).set(username="guest").render_as_string(hide_password=False)
    try:
        with pytest.raises(StoreError, match="does not allow that; let the user of HEARTSEASE_DATABASE_URL own it"):
            await restore(guest, [KEY], file, {}, replace=False)
    finally:
        with psycopg.connect(elsewhere) as server:
            server.execute("DROP ROLE guest")
    assert tables(elsewhere) == []


async def test_a_file_of_a_newer_version_is_named_and_not_the_copy_that_was_made(
    file: Path, here: str, elsewhere: str
) -> None:
    await (await open_store(here, [KEY])).close()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()
    with pytest.raises(StoreError, match=f"{file} is from a newer version of Heartsease; update the program"):
        await restore(elsewhere, [KEY], file, {}, replace=False)


# ---------------------------------------------------------------- nobody runs, and nobody is overwritten


async def test_a_database_on_which_somebody_runs_is_not_carried_over(file: Path, here: str, elsewhere: str) -> None:
    store = await open_store(here, [KEY], exclusive=True)
    await plant(store)
    with pytest.raises(StoreError, match=f"Another `run` uses {file}; stop it first"):
        await restore(elsewhere, [KEY], file, {}, replace=False)
    assert tables(elsewhere) == []
    await store.close()
    assert (await restore(elsewhere, [KEY], file, {}, replace=False)).people == 4
    assert not [value for value in everything(elsewhere) if str(value).startswith("running.")]


async def test_what_a_killed_run_left_in_its_log_comes_too(
    file: Path, here: str, elsewhere: str, tmp_path: Path
) -> None:
    store = await open_store(here, [KEY], exclusive=True)
    await plant(store)
    left = tmp_path / "left"
    left.mkdir()
    for part in file.parent.glob("heartsease.db*"):
        shutil.copy(part, left)
    before = all_rows(here)
    await store.close()
    assert (left / "heartsease.db-wal").stat().st_size > 0
    await restore(elsewhere, [KEY], left / "heartsease.db", {}, replace=False)
    after = all_rows(elsewhere)
    system = [row for row in before.pop("system") if not row[0].startswith("running.")]
    assert (after.pop("system"), after) == (system, before)


async def test_people_in_postgresql_are_replaced_on_request_and_never_under_a_run(
    file: Path, here: str, elsewhere: str
) -> None:
    for url in (here, elsewhere):
        store = await open_store(url, [KEY])
        await plant(store)
        await store.close()
    with pytest.raises(StoreError, match="holds 4 people; to put the backup in its place, say --replace"):
        await restore(elsewhere, [KEY], file, {}, replace=False)
    running = await open_store(elsewhere, [KEY], exclusive=True)
    before = everything(elsewhere)
    with pytest.raises(StoreError, match="is used by a `run`"):
        await restore(elsewhere, [KEY], file, {}, replace=True)
    assert everything(elsewhere) == before
    await running.close()
    await restore(elsewhere, [KEY], file, {}, replace=True)
    assert all_rows(elsewhere) == all_rows(here)


async def test_a_new_postgresql_that_db_upgrade_prepared_takes_it_without_being_asked(
    file: Path, here: str, elsewhere: str
) -> None:
    store = await open_store(here, [KEY])
    await plant(store)
    await store.close()
    await (await open_store(elsewhere, [Vault.make_key()])).close()  # with a key and a secret of look-ups of its own
    await restore(elsewhere, [KEY], file, {}, replace=False)
    store = await open_store(elsewhere, [KEY])
    async with store.reading() as queries:
        assert await queries.person_at(BEN) is not None
    await store.close()


async def test_an_older_postgresql_is_brought_up_to_date_and_a_newer_one_is_left_alone(
    file: Path, here: str, elsewhere: str
) -> None:
    await (await open_store(here, [KEY])).close()
    engine = plain_engine(elsewhere)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0003")
    engine.dispose()
    await restore(elsewhere, [KEY], file, {}, replace=False)
    assert versions(elsewhere) == [HEAD]
    with psycopg.connect(elsewhere) as server:
        server.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="is from a newer version"):
        await restore(elsewhere, [KEY], file, {}, replace=False)
    assert versions(elsewhere) == ["9999"]


# ---------------------------------------------------------------- who was erased


async def test_who_was_erased_before_is_remembered_and_who_was_erased_since_never_comes(
    file: Path, here: str, elsewhere: str, tmp_path: Path
) -> None:
    store = await open_store(here, [KEY])
    people = await plant(store)
    ana, eve = people["Anastasia"].id, people["Eve"].id
    await back_up(here, tmp_path / "backup")
    async with store.writing() as work:
        await work.erase(ana, NOW)
    await store.close()
    done = await restore(elsewhere, [KEY], file, {}, replace=False)  # the database itself knows whom it erased
    assert (done.people, done.erased) == (3, 0)
    assert await erased(elsewhere) == {ana: NOW}
    done = await restore(elsewhere, [KEY], tmp_path / "backup", {eve: NOW}, replace=True)  # PostgreSQL does, and a list
    assert (done.people, done.erased) == (2, 2)
    assert await erased(elsewhere) == {ana: NOW, eve: NOW}
    store = await open_store(elsewhere, [KEY])
    async with store.reading() as queries:
        assert await queries.person_at(ANA) is None
    await store.close()


async def test_postgresql_does_not_go_back_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"PGDMP")
    with pytest.raises(StoreError, match="is of PostgreSQL, and HEARTSEASE_DATABASE_URL names an SQLite file"):
        await restore(f"sqlite:///{tmp_path}/new.db", [KEY], tmp_path / "backup", {}, replace=False)


def test_what_is_migrated_and_what_is_declared_have_the_same_tables(elsewhere: str) -> None:
    """What is declared is what is carried."""
    migrate(elsewhere)
    assert {*tables(elsewhere)} == {*METADATA.tables, "alembic_version"}
