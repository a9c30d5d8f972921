"""A schema of PostgreSQL is a shard: a whole database for whoever names it in the address (docs/scaling.md)."""

from __future__ import annotations

import psycopg

from bot.model import Origin
from bot.storage import open_store
from tests.contracts.conftest import KEY

ANA = Origin("telegram:1000001", "7")


def shard(url: str, name: str) -> str:
    """The address of a new schema."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"


async def test_two_schemas_of_one_database_know_nothing_of_each_other(postgres: str) -> None:
    ward, clinic = [await open_store(shard(postgres, name), [KEY]) for name in ("ward", "clinic")]
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


async def test_a_migrated_schema_opens_without_migrating(postgres: str) -> None:
    address = shard(postgres, "ward")
    await (await open_store(address, [KEY])).close()
    await (await open_store(address, [KEY], migrate=False)).close()
