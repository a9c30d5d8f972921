"""Dated backups in a folder: one more each night, the old ones go, and nothing else is ever touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.storage import open_store
from bot.storage.copies import back_up
from bot.storage.restoring import restore
from bot.storage.shelf import shelve
from bot.storage.vault import fingerprint
from tests.contracts.conftest import KEY
from tests.contracts.test_backup import Places
from tests.contracts.test_backup import places as places
from tests.contracts.test_backup import programs as programs
from tests.contracts.test_erasing import plant

NIGHT = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
NEW = "heartsease-20261123T031500Z.backup"

OLD = [
    "heartsease-20261109T031459Z.backup",
    "heartsease-20250101T000000Z.backup",
    ".heartsease-20261101T031500Z.backup.ab12_cd9",  # a night on which the machine was switched off
    ".heartsease-20261101T031500Z.backup.ab12_cd9-journal",
]
OTHERS = [
    "heartsease-20261109T031500Z.backup",  # fourteen days ago
    "heartsease-20261122T031500Z.backup",
    "heartsease-20270101T031500Z.backup",  # of a clock that was ahead
    ".heartsease-20261123T021500Z.backup.ab12_cd9",  # another is being written
    "heartsease-2025-01-01",  # by hand
    "heartsease-20250101T000000Z.backup.gpg",
    "heartsease-20251399T000000Z.backup",
    "my-heartsease-20250101T000000Z.backup",
    "heartsease-20250101T000000Z.backup\n",
    "heartsease.db",
    "heartsease.db.key",
    "erased",
]


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A database with people in it."""
    url = f"sqlite:///{tmp_path}/heartsease.db"
    store = await open_store(url, [KEY])
    await plant(store)
    await store.close()
    return url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with backups of many nights, and what else lies there."""
    there = tmp_path / "backups"
    there.mkdir()
    for name in (*OLD, *OTHERS):
        (there / name).write_text(name)
        os.utime(there / name, (0, 0))
    (there / "heartsease-20240101T000000Z.backup").mkdir()
    (there / "heartsease-20240102T000000Z.backup").symlink_to(there / "erased")
    return there


LINKS = ["heartsease-20240101T000000Z.backup", "heartsease-20240102T000000Z.backup"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("places", ["sqlite", "postgres"], indirect=True)
async def test_what_was_written_by_itself_can_be_restored(places: Places, tmp_path: Path) -> None:
    store = await open_store(places.url, [KEY])
    await plant(store)
    done = await shelve(places.url, tmp_path, 14, NIGHT.astimezone())
    await store.close()
    assert (done.file, done.needed, done.gone) == (tmp_path / NEW, [fingerprint(KEY)], [])
    assert done.file.stat().st_mode & 0o777 == 0o600
    assert (await restore(places.elsewhere, [KEY], done.file, {}, replace=False)).people == 4


async def test_what_is_older_goes_and_nothing_else_is_touched(url: str, folder: Path) -> None:
    done = await shelve(url, folder, 14, NIGHT)
    assert sorted(path.name for path in done.gone) == sorted(OLD)
    assert names(folder) == sorted([*OTHERS, *LINKS, NEW])
    assert {name: (folder / name).read_text() for name in OTHERS} == {name: name for name in OTHERS}


async def test_after_a_month_of_nights_a_fortnight_is_there(url: str, tmp_path: Path) -> None:
    (tmp_path / "nights").mkdir()
    for night in range(30):
        await shelve(url, tmp_path / "nights", 14, NIGHT + timedelta(days=night))
    assert len(names(tmp_path / "nights")) == 15  # the one of fourteen days ago is not older than that


async def test_without_a_new_one_no_old_one_goes(tmp_path: Path, url: str, folder: Path) -> None:
    before = names(folder)
    with pytest.raises(StoreError, match="does not exist yet"):
        await shelve(f"sqlite:///{tmp_path}/nowhere.db", folder, 14, NIGHT)
    assert names(folder) == before
    await shelve(url, folder, 3650, NIGHT)
    with pytest.raises(StoreError, match="is there already"):
        await shelve(url, folder, 1, NIGHT)
    assert names(folder) == sorted([*before, NEW])


async def test_a_folder_that_is_not_there_is_not_made(url: str, tmp_path: Path) -> None:
    """It may be a disk that is not mounted: what is written in its place is on the disk that it should outlive."""
    with pytest.raises(StoreError, match=r"backups is no folder; make it first"):
        await shelve(url, tmp_path / "backups", 14, NIGHT)
    assert not (tmp_path / "backups").exists()


async def test_what_the_system_refuses_is_an_error_with_the_fix(url: str, tmp_path: Path) -> None:
    """A name that is too long stands for all that it refuses: a folder that may not be looked into says the same."""
    endless = tmp_path / ("x" * 300)
    with pytest.raises(StoreError, match="must be a folder that this user may read and write to"):
        await shelve(url, endless, 14, NIGHT)
    with pytest.raises(StoreError, match=r"cannot be written \(File name too long\)"):
        await back_up(url, endless)


async def test_a_copy_that_cannot_be_cleared_of_the_erased_is_an_error_and_is_not_left(
    url: str, tmp_path: Path
) -> None:
    file, nights = tmp_path / "heartsease.db", tmp_path / "nights"
    nights.mkdir()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [root] = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tombstone'").fetchone()
        [size] = opened.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as pages:
        pages.seek((root - 1) * size)
        pages.write(bytes(size))
    with pytest.raises(StoreError, match=r"cannot be copied \(database disk image is malformed\)"):
        await shelve(url, nights, 14, NIGHT)
    assert names(nights) == []


async def test_a_clock_that_is_far_ahead_does_not_take_the_newest(url: str, tmp_path: Path) -> None:
    (tmp_path / "nights").mkdir()
    for night in range(5):
        await shelve(url, tmp_path / "nights", 14, NIGHT + timedelta(days=night))
    before = names(tmp_path / "nights")
    ahead = await shelve(url, tmp_path / "nights", 14, NIGHT + timedelta(days=3000))
    assert names(tmp_path / "nights") == [*before[-2:], ahead.file.name]
    for night in range(5, 30):  # the clock is set right: the one from ahead stands for none of the newest
        await shelve(url, tmp_path / "nights", 1, NIGHT + timedelta(days=night))
    assert [path.name for path in sorted((tmp_path / "nights").iterdir())] == [
        *(f"heartsease-202612{day}T031500Z.backup" for day in (20, 21, 22)),
        ahead.file.name,
    ]
