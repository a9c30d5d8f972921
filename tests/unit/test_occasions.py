"""What a cohort plans for its people: when, how often, and never where it would disturb."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cohorts.audience import slot_for
from bot.cohorts.broadcasts import Broadcast, Segment
from bot.cohorts.meetings import Companion, Meeting, MeetingRow
from bot.cohorts.model import Cohort, Pairs
from bot.cohorts.pairing import Met
from bot.cohorts.rounds import matched, met_before
from bot.cohorts.schedule import A_WEEK, round_ahead, round_begun, rounds
from bot.model import Journey, Kind, Pairing, Participant, Rhythm, State
from bot.occasions import moment_ahead, moment_due, occasions, wants_a_partner
from bot.timetable import is_quiet, local_day, quiet_begins, zone
from tests.people import programme

WARD = Cohort("ward", "Ward 4", "compassion", "calendar", date(2026, 3, 9), "Europe/Madrid", pairs=Pairs(2, time(12)))
TOLD_AT = datetime(2026, 3, 10, 11, tzinfo=UTC)
WEEKS = 8
ANA = Participant(
    "ana",
    name="Ana",
    zone="Europe/Madrid",
    journey=Journey(State.ACTIVE, "calendar", date(2026, 3, 9)),
    cohort="ward",
    pairing=Pairing(wanted=True),
    checked=TOLD_AT - timedelta(hours=1),
)
BEN = replace(ANA, id="ben", name="Ben")
MEETING = Meeting("m1", "ward", 1, TOLD_AT, (Companion(BEN, "telegram:1", "2"),))


def plain_rhythm(quiet_from: time = time(22), quiet_until: time = time(7)) -> Rhythm:
    return Rhythm(mornings=False, evenings=False, quiet_from=quiet_from, quiet_until=quiet_until)


def test_rounds_are_one_a_week_of_the_course_and_at_ones_own_pace_without_end() -> None:
    together = list(rounds(WARD, WEEKS))
    assert [one.week for one in together] == list(range(1, 9))
    assert together[0].at == TOLD_AT
    assert together[3].at == datetime(2026, 3, 31, 10, tzinfo=UTC)  # noon stays noon when the clock changes
    alone = replace(WARD, pacing="own")
    far = round_ahead(alone, TOLD_AT + 20 * A_WEEK, WEEKS)
    assert far is not None
    assert far.week == 22
    assert round_ahead(WARD, TOLD_AT + 20 * A_WEEK, WEEKS) is None


def test_a_round_begins_at_its_hour_and_is_over_a_week_later() -> None:
    assert round_begun(WARD, TOLD_AT - timedelta(seconds=1), WEEKS) is None
    begun = round_begun(WARD, TOLD_AT, WEEKS)
    assert begun is not None
    assert (begun.week, begun.at) == (1, TOLD_AT)
    assert round_begun(WARD, TOLD_AT + 9 * A_WEEK, WEEKS) is None


def test_no_round_before_pairs_were_switched_on_or_after_the_cohort_is_closed() -> None:
    late = replace(WARD, pairs=Pairs(2, time(12), since=TOLD_AT))
    assert round_begun(late, TOLD_AT + timedelta(days=1), WEEKS) is None
    assert list(rounds(replace(WARD, closed_on=date(2026, 3, 12)), WEEKS)) == []
    assert list(rounds(replace(WARD, pairs=None), WEEKS)) == []


def test_partners_are_told_once_then_asked_the_day_after_and_once_more_after_not_yet() -> None:
    due = moment_due(ANA, WARD, MEETING, TOLD_AT, WEEKS)
    assert due is not None
    assert (due.kind, due.on, due.at) == (Kind.PAIR, date(2026, 3, 10), TOLD_AT)
    told = replace(ANA, rhythm=plain_rhythm(), pairing=replace(ANA.pairing, told=("m1", due.on), mates=("ben",)))
    ahead = moment_ahead(told, WARD, MEETING, TOLD_AT, WEEKS)
    assert ahead is not None
    assert (ahead.kind, ahead.on) == (Kind.MET, date(2026, 3, 11))
    asked = replace(told.pairing, asked_met=(date(2026, 3, 11),))
    for met, on in (("", None), ("yes", None), ("no", None), ("not_yet", date(2026, 3, 14))):
        person = replace(told, pairing=replace(asked, met=met))  # type: ignore[arg-type]
        ahead = moment_ahead(person, WARD, MEETING, TOLD_AT + timedelta(days=1), WEEKS)
        assert (ahead.on if ahead else None) == on, met


def test_nothing_is_planned_in_a_pause_or_for_another_cohorts_meeting() -> None:
    paused = replace(ANA, journey=replace(ANA.journey, state=State.PAUSED))
    assert occasions(paused, WARD, MEETING, TOLD_AT, WEEKS) == ()
    assert occasions(ANA, WARD, replace(MEETING, cohort="other"), TOLD_AT, WEEKS) == ()
    assert occasions(ANA, None, MEETING, TOLD_AT, WEEKS) == ()
    assert occasions(ANA, WARD, MEETING, TOLD_AT + A_WEEK, WEEKS) == ()


def test_a_conversation_for_all_of_them_waits_until_nobody_sleeps() -> None:
    far = replace(BEN, zone="America/New_York")  # at 11:00 UTC it is 07:00 there, quiet until nine
    mate = Companion(replace(far, rhythm=plain_rhythm(quiet_until=time(9))), "slack:T1", "U2")
    for gathers, at in ((False, TOLD_AT), (True, TOLD_AT + timedelta(hours=2))):
        due = occasions(ANA, WARD, replace(MEETING, mates=(mate,), gathers=gathers), TOLD_AT, WEEKS)
        assert due[0].at == at


ZONES = st.sampled_from(["Europe/Madrid", "Pacific/Apia", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))


@settings(max_examples=200, deadline=None)
@given(
    where=ZONES,
    quiet_from=CLOCKS,
    quiet_until=CLOCKS,
    off=st.frozensets(st.integers(0, 6), max_size=6),
    later=st.integers(0, 7 * 24 * 60),
    told=st.none() | st.integers(0, 5),
    met=st.sampled_from(["", "yes", "no", "not_yet", "heard"]),
    gone=st.booleans(),
)
def test_no_occasion_lies_in_quiet_hours_on_days_off_or_in_the_past_and_each_date_has_one_of_a_kind(
    where: str,
    quiet_from: time,
    quiet_until: time,
    off: frozenset[int],
    later: int,
    told: int | None,
    met: str,
    gone: bool,
) -> None:
    rhythm = Rhythm(quiet_from=quiet_from, quiet_until=quiet_until, days_off=off)
    now, tz = TOLD_AT + timedelta(minutes=later), zone(where)
    on = local_day(TOLD_AT, tz) + timedelta(days=told or 0)
    pairing = replace(ANA.pairing, told=None if told is None else ("m1", on), mates=("ben",), met=met)  # type: ignore[arg-type]
    person = replace(ANA, zone=where, rhythm=rhythm, pairing=pairing)
    planned = occasions(person, WARD, replace(MEETING, mates=()) if gone else MEETING, now, WEEKS)
    for moment in planned:
        assert not is_quiet(rhythm, tz, moment.at)
        assert moment.on == local_day(moment.at, tz)
        assert moment.on >= local_day(now, tz)
        assert moment.on.weekday() not in off
        assert moment.at < moment.until
        assert (ends := quiet_begins(rhythm, tz, moment.at)) is None or moment.until <= ends
    assert len({(moment.kind, moment.on) for moment in planned}) == len(planned)


def test_after_two_meetings_of_which_nothing_was_heard_nobody_is_matched_without_being_asked() -> None:
    asked = (date(2026, 3, 11),)
    for silent, met, there in ((0, "", True), (1, "", False), (1, "heard", True), (1, "no", True)):
        pairing = Pairing(wanted=True, silent=silent, asked_met=asked, met=met)  # type: ignore[arg-type]
        assert wants_a_partner(replace(ANA, pairing=pairing)) is there


def test_who_met_how_often_and_when_last_is_read_from_the_rows() -> None:
    rows = [MeetingRow(1, "a", "ana"), MeetingRow(1, "a", "ben"), MeetingRow(1, "b", "eve")]
    rows += [MeetingRow(3, "c", who) for who in ("ana", "ben", "eve")]
    both, other, third = (frozenset(two) for two in (("ana", "ben"), ("ana", "eve"), ("ben", "eve")))
    assert met_before(rows) == {both: Met(2, 3), other: Met(1, 3), third: Met(1, 3)}


def test_only_those_who_walk_at_present_are_matched() -> None:
    away = [
        replace(ANA, id="paused", journey=replace(ANA.journey, state=State.PAUSED)),
        replace(ANA, id="unreachable", reachable=False),
        replace(ANA, id="later", journey=replace(ANA.journey, anchor=date(2026, 4, 1))),
        replace(ANA, id="sits out", pairing=Pairing(wanted=True, sits_out=("ward", 1))),
        replace(ANA, id="not asked", pairing=Pairing()),
        replace(ANA, id="said no", pairing=Pairing(wanted=False)),
    ]
    found = matched(WARD, 1, [ANA, BEN, *away], [], TOLD_AT, lambda _: programme())
    assert found.pairs == (("ana", "ben"),)
    assert found.alone == ()


def test_a_broadcast_waits_when_a_partner_came_that_day_or_will_be_asked_about() -> None:
    news = Broadcast("b", ("ward",), "Hello.", Segment(), "agnes", TOLD_AT)
    now = TOLD_AT + timedelta(hours=1)
    assert slot_for(ANA, news, now, ()).on == date(2026, 3, 10)
    touched = replace(ANA, touched=((Kind.PAIR, date(2026, 3, 10)),))
    assert slot_for(touched, news, now, ()).on == date(2026, 3, 11)
    told = replace(touched, pairing=replace(ANA.pairing, told=("m1", date(2026, 3, 10))))
    assert slot_for(told, news, now, ()).on == date(2026, 3, 12)
