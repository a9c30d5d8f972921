"""While the course is held: no sequence of inputs brings anything unasked for but one gentle question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cohorts.audience import takes_part
from bot.cohorts.waiting import may_be_reminded
from bot.conversations import CONVERSATIONS, TOUCHPOINTS
from bot.conversations.in_need import LANGUAGES, gone_on
from bot.engine import advance
from bot.model import (
    Changed,
    Choice,
    ChoiceMade,
    Input,
    MessageReceived,
    Participant,
    Recorded,
    Said,
    Shelter,
    State,
    Touched,
    Turn,
    WokeUp,
)
from bot.refuge import gentle_question
from bot.timetable import is_quiet, zone
from prompts.renderer import Prompts
from tests.conversation_runner import Player
from tests.people import person, world

DANGER = MessageReceived("I want to kill myself")
NOON = datetime(2026, 3, 24, 12, tzinfo=UTC)
WARD = {"id": "ward4", "name": "Ward 4", "starts": "2026-03-09", "leader": "agnes", "pairs": "2 12:00"}
PEOPLE: Sequence[Mapping[str, Any]] = (
    {"at": "2026-03-27T19:58", "zone": "Europe/Madrid", "week": "3", "day": "5"},
    {"at": "2026-03-24T07:59", "zone": "Pacific/Apia", "state": "graduated", "graduated_on": "2026-03-01"}
    | {"boosters_every": "14"},
    {"at": "2026-03-24T12:00", "zone": "America/St_Johns", "state": "paused", "paused_on": "2026-03-20"}
    | {"resume_on": "2026-03-26", "week": "4"},
    {"at": "2026-03-18T12:00", "zone": "Europe/Madrid", "week": "2", "day": "3", "pacing": "calendar"}
    | {"walks_in": "ward4", "cohorts": [{**WARD, "classes": ["2026-03-19T18:00"]}], "pairing": {"wanted": "yes"}},
    {"at": "2026-04-04T12:00", "zone": "Australia/Lord_Howe", "week": "8", "day": "6", "quiet": "20:30-07:30"},
    {"at": "2026-03-02T06:00", "name": ""},
)
ON = frozenset({"go_on_course", "go_on_course_es"})
WORDS = (
    *("help", "stop", "yes", "no", "/today", "/sit", "/support", "/pause", "/journal", "/back", "back", "hello"),
    *("I feel so hopeless, I cannot go on", "quiero morir", DANGER.text, "/settings", "/class", "/partner", ""),
)


@dataclass
class Held(Player):
    """A player who checks what must hold while the course is."""

    gentle: list[date] = field(default_factory=list)

    def turned(self, given: Input, look_only: bool = False) -> Turn:
        before = self.person
        turn = super().turned(given, look_only)
        held = before.sheltered
        if look_only or held is None or not isinstance(given, WokeUp | Changed):
            return turn
        started = {run.conversation for run in before.runs if run.conversation not in TOUCHPOINTS}
        for event in turn.events:
            assert not isinstance(event, Touched)
            if isinstance(event, Said) and event.urgency == "scheduled":
                assert event.prompt == "safety/next_day"
                assert before.reachable
                assert not held.asked
                assert not is_quiet(before.rhythm, zone(before.zone), self.now)
                self.gentle.append(held.since)
            elif isinstance(event, Said):
                assert event.prompt.startswith("sit/")
                assert "sit" in started
        assert len(set(self.gentle)) == len(self.gentle)
        return turn


@dataclass(frozen=True)
class Tapped:
    """A button that was offered, so many questions ago."""

    back: int
    which: int


steps = st.one_of(
    st.sampled_from(WORDS).map(MessageReceived),
    st.builds(Tapped, st.integers(0, 4), st.integers(0, 6)),
    st.builds(Tapped, st.integers(0, 1), st.integers(0, 6)),
    st.integers(1, 3000).map(lambda minutes: timedelta(minutes=minutes)),
    st.just(timedelta(days=2)),
    st.sampled_from(["left", "came_back", "blocked"]).map(lambda what: Changed(what)),  # type: ignore[arg-type]
    st.sampled_from(["left", "came_back"]).map(lambda what: Changed(what, "C1")),  # type: ignore[arg-type]
    st.just(WokeUp()),
)


def do(player: Held, step: Any) -> None:
    match step:
        case timedelta():
            player.pass_time(player.now + step)
        case Tapped(back, which):
            asked, choices = player.offers[-1 - min(back, len(player.offers) - 1)]
            choice = choices[which % len(choices)]
            if choice not in ON:
                player.act(ChoiceMade(choice, asked, ref="b"))
        case _:
            player.act(step)


@pytest.mark.parametrize("who", PEOPLE, ids=lambda who: f"{who.get('zone', 'nowhere')}")
@settings(derandomize=True, max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, max_size=25))
def test_while_the_course_is_held_nothing_comes_unasked_for_but_one_question(
    who: Mapping[str, Any], inputs: list[Any]
) -> None:
    player = Held(who)
    player.act(DANGER)
    for step in inputs:
        do(player, step)


def ana(**changes: Any) -> Participant:
    return replace(person({"week": "3", "day": "2", "zone": "Europe/Madrid"}, NOON), **changes)


def prompts_of(turn: Turn) -> list[str]:
    return [event.prompt for event in turn.events if isinstance(event, Said)]


def test_broadcasts_and_reminders_are_not_for_somebody_whose_course_is_held() -> None:
    held = Shelter(date(2026, 3, 24))
    assert takes_part(ana())
    assert not takes_part(ana(sheltered=held))
    joining = ana(joining="invitation", journey=replace(ana().journey, state=State.ONBOARDING))
    assert may_be_reminded(joining)
    assert not may_be_reminded(replace(joining, sheltered=held))


def test_a_failing_screen_is_no_sign_that_the_course_has_to_wait() -> None:
    def broken(_: str) -> None:
        raise RuntimeError("no rules")

    turn = advance(ana(), MessageReceived("good morning"), replace(world(NOON), screen=broken))
    assert prompts_of(turn) == ["safety/urgent"]
    assert turn.participant.sheltered is None
    asked = turn.participant.runs[-1].asked
    turn = advance(turn.participant, ChoiceMade("not_safe", asked), world(NOON))
    assert turn.participant.sheltered == Shelter(date(2026, 3, 24))


def test_before_consent_and_after_leaving_no_text_is_kept_and_no_course_is_held() -> None:
    for state in (State.INVITED, State.WITHDRAWN):
        who = ana(journey=replace(ana().journey, state=state), consents=())
        turn = advance(who, DANGER, world(NOON))
        assert prompts_of(turn) == ["safety/urgent"]
        assert turn.participant.sheltered is None
        assert not [event for event in turn.events if isinstance(event, Recorded)]


def test_leaving_ends_the_holding() -> None:
    held = ana(sheltered=Shelter(date(2026, 3, 24)))
    asked = advance(held, MessageReceived("/stop"), world(NOON)).participant
    turn = advance(asked, ChoiceMade("leave", asked.runs[-1].asked), world(NOON))
    assert turn.participant.journey.state is State.WITHDRAWN
    assert turn.participant.sheltered is None
    assert turn.wake_at is None


@pytest.mark.parametrize(("pacing", "days"), [("own", 4), ("calendar", 0)])
def test_at_ones_own_pace_the_days_in_which_it_was_held_do_not_count(pacing: Any, days: int) -> None:
    who = ana(sheltered=Shelter(date(2026, 3, 20)))
    who = replace(who, journey=replace(who.journey, pacing=pacing))
    before = who.journey.anchor
    assert before is not None
    assert gone_on(who, NOON).anchor == before + timedelta(days=days)


def test_the_question_waits_for_the_end_of_quiet_hours_and_comes_on_a_day_off_too() -> None:
    rhythm = replace(ana().rhythm, days_off=frozenset({2}), quiet_until=ana().rhythm.morning.replace(hour=9))
    who = ana(sheltered=Shelter(date(2026, 3, 24)), rhythm=rhythm, heard=NOON)
    question = gentle_question(who)
    assert question is not None
    assert question.at == datetime(2026, 3, 25, 8, tzinfo=UTC)  # 09:00 in Madrid, a Wednesday
    assert gentle_question(replace(who, heard=datetime(2026, 3, 25, 4, tzinfo=UTC))) is None


def test_a_question_whose_day_is_over_is_never_put() -> None:
    who = ana(sheltered=Shelter(date(2026, 3, 20)), heard=datetime(2026, 3, 20, 12, tzinfo=UTC))
    turn = advance(who, WokeUp(), world(NOON))
    assert prompts_of(turn) == []
    assert turn.participant.sheltered == Shelter(date(2026, 3, 20), asked=True)
    assert turn.wake_at is None


def offers(language: str) -> Iterator[str]:
    """Every button that the conversations around a crisis can offer in a language."""
    from bot.conversations import crisis, grounding, safety_plan, support

    tables = (crisis.SAFE, crisis.HERE, crisis.CARE, grounding.WAYS, support.SUPPORT, support.PERSON, support.TELL)
    ids = {one for table in (*tables, safety_plan.PLAN, safety_plan.WRITING) for one in table}
    for one in sorted(ids | {"yes_drop", "keep_plan"}):
        yield one if language == LANGUAGES[0] else f"{one}_{language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_around_a_crisis_has_words_in_every_language(language: str) -> None:
    prompts = Prompts()
    for choice in offers(language):
        assert prompts.knows(choice, "en"), choice
        assert len(prompts.label(choice, "en")) <= 40


def test_the_answer_is_in_the_language_of_the_rule_and_stays_so() -> None:
    turn = advance(ana(), MessageReceived("quiero morir"), world(NOON))
    who, seen = turn.participant, []
    for choice in ("not_safe_es", "ground_es", "end_ground_es", "no_more_now_es"):
        turn = advance(who, ChoiceMade(choice, who.runs[-1].asked), world(NOON))
        who = turn.participant
        seen += [event for event in turn.events if isinstance(event, Said)]
    assert {said.facts["language"] for said in seen} == {"es"}
    buttons = [choice for said in seen for row in said.choices for choice in row]
    assert all(isinstance(choice, Choice) and choice.id.endswith("_es") for choice in buttons)
    turn = advance(who, MessageReceived("/support"), world(NOON))
    assert [event.facts["language"] for event in turn.events if isinstance(event, Said)] == ["es"]


def test_the_conversations_around_a_crisis_need_no_consent() -> None:
    mine = ("crisis", "staying", "concern", "going_on", "support", "country", "grounding", "trusted", "telling")
    assert all(CONVERSATIONS[name].anytime for name in (*mine, "safety_plan"))
