"""A change of keys on both databases, with somebody writing meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import SettingsError, StoreError
from bot.model import Entry, Origin, Participant
from bot.ports import Saved, Store
from bot.storage import keys_for, open_store
from bot.storage.database import Database, sqlite_file
from bot.storage.presence import processes
from bot.storage.rotation import NOBODY, rotation
from bot.storage.tables import EPOCH, MICROSECOND, SYSTEM
from bot.storage.vault import Vault, add_key, fingerprint, key_file
from tests.contracts.test_cohort_store import NOW
from tests.contracts.test_erasing import ANA, BOT, GRIEF, plant

pytestmark = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)

OLD, NEW = Vault.make_key(), Vault.make_key()


@pytest.fixture
async def planted(url: str) -> Participant:
    """Ana, whose traces are under the old key; nobody runs."""
    store = await open_store(url, [OLD])
    ana = (await plant(store))["Anastasia"]
    await store.close()
    return ana


async def rotated(url: str, keys: list[str]) -> int:
    async with rotation(url, keys) as work:
        return await work.rotate()


async def census(url: str, keys: list[str]) -> dict[int, int]:
    async with rotation(url, keys) as work:
        return dict(await work.census())


async def test_afterwards_the_new_key_opens_everything_alone(url: str, planted: Participant) -> None:
    assert set(await census(url, [NEW, OLD])) == {1}
    assert await rotated(url, [NEW, OLD]) > 10
    assert await rotated(url, [NEW, OLD]) == 0
    assert set(await census(url, [NEW])) == {0}
    store = await open_store(url, [NEW])
    try:
        async with store.writing() as work:
            assert (await work.persons([ANA]))[ANA] == planted.id
            assert [entry.text for entry in await work.recall(planted.id, ["journal"], 9)] == [GRIEF]
            assert {one.first_name for one in await work.kept_inputs(BOT, 9)} == {"Anastasia", "Ben"}
    finally:
        await store.close()
    with pytest.raises(SettingsError, match=fingerprint(NEW)):
        await open_store(url, [OLD])


async def scribbling(store: Store, person: str, stop: asyncio.Event) -> int:
    """Somebody who goes on writing, and is changed all the time."""
    count = 0
    while not stop.is_set():
        count += 1
        async with store.writing() as work:
            known = (await work.load([person]))[person]
            await work.save([Saved(replace(known.participant, asked=count), NOW, known.revision)])
            entry = Entry(f"s{count}", person, "journal", NOW, NOW.date(), text=f"page {count}")
            await work.record([entry])
            await work.persons([Origin(BOT, f"new {count}")])
        await asyncio.sleep(0)
    return count


async def test_what_is_written_meanwhile_is_kept(url: str, planted: Participant) -> None:
    store, stop = await open_store(url, [NEW, OLD], exclusive=True), asyncio.Event()
    writing = asyncio.create_task(scribbling(store, planted.id, stop))
    await rotated(url, [NEW, OLD])
    stop.set()
    count = await writing
    await store.close()
    assert count > 2
    assert set(await census(url, [NEW])) == {0}
    store = await open_store(url, [NEW])
    async with store.reading() as queries:
        person = await queries.participant(planted.id)
        assert person is not None
        assert person.asked == count
        assert len(await queries.entries(planted.id, limit=10_000)) == count + 1
    await store.close()


@pytest.mark.parametrize("keys", [[OLD], [OLD, NEW]])
async def test_while_somebody_writes_with_the_old_key_nothing_is_changed(
    url: str, planted: Participant, keys: list[str]
) -> None:
    store = await open_store(url, keys, exclusive=True)
    with pytest.raises(StoreError, match=f"it writes with {fingerprint(OLD)}"):
        await rotated(url, [NEW, OLD])
    await store.close()
    assert 0 not in await census(url, [NEW, OLD])
    assert await rotated(url, [NEW, OLD]) > 10  # they said goodbye


async def silence(url: str) -> None:
    """Whoever runs has said nothing for ten minutes."""
    database = Database(url)
    async with database.writing() as connection:
        for one in await processes(connection):
            long_ago = f"{one.key} {(datetime.now(UTC) - timedelta(minutes=10) - EPOCH) // MICROSECOND}"
            await connection.execute(sa.update(SYSTEM).where(SYSTEM.c.name == one.name).values(value=long_ago))
    await database.close()


async def test_who_slept_through_a_change_learns_that_their_key_was_retired(url: str, planted: Participant) -> None:
    sleeper = await open_store(url, [OLD, NEW], exclusive=True)
    assert await sleeper.housekeeping.present()
    await silence(url)
    if sqlite_file(url) is None:
        await rotated(url, [NEW, OLD])
        assert not await sleeper.housekeeping.present()
    else:  # the lock on the file tells that they live
        with pytest.raises(StoreError, match="does not write with the newest key"):
            await rotated(url, [NEW, OLD])
    await sleeper.close()


async def test_a_value_of_an_unknown_key_stops_the_change_and_is_counted(url: str, planted: Participant) -> None:
    await rotated(url, [NEW, OLD])
    third = Vault.make_key()
    store = await open_store(url, [third, NEW])
    async with store.writing() as work:
        await work.persons([Origin(BOT, "a stranger")])
    await store.close()
    with pytest.raises(SettingsError, match=fingerprint(third)):
        await rotated(url, [NEW])
    assert (await census(url, [third, NEW]))[0] == 2
    assert NOBODY not in await census(url, [third, NEW])


async def test_a_new_key_in_the_file_is_the_newest_and_the_others_stay(url: str, tmp_path: Path) -> None:
    beside = key_file(url)
    if beside is None:
        return
    before = keys_for(url, [])
    added = add_key(beside)
    after = keys_for(url, [])
    assert (fingerprint(after[0]), after[1:]) == (added, before)
    assert beside.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in beside.parent.iterdir()] == [beside.name]
