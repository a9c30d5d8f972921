"""When people hear of classes: in their own zone, outside their quiet hours, once, and of every change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cohorts.calendar_file import calendar_file
from bot.cohorts.classes import class_moments, class_posts, coming, held, knowing, news, on_wall
from bot.cohorts.model import Attendance, Cohort, Lesson
from bot.model import Journey, Kind, Participant, Reply, Rhythm, State
from bot.storage.codec import dump_cohort, dump_participant, dump_reply, load_cohort, load_participant, load_reply
from bot.timetable import is_quiet, local_day, zone

WARD = Cohort("ward-4", "Ward 4", "compassion", "calendar", date(2026, 3, 9), "Europe/Madrid", host="Agnes")
LONG_AGO = datetime(2026, 3, 1, 9, tzinfo=UTC)
THURSDAY = Lesson("c1", "Settling", datetime(2026, 3, 12, 17, tzinfo=UTC), changed=LONG_AGO)  # 18:00 in Madrid
ANA = Participant("ana", zone="Europe/Madrid", journey=Journey(State.ACTIVE, anchor=date(2026, 3, 9)), cohort=WARD.id)
YES, NO = (Attendance("c1", "ana", coming) for coming in (True, False))
ZONES = ("Europe/Madrid", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Apia", "Australia/Lord_Howe", "UTC")


def at(text: str) -> datetime:
    """A wall time of Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=zone("Europe/Madrid")).astimezone(UTC)


def planned(*lessons: Lesson) -> Cohort:
    """The cohort with these classes."""
    return replace(WARD, classes=lessons)


def moments(
    person: Participant, cohort: Cohort, answer: Attendance | None, now: datetime
) -> list[tuple[Kind, datetime]]:
    """What is planned, in order."""
    answers = {answer.lesson: answer} if answer else {}
    found = class_moments(person, cohort, answers, now)
    return sorted(((moment.kind, moment.at) for moment in found), key=lambda each: each[1])


def test_a_class_is_told_of_a_day_ahead_and_an_hour_ahead_to_those_who_come() -> None:
    cohort, now = planned(THURSDAY), at("2026-03-10T12:00")
    assert moments(ANA, cohort, None, now) == [(Kind.CLASS, at("2026-03-11T18:00"))]
    assert moments(ANA, cohort, NO, now) == []
    both = [(Kind.CLASS, at("2026-03-11T18:00")), (Kind.CLASS_SOON, at("2026-03-12T17:00"))]
    assert moments(ANA, cohort, YES, now) == both


def test_a_reminder_waits_for_the_end_of_quiet_hours_and_the_one_of_an_hour_is_left_out_in_them() -> None:
    early = replace(THURSDAY, starts=at("2026-03-12T06:30"))
    now = at("2026-03-10T12:00")
    assert moments(ANA, planned(early), YES, now) == [(Kind.CLASS, at("2026-03-11T07:00"))]
    tokyo = replace(ANA, zone="Asia/Tokyo")  # the class is at 02:00 there
    assert moments(tokyo, planned(THURSDAY), YES, now) == [(Kind.CLASS, datetime(2026, 3, 11, 22, tzinfo=UTC))]


def test_a_class_planned_within_a_day_is_told_of_at_once() -> None:
    late = replace(THURSDAY, changed=at("2026-03-12T09:15"))
    assert moments(ANA, planned(late), None, at("2026-03-12T10:00")) == [(Kind.CLASS, at("2026-03-12T09:15"))]
    overnight = replace(THURSDAY, starts=at("2026-03-12T06:30"), changed=at("2026-03-11T23:00"))
    assert moments(ANA, planned(overnight), None, at("2026-03-11T23:00")) == []


@pytest.mark.parametrize("state", [State.PAUSED, State.WITHDRAWN, State.ONBOARDING, State.GRADUATED])
def test_who_is_not_on_the_way_hears_of_no_class(state: State) -> None:
    away = replace(ANA, journey=Journey(state), told=(("c1", 0),))
    cohort = planned(replace(THURSDAY, version=1))
    assert moments(away, cohort, None, LONG_AGO) == []
    assert list(news(away, cohort, LONG_AGO)) == []


def test_a_closed_cohort_and_a_cancelled_class_remind_nobody() -> None:
    assert moments(ANA, replace(planned(THURSDAY), closed_on=date(2026, 3, 10)), YES, LONG_AGO) == []
    assert moments(ANA, planned(replace(THURSDAY, cancelled=True)), YES, LONG_AGO) == []
    assert coming(planned(replace(THURSDAY, cancelled=True)), LONG_AGO) == []


@pytest.mark.parametrize(
    ("answer", "gets"),
    [(None, True), (YES, False), (NO, True), (replace(YES, present=False), True), (replace(YES, present=True), False)],
)
def test_a_recap_is_for_those_who_were_not_there(answer: Attendance | None, gets: bool) -> None:
    written = at("2026-03-12T22:30")
    cohort = planned(replace(THURSDAY, recap="We listened.", recapped=written))
    found = moments(ANA, cohort, answer, at("2026-03-13T04:30"))
    assert found == ([(Kind.RECAP, at("2026-03-13T07:00"))] if gets else [])


