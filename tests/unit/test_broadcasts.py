"""Broadcasts through the whole coach, on the store in memory: once each, never at night, stopped at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.cohorts.acts import carry_out
from bot.cohorts.broadcasts import Tally
from bot.cohorts.composing import Composer
from bot.cohorts.model import Act, Actor, Cohort
from bot.errors import NotAllowedError
from bot.model import Decided, Origin, Outgoing, Participant, Reply, Said
from bot.ports import Rendered, Saved
from bot.storage.memory_data import Row
from bot.storage.tables import Stage
from prompts.markup import plain
from prompts.renderer import Prompts
from tests import people
from tests.unit.test_cohort_coach import BOT, NOON, OWNER, House

TEXT = "Dear {{ name }}, we meet on Friday of week {{ week }}."
NIGHT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # 23:30 in Madrid
DAY = timedelta(days=1)


async def a_group(count: int = 12, zones: Sequence[str] = ("Europe/Madrid",)) -> House:
    """An owner's cohort of so many active people, whose zones take turns; nothing of their own is due."""
    house = House()
    await house.cohort()
    await joined(house, range(count), zones)
    return house


async def joined(house: House, numbers: Sequence[int], zones: Sequence[str]) -> None:
    active = people.person({"week": 2, "day": 2, "zone": "Europe/Madrid", "name": "Ana"}, house.clock.at)
    async with house.store.writing() as work:
        [cohort] = await work.cohorts.ids()
        for number in numbers:
            origin = Origin(BOT, f"p{number}")
            known = await work.load(list((await work.persons([origin])).values()))
            for one in known.values():
                ids = replace(active, id=one.participant.id, address=one.participant.address, cohort=cohort)
                who = replace(ids, zone=zones[number % len(zones)], heard=house.clock.at)
                await work.save([Saved(who, None, one.revision)])
                await work.cohorts.enter(who.id, cohort, house.clock.at)


async def sent(house: House, *choices: str, text: str = TEXT) -> str:
    """The owner writes to the group; the broadcast's id."""
    await house.says(OWNER, "/broadcast")
    if (await kept(house)) != []:
        await house.taps(OWNER, "new_broadcast")
    await house.says(OWNER, text)
    for choice in ("use_it", *(choices or ("everybody", "send_now")), "send_it"):
        await house.taps(OWNER, choice)
    return (await kept(house))[0]


async def kept(house: House) -> list[str]:
    async with house.store.writing() as work:
        latest = await work.cohorts.broadcasts.latest(await work.cohorts.ids(), 9)
        return [known.broadcast.id for known in latest]


async def composed(house: House) -> list[Outgoing]:
    """The alarm clock works until nothing is due."""
    while await house.coach.wake():
        pass
    return copies(house)


def copies(house: House, stage: Stage = Stage.QUEUED) -> list[Outgoing]:
    data = house.store._data
    rows: list[Row] = [*data.outbox.values(), *data.copies.values()]
    return [row.out for row in rows if row.out.broadcast and row.stage is stage]


async def tally(house: House, broadcast: str) -> Tally:
    async with house.store.writing() as work:
        return await work.cohorts.broadcasts.tally(broadcast)


async def test_everybody_gets_one_copy_with_their_name_and_week() -> None:
    house = await a_group(12)
    broadcast = await sent(house)
    outgoing = await composed(house)
    assert len({one.address for one in outgoing}) == len(outgoing) == 12
    assert {plain(one.reply.text) for one in outgoing} == {"From Agnes:\n\nDear Ana, we meet on Friday of week 2."}
    assert {(one.priority, one.due_at, one.expires_at) for one in outgoing} == {
        (9, NOON, NIGHT.replace(hour=21, minute=0))
    }
    assert await composed(house) == outgoing
    assert await tally(house, broadcast) == Tally(waiting=12)
    data = house.store._data
    assert {one.dedup for one in outgoing} == {f"broadcast:{broadcast}:{one.person}" for one in data.members.values()}


async def test_composing_goes_on_after_any_restart_and_composes_for_nobody_twice() -> None:
    house = await a_group(12)
    await sent(house)
    for _ in range(20):  # each of them a new process
        composer = Composer(house.store, Prompts(), house.coach._scribe.in_locale, lambda _: None)
        before = len(copies(house))
        await composer.compose(NOON, limit=5)
        assert len(copies(house)) - before <= 5
    assert len({one.address for one in copies(house)}) == len(copies(house)) == 12


