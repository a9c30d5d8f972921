"""Danger over real HTTP in Slack: help first, what is private in windows alone, the course held, and kills."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.cohorts.model import FACILITATOR, Cohort
from bot.model import Origin
from bot.ports import Saved
from tests import people
from tests.e2e.course import database
from tests.e2e.running import Running
from tests.e2e.slack_robot import SECRET, WRITE, Robot
from tests.e2e.test_run_slack import settings_of
from tests.standin.slack import Limits, Message, StandIn, View

NOON = datetime(2026, 3, 3, 11, tzinfo=UTC)  # in Madrid
EVENING = datetime(2026, 3, 3, 19, tzinfo=UTC)
WARD = Cohort("ward4", "Ward 4", "compassion", "calendar", date(2026, 3, 2), "Europe/Madrid", host="Agnes")
AGNES, ANA = "U1", "U7"
OTHERS = [f"U{number}" for number in range(10, 40)]  # at ten a second, three seconds
AT_ONCE = 2.0  # seconds, of which one may be Slack's own limit for a conversation
DANGER = {"en": f"I want to kill myself, {SECRET}", "es": f"me quiero morir, {SECRET}"}
NUMBERS = ("024", "112")  # Spain's, which follow from the zone
ASKED = "asks you to get in touch"


async def a_group(folder: Path) -> None:
    """Ana and thirty others on day 2 of a cohort that Agnes leads; nothing of theirs is due before the evening."""
    active = people.person({"week": 1, "day": 2, "zone": "Europe/Madrid", "discreet": "yes"}, NOON)
    async with database(folder) as store, store.writing() as work:
        await work.cohorts.add(WARD, None)
        origins = {user: Origin("slack:T1", user) for user in (AGNES, ANA, *OTHERS)}
        found = await work.persons(list(origins.values()))
        await work.cohorts.grant(found[origins[AGNES]], FACILITATOR, WARD.id)
        walking = sorted(found[origins[user]] for user in (ANA, *OTHERS))
        for one in (await work.load(walking)).values():
            who = replace(active, id=one.participant.id, address=one.participant.address, cohort=WARD.id)
            await work.save([Saved(who, EVENING, one.revision)])
            await work.cohorts.enter(one.participant.id, WARD.id, NOON)


@asynccontextmanager
async def led(
    folder: Path, mode: str = "socket", rate: str = "100000"
) -> AsyncIterator[tuple[StandIn, Running, Robot, Robot]]:
    """The product, Ana, and Agnes, who leads her group: noon of day 2."""
    await a_group(folder)
    more = {"REHEARSAL": "start=2026-03-03T11:00:00Z,speed=0", "OWNERS": f"slack:T1/{AGNES}", "SLACK_RATE": rate}
    async with StandIn(limits=Limits.raised()) as server, Running(folder, settings_of(server, mode) | more) as product:
        if mode == "http":
            server.request_url = f"{product.url}/slack/events"
        for user in OTHERS:
            server.member(user)
        ana, agnes = server.member(ANA, "Ana", "Europe/Madrid"), server.member(AGNES, "Agnes", "Europe/Madrid")
        yield server, product, Robot(ana, server, product), Robot(agnes, server, product)
        shut = "views.update", "not_found"  # a window that she closed before its answer came
        assert [call for call in server.refusals if (call.method, call.problem) != shut] == []
        assert server.late == 0


def labels(shown: Message | View) -> list[str]:
    return [button.label for row in shown.rows for button in row]


def is_help(message: Message) -> bool:
    return "are you safe right now?" in message.text and all(number in message.text for number in NUMBERS)


async def shown(ana: Robot, *words: str) -> View:
    """Waits until the open window says this."""
    member = ana.member
    await ana.server.until(lambda: member.view is not None and all(each in member.view.text for each in words))
    assert member.view is not None
    return member.view


async def says_it(ana: Robot, text: str) -> None:
    """The evening's question is answered, and this is written into the window of the next one."""
    await ana.taps("Yes")
    await ana.opens()
    ana.member.submits(text=text)
    await ana.settle()


async def arranges(ana: Robot) -> tuple[str, str, list[str]]:
    """In calm, she names whom she trusts and writes a plan, each in a window that her tap opened."""
    await ana.runs("/heartsease support")
    ana.member.taps("The person I trust")
    await ana.window()
    who = await ana.writes()
    await ana.opens()
    reach = await ana.writes()
    ana.member.shuts()
    ana.member.taps("Open")
    view = await shown(ana, who, reach)
    ana.member.taps("Keep it like this", view)
    await ana.settle()
    await ana.runs("/heartsease support")
    await ana.taps("My safety plan")
    ana.member.shuts()
    ana.member.taps("Begin")
    await ana.window()
    plan = [await ana.writes()]
    for _ in range(5):
        await ana.opens()
        plan.append(await ana.writes())
    ana.member.shuts()
    ana.member.taps("Open")
    ana.member.taps("Close it", await shown(ana, *plan))
    await ana.settle()
    ana.member.shuts()
    return who, reach, plan


