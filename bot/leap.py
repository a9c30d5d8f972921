"""Jumping in time, for the demo and the terminal: where somebody is, and when their next evening or morning is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot import journey
from bot.clock import RehearsalClock
from bot.model import Kind, Origin, Participant, State
from bot.ports import Leap, Rehearsal, Store
from bot.roster import TURN
from bot.timetable import instant, next_moment, zone
from curriculum.model import Programme


class Leaps:
    """Moves the rehearsal clock for one person's sake; everybody's time moves with it."""

    def __init__(self, store: Store, clock: RehearsalClock, rehearsal: Rehearsal, programme: Programme) -> None:
        self._store, self._clock, self._rehearsal, self._programme = store, clock, rehearsal, programme

    async def person(self, origin: Origin) -> Participant | None:
        """Who is behind an origin."""
        async with self._store.reading() as queries:
            known = await queries.person_at(origin)
            return await queries.participant(known) if known else None

    async def jump(self, origin: Origin, to: Leap) -> None:
        """To this evening, tomorrow morning, or the first morning of the next week; never back."""
        person = await self.person(origin) or Participant(id="nobody")
        await self._rehearsal.move(self.target(person, to).isoformat())

    def target(self, person: Participant, to: Leap) -> datetime:
        """The instant to jump to, UTC."""
        now, tz = self._clock.now(), zone(person.zone)
        everything = replace(person.rhythm, mornings=True, evenings=True, days_off=frozenset())
        kind = Kind.EVENING if to == "evening" else Kind.MORNING
        after = now
        if to == "week":
            on = journey.today(person, now)
            place = journey.place_on(person.journey, on, self._programme.length)
            days = 8 - place.day if place else 7
            after = instant(on + timedelta(days=days), TURN, tz)
        for _ in range(4):
            moment = next_moment(everything, tz, after)
            if moment is None:
                break
            if moment.kind is kind:
                return moment.at
            after = moment.at
        return now + timedelta(hours=12)

    async def where(self, origin: Origin) -> Mapping[str, Any]:
        """Where in the journey, ready for JSON."""
        person = await self.person(origin) or Participant(id="nobody")
        now = self._clock.now()
        place = journey.standing(person.journey, journey.today(person, now), self._programme.length)
        graduated = person.journey.state is State.GRADUATED
        return {
            "state": person.journey.state.value,
            "week": place.week if place else (self._programme.length if graduated else 0),
            "day": place.day if place else 0,
            "weeks": self._programme.length,
            "title": self._programme.week(place.week).title if place else "",
            "now_local": now.astimezone(zone(person.zone)).isoformat(timespec="seconds"),
            "zone": person.zone or "UTC",
        }

    async def line(self, origin: Origin) -> str:
        """The same as a line for the terminal."""
        here = await self.where(origin)
        when = datetime.fromisoformat(here["now_local"])
        place = f"week {here['week']}, day {here['day']}" if here["day"] else here["state"]
        return f"{when:%A} {when.day} {when:%B, %H:%M} · {place}"
