"""What a group's own chat gets: eight weeks of posts, the clock changes, late alarms, and nothing twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from bot import gathering
from bot.cohorts.model import Act, Cohort, Lesson, Posts, Theme
from bot.cohorts.posts import open_thread, thread_key
from bot.model import Carried, Changed, Event, Handled, Participant, Said, Touched, Turn, WokeUp
from bot.timetable import zone
from bot.walk import World
from prompts.renderer import Prompts
from tests.conversation_lines import text_of
from tests.people import local, programme, world

MADRID = "Europe/Madrid"
COHORT = Cohort(
    "ward",
    "Ward 4",
    "compassion",
    "calendar",
    date(2026, 3, 9),  # a Monday; the clocks go forward on the 29th
    MADRID,
    host="Agnes",
    facilitators=("agnes", "bo"),
    code="CODE",
    themes=(Theme(3, note="We meet on Friday."),),
    home="chat",
    posts=Posts(time(8), time(18)),
)
CHAT = Participant("chat", address="there")
SETTLED = local("2026-03-05T15:00", MADRID)


def around(cohort: Cohort | None, now: datetime, link: str = "") -> World:
    """What a turn of the chat is handed."""
    return replace(world(now), cohort=cohort, link=link)


def settled(cohort: Cohort = COHORT, at: datetime = SETTLED) -> Turn:
    """The chat once the group is at home there."""
    return gathering.after(CHAT, Act.SETTLE, around(cohort, at))


def lived(cohort: Cohort, until: datetime, late: timedelta = timedelta(0)) -> list[tuple[datetime, Event]]:
    """Everything that happens until then, by the clock of its alarms, each of which rings so much too late."""
    turn, happened = settled(cohort), []
    while turn.wake_at is not None and turn.wake_at < until:
        now = turn.wake_at + late
        turn = gathering.turn(turn.participant, WokeUp(), around(cohort, now))
        happened += [(now, event) for event in turn.events]
        assert turn.wake_at is None or turn.wake_at > now, "an alarm that rings for ever"
    return happened


def said(happened: list[tuple[datetime, Event]]) -> list[tuple[datetime, Said]]:
    return [(at, event) for at, event in happened if isinstance(event, Said)]


FOREVER = datetime(2027, 1, 1, tzinfo=UTC)


def test_eight_weeks_bring_eight_themes_a_morning_and_an_evening_a_day_and_two_last_words() -> None:
    happened = lived(COHORT, FOREVER)
    counted = Counter(one.prompt for _, one in said(happened))
    assert counted == {
        "gathering/theme": 8,
        "gathering/morning": 56 - 8 - 1,
        "gathering/thread": 56,
        "gathering/closing": 1,
        "gathering/farewell": 1,
    }
    assert [at.astimezone(zone(MADRID)).date() for at, one in said(happened) if one.prompt == "gathering/theme"] == [
        COHORT.starts_on + timedelta(weeks=week) for week in range(8)
    ]
    assert said(happened)[-1][0] == local("2026-05-04T08:00", MADRID)


def test_every_post_has_a_key_of_its_own_and_a_window_and_comes_at_its_hour_on_both_sides_of_the_clock_change() -> None:
    posts = said(lived(COHORT, FOREVER))
    assert max(Counter(one.key for _, one in posts).values()) == 1
    assert all(one.key and one.urgency == "scheduled" and one.expires and at < one.expires for at, one in posts)
    hours = {(one.prompt == "gathering/thread", at.astimezone(zone(MADRID)).time()) for at, one in posts}
    assert hours == {(False, time(8)), (True, time(18))}


def test_the_theme_is_pinned_and_the_one_before_is_not_any_more() -> None:
    handled = [(event.act, event.of) for _, event in lived(COHORT, FOREVER) if isinstance(event, Handled)]
    themes = [one.key for _, one in said(lived(COHORT, FOREVER)) if one.prompt == "gathering/theme"]
    assert handled[0] == ("pin", themes[0])
    assert handled[1:] == [step for before, now in pairwise(themes) for step in (("unpin", before), ("pin", now))]


def test_alarms_that_ring_late_within_the_window_lose_nothing_and_past_it_miss_in_silence() -> None:
    in_time, too_late = lived(COHORT, FOREVER, timedelta(hours=3)), lived(COHORT, FOREVER, timedelta(hours=5))
    assert len(said(in_time)) == len(said(lived(COHORT, FOREVER)))
    assert {event.missed for _, event in too_late if isinstance(event, Touched)} == {True}
    assert said(too_late) == []


def test_a_missed_theme_comes_with_the_next_morning() -> None:
    home = settled().participant
    late = gathering.turn(home, WokeUp(), around(COHORT, local("2026-03-09T13:00", MADRID)))
    assert [type(event) for event in late.events] == [Touched]
    next_day = gathering.turn(late.participant, WokeUp(), around(COHORT, local("2026-03-10T08:00", MADRID)))
    assert [event.prompt for event in next_day.events if isinstance(event, Said)] == ["gathering/theme"]


def test_after_a_long_outage_only_what_is_still_of_use_is_said() -> None:
    home = settled().participant
    after = gathering.turn(home, WokeUp(), around(COHORT, local("2026-03-20T09:00", MADRID)))
    assert [event.prompt for event in after.events if isinstance(event, Said)] == ["gathering/theme"]
    assert sum(isinstance(event, Touched) and event.missed for event in after.events) == 22


def test_the_same_alarm_twice_says_nothing_twice() -> None:
    now = local("2026-03-09T08:00", MADRID)
    first = gathering.turn(settled().participant, WokeUp(), around(COHORT, now))
    again = gathering.turn(first.participant, WokeUp(), around(COHORT, now))
    assert first.events
    assert again.events == ()


def test_days_off_are_silent_and_a_week_that_begins_on_one_brings_its_theme_after_it() -> None:
    quiet = replace(COHORT, posts=Posts(time(8), None, frozenset({0, 6})))
    posts = said(lived(quiet, FOREVER))
    days = {at.astimezone(zone(MADRID)).weekday() for at, _ in posts}
    assert days == {1, 2, 3, 4, 5}
    assert [one.prompt for _, one in posts][:2] == ["gathering/theme", "gathering/morning"]
    assert [(one.prompt, at.astimezone(zone(MADRID)).date()) for at, one in posts][-2:] == [
        ("gathering/closing", date(2026, 5, 2)),  # a Saturday: the Sunday after it is off
        ("gathering/farewell", date(2026, 5, 5)),
    ]


def test_where_everybody_walks_at_their_own_pace_there_is_one_line_a_week() -> None:
    own = replace(COHORT, pacing="own", posts=Posts(time(8)))
    posts = said(lived(own, local("2026-04-06T12:00", MADRID)))
    assert {one.prompt for _, one in posts} == {"gathering/weekly"}
    assert [at.astimezone(zone(MADRID)).date() for at, _ in posts] == [
        COHORT.starts_on + timedelta(weeks=week) for week in range(5)
    ]


@pytest.mark.parametrize("name", ["Pacific/Apia", "America/St_Johns", "Asia/Kathmandu"])
def test_no_post_falls_into_quiet_hours(name: str) -> None:
    there = replace(COHORT, zone=name, posts=Posts(time(5, 30), time(21, 30)))
    hours = {at.astimezone(zone(name)).time() for at, _ in said(lived(there, FOREVER))}
    assert hours == {time(5, 30), time(21, 30)}  # what they chose, the night's edges fitted around it


def test_the_invitation_has_a_way_in_for_everybody_only_where_everybody_may_come_in() -> None:
    def choices(cohort: Cohort, link: str = "") -> tuple[list[str], object]:
        turn = gathering.after(CHAT, Act.SETTLE, around(cohort, SETTLED, link))
        first = next(event for event in turn.events if isinstance(event, Said))
        return [choice.command for row in first.choices for choice in row], first.facts["link"]

    assert choices(COHORT) == (["/join CODE"], "")
    assert choices(COHORT, "https://t.me/coach?start=") == ([], "https://t.me/coach?start=CODE")
    assert choices(replace(COHORT, posts=Posts(anybody=False))) == ([], "")
    assert choices(replace(COHORT, code="", open_to="closed")) == ([], "")


def test_a_new_link_changes_the_invitation_where_it_stands() -> None:
    home = settled()
    first = next(event for event in home.events if isinstance(event, Said))
    turn = gathering.after(home.participant, Act.OPEN, around(replace(COHORT, code="NEW"), SETTLED))
    (edit,) = turn.events
    assert isinstance(edit, Said)
    assert edit.in_place
    assert edit.of == first.key
    assert edit.choices[0][0].command == "/join NEW"


@pytest.mark.parametrize("act", [Act.CLOSE, Act.UNSETTLE])
def test_a_group_that_is_closed_or_taken_away_says_goodbye_and_falls_silent(act: Act) -> None:
    home = gathering.turn(settled().participant, WokeUp(), around(COHORT, local("2026-03-09T08:00", MADRID)))
    over = replace(COHORT, closed_on=date(2026, 3, 9)) if act is Act.CLOSE else replace(COHORT, home="")
    turn = gathering.after(home.participant, act, around(over, local("2026-03-09T12:00", MADRID)))
    assert [event.prompt for event in turn.events if isinstance(event, Said)] == ["gathering/goodbye"]
    assert [event.act for event in turn.events if isinstance(event, Handled)] == ["delete", "unpin"]
    assert turn.wake_at is None
    assert turn.participant.home_of == ""
    again = gathering.after(turn.participant, Act.CLOSE, around(over, local("2026-03-09T12:00", MADRID)))
    assert again.events == ()


def test_those_who_lead_hear_of_a_lost_chat_once_and_it_goes_on_without_a_pile() -> None:
    now = local("2026-03-12T12:00", MADRID)
    home = gathering.turn(settled().participant, WokeUp(), around(COHORT, now)).participant
    lost = gathering.turn(home, Changed("kicked", "archived"), around(COHORT, now))
    told = [event for event in lost.events if isinstance(event, Carried)]
    assert [event.to for event in told] == [("agnes",), ("bo",)]
    assert {event.event.prompt for event in told if isinstance(event.event, Said)} == {"gathering/lost"}
    assert not lost.participant.reachable
    twice = gathering.turn(lost.participant, Changed("kicked", "removed"), around(COHORT, now + timedelta(hours=1)))
    keys = {event.event.key for event in told if isinstance(event.event, Said)}
    assert {e.event.key for e in twice.events if isinstance(e, Carried) and isinstance(e.event, Said)} == keys
    back = gathering.turn(
        twice.participant, Changed("came_back", "unarchived"), around(COHORT, now + timedelta(days=6))
    )
    assert back.events == ()
    assert back.participant.reachable
    assert back.wake_at == local("2026-03-18T18:00", MADRID)


def test_an_invitation_that_may_not_have_arrived_is_said_again_when_we_are_let_in() -> None:
    lost = gathering.turn(settled().participant, Changed("kicked", "removed"), around(COHORT, SETTLED))
    back = gathering.turn(lost.participant, Changed("came_back", "invited"), around(COHORT, SETTLED))
    keys = [event.key for event in (*settled().events, *back.events) if isinstance(event, Said)]
    assert len(keys) == len(set(keys)) == 2


def test_a_chat_without_its_group_says_nothing() -> None:
    for cohort in (None, replace(COHORT, home="another")):
        turn = gathering.turn(settled().participant, WokeUp(), around(cohort, local("2026-03-09T08:00", MADRID)))
        assert (turn.events, turn.wake_at) == ((), None)


def test_every_post_is_rendered_for_everybody_and_names_nobody() -> None:
    prompts, home = Prompts(), replace(settled().participant, name="all of you")
    for at, one in said(lived(COHORT, FOREVER)):
        text = text_of(prompts.render(one, home, at.date()).reply)
        assert text
        assert "{{" not in text
    weekly = lived(replace(COHORT, pacing="own"), local("2026-04-06T12:00", MADRID))
    assert all(text_of(prompts.render(one, home, at.date()).reply) for at, one in said(weekly))


@pytest.mark.parametrize(
    ("when", "thread"),
    [
        ("2026-03-09T17:59", None),
        ("2026-03-09T18:00", date(2026, 3, 9)),
        ("2026-03-10T02:00", date(2026, 3, 9)),
        ("2026-03-10T17:00", None),
        ("2026-05-03T19:00", date(2026, 5, 3)),
        ("2026-05-04T19:00", None),
    ],
)
def test_a_thread_is_open_from_its_hour_until_the_next_day(when: str, thread: date | None) -> None:
    assert open_thread(COHORT, local(when, MADRID), programme().length) == thread


def test_the_chat_and_whoever_shares_open_the_same_thread() -> None:
    opened = next(one for _, one in said(lived(COHORT, FOREVER)) if one.prompt == "gathering/thread")
    assert opened.key == thread_key(COHORT, date(2026, 3, 9))


def test_a_class_is_posted_a_day_ahead_once_and_a_change_of_it_once() -> None:
    lesson = Lesson("one", "", local("2026-03-12T17:00", MADRID), place="Room 4", changed=SETTLED)
    cohort = replace(COHORT, classes=(lesson,))
    posts = [(at, one) for at, one in said(lived(cohort, FOREVER)) if one.prompt.startswith("class/")]
    assert [(at, one.prompt) for at, one in posts] == [(local("2026-03-11T17:00", MADRID), "class/post")]

    home = gathering.turn(settled(cohort).participant, WokeUp(), around(cohort, posts[0][0])).participant
    later = local("2026-03-11T19:00", MADRID)
    moved = replace(lesson, starts=local("2026-03-13T17:00", MADRID), version=1, changed=later)
    planned = gathering.after(home, Act.CHANGE_CLASS, around(replace(cohort, classes=(moved,)), later))
    assert planned.wake_at == later
    told = gathering.turn(planned.participant, WokeUp(), around(replace(cohort, classes=(moved,)), later))
    assert "class/post_changed" in [event.prompt for event in told.events if isinstance(event, Said)]
    assert told.wake_at is not None
    assert told.wake_at > later
