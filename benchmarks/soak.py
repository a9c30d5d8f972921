"""Kills and faults at seeded random moments, then counts: `python -m benchmarks.soak --store sqlite --minutes 2`.

People write, mornings and evenings come on a rehearsal clock that runs fast, and all the while processes are killed,
databases go away and the platform stumbles. In the end everything is left in peace, and what the platform received is
laid beside what the database says was composed. docs/reliability.md has the figures of a long run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from bot.ports import Store
from bot.storage import codec, open_store
from bot.storage.schema import migrate
from bot.storage.sql import SqlStore
from bot.storage.tables import ADDRESS, OUTBOX, RECEIVED, TOUCHPOINT, Stage
from prompts.markup import plain
from tests.e2e.course import OTHER_TOKEN, installation, put
from tests.e2e.replicas import KEY, Postgres, postgres, replica
from tests.e2e.running import Running
from tests.standin.telegram import TOKEN, Limits, Person, StandIn

TOKENS = (TOKEN, OTHER_TOKEN)
START = "2026-03-03T05:00:00Z"
SPEED = 400  # a day in three and a half minutes: several mornings and evenings in a short run, too
QUIET = 120.0  # seconds in which everything must be delivered once nothing fails any more
REPLY = 0
OPEN = (Stage.QUEUED, Stage.SENDING)

Faults = dict[str, Callable[[], Awaitable[None]]]


@dataclass(slots=True)
class Findings:
    """What a run found. `by_fault` counts, for each kind of fault, how often it came and what followed it."""

    store: str
    seconds: float = 0.0
    inputs: int = 0
    inputs_lost: int = 0
    messages: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    touchpoints: int = 0
    touchpoints_lost: int = 0
    missed: int = 0  # touchpoints whose window passed: recorded, and not sent
    never_settled: int = 0  # rows that were still waiting in the end
    refused: int = 0  # calls that the platform says were wrong, but for edits done twice
    refusals: dict[str, int] = field(default_factory=dict)  # these, by what it said
    by_fault: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def kills(self) -> int:
        """How many processes were killed without a goodbye."""
        return self.by_fault.get("kill -9", {}).get("times", 0)

    @property
    def whole(self) -> bool:
        """Whether nothing was lost, nothing came out of order, and all came to an end."""
        return not (self.lost or self.inputs_lost or self.out_of_order or self.touchpoints_lost or self.never_settled)


class Soak:
    """One run. `fleet` are the processes; `moments` has, for each fault so far, how much everybody had received."""

    def __init__(self, server: StandIn, fleet: Sequence[Running], random: Random, people: int) -> None:
        self.server, self.fleet, self.random = server, fleet, random
        self.people = [(token, server.person(n, token=token)) for token in TOKENS for n in range(1, people + 1)]
        self.moments: list[tuple[str, dict[tuple[str, int], int]]] = [("before the first", {})]
        self.written = 0
        self.settled = datetime.max.replace(tzinfo=UTC)

    async def talk(self, stop: asyncio.Event) -> None:
        """Somebody writes, or taps what they see, every few hundredths of a second."""
        while not stop.is_set():
            _, person = self.random.choice(self.people)
            last = person.messages[-1] if person.messages else None
            buttons = [each for each in last.buttons if each.data and each.data != "-"] if last else []  # "-": answered
            if buttons and self.random.random() < 0.5:
                person.taps(self.random.choice(buttons).label, last)
            else:
                person.says(f"a thought, number {self.written}")
            self.written += 1
            await asyncio.sleep(self.random.uniform(0.02, 0.12))

    async def fault(self, name: str, act: Callable[[], Awaitable[None]]) -> None:
        """One fault, noted with where everybody stood."""
        self.moments.append((name, {(token, one.id): len(one.messages) for token, one in self.people}))
        await act()

    async def kill(self) -> None:
        """kill -9 of one process, which starts again."""
        one = self.random.choice(self.fleet)
        await one.kill()
        await one.begin()
        await one.until_alive()

    async def stop(self) -> None:
        """SIGTERM of one process, which starts again."""
        one = self.random.choice(self.fleet)
        assert await one.terminate() == 0, one.log()[-2000:]
        await one.begin()
        await one.until_alive()

    async def settle(self) -> None:
        """Everything in peace, until nothing waits any more; `settled` is the rehearsed moment when that was so."""
        self.server.heal()
        end = time.monotonic() + QUIET
        while True:
            waits = [len(line.pending) for line in self.server.bots.values()]
            told = [await one.status() for one in self.fleet]
            if not any(waits) and all(status["idle"] for status in told):
                self.settled = min(datetime.fromisoformat(status["now"]) for status in told)
                return
            if time.monotonic() > end:
                said = [one.log()[-6000:] for one in self.fleet]
                raise RuntimeError(f"it never came to rest: {waits} updates wait, {told}\n" + "\n----\n".join(said))
            await asyncio.sleep(0.05)

    def platform_faults(self) -> Faults:
        """What the platform does to us."""

        def of(method: str, what: Any, times: int = 1) -> Callable[[], Awaitable[None]]:
            async def act() -> None:
                self.server.fault(method, what, times=times)

            return act

        return {
            "send accepted, answer lost": of("sendMessage", "half"),
            "send dropped": of("sendMessage", "drop", 3),
            "429 storm": of("sendMessage", 429, 5),
            "502 storm": of("*", 502, 8),
            "garbage instead of an answer": of("sendMessage", "garbage", 2),
            "poll half-read": of("getUpdates", "half"),
            "poll dropped": of("getUpdates", "drop", 2),
        }


async def soak(store: str, seconds: float, seed: int, *, people: int = 12, kills: float = 0.6) -> Findings:
    """Runs for so long; `kills` is the share of faults that are kills."""
    random = Random(seed)
    findings = Findings(store)
    async with _house(store, random, people) as (run, database, more):
        stop = asyncio.Event()
        talking = asyncio.create_task(run.talk(stop))
        faults = run.platform_faults() | {"SIGTERM": run.stop} | more
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            await asyncio.sleep(random.uniform(0.1, 0.9))
            first = len(run.moments) == 1
            name = "kill -9" if first or random.random() < kills else random.choice(sorted(faults))
            await run.fault(name, run.kill if name == "kill -9" else faults[name])
            sys.stderr.write(f"\r{store}: {len(run.moments)} faults, {time.monotonic() - began:.0f} s ")
        stop.set()
        await talking
        await run.settle()
        findings.seconds = time.monotonic() - began
        for one in run.fleet:
            await one.terminate()
        refusals = [f"{call.method}: {call.problem}" for call in run.server.refusals]
        findings.refusals = dict(Counter(one for one in refusals if "not modified" not in one))
        findings.refused = sum(findings.refusals.values())
        await _count(run, database, findings)
    return findings


@asynccontextmanager
async def _house(kind: str, random: Random, people: int) -> AsyncIterator[tuple[Soak, Store, Faults]]:
    """One process on SQLite, or two on PostgreSQL, with everybody on day 2; and the faults of that database."""
    more = {"REHEARSAL": f"start={START},speed={SPEED}"}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heartsease-soak-")))
        server = await stack.enter_async_context(StandIn(tokens=TOKENS, limits=Limits.raised()))
        if kind == "sqlite":
            file = folder / "heartsease.db"
            database = Postgres(f"sqlite:///{file}", None)
            migrate(database.url)
            faults: Faults = {"database locked by another": lambda: _locked(file, random.uniform(0.2, 1.5))}
        else:
            database = stack.enter_context(postgres())
            faults = {
                "connections cut": lambda: asyncio.to_thread(_cut, database),
                "PostgreSQL restarted": lambda: _restarted(database, random.uniform(0.1, 1.0)),
            }
        names = ("one",) if kind == "sqlite" else ("one", "two")
        fleet = [replica(folder, name, database, server, **more) for name in names]
        store = await open_store(database.url, [KEY], migrate=False)
        stack.push_async_callback(store.close)
        for token in TOKENS:
            await put(store, range(1, people + 1), token)
        run = Soak(server, fleet, random, people)
        for one in fleet:
            one.patience = QUIET
            await stack.enter_async_context(one)
        yield run, store, faults


async def _locked(file: Path, seconds: float) -> None:
    """Another program writes and takes its time."""

    def hold() -> None:
        with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    await asyncio.to_thread(hold)


def _cut(database: Postgres) -> None:
    database.cut()


async def _restarted(database: Postgres, seconds: float) -> None:
    await asyncio.to_thread(database.stop)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(database.start)


# ------------------------------------------------------------ counting


async def _count(run: Soak, store: Store, findings: Findings) -> None:
    """Lays what was received beside what was composed."""
    assert isinstance(store, SqlStore)
    async with store._database.reading() as connection:
        findings.inputs = run.written
        taken = await connection.scalar(sa.select(sa.func.count()).select_from(RECEIVED))
        findings.inputs_lost = run.written - int(taken or 0)
        query = sa.select(OUTBOX.c.state, OUTBOX.c.priority, OUTBOX.c.payload, ADDRESS.c.installation)
        query = query.add_columns(ADDRESS.c.platform_id, OUTBOX.c.due_at).join(
            ADDRESS, ADDRESS.c.id == OUTBOX.c.address_id
        )
        lanes: dict[tuple[str, int], dict[int, list[str]]] = {}
        for row in await connection.execute(query.order_by(OUTBOX.c.id)):
            findings.never_settled += row.state in OPEN and row.due_at <= run.settled
            reply = codec.load_reply(store._vault.decrypt(row.payload))
            if row.state != Stage.SENT or reply.act != "message":
                continue
            chat = row.installation, int(store._vault.decrypt(row.platform_id))
            lane = lanes.setdefault(chat, {}).setdefault(row.priority, [])
            lane.append(_letters(plain(reply.text)))
        rows = (await connection.execute(sa.select(TOUCHPOINT))).all()
    findings.touchpoints, findings.missed = len(rows), sum(row.missed for row in rows)
    findings.touchpoints_lost = _gaps([(row.person_id, row.kind, row.on) for row in rows])
    blamed = Counter(name for name, _ in run.moments[1:])
    findings.by_fault = {name: {"times": times, **_NONE} for name, times in sorted(blamed.items())}
    findings.by_fault["before the first"] = {"times": 1, **_NONE}
    for token, person in run.people:
        _compare(run, token, person, lanes.get((installation(token), person.id), {}), findings)
    if not any(findings.by_fault["before the first"][what] for what in _NONE):
        del findings.by_fault["before the first"]


_NONE: Mapping[str, int] = {"lost": 0, "duplicated": 0, "out_of_order": 0}


def _gaps(touchpoints: Sequence[tuple[str, str, Any]]) -> int:
    """Days between somebody's first and last of a kind on which it neither came nor was recorded as missed."""
    days: dict[tuple[str, str], list[Any]] = {}
    for person, kind, on in touchpoints:
        if kind in ("morning", "evening"):
            days.setdefault((person, kind), []).append(on)
    return sum((max(found) - min(found)).days + 1 - len(found) for found in days.values())


