"""The loader: the real course as the model knows it, and every wrong structure named with its file and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.errors import ContentError
from curriculum.loader import PROGRAMMES, Library
from curriculum.model import LENGTHS, Text
from tests.unit import tiny_project
from tests.unit.tiny_project import PROGRAMME, WEEK


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny_project.make(tmp_path)


def library(project: Path) -> Library:
    return Library(project / "curriculum/programmes")


def test_the_course_has_eight_weeks_and_twenty_four_practices() -> None:
    course = Library().programme("compassion", "en")
    assert course.length == 8
    assert [week.step for week in course.weeks] == [
        "settling",
        "loved-one",
        "self-compassion",
        "self-kindness",
        "common-humanity",
        "others",
        "active",
        "integration",
    ]
    assert sum(len(week.practices) for week in course.weeks) == 24


def test_the_daily_practices_are_those_of_the_source() -> None:
    assert Library().programme("compassion", "en").daily == {
        "loved-one/act",
        "self-compassion/letter",
        "self-kindness/gratitude",
        "active/small-act",
    }


def test_texts_carry_both_flavours_and_sits_all_lengths() -> None:
    for week in Library().programme("compassion", "en").weeks:
        assert week.theme.flavour(health_care=True) != week.theme.flavour(health_care=False)
        assert all(week.sit.cues_of(length) for length in LENGTHS)


def test_the_product_keeps_plain_texts_that_remember_no_file() -> None:
    assert type(Library().programme("compassion", "en").weeks[0].theme.plain) is str


def test_a_programme_is_read_once(project: Path) -> None:
    shelf = library(project)
    first = shelf.programme("tiny", "en")
    (project / PROGRAMME).unlink()
    assert shelf.programme("tiny", "en") is first


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    assert Library(tmp_path / "nowhere").slugs() == []


@pytest.mark.parametrize(
    ("slug", "locale"), [("tiny", "xx"), ("other", "en"), ("../programmes/tiny", "en"), ("", "en")]
)
def test_what_is_not_there_is_a_key_error(project: Path, slug: str, locale: str) -> None:
    with pytest.raises(KeyError):
        library(project).programme(slug, locale)


def test_the_whole_course_loads_in_under_150_milliseconds() -> None:
    def seconds() -> float:
        begin = time.process_time()
        Library(PROGRAMMES).programme("compassion", "en")
        return time.process_time() - begin

    assert min(seconds() for _ in range(3)) < 0.150


def test_a_pair_becomes_a_text_with_two_flavours(project: Path) -> None:
    reflection = library(project).programme("tiny", "en").practice("self-kindness/cup").reflections[0]
    assert reflection == Text(
        "What did you feel at cup one in the kitchen?", "What did you feel at cup one in the staff room?"
    )


def test_a_wrapped_paragraph_becomes_one_line_and_lists_and_quotes_stay(project: Path) -> None:
    written = "One cup,\nheld in\n2 hands.\n\n- warm\n- calm\n\n> slow\n\n1. in\n2. out\n"
    (project / WEEK / "theme.md").write_text(written)
    theme = library(project).programme("tiny", "en").weeks[0].theme.plain
    assert theme == "One cup, held in 2 hands.\n\n- warm\n- calm\n\n> slow\n\n1. in\n2. out"


CUP = "self-kindness/cup"
BROKEN = [
    (PROGRAMME, "title: A tiny course\n", "", 1, "the key 'title' is missing"),
    (PROGRAMME, "daily:", "dayly:", 1, "the key 'daily' is missing"),
    (PROGRAMME, "locales: [en]", "locales: [en]\nlanguage: en", 4, "the key 'language' is unknown"),
    (PROGRAMME, "locales: [en]", "locales: en", 3, "a list belongs here"),
    (PROGRAMME, "locales: [en]", "locales: []", 3, "the list is empty"),
    (PROGRAMME, 'version: "1"', "version: 1", 2, "a text belongs here"),
    (PROGRAMME, "title: A tiny course", 'title: " "', 1, "the text is empty"),
    (PROGRAMME, f"daily:\n  - {CUP}", "daily:\n  - self-kindness/tea", 8, "'self-kindness/tea' is unknown"),
    (PROGRAMME, f"    - {CUP}\n", "    - others/cup\n", 6, "'others/cup' does not belong to the step 'self-kindness'"),
    (PROGRAMME, f"    - {CUP}\n", f"    - {CUP}\n" * 2, 7, f"'{CUP}' stands twice"),
    (PROGRAMME, f"weeks:\n  self-kindness:\n    - {CUP}\n", "weeks: {}\n", 4, "there is no week"),
    (PROGRAMME, f"weeks:\n  self-kindness:\n    - {CUP}\n", "weeks: [self-kindness]\n", 4, "a mapping belongs here"),
    (f"{WEEK}/week.yaml", "recap:", "summary:", 5, "the key 'recap' is missing"),
    (f"{WEEK}/week.yaml", "title: Warmth", "title: [Warmth]", 1, "a text belongs here"),
    (f"{WEEK}/week.yaml", "in_short:", "title: Warmer\nin_short:", 2, "the key 'title' stands twice"),
    (f"{WEEK}/week.yaml", "title: Warmth", "1: Warmth", 1, "the key '1' is not a text: it needs quotes"),
    (f"{WEEK}/week.yaml", "title: Warmth", "title: Warmth: more", 1, "this is not YAML"),
    (f"{WEEK}/practices.yaml", f"id: {CUP}", "id: self-kindness/tea", 1, "'self-kindness/tea' is unknown"),
    (f"{WEEK}/practices.yaml", "  why:", "  how: Warmly.\n  why:", 4, "the key 'how' is unknown"),
    (f"{WEEK}/practices.yaml", "health_care:", "hospital:", 6, "the key 'health_care' is missing"),
    (f"{WEEK}/practices.yaml", "- id", "id", 2, "this is not YAML"),
    (f"{WEEK}/sit.yaml", "short: 50", "short: long", 8, "a whole number belongs here"),
    (f"{WEEK}/sit.yaml", "short: 50", "short: 0x32", 8, "a whole number in decimal digits belongs here"),
    (f"{WEEK}/sit.yaml", "short: 50", "brief: 50", 8, "the key 'brief' is unknown"),
    (f"{WEEK}/sit.yaml", "{short: 50, middle: 67, long: 90}", "{}", 8, "the cue belongs to no length"),
    (f"{WEEK}/sit.yaml", "ease:", "easy:", 1, "the key 'ease' is missing"),
    (f"{WEEK}/exercise.yaml", "minutes: 20", "minutes: long", 3, "a whole number belongs here"),
    (f"{WEEK}/exercise.yaml", "steps:", "parts:", 1, "the key 'steps' is missing"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), BROKEN, ids=[case[4] for case in BROKEN])
def test_a_wrong_structure_is_named_with_file_and_line(
    project: Path, file: str, old: str, new: str, line: int, problem: str
) -> None:
    tiny_project.change(project, file, old, new)
    with pytest.raises(ContentError) as caught:
        library(project).programme("tiny", "en")
    assert (caught.value.file, caught.value.line) == (str(project / file), line)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    "file", ["week.yaml", "practices.yaml", "sit.yaml", "exercise.yaml", "theme.md", "theme.health_care.md"]
)
@pytest.mark.parametrize(
    ("written", "line", "problem"),
    [
        (None, 1, "the file is missing or cannot be read"),
        (b"", 1, "the file is empty"),
        (b"a: b\nc: \xff\n", 2, "this is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    project: Path, file: str, written: bytes | None, line: int, problem: str
) -> None:
    path = project / WEEK / file
    path.unlink() if written is None else path.write_bytes(written)
    with pytest.raises(ContentError, match=problem) as caught:
        library(project).programme("tiny", "en")
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_a_practice_that_no_file_has_is_missing(project: Path) -> None:
    tiny_project.change(project, PROGRAMME, f"    - {CUP}\n", f"    - {CUP}\n    - self-kindness/tea\n")
    with pytest.raises(ContentError, match="practice 'self-kindness/tea' is missing") as caught:
        library(project).programme("tiny", "en")
    assert caught.value.file.endswith(f"{WEEK}/practices.yaml")


def test_practices_stand_in_the_programmes_order(project: Path) -> None:
    path = project / WEEK / "practices.yaml"
    cup = path.read_text()
    path.write_text(cup + cup.replace(CUP, "self-kindness/tea"))
    tiny_project.change(project, PROGRAMME, f"    - {CUP}\n", f"    - self-kindness/tea\n    - {CUP}\n")
    with pytest.raises(ContentError, match="another order"):
        library(project).programme("tiny", "en")


def test_a_control_character_is_named_without_a_crash(project: Path) -> None:
    (project / WEEK / "week.yaml").write_text("title: \x00\n")
    with pytest.raises(ContentError, match="this is not YAML"):
        library(project).programme("tiny", "en")
