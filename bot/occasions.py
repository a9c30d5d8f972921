"""What a cohort plans for its people, as moments of theirs: partners, the question after, classes. Pure.

They stand beside the mornings and evenings of the journey; so at most once, quiet hours, windows and "missed in
silence" hold for them alike. An occasion lies on its own local day only: what was not said on it is planned anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot import journey
from bot.cohorts.classes import class_moments
from bot.cohorts.meetings import Meeting
from bot.cohorts.model import Attendance, Cohort
from bot.cohorts.schedule import A_WEEK, Round, round_ahead
from bot.model import Kind, Pairing, Participant, State
from bot.timetable import Moment, day_begins, local_day, quiet_begins, quiet_ends, zone

A_DAY = timedelta(days=1)
ASKED_AGAIN = 3 * A_DAY  # after "not yet", whether they met is asked once more
SILENT_ROUNDS = 2  # after so many, somebody is asked rather than matched
OCCASIONS = frozenset({Kind.PAIR, Kind.MET, Kind.CLASS, Kind.CLASS_SOON, Kind.RECAP})
Answers = Mapping[str, Attendance]
"""What somebody said about the classes of their cohort, by class."""
NOTHING_SAID: Answers = {}
QUESTION, PARTNERS, FALLEN_OUT = "question", "partners", "fallen_out"  # what a moment of PAIR or MET is about


def moment_due(
    person: Participant,
    cohort: Cohort | None,
    meeting: Meeting | None,
    now: datetime,
    weeks: int,
    answers: Answers = NOTHING_SAID,
) -> Moment | None:
    """The earliest touchpoint that has come up, of the journey or of the cohort."""
    mine = next(journey.moments_due(person, now, weeks), None)
    theirs = (moment for moment in occasions(person, cohort, meeting, now, weeks, answers) if moment.at <= now)
    return _earlier(next(theirs, None), mine)


def moment_ahead(
    person: Participant,
    cohort: Cohort | None,
    meeting: Meeting | None,
    now: datetime,
    weeks: int,
    answers: Answers = NOTHING_SAID,
) -> Moment | None:
    """The next touchpoint after `now`, of the journey or of the cohort."""
    mine = journey.moment_ahead(person, now, weeks)
    theirs = (moment for moment in occasions(person, cohort, meeting, now, weeks, answers) if moment.at > now)
    return _earlier(next(theirs, None), mine)


def _earlier(theirs: Moment | None, mine: Moment | None) -> Moment | None:
    return mine if theirs is None or (mine is not None and mine.at < theirs.at) else theirs


def occasions(
    person: Participant,
    cohort: Cohort | None,
    meeting: Meeting | None,
    now: datetime,
    weeks: int,
    answers: Answers = NOTHING_SAID,
) -> tuple[Moment, ...]:
    """What is planned for this person from today on, in order, and was not said or missed on its day."""
    if cohort is None or person.journey.state is not State.ACTIVE:
        return ()
    planned = [*_of_pairs(person, cohort, meeting, now, weeks), *class_moments(person, cohort, answers, now)]
    fresh = (moment for moment in planned if (moment.kind, moment.on) not in person.touched)
    return tuple(sorted(fresh, key=lambda moment: moment.at))


# ---------------------------------------------------------------- partners


def unanswered(pairing: Pairing) -> int:
    """Of how many meetings in a row, the latest included, we asked and heard nothing."""
    if pairing.met:
        return 0
    return pairing.silent + (1 if pairing.asked_met else 0)


def wants_a_partner(person: Participant) -> bool:
    """Whether somebody wants to be paired, as far as we heard."""
    return person.pairing.wanted is True and unanswered(person.pairing) < SILENT_ROUNDS


def fallen_out(person: Participant, meeting: Meeting) -> bool:
    """Whether somebody of whom they were told is not in the meeting any more, and they had not met."""
    pairing, there = person.pairing, {mate.person.id for mate in meeting.mates}
    told = pairing.told is not None and pairing.told[0] == meeting.id
    return told and pairing.met not in ("yes", "no") and not there.issuperset(pairing.mates)


def _of_pairs(
    person: Participant, cohort: Cohort, meeting: Meeting | None, now: datetime, weeks: int
) -> Iterator[Moment]:
    if cohort.pairs is None or cohort.closed_on is not None:
        return
    if (ahead := round_ahead(cohort, now, weeks)) is not None and _is_asked_before(person, ahead):
        yield _moment(person, Kind.PAIR, max(_eve(person, ahead), _today_begins(person, now)), about=QUESTION)
    if meeting is None or meeting.cohort != cohort.id:
        return
    told, today = person.pairing.told, local_day(now, zone(person.zone))
    if told is None or told[0] != meeting.id:
        yield from _daily(person, Kind.PAIR, meeting, meeting.at, today, PARTNERS)
    elif fallen_out(person, meeting):
        yield from _daily(person, Kind.MET, meeting, _today_begins(person, now), today, FALLEN_OUT)
    elif meeting.mates and (since := _asks_since(person.pairing, told[1])) is not None:
        yield from _daily(person, Kind.MET, meeting, meeting.at, max(since, today), PARTNERS)


def _is_asked_before(person: Participant, ahead: Round) -> bool:
    """Whether they have to say something before this round: for the first time, or after silent ones."""
    pairing = person.pairing
    doubtful = pairing.wanted is True and not wants_a_partner(person)
    return (pairing.wanted is None and not pairing.asked_for) or (doubtful and pairing.asked_for < ahead.week)


def _eve(person: Participant, ahead: Round) -> datetime:
    """A day before a round, or on the last day before that on which they want to hear from us."""
    tz, off = zone(person.zone), person.rhythm.days_off
    days = (ahead.at - n * A_DAY for n in range(1, A_WEEK.days))
    return next((at for at in days if local_day(at, tz).weekday() not in off), ahead.at - A_DAY)


def _asks_since(pairing: Pairing, told: date) -> date | None:
    """From which date on to ask whether they met: the day after they were told, and once more after "not yet"."""
    match pairing.asked_met:
        case ():
            return told + A_DAY
        case (asked,) if pairing.met == "not_yet":
            return asked + ASKED_AGAIN
    return None


def _daily(
    person: Participant, kind: Kind, meeting: Meeting, hour: datetime, since: date, about: str
) -> Iterator[Moment]:
    """From the date `since` on, at this hour of every day of the meeting's week: said once, the others fall away."""
    gathers = meeting.gathers and kind is Kind.PAIR
    company = [mate.person for mate in meeting.mates] if gathers else []
    for days in range(A_WEEK.days):
        moment = _moment(person, kind, hour + days * A_DAY, about, company)
        if moment.at >= meeting.at + A_WEEK:
            return
        if moment.on >= since and moment.on.weekday() not in person.rhythm.days_off:
            yield moment


def _moment(person: Participant, kind: Kind, at: datetime, about: str, company: Sequence[Participant] = ()) -> Moment:
    """Not before the quiet hours of everybody who reads it are over, as far as they leave room for all."""
    tz = zone(person.zone)
    for who in (*company, *company, person):
        at = quiet_ends(who.rhythm, zone(who.zone), at)
    on = local_day(at, tz)
    turn = day_begins(on + A_DAY, tz)
    return Moment(kind, on, at, min(turn, quiet_begins(person.rhythm, tz, at) or turn), about)


def _today_begins(person: Participant, now: datetime) -> datetime:
    tz = zone(person.zone)
    return day_begins(local_day(now, tz), tz)
