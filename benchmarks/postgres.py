"""A PostgreSQL of our own, started for a measurement and gone after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.storage.vault import Vault
from tests.standin.postgresql import serving

KEY = Vault.make_key()  # with which every database of this run is encrypted


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database."""
    with serving() as server:
        yield server.get_uri()
