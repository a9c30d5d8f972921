"""Somebody with a copy of the whole database and none of the keys: what it tells them, and what it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.errors import SettingsError
from bot.model import MessageReceived
from bot.ports import Store
from bot.storage import open_store
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.contracts.conftest import KEY
from tests.rehearsed import BOT, Rehearsed, Someone, words_of

on_both = pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

TEXTS = ("the heron by the canal", "my sister's violin case", "plum jam on the stove", "the queue at the pharmacy")
NAMES = (
    "Zephyrine Quillfeather",
    "Benvolio Ottoline",
    "Ermentrude Wilhelmina",
    "Thessaly Bartholomew",
    "Leocadia Fenwick",
)
OTHER_NAMES = ("Aloysius Cordelia", "Isadora Lysander", "Odette Percival", "Rosalind Sylvester", "Gwendolyn Thaddeus")


def hospital(names: Sequence[str], ids: int, texts: Sequence[str]) -> list[Someone]:
    """People, by the names that their platform and they themselves give them."""
    both = [name.split() for name in names]
    return [Someone(f"{ids + number}", first, own, texts) for number, (first, own) in enumerate(both)]


PEOPLE = hospital(NAMES, 987654321, TEXTS)
LEADER = Someone("876543210", "Peregrine", "Marigold", ("Ward of the copper kettle", "bring a warm scarf"))
OTHERS = hospital(OTHER_NAMES, 123456789, [text[::-1] for text in TEXTS])  # who write as much, of something else
OTHER_LEADER = Someone("234567890", "Tobias", "Ursula", ("Ward of the silver spoon!", "wear your slippers"))


def dump(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as a backup or a thief has them."""
    tables = list(METADATA.tables)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as file:
            return {name: file.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    with psycopg.connect(url) as server:
        return {name: server.execute(f'SELECT * FROM "{name}"'.encode()).fetchall() for name in tables}


def raw(url: str) -> bytes:
    """The same as bytes; of SQLite the files themselves, the write-ahead log included."""
    values = [value for rows in dump(url).values() for row in rows for value in row]
    kept = b"\n".join(bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode() for one in values)
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        kept += b"".join(part.read_bytes() for part in folder.iterdir())
    return kept.lower()


def disguises(word: str) -> Iterator[bytes]:
    """A word as it may stand somewhere without being encrypted."""
    plain = word.encode()
    yield from (plain, word.encode("utf-16-le"), word.encode("utf-16-be"), plain.hex().encode(), plain[::-1])
    for start in range(3):  # base64 of it at any place of a longer text
        yield base64.b64encode(b" " * start + plain)[4:-4] or plain


def guesses(number: str) -> Iterator[str]:
    """What somebody who has a list of all ids, and this source, makes of one of them without the key."""
    framed = [
        number,
        f"{BOT}/{number}",
        f"{BOT}:{number}",
        f"{BOT}{number}",
        f"telegram:{number}",
        "".join(chr(len(part)) + part for part in ("heartsease.lookup", BOT, number)),
    ]
    texts = [one.encode() for one in framed]
    texts.append(b"".join(len(part).to_bytes(4, "big") + part.encode() for part in ("heartsease.lookup", BOT, number)))
    texts.append(
        b"".join(len(part).to_bytes(4, "big") + part.encode() for part in ("heartsease.lookup", "address", BOT, number))
    )
    for text in texts:
        for kind in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
            yield hashlib.new(kind, text).hexdigest()
        for key in (b"", b"heartsease", b"heartsease.lookup", BOT.encode(), b"\0" * 32):
            yield hmac.new(key, text, hashlib.sha256).hexdigest()


async def walked(store: Store, people: Sequence[Someone], leader: Someone) -> None:
    """The rehearsal, and that it reached what the test is about."""
    await Rehearsed(store, people, leader).walk()
    async with store.reading() as queries:
        counts = await queries.counts()
    assert counts["people"] >= len(people) + 1
    assert counts["kept_inputs"] == 1


@on_both
async def test_a_dump_tells_no_text_no_name_no_id_and_no_lookup_can_be_tried(store: Store, url: str) -> None:
    await walked(store, PEOPLE, LEADER)
    tables, kept = dump(url), raw(url)
    for rows in ("person", "address", "entry", "touchpoint", "outbox", "inbox", "cohort", "membership", "invitation"):
        assert tables[rows], rows
    assert BOT.encode() in kept  # which bot it is, it tells
    for kind, words in words_of([*PEOPLE, LEADER]).items():
        found = [word for word in words for form in disguises(word.lower()) if len(form) > 5 and form in kept]
        assert found == [], kind
    values = {str(value) for rows in tables.values() for row in rows for value in row}
    for one in (*PEOPLE, LEADER):
        assert values.isdisjoint(guesses(one.number))
    lookups = [row for row in tables["address"] if any(re.fullmatch("[0-9a-f]{64}", str(value)) for value in row)]
    assert len(lookups) >= len(PEOPLE) + 1  # the hash that was tried is there
    for value in tables["system"]:
        assert "vault.lookup" not in value or value[1].startswith("gAAAA")  # its key is encrypted itself
    told_with_the_keys(tables)


def told_with_the_keys(tables: dict[str, list[tuple[Any, ...]]]) -> None:
    """The same dump would have told everything to who has the keys, and opens with no other."""
    vault, other, opened = Vault([KEY]), Vault([Vault.make_key()]), []
    for value in (value for rows in tables.values() for row in rows for value in row):
        if isinstance(value, bytes | memoryview):
            opened.append(vault.decrypt(bytes(value)).decode())
            assert other.place(bytes(value)) is None
            assert vault.place(bytes(value)[:-6] + b"AAAAA=") is None  # nor once it was changed
    whole = "\n".join(opened)
    planted = words_of(PEOPLE)
    assert [word for word in (*planted["ids"], *planted["texts"]) if word not in whole] == []
    assert "Quillfeather" in whole
    assert "Unread" in whole


@on_both
async def test_a_dump_opens_with_no_other_key(store: Store, url: str) -> None:
    await Rehearsed(store, PEOPLE, LEADER).gives(PEOPLE[0], MessageReceived("/start"))
    with pytest.raises(SettingsError):
        await open_store(url, [Vault.make_key()], exclusive=False)


RANDOM = re.compile(r"[A-Za-z0-9_-]{16}|[0-9a-f]{32}|[0-9a-f]{64}|[A-Za-z0-9_-]{22}")
CLOCKS = {"lease": {"until", "owner"}, "outbox": {"retry_at"}, "system": {"value"}}  # the machine's own


def skeleton(url: str) -> Counter[tuple[Any, ...]]:
    """What is left of a dump without what is encrypted or random: this is all that it can tell."""
    found: Counter[tuple[Any, ...]] = Counter()
    for name, rows in dump(url).items():
        columns = [column.name for column in METADATA.tables[name].columns]
        hidden = CLOCKS.get(name, set()) | {"seq", "name"}
        for row in rows:
            shown = [bare(value) for column, value in zip(columns, row, strict=True) if column not in hidden]
            found[name, *shown] += 1
    return found


def bare(value: object) -> object:
    """A value without what is encrypted, and without the random ids in it."""
    if isinstance(value, bytes | memoryview):
        return "…"
    if not isinstance(value, str):
        return value
    return ":".join("id" if RANDOM.fullmatch(part) else part for part in value.split(":"))


@on_sqlite
async def test_the_dumps_of_two_hospitals_differ_in_nothing_but_what_is_random_or_encrypted(
    store: Store, url: str, tmp_path: Path
) -> None:
    await walked(store, PEOPLE, LEADER)
    ours = skeleton(url)
    other_url = f"sqlite:///{tmp_path}/other/heartsease.db"
    other = await open_store(other_url, [Vault.make_key()])
    await walked(other, OTHERS, OTHER_LEADER)
    await other.close()
    theirs = skeleton(other_url)
    assert sum(ours.values()) > 300
    assert {str(one) for one in (ours - theirs)} == {str(one) for one in (theirs - ours)} == set()
