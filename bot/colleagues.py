"""Synthetic colleagues who walk along in the demo: a platform of their own, on which they read and answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.errors import Ignored
from bot.model import Delivery, Incoming, Origin, Receipt
from bot.ports import Clock, Door
from bot.rehearse_people import AFTERWARDS, Person

INSTALLATION = "colleagues"
HASTE = timedelta(hours=3)  # what they would do within it they do at once: a jump over a week takes seconds then
EVERY = 0.5  # seconds


class Colleagues:
    """A `bot.ports.Adapter` whose platform is these people's phones, and a `bot.rehearsal.Company` that acts in time.

    Their platform knows where they are, so they are not asked.
    """

    installation = INSTALLATION

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._door: Door | None = None
        self._people: dict[str, Person] = {}
        self._turn = asyncio.Lock()

    def come(self, group: str, people: Sequence[Person]) -> None:
        """These people have their phones in their hands from now on; `group` tells them from those of another group."""
        self._people |= {f"{group}-{person.number}": person for person in people}

    # ------------------------------------------------------------ what they do

    def due(self, now: datetime) -> bool:
        """Whether somebody has something to do now."""
        ahead = self.next_act()
        return ahead is not None and ahead <= now + HASTE

    def next_act(self) -> datetime | None:
        """When somebody next does something, as far as they know; None while nobody listens to them."""
        if self._door is None:
            return None
        return min((at for at in (person.next_act() for person in self._people.values()) if at), default=None)

    async def act(self, now: datetime) -> int:
        """All who have something to do do it together; how many."""
        async with self._turn:
            if self._door is None:
                return 0
            acted, said = 0, []
            for platform_id, person in self._people.items():
                at = person.next_act()
                if at is None or at > now + HASTE:
                    continue
                acted, act = acted + 1, person.acts(at)
                if act is not None:
                    key = f"{platform_id} {len(person.acted)}"
                    origin = Origin(self.installation, platform_id)
                    said.append(Incoming(origin, key, act[1], first_name=person.name, zone=person.zone))
            if said:
                await self._door.receive(said)
            return acted

    # ------------------------------------------------------------ their platform

    async def send(self, delivery: Delivery) -> Receipt:
        """Shows a reply to its reader.

        Raises:
            Ignored: the reader was of an earlier run, and lives on in the database alone.
        """
        person, reply = self._people.get(delivery.platform_id), delivery.reply
        if person is None:
            raise Ignored("nobody of this run")
        ref = reply.ref or str(delivery.id)
        if reply.act == "message" and reply.prompt not in AFTERWARDS:
            person.reads(reply.prompt, reply.rows, ref, self._clock.now())
        return Receipt(ref)

    async def listen(self, door: Door) -> None:
        """Has them act as time goes by, until cancelled."""
        self._door = door
        while True:
            await self.act(self._clock.now())
            await asyncio.sleep(EVERY)

    async def close(self) -> None:
        """They put their phones away."""
        self._door = None
