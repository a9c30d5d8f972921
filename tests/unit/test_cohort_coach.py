"""Cohorts through the whole coach, on the store in memory: roles, links, the audit, and what stays unseen."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bot.coach import Coach
from bot.cohorts.acts import carry_out
from bot.cohorts.desk import FrontDesk
from bot.cohorts.model import Act, Actor
from bot.conversations import words
from bot.errors import NotAllowedError
from bot.model import ChoiceMade, Decided, Incoming, MessageReceived, Origin, Participant, Reply
from bot.ports import Saved
from bot.storage.memory import MemoryStore
from curriculum.loader import Library
from prompts.markup import plain
from prompts.renderer import Prompts
from tests.people import SmallGazetteer

BOT = "telegram:1"
OWNER = "4815162342"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONBOARDING = ("I agree", "Bo", "Madrid", "8:00", "20:00", "no")


@dataclass
class Hours:
    """A clock that is moved by hand."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


@dataclass
class House:
    """A coach with its store; `said` is what somebody was told last."""

    owners: frozenset[str] = frozenset({f"telegram:{OWNER}"})
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: Hours = field(default_factory=Hours)
    keys: count[int] = field(default_factory=count)
    front_name: str = "N"  # what the platform calls everybody, before their number; empty for none

    def __post_init__(self) -> None:
        self.coach = self.opened(self.owners)

    def opened(self, owners: frozenset[str]) -> Coach:
        return Coach(
            self.store,
            curriculum=Library(),
            renderer=Prompts(),
            clock=self.clock,
            gazetteer=SmallGazetteer(),
            screen=lambda _: None,
            help_lines=lambda _: {},
            programme="compassion",
            installations=(BOT,),
            committed=lambda _: None,
            front_desk=FrontDesk(owners, lambda _: "https://t.me/coach?start="),
        )

    async def says(self, who: str, *texts: str) -> str:
        """Writes one after another; what was answered to the last."""
        before = 0
        for text in texts:
            before = len(self.store._data.outbox)
            one = Incoming(
                Origin(BOT, who),
                str(next(self.keys)),
                MessageReceived(text),
                first_name=self.front_name and f"{self.front_name}{who}",
            )
            await self.coach.receive([one])
        rows = list(self.store._data.outbox.values())[before:]
        mine = [row.out.reply for row in rows if self.store._data.addresses[row.out.address].origin.platform_id == who]
        return "\n".join(plain(reply.text) for reply in mine if reply.act == "message")

    async def taps(self, who: str, choice: str) -> str:
        """Taps a button of the latest message that has it."""
        rows = [row.out for row in self.store._data.outbox.values()]
        offered = [out.reply for out in rows if self.store._data.addresses[out.address].origin.platform_id == who]
        asked = next(asked for reply in reversed(offered) if (asked := number(reply, choice)) is not None)
        before = len(rows)
        await self.coach.receive([Incoming(Origin(BOT, who), str(next(self.keys)), ChoiceMade(choice, asked))])
        later = list(self.store._data.outbox.values())[before:]
        return "\n".join(plain(row.out.reply.text) for row in later if row.out.reply.act == "message")

    async def person(self, who: str) -> Participant:
        async with self.store.reading() as queries:
            person = await queries.participant(await queries.person_at(Origin(BOT, who)) or "")
            assert person is not None
            return person

    async def cohort(self) -> str:
        """An owner makes one; its code."""
        await self.says(OWNER, "/cohorts")
        await self.taps(OWNER, "new_cohort")
        await self.says(OWNER, "Ward 4", "Madrid", "9 March", "together", "Agnes")
        return code_in(await self.says(OWNER, "yes"))

    async def facilitator(self, who: str) -> None:
        """The owner makes them one."""
        await self.says(OWNER, "/facilitators")
        await self.taps(OWNER, "invite_one")
        await self.says(who, f"/start {code_in(await self.says(OWNER, 'yes'))}")


def number(reply: Reply, choice: str) -> int | None:
    """The number of the question that has this button."""
    found = (button.data.partition(":") for row in reply.rows for button in row)
    return next((int(asked) for asked, _, data in found if data == choice), None)


def code_in(text: str) -> str:
    """The code that was handed out."""
    found = re.search(r"/join (\S+)", text)
    assert found, text
    assert f"https://t.me/coach?start={found[1]}" in text
    return found[1]


