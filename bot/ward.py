"""The demo's groups, Ward 3 and so on: made in a facilitator's chat that is first looked at, joined by colleagues."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import structlog

from adapters.inputs import choice_made
from adapters.web import WebAdapter
from bot import journey
from bot.clock_text import parse_zone
from bot.cohorts.model import Cohort
from bot.colleagues import Colleagues
from bot.leap import Leaps
from bot.model import Incoming, MessageReceived, Origin
from bot.ports import Clock, Door, Store
from bot.rehearse_people import team
from bot.timetable import local_day, zone

log = structlog.get_logger()

HOST = "Agnes"
ZONE = "Europe/Madrid"  # where a browser does not tell
COURSE = 56  # days
MOST = 8  # groups of one process
PATIENCE = 30.0  # seconds of real time for an answer of the coach
SAME_QUESTION = 2  # times that it is answered
FIRST = 3  # the number of the first ward; a demo that is open in two browsers has two

# What the facilitator says to each question: "[tap]", or words
MAKING: Mapping[str, str] = {
    "settling/which": "[new_cohort]",
    "cohorts/starts": "today",
    "cohorts/pacing": "[together]",
    "cohorts/host": "[as_shown]",
    "settling/mornings": "[08:00]",
    "settling/days": "[none]",
    "settling/evenings": "[18:00]",
    "settling/who": "[invited_only]",
    "settling/preview": "[post_it]",
}
PAIRING: Mapping[str, str] = {
    "pairs/one": "[pairs_on]",
    "pairs/day": "[2]",
    "pairs/clock": "[12:00]",
    "pairs/preview": "[yes]",
}
PLANNING: Mapping[str, str] = {
    "classes/coming": "[plan_series]",
    "classes/date": "in 3 days",
    "classes/clock": "[18:00]",
    "classes/length": "[hours_2]",
    "classes/place": "Seminar room, second floor",
    "classes/how_many": "[until_the_end]",
    "classes/keep_plan": "[yes]",
}
SCRIPT: Sequence[tuple[str, Mapping[str, str], str]] = (  # what begins it, the answers, and the prompt that ends it
    ("/pairs", PAIRING, "pairs/on"),
    ("/class", PLANNING, "classes/planned"),
    ("/cohorts", {}, "cohorts/list"),
)


@dataclass(slots=True)
class Ward:
    """One group: what it is called, how far it is, and its id once it is made."""

    name: str = ""
    state: str = "making"  # or "ready", "failed"
    cohort: str = ""
    making: asyncio.Task[None] | None = None


class Wards:
    """Implements adapters.web.Stage: a group for each facilitator's chat, which `lead` names.

    `settled` returns when everybody has acted and all that was said has arrived.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        web: WebAdapter,
        colleagues: Colleagues,
        leaps: Leaps,
        door: Door,
        settled: Callable[[], Awaitable[object]],
    ) -> None:
        self._store, self._clock, self._web, self._colleagues = store, clock, web, colleagues
        self._leaps, self._door, self._settled = leaps, door, settled
        self._wards: dict[str, Ward] = {}

    def channel(self, lead: str) -> str:
        """The id of the group's own chat; no browser's id has a colon."""
        return f"channel:{lead}"

    async def open(self, lead: str, place: str) -> bool:
        """Begins to make the group, unless it is there; False if there are too many. `place` is an IANA zone, or ""."""
        if lead not in self._wards and (cohort := await self._at_home(lead)):
            self._wards[lead] = Ward("", "ready", cohort)  # of a run before this one; its people are silent now
        known = self._wards.get(lead)
        if known is not None and known.state != "failed":
            return True
        if known is None and len(self._wards) >= MOST:
            return False
        name = known.name if known is not None else f"Ward {FIRST + len(self._wards)}"
        ward = self._wards[lead] = Ward(name)
        ward.making = asyncio.create_task(self._make(ward, lead, parse_zone(place) or ZONE))
        return True

    async def made(self) -> None:
        """Returns when no group is being made: time must not jump meanwhile."""
        making = [ward.making for ward in self._wards.values() if ward.making is not None]
        if making:
            await asyncio.wait(making)

    async def group(self, lead: str, visitor: Origin) -> Mapping[str, Any]:
        """How far the group is; once it is ready, its name, and what the visitor sends to join it if they have not."""
        ward = self._wards.get(lead)
        if ward is None:
            return {"state": "closed"}
        if ward.state != "ready":
            return {"state": ward.state}
        cohort, person = await self._cohort(ward), await self._leaps.person(visitor)
        if cohort is None:
            return {"state": "ready", "name": "", "join": ""}
        open_ = cohort.code and cohort.open_to == "link" and cohort.closed_on is None
        outside = person is None or (person.cohort != cohort.id and not person.joining)
        return {"state": "ready", "name": cohort.name, "join": f"/join {cohort.code}" if open_ and outside else ""}

    async def place(self, lead: str) -> Mapping[str, Any]:
        """Where the group is in the course, as `Leaps.where` tells it of a person."""
        here = await self._leaps.where(Origin(self._web.installation, lead))
        ward = self._wards.get(lead)
        cohort = await self._cohort(ward) if ward is not None else None
        if cohort is None:
            return {**here, "state": "leading"}
        on = local_day(self._clock.now(), zone(cohort.zone))
        at = journey.place_of(cohort, on, here["weeks"])
        week, day = (at.week, at.day) if at else (0, 0)
        return {**here, "state": "leading", "week": week, "day": day, "title": cohort.name}

    async def close(self) -> None:
        """Stops what is being made."""
        making = [ward.making for ward in self._wards.values() if ward.making is not None and not ward.making.done()]
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    # ------------------------------------------------------------ what is known

    async def _at_home(self, lead: str) -> str:
        """The cohort whose home the channel is."""
        async with self._store.reading() as queries:
            home = await queries.person_at(Origin(self._web.installation, self.channel(lead)))
            chat = await queries.participant(home) if home else None
        return chat.home_of if chat else ""

    async def _cohort(self, ward: Ward) -> Cohort | None:
        if not ward.cohort:
            return None
        async with self._store.writing() as work:  # it is writing alone that knows of cohorts
            known = (await work.cohorts.look([ward.cohort])).get(ward.cohort)
        return known.cohort if known else None

    # ------------------------------------------------------------ making it

    async def _make(self, ward: Ward, lead: str, place: str) -> None:
        try:
            leader = Leader(self._web, self._door, Origin(self._web.installation, lead), place)
            making = {**MAKING, "cohorts/name": ward.name}
            await leader.converse("/cohort", making, "settling/settled", chat=self.channel(lead))
            ward.cohort = await self._at_home(lead)
            cohort = await self._cohort(ward)
            assert cohort is not None
            now: datetime = self._clock.now()
            self._colleagues.come(lead, team(secrets.randbelow(1000), now, COURSE, place, cohort.code))
            await self._settled()
            which = dict.fromkeys(("pairs/list", "classes/list"), f"[{cohort.id}]")  # every browser leads all groups
            for begins, answers, ends in SCRIPT:
                await leader.converse(begins, {**which, **answers}, ends)
            ward.state = "ready"
        except Exception as error:
            ward.state = "failed"
            log.error("ward_failed", error=type(error).__name__)