@pytest.mark.parametrize(("language", "mode"), [("en", "socket"), ("es", "http")])
async def test_help_comes_first_while_a_message_to_all_goes_out_and_then_one_word_a_day_later(
    tmp_path: Path, language: str, mode: str
) -> None:
    async with led(tmp_path, mode, rate="1") as (server, product, ana, agnes):
        await product.move(EVENING.isoformat())
        await ana.taps("Yes")
        await ana.opens()
        agnes.member.runs("/heartsease broadcast")
        await agnes.window()
        agnes.member.submits(compose="We meet on **Friday**.", whom="everybody", when="send_now")
        await agnes.settle()
        await agnes.taps("It can stay like this")
        others = [server.member(user) for user in OTHERS]
        before = len(ana.member.messages)

        def got() -> int:
            return sum("Friday" in one.messages[-1].text for one in others)

        agnes.member.taps("Send it")
        await server.until(lambda: got() > 1)
        began = time.monotonic()
        ana.member.submits(text=DANGER[language])
        await server.until(lambda: any(NUMBERS[0] in one.text for one in ana.member.messages[before:]))
        assert time.monotonic() - began < AT_ONCE
        assert got() < len(others)
        await server.until(lambda: got() == len(others))
        await ana.settle()
        answer = [one for one in ana.member.messages[before:] if "Friday" not in one.text]
        assert len(answer) == 1
        assert all(number in answer[0].text for number in NUMBERS)
        assert ("I am not safe" if language == "en" else "No estoy a salvo") in labels(answer[0])

        since = len(ana.member.messages)
        await product.move("2026-03-05T12:00:00Z")
        (word,) = ana.member.messages[since:]
        assert ("I am here." if language == "en" else "Estoy aquí.") in word.text
        assert all(number in word.text for number in NUMBERS)
        assert SECRET not in ana.exported() + product.log()


async def test_what_was_arranged_in_calm_comes_back_in_windows_and_her_facilitator_reads_a_wish(tmp_path: Path) -> None:
    async with led(tmp_path) as (_, product, ana, agnes):
        who, reach, plan = await arranges(ana)
        await product.move(EVENING.isoformat())
        await says_it(ana, DANGER["en"])
        assert is_help(ana.member.messages[-1])
        await ana.taps("I am not safe")
        ways = labels(ana.member.messages[-1])
        assert ways[:3] == ["The person I trust", "My safety plan", "Ask my facilitator to get in touch"]
        ana.member.shuts()
        ana.member.taps("The person I trust")
        ana.member.taps("Keep it like this", await shown(ana, who, reach))
        await ana.settle()
        ana.member.shuts()
        ana.member.taps("My safety plan")
        ana.member.taps("Close it", await shown(ana, *plan, *NUMBERS))
        await ana.settle()
        ana.member.shuts()

        await ana.taps("Ask my facilitator to get in touch")
        assert f"Ana (Ward 4) {ASKED}." in ana.member.messages[-1].text
        assert "Your employer may be able to read" in ana.member.messages[-1].text
        assert agnes.member.messages == []
        await ana.taps("Ask them now")
        await ana.taps("Ask my facilitator to get in touch")
        await ana.taps("Ask them now")
        assert [message.text for message in agnes.member.messages] == [f"Ana (Ward 4) {ASKED}."]

        await ana.taps("Go on with the course")
        again = ana.member.messages[-1]
        assert {WRITE, "I'd rather skip this"} <= set(labels(again))
        await ana.opens(WRITE, again)
        warm = await ana.writes()
        entries = [entry.text for entry in await ana.kept()]
        assert [entries.count(text) for text in (DANGER["en"], warm)] == [1, 1]
        exported = ana.exported() + "".join(agnes.exported())
        assert SECRET not in exported + product.log()
        assert not any(SECRET in whisper for whisper in ana.member.whispers)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_who_shuts_a_window_by_its_cross_in_danger_finds_numbers_and_buttons_below(
    tmp_path: Path, mode: str
) -> None:
    async with led(tmp_path, mode) as (_, product, ana, _):
        who, reach, plan = await arranges(ana)
        await product.move(EVENING.isoformat())
        await says_it(ana, DANGER["en"])
        await ana.taps("I am not safe")
        for label, words in (("My safety plan", plan), ("The person I trust", [who, reach])):
            ana.member.taps(label)
            await shown(ana, *words)
            ana.member.shuts()
            await ana.settle()
            below = ana.member.messages[-1]
            assert all(number in below.text for number in NUMBERS)
            assert {"The person I trust", "My safety plan", "I am not safe"} <= set(labels(below))
        assert SECRET not in ana.exported() + product.log()


async def test_a_kill_at_any_step_loses_nothing(tmp_path: Path) -> None:
    async with led(tmp_path) as (server, product, ana, agnes):

        async def killed() -> None:
            """It dies once Slack has been told that it was taken, and comes back."""
            await server.until(lambda: not server.space.outbound)
            await product.kill()
            ana.member.shuts()
            await product.start()
            await ana.settle()

        who, reach, _ = await arranges(ana)
        await product.move(EVENING.isoformat())
        await ana.taps("Yes")
        await ana.opens()
        since = len(ana.member.messages)
        ana.member.submits(text=DANGER["en"])
        await killed()
        assert any(map(is_help, ana.member.messages[since:]))
        await ana.taps("I am not safe")
        await ana.taps("Ask my facilitator to get in touch")
        ana.member.taps("Ask them now")
        await killed()
        assert f"Ana (Ward 4) {ASKED}." in agnes.member.messages[-1].text
        ana.member.taps("The person I trust")
        await killed()  # the window is gone with the process: the message that stands for it asks again
        ana.member.taps("Open")
        ana.member.taps("Keep it like this", await shown(ana, who, reach))
        await ana.settle()
        ana.member.shuts()
        ana.member.taps("Go on with the course")
        await killed()
        await ana.opens(WRITE)
        warm = await ana.writes()
        entries = [entry.text for entry in await ana.kept()]
        assert [entries.count(text) for text in (DANGER["en"], warm)] == [1, 1]
        assert SECRET not in ana.exported() + product.log()
