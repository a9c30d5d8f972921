"""What the doctor finds of care that is missing: keys, backups, erasures, and secrets that lie open."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
import sqlalchemy as sa

from bot.doctor import Finding, around
from bot.doctor.database import LONG_LOG, disk
from bot.doctor.settings import read_by_others
from bot.model import Origin
from bot.settings import PREFIX, Settings
from bot.storage import open_store
from bot.storage.copies import BACKED_UP, back_up, erased, listed
from bot.storage.database import Database
from bot.storage.rotation import rotation
from bot.storage.tables import SYSTEM
from bot.storage.vault import Vault, fingerprint, key_file
from tests.contracts.conftest import postgres as postgres
from tests.contracts.conftest import postgres_server as postgres_server
from tests.standin.telegram import TOKEN, StandIn

OLD, NEW = Vault.make_key(), Vault.make_key()
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no .env, and a port that is free."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name}".upper(), raising=False)
    monkeypatch.setenv(f"{PREFIX}HTTP_PORT", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with one person in it."""
    there = f"sqlite:///{tmp_path}/heartsease.db" if request.param == "sqlite" else ""
    found = there or str(request.getfixturevalue("postgres"))
    store = await open_store(found, [OLD])
    async with store.writing() as work:
        await work.persons([Origin("telegram:1", "1")])
    await store.close()
    return found


async def told(url: str, *keys: str, **more: object) -> list[str]:
    """What the doctor says of this database, its marks before it."""
    settings = Settings(database_url=url, secret_keys=",".join(keys), owners="telegram:1", **more)  # type: ignore[arg-type]
    return lines([one async for one in around(settings)])


def lines(findings: list[Finding]) -> list[str]:
    return [f"{one.mark} {one.what}: {one.mend}" for one in findings]


def has(told: list[str], start: str) -> bool:
    return any(line.startswith(start) for line in told)


async def test_a_backup_that_was_never_made_or_is_old_is_missed(url: str, tmp_path: Path) -> None:
    assert has(await told(url, OLD), "! there was never a backup: python -m bot backup")
    if url.startswith("sqlite"):
        await back_up(url, tmp_path / "copy")
        assert has(await told(url, OLD), f"✓ the last backup is of {datetime.now(UTC):%Y-%m}")
    await fact(url, BACKED_UP, (datetime.now(UTC) - timedelta(days=8)).isoformat())
    assert has(await told(url, OLD), "! the last backup is of")


