"""Forms with several fields: any values, in any part of them, lead where the same answers one by one would lead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.check import check
from bot.conversations import CONVERSATIONS
from bot.conversations.words import COMMANDS
from bot.field_checks import NAMES, TEXTS, FieldChecks
from bot.filling import FILLED
from bot.model import Blank, Choice, FormSubmitted, Participant, Said
from prompts.renderer import Prompts
from tests.conversation_runner import Player, prompts
from tests.unit import tiny_project
from tests.unit.tiny_project import PROMPTS

AGNES = {"name": "Agnes", "role": "facilitator", "discreet": "yes", "zone": "Europe/Madrid", "at": "2026-03-10T12:00"}
WARDS = AGNES | {
    "cohorts": [
        {"id": "ward4", "name": "Ward 4", "starts": "2026-03-02", "joined": 12},
        {"id": "ward5", "name": "Ward 5", "starts": "2026-03-02", "joined": 7},
    ]
}
GOOD = {"name": "Ward 4", "starts": "2026-03-23", "pacing": "together", "host": "Sister Agnes"}
ELSE = {"name": "Ward 5", "starts": "30 March", "pacing": "own pace", "host": "Agnes"}
GARBAGE = st.text(max_size=40) | st.sampled_from(
    ["", " ", "/stop", "stop", "back", "ward4", "7:yes", "2026-02-31", "x" * 5000]
)
SEARCH = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def making() -> Player:
    """Agnes was asked for the name of a new group."""
    player = Player(AGNES)
    player.says("/cohorts")
    player.taps("new_cohort")
    return player


def step(player: Player) -> str:
    run = player.person.run
    return f"{run.conversation}/{run.step}" if run else ""


def answers(player: Player, values: Mapping[str, str]) -> None:
    """What is still asked is answered by tap or by word until the preview."""
    for _ in range(len(GOOD)):
        if step(player) != "cohorts/preview":
            value = values[step(player).partition("/")[2]]
            player.taps(value) if value == "together" else player.says(value)


def remembered(player: Player) -> Mapping[str, object]:
    run = player.person.run
    assert run is not None
    assert run.step == "preview"
    return {name: note for name, note in run.notes.items() if name != FILLED}


@SEARCH
@given(st.sets(st.sampled_from(sorted(GOOD))))
def test_a_part_of_a_form_leads_where_the_same_answers_one_by_one_lead(part: set[str]) -> None:
    by_form, by_step = making(), making()
    by_form.fills_in({name: GOOD[name] for name in part})
    answers(by_form, ELSE)
    answers(by_step, ELSE | {name: GOOD[name] for name in part})
    assert remembered(by_form) == remembered(by_step)


@SEARCH
@given(st.dictionaries(st.sampled_from([*GOOD, "zone", "preview", "list", "text"]), GARBAGE))
def test_no_form_breaks_anything_or_obeys_a_command(values: dict[str, str]) -> None:
    player = making()
    player.fills_in(values)
    assert step(player).startswith("cohorts/") or player.marks
    assert player.person.journey.state.value == "invited"


@SEARCH
@given(
    st.dictionaries(st.sampled_from(["which", "compose", "whom", "when", "date", "clock", "look", "summary"]), GARBAGE)
)
def test_a_form_never_sends_a_message_by_itself(values: dict[str, str]) -> None:
    player = Player(WARDS)
    player.says("/broadcast")
    player.log.clear()
    player.fills_in(values)
    assert not any(line.startswith("decides") for line in player.log)
    assert step(player) in ("broadcast/which", "broadcast/compose", "broadcast/look") or player.marks


@pytest.mark.parametrize("word", ["stop", "/stop", "pause", "back", *(f"/{command}" for command in COMMANDS)])
def test_a_word_in_a_field_is_no_command(word: str) -> None:
    player = making()
    player.fills_in(GOOD | {"name": word})
    assert remembered(player)["name"] == word


def test_a_form_counts_once() -> None:
    player = making()
    player.fills_in(GOOD)
    before = player.person
    player.act(FormSubmitted("cohorts", GOOD, player.forms[0]))
    assert player.person.runs == before.runs
    assert any("late_form" in line for line in player.log)


# ---------------------------------------------------------------- what a form looks like


def test_a_form_has_a_title_labels_and_what_stands_in_it() -> None:
    blanks = (
        Blank("name", "line", most=40, value="Ward 4"),
        Blank("pacing", "choice", (Choice("together"), Choice("x", label="Ours")), default="together"),
    )
    form = Prompts().render(Said("cohorts/name", asked=7, blanks=blanks), Participant("p"), date(2026, 3, 2)).reply.form
    assert form is not None
    assert (form.id, form.title, form.asked) == ("cohorts", "A new group", 7)
    name, pacing = form.fields
    assert (name.name, name.label, name.kind, name.value) == ("name", "What the group is called", "line", "Ward 4")
    assert [(each.data, each.label) for each in pacing.choices] == [
        ("together", "Together, in the same week"),
        ("x", "Ours"),
    ]
    assert not pacing.required  # an empty field makes its default


CHECKED = [(form, field) for known in (TEXTS, NAMES) for form, fields in known.items() for field in fields]


@pytest.mark.parametrize(("form", "field"), CHECKED)
def test_every_checked_field_is_a_step_that_can_be_filled_in(form: str, field: str) -> None:
    assert field in CONVERSATIONS[form].steps
    assert FieldChecks(prompts(), 8)(form, field, "Ward 4") is None


def test_what_is_wrong_with_a_field_is_said_as_the_conversation_would_say_it() -> None:
    checks = FieldChecks(prompts(), 8)
    assert str(checks("broadcast", "compose", "Dear\n{{ nam }}")).startswith("In line 2 the text asks for nam,")
    assert str(checks("cohorts", "name", "\u200b")).startswith("I could not use that as a name.")
    assert checks("journal", "text", "{{ nam }}") is None
    assert [checks("classes", "how_many", weeks) for weeks in ("8", " 30 ")] == [None, None]
    for weeks in ("0", "31", "eight"):
        assert str(checks("classes", "how_many", weeks)) == "A number from 1 to 30, please."


@SEARCH
@given(st.sampled_from(CHECKED), GARBAGE | st.text(alphabet="{}%() name week if\ud800\x00\n[]<>*", max_size=60))
def test_any_value_can_be_checked(where: tuple[str, str], value: str) -> None:
    line = FieldChecks(prompts(), 8)(*where, value)
    assert line is None or line.strip()


# ---------------------------------------------------------------- the lint


@pytest.mark.parametrize(
    ("forms", "problem"),
    [
        ("talk:\n  title: A talk\n", "the field 'again' has no label in 'en': forms.yaml"),
        ("talk:\n  again: Once more\n", "the form 'talk' has no title"),
        ("talk:\n  title: A title that is far too long\n  again: Once more\n", "28 characters, not at most 24"),
        ("talk:\n  title: A talk\n  again: Once more\n  unheard: Nothing\n", "no field is called 'unheard'"),
    ],
)
def test_a_form_without_its_words_is_named(tmp_path: Path, forms: str, problem: str) -> None:
    tiny_project.make(tmp_path)
    (tmp_path / PROMPTS / "forms.yaml").write_text(forms)
    talk = tmp_path / "bot/conversations/talk.py"
    talk.write_text(f'{talk.read_text()}\nblank = Blank("again", "line")\n')
    assert [found.text for found in check(tmp_path)] == [problem]
