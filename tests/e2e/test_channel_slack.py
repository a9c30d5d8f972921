"""A group at home in a Slack channel, over real HTTP and WebSocket: joined, a day, a share, a loss, a leaving."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.running import Running
from tests.e2e.slack_robot import Robot
from tests.e2e.test_run_slack import settings_of
from tests.standin.slack import Limits, StandIn

WARD = "C1"
OWNERS = {"OWNERS": "slack:T1/U1"}


async def does(robot: Robot, *acts: str) -> None:
    """Taps where the latest message has such a button, else writes."""
    for act in acts:
        labels = [shown.label for row in robot.member.messages[-1].rows for shown in row]
        if act in labels:
            await robot.taps(act)
        else:
            robot.member.says(act)
            await robot.settle()


async def settles(agnes: Robot) -> None:
    """A group of its own for the channel, asked about in private."""
    await agnes.runs("/heartsease cohort", WARD)
    await does(agnes, "Make a new group", "Ward 4, spring", "Next Monday", "Together, in the same week", "Agnes")
    await does(agnes, "08:00", "No days off", "18:00", "Everybody in the chat", "Post it")


async def joins(robot: Robot) -> None:
    """By the button in the channel, and a few questions in private."""
    robot.member.taps_in(WARD, "Join in private")
    await robot.settle()
    await does(robot, "I agree", robot.member.name, "08:00", "20:00", "No")


async def test_a_channel_is_home_to_a_group_and_nothing_private_stands_in_it(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server) | OWNERS) as product:
        agnes, ana = (
            Robot(server.member(*who, "Europe/Madrid"), server, product) for who in (("U1", "Agnes"), ("U2", "Ana"))
        )
        ward = server.channel(WARD, "ward", people=("U1", "U2"))
        await settles(agnes)
        (invitation,) = ward.feed
        assert "Ward 4, spring is at home here" in invitation.text
        assert any("is at home there now" in one.text for one in agnes.member.messages)

        await joins(ana)
        assert any("You are in Ward 4, spring now" in one.text for one in ana.member.messages)
        assert len(ward.feed) == 1

        await product.move(datetime(2026, 3, 9, 18, 30, tzinfo=UTC).isoformat())
        theme, thread = ward.feed[1:]
        assert "Week 1" in theme.text
        assert [one.ts for one in ward.pinned] == [theme.ts]

        ana.member.runs("/heartsease gratitude")
        await ana.window()
        written = await ana.writes()
        await ana.taps("Share something")
        await server.until(lambda: ana.member.view is not None and written in ana.member.view.text)
        ana.member.taps("Without my name", ana.member.view)
        await ana.settle()
        (share,) = ward.thread(thread.ts)
        assert written in share.text
        assert "Ana" not in share.text
        assert all(written not in one.text for one in (*ward.feed, *ana.member.messages))
        await ana.taps("Take it back")
        assert ward.thread(thread.ts) == []

        server.archive(WARD)
        await agnes.settle()
        lost = [one for one in agnes.member.messages if "I cannot reach the chat" in one.text]
        assert len(lost) == 1
        server.archive(WARD, False)
        await agnes.settle()
        posts = len(ward.feed)
        ana.member.leaves(WARD)
        await ana.settle()
        assert "You are no longer in the chat of Ward 4, spring" in ana.member.messages[-1].text
        await ana.taps("Stay in the group, by messages")
        await product.move(datetime(2026, 3, 10, 12, tzinfo=UTC).isoformat())
        assert len(ward.feed) == posts + 1
        assert server.refusals == []
    assert product.tells(written, "Ward 4", WARD, "Agnes") == []


async def test_a_channel_that_lets_us_in_later_gets_its_invitation_then(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server) | OWNERS) as product:
        agnes = Robot(server.member("U1", "Agnes", "Europe/Madrid"), server, product)
        ward = server.channel(WARD, "ward", people=("U1",))
        server.kick(WARD)
        await settles(agnes)
        assert ward.feed == []
        server.invite(WARD)
        await agnes.settle()
        assert ["is at home here" in one.text for one in ward.feed] == [True]


async def test_whoever_leads_nothing_sets_nothing_up(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server, Running(tmp_path, settings_of(server)) as product:
        ana = Robot(server.member("U2", "Ana", "Europe/Madrid"), server, product)
        ward = server.channel(WARD, "ward", people=("U2",))
        await ana.runs("/heartsease cohort", WARD)
        assert "You do not lead groups here" in ana.member.messages[-1].text
        assert ward.feed == []
