"""The participant's state machine through the steps of the programme, and what comes up when. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.cohorts.model import Cohort
from bot.model import Journey, Kind, Participant, Place, Rhythm, State
from bot.model.replacing import replace
from bot.timetable import Moment, day_begins, local_day, moments_between, next_moment, zone

DAYS_IN_A_WEEK = 7
A_SECOND = timedelta(seconds=1)
FEWER_DAYS = frozenset({1, 3, 6})  # spread out, and on them the practices of a week take turns


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of the diagram in docs/journey.md, which is drawn from this table."""

    name: str
    before: State
    after: State


TRANSITIONS: tuple[Transition, ...] = (
    Transition("arrives", State.INVITED, State.CONSENTING),
    Transition("agrees", State.CONSENTING, State.ONBOARDING),
    Transition("begins", State.ONBOARDING, State.ACTIVE),
    Transition("completes", State.ACTIVE, State.GRADUATED),
    Transition("walks again", State.GRADUATED, State.ACTIVE),
    *(
        Transition("pauses", state, State.PAUSED)
        for state in (State.CONSENTING, State.ONBOARDING, State.ACTIVE, State.GRADUATED)
    ),
    *(
        Transition("resumes", State.PAUSED, state)
        for state in (State.CONSENTING, State.ONBOARDING, State.ACTIVE, State.GRADUATED)
    ),
    *(
        Transition("leaves", state, State.WITHDRAWN)
        for state in (State.CONSENTING, State.ONBOARDING, State.ACTIVE, State.PAUSED, State.GRADUATED)
    ),
    Transition("returns", State.WITHDRAWN, State.CONSENTING),
)


class NoSuchTransitionError(ValueError):
    """The table has no arrow between these states."""


def travel(journey: Journey, to: State, on: date | None = None, until: date | None = None) -> Journey:
    """The journey after moving to `to` on the local date `on`; a pause keeps its place, and `until` is its end.

    Raises:
        NoSuchTransitionError: the table has no such arrow.
    """
    if not any(arrow.before is journey.state and arrow.after is to for arrow in TRANSITIONS):
        raise NoSuchTransitionError(f"{journey.state} -> {to}")
    match to:
        case State.PAUSED:
            return replace(journey, state=to, paused_from=journey.state, paused_on=on, resume_on=until)
        case _ if journey.state is State.PAUSED and to is not State.WITHDRAWN:
            return replace(_unpaused(journey, on), state=to, paused_from=None, paused_on=None, resume_on=None)
        case State.GRADUATED:
            return replace(journey, state=to, graduated_on=on)
        case State.WITHDRAWN:
            return Journey(state=to)
        case _:
            return replace(journey, state=to)


def _unpaused(journey: Journey, on: date | None) -> Journey:
    """At one's own pace the days of a pause do not count: the anchor moves later by as many. A cohort walks on."""
    if journey.pacing == "calendar" or journey.anchor is None or journey.paused_on is None or on is None:
        return journey
    away = max(on - max(journey.paused_on, journey.anchor), timedelta(0))
    return replace(journey, anchor=journey.anchor + away)


def place_on(journey: Journey, on: date, weeks: int) -> Place | None:
    """Week and day on a local date; None before the first day and after the last."""
    if journey.anchor is None:
        return None
    week, day = divmod((on - journey.anchor).days, DAYS_IN_A_WEEK)
    return Place(week + 1, day + 1) if 0 <= week < weeks else None


def place_of(cohort: Cohort, on: date, weeks: int) -> Place | None:
    """The week and day of a cohort on a local date of its own, as if all walked together; None before and after."""
    return place_on(Journey(anchor=cohort.starts_on), on, weeks)


def standing(journey: Journey, on: date, weeks: int) -> Place | None:
    """The place for somebody who asks: a pause stands still, unless the cohort walks on."""
    return place_on(journey, on if journey.pacing == "calendar" else journey.paused_on or on, weeks)


def first_kind(rhythm: Rhythm) -> Kind:
    """The first touchpoint of a day: the morning, where it is wanted."""
    return Kind.MORNING if rhythm.mornings else Kind.EVENING


def opens_week(participant: Participant, on: date) -> bool:
    """Whether only days off came before this day of the person's week: it brings the theme."""
    first, day = _week_of(participant, on)
    return all(_is_off(participant, first + timedelta(days=other)) for other in range(day))


