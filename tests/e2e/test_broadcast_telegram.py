"""A message to thirty people over real HTTP: seen first, held in the middle, let go on, called off, and killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from bot.cohorts.model import Cohort
from bot.model import Origin
from bot.ports import Saved
from tests import people
from tests.e2e.course import IDLE, database, installation, settings_of, told
from tests.e2e.running import Running
from tests.standin.telegram import Limits, Message, Person, StandIn

NOON = datetime(2026, 3, 3, 11, tzinfo=UTC)  # in Madrid
EVENING = datetime(2026, 3, 3, 19, tzinfo=UTC)
PEOPLE = range(1, 31)
AGNES = 100
SLOWLY = "10"  # messages a second
IN_FLIGHT = 2  # at this rate: the one on the wire, and one whose receipt is not written yet
WARD = Cohort("ward4", "Ward 4", "compassion", "calendar", date(2026, 3, 2), "Europe/Madrid", host="Agnes")


async def a_group(folder: Path) -> None:
    """Thirty people on day 2 of a cohort; nothing of theirs is due before the evening."""
    active = people.person({"week": 1, "day": 2, "zone": "Europe/Madrid"}, NOON)
    async with database(folder) as store, store.writing() as work:
        await work.cohorts.add(WARD, None)
        found = await work.persons([Origin(installation(), str(number)) for number in PEOPLE])
        for one in (await work.load(sorted(found.values()))).values():
            who = replace(active, id=one.participant.id, address=one.participant.address, cohort=WARD.id)
            await work.save([Saved(who, EVENING, one.revision)])
            await work.cohorts.enter(one.participant.id, WARD.id, NOON)


@dataclass
class Ward:
    """Agnes, her thirty people, and the product between them."""

    server: StandIn
    product: Running
    agnes: Person
    people: list[Person]

    async def taps(self, label: str, on: str) -> Message:
        """Agnes taps a button of her latest message that has it and says something like this."""
        await told(self.server, self.agnes, on)
        found = [m for m in self.agnes.messages if m.button(label)]
        assert found, [message.text for message in self.agnes.messages]
        self.agnes.taps(label, found[-1])
        return found[-1]

    async def sends(self, text: str) -> None:
        """Agnes writes to everybody at once, from the first question to the last button."""
        since = len(self.agnes.messages)
        self.agnes.says("/broadcast")
        await self.server.until(lambda: len(self.agnes.messages) > since)
        if self.agnes.messages[-1].button("Write a new message"):
            await self.taps("Write a new message", "can hold or stop it")
        await told(self.server, self.agnes, "What would you like to say", since)
        self.agnes.says(text)
        for label, after in (
            ("It can stay like this", "Shall it stay like this"),
            ("Everybody", "Who is it for"),
            ("At once", "When shall it go out"),
            ("Send it", "Shall I send it"),
        ):
            await told(self.server, self.agnes, after, since)
            await self.taps(label, after)

    def got(self, text: str) -> int:
        """How many copies have arrived."""
        return sum(text in message.text for person in self.people for message in person.messages)

    async def stands(self, text: str) -> int:
        """How many copies have arrived once a second passed in which none came."""
        while True:
            before = self.got(text)
            try:
                await self.server.until(lambda: self.got(text) > before, 1.0)  # noqa: B023
            except TimeoutError:
                return before


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Ward]:
    await a_group(folder)
    async with StandIn(limits=Limits.raised()) as server:
        start = "start=2026-03-03T11:00:00Z,speed=0"
        settings = settings_of(server, OWNERS=f"telegram:{AGNES}", TELEGRAM_RATE=SLOWLY, REHEARSAL=start)
        async with Running(folder, settings) as product:
            ward = Ward(server, product, server.person(AGNES, "Agnes"), [server.person(number) for number in PEOPLE])
            yield ward
            assert [call.problem for call in server.refusals if "not modified" not in call.problem] == []
            assert "Friday" not in product.log()


async def test_a_message_is_seen_held_let_go_on_and_another_called_off(tmp_path: Path) -> None:
    async with at_work(tmp_path) as ward:
        await ward.sends("Dear {{ name }}, we meet on **Friday**.")
        preview = await told(ward.server, ward.agnes, "From Agnes")
        summary = await told(ward.server, ward.agnes, "Shall I send it")
        assert preview == "From Agnes:\n\nDear Agnes, we meet on Friday."
        assert "At least 30 people" in summary
        await ward.server.until(lambda: ward.got("Friday") >= 5)

        progress = await ward.taps("Hold it", "Being prepared|On its way")
        await ward.server.until(lambda: "Held." in progress.text)
        held_at = ward.got("Friday")
        stopped = await ward.stands("Friday")
        assert stopped - held_at <= IN_FLIGHT
        assert stopped < 25
        assert progress.edits > 0
        assert progress.button("Let it go on") is not None

        ward.agnes.taps("Let it go on", progress)
        await ward.server.until(lambda: ward.got("Friday") == len(PEOPLE))
        assert {tuple(m.text for m in person.messages) for person in ward.people} == {
            ("From Agnes:\n\nDear Ana, we meet on Friday.",)
        }
        async with asyncio.timeout(IDLE):
            while "All of it has gone out." not in progress.text:  # the last receipt may not be written yet
                looked = progress.edits
                ward.agnes.taps("Look again", progress)
                await ward.stands("Friday")
                assert progress.edits >= looked
        assert "Sent: at least 30" in progress.text

        await ward.product.move("2026-03-04T11:00:00Z")  # three messages a day: a second one has room tomorrow
        await ward.sends("No class on Tuesday.")
        await ward.server.until(lambda: ward.got("Tuesday") >= 5)
        await ward.taps("Call it off", "Being prepared|On its way")
        await told(ward.server, ward.agnes, "cannot be undone")
        before = ward.got("Tuesday")
        await ward.taps("Yes", "cannot be undone")
        await told(ward.server, ward.agnes, "Called off")
        stopped = await ward.stands("Tuesday")
        assert before <= stopped < len(PEOPLE)
        await ward.product.move("2026-03-05T11:00:00Z")
        assert ward.got("Tuesday") == stopped


async def test_a_kill_in_the_middle_loses_nobody_and_doubles_only_what_was_in_flight(tmp_path: Path) -> None:
    async with at_work(tmp_path) as ward:
        await ward.sends("We meet on Friday.")
        for much in (3, 10, 20):
            await ward.server.until(lambda: ward.got("Friday") >= much)  # noqa: B023
            await ward.product.kill()
            await ward.product.start()
        await ward.server.until(lambda: all(person.messages for person in ward.people))
        await ward.stands("Friday")
        copies = [len(person.messages) for person in ward.people]
        assert min(copies) == 1
        assert sum(copies) - len(PEOPLE) <= 3 * IN_FLIGHT
