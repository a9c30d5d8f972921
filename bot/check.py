"""`python -m bot check`: holds all content to its rules, and names every problem with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bot.check_content import check_content, flavours
from bot.check_prompts import Facts, check_prompts
from bot.check_words import Problem
from bot.conversations.onboarding import LONGEST_NAME
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
    course: dict[str, list[Facts]] = {}
    for programme in _programmes(Library(root / "curriculum" / "programmes")):
        course.setdefault(programme.locale, []).extend(_facts(programme))
    return _sorted(check_prompts(root / "prompts" / "templates", root / "bot", course), root)


def _programmes(library: Library) -> Iterator[Programme]:
    """The courses that can be read; what is wrong with the others is said by the check of the course."""
    for slug in library.slugs():
        try:
            for locale in library.plan(slug).locales:
                yield library.programme(slug, locale)
        except ContentError:
            continue


def _facts(programme: Programme) -> Iterator[Facts]:
    """What each practice puts into the prompts of a day, in characters, under the names that the prompts use."""
    for week in programme.weeks:
        daily = max((len(practice.title) for practice in week.practices if practice.id in programme.daily), default=0)
        for practice in week.practices:
            yield {
                "name": LONGEST_NAME,
                "week.title": len(week.title),
                "practice.title": len(practice.title),
                "invitation": _longest(practice.invitations),
                "question": _longest((*practice.evening, *practice.reflections, week.look_back.question)),
                "daily.title": daily,
            }


def _longest(texts: Iterable[Text]) -> int:
    return max(len(flavour) for text in texts for flavour in flavours(text))


def _sorted(problems: Iterable[Problem], root: Path) -> list[Problem]:
    return sorted({replace(problem, file=Path(problem.file).relative_to(root).as_posix()) for problem in problems})
