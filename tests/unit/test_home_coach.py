"""A group at home in a channel, through the whole coach: set up, joined, shared with, lost, left, and never counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.cohorts import homes
from bot.cohorts.model import Act
from bot.errors import NotAllowedError
from bot.model import Changed, Decided, Incoming, Journey, MessageReceived, Origin, Outgoing, Participant, State
from bot.ports import Known
from prompts.markup import plain
from tests.unit.test_cohort_coach import BOT, ONBOARDING, OWNER, Hours, House, code_in, number

CHANNEL = "-100200300"
SECRET = "the rain on the roof of the ward"


class Channel(House):
    """A house with a channel in which people write commands."""

    async def calls(self, who: str, text: str, chat: str = CHANNEL) -> str:
        """Writes a command in the channel; what they were answered in private."""
        before = len(self.rows())
        await self.comes(who, MessageReceived(text, chat=chat))
        return "\n".join(plain(out.reply.text) for out in self.rows()[before:] if self.platform_id(out) == who)

    async def comes(self, who: str, given: MessageReceived | Changed) -> None:
        await self.coach.receive([Incoming(Origin(BOT, who), str(next(self.keys)), given)])

    async def settles(self, *, thread: str = "18:00", who: str = "anybody_here") -> str:
        """The owner makes a group that is at home in the channel; its code."""
        await self.calls(OWNER, "/cohort")
        await self.taps(OWNER, "new_cohort")
        await self.says(OWNER, "Ward 4", "Madrid", "9 March", "together", "Agnes")
        await self.taps(OWNER, "08:00")
        await self.taps(OWNER, "none")
        await self.taps(OWNER, thread)
        await self.taps(OWNER, who)
        await self.taps(OWNER, "post_it")
        cohorts = self.store._data.cohorts
        return next(iter(cohorts.values())).cohort.code

    async def member(self, who: str, code: str) -> None:
        """Somebody joins in private."""
        await self.says(who, f"/start {code}", *ONBOARDING)

    async def passes(self, until: datetime) -> None:
        """Every alarm until then rings."""
        while True:
            wakes = [one.wake_at for one in self.people() if one.wake_at and one.participant.reachable]
            due = min((at for at in wakes if at <= until), default=None)
            if due is None:
                break
            self.clock.at = max(self.clock.at, due)
            await self.coach.wake()
        self.clock.at = until

    def people(self) -> list[Known]:
        return list(self.store._data.people.values())

    def rows(self) -> list[Outgoing]:
        return [row.out for row in self.store._data.outbox.values()]

    def platform_id(self, out: Outgoing) -> str:
        return self.store._data.addresses[out.address].origin.platform_id

    def posted(self, act: str = "message") -> list[Outgoing]:
        """What went to the channel."""
        return [out for out in self.rows() if self.platform_id(out) == CHANNEL and out.reply.act == act]

    def told(self, who: str) -> str:
        """The last that somebody read."""
        mine = [out for out in self.rows() if self.platform_id(out) == who and out.reply.act == "message"]
        return plain(mine[-1].reply.text)

    @property
    def home(self) -> Participant:
        return next(one.participant for one in self.people() if one.participant.home_of)


@pytest.fixture
def house() -> Channel:
    return Channel(clock=Hours(datetime(2026, 3, 2, 12, tzinfo=UTC)))


def at(text: str) -> datetime:
    """A wall time in Madrid, in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=1)


async def test_a_group_is_set_up_in_private_and_the_channel_gets_one_message(house: Channel) -> None:
    code = await house.settles()
    (invitation,) = house.posted()
    assert "Ward 4" in plain(invitation.reply.text)
    assert code in plain(invitation.reply.text)
    assert house.home.pinned == ""
    assert "Ward 4" in house.told(OWNER)


async def test_whoever_leads_nothing_hears_so_and_the_channel_hears_nothing(house: Channel) -> None:
    assert "You do not lead groups here" in await house.calls("7", "/cohort")
    assert house.posted() == []
    assert all(out.reply.act != "message" or "-100" not in house.platform_id(out) for out in house.rows())


async def test_who_joins_from_the_channel_is_asked_in_private_and_not_posted(house: Channel) -> None:
    code = await house.settles()
    await house.calls("7", f"/join {code}")
    assert (await house.person("7")).journey.state is State.CONSENTING
    await house.says("7", *ONBOARDING)
    assert (await house.person("7")).cohort == house.home.home_of
    assert len(house.posted()) == 1


async def test_a_closed_link_gets_one_kind_sentence_and_the_channel_shows_no_way_in(house: Channel) -> None:
    code = await house.settles()
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, house.home.home_of)
    await house.taps(OWNER, "revoke_link")
    await house.taps(OWNER, "yes")
    (edit,) = house.posted("edit")
    assert code not in plain(edit.reply.text)
    assert "does not open a group now" in await house.calls("7", f"/join {code}")
    assert len(house.posted()) == 1


async def test_a_day_of_the_channel_brings_theme_and_thread_and_a_share_into_it(house: Channel) -> None:
    await house.member("7", await house.settles())
    await house.passes(at("2026-03-09T19:00"))
    theme, thread = house.posted()[1:]
    assert [theme.reply.prompt, thread.reply.prompt] == ["gathering/theme", "gathering/thread"]
    assert [out.reply.of for out in house.posted("pin")] == [theme.dedup]
    await house.says("7", "/gratitude", SECRET)
    assert SECRET not in "".join(plain(out.reply.text) for out in house.posted())
    await house.taps("7", "share_it")
    await house.taps("7", "without_name")
    share = house.posted()[-1]
    assert SECRET in plain(share.reply.text)
    assert "N7" not in plain(share.reply.text)
    assert share.reply.of == thread.dedup
    assert (await house.person("7")).id not in (share.dedup or "")
    assert len([out for out in house.posted() if out.reply.prompt == "gathering/thread"]) == 1
    await house.taps("7", "take_back")
    assert [out.reply.of for out in house.posted("delete")] == [share.dedup]


