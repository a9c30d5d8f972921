"""The check of the course: our own is clean, and each rule fails where a project is broken in exactly that way."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.check import ROOT, Problem, check, check_course, main
from bot.check_words import markup_outside_the_subset
from tests.unit import tiny_project
from tests.unit.tiny_project import FILES, PROGRAMME, WEEK

EXERCISE = f"{WEEK}/exercise.yaml"
WEEK_YAML, PRACTICES, SIT = f"{WEEK}/week.yaml", f"{WEEK}/practices.yaml", f"{WEEK}/sit.yaml"
THEME, WARD_THEME = f"{WEEK}/theme.md", f"{WEEK}/theme.health_care.md"
RECAP, WHAT = "This week held a cup.", "Hold a cup for a while. Feel how warm it is."
WHY, LOOK_BACK = "People often find that warm hands make a calmer minute.", "What was warm this week?"
QUESTION, EASE = "Where could a warm cup find you this week?", "Let your eyes open and feel the floor."
EVENING = "Was there a moment for cup two in the kitchen?"
REFLECTION = "What did you feel at cup two in the kitchen?"
SAFE = "You may look around or stop. None of it counts as less."
BREATH = "Feel how warm your hands are for the length of breath two."
THIRD = "You might hold cup three with both hands in the kitchen today and feel how its warmth moves."


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny_project.make(tmp_path)


def test_our_course_has_no_problem() -> None:
    assert list(map(str, check_course(ROOT))) == []


def test_the_made_up_project_has_no_problem(project: Path) -> None:
    assert check(project) == []


COURSE = [
    # what any text may say
    (WEEK_YAML, RECAP, "You should hold a cup.", "lecture: 'You should'"),
    (WEEK_YAML, RECAP, "Try to hold a cup.", "lecture: 'Try to'"),
    (WEEK_YAML, RECAP, "Don't forget the cup.", "lecture: 'Don't forget'"),
    (WEEK_YAML, RECAP, "We recommend a cup.", "advice: 'We recommend'"),
    (WEEK_YAML, RECAP, "A cup, well done.", "praise: 'well done'"),
    (WEEK_YAML, RECAP, "A cup was the right answer.", "verdict: 'right answer'"),
    (WEEK_YAML, RECAP, "There were days that you missed.", "guilt: 'you missed'"),
    (WEEK_YAML, RECAP, "A streak of cups.", "streak: 'streak'"),
    (WEEK_YAML, RECAP, "A sacred cup.", "religious word: 'sacred'"),
    (WEEK_YAML, RECAP, "A proven cup.", "claim of effect: 'proven'"),
    (WEEK_YAML, RECAP, "A cup!", "an exclamation mark"),
    (WEEK_YAML, RECAP, "The cup’s warmth.", "a typographic apostrophe"),
    (WEEK_YAML, RECAP, "A <b>cup</b>.", "HTML in the text"),
    (WEEK_YAML, RECAP, "A cup &amp; a kettle.", "HTML in the text"),
    (WEEK_YAML, RECAP, "A cup for {{ name }}.", "template syntax in the text"),
    (WEEK_YAML, RECAP, "A `cup`.", "markup outside the subset (bold, italic, lists, quotes, links): code_inline"),
    (WEEK_YAML, RECAP, "A cup 🙂 and 🌱.", "more than one emoji in the week"),
    (WEEK_YAML, RECAP, f"{RECAP}\n# {'long ' * 24}", "characters, not at most 120"),
    (
        THEME,
        "A warm cup",
        "# A warm cup",
        "markup outside the subset (bold, italic, lists, quotes, links): heading_open",
    ),
    # the week
    (WEEK_YAML, "title: Warmth", f"title: {'Warmth ' * 10}", "the title has 69 characters, not 1 to 60"),
    (WEEK_YAML, "A week with a cup.", "A week. A cup.", "in_short has 2 sentences, not 1 to 1"),
    (WEEK_YAML, "A week with a cup.", f"A week with {'a very ' * 15}\n  {'small ' * 5} cup.", "in_short has 1"),
    (WEEK_YAML, QUESTION, "Where could it be, and what?" * 2, "the question has 2 question marks, not 1"),
    (WEEK_YAML, QUESTION, "Tell where a cup could find you.", "the question has 0 question marks, not 1"),
    (WEEK_YAML, QUESTION, "Where could it be? Perhaps here.", "the question does not end with its question"),
    (WEEK_YAML, QUESTION, "Could a warm cup find you this week?", "the question asks no open question"),
    (WEEK_YAML, QUESTION, f"Where could {'a small and ' * 8}\n  {'a warm and ' * 4} cup be?", "the question has 1"),
    (WEEK_YAML, LOOK_BACK, "Was it warm this week?", "the question asks no open question"),
    (WEEK_YAML, RECAP, "Was it a cup?", "the recap has 1 question marks, not 0"),
    (WEEK_YAML, RECAP, "A cup. A tap. A lift. A door.", "the recap has 4 sentences, not 1 to 3"),
    (WEEK_YAML, RECAP, f"A cup {'and a tap ' * 10}\n    {'and a tap ' * 12}.", "the recap has 2"),
    # the theme
    (THEME, "Grief may come", f"{'A word. ' * 60}\nGrief may come", "words with its question, not 120 to 220"),
    (THEME, FILES[THEME].partition("\n\n")[0], "A cup.", "words with its question, not 120 to 220"),
    (THEME, "Grief may come, and", "Who knows? Grief may come, and", "the theme asks"),
    (THEME, "\n\n", "\n", "the theme has 1 paragraphs, not 2 to 4"),
    (THEME, "Grief may come, and", "Joy may come, and", "the theme does not say what may come instead of ease"),
    (WARD_THEME, "a gentler way", "another way", "the theme does not say what may come instead of ease"),
    # practices
    (PRACTICES, "title: A warm cup", "title: A warm cup.", "the title ends with a full stop"),
    (PRACTICES, "title: A warm cup", f"title: A{' warm' * 10} cup", "the title has 55 characters, not 1 to 48"),
    (PRACTICES, WHAT, "Hold a cup.", "what has 1 sentences, not 2 to 4"),
    (PRACTICES, WHAT, "Hold a cup. Is it warm?", "what has 1 question marks, not 0"),
    (
        PRACTICES,
        WHAT,
        "Hold a cup." + "\n    Feel how warm the cup is and how it changes in your hands." * 7,
        "what has 4",
    ),
    (PRACTICES, WHY, "Warm. Calm. Slow. Kind.", "why has 4 sentences, not 1 to 3"),
    (PRACTICES, WHY, "Is it calm?", "why has 1 question marks, not 0"),
    (PRACTICES, WHY, "Warm" + "\n    hands often make a calmer minute in a day" * 8 + ".", "why has 3"),
    (PRACTICES, THIRD, "Hold cup three.", "an invitation has 15 characters, not 90 to 260"),
    (PRACTICES, THIRD, THIRD + f"\n      {'It stays warm. ' * 7}" * 2, "an invitation has"),
    (PRACTICES, THIRD, f"{THIRD[:-1]}?", "an invitation has 1 question marks, not 0"),
    (PRACTICES, THIRD, f"Good morning. {THIRD}", "an invitation greets"),
    (PRACTICES, EVENING, "There was a moment for cup two.", "an evening question has 0 question marks, not 1"),
    (PRACTICES, EVENING, "Was it cup two? Or another?", "an evening question has 2 question marks, not 1"),
    (PRACTICES, EVENING, "Was it cup two? Perhaps.", "an evening question does not end with its question"),
    (PRACTICES, EVENING, f"Was it a cup{' of tea' * 12}\n      {' of tea' * 12}?", "an evening question has 18"),
    (PRACTICES, REFLECTION, "Did you feel cup two?", "a reflection asks no open question"),
    (PRACTICES, REFLECTION, "Tell what you felt.", "a reflection has 0 question marks, not 1"),
    (PRACTICES, REFLECTION, "How was it? Warm.", "a reflection does not end with its question"),
    (PRACTICES, REFLECTION, f"What was it{' of tea' * 14}\n      {' of tea' * 14}?", "a reflection has 2"),
    # the exercise
    (EXERCISE, "/two-cups", "/cup", "the exercise's id is 'self-kindness/cup', not one of its own"),
    (EXERCISE, "self-kindness/two", "others/two", "the exercise's id is 'others/two-cups', not one of its own"),
    (EXERCISE, "Change over, and", "You should change over, and", "lecture"),
    (EXERCISE, "Change over, and drink what is left.", "Change over.", "a step of the exercise has 12 characters"),
    # the sit
    (
        SIT,
        "id: self-kindness/sit",
        "id: self-kindness/cup",
        "the sit's id is 'self-kindness/cup', not 'self-kindness/sit'",
    ),
    (SIT, "title: A sit", f"title: A{' long' * 12} sit", "the title has"),
    (SIT, "A sit with warm hands.", "A sit. Two hands. One cup.", "about has 3 sentences, not 1 to 2"),
    (SIT, "A sit with warm hands.", "Is it a sit?", "about has 1 question marks, not 0"),
    (SIT, "A sit with warm hands.", f"A sit {'with hands ' * 9}\n  {'and hands ' * 12}.", "about has"),
    (SIT, SAFE, "You may look around or stop.", "the gentler way does not say that it counts as much"),
    (
        SIT,
        SAFE,
        f"None of it counts as less. {'You may stop. ' * 5}" + f"\n  {'You may stop. ' * 8}" * 2,
        "the gentler way has",
    ),
    (SIT, EASE, EASE + f"\n  {'Feel the floor. ' * 7}" * 2, "ease has"),
    (SIT, EASE, "Are your eyes open?", "ease has 1 question marks, not 0"),
    (SIT, BREATH, "Breath two.", "a cue has 11 characters, not 40 to 320"),
    (SIT, BREATH, BREATH + f"\n      {'Feel the warm floor. ' * 5}" * 3, "a cue has"),
    (SIT, BREATH, f"{BREATH}\n    gentler: Breath two.", "a cue has 11 characters, not 40 to 320"),
    (SIT, BREATH, "Think of somebody who is in pain, for the length of breath two.", "turns to suffering ('pain')"),
    (
        SIT,
        BREATH,
        "Let a difficult person come near, for the length of breath two.",
        "turns to suffering ('difficult')",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "problem"), COURSE, ids=[f"{c[0][-12:]} {c[3]}" for c in COURSE])
def test_a_broken_text_is_named_with_its_file_and_line(
    project: Path, file: str, old: str, new: str, problem: str
) -> None:
    changed = tiny_project.change(project, file, old, new)
    last = changed + new.count("\n")
    found = check(project)
    assert any(p.file == file and problem in p.text and _at(p, file, changed, last) for p in found), found
    assert {p.file for p in found} == {file}


def _at(problem: Problem, file: str, first: int, last: int) -> bool:
    return problem.line == 1 if file.endswith(".md") else first <= problem.line <= last


COUNTED = [
    (PRACTICES, f"    - {THIRD}\n", "", 6, "self-kindness/cup: 4 texts, not 5: an invitation each"),
    (PRACTICES, f"    - {EVENING}\n", "", 14, "self-kindness/cup: 4 texts, not 5: an evening question each"),
    (PRACTICES, f"    - {REFLECTION}\n", "", 21, "self-kindness/cup: 2 texts, not 3: a reflection each"),
    (PRACTICES, f"    - {REFLECTION}\n", f"    - {REFLECTION}\n    - What is a cup?\n", 21, "4 texts, not 3"),
    (
        PRACTICES,
        EVENING,
        "Was there a moment for cup three in the kitchen?",
        17,
        "the same text stands in self-kindness/",
    ),
    (PRACTICES, REFLECTION, "WHAT did you feel, at cup one, in the kitchen?", 23, "practices.yaml:21"),
    (SIT, "pause: {short: 50", "pause: {short: 14", 7, "the short pause has 14 seconds, not 15 to 180"),
    (SIT, "long: 90", "long: 181", 7, "the long pause has 181 seconds, not 15 to 180"),
    (SIT, "short: 50", "short: 81", 1, "the short sit's pauses sum to 331 seconds, not 270 to 330"),
    (SIT, "short: 50", "short: 19", 1, "the short sit's pauses sum to 269 seconds, not 270 to 330"),
    (SIT, "middle: 67", "middle: 110", 1, "the middle sit's pauses sum to 646 seconds, not 555 to 645"),
    (SIT, "middle: 67", "middle: 18", 1, "the middle sit's pauses sum to 554 seconds, not 555 to 645"),
    (SIT, "short: 50, ", "", 7, "the first cue does not belong to the short sit"),
    (SIT, "short: 50, ", "", 1, "the short sit has 5 cues, not 6 to 9"),
    (EXERCISE, "minutes: 20", "minutes: 90", 1, "the exercise has 90 minutes, not 10 to 40"),
    (EXERCISE, "  - Change over, and drink what is left.\n", "", 1, "the exercise has 2 steps, not 3 to 5"),
    (SIT, "middle: 67, ", "", 1, "the middle sit has 8 cues, not 9 to 13"),
    (SIT, "long: 90", "middle: 90", 8, "the key 'middle' stands twice"),
    (SIT, ", long: 90", "", 1, "the long sit has 12 cues, not 13 to 18"),
    (WEEK_YAML, "title: Warmth", "title: Warmth: more", 1, "this is not YAML"),
    (PROGRAMME, "version", "edition", 1, "the key 'version' is missing"),
    (PROGRAMME, "[en]", "[en, xx]", 3, "no word lists for the locale 'xx'"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), COUNTED, ids=[case[4] for case in COUNTED])
def test_a_wrong_number_is_named_with_its_file_and_line(
    project: Path, file: str, old: str, new: str, line: int, problem: str
) -> None:
    tiny_project.change(project, file, old, new)
    found = check(project)
    assert any((p.file, p.line) == (file, line) and problem in p.text for p in found), found


@pytest.mark.parametrize(
    ("kind", "first", "kept", "problem"),
    [
        ("invitation", 6, 1, "fewer than 2 flavours for health care: an invitation"),
        ("evening", 14, 0, "fewer than 1 flavours for health care: an evening question"),
        ("reflection", 21, 0, "fewer than 1 flavours for health care: a reflection"),
    ],
)
def test_the_flavour_for_health_care_is_missed(project: Path, kind: str, first: int, kept: int, problem: str) -> None:
    path = project / PRACTICES
    lines = path.read_text().splitlines()
    at = first - 1 + 2 * kept
    lines[at : at + 2] = [lines[at].replace("plain: ", "")]
    path.write_text("\n".join(lines) + "\n")
    assert check(project) == [Problem(PRACTICES, first, f"self-kindness/cup: {problem}")]


def test_too_many_cues_are_counted_in_every_length(project: Path) -> None:
    path = project / SIT
    pause = "{short: 15, middle: 15, long: 15}"
    more = [f"  - say: Feel the floor under your feet for breath {at}.\n    pause: {pause}\n" for at in range(20, 26)]
    path.write_text(path.read_text() + "".join(more))
    found = [problem.text for problem in check(project)]
    assert "the short sit has 12 cues, not 6 to 9" in found
    assert "the middle sit has 15 cues, not 9 to 13" in found
    assert "the long sit has 19 cues, not 13 to 18" in found


def test_the_last_cue_belongs_to_every_length(project: Path) -> None:
    path = project / SIT
    head, _, tail = path.read_text().rpartition("middle: 67, ")
    path.write_text(head + tail)
    line = head.count("\n")
    assert Problem(SIT, line, "the last cue does not belong to the middle sit") in check(project)


def test_a_long_sit_that_lasts_too_long_is_named(project: Path) -> None:
    path = project / SIT
    path.write_text(path.read_text().replace("long: 90", "long: 100"))
    assert check(project) == [Problem(SIT, 1, "the long sit's pauses sum to 1300 seconds, not 1110 to 1290")]
    path.write_text(path.read_text().replace("long: 100", "long: 85"))
    assert check(project) == [Problem(SIT, 1, "the long sit's pauses sum to 1105 seconds, not 1110 to 1290")]


def test_a_practice_that_one_locale_lacks_is_missing(project: Path) -> None:
    tiny_project.change(
        project, PROGRAMME, "    - self-kindness/cup\n", "    - self-kindness/cup\n    - self-kindness/tea\n"
    )
    assert check(project) == [Problem(PRACTICES, 1, "the practice 'self-kindness/tea' is missing")]


def test_folders_that_no_programme_names_are_named(project: Path) -> None:
    (project / WEEK).parent.joinpath("extra").mkdir()
    (project / WEEK).parent.parent.joinpath("es").mkdir()
    folder = "curriculum/programmes/tiny"
    assert check(project) == [
        Problem(f"{folder}/en/extra", 1, "programme.yaml does not name the week 'extra'"),
        Problem(f"{folder}/es", 1, "programme.yaml does not name the locale 'es'"),
    ]


def test_main_prints_each_problem_and_how_many(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(project) == 0
    assert capsys.readouterr().out == "The content holds to its rules\n"
    line = tiny_project.change(project, WEEK_YAML, RECAP, "A cup!")
    assert main(project) == 1
    assert capsys.readouterr().out == f"{WEEK_YAML}:{line}: an exclamation mark\n1 problem found\n"


def test_problems_are_sorted_and_relative(project: Path) -> None:
    tiny_project.change(project, WEEK_YAML, RECAP, "A cup!")
    tiny_project.change(project, PRACTICES, WHAT, "Hold a cup.")
    found = check(project)
    assert found == sorted(found)
    assert [problem.file for problem in found] == [PRACTICES, WEEK_YAML]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("# A cup", "heading_open"),
        ("A cup\n=", "heading_open"),
        ("A cup\n- ", "heading_open"),
        ("***", "hr"),
        ("> _ _ _ ", "hr"),
        ("- A cup\n- - -", "hr"),
        ("    a cup", "code_block"),
        ("\ta cup", "code_block"),
        ("~~~\na cup", "fence"),
        ("a `cup`", "code_inline"),
        ("![a cup](cup.png)", "image"),
        ("a <b>cup</b>", "html_inline"),
        ("<p>a cup", "html_block"),
    ],
)
def test_every_kind_of_markup_outside_the_subset_is_found(text: str, kind: str) -> None:
    assert markup_outside_the_subset(text) == kind


@pytest.mark.parametrize("text", ["**A** *cup*", "__A__ _cup_", "- a\n* cup\n\n1. warm", "> [a cup](/cup), half-full"])
def test_what_every_platform_shows_is_inside_the_subset(text: str) -> None:
    assert markup_outside_the_subset(text) is None
