"""A schema of PostgreSQL is a shard: a whole database for whoever names it in the address (docs/scaling.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from bot.errors import StoreError
from bot.model import Origin
from bot.storage import open_store
from bot.storage.copies import back_up
from bot.storage.postgres_tools import PostgresTools
from bot.storage.restoring import restore
from tests.contracts.conftest import KEY
from tests.contracts.test_backup import programs as programs
from tests.contracts.test_erasing import everything, plant

ANA = Origin("telegram:1000001", "7")
WARD, CLINIC = "ward", "Ward-7*"  # pg_dump takes names for patterns


def within(url: str, schema: str) -> str:
    """The address of a schema, there or not."""
    option = quote(f'-csearch_path="{schema}"')
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
    PostgresTools(shards[0]).run("pg_dump", "--format=custom", f"--file={tmp_path / 'backup'}")
    assert (await restore(shards[0], [KEY], tmp_path / "backup", {}, replace=True)).people == 4
    assert everything(shards[1]) == others


async def test_a_schema_that_is_not_there_is_said_with_what_to_do(postgres: str) -> None:
    with pytest.raises(StoreError, match=r"has no such schema; create it: CREATE SCHEMA"):
        await open_store(within(postgres, "nowhere"), [KEY])