class Leader:
    """Speaks to the coach as a facilitator would, in a chat that a browser can look at."""

    def __init__(self, web: WebAdapter, door: Door, origin: Origin, place: str) -> None:
        self._web, self._door, self._origin, self._place = web, door, origin, place
        self._seen = web.chat(origin.platform_id).last
        self._refs: Iterator[str] = (f"lead-{secrets.token_hex(8)}-{number}" for number in count())

    async def converse(self, begins: str, answers: Mapping[str, str], ends: str, *, chat: str = "") -> None:
        """Writes `begins` (in `chat`, if that is given) and answers what is asked until `ends` was said.

        Raises:
            TimeoutError: no answer came.
            RuntimeError: the coach asks what we have no answer to, or the same again and again.
        """
        times = dict.fromkeys(answers, 0)
        await self._write(begins, chat)
        while (line := await self._heard()) and line["prompt"] != ends:
            asked = line["prompt"]
            if asked not in answers:
                continue
            times[asked] += 1
            if times[asked] > SAME_QUESTION:
                raise RuntimeError(asked)
            await self._answer(answers[asked], line)

    async def _heard(self) -> Mapping[str, Any]:
        """The next message of the coach."""
        transcript = self._web.chat(self._origin.platform_id)
        while True:
            for line in transcript.since(self._seen):
                self._seen = line["seq"]
                if line["kind"] == "message" and line["by"] == "coach":
                    return line
            if not await transcript.news(self._seen, PATIENCE):
                raise TimeoutError

    async def _answer(self, answer: str, asked: Mapping[str, Any]) -> None:
        if not answer.startswith("["):
            await self._write(answer)
            return
        offered = [button["data"] for row in asked["rows"] for button in row]
        data = next((data for data in offered if data.partition(":")[2] == answer[1:-1]), None)
        given = choice_made(data, asked["ref"]) if data else None
        if given is None:
            raise RuntimeError(asked["prompt"])
        await self._door.receive([self._incoming(next(self._refs), given)])

    async def _write(self, text: str, chat: str = "") -> None:
        ref = next(self._refs)
        self._web.heard(self._origin.platform_id, ref, text)
        await self._door.receive([self._incoming(ref, MessageReceived(text, ref=ref, chat=chat))])

    def _incoming(self, key: str, given: Any) -> Incoming:
        return Incoming(self._origin, key, given, first_name=HOST, zone=self._place)
