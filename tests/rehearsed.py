"""A full rehearsal over any store: a group with everything it can have walks eight weeks, and writes planted texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle

from bot.coach import Coach
from bot.cohorts.desk import FrontDesk
from bot.help_lines import help_facts
from bot.model import Changed, ChoiceMade, Delivery, FormSubmitted, Incoming, Input, MessageReceived, Origin, Reply
from bot.ports import Result, Store
from bot.safety_rules import load_screen
from curriculum.loader import Library
from prompts.markup import plain
from prompts.renderer import Prompts
from tests.people import SmallGazetteer

BOT = "telegram:1"
START = datetime(2026, 3, 2, 6, tzinfo=UTC)  # a Monday
END = START + timedelta(days=58)
OFTEN = timedelta(days=6)  # so often they answer
FOREVER = 1e6  # seconds that the lease is held
MOST = 15  # answers of one person to one knock


@dataclass(frozen=True, slots=True)
class Someone:
    """A participant: what the platform calls and numbers them, what they call themselves, and what they write."""

    number: str
    first_name: str
    name: str
    texts: Sequence[str]


@dataclass
class Hours:
    """A clock that is moved by hand."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


@dataclass
class Rehearsed:
    """A coach over a store, a platform that is only a list, and people who answer what they are asked."""

    store: Store
    people: Sequence[Someone]
    leader: Someone
    clock: Hours = field(default_factory=Hours)
    heard: dict[str, Reply] = field(default_factory=dict)  # the latest question, by number
    keys: count[int] = field(default_factory=lambda: count(1))
    epoch: int | None = None

    def __post_init__(self) -> None:
        self.coach = Coach(
            self.store,
            curriculum=Library(),
            renderer=Prompts(),
            clock=self.clock,
            gazetteer=SmallGazetteer(),
            screen=load_screen(),
            help_lines=help_facts,
            programme="compassion",
            installations=(BOT,),
            committed=lambda _: None,
            front_desk=FrontDesk(frozenset({f"telegram:{self.leader.number}"}), lambda _: "https://t.me/coach?start="),
        )
        self.words = {one.number: cycle(one.texts) for one in (*self.people, self.leader)}

    async def walk(self) -> None:
        """Everything, from the first /start to the end; somebody is in danger, and a note is not read yet."""
        code = await self._group()
        for one in self.people:
            await self.gives(one, MessageReceived(f"/start {code}"))
            await self.answers(one, name=one.name)
        await self._leads("/broadcast", "/pairs", "/class", "/pulse", "/cohorts", "/facilitators", "/audit")
        answered = self.clock.at
        while (at := await self._next()) is not None and at < END:
            self.clock.at = max(at, self.clock.at)
            while await self.coach.wake():
                pass
            await self._deliver()
            if self.clock.at >= answered + OFTEN:
                answered = self.clock.at
                for one in self.people:
                    await self.answers(one)
        for one in self.people:
            for command in ("/journal", "/gratitude", "/letter", "/progress", "/partner", "/settings"):
                await self.gives(one, MessageReceived(command))
                await self.gives(one, MessageReceived(next(self.words[one.number])))
        await self.gives(self.people[0], MessageReceived("I want to kill myself"))
        await self.gives(self.people[-1], FormSubmitted("write", {"text": self.people[-1].texts[0]}, asked=1))
        await self.gives(self.people[-1], Changed("blocked"))
        unread = MessageReceived(self.people[1].texts[0])
        await self.coach.keep([Incoming(Origin(BOT, self.people[1].number), f"{next(self.keys)}", unread, "Unread")])

    async def _group(self) -> str:
        """The leader makes a group; its code."""
        for text in (
            "/cohorts",
            "",
            self.leader.texts[0][:40],
            "Madrid",
            "9 March",
            "together",
            self.leader.name,
            "yes",
        ):
            if text:
                await self.gives(self.leader, MessageReceived(text))
            else:
                await self.taps(self.leader, "new_cohort")
        async with self.store.writing() as work:
            (known,) = (await work.cohorts.look(await work.cohorts.ids())).values()
        return known.cohort.code

    async def _leads(self, *commands: str) -> None:
        """The leader walks through the first ways of each of these, as far as they lead."""
        for command in commands:
            await self.gives(self.leader, MessageReceived(command))
            await self.answers(self.leader, most=10)
            self.heard.pop(self.leader.number, None)

    # ------------------------------------------------------------ what somebody does

    async def gives(self, who: Someone, given: Input) -> None:
        """An input, and what comes of it."""
        origin, key = Origin(BOT, who.number), f"{next(self.keys)}"
        one = Incoming(origin, key, given, who.first_name, handle=who.first_name.lower())
        await self.coach.receive([one])
        await self._deliver()

    async def taps(self, who: Someone, choice: str) -> None:
        """Taps a button of the latest question."""
        reply = self.heard.pop(who.number)
        asked = next(button.data.partition(":") for row in reply.rows for button in row if button.data.endswith(choice))
        await self.gives(who, ChoiceMade(choice, int(asked[0])))

    async def answers(self, who: Someone, *, name: str = "Nobody", most: int = MOST) -> None:
        """Answers whatever is asked: the first button, the last where that led nowhere, or words of their own."""
        tapped: set[tuple[str, str]] = set()
        for _ in range(most):
            reply = self.heard.pop(who.number, None)
            if reply is None:
                return
            said = {"onboarding/name": name, "onboarding/zone": "Europe/Madrid"}.get(reply.prompt)
            buttons = [button.data for row in reply.rows for button in row if button.data[0].isdecimal()]
            if said is not None or not buttons:
                await self.gives(who, MessageReceived(said or next(self.words[who.number])))
                continue
            first = buttons[0].partition(":")[2]
            asked, _, choice = buttons[-1 if (reply.prompt, first) in tapped else 0].partition(":")
            tapped.add((reply.prompt, choice))
            await self.gives(who, ChoiceMade(choice, int(asked)))

    # ------------------------------------------------------------ the platform

    async def _next(self) -> datetime | None:
        async with self.store.reading() as queries:
            if await queries.overdue(self.clock.at):
                return self.clock.at
            return await queries.next_wake(self.clock.at)

    async def _deliver(self) -> None:
        """Sends all that is due, and remembers what asks something."""
        outbox, results, us = self.store.outbox, list[Result](), "us"
        self.epoch = self.epoch or await outbox.acquire(BOT, us, FOREVER)
        assert self.epoch
        while due := await outbox.tick(
            BOT, us, self.epoch, FOREVER, results, 100, frozenset(), self.clock.at, renew=bool(results)
        ):
            results = [Result(one.id, "sent", ref=f"77{one.id:06}") for one in due]
            for one in due:
                self._hear(one)

    def _hear(self, one: Delivery) -> None:
        asks = bool(one.reply.asked) or plain(one.reply.text).rstrip().endswith("?")
        if one.reply.act == "message" and asks:
            self.heard[one.platform_id] = one.reply


def words_of(people: Sequence[Someone]) -> Mapping[str, Sequence[str]]:
    """What was planted, by its kind."""
    return {
        "names": [name for one in people for name in (one.first_name, one.name)],
        "ids": [one.number for one in people],
        "texts": [text for one in people for text in one.texts],
    }