class Failing(Prompts):
    """Fails at the third copy of a batch."""

    said = 0

    def render(self, said: Said, to: Participant, on: date) -> Rendered:
        self.said += 1
        if self.said == 3:
            raise RuntimeError
        return super().render(said, to, on)


async def test_a_batch_that_fails_leaves_nothing_and_is_tried_again_later() -> None:
    house = await a_group(12)
    await sent(house)
    assert await Composer(house.store, Failing(), house.coach._scribe.in_locale, lambda _: None).compose(NOON) == 1
    assert copies(house) == []
    assert await composed(house) == []
    house.clock.at += timedelta(hours=1)
    assert len(await composed(house)) == 12


async def test_nobody_is_written_to_at_night_wherever_they_are() -> None:
    house = await a_group(12, ("Europe/Madrid", "Pacific/Auckland", "America/Los_Angeles"))
    house.clock.at = NIGHT
    await sent(house)
    due = sorted({one.due_at for one in await composed(house)})
    assert due == [NIGHT, datetime(2026, 3, 3, 6, tzinfo=UTC)]  # it is day in Auckland and Los Angeles


async def test_a_local_time_is_each_readers_own() -> None:
    house = await a_group(12, ("Europe/Madrid", "Asia/Tokyo"))
    await house.says(OWNER, "/broadcast", TEXT)
    for choice in ("use_it", "everybody", "at_a_time", "tomorrow", "09:00", "send_it"):
        await house.taps(OWNER, choice)
    assert await composed(house) == []  # it is composed when the first reader's hour may come
    house.clock.at = datetime(2026, 3, 2, 19, tzinfo=UTC)
    due = {one.due_at for one in await composed(house)}
    assert due == {datetime(2026, 3, 3, 8, tzinfo=UTC), datetime(2026, 3, 3, 0, tzinfo=UTC)}


async def test_a_part_that_became_too_small_meanwhile_is_not_written_to() -> None:
    house = await a_group(6)
    broadcast = await sent(house, "active_lately", "send_now")
    for who in ("p0", "p1"):
        await house.says(who, "/pause")
        await house.taps(who, "open")
    assert await composed(house) == []
    async with house.store.writing() as work:
        assert (await work.cohorts.broadcasts.load([broadcast]))[broadcast].broadcast.stage == "cancelled"


async def test_a_fourth_message_of_a_day_waits_for_the_next() -> None:
    house = await a_group(5)
    for number in range(3):
        await sent(house, text=f"Number {number}")
        await composed(house)
    due = [one.due_at for one in copies(house)]
    waits = [datetime(2026, 3, 3, 6, tzinfo=UTC), datetime(2026, 3, 4, 6, tzinfo=UTC)]  # 07:00 in Madrid
    assert due == [NOON] * 5 + waits[:1] * 5 + waits[1:] * 5


async def test_whoever_pauses_or_leaves_gets_none_before_and_after_it_is_composed() -> None:
    house = await a_group(12)
    await house.says("p0", "/pause")
    await house.taps("p0", "open")
    await sent(house)
    assert len(await composed(house)) == 11
    await house.says("p1", "/pause")
    await house.taps("p1", "open")
    await house.says("p2", "/leave")
    await house.taps("p2", "go_alone")
    assert len(copies(house)) == 9


async def test_what_is_held_goes_on_by_day_and_to_those_who_are_still_there() -> None:
    house = await a_group(12)
    broadcast = await sent(house)
    await composed(house)
    await house.taps(OWNER, "hold_it")
    assert (len(copies(house)), len(copies(house, Stage.HELD))) == (0, 12)
    assert await composed(house) == []
    house.clock.at = NIGHT
    await house.says("p3", "/pause")
    await house.taps("p3", "open")
    await house.taps(OWNER, "go_on")
    assert {one.due_at for one in await composed(house)} == {datetime(2026, 3, 3, 6, tzinfo=UTC)}
    assert await tally(house, broadcast) == Tally(waiting=11, left=1)


async def test_what_is_held_before_it_is_composed_is_composed_when_it_goes_on() -> None:
    house = await a_group(12)
    await sent(house)
    await house.taps(OWNER, "hold_it")
    assert await composed(house) == []
    await house.taps(OWNER, "go_on")
    assert len(await composed(house)) == 12


