"""Partners through the whole coach, on the store in memory: eight weeks of rounds, and what each of them hears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from bot.cohorts.meetings import MeetingRow
from bot.model import ChoiceMade, Incoming, Kind, MessageReceived, Origin, Outgoing, Pairing
from bot.ports import Saved
from prompts.markup import plain
from tests.unit.test_cohort_coach import BOT, NOON, ONBOARDING, OWNER, House, number

FIRST_ROUND = datetime(2026, 3, 10, 11, tzinfo=UTC)  # Tuesday of week 1 in Madrid, at noon
A_WEEK = timedelta(days=7)


@dataclass
class Ward(House):
    """A house with one group of so many people who agreed to be paired."""

    async def fill(self, names: Sequence[str], *, wanted: bool = True) -> None:
        """These people join, and pairs are switched on."""
        code = await self.cohort()
        for name in names:
            agree, _, *rest = ONBOARDING
            await self.says(name, f"/start {code}", agree, f"N{name}", *rest)
            if wanted:
                await self.change(name, wanted=True)
        await self.pairs()

    async def pairs(self) -> None:
        """The owner switches pairs on: day 2, at noon."""
        await self.says(OWNER, "/pairs")
        await self.taps(OWNER, "pairs_on")
        await self.taps(OWNER, "2")
        await self.taps(OWNER, "12:00")
        assert "Tuesday 10 March" in await self.says(OWNER, "yes")

    async def change(self, who: str, **changes: object) -> None:
        """Changes what somebody wants of meeting a partner."""
        async with self.store.writing() as work:
            id_ = (await work.persons([Origin(BOT, who)]))[Origin(BOT, who)]
            known = (await work.load([id_]))[id_]
            pairing: Pairing = replace(known.participant.pairing, **changes)  # type: ignore[arg-type]
            await work.save([Saved(replace(known.participant, pairing=pairing), known.wake_at, known.revision)])

    async def until(self, at: datetime) -> None:
        """Time passes, and every alarm rings when it is due."""
        while True:
            while await self.coach.wake():
                pass
            async with self.store.reading() as queries:
                ahead = await queries.next_wake(self.clock.at)
            if ahead is None or ahead > at:
                break
            self.clock.at = ahead
        self.clock.at = at

    async def rows(self) -> Sequence[MeetingRow]:
        """Who met whom, by what the platform calls them."""
        async with self.store.writing() as work:
            (cohort,) = await work.cohorts.ids()
            rows = await work.cohorts.meetings.rows(cohort)
            people = {one.person: one.origin.platform_id for one in self.store._data.addresses.values()}
            return [replace(row, person=people[row.person]) for row in rows]

    async def groups(self, week: int) -> list[list[str]]:
        """Who met in a round."""
        found: dict[str, list[str]] = {}
        for row in await self.rows():
            if row.week == week:
                found.setdefault(row.meeting, []).append(row.person)
        return sorted(sorted(group) for group in found.values() if len(group) > 1)

    def told(self, who: str, prompt: str) -> list[Outgoing]:
        """What somebody heard by this prompt."""
        rows = [row.out for row in self.store._data.outbox.values()]
        mine = [out for out in rows if self.store._data.addresses[out.address].origin.platform_id == who]
        return [out for out in mine if out.reply.prompt == prompt]

    async def answers(self, who: str, choice: str) -> None:
        """Taps a button of the latest message that has it."""
        await self.taps(who, choice)

    async def commands(self, who: str, command: str) -> None:
        """Taps a button that is a command."""
        await self.coach.receive([Incoming(Origin(BOT, who), str(next(self.keys)), MessageReceived(command))])


def twos(groups: Sequence[Sequence[str]]) -> list[frozenset[str]]:
    """Every two who met."""
    return [frozenset(two) for group in groups for two in combinations(group, 2)]


async def test_in_eight_weeks_nobody_meets_the_same_partner_twice_while_another_is_possible() -> None:
    ward = Ward()
    names = [str(number) for number in range(1, 17)]  # so many that somebody new is left for all of them (Dirac)
    await ward.fill(names)
    met: list[frozenset[str]] = []
    for week in range(1, 9):
        await ward.until(FIRST_ROUND + (week - 1) * A_WEEK + timedelta(hours=1))
        groups = await ward.groups(week)
        assert [len(group) for group in groups] == [2] * 8
        assert sorted(name for group in groups for name in group) == sorted(names)
        met += twos(groups)
        for name in names:
            assert len(ward.told(name, "partner/meet")) == week
            await ward.change(name, met="heard")  # a sign, so that they are matched again
    assert len(set(met)) == len(met) == 64


async def test_an_odd_number_makes_one_triad_and_all_three_hear_of_both_others() -> None:
    ward = Ward()
    await ward.fill(["1", "2", "3"])
    await ward.until(FIRST_ROUND + timedelta(hours=1))
    assert await ward.groups(1) == [["1", "2", "3"]]
    for name in "123":
        (told,) = ward.told(name, "partner/meet")
        others = [f"N{other}" for other in "123" if other != name]
        assert all(other in plain(told.reply.text) for other in others)
        assert told.due_at == FIRST_ROUND


async def test_who_sits_out_or_has_not_agreed_is_not_paired_and_is_back_in_the_next_round() -> None:
    ward = Ward()
    await ward.fill(["1", "2", "3"])
    await ward.change("3", wanted=None)
    assert "rest in the next round" in await sits_out(ward, "2")
    await ward.until(FIRST_ROUND + timedelta(hours=1))
    assert await ward.groups(1) == []
    assert [len(ward.told(name, "partner/nobody_free")) for name in "123"] == [1, 0, 0]
    await ward.until(FIRST_ROUND + A_WEEK + timedelta(hours=1))
    assert await ward.groups(2) == [["1", "2"]]


async def sits_out(ward: Ward, who: str) -> str:
    await ward.says(who, "/partner")
    return await ward.taps(who, "sit_out")


async def test_nobody_is_ever_paired_with_somebody_on_their_private_list() -> None:
    ward = Ward()
    await ward.fill(["1", "2", "3", "4"])
    first = (await ward.person("1")).id
    await ward.change("2", never_with=frozenset({first}))
    for week in range(1, 5):
        await ward.until(FIRST_ROUND + (week - 1) * A_WEEK + timedelta(hours=1))
        assert frozenset({"1", "2"}) not in twos(await ward.groups(week))
        for name in "1234":
            await ward.change(name, met="heard")


async def test_after_two_silent_rounds_somebody_is_asked_rather_than_matched() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + A_WEEK + timedelta(hours=1))
    assert await ward.groups(2) == [["1", "2"]]
    await ward.change("2", met="yes")
    await ward.until(FIRST_ROUND + 2 * A_WEEK + timedelta(hours=1))
    assert await ward.groups(3) == []
    assert [len(ward.told(name, "partner/go_on")) for name in "12"] == [1, 0]
    assert "go on pairing you" in await ward.says("1", "/partner")
    assert "new as long" in await ward.taps("1", "pair_me")
    await ward.until(FIRST_ROUND + 3 * A_WEEK + timedelta(hours=1))
    assert await ward.groups(4) == [["1", "2"]]


async def test_before_the_first_round_everybody_is_asked_once_and_no_means_no() -> None:
    ward = Ward()
    await ward.fill(["1", "2", "3"], wanted=False)
    await ward.until(FIRST_ROUND - timedelta(hours=23))
    assert [len(ward.told(name, "partner/wanted")) for name in "123"] == [1, 1, 1]
    for name in "12":
        await ward.taps(name, "pair_me")
        await ward.taps(name, "by_coach")
    await ward.taps("3", "no_pairs")
    await ward.until(FIRST_ROUND + A_WEEK)
    assert await ward.groups(1) == [["1", "2"]]
    assert [len(ward.told(name, "partner/wanted")) for name in "123"] == [1, 1, 1]
    assert "Would you like a partner" in await ward.says("3", "/partner")


async def test_words_go_through_the_coach_after_the_quiet_hours_and_are_kept_nowhere() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + timedelta(hours=11, minutes=30))  # half past eleven at night
    assert " N2." in await ward.says("1", "/tell Thursday at *four*?")
    (passed,) = ward.told("2", "partner/passed")
    assert passed.due_at == datetime(2026, 3, 11, 6, tzinfo=UTC)
    assert plain(passed.reply.text).endswith("Thursday at *four*?")
    assert {button.data for row in passed.reply.rows for button in row} == {"/tell", "/hush"}
    async with ward.store.reading() as queries:
        kept = [await queries.entries((await ward.person(who)).id) for who in "12"]
    assert not any("Thursday" in entry.text for entries in kept for entry in entries)
    await ward.commands("2", "/hush")
    assert "cannot pass" in await ward.says("1", "/tell Or Friday?")
    assert len(ward.told("2", "partner/passed")) == 1


async def test_who_leaves_before_the_meeting_lets_nobody_wait() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + timedelta(hours=1))
    await ward.says("1", "/leave")
    await ward.taps("1", "go_alone")
    await ward.until(FIRST_ROUND + timedelta(hours=1, minutes=1))
    (told,) = ward.told("2", "partner/fallen_out")
    assert "N1" not in plain(told.reply.text)
    assert "no partner to write to" in await ward.says("2", "/tell Hello?")
    await ward.until(FIRST_ROUND + timedelta(days=6))
    assert ward.told("2", "partner/did_you") == []


async def test_who_has_met_hears_nothing_when_the_other_leaves() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + timedelta(days=1, hours=1))
    await ward.taps("1", "met_yes")
    await ward.taps("1", "close_4")
    await ward.says("1", "/stop")
    await ward.taps("1", "leave")
    await ward.until(FIRST_ROUND + timedelta(days=2))
    assert ward.told("2", "partner/fallen_out") == []
    async with ward.store.reading() as queries:
        (met,) = await queries.entries((await ward.person("1")).id, ["met"])
    assert (met.went, met.text, met.about) == ("close_4", "", "settling/mindful-conversation")


async def test_who_pauses_is_missed_kindly_and_nobody_hears_of_it_at_night() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + timedelta(hours=11))
    await ward.says("1", "/pause")
    await ward.taps("1", "a_week") if await offers(ward, "1", "a_week") else await ward.says("1", "a week")
    await ward.until(FIRST_ROUND + timedelta(hours=20))
    (told,) = ward.told("2", "partner/fallen_out")
    assert told.due_at == datetime(2026, 3, 11, 6, tzinfo=UTC)


async def offers(ward: Ward, who: str, choice: str) -> bool:
    rows = [row.out for row in ward.store._data.outbox.values()]
    mine = [out.reply for out in rows if ward.store._data.addresses[out.address].origin.platform_id == who]
    return any(number(reply, choice) is not None for reply in mine)


async def test_usernames_are_shown_to_each_other_only_if_both_agreed() -> None:
    ward = Ward()
    await ward.fill(["1", "2"], wanted=False)
    for name, way in (("1", "by_username"), ("2", "by_coach")):
        await hello(ward, name, MessageReceived("/partner"))
        await ward.taps(name, "pair_me")
        await hello(ward, name, ChoiceMade(way, (await ward.person(name)).asked))
    assert [(await ward.person(name)).pairing.handle for name in "12"] == ["name_1", ""]
    await ward.until(FIRST_ROUND + timedelta(hours=1))
    assert "name_1" not in plain(ward.told("2", "partner/meet")[0].reply.text)
    await ward.change("2", by="username", handle="name_2", met="heard")
    await ward.change("1", met="heard")
    await ward.until(FIRST_ROUND + A_WEEK + timedelta(hours=1))
    for mine, other in (("1", "2"), ("2", "1")):
        assert f"@name_{other}" in plain(ward.told(mine, "partner/meet")[-1].reply.text)


async def hello(ward: Ward, who: str, given: MessageReceived | ChoiceMade) -> None:
    one = Incoming(Origin(BOT, who), str(next(ward.keys)), given, first_name=f"N{who}", handle=f"name_{who}")
    await ward.coach.receive([one])


async def test_pairs_that_are_switched_off_and_on_again_do_not_catch_up_with_a_round() -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    await ward.until(FIRST_ROUND + timedelta(days=1))
    await ward.says(OWNER, "/pairs")
    await ward.taps(OWNER, "pairs_off")
    await ward.says(OWNER, "yes")
    await ward.until(FIRST_ROUND + A_WEEK + timedelta(hours=1))
    assert await ward.groups(2) == []
    await ward.says(OWNER, "/pairs")
    await ward.taps(OWNER, "pairs_on")
    await ward.taps(OWNER, "2")
    await ward.taps(OWNER, "12:00")
    assert "24 March" in await ward.says(OWNER, "yes")
    await ward.until(FIRST_ROUND + A_WEEK + timedelta(days=1))
    assert await ward.groups(2) == []


async def test_a_round_that_fails_is_put_off_and_holds_up_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    ward = Ward()
    await ward.fill(["1", "2"])
    person = ward.store._data.people[(await ward.person("1")).id]
    ward.store._data.people[person.participant.id] = replace(
        person, participant=replace(person.participant, zone="Nowhere/Land"), wake_at=None
    )
    ward.clock.at = FIRST_ROUND
    assert NOON < FIRST_ROUND
    while await ward.coach.wake():
        pass
    async with ward.store.reading() as queries:
        assert await queries.overdue(FIRST_ROUND) == 0
    assert "round_failed" in capsys.readouterr().out
    assert Kind.PAIR not in {kind for kind, _ in (await ward.person("2")).touched}


async def test_where_a_platform_brings_people_together_one_message_goes_to_all_of_them_once() -> None:
    ward = Ward()
    ward.coach._front_desk = replace(ward.coach._front_desk, gathers=lambda _: True)
    await ward.fill(["1", "2", "3"])
    await ward.until(FIRST_ROUND + timedelta(days=1, hours=1))
    sent = [out for who in "123" for out in ward.told(who, "partner/together")]
    (meeting,) = {row.meeting for row in await ward.rows()}
    assert [out.dedup for out in sent] == [f"pair:{meeting}"]
    reader = ward.store._data.addresses[sent[0].address].origin.platform_id
    assert sorted((reader, *sent[0].reply.company)) == ["1", "2", "3"]
    assert all(f"N{who}" in plain(sent[0].reply.text) for who in "123")
    assert [len(ward.told(who, "partner/did_you")) for who in "123"] == [1, 1, 1]


async def test_only_counts_in_fives_are_shown_to_those_who_lead() -> None:
    ward = Ward()
    names = [str(number) for number in range(1, 13)]
    await ward.fill(names)
    await ward.until(FIRST_ROUND + timedelta(hours=1))
    shown = await ward.says(OWNER, "/pairs")
    assert "at least 5 meetings" in shown
    assert "N1" not in shown
    assert "how people of Ward 4 are paired" in await ward.says(OWNER, "/audit")
