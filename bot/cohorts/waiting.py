"""Who opened a cohort's invitation and has not joined: they agreed to nothing yet, so there is one text for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cohorts.broadcasts import Broadcast
from bot.cohorts.model import Cohort
from bot.cohorts.ports import Cohorts
from bot.model import Participant, State

KEPT = 500  # people a cohort, the latest
A_WEEK = timedelta(days=7)  # within which a cohort sends one such message


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has not joined yet, and what they were invited to."""

    person: Participant
    installation: str
    cohort: Cohort


def may_be_reminded(person: Participant) -> bool:
    """Whether they are still on their way in, and can be reached."""
    on_the_way = person.journey.state in (State.CONSENTING, State.ONBOARDING)
    return person.reachable and person.sheltered is None and on_the_way and bool(person.joining)


async def waiting(cohorts: Cohorts, some: Iterable[Cohort], now: datetime) -> Sequence[Waiting]:
    """Those who may still join one of these cohorts by the invitation that they opened, in the order of their ids."""
    of = {cohort.id: cohort for cohort in some}
    ids = sorted({person for cohort in of.values() for person in cohort.knocking})
    found = [pair for pair in await cohorts.people(ids) if may_be_reminded(pair[0])]
    opened = {one: await cohorts.invited(invitation=one) for one in sorted({who.joining for who, _ in found})}
    good = {one: it.cohort for one, it in opened.items() if it is not None and it.good(now)}
    there = [(who, installation, of.get(good.get(who.joining, ""))) for who, installation in found]
    return [Waiting(who, installation, cohort) for who, installation, cohort in there if cohort is not None]


def reminded_lately(sent: Iterable[Broadcast], cohorts: Iterable[str], now: datetime) -> bool:
    """Whether one of these cohorts sent such a message within the last week, called off or not."""
    wanted = set(cohorts)
    like_it = (one for one in sent if one.segment.kind == "not_joined" and wanted.intersection(one.cohorts))
    return any(now - one.created_at < A_WEEK for one in like_it)
