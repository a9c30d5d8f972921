"""Danger over real HTTP on Telegram: help first and at once, the course held, what was arranged in calm, and kills."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cohorts.model import FACILITATOR
from bot.model import Origin, Participant
from tests.e2e.course import database, installation, kept, settings_of, told, words_of
from tests.e2e.robot import Robot
from tests.e2e.running import Running
from tests.e2e.test_broadcast_telegram import AGNES, PEOPLE, WARD, a_group, at_work
from tests.e2e.test_cohort_telegram import does, robot, to
from tests.standin.telegram import Limits, Message, StandIn

EVENING = datetime(2026, 3, 3, 19, tzinfo=UTC)  # 20:00 in Madrid
AT_ONCE = 2.0  # seconds on a busy machine; the message to all takes three
DANGER = {"en": "I want to kill myself", "es": "me quiero morir"}
NUMBERS = ("024", "112")  # Spain's, which follow from the zone
ASKED = "asks you to get in touch"
PLAN = (
    "the walls come near",
    "the plum tree",
    "the pool on Sundays",
    "Teo, next door",
    "Dr Ruiz",
    "the drawer, locked",
)
PERSON = ("Marisol", "600 123 123, or at the bakery")


def labels(message: Message) -> list[str]:
    return [button.label for button in message.buttons]


async def state(folder: Path, number: int) -> Participant:
    """The person as they are kept."""
    async with database(folder) as store, store.reading() as queries:
        person = await queries.person_at(Origin(installation(), str(number)))
        assert person is not None
        found = await queries.participant(person)
    assert found is not None
    return found


@pytest.mark.parametrize("language", ["en", "es"])
async def test_help_comes_first_while_a_message_to_all_goes_out_and_then_one_word_a_day_later(
    tmp_path: Path, language: str
) -> None:
    async with at_work(tmp_path) as ward:
        await ward.product.move(EVENING.isoformat())
        assert all("Yes" in labels(person.messages[-1]) for person in ward.people)
        await ward.sends("We meet on Friday.")
        await ward.server.until(lambda: ward.got("Friday") >= 3)
        ana = next(person for person in ward.people if "Friday" not in words_of(person))  # hers is still to come
        since, began = len(ana.messages), time.monotonic()
        ana.says(DANGER[language])
        await ward.server.until(lambda: len(ana.messages) > since)
        assert time.monotonic() - began < AT_ONCE
        assert ward.got("Friday") < len(PEOPLE) - 1
        first = ana.messages[since]
        assert all(number in first.text for number in NUMBERS)
        assert ("are you safe right now?" if language == "en" else "¿estás a salvo en este momento?") in first.text
        assert "I am not safe" in labels(first) or "No estoy a salvo" in labels(first)

        await ward.server.until(lambda: ward.got("Friday") == len(PEOPLE) - 1)
        await ward.stands("Friday")
        assert len(ana.messages) == since + 1  # what was on its way to her was taken back

        await ward.product.move("2026-03-05T12:00:00Z")
        word = ana.messages[since + 1 :]
        assert [("I am here." if language == "en" else "Estoy aquí.") in one.text for one in word] == [True]
        assert all(number in word[0].text for number in NUMBERS)
        others = [person for person in ward.people if person is not ana]
        assert all(len(person.messages) > len(ana.messages) for person in others)  # they had their mornings
        log = ward.product.log()
    assert DANGER[language] not in log


@asynccontextmanager
async def led(folder: Path) -> AsyncIterator[tuple[StandIn, Running, Robot, Robot]]:
    """Ana, who walks in a group, and Agnes, who leads it: noon of day 2."""
    await a_group(folder)
    async with database(folder) as store, store.writing() as work:
        agnes = Origin(installation(), str(AGNES))
        await work.cohorts.grant((await work.persons([agnes]))[agnes], FACILITATOR, WARD.id)
    async with StandIn(limits=Limits.raised()) as server:
        start = {"REHEARSAL": "start=2026-03-03T11:00:00Z,speed=0", "LOG_LEVEL": "debug"}
        for number in PEOPLE:
            server.person(number)
        async with Running(folder, settings_of(server, **start)) as product:
            yield server, product, robot(server, product, 1, "Ana"), robot(server, product, AGNES, "Agnes")
            # an edit that was under way at a kill is sent again, and changes nothing
            assert [call.problem for call in server.refusals if "not modified" not in call.problem] == []


async def arranges(ana: Robot) -> None:
    """In calm, she names whom she trusts and writes a plan."""
    await does(ana, "/support", "The person I trust", *PERSON, "Keep it like this")
    await does(ana, "/support", "My safety plan", "Begin", *PLAN, "Close it")


async def evening(ana: Robot) -> str:
    """The evening's question, to which she was about to write what it was like; its text."""
    await to(EVENING, ana)
    await does(ana, "Yes")
    return ana.person.messages[-1].text


