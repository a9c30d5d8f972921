"""One group on both platforms: its facilitator works in Telegram, its home is a Slack channel."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

from tests.e2e.cast import InSlack, InTelegram, Walker, answered
from tests.e2e.findings import leaks_in
from tests.e2e.stage import Stage, staged
from tests.e2e.ward import FRIDAY, GROUP, WARD, code_in

MADRID = "Europe/Madrid"
WORDS = "Bring a cup on Thursday"


async def comes_in(one: Walker, *, place: str = "") -> None:
    """The same few questions on either platform; Slack knows where somebody is."""
    await one.does("I agree", one.name, *([place] if place else []), "08:00", "20:00", "No")
    assert one.told(f"You are in {GROUP} now"), [message.text for message in one.messages]
    one.catch_up()


async def test_a_facilitator_in_telegram_leads_a_group_whose_home_is_a_slack_channel(tmp_path: Path) -> None:
    async with staged(tmp_path, FRIDAY, "socket", OWNERS="telegram:1") as stage:
        ids = [f"U{number}" for number in (2, 11, 12, 13)]
        ward = stage.slack.channel(WARD, "ward", people=ids)
        agnes = InTelegram(stage, "Agnes", MADRID, person=stage.telegram.person(1, "Agnes"))
        bo = InSlack(stage, "Bo", MADRID, member=stage.slack.member("U2", "Bo"))
        await agnes.does("/cohorts", "Make a new group", GROUP, MADRID, "Next Monday")
        await agnes.does("Together, in the same week", "Agnes", "Make this group")
        code = code_in(agnes)
        await agnes.does("/cohorts", GROUP, "Invite somebody to lead it too", "Yes")
        await bo.does(f"/join {code_in(agnes)}")
        bo.member.runs("/heartsease cohort", WARD)
        await stage.settle()
        await bo.does(GROUP, "08:00", "No days off", "18:00", "Everybody in the chat", "Post it")
        assert "is at home here" in ward.feed[0].text

        people = await three_of_each(stage, code)
        await agnes.does("/themes", "1", "Add a note, or write it anew", "A kettle is enough.", "Yes")
        await agnes.does("/broadcast", WORDS, "It can stay like this", "Everybody", "At a time of theirs")
        await agnes.does("2026-03-09", "15:00", "Send it")
        await stage.walk(datetime(2026, 3, 10, 18, tzinfo=UTC), lambda: answered(stage, people))
        for one in people:
            assert len(one.told(WORDS)) == 1
            assert len(one.told("A kettle is enough.")) == 1
        assert ["A kettle is enough." in one.text for one in ward.pinned] == [True]

        jane = next(one for one in people if one.name == "Jane")
        await jane.pens("gratitude")
        assert "Share something" in jane.labels(jane.messages[-1])
        stage.slack.kick(WARD)
        await stage.settle()
        for leader in (agnes, bo):
            assert len(leader.told("I cannot reach the chat")) == 1
        await agnes.does("/pulse", "/audit")
        log = stage.product.log()
    rooms = {one.name: one.room for one in people if isinstance(one, InTelegram)}
    read = [(one.room, mark) for one in stage.sent for mark in leaks_in(one.text, stage.shared)]
    assert [(room, mark) for room, mark in read if room != rooms.get(stage.wrote[mark])] == []
    assert leaks_in(log) == set()


async def three_of_each(stage: Stage, code: str) -> list[Walker]:
    """Three by the button in the channel, three by the link that was made in Telegram."""
    people: list[Walker] = []
    for number, name in ((11, "Ana"), (12, "Ben"), (13, "Cleo")):
        one = InSlack(stage, name, MADRID, time(8), time(20), member=stage.slack.member(f"U{number}", name))
        one.member.taps_in(WARD, "Join in private")
        await stage.settle()
        await comes_in(one)
        people.append(one)
    for number, name in ((21, "Jane"), (22, "Kim"), (23, "Lars")):
        other = InTelegram(stage, name, MADRID, time(8), time(20), person=stage.telegram.person(number, name))
        await other.does(f"/start {code}")
        await comes_in(other, place=MADRID)
        people.append(other)
    return people