def _compare(run: Soak, token: str, person: Person, lanes: Mapping[int, Sequence[str]], findings: Findings) -> None:
    """One chat: each message is the next of its lane (replies, touchpoints), the last one again, or out of order."""
    at = dict.fromkeys(lanes, 0)
    findings.messages += sum(map(len, lanes.values()))
    for number, message in enumerate(person.messages):
        text = _letters(message.text)
        following = [lane for lane in sorted(lanes) if at[lane] < len(lanes[lane]) and lanes[lane][at[lane]] == text]
        if following:
            at[following[0]] += 1
            continue
        again = any(at[lane] and lanes[lane][at[lane] - 1] == text for lane in lanes)
        _blame(run, (token, person.id), number, "duplicated" if again else "out_of_order", findings)
    for lane, texts in lanes.items():
        for _ in texts[at[lane] :]:
            _blame(run, (token, person.id), len(person.messages), "lost", findings)


def _blame(run: Soak, chat: tuple[str, int], number: int, what: str, findings: Findings) -> None:
    """Counts it, for the last fault before this message came."""
    name = next(name for name, stood in reversed(run.moments) if stood.get(chat, 0) <= number)
    setattr(findings, what, getattr(findings, what) + 1)
    findings.by_fault[name][what] += 1


def _letters(text: str) -> str:
    """What remains of a text on every platform: its letters and figures."""
    return re.sub(r"\W+", "", text.replace("•", ""))


# ------------------------------------------------------------ the command


def main() -> None:
    """Runs and prints; `--out` keeps the findings as JSON, benchmarks/reliability.py makes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--minutes", type=float, default=2.0, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=12, help="of each of two bots")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    stores = ("sqlite", "postgresql") if asked.store == "both" else (asked.store,)
    found = []
    for store in stores:
        findings = asyncio.run(soak(store, asked.minutes * 60 / len(stores), asked.seed, people=asked.people))
        told = {name: getattr(findings, name) for name in Findings.__dataclass_fields__} | {"seed": asked.seed}
        print(json.dumps(told, indent=1))
        found.append(told)
        if asked.out:
            asked.out.write_text(json.dumps(found), "utf-8")
        if not findings.whole:
            sys.exit(f"{store}: something was lost, came out of order, or never came to an end")


if __name__ == "__main__":
    main()