def closes_week(participant: Participant, on: date) -> bool:
    """Whether only days off are left of the person's week after this day: it looks back."""
    first, day = _week_of(participant, on)
    return all(_is_off(participant, first + timedelta(days=other)) for other in range(day + 1, DAYS_IN_A_WEEK))


def _week_of(participant: Participant, on: date) -> tuple[date, int]:
    """The first date of the person's week, and how many days after it `on` is."""
    day = (on - (participant.journey.anchor or on)).days % DAYS_IN_A_WEEK
    return on - timedelta(days=day), day


def _is_one_of_few(participant: Participant, moment: Moment, place: Place) -> bool:
    """Whether somebody who wants less hears from us then."""
    first = moment.kind is first_kind(participant.rhythm)
    return first and (place.day in FEWER_DAYS or opens_week(participant, moment.on))


def _is_off(participant: Participant, on: date) -> bool:
    return on.weekday() in participant.rhythm.days_off


def moved_to_week(journey: Journey, week: int, on: date) -> Journey:
    """The journey with day 1 of `week` on the local date `on`: staying another week, or going back to one."""
    return replace(journey, pacing="own", anchor=on - timedelta(days=DAYS_IN_A_WEEK * (week - 1)))


def today(participant: Participant, now: datetime) -> date:
    """The person's local date; it turns at 04:00."""
    return local_day(now, zone(participant.zone))


def moments_due(participant: Participant, now: datetime, weeks: int) -> Iterator[Moment]:
    """Touchpoints that have come up since the last look, oldest first, each (kind, date) once."""
    first = _first_day(participant.journey)
    if first is None or participant.checked is None:
        return
    tz = zone(participant.zone)
    since = max(participant.checked, _eve_of(first, tz))
    for moment in moments_between(participant.rhythm, tz, since, now):
        planned = _planned(participant, moment, first, weeks)
        if planned is not None:
            yield planned


def moment_ahead(participant: Participant, now: datetime, weeks: int) -> Moment | None:
    """The next touchpoint after `now`, or None if nothing is planned."""
    first = _first_day(participant.journey)
    if first is None:
        return None
    tz = zone(participant.zone)
    after = max(now, participant.checked or now, _eve_of(first, tz))
    for _ in range(4 * DAYS_IN_A_WEEK):
        moment = next_moment(participant.rhythm, tz, after)
        if moment is None:
            return None
        planned = _planned(participant, moment, first, weeks)
        if planned is not None:
            return planned
        after = moment.at
    return None


def _eve_of(first: date, tz: ZoneInfo) -> datetime:
    return day_begins(first, tz) - A_SECOND


def _first_day(journey: Journey) -> date | None:
    """The local date before which nothing is planned; None where nothing is planned at all."""
    match journey.state:
        case State.ACTIVE:
            return journey.anchor
        case State.PAUSED:
            return journey.resume_on
        case State.GRADUATED if journey.boosters_every and journey.graduated_on:
            return (journey.boosted_on or journey.graduated_on) + timedelta(days=journey.boosters_every)
        case _:
            return None


def _planned(participant: Participant, moment: Moment, first: date, weeks: int) -> Moment | None:
    """The touchpoint as it stands in this journey; None where nothing is said, as before the date `first`."""
    kind = _kind(participant, moment, weeks) if moment.on >= first else None
    if kind is None or (kind, moment.on) in participant.touched:
        return None
    return moment if kind is moment.kind else replace(moment, kind=kind)


def _kind(participant: Participant, moment: Moment, weeks: int) -> Kind | None:
    """What a morning or an evening of the rhythm is in this state of the journey."""
    journey = participant.journey
    match journey.state:
        case State.ACTIVE:
            place = place_on(journey, moment.on, weeks)
            if place is None:
                return Kind.GRADUATION
            if participant.fewer and not _is_one_of_few(participant, moment, place):
                return None
        case State.GRADUATED:
            return Kind.BOOSTER
        case State.PAUSED if moment.kind is not first_kind(participant.rhythm):
            return None
        case State.PAUSED if journey.pacing == "calendar" and journey.paused_from is State.ACTIVE:
            begun = journey.anchor is not None and journey.anchor <= moment.on
            if begun and place_on(journey, moment.on, weeks) is None:  # the cohort walked to its end meanwhile
                return Kind.GRADUATION
    return moment.kind
