"""Keys, canaries and look-ups."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.model import Origin
from bot.storage import keys_for, open_store
from bot.storage.vault import Vault

OLD, NEW, FOREIGN = Vault.make_key(), Vault.make_key(), Vault.make_key()
ANA = Origin("telegram:1", "4815162342")


def test_the_newest_key_encrypts_and_every_key_decrypts() -> None:
    token = Vault([OLD]).encrypt("my quiet grief")
    assert Vault([NEW, OLD]).decrypt(token) == b"my quiet grief"
    assert Vault([NEW]).decrypt(Vault([NEW, OLD]).encrypt(b"\xff")) == b"\xff"
    with pytest.raises(SettingsError, match="HEARTSEASE_SECRET_KEYS"):
        Vault([FOREIGN]).decrypt(token)


def test_a_look_up_survives_new_keys_and_tells_its_parts_apart() -> None:
    old, new, other = Vault([OLD]), Vault([NEW, OLD]), Vault([OLD])
    facts = old.furnish()
    old.unlock(facts)
    new.unlock(facts)
    other.unlock(other.furnish())
    assert old.lookup("telegram:1", "12") == new.lookup("telegram:1", "12")
    assert len({old.lookup("a", "bc"), old.lookup("ab", "c"), old.lookup("abc"), other.lookup("a", "bc")}) == 4


def test_a_vault_that_is_not_unlocked_looks_nothing_up() -> None:
    with pytest.raises(RuntimeError):
        Vault([OLD]).lookup("a")


@pytest.mark.parametrize("wrong", ["", "short", "é" * 44, "A" * 44 + "!"])
def test_a_wrong_key_is_named_by_its_place_and_never_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match="key 2 of 2") as caught:
        keys_for("postgresql://localhost/x", [OLD, wrong])
    assert not wrong or wrong not in str(caught.value)
    assert OLD not in str(caught.value)


def test_postgresql_needs_a_key() -> None:
    with pytest.raises(SettingsError, match="HEARTSEASE_SECRET_KEYS: PostgreSQL needs a key"):
        keys_for("postgresql://localhost/x", [])


def test_a_new_sqlite_database_gets_a_key_of_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/heartsease.db"
    keys = keys_for(url, [])
    beside = tmp_path / "var/heartsease.db.key"
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert keys_for(url, []) == keys
    assert keys_for(url, [NEW]) == (NEW,)
    assert list(beside.parent.iterdir()) == [beside]


async def test_encrypted_data_without_its_key_is_refused_and_no_key_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/heartsease.db"
    await (await open_store(url, keys_for(url, []))).close()
    beside = tmp_path / "heartsease.db.key"
    beside.rename(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="restore that file or set the key"):
        keys_for(url, [])
    assert not beside.exists()
    with pytest.raises(SettingsError, match="HEARTSEASE_SECRET_KEYS"):
        await open_store(url, [FOREIGN])


def test_a_damaged_file_gets_no_new_key(tmp_path: Path) -> None:
    (tmp_path / "heartsease.db").write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(SettingsError):
        keys_for(f"sqlite:///{tmp_path}/heartsease.db", [])


async def test_people_are_found_again_after_a_new_key_and_no_used_key_may_go(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/heartsease.db"
    store = await open_store(url, [OLD])
    async with store.writing() as work:
        person = (await work.persons([ANA]))[ANA]
    await store.close()

    store = await open_store(url, [NEW, OLD])
    async with store.reading() as queries:
        assert await queries.person_at(ANA) == person
    await store.close()

    for missing in ([NEW], [OLD]):
        with pytest.raises(SettingsError, match="HEARTSEASE_SECRET_KEYS"):
            await open_store(url, missing)