async def test_while_the_channel_is_lost_nobody_is_asked_whether_to_share(house: Channel) -> None:
    await house.member("7", await house.settles())
    await house.passes(at("2026-03-09T19:00"))
    await house.comes(CHANNEL, Changed("kicked"))
    await house.says("7", "/gratitude", SECRET)
    said = [out.reply.prompt for out in house.rows()]
    assert "gratitude/kept" in said
    assert "sharing/offer" not in said


async def test_a_lost_channel_is_told_once_to_those_who_lead_and_comes_back_without_a_pile(house: Channel) -> None:
    await house.settles()
    await house.passes(at("2026-03-09T12:00"))
    before = len(house.posted())
    await house.comes(CHANNEL, Changed("kicked", "archived"))
    await house.comes(CHANNEL, Changed("kicked", "removed"))
    lost = [out for out in house.rows() if out.reply.prompt == "gathering/lost"]
    assert [house.platform_id(out) for out in lost] == [OWNER]
    assert not house.home.reachable
    await house.passes(at("2026-03-12T12:00"))
    await house.comes(CHANNEL, Changed("came_back", "unarchived"))
    assert len(house.posted()) == before
    await house.passes(at("2026-03-12T18:00"))
    assert [out.reply.prompt for out in house.posted()[before:]] == ["gathering/thread"]


async def test_a_loss_that_no_event_told_of_is_told_when_they_next_write_and_once(house: Channel) -> None:
    await house.settles()
    async with house.store.writing() as work:
        await work.reach(house.home.address, False)
    await house.says(OWNER, "/help")
    await house.says(OWNER, "/help")
    assert len([out for out in house.rows() if out.reply.prompt == "gathering/lost"]) == 1


async def test_a_loss_at_night_is_told_in_the_morning(house: Channel) -> None:
    await house.settles()
    await house.passes(at("2026-03-03T02:00"))
    await house.comes(CHANNEL, Changed("kicked", "removed"))
    (lost,) = [out for out in house.rows() if out.reply.prompt == "gathering/lost"]
    assert lost.due_at == at("2026-03-03T07:00")


async def test_a_member_who_leaves_the_channel_is_asked_in_private(house: Channel) -> None:
    await house.member("7", await house.settles())
    await house.comes("7", Changed("left", "-1"))
    await house.comes("8", Changed("left", CHANNEL))
    assert "no longer in the chat" not in house.told("7")
    await house.comes("7", Changed("left", CHANNEL))
    assert "no longer in the chat of Ward 4" in house.told("7")
    await house.taps("7", "go_alone")
    assert (await house.person("7")).cohort == ""


async def test_a_group_that_becomes_a_supergroup_keeps_its_home(house: Channel) -> None:
    await house.settles()
    home = house.home.id
    await house.comes(CHANNEL, Changed("moved", "-100999"))
    await house.passes(at("2026-03-09T08:00"))
    theme = next(out for out in house.rows() if out.reply.prompt == "gathering/theme")
    assert house.platform_id(theme) == "-100999"
    assert house.home.id == home


async def test_closing_the_group_says_goodbye_in_the_channel_and_ends_its_posts(house: Channel) -> None:
    await house.settles()
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, house.home.home_of)
    await house.taps(OWNER, "close_cohort")
    await house.taps(OWNER, "yes")
    assert house.posted()[-1].reply.prompt == "gathering/goodbye"
    await house.passes(at("2026-03-20T08:00"))
    assert house.posted()[-1].reply.prompt == "gathering/goodbye"


async def test_a_channel_is_home_to_one_group_only(house: Channel) -> None:
    await house.settles()
    assert "at home in that chat already" in await house.calls(OWNER, "/cohort")


async def test_two_who_settle_in_one_channel_at_once_do_not_both(house: Channel) -> None:
    await house.settles()
    home = house.home
    async with house.store.writing() as work:
        with pytest.raises(NotAllowedError):
            await homes.concerned(work, Decided(Act.SETTLE, "another", {"home": home.id}))


async def test_the_channel_is_nobody_no_member_no_recipient_and_no_figure(house: Channel) -> None:
    await house.member("7", await house.settles())
    home = house.home
    async with house.store.writing() as work:
        cohorts = work.cohorts
        assert await cohorts.sizes([home.home_of]) == {home.home_of: 1}
        assert home.id not in await cohorts.broadcasts.members([home.home_of], "", 100)
        assert home.id not in {who.id for who, _ in await cohorts.broadcasts.census([home.home_of])}
        walkers = await cohorts.walkers(home.home_of, at("2026-03-02T12:00").date(), at("2026-04-02T12:00").date())
        assert home.id not in {one.person.id for one in walkers}
        assert not await cohorts.roles(home.id)
        assert await cohorts.membership(home.id) is None
    assert home.journey == Journey()
    assert not any(entry.person == home.id for entry in house.store._data.entries.values())


async def test_a_link_that_is_made_anew_is_the_one_that_the_channel_shows(house: Channel) -> None:
    await house.settles()
    await house.says(OWNER, "/cohorts")
    await house.taps(OWNER, house.home.home_of)
    await house.taps(OWNER, "renew_link")
    code = code_in(await house.says(OWNER, "yes"))
    (edit,) = house.posted("edit")
    assert code in plain(edit.reply.text)
    assert number(edit.reply, "join_here") is None