def is_help(message: Message) -> bool:
    return "are you safe right now?" in message.text and all(number in message.text for number in NUMBERS)


async def test_what_was_arranged_in_calm_comes_back_in_need_and_her_facilitator_reads_a_wish(tmp_path: Path) -> None:
    async with led(tmp_path) as (server, product, ana, agnes):
        await arranges(ana)
        await evening(ana)
        await does(ana, DANGER["en"])
        assert is_help(ana.person.messages[-1])
        await does(ana, "I am not safe")
        ways = labels(ana.person.messages[-1])
        assert ways[:3] == ["The person I trust", "My safety plan", "Ask my facilitator to get in touch"]
        assert ways[-1] == "Go on with the course"
        await does(ana, "The person I trust")
        assert all(part in ana.person.messages[-1].text for part in PERSON)
        await does(ana, "Keep it like this", "My safety plan")
        assert all(part in ana.person.messages[-1].text for part in (*PLAN, *NUMBERS))
        await does(ana, "Close it", "Ask my facilitator to get in touch")
        preview = ana.person.messages[-1].text
        assert f"Ana (Ward 4) {ASKED}." in preview
        assert agnes.person.messages == []

        await does(ana, "Ask them now")
        await told(server, agnes.person, ASKED)
        await does(ana, "Ask my facilitator to get in touch", "Ask them now")
        assert [message.text for message in agnes.person.messages] == [f"Ana (Ward 4) {ASKED}."]

        await does(ana, "Go on with the course")
        again = ana.person.messages[-1]
        assert "We go on, at your pace." in ana.person.messages[-2].text
        assert "I'd rather skip this" in labels(again)
        await does(ana, "it was warm")
    texts = [entry.text for entry in await kept(tmp_path, 1)]
    assert [texts.count(text) for text in (DANGER["en"], "it was warm")] == [1, 1]
    assert (await state(tmp_path, 1)).sheltered is None
    assert product.tells(*PLAN, *PERSON, DANGER["en"], "Ana", "Agnes", "Ward 4") == []


@pytest.mark.parametrize("taken", [False, True], ids=["before it is taken", "before it is answered"])
async def test_a_kill_at_any_step_loses_nothing(tmp_path: Path, taken: bool) -> None:
    async with led(tmp_path) as (server, product, ana, agnes):

        async def killed(*acts: str) -> None:
            """Does this, and the process dies about then."""
            for act in acts:
                last = ana.person.messages[-1]
                ana.person.taps(act, last) if last.button(act) else ana.person.says(act)
                await server.until(lambda: not (taken and server.line.pending))
                await product.kill()
                await product.start()
                await ana.settle()

        await arranges(ana)
        await evening(ana)
        since = len(ana.person.messages)
        await killed(DANGER["en"])
        assert any(map(is_help, ana.person.messages[since:]))
        await does(ana, "I am not safe")
        await killed("My safety plan")
        assert all(part in ana.person.messages[-1].text for part in PLAN)
        await does(ana, "Close it", "Ask my facilitator to get in touch")
        await killed("Ask them now")
        await told(server, agnes.person, ASKED)
        assert (await state(tmp_path, 1)).sheltered is not None
        await killed("Go on with the course")
        assert "I'd rather skip this" in labels(ana.person.messages[-1])
        await killed("it was warm")
        assert product.starts == 6
    texts = [entry.text for entry in await kept(tmp_path, 1)]
    assert [texts.count(text) for text in (DANGER["en"], "it was warm")] == [1, 1]
    assert {message.text for message in agnes.person.messages} == {f"Ana (Ward 4) {ASKED}."}
