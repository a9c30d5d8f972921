"""People in the middle of the course, put into a database before `run` starts, and `run` with the usual settings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.model import Entry, Origin, Participant
from bot.ports import Saved, Store
from bot.storage import keys_for, open_store
from tests import people
from tests.e2e.running import Running
from tests.standin.telegram import TOKEN, Person, StandIn

OTHER_TOKEN = "1000002:AAF-the_second_token_of_the_stand-in_2"
MORNING = datetime(2026, 3, 3, 7, tzinfo=UTC)  # 08:00 in Madrid, on day 2 of those who are `prepared`
EVENING = datetime(2026, 3, 3, 19, tzinfo=UTC)
EARLY = datetime(2026, 3, 3, 5, tzinfo=UTC)
IDLE = 60.0  # seconds that everything may take to come to rest on a busy machine
NEXT_MORNING = datetime(2026, 3, 4, 7, tzinfo=UTC)


def installation(token: str = TOKEN) -> str:
    """The installation's name."""
    return f"telegram:{token.partition(':')[0]}"


def settings_of(server: StandIn, **more: str) -> dict[str, str]:
    """A bot at the stand-in, on a rehearsal clock that stands in the early morning, without limits of its own."""
    usual = {
        "TELEGRAM_TOKENS": ",".join(server.bots),
        "TELEGRAM_API_URL": server.url,
        "TELEGRAM_RATE": "100000",
        "TELEGRAM_CHAT_RATE": "100000",
        "REHEARSAL": "start=2026-03-03T05:00:00Z,speed=0",
        "LOG_LEVEL": "warning",
    }
    return {name: value for name, value in (usual | more).items() if value}


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Store]:
    """The database of `Running`, opened by somebody else."""
    url = f"sqlite:///{folder}/heartsease.db"
    store = await open_store(url, keys_for(url, ()))
    try:
        yield store
    finally:
        await store.close()


async def prepared(folder: Path, ids: Iterable[int], token: str = TOKEN) -> None:
    """These people are on day 2 in Madrid, and their morning is the next thing that happens."""
    async with database(folder) as store:
        await put(store, ids, token)


async def put(store: Store, ids: Iterable[int], token: str = TOKEN) -> None:
    """The same, in a database that is open already."""
    async with store.writing() as work:
        found = await work.persons([Origin(installation(token), str(number)) for number in ids])
        known = await work.load(sorted(found.values()))
        active = people.person({"week": 1, "day": 2, "zone": "Europe/Madrid"}, EARLY)
        await work.save([Saved(_as(active, one.participant), MORNING, one.revision) for one in known.values()])


def _as(active: Participant, stranger: Participant) -> Participant:
    return replace(active, id=stranger.id, address=stranger.address)


async def kept(folder: Path, number: int, token: str = TOKEN) -> list[Entry]:
    """What the database keeps of somebody, oldest first."""
    async with database(folder) as store, store.reading() as queries:
        person = await queries.person_at(Origin(installation(token), str(number)))
        return [] if person is None else list(reversed(await queries.entries(person)))


def words_of(person: Person) -> str:
    """All that they were told."""
    return "\n".join(message.text for message in person.messages)


async def told(server: StandIn, person: Person, pattern: str, since: int = 0, timeout: float = IDLE) -> str:
    """Waits until a message from number `since` on fits the pattern, and returns it."""

    def fitting() -> list[str]:
        return [message.text for message in person.messages[since:] if re.search(pattern, message.text)]

    try:
        await server.until(lambda: bool(fitting()), timeout)
    except TimeoutError:
        texts = [message.text[:80] for message in person.messages[since:]]
        raise AssertionError(f"nobody said {pattern!r}, only {texts}") from None
    return fitting()[0]


async def quiet(server: StandIn, product: Running) -> None:
    """Waits until every update was taken and every reply has come."""
    async with asyncio.timeout(IDLE):
        await product.rests(lambda: any(line.pending for line in server.bots.values()))
