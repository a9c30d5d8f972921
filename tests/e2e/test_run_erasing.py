"""The proof of an erasure: seconds later no file beside the database holds a byte of somebody's, encrypted or not."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.storage.tables import METADATA
from tests.e2e.course import settings_of
from tests.e2e.running import Running
from tests.e2e.test_cohort_telegram import does, robot
from tests.e2e.test_run_secrets import files_with
from tests.standin.telegram import Limits, StandIn

ANA, BEN = 987_654_321, 876_543_219
QUESTIONS = ("Europe/Madrid", "08:00", "20:00", "No", "Next Monday")
PAGE = "the kingfisher by the canal"
PLANTED = (PAGE, "kingfisher", "Zephyrine", str(ANA))
LEFT = (
    "received",
    "system",
    "audit",
    "tombstone",
    "lease",
    "alembic_version",
)  # hold nothing of hers, by whatever name


def values(folder: Path) -> set[bytes]:
    """Every long value in every table that has people in it: tokens, look-ups, ids."""
    with closing(sqlite3.connect(folder / "heartsease.db")) as database:
        found = [
            value
            for name in METADATA.tables
            if name not in LEFT
            for row in database.execute(f'SELECT * FROM "{name}"')
            for value in row
        ]
    texts = (value.encode() if isinstance(value, str) else value for value in found)
    return {text for text in texts if isinstance(text, bytes) and len(text) >= 16}


def still_there(folder: Path, hers: set[bytes]) -> list[tuple[str, bytes]]:
    """What of this the database's files hold, byte for byte; her id may stand in the tombstone and in the log."""
    files = {file.name: file.read_bytes() for file in folder.glob("heartsease.db*")}
    return [(name, value[:20]) for name, content in files.items() for value in hers if value[-60:] in content]


async def gone(folder: Path, hers: set[bytes]) -> None:
    """Waits until nothing of this is there."""
    async with asyncio.timeout(10):
        while True:
            if not still_there(folder, hers):
                return
            await asyncio.sleep(0.1)


async def test_within_seconds_no_file_holds_a_byte_of_hers(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        product = Running(tmp_path, settings_of(server, LOG_LEVEL="debug"))
        async with product:
            ben = robot(server, product, BEN, "Benvolio")
            await does(ben, "/start", "I agree", "Benvolio", *QUESTIONS)
            bens = values(tmp_path)
            ana = robot(server, product, ANA, "Zephyrine")
            await does(ana, "/start", "I agree", "Zephyrine", *QUESTIONS, "/journal", PAGE)
            hers = values(tmp_path) - bens
            await does(ana, "/mydata", "Erase everything", "Erase everything", "Erase everything now")
            hers |= values(tmp_path) - bens
            assert len(hers) > 20
            await ana.next()
            hers -= values(tmp_path)  # what changed of Ben's meanwhile
            ids = {value for value in hers if len(value) == 16}  # random ones, which map to nobody
            assert len(hers - ids) > 20
            await gone(tmp_path, hers - ids)
            assert files_with(tmp_path, PLANTED) == []
            assert await product.terminate() == 0
        assert still_there(tmp_path, hers - ids) == []
        assert files_with(tmp_path, PLANTED) == []
