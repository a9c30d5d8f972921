"""Whom a broadcast reaches, and when each of them may read it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot import journey
from bot.cohorts.broadcasts import Broadcast, Head, Segment
from bot.cohorts.model import Act
from bot.cohorts.pulse import rounded
from bot.consent import is_asked_again
from bot.model import Decided, Event, Kind, Participant, State, Travelled
from bot.timetable import day_begins, instant, local_day, moments, quiet_begins, quiet_ends, zone

MOST_A_DAY = 3  # unsolicited messages, of which mornings and evenings come first (design.md §3)
A_DAY = timedelta(days=1)
AFTER_A_SIT = timedelta(minutes=30)
FARTHEST_EAST = timedelta(hours=14)  # of UTC that clocks are
FAR = 60  # days within which there is room for everybody
NEVER_HEARD = 10_000  # days


@dataclass(frozen=True, slots=True)
class Slot:
    """When somebody may read a broadcast: in [due, expires), both UTC, on their local date `on`."""

    due: datetime
    expires: datetime
    on: date


def takes_part(person: Participant) -> bool:
    """Whether broadcasts are for them at present: not before consent or when asked anew, in a pause, after leaving,
    or while all is held.
    """
    held = person.sheltered is not None or is_asked_again(person)
    return person.reachable and not held and person.journey.state in (State.ACTIVE, State.GRADUATED)


def is_out_of_reach(event: Event) -> bool:
    """Whether broadcasts that are on their way to somebody are not for them any more."""
    match event:
        case Travelled(after=State.PAUSED | State.WITHDRAWN) | Decided(act=Act.JOIN | Act.LEAVE):
            return True
    return False


def head_of(person: Participant, installation: str, now: datetime, weeks: int) -> Head:
    """Somebody as a count needs them."""
    silent = (now - person.heard).days if person.heard else NEVER_HEARD
    return Head(person.cohort, week_on(person, journey.today(person, now), weeks), silent, installation)


def counted(heads: Iterable[Head], segment: Segment) -> int | None:
    """A part of these people as it may be shown and written to: at least so many; None where it may not.

    Of who answers and who is silent, never all is said: nobody's answer would be left open. And of several cohorts no
    more is said than of each: what is not would follow by subtraction.
    """
    there = [head for head in heads if head.joined or segment.kind == "not_joined"]
    if segment.kind not in ("active", "silent"):
        return rounded(sum(head.within(segment) for head in there))
    within, sizes = (
        Counter(head.cohort for head in some) for some in ([one for one in there if one.within(segment)], there)
    )
    return sum(rounded(min(within[cohort], size - 1)) or 0 for cohort, size in sizes.items()) or None


def begins(broadcast: Broadcast, now: datetime) -> datetime:
    """When to compose: as late as the first reader on earth allows, so that zones, pauses and weeks are the latest."""
    if broadcast.composed or broadcast.on is None or broadcast.at is None:
        return now
    return max(now, datetime.combine(broadcast.on, broadcast.at, UTC) - FARTHEST_EAST)


def week_on(person: Participant, on: date, weeks: int) -> int:
    """The week of the course on their local date; 0 before and after it."""
    place = journey.standing(person.journey, on, weeks)
    return place.week if place else 0


def slot_for(person: Participant, broadcast: Broadcast, now: datetime, others: Iterable[datetime]) -> Slot:
    """The soonest moment that is not quiet, on a day with room; `others` is when other broadcasts reach them."""
    tz = zone(person.zone)
    wanted = instant(broadcast.on, broadcast.at, tz) if broadcast.on and broadcast.at else now
    sitting = [timer.at + AFTER_A_SIT for timer in person.timers if timer.name == "sit"]
    due = quiet_ends(person.rhythm, tz, max(now, wanted, *sitting))
    taken = [local_day(other, tz) for other in others]
    for _ in range(FAR):
        on = local_day(due, tz)
        if taken.count(on) < max(1, MOST_A_DAY - len(moments(person.rhythm, tz, on))) - _about_partners(person, on):
            break
        due = quiet_ends(person.rhythm, tz, day_begins(on + A_DAY, tz))
    on = local_day(due, tz)
    ends = day_begins(on + A_DAY, tz)
    return Slot(due, min(ends, quiet_begins(person.rhythm, tz, due) or ends), on)


def _about_partners(person: Participant, on: date) -> int:
    """How many messages about partners came on a date, or will: they come before broadcasts (design.md §3)."""
    came = sum(kind in (Kind.PAIR, Kind.MET) and day == on for kind, day in person.touched)
    told = person.pairing.told
    asked = told is not None and not person.pairing.asked_met and told[1] + A_DAY == on
    return max(came, int(asked))
