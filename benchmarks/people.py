"""Participants well into their course, put into the store directly: walking them through onboarding takes longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from bot.consent import VERSIONS
from bot.journey import DAYS_IN_A_WEEK
from bot.model import Consent, Journey, Kind, Ledger, Origin, Participant, Rhythm, State
from bot.ports import Saved, Store
from bot.timetable import fitted, local_day, zone
from curriculum.model import Programme

NAMES = ("Ana", "Ben", "Zoë", "Máire", "Kofi", "Iñaki", "Łucja", "Nguyễn Thị Ánh")
ZONES = ("Europe/Madrid", "Europe/London", "Europe/Athens", "Africa/Johannesburg", "Europe/Berlin")
AT_ONCE = 500  # people a transaction
NIGHT = timedelta(hours=12)


async def settle(
    store: Store,
    origins: Sequence[Origin],
    programme: Programme,
    morning: datetime,
    now: datetime,
    seed: int,
    zones: Sequence[str] = ZONES,
) -> None:
    """Makes everybody somebody who answered last night and whose next morning is `morning`, an instant after `now`."""
    random = Random(seed)
    for start in range(0, len(origins), AT_ONCE):
        some = origins[start : start + AT_ONCE]
        async with store.writing() as work:
            ids = await work.persons(some)
            known = await work.load(sorted(ids.values()))
            people = [
                Saved(participant(known[ids[one]].participant, programme, morning, now, random, zones), morning, 0)
                for one in some
            ]
            await work.save(people)


def participant(
    newcomer: Participant, programme: Programme, morning: datetime, now: datetime, random: Random, zones: Sequence[str]
) -> Participant:
    """Somebody on some day of some week, with what the days until then left in their state."""
    name = random.choice(zones)
    tz = zone(name)
    today = local_day(morning, tz)
    days = random.randrange(programme.length * DAYS_IN_A_WEEK)
    done = [practice for week in programme.weeks[: days // DAYS_IN_A_WEEK] for practice in week.practices]
    agreed = now - timedelta(days=days + 1)
    evening = (morning + NIGHT).astimezone(tz).time()
    touched = ((Kind.EVENING, today - timedelta(days=n)) for n in range(1, 4))
    return replace(
        newcomer,
        name=random.choice(NAMES),
        zone=name,
        health_care=random.random() < 0.5,
        rhythm=fitted(Rhythm(morning=morning.astimezone(tz).time(), evening=evening)),
        journey=Journey(State.ACTIVE, anchor=today - timedelta(days=days)),
        asked=4 * days,
        checked=now,
        touched=tuple(touched),
        heard=now,
        consents=(Consent("coach", VERSIONS["coach"], agreed),),
        ledger=Ledger({practice.id: 1 for practice in done}, gratitudes=days, reflections=days),
        history={f"{practice.id} {what}": 1 for practice in done for what in ("invitation", "evening")},
    )
