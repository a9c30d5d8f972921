"""Every store under one contract: in memory, SQLite, and a PostgreSQL that starts inside the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.ports import Store
from bot.storage import open_store
from bot.storage.memory import MemoryStore
from bot.storage.schema import migrate
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.standin.postgresql import serving

KEY = Vault.make_key()
SOON = "-c lock_timeout=30s"  # whoever waits longer for a table waits for a test that left a transaction open


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL of our own, migrated; it ends with the session."""
    with serving() as server:
        migrate(server.get_uri())
        yield server.get_uri()


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The URL of an empty PostgreSQL."""
    names = ", ".join(f'"{name}"' for name in METADATA.tables)
    with psycopg.connect(postgres_server, options=SOON) as connection:
        connection.execute(f"TRUNCATE {names}".encode())
    return postgres_server


@pytest.fixture
def elsewhere(postgres: str) -> Iterator[str]:
    """The URL of a new database without tables on the same server."""
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("CREATE DATABASE elsewhere")
    yield sa.make_url(postgres).set(database="elsewhere").render_as_string(hide_password=False)
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("DROP DATABASE elsewhere WITH (FORCE)")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the store is; empty for the one in memory."""
    if request.param == "memory":
        return ""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/heartsease.db"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A new, empty store."""
    opened: Store = await open_store(url, [KEY]) if url else MemoryStore()
    yield opened
    await opened.close()
