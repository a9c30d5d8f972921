"""A flood by one person: they are answered a few times, nothing of importance is left out, nobody else waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.people import settle
from bot import engine
from bot.app import PROGRAMME
from bot.clock import RehearsalClock
from bot.coach import Advance, Coach
from bot.flood import MOST, eased
from bot.help_lines import help_facts
from bot.model import Incoming, MessageReceived, Origin, Outgoing, Reply
from bot.ports import Store
from bot.safety_rules import load_screen
from bot.storage import open_store
from bot.storage.memory import MemoryStore
from bot.storage.vault import Vault
from curriculum.loader import Library
from prompts.renderer import Prompts
from scheduler.alarm import AT_ONCE, AlarmClock
from tests import people

BOT = "telegram:1"
NOW = datetime(2026, 3, 10, 7, tzinfo=UTC)


def out(prompt: str, asked: int = 0, address: str = "ana", priority: int = 0) -> Outgoing:
    return Outgoing(address, BOT, Reply(asked=asked, prompt=prompt), priority, NOW)


def test_a_few_are_answered_as_ever() -> None:
    few = [out("keeping/offer", number) for number in range(1, MOST + 1)]
    assert eased(few) == few


def test_of_small_talk_the_latest_stays_and_everything_else_stays_in_order() -> None:
    flood = [out("keeping/offer", number) for number in range(1, 100)]
    help_ = out("safety/urgent")
    other = out("keeping/offer", 1, address="ben")
    mixed = [other, *flood[:50], help_, *flood[50:]]
    assert eased(mixed) == [other, help_, *flood[-MOST:]]


def test_the_latest_question_stays_though_small_talk_without_one_follows() -> None:
    question = out("keeping/offer", 7)
    assert eased([question, *[out("unasked/not_text")] * 50]) == [question, *[out("unasked/not_text")] * MOST]


def test_what_was_planned_is_none_of_its_business() -> None:
    planned = [out("keeping/offer", number, priority=5) for number in range(1, 50)]
    assert eased(planned) == planned


def coach(store: Store, clock: RehearsalClock, advance: Advance = engine.advance) -> Coach:
    return Coach(
        store,
        curriculum=Library(),
        renderer=Prompts(),
        clock=clock,
        gazetteer=people.SmallGazetteer(),
        screen=load_screen(("en",)),
        help_lines=help_facts,
        programme=PROGRAMME,
        installations=(BOT,),
        committed=lambda _: None,
        advance=advance,
    )


async def participants(store: Store, clock: RehearsalClock, count: int) -> list[Origin]:
    origins = [Origin(BOT, str(number)) for number in range(count)]
    await settle(store, origins, people.programme(), NOW, clock.now(), seed=1)
    return origins


async def test_a_hundred_messages_at_once_get_few_answers_and_help_among_them_is_said() -> None:
    store, clock = MemoryStore(), RehearsalClock(NOW - timedelta(hours=2), 0)
    ana, ben = await participants(store, clock, 2)
    texts = [f"and another thing, number {number}" for number in range(100)]
    texts[97] = "I want to kill myself"
    flood = [Incoming(ana, f"a{number}", MessageReceived(text)) for number, text in enumerate(texts)]
    await coach(store, clock).receive([*flood, Incoming(ben, "b", MessageReceived("a quiet word"))])
    said = [row.out for row in store._data.outbox.values() if row.out.reply.act == "message"]
    prompts = Counter((one.address, one.reply.prompt) for one in said)
    talk = [number for (_, prompt), number in prompts.items() if prompt == "keeping/offer"]
    assert sorted(talk) == [1, MOST]
    assert sum(prompt == "safety/urgent" for _, prompt in prompts) == 1
    assert len(said) < 15


async def test_a_burst_of_due_people_lets_an_input_through_between_two_batches(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/heartsease.db", [Vault.make_key()])
    try:
        clock = RehearsalClock(NOW - timedelta(hours=2), 0)
        (writer, *_) = await participants(store, clock, 8 * AT_ONCE)
        clock.move(NOW)
        door = coach(store, clock)
        lots: list[int] = []

        class Counting:
            """The door, and somebody who writes as soon as the first batch is committed."""

            def __init__(self) -> None:
                self.answered_after = 0

            async def wake(self, limit: int = 200) -> int:
                woken = await door.wake(limit)
                lots.append(woken)
                if len(lots) == 1:
                    self.writing = asyncio.create_task(self.write())
                return woken

            async def write(self) -> None:
                await door.receive([Incoming(writer, "now", MessageReceived("are you there?"))])
                self.answered_after = len(lots)

        counting = Counting()
        woken = await AlarmClock(counting, monotonic=lambda: 0.0).look()  # type: ignore[arg-type]
        await counting.writing
        assert woken in (8 * AT_ONCE, 8 * AT_ONCE - 1)  # who writes before their turn is not interrupted
        assert max(lots) <= AT_ONCE
        assert counting.answered_after <= 3  # of eleven
    finally:
        await store.close()
