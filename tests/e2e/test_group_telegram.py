"""A group at home in a Telegram group, over real HTTP: set up, joined by its link, a day, a share, and what happens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.course import settings_of
from tests.e2e.running import Running
from tests.e2e.test_cohort_telegram import OWNER, does, joins, robot
from tests.standin.telegram import Limits, StandIn

WARD = -5
CALL = "/cohort@heartsease_bot"
WRITTEN = "the heron on the roof"


async def test_a_telegram_group_is_home_to_a_group_and_nothing_private_stands_in_it(tmp_path: Path) -> None:
    settings = {"OWNERS": f"telegram:{OWNER}"}
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server, **settings)) as product,
    ):
        agnes, ana = robot(server, product, OWNER, "Agnes"), robot(server, product, 7, "Ana")
        ward = server.group(WARD, "Ward", bot="administrator")
        agnes.person.says_in(WARD, CALL)
        await agnes.settle()
        await server.until(lambda: bool(ward.messages))
        assert "https://t.me/heartsease_bot" in ward.messages[-1].text
        assert agnes.person.messages == []

        await does(agnes, "/help")
        agnes.person.says_in(WARD, "good morning")
        agnes.person.says_in(WARD, CALL)
        await agnes.settle()
        await does(agnes, "Make a new group", "Ward 4, spring", "Europe/Madrid", "Next Monday")
        await does(agnes, "Together, in the same week", "Agnes", "08:00", "No days off", "18:00")
        await does(agnes, "Everybody in the chat", "Post it")
        invitation = ward.messages[1]
        link = re.search(r"https://t\.me/\w+\?start=[\w-]{22}", invitation.text)
        assert link is not None

        await joins(ana, link[0], "Europe/Madrid")
        assert len(ward.messages) == 2
        await product.move(datetime(2026, 3, 9, 18, 30, tzinfo=UTC).isoformat())
        theme, thread = ward.messages[2:]
        assert "Week 1" in theme.text
        assert [one.text for one in ward.pinned] == [theme.text]

        await does(ana, "/gratitude", WRITTEN)
        await does(ana, "Share something", "With my name")
        share = ward.messages[-1]
        assert "Ana is grateful for this" in share.text
        assert WRITTEN in share.text
        assert thread.text != share.text
        await does(ana, "Take it back")
        assert all(WRITTEN not in one.text for one in ward.messages)

        ana.person.leaves(WARD)
        await ana.settle()
        asked = [one for one in ana.person.messages if "You are no longer in the chat" in one.text]
        assert len(asked) == 1
        await does(ana, "Go on alone")

        new = server.migrate(WARD)
        await ana.settle()
        await product.move(datetime(2026, 3, 10, 12, tzinfo=UTC).isoformat())
        assert len(new.messages) == 1
        agnes.person.removes_bot(new.id)
        await agnes.settle()
        assert "I cannot reach the chat of Ward 4, spring" in agnes.person.messages[-1].text
        assert server.refusals == []
        log = product.log()
    assert not any(secret in log for secret in (WRITTEN, "Ward 4", "Agnes", link[0].partition("=")[2]))
