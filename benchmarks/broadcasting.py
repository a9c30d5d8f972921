"""A message to many: within Telegram's own limits on a strict server, with replies meanwhile, and without limits."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.candidates import installation, run, settings, sqlite
from benchmarks.people import AT_ONCE, settle
from benchmarks.postgres import KEY
from benchmarks.processes import Process, StandIn
from benchmarks.raw_loop import TEXT
from benchmarks.report import Row, quantile
from bot.app import PROGRAMME
from bot.cohorts.broadcasts import Broadcast, KnownBroadcast, Segment
from bot.cohorts.model import Cohort
from bot.limits import Limits
from bot.model import Origin
from bot.ports import Saved, Store
from bot.storage import open_store
from curriculum.loader import Library

log = sys.stderr

WARD = "ward4"
LOOPS = {  # the client, and how many calls are in flight: httpx is fastest with few
    "raw httpx loop, 8 in flight": ("httpx", 8),
    "raw httpx loop, 32 in flight": ("httpx", 32),
    "raw aiohttp loop, 32 in flight": ("aiohttp", 32),
}
ASKING = 40  # people outside the cohort who write meanwhile
EVERY = 0.5  # seconds between two of their messages, on average
SINCE_WAKING = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Sent:
    """How a broadcast went: times of messages until its last, refusals, milliseconds to replies, processor seconds."""

    times: Sequence[float]
    refused: int
    replies: Sequence[float]
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second, between the first and the last."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


def measure(quick: bool, seed: int, full: bool = False) -> list[Row]:
    """The whole needs 75 s at 28 messages a second; `full`, with 20,000 recipients, twelve minutes."""
    recipients, fast, runs = (60, 200, 1) if quick else (20_000 if full else 2_000, 3_000, 3)
    limited = broadcast(recipients, seed, strict=True)
    free = [broadcast(fast, seed + run, strict=False).rate for run in range(runs)]
    loops = {name: [loop(name, fast) for _ in range(runs)] for name in LOOPS}
    return [*limits_kept(recipients, limited), without_limits(fast, free, loops)]


def limits_kept(recipients: int, sent: Sent) -> list[Row]:
    """What the official limits leave, and what they do to replies."""
    share = 100 * sent.rate / Limits().rate
    half, most = (quantile(sent.replies, one) for one in (0.5, 0.99))
    seconds = sent.times[-1] - sent.times[0]
    about = f"a broadcast to {recipients:,} at {Limits().rate:g} a second"
    return [
        Row(f"{about}: % of this rate", [share], {}, "at least 98", share >= 98, 1),
        Row(f"{about}: messages refused (429)", [float(sent.refused)], {}, "0", sent.refused == 0),
        Row(f"{about}: ms to a reply meanwhile, half within", [half], {}, "under 50", half <= 50, 1),
        Row(f"{about}: ms to a reply meanwhile, 99 in 100 within", [most], {}, "under 250", most <= 250, 1),
        Row(f"{about}: % of a core", [100 * sent.cpu / seconds], decimals=1),
    ]


def without_limits(recipients: int, ours: Sequence[float], loops: Mapping[str, Sequence[float]]) -> Row:
    """How fast it would go if the platform let us, composing included."""
    met = median(ours) >= max(median(rates) for name, rates in loops.items() if "httpx" in name)
    return Row(f"messages a second, a broadcast to {recipients:,} without limits", ours, loops, "at least httpx's", met)


def broadcast(recipients: int, seed: int, *, strict: bool) -> Sent:
    """Composes and sends one; the first message is the first that was taken."""
    log.write(f"broadcast to {recipients:,}, {'strict' if strict else 'without limits'}\n")
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name), strict=strict) as server:
        folder = Path(name)
        rates = {"TELEGRAM_RATE": "", "TELEGRAM_CHAT_RATE": ""} if strict else {}
        server.ask("people", people=recipients + ASKING)
        asyncio.run(_prepare(sqlite(folder), server.token, recipients, seed))
        with Process(run(), folder / "ours.log", settings(server, sqlite(folder), **rates)) as bot:
            server.until(lambda: server.taken > 0, bot)
            cpu, replies, expected = bot.cpu, list[float](), recipients
            if strict:
                messages = max(1, int(recipients / Limits().rate / EVERY * 0.9))  # over before the broadcast is
                asking = min(ASKING, messages)
                some = {
                    "first": recipients + 1,
                    "people": asking,
                    "each": messages // asking,
                    "every": EVERY,
                    "seed": seed,
                }
                replies = server.ask("converse", text="/today", **some)
                expected += len(replies)
            server.until(lambda: server.taken >= expected, bot, 60 + recipients / Limits().rate)
            spent = bot.cpu - cpu
        refused = server.refused("Too Many Requests")
        return Sent(server.sent(range(1, recipients + 1)), refused, replies, spent)


async def _prepare(database: str, token: str, recipients: int, seed: int) -> None:
    """A cohort in whose part of the world it is about noon, whose broadcast is due, and people of no cohort."""
    now = datetime.now(UTC)
    noon = f"Etc/GMT{now.hour - 12:+d}"  # POSIX: the sign is reversed
    store = await open_store(database, [KEY])
    programme, morning = Library().programme(PROGRAMME, "en"), now - SINCE_WAKING + timedelta(days=1)
    origins = [Origin(installation(token), str(number)) for number in range(1, recipients + ASKING + 1)]
    try:
        await settle(store, origins, programme, morning, now, seed, [noon])
        ward = Cohort(WARD, "Ward 4", PROGRAMME, "own", now.date(), noon, host="Agnes")
        async with store.writing() as work:
            await work.cohorts.add(ward, None)
        await _enter(store, origins[:recipients], now)
        words = Broadcast("friday", (WARD,), TEXT, Segment(), "agnes", now)
        async with store.writing() as work:
            await work.cohorts.broadcasts.add(KnownBroadcast(words, now))
    finally:
        await store.close()


async def _enter(store: Store, origins: Sequence[Origin], now: datetime) -> None:
    """They walk in the cohort."""
    for start in range(0, len(origins), AT_ONCE):
        async with store.writing() as work:
            ids = await work.persons(origins[start : start + AT_ONCE])
            known = await work.load(sorted(ids.values()))
            for one in known.values():
                who = replace(one.participant, cohort=WARD)
                await work.save([Saved(who, one.wake_at, one.revision)])
            for person in known:
                await work.cohorts.enter(person, WARD, now)


def loop(name: str, people: int) -> float:
    """Messages a second of a client that does nothing else."""
    log.write(f"{name}\n")
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as folder, StandIn(Path(folder)) as server:
        server.ask("people", people=people)
        kind, in_flight = LOOPS[name]
        command = ["-m", "benchmarks.raw_loop", kind, server.url, server.token, str(people), str(in_flight)]
        with Process(command, Path(folder) / "loop.log") as client:
            server.until(lambda: server.taken >= people, client)
        times = server.sent(range(1, people + 1))
        return (people - 1) / (times[-1] - times[0])