def test_only_who_knows_of_a_class_hears_of_a_change_and_once() -> None:
    moved = planned(replace(THURSDAY, version=1, changed=at("2026-03-11T23:00")))
    knows = replace(ANA, told=(("c1", 0),))
    assert list(news(ANA, moved, at("2026-03-11T23:00"))) == []
    (new,) = news(knows, moved, at("2026-03-11T23:00"))
    assert (new.at, new.until) == (at("2026-03-12T07:00"), at("2026-03-12T19:00"))
    (later,) = news(knows, moved, at("2026-03-12T08:00"))
    assert later.at == at("2026-03-12T08:00")
    told = replace(knows, told=knowing(knows, new.lesson))
    assert list(news(told, moved, at("2026-03-12T08:00"))) == []


def test_a_weekly_class_keeps_its_wall_time_over_a_clock_change() -> None:
    before, after = (on_wall(on, time(18), "Europe/Madrid") for on in (date(2026, 3, 26), date(2026, 4, 2)))
    assert (before.hour, after.hour) == (17, 16)
    assert on_wall(date(2026, 3, 29), time(2, 30), "Europe/Madrid") == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert on_wall(date(2026, 3, 12), time(1), "Europe/Madrid") == at("2026-03-12T01:00")


@given(
    zone_name=st.sampled_from(ZONES),
    hours=st.integers(0, 24 * 300),
    lead=st.integers(0, 72),
    quiet=st.sampled_from([(time(22), time(7)), (time(1), time(9)), (time(0), time(0)), (time(8), time(16))]),
    comes=st.sampled_from([None, True, False]),
)
def test_no_reminder_falls_into_quiet_hours_or_after_the_class(
    zone_name: str, hours: int, lead: int, quiet: tuple[time, time], comes: bool | None
) -> None:
    starts = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    lesson = Lesson("c1", "", starts, changed=starts - timedelta(hours=lead))
    rhythm = Rhythm(quiet_from=quiet[0], quiet_until=quiet[1])
    person = replace(ANA, zone=zone_name, rhythm=rhythm)
    answers = {} if comes is None else {"c1": Attendance("c1", "ana", comes)}
    found = list(class_moments(person, planned(lesson), answers, starts - timedelta(days=4)))
    assert len({(moment.kind, moment.on) for moment in found}) == len(found)
    for moment in found:
        assert not is_quiet(rhythm, zone(zone_name), moment.at)
        assert moment.at < moment.until <= starts
        assert moment.on == local_day(moment.at, zone(zone_name))
        assert lesson.changed is not None
        assert moment.at >= lesson.changed or moment.kind is Kind.CLASS_SOON


def test_a_home_gets_a_post_a_day_ahead_and_every_change_of_what_was_posted() -> None:
    home = Participant("home", home_of=WARD.id)
    cohort = planned(THURSDAY, replace(THURSDAY, id="c2", starts=at("2026-03-19T18:00")))
    first, second = class_posts(home, cohort, at("2026-03-10T12:00"))
    assert (first.said.prompt, first.at, first.told) == ("class/post", at("2026-03-11T18:00"), (("c1", 0),))
    assert first.said.key != second.said.key
    home = replace(home, told=first.told)
    off = planned(replace(THURSDAY, cancelled=True, version=1, changed=at("2026-03-11T23:30")))
    (post,) = class_posts(home, off, at("2026-03-11T23:30"))
    assert (post.said.prompt, post.at) == ("class/post_off", at("2026-03-12T07:00"))
    assert class_posts(replace(home, told=post.told), off, at("2026-03-12T08:00")) == ()
    assert class_posts(home, replace(cohort, closed_on=date(2026, 3, 11)), at("2026-03-10T12:00")) == ()


def test_the_latest_classes_come_first_among_those_that_were_held() -> None:
    cohort = planned(THURSDAY, replace(THURSDAY, id="c2", starts=at("2026-03-19T18:00")))
    assert [lesson.id for lesson in held(cohort, at("2026-03-20T12:00"))] == ["c2", "c1"]
    assert [lesson.id for lesson in coming(cohort, at("2026-03-12T19:00"))] == ["c1", "c2"]


def test_classes_and_what_is_known_of_them_come_back_from_storage_as_they_were() -> None:
    cohort = planned(
        replace(THURSDAY, place="Room 4", link="https://a.example", recap="We.", recapped=at("2026-03-12T20:00"))
    )
    assert load_cohort(dump_cohort(cohort)) == cohort
    assert load_participant(dump_participant(replace(ANA, told=(("c1", 2),)))).told == (("c1", 2),)
    file = calendar_file(cohort, cohort.classes)
    assert load_reply(dump_reply(Reply(file=file))).file == file