async def test_what_is_called_off_is_never_sent() -> None:
    house = await a_group(12)
    broadcast = await sent(house)
    await composed(house)
    await house.taps(OWNER, "call_off")
    await house.taps(OWNER, "yes")
    house.clock.at += DAY
    assert await composed(house) == []
    assert await tally(house, broadcast) == Tally(left=12)


async def test_a_copy_that_came_too_late_for_the_day_is_sent_the_next_morning() -> None:
    house = await a_group(5)
    broadcast = await sent(house)
    await composed(house)
    house.clock.at = NIGHT  # nothing of ours ran in between
    assert {one.due_at for one in await composed(house)} == {datetime(2026, 3, 3, 6, tzinfo=UTC)}
    assert await tally(house, broadcast) == Tally(waiting=5)


async def test_progress_changes_in_its_place() -> None:
    house = await a_group(12)
    await sent(house)
    await composed(house)
    await house.taps(OWNER, "refresh")
    edits: list[Reply] = [row.out.reply for row in house.store._data.outbox.values() if row.out.reply.act == "edit"]
    assert len(edits) == 1
    assert "On its way." in plain(edits[0].text)
    assert "at least 10" in plain(edits[0].text)
    assert edits[0].asked > 0


async def test_every_act_is_in_the_audit_without_a_word_of_the_text() -> None:
    house = await a_group(12)
    broadcast = await sent(house)
    for choice in ("hold_it", "go_on", "call_off", "yes"):
        await house.taps(OWNER, choice)
    async with house.store.writing() as work:
        lines = (await work.cohorts.audit(4))[::-1]
        [cohort] = await work.cohorts.ids()
    assert [(line.act, line.object, line.detail) for line in lines] == [
        (act, cohort, broadcast) for act in (Act.BROADCAST, Act.HOLD, Act.GO_ON, Act.CANCEL)
    ]
    assert "called off a message to Ward 4" in await house.says(OWNER, "/audit")


@pytest.mark.parametrize("act", [Act.HOLD, Act.GO_ON, Act.CANCEL])
async def test_nobody_touches_a_message_to_a_cohort_that_they_do_not_lead(act: Act) -> None:
    house = await a_group(12)
    broadcast = await sent(house)
    own = Cohort("own", "Mine", "compassion", "own", date(2026, 3, 2), "UTC")
    her = Actor("her", frozenset({"facilitator"}))
    async with house.store.writing() as work:
        await work.persons([Origin(BOT, "her")])
        await work.cohorts.add(own, None)
        house.store._data.put(house.store._data.roles, ("her", "facilitator", "own"), None)
        with pytest.raises(NotAllowedError):
            await carry_out(Decided(act, "own", {"broadcast": broadcast}), her, work.cohorts, house.clock.at)


async def test_an_edited_theme_comes_on_the_morning_of_its_week_and_once() -> None:
    house = await a_group(1)
    await house.says(OWNER, "/themes")
    await house.taps(OWNER, "1")
    await house.taps(OWNER, "write_note")
    preview = await house.says(OWNER, "See you on Friday, {{ name }}.")
    await house.taps(OWNER, "yes")
    house.clock.at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    async with house.store.writing() as work:
        [person] = (await work.persons([Origin(BOT, "p0")])).values()
        known = (await work.load([person]))[person]
        anew = people.person({"week": 1, "zone": "Europe/Madrid", "at": ""}, house.clock.at)
        path = replace(anew.journey, anchor=date(2026, 3, 9), pacing="calendar")
        who = replace(known.participant, journey=path, checked=house.clock.at, touched=())
        await work.save([Saved(who, datetime(2026, 3, 9, 7, tzinfo=UTC), known.revision)])
    house.clock.at = datetime(2026, 3, 9, 7, tzinfo=UTC)
    await house.coach.wake()
    mornings = [plain(row.out.reply.text) for row in house.store._data.outbox.values() if row.out.priority == 5]
    assert len(mornings) == 1
    assert "See you on Friday, Ana." in mornings[0]
    assert "See you on Friday, " in preview
    await house.says(OWNER, "/themes")
    await house.taps(OWNER, "1")
    await house.taps(OWNER, "drop_note")
    await house.taps(OWNER, "yes")
    house.clock.at += timedelta(hours=3)
    await house.coach.wake()
    assert len([row for row in house.store._data.outbox.values() if row.out.priority == 5]) == 1
