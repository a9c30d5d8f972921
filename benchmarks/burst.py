"""A morning burst: everybody is due in one minute on one process, and a few others write meanwhile; and a flood."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from threading import Thread

import sqlalchemy as sa

from benchmarks.candidates import installation, run, settings, sqlite
from benchmarks.people import settle
from benchmarks.postgres import KEY, postgres
from benchmarks.processes import Process, StandIn
from benchmarks.report import Row, quantile
from bot.app import PROGRAMME
from bot.limits import Limits
from bot.model import Origin
from bot.storage import open_store
from bot.storage.tables import EPOCH, MICROSECOND
from curriculum.loader import Library
from tests.standin.telegram import TOKEN

log = sys.stderr

DUE = 100_000
WRITING = 40  # people who are not due, and write
LOT = 10  # of them write one after the other …
EVERY = 0.25  # … so many seconds apart on average
LEAD = timedelta(seconds=10)  # in which their wake times are set; by then that is long done
LOOK_EVERY = 0.05  # seconds
FLOOD, FLOODS = 100, 5
MOST = 200.0  # MB
OPTIONS = {"as fast as it goes": False, "at 28 a second": True}  # whether the stand-in keeps Telegram's limits

Fresh = Callable[[Path], str]  # makes a copy of the filled database, for a run in this folder; its URL


@dataclass(slots=True)
class Burst:
    """How one went. Seconds until all were committed, MB before and at most, milliseconds to replies meanwhile."""

    before: float
    seconds: float = 0.0
    peak: float = 0.0
    replies: list[float] = field(default_factory=list)
    rate: float = 0.0  # messages a second that were sent meanwhile
    refused: int = 0


def measure(quick: bool, seed: int) -> list[Row]:
    """Each database with and without Telegram's limits. Only what it takes to compose is waited for, not to send."""
    due = 300 if quick else DUE
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name:
        folder = Path(name)
        for database, filled in {"SQLite": in_a_file, "PostgreSQL": in_a_server}.items():
            with filled(folder, due, seed) as fresh:
                for limits, strict in OPTIONS.items():
                    log.write(f"burst: {due:,} due, {database}, {limits}\n")
                    rows += rows_of(f"{due:,} due in a minute, {database}, {limits}", strict, burst(fresh, due, strict))
    return [*rows, flood(seed)]


def rows_of(what: str, strict: bool, seen: Burst) -> Iterator[Row]:
    """Its lines of the table."""
    half, most = (quantile(seen.replies, one) for one in (0.5, 0.99))
    yield Row(f"{what}: s until all are committed", [seen.seconds], decimals=1)
    yield Row(f"{what}: ms to a reply meanwhile, half within", [half], decimals=1)
    yield Row(f"{what}: ms to a reply meanwhile, 99 in 100 within", [most], {}, "under 250", most <= 250, 1)
    yield Row(f"{what}: resident MB before", [seen.before])
    yield Row(f"{what}: resident MB at most", [seen.peak], {}, "under 200", seen.peak < MOST)
    if strict:
        share = 100 * seen.rate / Limits().rate
        yield Row(f"{what}: % of this rate sent meanwhile", [share], {}, "at least 98", share >= 98, 1)
        yield Row(f"{what}: messages refused (429)", [float(seen.refused)], {}, "0", seen.refused == 0)
    else:
        yield Row(f"{what}: messages sent a second meanwhile", [seen.rate])


# ---------------------------------------------------------------- the burst


def burst(fresh: Fresh, due: int, strict: bool) -> Burst:
    """From the minute in which they are due until nobody is any more."""
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name), strict=strict) as server:
        folder, rates = Path(name), {"TELEGRAM_RATE": "", "TELEGRAM_CHAT_RATE": ""} if strict else {}
        url = fresh(folder)
        server.ask("people", people=due + WRITING)
        engine = sa.create_engine(_driver(url))
        try:
            with Process(run(), folder / "ours.log", settings(server, url, **rates)) as bot:
                server.until(lambda: server.calls("getUpdates") > 0, bot)
                server.ask("converse", text="/today", first=due + 1, people=WRITING, every=EVERY / 10)
                return _watched(server, bot, engine, due, _due_soon(engine))
        finally:
            engine.dispose()


