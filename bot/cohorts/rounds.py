"""Makes the pairs of a cohort: the alarm clock's third work, a round a week, under the locks of all it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

import structlog

from bot import journey
from bot.cohorts.acts import random_id
from bot.cohorts.meetings import MeetingRow
from bot.cohorts.model import Cohort
from bot.cohorts.pairing import Matching, Mate, Met, Pair, match, waking
from bot.cohorts.schedule import Round, round_ahead, round_begun
from bot.errors import is_the_stores
from bot.model import Participant, State
from bot.occasions import wants_a_partner
from bot.ports import Store, UnitOfWork
from bot.roster import shift_on
from bot.timetable import PUT_OFF, zone
from curriculum.model import Programme

log = structlog.get_logger()

EVERYBODY = 100_000  # members of a cohort at most


@dataclass(frozen=True, slots=True)
class Rounds:
    """`programme` is the course in a locale; `new_id` names a meeting."""

    store: Store
    programme: Callable[[str], Programme]
    new_id: Callable[[], str] = random_id

    async def hold(self, now: datetime) -> int:
        """Works on the cohort that is due, if there is one: how many (0 or 1). One that fails is put off.

        Raises:
            StoreError: the database cannot be used; nothing was kept.
        """
        try:
            async with self.store.writing() as work:
                worked, told = await self._hold(work, now)
            if told:
                log.info("round", **told)
            return worked
        except Exception as error:
            if is_the_stores(error):
                raise
            log.error("round_failed", error=type(error).__name__)
            async with self.store.writing() as work:
                if (seen := await work.cohorts.due(now)) is not None:
                    known = (await work.cohorts.load([seen.cohort.id]))[seen.cohort.id]
                    await work.cohorts.save(replace(known, wake_at=now + PUT_OFF))
            return 1

    async def _hold(self, work: UnitOfWork, now: datetime) -> tuple[int, Mapping[str, object]]:
        """How many were worked on, and what the log is told of a round that began, once this is committed."""
        told: Mapping[str, object] = {}
        seen = await work.cohorts.due(now)
        if seen is None:
            return 0, told
        cohort = seen.cohort
        members = await work.cohorts.broadcasts.members([cohort.id], "", EVERYBODY)
        people = await work.load(members)  # people before cohorts
        known = (await work.cohorts.load([cohort.id]))[cohort.id]
        if known.revision != seen.revision:
            return 1, told  # somebody else was faster: look again
        weeks = self.programme("en").length
        if (begun := round_begun(cohort, now, weeks)) is not None:
            told = await self._pair(work, cohort, begun, [people[one].participant for one in members], now)
        ahead = round_ahead(cohort, now, weeks)
        await work.cohorts.save(replace(known, wake_at=ahead.at if ahead else None))
        await work.cohorts.stir(cohort.id, now)  # partners are to be told of, or a question comes before the next round
        return 1, told

    async def _pair(
        self, work: UnitOfWork, cohort: Cohort, begun: Round, people: Sequence[Participant], now: datetime
    ) -> Mapping[str, object]:
        rows = await work.cohorts.meetings.rows(cohort.id)
        if any(row.week >= begun.week for row in rows):
            return {}
        matching = matched(cohort, begun.week, people, rows, now, self.programme)
        together = [*matching.pairs, *([matching.triad] if matching.triad else [])]
        groups = [*together, *((one,) for one in matching.alone)]  # whoever is alone hears that, and does not wait
        named = {self.new_id(): group for group in groups}
        await work.cohorts.meetings.arrange(cohort.id, named, begun.week, begun.at)
        return {"cohort": cohort.id, "week": begun.week, "meetings": len(together)}


def matched(
    cohort: Cohort,
    week: int,
    people: Iterable[Participant],
    rows: Iterable[MeetingRow],
    now: datetime,
    programme: Callable[[str], Programme],
) -> Matching:
    """Who meets in this round: those who walk at present, want to be paired, and have not asked to sit out."""
    mates = [
        _mate(who, now)
        for who in people
        if is_there(who, now, programme(who.locale).length)
        and wants_a_partner(who)
        and who.pairing.sits_out != (cohort.id, week)
    ]
    return match(mates, met_before(rows), f"{cohort.id} {week}")


def is_there(person: Participant, now: datetime, weeks: int) -> bool:
    """Whether they are in one of the weeks of the course, and can be written to."""
    path = person.journey
    walking = path.state is State.ACTIVE and journey.place_on(path, journey.today(person, now), weeks) is not None
    return walking and person.reachable and person.sheltered is None


def _mate(person: Participant, now: datetime) -> Mate:
    on = journey.today(person, now)
    hours = waking(person.rhythm, zone(person.zone), on)
    return Mate(person.id, hours, shift_on(person, on), person.pairing.never_with)


def met_before(rows: Iterable[MeetingRow]) -> Mapping[Pair, Met]:
    """How often everybody met everybody else, and when last."""
    groups: dict[tuple[int, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row.week, row.meeting), []).append(row.person)
    met: dict[Pair, Met] = {}
    for (week, _), people in sorted(groups.items()):
        for two in map(frozenset, combinations(people, 2)):
            met[two] = Met(met[two].times + 1 if two in met else 1, week)
    return met
