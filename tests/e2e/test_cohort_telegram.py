"""A cohort over real HTTP: an owner makes it on Telegram, two people join by its link, and both walk in its week."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from curriculum.loader import Library
from tests.e2e.course import settings_of, told
from tests.e2e.robot import Robot
from tests.e2e.running import Running
from tests.standin.telegram import Limits, StandIn

OWNER = 4242
MONDAY = date(2026, 3, 9)
PROGRAMME = Library().programme("compassion", "en")
THEMES = {number: f"Week {number}: {PROGRAMME.week(number).title}" for number in range(1, PROGRAMME.length + 1)}


def robot(server: StandIn, product: Running, number: int, name: str) -> Robot:
    return Robot(server.person(number, name), server, product)


async def does(who: Robot, *acts: str) -> None:
    """Taps where the latest message has such a button, else writes."""
    for act in acts:
        last = who.person.messages[-1] if who.person.messages else None
        if last is not None and last.button(act) is not None:
            who.person.taps(act, last)
        else:
            who.person.says(act)
        await who.settle()


async def joins(who: Robot, link: str, zone: str) -> None:
    """Opens a link as Telegram does, and answers the few questions."""
    await does(who, f"/start {link.partition('?start=')[2]}", "I agree", who.person.first_name, zone)
    await does(who, "08:00", "20:00", "No")


def at_eight(who: Robot, zone: str) -> list[tuple[date, str]]:
    """What came at their own 08:00, with its local date."""
    local = [(one.at.astimezone(ZoneInfo(zone)), one.message.text) for one in who.heard]
    return [(when.date(), text) for when, text in local if when.time().replace(second=0, microsecond=0) == time(8)]


async def to(until: datetime, *people: Robot) -> None:
    """Follows the clock wake by wake until this moment; what came is noted with the moment at which it came."""
    product = people[0].product
    while True:
        ahead = (await product.status())["next_wake"]
        if ahead is None or datetime.fromisoformat(ahead) > until:
            break
        await people[0].next()
        for who in people:
            await who.settle()
    await product.move(until.isoformat())


async def test_two_people_join_by_link_one_of_them_late_and_walk_in_the_cohorts_week(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = settings_of(server, OWNERS=f"telegram:{OWNER}")
        async with Running(tmp_path, settings) as product:
            agnes, ana, ben = (robot(server, product, *who) for who in ((OWNER, "Agnes"), (7, "Ana"), (8, "Ben")))
            await does(agnes, "/cohorts", "Make a new group", "Ward 4, spring", "Europe/Madrid", "Next Monday")
            await does(agnes, "Together, in the same week", "Agnes", "Make this group")
            link = re.search(r"https://t\.me/\w+\?start=[\w-]{22}", agnes.person.messages[-1].text)
            assert link is not None, [m.text for m in agnes.person.messages[-6:]]

            await joins(ana, link[0], "Europe/Madrid")
            await told(server, ana.person, "You are in Ward 4, spring now")
            await to(datetime(2026, 3, 18, 12, tzinfo=UTC), ana)
            await joins(ben, link[0], "Pacific/Auckland")
            late = await told(server, ben.person, "You are in Ward 4, spring now")
            assert f"The group is in week 2: {PROGRAMME.week(2).title}" in late
            await to(datetime(2026, 3, 31, 12, tzinfo=UTC), ana, ben)

            await does(agnes, "/cohorts")
            assert "Ward 4, spring: week 4; fewer than five joined" in agnes.person.messages[-1].text
            await does(ana, "/cohorts")
            assert "do not know" in ana.person.messages[-1].text
            assert server.refusals == []
    mornings_of_ana, mornings_of_ben = at_eight(ana, "Europe/Madrid"), at_eight(ben, "Pacific/Auckland")
    assert mornings_of_ana[0][0] == MONDAY
    assert mornings_of_ben[0][0] == date(2026, 3, 19)
    for mornings in (mornings_of_ana, mornings_of_ben):
        assert any(on == date(2026, 3, 23) and THEMES[3] in text for on, text in mornings)
        assert any(on == date(2026, 3, 30) and THEMES[4] in text for on, text in mornings)
    assert not any(THEMES[1] in text or THEMES[2] in text for _, text in mornings_of_ben)
    assert product.tells("Ward 4", "Agnes", str(OWNER), link[0].partition("=")[2]) == []


async def test_a_facilitator_gets_a_finished_week_as_a_picture_with_its_words(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = settings_of(server, OWNERS=f"telegram:{OWNER}")
        async with Running(tmp_path, settings) as product:
            agnes = robot(server, product, OWNER, "Agnes")
            await does(agnes, "/cohorts", "Make a new group", "Ward 4", "Europe/Madrid", "Next Monday")
            await does(agnes, "Together, in the same week", "Agnes", "Make this group")
            link = re.search(r"https://t\.me/\w+\?start=[\w-]{22}", agnes.person.messages[-1].text)
            assert link is not None
            for number in range(9):
                await joins(robot(server, product, 10 + number, f"N{number}"), link[0], "Europe/Madrid")
            await product.move(datetime(2026, 3, 17, 12, tzinfo=UTC).isoformat())
            await does(agnes, "/pulse")
            shown = agnes.person.messages[-1]
            assert shown.kind == "photo"
            assert shown.text.startswith("Ward 4, the week from Monday 9 March: at least 5 people are counted.")
            assert "practised at least once: fewer than five" in shown.text
            assert server.refusals == []
