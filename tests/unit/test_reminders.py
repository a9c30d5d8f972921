"""Those who opened an invitation and have not joined: one text of ours, once a week at most, to five or more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.cohorts.acts import carry_out
from bot.cohorts.broadcasts import Broadcast, Head, Segment
from bot.cohorts.model import Act, Actor
from bot.cohorts.waiting import KEPT
from bot.errors import NotAllowedError
from bot.model import Changed, Decided, Incoming, Origin
from prompts.markup import plain
from tests.unit.test_broadcasts import composed, kept, tally
from tests.unit.test_cohort_coach import BOT, ONBOARDING, OWNER, House

A_WEEK = timedelta(days=7)
GUESTS = [f"guest {number}" for number in range(6)]


async def invited(count: int = 6) -> House:
    """An owner's cohort, whose invitation so many people opened; they read the consent and went no further."""
    house = House()
    code = await house.cohort()
    for guest in GUESTS[:count]:
        await house.says(guest, f"/start {code}")
    return house


async def reminded(house: House, *, new: bool = False) -> str:
    """The owner writes to those who have not joined yet; what was answered."""
    await house.says(OWNER, "/broadcast")
    if new:
        await house.taps(OWNER, "new_broadcast")
    await house.says(OWNER, "My own words.")
    await house.taps(OWNER, "use_it")
    answer = await house.taps(OWNER, "not_yet_joined")
    return f"{answer}\n{await house.taps(OWNER, 'send_it')}" if "Shall I send it" in answer else answer


async def test_they_get_the_one_text_by_the_clocks_of_the_group() -> None:
    house = await invited()
    assert "To Ward 4: those who opened the invitation and have not joined." in await reminded(house)
    outgoing = await composed(house)
    assert len({one.address for one in outgoing}) == len(outgoing) == 6
    [text] = {plain(one.reply.text) for one in outgoing}
    assert text.startswith("You opened an invitation to the group Ward 4, led by Agnes. It begins on Monday 9 March.")
    assert "My own words" not in text
    assert await composed(house) == outgoing
    assert {one.expires_at for one in outgoing} == {datetime(2026, 3, 2, 21, tzinfo=UTC)}  # 22:00 in Madrid


async def test_who_joined_stopped_or_cannot_be_reached_is_not_reminded() -> None:
    house = await invited()
    await reminded(house)
    await house.says(GUESTS[0], *ONBOARDING)
    await house.says(GUESTS[1], "/stop", "yes")
    await house.coach.receive([Incoming(Origin(BOT, GUESTS[2]), "gone", Changed("blocked"))])
    states = [(await house.person(guest)).journey.state.value for guest in GUESTS[:3]]
    assert states == ["active", "withdrawn", "consenting"]
    assert await composed(house) == []  # fewer than five are left
    [broadcast] = await kept(house)
    async with house.store.writing() as work:
        assert (await work.cohorts.broadcasts.load([broadcast]))[broadcast].broadcast.stage == "cancelled"


async def test_fewer_than_five_are_never_reminded() -> None:
    house = await invited(4)
    assert "Shall I send it" not in await reminded(house)
    assert await kept(house) == []


async def test_a_cohort_reminds_once_a_week_whoever_asks() -> None:
    house = await invited()
    await reminded(house)
    await composed(house)
    assert "Once a week is the most" in await reminded(house, new=True)
    async with house.store.writing() as work:
        [cohort] = await work.cohorts.ids()
        owner = Actor("owner", frozenset({"owner"}))
        again = Broadcast("again", (cohort,), "Ward 4", Segment("not_joined"), "owner", house.clock.at)
        with pytest.raises(NotAllowedError):
            await carry_out(Decided(Act.BROADCAST, cohort, {"broadcast": again}), owner, work.cohorts, house.clock.at)
    house.clock.at += A_WEEK
    assert "Shall I send it" in await reminded(house, new=True)
    await composed(house)
    first, *_ = await kept(house)
    assert (await tally(house, first)).waiting == 6


async def test_whoever_joins_while_it_waits_does_not_get_it() -> None:
    house = await invited()
    await reminded(house)
    before = await composed(house)
    await house.says(GUESTS[0], "/stop", "yes")
    assert (await tally(house, (await kept(house))[0])).waiting == len(before) - 1


async def test_an_invitation_that_ended_reminds_nobody() -> None:
    house = await invited()
    async with house.store.writing() as work:
        [cohort] = await work.cohorts.ids()
        await work.cohorts.revoke(cohort, house.clock.at)
    assert "Shall I send it" not in await reminded(house)


async def test_opening_an_invitation_twice_is_remembered_once_and_only_the_latest_are() -> None:
    house = await invited(1)
    async with house.store.writing() as work:
        [cohort] = await work.cohorts.ids()
        for number in range(KEPT + 1):
            guest = Actor(f"{number % KEPT}")
            await carry_out(Decided(Act.KNOCK, cohort), guest, work.cohorts, house.clock.at)
        known = (await work.cohorts.look([cohort]))[cohort].cohort
    assert len(known.knocking) == len(set(known.knocking)) == KEPT
    assert known.starts_on == date(2026, 3, 9)


@pytest.mark.parametrize("kind", ["everybody", "week", "active", "silent"])
def test_no_other_message_reaches_them(kind: str) -> None:
    assert not Head("ward4", 0, 0, BOT, joined=False).within(Segment(kind))  # type: ignore[arg-type]
    assert not Head("ward4", 0, 0, BOT).within(Segment("not_joined"))
