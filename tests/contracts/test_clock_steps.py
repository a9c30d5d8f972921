"""The machine's clock is put back an hour or set forwards a day: nothing twice, nothing lost, nothing in the night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.coach import Coach
from bot.help_lines import help_facts
from bot.model import Kind, Origin
from bot.ports import Result, Saved, Store, TouchpointRow
from bot.safety_rules import load_screen
from bot.storage.memory import MemoryStore
from bot.timetable import is_quiet, zone
from curriculum.loader import Library
from prompts.renderer import Prompts
from scheduler.alarm import AlarmClock
from tests import people
from tests.rehearsed import BOT, FOREVER, Hours

BEGIN = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
DAYS = 3
END = BEGIN + timedelta(days=DAYS)
EVERY = timedelta(minutes=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ("Europe/Madrid", "America/New_York", "Asia/Kolkata")


@dataclass
class World:
    """Three people, the coach's alarm clock, a platform that takes what it gets, and a clock that somebody sets."""

    store: Store
    clock: Hours = field(default_factory=lambda: Hours(BEGIN))
    persons: dict[str, str] = field(default_factory=dict)  # by the number that the platform knows
    said: list[tuple[str, str]] = field(default_factory=list)  # to whom, and which prompt
    slept: list[datetime] = field(default_factory=list)  # when somebody got something in their quiet hours
    epoch: int | None = None

    async def begin(self) -> None:
        """They are in the second week, and an alarm is set."""
        origins = [Origin(BOT, str(number)) for number in range(len(ZONES))]
        async with self.store.writing() as work:
            found = await work.persons(origins)
            known = await work.load(sorted(found.values()))
            saved = []
            for origin, name in zip(origins, ZONES, strict=True):
                stranger = known[found[origin]].participant
                who = people.person({"week": 2, "day": 2, "zone": name}, BEGIN)
                who = replace(who, id=stranger.id, address=stranger.address)
                saved.append(Saved(who, BEGIN, known[stranger.id].revision))
                self.persons[origin.platform_id] = stranger.id
            await work.save(saved)
        coach = Coach(
            self.store,
            curriculum=Library(),
            renderer=Prompts(),
            clock=self.clock,
            gazetteer=people.SmallGazetteer(),
            screen=load_screen(("en",)),
            help_lines=help_facts,
            programme="compassion",
            installations=(BOT,),
            committed=lambda _: None,
        )
        self.alarm = AlarmClock(coach)
        self.epoch = await self.store.outbox.acquire(BOT, "us", FOREVER)

    async def live(self, readings: Iterable[datetime], *, delivering: bool = True) -> None:
        """At each of these readings of the clock the alarm clock looks, and what is due is sent."""
        for self.clock.at in readings:
            await self.alarm.look()
            assert self.alarm.ok
            if delivering:
                await self.deliver()

    async def deliver(self) -> None:
        assert self.epoch
        results: list[Result] = []
        while due := await self.store.outbox.tick(
            BOT, "us", self.epoch, FOREVER, results, 100, frozenset(), self.clock.at, renew=bool(results)
        ):
            results = [Result(one.id, "sent", ref=f"{one.id}") for one in due]
            for one in due:
                self.said.append((one.platform_id, one.reply.prompt))
                here = ZONES[int(one.platform_id)]
                if is_quiet(people.rhythm({}), zone(here), self.clock.at):
                    self.slept.append(self.clock.at)

    async def touchpoints(self) -> dict[str, list[TouchpointRow]]:
        async with self.store.reading() as queries:
            return {number: list(await queries.touchpoints(person)) for number, person in self.persons.items()}

    def heard(self) -> dict[str, list[str]]:
        """What each person heard, in order."""
        return {number: [prompt for to, prompt in self.said if to == number] for number in self.persons}


def readings(since: datetime = BEGIN, until: datetime = END) -> Iterator[datetime]:
    """What a clock that nobody sets shows, every half hour."""
    while since < until:
        yield since
        since += EVERY


def known(touchpoints: Mapping[str, Sequence[TouchpointRow]]) -> dict[str, list[tuple[Kind, date, bool]]]:
    """What is known of each, but for when it was written down and by what id of a person."""
    return {number: [(row.kind, row.on, row.missed) for row in rows] for number, rows in touchpoints.items()}


async def undisturbed(until: datetime = END) -> World:
    """The same days on a clock that nobody sets."""
    world = World(MemoryStore())
    await world.begin()
    await world.live(readings(until=until))
    assert world.slept == []
    return world


async def test_a_clock_that_is_put_back_an_hour_again_and_again_changes_nothing(store: Store) -> None:
    world, plain = World(store), await undisturbed()
    await world.begin()
    for hour in range(0, 24 * DAYS, 3):  # and lives that hour once more
        since = BEGIN + hour * HOUR
        await world.live(readings(since, since + 3 * HOUR + EVERY))
        await world.live(readings(since + 2 * HOUR, since + 3 * HOUR))
    assert world.heard() == plain.heard()
    assert known(await world.touchpoints()) == known(await plain.touchpoints())
    assert all(len(prompts) >= 2 * DAYS for prompts in world.heard().values())
    assert world.slept == []


async def test_what_was_composed_before_the_clock_was_put_back_waits_for_its_time_and_comes_once(store: Store) -> None:
    world, plain = World(store), await undisturbed()
    await world.begin()
    for hour in range(24 * DAYS):
        since = BEGIN + hour * HOUR
        await world.live(readings(since, since + HOUR), delivering=False)  # the platform is slow …
        await world.live([since - HOUR, since - EVERY])  # … and meanwhile the clock is put back
        await world.live(readings(since, since + HOUR))
    assert world.heard() == plain.heard()
    assert world.slept == []


@pytest.mark.parametrize("hour", [1, 7, 15])
async def test_a_clock_set_forwards_a_day_and_back_says_nothing_twice_and_owes_nothing(store: Store, hour: int) -> None:
    world, leap = World(store), BEGIN + hour * HOUR
    await world.begin()
    await world.live(readings(BEGIN, leap))
    await world.live(readings(leap + DAY, leap + DAY + HOUR))  # for an hour it shows tomorrow
    await world.live(readings(leap + HOUR, END + DAY))  # then somebody mends it
    usual = await (await undisturbed(END + DAY)).touchpoints()
    for number, rows in (await world.touchpoints()).items():
        assert sorted((row.kind, row.on) for row in rows) == sorted((row.kind, row.on) for row in usual[number])
        assert sum(row.missed for row in rows) <= 2  # what lay in the day that never was
    assert world.slept == []
