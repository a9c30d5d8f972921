"""Partners in Slack: one conversation for both, opened by the coach, with the exercise; words and lists in windows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.running import Running
from tests.e2e.slack_robot import SECRET, Robot
from tests.e2e.test_run_slack import settings_of
from tests.standin.slack import Limits, StandIn

OWNER = "U1"
FIRST_ROUND = datetime(2026, 3, 10, 11, tzinfo=UTC)  # noon in Madrid on day 2


async def does(who: Robot, *acts: str) -> None:
    """Taps where the latest message has such a button, else writes."""
    for act in acts:
        last = who.member.messages[-1] if who.member.messages else None
        if last is not None and any(shown.label == act for row in last.rows for shown in row):
            who.member.shuts()
            who.member.taps(act, last)
        else:
            who.member.says(act)
        await who.settle()


def heard(who: Robot, words: str) -> list[str]:
    """The messages with these words."""
    return [message.text for message in who.member.messages if words in message.text]


async def to(until: datetime, *people: Robot) -> None:
    await people[0].product.move(until.isoformat())
    for who in people:
        await who.settle()


async def test_the_coach_opens_one_conversation_for_both_and_shows_words_in_windows_alone(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = {**settings_of(server), "OWNERS": f"slack:T1/{OWNER}"}
        async with Running(tmp_path, settings) as product:
            names = ((OWNER, "Agnes"), ("U7", "Ana"), ("U8", "Ben"))
            agnes, ana, ben = (Robot(server.member(id_, name, "Europe/Madrid"), server, product) for id_, name in names)
            await agnes.runs("/heartsease cohorts")
            await does(agnes, "Make a new group", "Ward 4", "Next Monday", "Together, in the same week", "Agnes")
            await does(agnes, "Make this group")
            code = re.search(r"join (\S{22})", agnes.member.messages[-1].text)
            assert code is not None, [message.text for message in agnes.member.messages]
            for who in (ana, ben):
                await who.runs(f"/heartsease join {code[1]}")
                await who.answer()
                assert heard(who, "You are in Ward 4 now")
            await agnes.runs("/heartsease pairs")
            await does(agnes, "Begin with pairs", "2", "12:00", "Yes")
            assert heard(agnes, "It is on"), [message.text for message in agnes.member.messages]

            await to(FIRST_ROUND - timedelta(hours=23), ana, ben)
            for who in (ana, ben):
                assert "Would you like a partner?" in who.member.messages[-1].text
                await does(who, "Yes, gladly")
            await to(FIRST_ROUND + timedelta(minutes=1), ana, ben)
            opened = [call.params["users"] for call in server.calls if call.method == "conversations.open"]
            assert "U7,U8" in opened
            shared = [text for text in said(server) if "you are partners this week" in text]
            assert len(shared) == 1
            assert "A mindful conversation" in shared[0]

            await ana.runs("/heartsease tell")
            await ana.opens()
            words = await ana.writes()
            await ben.settle()
            assert SECRET not in ana.exported()
            ben.member.taps("Open")
            await server.until(lambda: ben.member.view is not None and words in ben.member.view.text)
            assert server.refusals == []
            assert server.late == 0
            assert SECRET not in product.log()


def said(server: StandIn) -> list[str]:
    return [str(call.params) for call in server.calls if call.method == "chat.postMessage"]
