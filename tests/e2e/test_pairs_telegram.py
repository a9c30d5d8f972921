"""Partners over real HTTP: switched on, asked about, introduced, written to through the coach, and asked about once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.course import settings_of
from tests.e2e.robot import Robot
from tests.e2e.running import Running
from tests.e2e.test_cohort_telegram import OWNER, does, joins, robot, to
from tests.standin.telegram import Limits, StandIn

FIRST_ROUND = datetime(2026, 3, 10, 11, tzinfo=UTC)  # noon in Madrid on day 2
SECRET = "On Thursday, by the <b>river</b> & *soon*?"


def heard(who: Robot, words: str) -> list[str]:
    """The messages with these words."""
    return [message.text for message in who.person.messages if words in message.text]


async def test_partners_are_introduced_by_consent_write_through_the_coach_and_miss_nobody(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = settings_of(server, OWNERS=f"telegram:{OWNER}")
        async with Running(tmp_path, settings) as product:
            people = [(OWNER, "Agnes"), (7, "Ana"), (8, "Ben"), (9, "Eve"), (10, "Kim")]
            agnes, ana, ben, eve, kim = everybody = [robot(server, product, *who) for who in people]
            ana.person.username, ben.person.username = "ana_by_the_river", "ben_s"
            await does(agnes, "/cohorts", "Make a new group", "Ward 4", "Europe/Madrid", "Next Monday")
            await does(agnes, "Together, in the same week", "Agnes", "Make this group")
            link = re.search(r"https://t\.me/\w+\?start=[\w-]{22}", agnes.person.messages[-1].text)
            assert link is not None
            for who in (ana, ben, eve, kim):
                await joins(who, link[0], "Europe/Madrid")
            await does(agnes, "/pairs", "Begin with pairs", "2: Tuesday", "12:00")
            assert "everybody in Ward 4 is asked in private" in agnes.person.messages[-1].text
            await does(agnes, "Yes")

            await to(FIRST_ROUND - timedelta(hours=23), *everybody)
            for who, ways in ((ana, "By my username"), (ben, "By my username"), (eve, None)):
                assert "Would you like a partner?" in who.person.messages[-1].text
                await does(who, "Yes, gladly", ways or "Through you")
            await does(kim, "No partner, please")
            assert heard(agnes, "Ana") == []

            await to(FIRST_ROUND + timedelta(minutes=1), *everybody)
            (triad,) = heard(eve, "are partners")  # three said yes
            assert "Ana" in triad
            assert "Ben" in triad
            assert "@" not in triad
            assert heard(ana, "@ben_s")
            assert heard(ben, "@ana_by_the_river")
            assert heard(kim, "are partners") == []
            assert "fewer than five meetings" in (await asked(agnes, "/pairs")).replace("**", "")

            ana.person.taps("Write to your partner")
            await ana.settle()
            await does(ana, SECRET)
            for who in (ben, eve):
                await who.settle()
                assert SECRET in who.person.messages[-1].text
            assert heard(kim, "river") == []
            eve.person.taps("No more messages like this")
            await eve.settle()
            await does(ana, "/tell And Eve, too?")
            await ben.settle()
            assert heard(ben, "And Eve, too?")
            assert not heard(eve, "And Eve, too?")

            await does(eve, "/leave", "Go on alone")
            await to(FIRST_ROUND + timedelta(hours=1), *everybody)
            assert heard(ana, "One of the three of you cannot come this week")
            await to(FIRST_ROUND + timedelta(days=1, minutes=1), *everybody)
            await does(ana, "We met", "Very close")
            ana.person.taps("Not again, please")
            await ana.settle()
            await does(ana, "Ben")
            await to(FIRST_ROUND + timedelta(days=7, hours=1), *everybody)
            assert len(heard(ana, "partners")) == len(heard(ben, "partners")) == 1  # nobody else is left for either
            assert server.refusals == []
            data = (tmp_path / "heartsease.db").read_bytes()
    assert product.tells("round_failed", "river", "ana_by_the_river", "Ana", "Ward 4") == []
    assert b"ana_by_the_river" not in data


async def asked(who: Robot, command: str) -> str:
    await does(who, command)
    return who.person.messages[-1].text