async def fact(url: str, name: str, value: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await connection.execute(sa.delete(SYSTEM).where(SYSTEM.c.name == name))
        await connection.execute(sa.insert(SYSTEM).values(name=name, value=value))
    await database.close()


async def test_who_was_erased_must_stand_in_a_list_outside(url: str) -> None:
    store = await open_store(url, [OLD])
    async with store.writing() as work:
        await work.erase("nobody", NOW)
    await store.close()
    assert has(await told(url, OLD), "! 1 people were erased, and not all of them are in a list")
    await listed(url, len(await erased(url)))
    assert not any("in a list" in line for line in await told(url, OLD))


async def test_a_change_of_keys_is_followed_to_its_end(url: str) -> None:
    assert has(await told(url, NEW, OLD), f"! nothing was written with the newest key {fingerprint(NEW)} yet")
    running = await open_store(url, [OLD], exclusive=True)
    assert has(await told(url, NEW, OLD), f"! a `run` writes with another key ({fingerprint(OLD)})")
    await running.close()
    await (await open_store(url, [NEW, OLD])).close()
    assert has(await told(url, NEW, OLD), f"! older keys are still in use: {fingerprint(OLD)}")
    async with rotation(url, [NEW, OLD]) as work:
        await work.rotate()
    assert has(await told(url, NEW, OLD), f"! keys that open nothing here any more: {fingerprint(OLD)}")
    assert not any("key" in line for line in await told(url, NEW) if line.startswith(("!", "✗")))
    assert has(
        await told(url, OLD),
        f"✗ HEARTSEASE_SECRET_KEYS: the database was written with {fingerprint(NEW)}, which is not here",
    )


async def test_a_restore_that_was_cut_off_is_told(url: str) -> None:
    await fact(url, "vault.restoring", "")
    assert has(await told(url, OLD), "✗ a restore was not finished")


async def test_a_key_file_that_nobody_reads_is_told(url: str) -> None:
    beside = key_file(url)
    if beside is not None:
        beside.write_text(OLD)
        beside.chmod(0o600)
        assert has(await told(url, OLD), f"! HEARTSEASE_SECRET_KEYS is set, and {beside} is not read")


def test_settings_that_others_can_read_are_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HEARTSEASE_TELEGRAM_TOKEN=1\n")
    file.chmod(0o644)
    assert lines(list(read_by_others())) == ["✗ others can read .env: run: chmod 600 .env"]
    file.chmod(0o600)
    assert list(read_by_others()) == []


def test_a_log_that_grows_and_a_network_file_system_are_told(tmp_path: Path) -> None:
    file, mounts = tmp_path / "heartsease.db", tmp_path / "mounts"
    file.touch()
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/export {tmp_path} nfs4 rw 0 0\n")
    file.with_name("heartsease.db-wal").touch()
    os.truncate(f"{file}-wal", LONG_LOG + 1)
    found = lines(list(disk(file, tmp_path, mounts)))
    assert has(found, f"! {file}-wal has grown to 256 MB")
    assert has(found, f"✗ {tmp_path} is on a network file system (nfs4)")
    mounts.write_text("/dev/sda / ext4 rw 0 0\n")
    assert not any("network" in line for line in lines(list(disk(file, tmp_path, mounts))))


async def test_a_token_in_the_list_of_processes_is_told_and_not_shown(url: str) -> None:
    shown = "7654321:AAF-a_token_of_no_other_test_beside_this_01"
    careless = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", shown, stdin=asyncio.subprocess.PIPE
    )
    try:
        found = await told(url, OLD, telegram_token=shown, telegram_api_url="http://127.0.0.1:1")
    finally:
        await careless.communicate(b"\n")
    assert has(found, "✗ a token or key stands in the list of processes")
    assert not any(shown.partition(":")[2] in line for line in found)


async def test_a_webhook_that_telegram_was_not_told_or_forgot_is_found(url: str) -> None:
    hook = {"telegram_webhook_url": "https://coach.invalid", "telegram_webhook_secret": "0123456789abcdef"}
    forgotten = "! bot 1000001: Telegram does not know where to bring its updates"
    async with StandIn() as server, httpx.AsyncClient(trust_env=False) as client:
        bot = {"telegram_token": TOKEN, "telegram_api_url": server.url}
        assert has(await told(url, OLD, **bot, **hook), forgotten)
        assert not has(await told(url, OLD, **bot), forgotten)  # it polls
        await client.post(f"{server.url}/bot{TOKEN}/setWebhook", json={"url": "https://coach.invalid/hook"})
        assert not has(await told(url, OLD, **bot, **hook), forgotten)


async def test_what_is_seldom_meant_is_told(url: str) -> None:
    async with StandIn() as server, httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{server.url}/bot{TOKEN}/setWebhook", json={"url": "https://elsewhere.invalid/hook"})
        found = await told(url, OLD, telegram_token=TOKEN, telegram_api_url=server.url, http_host="0.0.0.0")
    assert has(found, "! bot 1000001: Telegram brings its updates to elsewhere.invalid")
    assert has(found, "! health and metrics can be read from the network")
    assert not has(found, "✗")


async def test_a_limit_of_connections_is_told(postgres: str) -> None:
    await (await open_store(postgres, [OLD])).close()
    spare = "PostgreSQL has only"
    assert not any(spare in line for line in await told(postgres, OLD))
    with psycopg.connect(postgres, autocommit=True) as server:
        for kind, name in (("ROLE", "CURRENT_USER"), ("DATABASE", "postgres")):
            server.execute(f"ALTER {kind} {name} CONNECTION LIMIT 9".encode())
            found = await told(postgres, OLD)
            server.execute(f"ALTER {kind} {name} CONNECTION LIMIT -1".encode())
            [line] = [line for line in found if spare in line]
            assert line.endswith("to spare: raise max_connections, or the CONNECTION LIMIT of this user or database")
