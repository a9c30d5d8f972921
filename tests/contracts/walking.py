"""Synthetic people who walk the course through the whole product but its platforms: coach, store and its outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.app import PROGRAMME
from bot.clock import RehearsalClock
from bot.coach import Coach
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import help_facts
from bot.model import Delivery, Incoming, Origin
from bot.ports import Result, Store
from bot.rehearse_people import Person
from bot.safety_rules import load_screen
from curriculum.loader import Library
from prompts.renderer import Prompts

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
BOT = "telegram:1"


@dataclass(slots=True)
class Platform:
    """What outlives every process of ours: the people with their phones, and all that they were ever sent."""

    people: Sequence[Person]
    clock: RehearsalClock = field(default_factory=lambda: RehearsalClock(START, speed=0))
    sent: list[tuple[int, str, datetime]] = field(default_factory=list)

    def shows(self, delivery: Delivery) -> None:
        """Somebody reads a message."""
        if delivery.reply.act != "message":
            return
        number, reply, now = int(delivery.platform_id), delivery.reply, self.clock.now()
        self.sent.append((number, reply.prompt, now))
        self.people[number].reads(reply.prompt, reply.rows, str(len(self.sent)), now)


class Walking:
    """A process of ours on this store."""

    def __init__(self, store: Store, platform: Platform) -> None:
        self._store, self._platform = store, platform
        self._epoch: int | None = None
        self._coach = Coach(
            store,
            curriculum=Library(),
            renderer=Prompts(),
            clock=platform.clock,
            gazetteer=OfflineGazetteer(),
            screen=load_screen(),
            help_lines=help_facts,
            programme=PROGRAMME,
            installations=(BOT,),
            committed=lambda _: None,
        )

    async def until(self, end: datetime) -> None:
        """From moment to moment, everything that comes up."""
        clock = self._platform.clock
        while True:
            async with self._store.reading() as queries:
                wake = await queries.next_wake(clock.now())
            acts = [person.next_act() for person in self._platform.people]
            at = min((at for at in (wake, *acts) if at is not None), default=None)
            if at is None or at > end:
                return
            clock.move(at)
            while await self._coach.wake():
                pass
            await self.deliver()
            await self._act()
            await self.deliver()

    async def _act(self) -> None:
        now = self._platform.clock.now()
        for number, person in enumerate(self._platform.people):
            due = person.next_act()
            if due is not None and due <= now and (act := person.acts(now)) is not None:
                key = f"{number} {len(person.acted)}"
                origin = Origin(BOT, str(number))
                await self._coach.receive([Incoming(origin, key, act[1], first_name=person.name)])

    async def deliver(self, *, last: bool = False) -> None:
        """Sends all that is due; at the `last` of them the process is interrupted before it can write down results."""
        results: list[Result] = []
        while picked := await self._tick(results):
            for delivery in picked:
                self._platform.shows(delivery)
            results = [Result(one.id, "sent", ref=str(one.id)) for one in picked]
            if last:
                return

    async def interrupted(self) -> int:
        """The next moment at which something is sent, up to where it is on the wire; how many messages are."""
        before = len(self._platform.sent)
        clock = self._platform.clock
        while len(self._platform.sent) == before:
            async with self._store.reading() as queries:
                wake = await queries.next_wake(clock.now())
            assert wake is not None
            clock.move(wake)
            await self._coach.wake()
            await self.deliver(last=True)
        return len(self._platform.sent) - before

    async def _tick(self, results: Sequence[Result]) -> Sequence[Delivery]:
        outbox, now = self._store.outbox, self._platform.clock.now()
        if self._epoch is None:
            self._epoch = await outbox.acquire(BOT, "walking", -1)
        assert self._epoch is not None
        return await outbox.tick(BOT, "walking", self._epoch, -1, results, 100, frozenset(), now, False)
