"""The engine under any sequence of inputs, and the few facts about it that no golden conversation shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import journey
from bot.cohorts.meetings import Meeting
from bot.conversations import CONVERSATIONS
from bot.conversations.words import COMMANDS
from bot.engine import Visit, advance
from bot.model import (
    Changed,
    ChoiceMade,
    Closed,
    Entry,
    Event,
    Input,
    Kind,
    LocationShared,
    MessageReceived,
    Participant,
    Said,
    Shelter,
    State,
    Touched,
    Trusted,
    Turn,
    WokeUp,
)
from bot.refuge import gentle_question
from bot.timetable import is_quiet, local_day, zone
from bot.walk import OPEN_AT_ONCE
from tests.conversation_runner import Player
from tests.people import person, programme, world

MOST_A_DAY = 3
NOON = datetime(2026, 3, 24, 12, tzinfo=UTC)

PEOPLE: tuple[Mapping[str, str], ...] = (
    {"at": "2026-03-02T06:00", "name": ""},
    {"at": "2026-03-27T19:58", "zone": "Europe/Madrid", "week": "3", "day": "5"},
    {"at": "2026-04-04T12:00", "zone": "Australia/Lord_Howe", "week": "8", "day": "6", "quiet": "20:30-07:30"},
    {"at": "2026-10-24T07:00", "zone": "Europe/London", "week": "2", "mornings": "no"},
    {"at": "2026-03-24T07:59", "zone": "Pacific/Apia", "state": "graduated", "graduated_on": "2026-03-01"}
    | {"boosters_every": "14"},
    {"at": "2026-03-24T12:00", "zone": "America/St_Johns", "state": "paused", "paused_on": "2026-03-20"}
    | {"resume_on": "2026-03-26", "week": "4"},
    {
        "at": "2026-03-24T22:30",
        "zone": "UTC",
        "week": "5",
        "morning": "14:00",
        "evening": "03:00",
        "quiet": "05:00-13:00",
    },
)
CHOICES = sorted(
    {"agree", "more", "not_now", "as_shown", "none_of_these", "08:00", "22:00", "no", "yes", "today", "monday", "carry"}
    | {"another", "did", "not_today", "skip", "that_is_all", "short", "long", "gentler", "end_sit", "read_back", "keep"}
    | {"stay", "return", "1", "9", "close", "zone", "quiet", "amount", "days_3", "days_x", "open"}
    | {"leave", "pause", "fewer", "monthly", "never", "i_did", "Pacific/Apia", "Nowhere", "self-compassion/letter", ""}
)
WORDS = [f"/{command}" for command in COMMANDS] + [
    "/start",
    "/back",
    "/",
    "/sit@a_bot 5",
    "//",
    "stop",
    "back",
    "pause",
]
WORDS += ["yes", "no", "Ana", "Madrid", "Springfield", "25:99", "07:00", "tomorrow", "in 3 days", "every day", "week 2"]
WORDS += ["tea\nrain\nsnow\nsun", "", "   ", "\u202e\u0000", "{{ 7 }} <b>*", "x" * 5000, "I want to kill myself"]

texts = st.builds(
    MessageReceived,
    text=st.one_of(st.sampled_from(WORDS), st.text(max_size=12)),
    kind=st.sampled_from(["text"] * 8 + ["voice", "sticker"]),
    edited=st.sampled_from([False] * 8 + [True]),
    ref=st.sampled_from([None, "m1"]),
)
changes = st.one_of(
    st.sampled_from(["blocked", "came_back", "left"]).map(lambda what: Changed(what)),  # type: ignore[arg-type]
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Madrid", "Nowhere", ""]).map(
        lambda name: Changed("moved_zone", name)
    ),
)


@dataclass(frozen=True)
class Tapped:
    """A tap on the choice or, without one, on a button that was really offered; `back` questions ago."""

    back: int
    choice: str | None


@dataclass(frozen=True)
class Waited:
    """Time that passes: with every alarm in it, or with none until its end (or none at all)."""

    minutes: int
    alarms: str


taps = st.builds(Tapped, back=st.integers(-1, 5), choice=st.one_of(st.none(), st.none(), st.sampled_from(CHOICES)))
places = st.builds(LocationShared, st.floats(-95, 95), st.floats(-190, 190))
waits = st.builds(
    Waited,
    minutes=st.one_of(st.integers(0, 30), st.integers(30, 3000), st.integers(3000, 20000)),
    alarms=st.sampled_from(["all", "all", "last", "none"]),
)
steps = st.one_of(texts, texts, taps, taps, taps, waits, waits, places, changes, st.just(WokeUp()))


@dataclass
class Watched(Player):
    """A player who checks, at every turn, what must hold at all times."""

    touched: Counter[tuple[Kind, date]] = field(default_factory=Counter)
    unasked: Counter[date] = field(default_factory=Counter)

    def turned(self, given: Input, look_only: bool = False) -> Turn:
        before = self.person
        turn = super().turned(given, look_only)
        if look_only:
            return turn
        assert len(turn.participant.runs) <= OPEN_AT_ONCE
        names = [run.conversation for run in turn.participant.runs]
        assert len(names) == len(set(names))
        assert {timer.name for timer in turn.participant.timers} <= set(names)
        assert turn.wake_at is None or turn.wake_at > self.now or self.is_due(turn.participant)
        for event in turn.events:
            if isinstance(event, Touched):
                self.touched[event.kind, event.on] += 1
            if isinstance(event, Said) and event.urgency == "scheduled":
                assert isinstance(given, WokeUp)
                assert before.reachable
                assert not is_quiet(before.rhythm, zone(before.zone), self.now)
                assert event.expires is not None
                assert event.expires > self.now
                self.unasked[local_day(self.now, zone(before.zone))] += 1
        assert max(self.touched.values(), default=0) <= 1
        assert max(self.unasked.values(), default=0) <= MOST_A_DAY
        return turn

    def is_due(self, who: Participant) -> bool:
        due = next(journey.moments_due(who, self.now, programme().length), None)
        return gentle_question(who) is not None or due is not None or any(timer.at <= self.now for timer in who.timers)

    def do(self, step: Any) -> None:
        match step:
            case Tapped(back=back, choice=None) if self.offers:
                asked, choices = self.offers[-1 - min(max(back, 0), len(self.offers) - 1)]
                self.act(ChoiceMade(choices[back % len(choices)], asked, ref="b"))
            case Tapped(back=back, choice=choice):
                self.act(ChoiceMade(choice or "", self.person.asked - back, ref="b"))
            case Waited(minutes=0):
                self.act(WokeUp())
            case Waited(minutes=minutes, alarms="all"):
                self.pass_time(self.now + timedelta(minutes=minutes))
            case Waited(minutes=minutes, alarms="last"):
                self.outage(f"{minutes}m")
            case Waited(minutes=minutes):
                self.now += timedelta(minutes=minutes)
            case _:
                self.act(step)


@pytest.mark.parametrize("who", PEOPLE, ids=lambda who: f"{who.get('zone', 'nowhere')}")
@settings(derandomize=True, max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(inputs=st.lists(steps, max_size=40))
def test_whatever_comes_in_the_promises_hold(who: Mapping[str, str], inputs: list[Any]) -> None:
    player = Watched(who)
    for step in inputs:
        player.do(step)


# ---------------------------------------------------------------- single facts


def ana(**changes: Any) -> Participant:
    return replace(person({"week": "3", "day": "2", "zone": "Europe/Madrid"}, NOON), **changes)


def said(turn: Turn) -> list[str]:
    return [event.prompt for event in turn.events if isinstance(event, Said)]


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError):
        advance(ana(), MessageReceived("hello"), world(NOON.replace(tzinfo=None)))


def test_a_screen_that_fails_gives_the_safe_answer() -> None:
    def broken(text: str) -> None:
        raise RuntimeError("no rules")

    turn = advance(ana(), MessageReceived("hello"), replace(world(NOON), screen=broken))
    assert said(turn) == ["safety/urgent"]


def test_a_tapped_answer_closes_its_message_and_a_typed_one_its_question() -> None:
    asked = advance(ana(), MessageReceived("/pause"), world(NOON)).participant
    number = asked.runs[-1].asked
    tapped = advance(asked, ChoiceMade("open", number, ref="b7"), world(NOON))
    assert [event for event in tapped.events if isinstance(event, Closed)] == [Closed(number, "open", "b7")]
    typed = advance(asked, MessageReceived("until i say"), world(NOON))
    assert [event for event in typed.events if isinstance(event, Closed)] == [Closed(number)]


NOTES = {"texts": ("tea", "rain"), "text": "tea", "on": NOON.date(), "thanks": "gratitude/kept"}  # of `sharing`
NOTES |= {"part": 1, "page": "p1", "who": "Rosa", "from": 0, "zones": []}  # of the other conversations with windows
LOOKED_AT = replace(
    world(NOON),
    pages=(Entry("p1", "ana", "journal", NOON, NOON.date(), text="tea"),),
    meeting=Meeting("m1", "ward", 1, NOON, before=(("ben", "Ben"),)),
)
WINDOWS = {
    *("mydata.see", "mydata.pages", "mending.pages", "mending.one", "sharing.which", "sharing.shown"),
    *("safety_plan.show", "safety_plan.write", "trusted.show", "never.whom"),
}


def stands_at(name: str, step: str, shelter: Shelter | None = None) -> Visit:
    """Somebody in this step, with all that its question could be about."""
    visit = Visit(replace(ana(), trusted=Trusted("Rosa", "a number"), safety_plan={"alone": "tea"}), LOOKED_AT)
    visit.become(sheltered=shelter)
    visit.begin(name, **NOTES)
    visit.events.clear()
    visit.enter(replace(visit.participant.runs[-1], step=step), visit.participant.runs[:-1])
    return visit


def in_windows(events: Sequence[Event]) -> list[Said]:
    """What is shown in a window with the buttons of its question."""
    return [event for event in events if isinstance(event, Said) and event.private and event.choices]


def test_every_window_with_buttons_is_known() -> None:
    steps_of = [(name, step) for name, known in CONVERSATIONS.items() if known.shut for step in known.steps]
    assert {f"{name}.{step}" for name, step in steps_of if in_windows(stands_at(name, step).events)} == WINDOWS


@pytest.mark.parametrize("shelter", [None, Shelter(NOON.date(), "es")], ids=["calm", "held"])
@pytest.mark.parametrize("window", sorted(WINDOWS))
def test_shutting_the_window_of_the_open_question_ends_it_and_any_other_changes_nothing(
    window: str, shelter: Shelter | None
) -> None:
    name, _, step = window.partition(".")
    asked = stands_at(name, step, shelter).participant
    number = asked.runs[-1].asked
    late = advance(asked, Changed("shut", str(number - 1)), LOOKED_AT)
    assert (late.participant, said(late)) == (asked, [])
    turn = advance(asked, Changed("shut", str(number)), LOOKED_AT)
    assert said(turn)
    assert in_windows(turn.events) == []
    back = ["staying"] if shelter and name in ("safety_plan", "trusted") else []
    assert [run.conversation for run in turn.participant.runs] == back


def test_an_answer_that_was_not_understood_closes_nothing() -> None:
    asked = advance(ana(), MessageReceived("/pause"), world(NOON)).participant
    turn = advance(asked, MessageReceived("soon"), world(NOON))
    assert not [event for event in turn.events if isinstance(event, Closed)]
    assert turn.participant.runs[-1].asked == asked.runs[-1].asked


def test_a_hundred_parts_of_a_letter_stay_small() -> None:
    who = advance(ana(), MessageReceived("/letter"), world(NOON)).participant
    for _ in range(100):
        who = advance(who, MessageReceived("You did what you could. " * 5), world(NOON)).participant
    assert len(who.runs[-1].previous) < 20
    assert who.ledger.letters == 100


def test_every_conversation_begins_at_a_step_that_it_has() -> None:
    assert all(known.first in known.steps for known in CONVERSATIONS.values())
    assert set(COMMANDS.values()) <= set(CONVERSATIONS)


def test_every_practice_is_proposed_in_its_week_and_the_course_ends() -> None:
    player = Player({"at": "2026-03-02T07:00", "zone": "Europe/Madrid", "week": "1"})
    proposed = set()
    while player.person.journey.state is State.ACTIVE:
        player.pass_time(player.now + timedelta(hours=2))
        proposed |= set(re.findall(r"morning/\w+ {practice = ([\w/-]+)", "\n".join(player.log)))
        player.log.clear()
        player.act(MessageReceived("ok"))
    assert proposed == {practice.id for week in programme().weeks for practice in week.practices}
    assert player.now.date() == date(2026, 4, 27)


def test_somebody_who_left_is_never_woken() -> None:
    who = ana(journey=journey.travel(ana().journey, State.WITHDRAWN))
    assert advance(who, WokeUp(), world(NOON)).wake_at is None


def test_the_evening_that_waited_for_a_letter_is_still_planned_when_the_letter_goes_on() -> None:
    at_eight = datetime(2026, 3, 24, 19, tzinfo=UTC)
    who = replace(ana(), checked=at_eight - timedelta(minutes=1))
    who = advance(who, MessageReceived("/letter"), world(at_eight - timedelta(minutes=2))).participant
    who = advance(who, WokeUp(), world(at_eight)).participant
    turn = advance(who, MessageReceived("Dear me"), world(at_eight + timedelta(minutes=3)))
    assert turn.wake_at == at_eight + timedelta(minutes=13)