def _watched(server: StandIn, bot: Process, engine: sa.Engine, due: int, due_at: datetime) -> Burst:
    seen, ended = Burst(bot.resident), list[float]()

    def watch() -> None:
        query = sa.text("SELECT 1 FROM person WHERE wake_at <= :at LIMIT 1")
        at = {"at": (due_at - EPOCH) // MICROSECOND}
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while connection.execute(query, at).first():
                seen.peak = max(seen.peak, bot.resident)
                time.sleep(LOOK_EVERY)
        ended.append(time.monotonic())

    time.sleep(max(0.0, (due_at - datetime.now(UTC)).total_seconds()))
    began = time.monotonic()
    watching = Thread(target=watch)
    watching.start()
    lot = 0
    while watching.is_alive():
        bot.check()
        first = due + 1 + LOT * (lot % (WRITING // LOT))
        seen.replies += server.ask("converse", text="/today", first=first, people=LOT, every=EVERY, seed=lot)
        lot += 1
    watching.join()
    sent = [at for at in server.sent(range(1, due + WRITING + 1)) if began <= at <= ended[0]]
    seen.seconds, seen.rate = ended[0] - began, (len(sent) - 1) / max(LOOK_EVERY, sent[-1] - sent[0])
    seen.refused = server.refused("Too Many Requests")
    return seen


# ---------------------------------------------------------------- the people


@contextmanager
def in_a_file(folder: Path, due: int, seed: int) -> Iterator[Fresh]:
    """Everybody in an SQLite file."""
    asyncio.run(_fill(sqlite(folder), due, seed))

    def fresh(mine: Path) -> str:
        copyfile(folder / "heartsease.db", mine / "heartsease.db")
        return sqlite(mine)

    yield fresh


@contextmanager
def in_a_server(_: Path, due: int, seed: int) -> Iterator[Fresh]:
    """Everybody in a PostgreSQL."""
    with postgres() as url:
        asyncio.run(_fill(url, due, seed))

        def fresh(mine: Path) -> str:
            name = mine.name.replace("-", "_")
            engine = sa.create_engine(_driver(url).set(database="template1"), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{sa.make_url(url).database}"')
            engine.dispose()
            return sa.make_url(url).set(database=name).render_as_string(hide_password=False)

        yield fresh


def _driver(url: str) -> sa.URL:
    made = sa.make_url(url)
    return made if made.get_backend_name() == "sqlite" else made.set(drivername="postgresql+psycopg")


async def _fill(url: str, due: int, seed: int) -> None:
    """So many whose morning is now, where it is about noon, and those who write, whose morning is tomorrow."""
    now, programme = datetime.now(UTC), Library().programme(PROGRAMME, "en")
    noon = f"Etc/GMT{now.hour - 12:+d}"  # POSIX: the sign is reversed
    origins = [Origin(installation(TOKEN), str(number)) for number in range(1, due + WRITING + 1)]
    store = await open_store(url, [KEY])
    try:
        await settle(store, origins[:due], programme, now, now - timedelta(seconds=1), seed, [noon])
        _asleep(url)
        await settle(store, origins[due:], programme, now + timedelta(hours=20), now, seed, [noon])
    finally:
        await store.close()


def _asleep(url: str) -> None:
    """Nobody is woken who is there by now."""
    engine = sa.create_engine(_driver(url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET wake_at = NULL"))
    engine.dispose()


def _due_soon(engine: sa.Engine) -> datetime:
    """Those who sleep are woken at one instant, which lies a little ahead; which."""
    due_at = datetime.now(UTC) + LEAD
    at = {"at": (due_at - EPOCH) // MICROSECOND}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET wake_at = :at WHERE wake_at IS NULL"), at)
    return due_at


# ---------------------------------------------------------------- the flood


def flood(seed: int) -> Row:
    """Somebody sends a hundred messages at once, five times, while forty others write."""
    log.write(f"burst: {FLOOD} messages at once\n")
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name)) as server:
        url, replies = sqlite(Path(name)), list[float]()
        asyncio.run(_fill(url, 0, seed))
        server.ask("people", people=WRITING + 1)
        with Process(run(), Path(name) / "ours.log", settings(server, url)) as bot:
            server.until(lambda: server.calls("getUpdates") > 0, bot)
            server.ask("converse", text="/today", people=WRITING, every=1 / WRITING)
            for _ in range(FLOODS):
                server.ask("says", text="and another thing", first=WRITING, each=FLOOD)
                replies += server.ask("converse", text="/today", people=WRITING - 1, every=1 / WRITING)
    what = f"{FLOOD} messages at once by one person: ms to others' replies, 99 in 100 within"
    most = quantile(replies, 0.99)
    return Row(what, [most], {}, "under 250", most <= 250, 1)