async def test_an_owner_is_known_by_the_setting_alone_and_no_more_when_it_changes() -> None:
    house = House()
    assert "group" in await house.says(OWNER, "/cohorts")
    assert "do not know" in await house.says("7", "/cohorts")
    house.coach = house.opened(frozenset())
    assert "do not know" in await house.says(OWNER, "/cohorts")
    assert (await house.person(OWNER)).roles == frozenset()


async def test_a_code_has_128_bits_and_fits_into_a_link() -> None:
    codes = {FrontDesk().token() for _ in range(100)}
    assert len(codes) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", code) for code in codes)


async def test_people_join_by_the_code_and_are_counted_from_five_on() -> None:
    house = House()
    code = await house.cohort()
    for number_ in range(4):
        answer = await house.says(f"9{number_}", f"/start {code}", *ONBOARDING)
        assert "You are in Ward 4 now" in answer
    assert "fewer than five joined" in await house.says(OWNER, "/cohorts")
    await house.says("94", f"/join {code}", *ONBOARDING)
    assert "at least 5 joined" in await house.says(OWNER, "/cohorts")
    await house.says("95", f"/join {code}", *ONBOARDING)
    assert "at least 5 joined" in await house.says(OWNER, "/cohorts")
    await house.says("95", "/leave", "alone")
    await house.says("94", "/leave", "alone")
    assert "fewer than five joined" in await house.says(OWNER, "/cohorts")


async def test_a_removed_facilitator_loses_access_at_once() -> None:
    house = House()
    await house.facilitator("7")
    assert "group" in await house.says("7", "/cohorts")
    seven = (await house.person("7")).id
    await house.says(OWNER, "/facilitators")
    await house.taps(OWNER, "remove_one")
    await house.taps(OWNER, seven)
    await house.says(OWNER, "yes")
    assert "earlier moment" in await house.taps("7", "new_cohort")
    assert "do not know" in await house.says("7", "/cohorts")
    assert (await house.person("7")).roles == frozenset()


async def test_no_group_says_any_longer_that_somebody_leads_it_who_was_removed() -> None:
    house = House()
    await house.facilitator("7")
    await house.says("7", "/cohorts")
    await house.taps("7", "new_cohort")
    await house.says("7", "Ward 4", "Madrid", "9 March", "together", "Sister Agnes")
    code = code_in(await house.says("7", "yes"))
    assert "Ward 4, led by Sister Agnes." in await house.says("8", f"/start {code}")
    await house.says(OWNER, "/facilitators")
    await house.taps(OWNER, "remove_one")
    await house.taps(OWNER, (await house.person("7")).id)
    await house.says(OWNER, "yes")
    assert "in the group Ward 4. It begins" in await house.says("9", f"/start {code}")
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, next(iter(house.store._data.cohorts)))
    assert "read no name of who leads it" in await house.taps(OWNER, "change_host")
    await house.says(OWNER, "Kat")
    assert "in the group Ward 4, led by Kat. It begins" in await house.says("10", f"/start {code}")
    assert "changed the name of who leads Ward 4" in await house.says(OWNER, "/audit")


async def test_a_facilitator_sees_their_own_cohorts_and_no_others() -> None:
    house = House()
    await house.cohort()
    await house.facilitator("7")
    assert "There is no group yet" in await house.says("7", "/cohorts")


async def test_a_single_use_invitation_makes_one_facilitator_and_ends_after_a_week() -> None:
    house = House()
    await house.facilitator("7")
    await house.says(OWNER, "/facilitators")
    await house.taps(OWNER, "invite_one")
    code = code_in(await house.says(OWNER, "yes"))
    assert "facilitator here" in await house.says("8", f"/start {code}")
    assert "does not open" in await house.says("9", f"/start {code}")
    await house.says(OWNER, "/facilitators")
    await house.taps(OWNER, "invite_one")
    late = code_in(await house.says(OWNER, "yes"))
    house.clock.at += timedelta(days=7)
    assert "does not open" in await house.says("9", f"/start {late}")


async def test_a_renewed_link_ends_the_old_one() -> None:
    house = House()
    old = await house.cohort()
    async with house.store.writing() as work:
        (cohort,) = await work.cohorts.ids()
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, cohort)
    await house.taps(OWNER, "renew_link")
    new = code_in(await house.says(OWNER, "yes"))
    assert "does not open" in await house.says("7", f"/start {old}")
    assert "Ward 4" in await house.says("8", f"/start {new}")


