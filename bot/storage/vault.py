"""Encryption at rest: Fernet keys, newest first, and keyed hashes that outlive a change of keys."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
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
        self._keys = [Fernet(key) for key in keys]
        self._fernet = MultiFernet(self._keys)
        self.fingerprints = tuple(map(fingerprint, keys))
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

    def place(self, token: bytes | str) -> int | None:
        """Which of the keys made this token, 0 for the newest; None for none of them."""
        for number, key in enumerate(self._keys):
            with suppress(InvalidToken):
                key.decrypt(token)
                return number
        return None

    def renewed(self, token: bytes | str) -> bytes:
        """The same under the newest key. Raises SettingsError if none of the keys made this token."""
        return self.encrypt(self.decrypt(token))

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
        canary = {CANARY + self.fingerprints[0]: self.encrypt("canary").decode()}
        return canary | {LOOKUP: self.encrypt(secrets.token_bytes(32)).decode()}

    def unlock(self, facts: Mapping[str, str]) -> None:
        """Takes the lookup key from the `system` table.

        Raises:
            SettingsError: a key that this database was ever written with is missing.
        """
        if lost := missing(facts, self):
            fix = (
                f"the database was written with {' and '.join(lost)}, which is not here; add the missing key at the end"
            )
            raise SettingsError(SETTING, fix)
        self._lookup_key = self.decrypt(facts[LOOKUP])


def fingerprint(key: str) -> str:
    """A short name of a key, which tells nothing of it."""
    return hashlib.sha256(b"heartsease.canary\0" + key.encode()).hexdigest()[:12]


def missing(facts: Mapping[str, str], vault: Vault) -> list[str]:
    """The fingerprints of keys that this database was written with and that the vault does not have."""
    used = [name.removeprefix(CANARY) for name in facts if name.startswith(CANARY)]
    return sorted(set(used) - set(vault.fingerprints))


def key_file(database_url: str) -> Path | None:
    """Where an SQLite database's own key is kept; None for PostgreSQL."""
    file = sqlite_file(database_url)
    return file.with_name(file.name + ".key") if file else None


def add_key(beside: Path) -> str:
    """Puts a new key on top of a key file, whole or not at all; the new key's fingerprint."""
    key = Vault.make_key()
    with writable(beside):
        draft = _draft("".join(f"{one}\n" for one in (key, *_listed(beside))), beside.parent)
        os.replace(draft, beside)
    return fingerprint(key)


def _listed(beside: Path) -> list[str]:
    return [key for key in beside.read_text().replace(",", " ").split() if key]


def _draft(text: str, folder: Path) -> str:
    """A new file, mode 0600, that is surely on the disk."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "w") as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    return name


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
    file, beside = sqlite_file(database_url), key_file(database_url)
    if file is None or beside is None:
        raise SettingsError(SETTING, f"PostgreSQL needs a key, kept safe outside the database; make one with: {_MAKE}")
    if not beside.exists():
        if _holds_data(file):
            fix = f"{file} is encrypted and its key file {beside} is gone; restore that file or set the key"
            raise SettingsError(SETTING, fix)
        with writable(file):
            _keep_new_key(beside)
    return _valid(_listed(beside))


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
    draft = _draft(Vault.make_key() + "\n", beside.parent)
    try:
        os.link(draft, beside)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
