"""Encryption at rest: Fernet keys, newest first, and keyed hashes that outlive a change of keys."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import SettingsError
from bot.storage.database import sqlite_file, writable

SETTING = "HEARTSEASE_SECRET_KEYS"
CANARY = "vault.canary."
LOOKUP = "vault.lookup"
_MAKE = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class Vault:
    """Encrypts with the newest of its keys, decrypts with any.

    Raises:
        SettingsError: there is no key, or one is not a Fernet key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        _valid(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._newest = CANARY + hashlib.sha256(b"heartsease.canary\0" + keys[0].encode()).hexdigest()[:12]
        self._lookup_key: bytes | None = None

    @staticmethod
    def make_key() -> str:
        """A new random key."""
        return Fernet.generate_key().decode()

    def encrypt(self, value: bytes | str) -> bytes:
        """A token that only the holder of these keys can read."""
        return self._fernet.encrypt(value.encode() if isinstance(value, str) else value)

    def decrypt(self, token: bytes | str) -> bytes:
        """Raises SettingsError if none of the keys made this token."""
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            fix = "the database was encrypted with a key that is not among these; add the missing key at the end"
            raise SettingsError(SETTING, fix) from error

    def lookup(self, *parts: str) -> str:
        """A keyed hash of these parts, the same whichever keys are in use. Works once `unlock` has run."""
        if self._lookup_key is None:
            raise RuntimeError("the vault is not unlocked")
        framed = b"".join(
            len(part.encode()).to_bytes(4, "big") + part.encode() for part in ("heartsease.lookup", *parts)
        )
        return hmac.new(self._lookup_key, framed, hashlib.sha256).hexdigest()

    def furnish(self) -> Mapping[str, str]:
        """What the `system` table keeps for this vault where it is not there yet: a canary a key, the lookup key."""
        return {self._newest: self.encrypt("canary").decode(), LOOKUP: self.encrypt(secrets.token_bytes(32)).decode()}

    def unlock(self, facts: Mapping[str, str]) -> None:
        """Takes the lookup key from the `system` table.

        Raises:
            SettingsError: a key that this database was ever written with is missing.
        """
        for name, token in facts.items():
            if name.startswith(CANARY):
                self.decrypt(token)
        self._lookup_key = self.decrypt(facts[LOOKUP])


def _valid(keys: Sequence[str]) -> Sequence[str]:
    """These keys, unless one is wrong; the message never shows it."""
    if not keys:
        raise SettingsError(SETTING, f"at least one key is needed; make one with: {_MAKE}")
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            fix = f"key {number} of {len(keys)} is not a Fernet key (32 random bytes in base64); make one with: {_MAKE}"
            raise SettingsError(SETTING, fix) from None
    return tuple(keys)


def keys_for(database_url: str, configured: Sequence[str]) -> Sequence[str]:
    """The keys of a database, newest first: the configured ones, else those beside the SQLite file.

    A new SQLite database gets a key of its own in `<file>.key`, readable by its owner alone.

    Raises:
        SettingsError: a key is wrong; PostgreSQL has none; or there is encrypted data without its key.
        StoreError: the new key cannot be written.
    """
    if configured:
        return _valid(configured)
    file = sqlite_file(database_url)
    if file is None:
        raise SettingsError(SETTING, f"PostgreSQL needs a key, kept safe outside the database; make one with: {_MAKE}")
    beside = file.with_name(file.name + ".key")
    if not beside.exists():
        if _holds_data(file):
            fix = f"{file} is encrypted and its key file {beside} is gone; restore that file or set the key"
            raise SettingsError(SETTING, fix)
        with writable(file):
            _keep_new_key(beside)
    return _valid([key for key in beside.read_text().replace(",", " ").split() if key])


def _holds_data(file: Path) -> bool:
    """Whether something in this SQLite file was encrypted. A file that cannot be read counts as such."""
    if not file.exists() or file.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM system WHERE name LIKE 'vault.%'"
            return bool(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)
    except sqlite3.DatabaseError:
        return True


def _keep_new_key(beside: Path) -> None:
    """Writes a new key whole or not at all; if another process was first, its key stays."""
    descriptor, name = tempfile.mkstemp(dir=beside.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as draft:
            draft.write(Vault.make_key() + "\n")
            draft.flush()
            os.fsync(draft.fileno())
        os.link(name, beside)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