async def test_the_audit_tells_who_did_what_and_not_who_joined() -> None:
    house = House()
    code = await house.cohort()
    await house.facilitator("7")
    await house.says("8", f"/start {code}", *ONBOARDING)
    told = await house.says(OWNER, "/audit")
    assert [line for line in told.splitlines() if "12:00" in line or "13:00" in line][::-1] == [
        "• Monday 2 March, 13:00: N4815162342 made the group Ward 4.",
        "• Monday 2 March, 13:00: N4815162342 made an invitation for a facilitator.",
        "• Monday 2 March, 13:00: N7 became a facilitator.",
    ]
    async with house.store.writing() as work:
        lines = await work.cohorts.audit(50)
    personal = ("Ward", "N7", "N8", OWNER, code)
    words = [str(value) for line in lines for value in astuple(line)]  # random ids may hold "N7" by chance
    assert not any(word in value for value in words for word in personal if " " in value or len(word) > 2)
    assert not set(personal) & set(words)


async def test_in_the_audit_somebody_without_a_name_is_not_somebody_gone() -> None:
    house = House()
    await house.cohort()
    async with house.store.writing() as work:
        person = await house.person(OWNER)
        known = (await work.load([person.id]))[person.id]
        await work.save([Saved(replace(person, name=""), None, known.revision)])
    house.front_name = ""
    told = await house.says(OWNER, "/audit")
    assert f"{person.id[:6]} made the group Ward 4" in told


async def test_guessing_is_stopped_after_five_tries_within_an_hour() -> None:
    house = House()
    code = await house.cohort()
    for wrong in range(5):
        assert "does not open" in await house.says("7", f"/join wrong{wrong}")
    assert "rest from them" in await house.says("7", f"/join {code}")
    house.clock.at += timedelta(hours=1, seconds=1)
    assert "Ward 4" in await house.says("7", f"/join {code}")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/start abc", "abc"),
        ("/join@our_bot  abc more", "abc"),
        ("/START abc", "abc"),
        ("/start", None),
        ("/journal abc", None),
        ("start abc", None),
        ("I join abc", None),
        ("", None),
    ],
)
def test_a_code_stands_behind_start_and_join_alone(text: str, code: str | None) -> None:
    assert words.code_in(text) == code


async def test_an_update_that_comes_twice_makes_one_cohort() -> None:
    house = House()
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, "new_cohort")
    await house.says(OWNER, "Ward 4", "Madrid", "9 March", "together", "Agnes")
    made = Incoming(Origin(BOT, OWNER), "the same", MessageReceived("yes"))
    await house.coach.receive([made])
    await house.coach.receive([made])
    async with house.store.writing() as work:
        assert len(await work.cohorts.ids()) == 1


@pytest.mark.parametrize("act", [Act.CREATE, Act.INVITE, Act.REMOVE, Act.CLOSE, Act.OPEN, Act.REVOKE])
async def test_what_may_not_be_done_is_refused_even_if_it_was_decided(act: Act) -> None:
    house = House()
    await house.cohort()
    async with house.store.writing() as work:
        (cohort,) = await work.cohorts.ids()
        before = await work.cohorts.load([cohort])
        with pytest.raises(NotAllowedError):
            await carry_out(Decided(act, cohort, {"code": "x", "until": None}), Actor("me"), work.cohorts, NOON)
        assert await work.cohorts.load([cohort]) == before


async def test_the_tap_of_somebody_who_joins_a_second_time_changes_nothing() -> None:
    house = House()
    code = await house.cohort()
    await house.says("7", f"/start {code}", *ONBOARDING)
    seven = await house.person("7")
    assert "already" in await house.says("7", f"/start {code}")
    assert replace(await house.person("7"), heard=seven.heard, history=seven.history) == seven


@pytest.mark.parametrize(
    ("setting", "installation", "platform_id", "owns"),
    [
        ("telegram:7", "telegram:123456", "7", True),
        ("telegram:7", "telegram:123456", "77", False),
        ("telegram:7", "web", "7", False),
        ("slack:T1/U1", "slack:T1", "U1", True),
        ("slack:T1/U1", "slack:T2", "U1", False),
        ("web:*", "web", "whoever", True),
        ("web:*", "telegram:123456", "7", False),
    ],
)
def test_an_owner_is_who_the_setting_names(setting: str, installation: str, platform_id: str, owns: bool) -> None:
    assert FrontDesk(frozenset({setting})).owns(Origin(installation, platform_id)) is owns
