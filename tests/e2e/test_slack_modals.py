"""A facilitator's work in Slack's modals: a group is made, a message is written, mended in the modal, seen and sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.cohorts.model import Cohort
from bot.model import Origin
from bot.ports import Saved
from tests import people
from tests.e2e.course import database
from tests.e2e.running import Running
from tests.e2e.slack_robot import Robot
from tests.e2e.test_run_slack import settings_of
from tests.standin.slack import Limits, Message, StandIn, View

NOON = datetime(2026, 3, 3, 11, tzinfo=UTC)  # in Madrid
EVENING = datetime(2026, 3, 3, 19, tzinfo=UTC)
PEOPLE = [f"U{number}" for number in range(10, 22)]
WARD = Cohort("ward4", "Ward 4", "compassion", "calendar", date(2026, 3, 2), "Europe/Madrid", host="Agnes")


async def a_group(folder: Path) -> None:
    """Twelve people on day 2 of a cohort; nothing of theirs is due before the evening."""
    active = people.person({"week": 1, "day": 2, "zone": "Europe/Madrid", "discreet": "yes"}, NOON)
    async with database(folder) as store, store.writing() as work:
        await work.cohorts.add(WARD, None)
        found = await work.persons([Origin("slack:T1", user) for user in PEOPLE])
        for one in (await work.load(sorted(found.values()))).values():
            who = replace(active, id=one.participant.id, address=one.participant.address, cohort=WARD.id)
            await work.save([Saved(who, EVENING, one.revision)])
            await work.cohorts.enter(one.participant.id, WARD.id, NOON)


@asynccontextmanager
async def at_work(folder: Path, mode: str = "socket") -> AsyncIterator[Robot]:
    """Agnes, who owns the workspace's app, and the product."""
    await a_group(folder)
    clock = {"REHEARSAL": "start=2026-03-03T11:00:00Z,speed=0", "OWNERS": "slack:T1/U1"}
    async with StandIn(limits=Limits.raised()) as server, Running(folder, settings_of(server, mode) | clock) as product:
        if mode == "http":
            server.request_url = f"{product.url}/slack/events"
        for user in PEOPLE:
            server.member(user)
        yield Robot(server.member("U1", "Agnes", "Europe/Madrid"), server, product)
        assert server.refusals == []
        assert server.late == 0


def modal(robot: Robot) -> View:
    assert robot.member.view is not None
    return robot.member.view


async def refused(robot: Robot, field: str, **values: str) -> str:
    """The open modal is sent and comes back: what it says under this field."""
    view = modal(robot)
    view.errors = {}
    robot.member.submits(**values)
    await robot.server.until(lambda: bool(view.errors))
    assert list(view.errors) == [field]
    assert robot.member.view is view
    return view.errors[field]


async def says(robot: Robot, text: str) -> Message:
    """The latest message that says this."""
    await robot.server.until(lambda: any(text in message.text for message in robot.member.messages))
    return [message for message in robot.member.messages if text in message.text][-1]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_group_is_made_in_one_modal(tmp_path: Path, mode: str) -> None:
    async with at_work(tmp_path, mode) as robot:
        agnes = robot.member
        await robot.runs("/heartsease cohorts")
        agnes.taps("Make a new group")
        await robot.window()
        view = modal(robot)
        assert view.title == "A new group"
        assert list(view.inputs) == ["name", "zone", "starts", "pacing", "host"]
        assert view.rows == []
        assert view.inputs["zone"]["element"]["initial_value"] == "Europe/Madrid"
        assert view.inputs["starts"]["element"]["initial_date"] == "2026-03-09"
        good = {"name": "Ward 5", "starts": "2026-03-16", "pacing": "own_pace", "host": "Sister Agnes"}
        assert await refused(robot, "name", **good | {"name": " "}) == "Please write a few words."
        assert (await refused(robot, "name", **good | {"name": "\u2063"})).startswith("I could not use that as a name.")
        agnes.submits(**good)
        await robot.settle()
        assert agnes.view is None
        preview = await says(robot, "Shall I make this group?")
        assert "led by Sister Agnes. It is open from Monday 16 March on" in preview.text
        assert not any("On which day" in message.text for message in agnes.messages)
        await robot.taps("Make this group")
        await says(robot, "/heartsease join")


async def test_a_command_in_a_channel_opens_the_modal_in_which_its_group_is_set_up(tmp_path: Path) -> None:
    async with at_work(tmp_path) as robot:
        agnes, ward = robot.member, robot.server.channel("C1", people=["U1"])
        agnes.runs("/heartsease cohort", "C1")
        await robot.window()
        fields = ["which", "name", "zone", "starts", "pacing", "host", "mornings", "days", "evenings", "who"]
        assert list(modal(robot).inputs) == fields
        agnes.submits(which="ward4", mornings="07:30", days="weekend", evenings="18:00", who="anybody_here")
        await robot.settle()
        assert ward.messages == []
        await robot.taps("Post it")
        await robot.server.until(lambda: any("Ward 4" in message.text for message in ward.messages))


async def test_a_message_is_mended_in_the_modal_seen_and_sent_and_its_progress_is_live(tmp_path: Path) -> None:
    async with at_work(tmp_path) as robot:
        agnes, server = robot.member, robot.server
        agnes.runs("/heartsease broadcast")
        await robot.window()
        assert list(modal(robot).inputs) == ["compose", "whom", "when", "date", "clock"]
        wrong = await refused(robot, "compose", compose="Dear {{ nam }}", whom="everybody", when="send_now")
        assert wrong.startswith("In line 1 the text asks for nam, which I do not know.")
        agnes.submits(compose="Dear {{ name }}, we meet on **Friday**.", whom="everybody", when="send_now")
        await robot.settle()
        assert (await says(robot, "From Agnes")).text.endswith("Dear Agnes, we meet on Friday.")
        await robot.taps("It can stay like this")
        summary = await says(robot, "Shall I send it?")
        assert "To Ward 4: everybody" in summary.text
        assert "At once" in summary.text
        await robot.taps("Send it")
        progress = await says(robot, "Being prepared")
        await server.until(lambda: all(server.member(user).messages for user in PEOPLE))
        assert {server.member(user).messages[-1].text for user in PEOPLE} == {
            "From Agnes:\n\nDear Ana, we meet on Friday."
        }
        await robot.settle()
        await robot.next()  # three seconds later
        await server.until(lambda: "All of it has gone out." in progress.text)
        assert "Sent: at least 10" in progress.text
        edits = progress.edits
        await robot.next()
        assert progress.edits == edits  # nothing moves any more


async def test_a_form_whose_question_is_over_says_so_and_gives_back_what_was_filled_in(tmp_path: Path) -> None:
    async with at_work(tmp_path) as robot:
        agnes = robot.member
        await robot.runs("/heartsease cohorts")
        await robot.taps("Make a new group")
        await robot.window()
        late = modal(robot)
        await robot.taps("Never mind")
        agnes.view = late
        agnes.submits(name="Ward 5", starts="2026-03-16", pacing="together", host="Agnes")
        await robot.settle()
        assert not any("Ward 5" in message.everything for message in agnes.messages)
        await robot.server.until(lambda: any(shown.label == "Open" for row in agnes.messages[-1].rows for shown in row))
        agnes.taps("Open")
        await robot.server.until(lambda: agnes.view is not None and "Ward 5" in agnes.view.text)
