"""The check of the prompts: our own are clean, and each rule fails where a project is broken in exactly that way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.check import ROOT, Problem, check, check_voice
from bot.conversations.onboarding import LONGEST_NAME
from tests.unit import tiny_project
from tests.unit.tiny_project import PROMPTS

INVITE, GREETING, DONE = f"{PROMPTS}/morning/invite.j2", f"{PROMPTS}/morning/greeting.j2", f"{PROMPTS}/sit/done.j2"
INTENTION, HELP = f"{PROMPTS}/morning/intention.j2", f"{PROMPTS}/help/show.j2"
EVENING_PROMPT = f"{PROMPTS}/evening/how_was_it.j2"
DAILY, CHOICES, TALK = f"{PROMPTS}/daily.yaml", f"{PROMPTS}/choices.yaml", "bot/conversations/talk.py"
INVITATION = "You might hold cup one with both hands in the staff room today and feel how its warmth moves."


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny_project.make(tmp_path)


def test_our_prompts_have_no_problem() -> None:
    assert list(map(str, check_voice(ROOT))) == []


LONG = "word " * 90
VOICE = [
    (
        INVITE,
        "{#- morning/invite: in a test. invitation, practice, daily -#}\n",
        "",
        1,
        "the file does not begin with {#- name: when",
    ),
    (INVITE, "in a test. invitation", "in a test. what it is", 1, "the file does not begin with {#- name: when"),
    (
        INVITE,
        "{#- morning/invite",
        "{#- morning/other",
        1,
        "the comment names 'morning/other', the file is 'morning/invite'",
    ),
    (INVITE, "{{ invitation }}", "{{ habit.title }}", 2, "the variable 'habit' is not declared in the comment"),
    (INVITE, "\n{{ line", "\n{{ who }} {{ line", 3, "the variable 'who' is not declared in the comment"),
    (INVITE, "line('morning/greeting')", "line('morning/hello')", 2, "the line 'morning/hello' has no template"),
    (INVITE, "line('morning/greeting')", "name", 1, "nobody says 'morning/greeting'"),
    (INVITE, "{% endvariant %}", "", 3, "this is not a template"),
    (INVITE, "{{ invitation }}", "{{ invitation", 3, "this is not a template"),
    (INVITE, "{{ invitation }}", "{{ invitation | shout }}", 2, "this is not a template: No filter named 'shout'"),
    (INVITE, "{{ invitation }}", "{% for day in invitation %}You must.{% endfor %}", 2, "lecture: 'You must'"),
    (INVITE, "{{ invitation }}", "{% set x = 1 %}{{ str(x) }}You must.", 2, "lecture: 'You must'"),
    (TALK, 'Said("morning/invite"', 'Said(f"{what}/invite"', 1, "nobody says 'morning/invite'"),
    (
        GREETING,
        "{% variant %}Morning one, {{ name }}.{% endvariant %}\n",
        "",
        1,
        "14 variants: what is said daily has at least 15",
    ),
    (GREETING, "Morning two,", "Morning: one", 3, "the same variant stands in line 2"),
    (GREETING, "Morning two,", "Well done,", 3, "praise: 'Well done'"),
    (GREETING, "Morning two,", "Morning two!", 3, "an exclamation mark"),
    (GREETING, "Morning two,", "Morning <i>two</i>,", 3, "HTML in the text"),
    (GREETING, "Morning two,", "## Morning two,", 3, "markup outside the subset"),
    (GREETING, "Morning two,", "🙂 🙂 Morning two,", 3, "more than one emoji"),
    (GREETING, "Morning two,", LONG + "two,", 3, "characters: a nudge has at most 450"),
    (GREETING, "Morning two,", "Is it two? Or three?", 3, "2 question marks: one message asks one thing"),
    (INVITE, "{{ invitation }}", "{{ invitation }} Or is it not?", 2, "2 question marks: one message asks one thing"),
    (
        INVITE,
        "{{ invitation }}",
        "{% if day %}{% else %}What? {% endif %}",
        2,
        "2 question marks: one message asks one thing",
    ),
    (DONE, "Quiet.", "{{ 'You must' if day else 'Quiet' }}", 2, "lecture: 'You must'"),
    (HELP, "Is it this?", "word " * 801, 2, "no platform's message is that long (at most 4000)"),
    (HELP, "Is it this?", "Try to say this?", 2, "lecture: 'Try to'"),
    (EVENING_PROMPT, "The day closes.", "word " * 84, 2, "469 characters: a nudge has at most 450"),
    (DAILY, "morning/greeting", "morning/greetings", 2, "the prompt 'morning/greetings' has no template"),
    (DAILY, "  - help", "  - safety", 4, "the prompt 'safety' has no template"),
    (DAILY, "exempt:", "free:", 1, "the key 'exempt' is missing"),
    (CHOICES, "keep: Keep", f"keep: {'Keep ' * 9}", 1, "the label has 44 characters, not at most 40"),
    (CHOICES, '"yes": "Yes"', f'"yes": "{"Yes " * 11}"', 2, "the label has 43 characters, not at most 40"),
    (CHOICES, '"yes": "Yes"', '"yes": Yes', 2, "a text belongs here"),
    (CHOICES, '"yes":', "yes:", 2, "the key 'yes' is not a text: it needs quotes"),
    (CHOICES, "keep:", "hold:", 2, "the choice 'keep' has no label in 'en'"),
    (CHOICES, '"yes":', '"no":', 3, "the choice 'yes' has no label in 'en'"),
    (CHOICES, "again:", "more:", 3, "the choice 'again' has no label in 'en'"),
    (TALK, '"morning/invite"', '"morning/ask"', 2, "the prompt 'morning/ask' has no template in 'en'"),
    (TALK, '"help/show"', '"help/none"', 3, "the prompt 'help/none' has no template in 'en'"),
    (TALK, 'f"sit/{how}"', 'f"sit/{how}_now"', 4, "no template in 'en' has a name that this can make"),
    (TALK, 'Said(f"sit/{how}")', 'how = "sit/over"', 4, "'sit/over' looks like a prompt and has no template"),
    (TALK, 'Said("morning/invite"', 'say("morning"', 1, "nobody says 'morning/invite'"),
]
ELSEWHERE = {  # the problem is named where it can be mended, which is not always where the project was broken
    "nobody says 'morning/greeting'": GREETING,
    "nobody says 'morning/invite'": INVITE,
    "the choice 'keep' has no label in 'en'": TALK,
    "the choice 'yes' has no label in 'en'": TALK,
    "the choice 'again' has no label in 'en'": TALK,
}


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), VOICE, ids=[f"{c[0][-14:]} {c[4]}" for c in VOICE])
def test_a_broken_prompt_is_named_with_its_file_and_line(
    project: Path, file: str, old: str, new: str, line: int, problem: str
) -> None:
    tiny_project.change(project, file, old, new)
    found = check(project)
    where = ELSEWHERE.get(problem, file)
    assert any((p.file, p.line) == (where, line) and problem in p.text for p in found), found


def test_a_morning_is_measured_with_its_longest_lines_and_the_longest_practice(project: Path) -> None:
    tiny_project.change(project, INTENTION, "What is", f"{'word ' * 52}What is")
    fixed = len("   \n") + len("word " * 52 + "What is your intention?") + len("Morning thirteen, .")
    course = LONGEST_NAME + 2 * len("A warm cup") + len(INVITATION)
    assert check(project) == [Problem(INVITE, 2, f"{fixed + course} characters: a nudge has at most 450")]


@pytest.mark.parametrize(
    "conditions",
    [
        ("{% if day %}", "{% if not day %}"),
        ("{% if day and week %}", "{% if not (day and week) %}"),
        ("{% if day or week.title %}", "{% if not day and not week.title %}"),
        ("{% if day %}no{% elif week %}", "{% if day or not week %}"),
    ],
)
def test_branches_that_exclude_each_other_are_not_said_together(project: Path, conditions: tuple[str, str]) -> None:
    once, other = conditions
    tiny_project.change(
        project, INTENTION, "What is", f"{once}What?{{% endif %}}{other}Who?{{% endif %}} The rest. What is"
    )
    assert any("2 question marks" in problem.text for problem in check(project))
    assert not any("3 question marks" in problem.text for problem in check(project))


def test_a_condition_that_compares_is_taken_both_ways(project: Path) -> None:
    twice = "{% if day == 1 or week %}What?{% endif %}{% if not (day == 2) and week %}Who?{% endif %} What is"
    tiny_project.change(project, INTENTION, "What is", twice)
    assert any("3 question marks" in problem.text for problem in check(project))


@pytest.mark.parametrize("fact", ["invitation", "daily.title"])
def test_a_fact_that_no_prompt_shows_cannot_be_measured(project: Path, fact: str) -> None:
    tiny_project.change(project, INVITE, f"{{{{ {fact} }}}}", "")
    assert check(project) == [Problem(PROMPTS, 1, f"no prompt shows {{{{ {fact} }}}}: its length cannot be measured")]


@pytest.mark.parametrize("name", ["daily.yaml", "choices.yaml"])
def test_a_list_that_is_not_there_is_named(project: Path, name: str) -> None:
    (project / PROMPTS / name).unlink()
    assert Problem(f"{PROMPTS}/{name}", 1, "the file is missing or cannot be read") in check(project)


def test_a_template_in_the_wrong_place_is_named(project: Path) -> None:
    (project / PROMPTS / "hello.j2").write_text("{#- hello: in a test. -#}\nHello.\n")
    assert Problem(f"{PROMPTS}/hello.j2", 1, "'hello' is no prompt's name: <conversation>/<prompt>") in check(project)


def test_a_prompt_that_another_locale_lacks_is_named(project: Path) -> None:
    shutil.copytree(project / PROMPTS, project / "prompts/templates/es")
    (project / "prompts/templates/es/morning/greeting.j2").unlink()
    found = check(project)
    assert (
        Problem("prompts/templates/es", 1, "the prompt 'morning/greeting' is missing: another locale has it") in found
    )
    assert Problem("prompts/templates/es", 1, "no word lists for the locale 'es'") in found


def test_exempt_prompts_may_be_long_and_ask_twice(project: Path) -> None:
    tiny_project.change(project, HELP, "Or that?", f"{'word ' * 100}Or that?")
    assert check(project) == []
    tiny_project.change(project, DAILY, "  - help", "  - sit")
    assert {problem.text for problem in check(project)} == {
        "520 characters: a nudge has at most 450",
        "2 question marks: one message asks one thing",
    }


def test_values_in_bold_are_no_markup_problem(project: Path) -> None:
    tiny_project.change(project, INVITE, "{{ invitation }}", "**{{ invitation }}** and *{{ name }}*.")
    assert check(project) == []
