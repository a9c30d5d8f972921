"""`python -m bot check`: holds all content to its rules, and names every problem with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bot.check_content import check_content, flavours
from bot.check_prompts import Longest, check_prompts
from bot.check_words import Problem
from bot.errors import ContentError
from curriculum.loader import Library
from curriculum.model import Programme, Text

__all__ = ["ROOT", "Problem", "check", "check_course", "check_voice", "main"]

ROOT = Path(__file__).parent.parent


def main(root: Path | None = None) -> int:
    """Prints every problem and a closing line; the exit code: 1 if there is a problem, else 0."""
    problems = check(root)
    for problem in problems:
        print(problem)
    print(
        f"{len(problems)} problem{'s' * (len(problems) != 1)} found" if problems else "The content holds to its rules"
    )
    return 1 if problems else 0


def check(root: Path | None = None) -> list[Problem]:
    """Every problem of the course and of the prompts under a project's root, sorted; files are relative to it."""
    root = root or ROOT
    return sorted({*check_course(root), *check_voice(root)})


def check_course(root: Path) -> list[Problem]:
    """Every problem of the programmes, sorted."""
    return _sorted(check_content(root / "curriculum" / "programmes"), root)


def check_voice(root: Path) -> list[Problem]:
    """Every problem of the prompts and of what the code says, sorted."""
    course: dict[str, Longest] = {}
    for programme in _programmes(Library(root / "curriculum" / "programmes")):
        known = course.get(programme.locale, Longest())
        practices = [practice for week in programme.weeks for practice in week.practices]
        course[programme.locale] = Longest(
            max(known.invitation, _longest(text for practice in practices for text in practice.invitations)),
            max(known.evening, _longest(text for practice in practices for text in practice.evening)),
        )
    return _sorted(check_prompts(root / "prompts" / "templates", root / "bot", course), root)


def _programmes(library: Library) -> Iterator[Programme]:
    """The courses that can be read; what is wrong with the others is said by the check of the course."""
    for slug in library.slugs():
        try:
            for locale in library.plan(slug).locales:
                yield library.programme(slug, locale)
        except ContentError:
            continue


def _longest(texts: Iterable[Text]) -> int:
    return max(len(flavour) for text in texts for flavour in flavours(text))


def _sorted(problems: Iterable[Problem], root: Path) -> list[Problem]:
    return sorted({replace(problem, file=Path(problem.file).relative_to(root).as_posix()) for problem in problems})
