"""Reads programmes from their folders: programme.yaml, and per locale and week four files of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from bot.errors import ContentError
from curriculum.model import Cue, Exercise, Length, LookBack, Practice, Programme, Sit, Text, Week
from curriculum.source import Keep, Source, read_text, read_yaml, text_alone

PROGRAMMES = Path(__file__).parent / "programmes"
_WRAPPED = re.compile(r"(?<!\n)\n(?!\n|[>*+-]|\d+[.)])")  # a line break inside a paragraph: on a phone it would show
_LENGTHS = {str(length): length for length in get_args(Length)}


@dataclass(frozen=True, slots=True)
class Plan:
    """What programme.yaml says: the practices of every step in order, those offered daily, and the locales."""

    file: str
    title: str
    version: str
    weeks: Mapping[str, tuple[str, ...]]
    daily: frozenset[str]
    locales: tuple[str, ...]


class Library:
    """All programmes under one root folder, each read when it is first asked for (`bot.ports.Curriculum`).

    Every method raises ContentError, with file and line, where a file does not have the structure that it must have.
    """

    def __init__(self, root: Path = PROGRAMMES, keep: Keep = text_alone) -> None:
        self._root = root
        self._keep = keep
        self._read: dict[tuple[str, str], Programme] = {}

    def slugs(self) -> list[str]:
        """The programmes that there are."""
        return sorted(path.parent.name for path in self._root.glob("*/programme.yaml"))

    def programme(self, slug: str, locale: str) -> Programme:
        """Raises KeyError if there is none."""
        if (slug, locale) not in self._read:
            self._read[slug, locale] = self._programme(slug, locale)
        return self._read[slug, locale]

    def plan(self, slug: str) -> Plan:
        """What the programme is made of. Raises KeyError if there is none."""
        if slug not in self.slugs():
            raise KeyError(slug)
        return _plan(read_yaml(self._root / slug / "programme.yaml", self._keep))

    def folder(self, slug: str, locale: str) -> Path:
        """Where the texts of one locale lie."""
        return self._root / slug / locale

    def week(self, slug: str, locale: str, step: str, practices: tuple[str, ...]) -> Week:
        """One week, which must have exactly these practices."""
        folder = self.folder(slug, locale) / step
        week = read_yaml(folder / "week.yaml", self._keep).fields(("title", "in_short", "question", "look_back"))
        look_back = week["look_back"].fields(("recap", "question"))
        return Week(
            step=step,
            title=week["title"].text(),
            in_short=week["in_short"].text(),
            theme=Text(self._markdown(folder / "theme.md"), self._markdown(folder / "theme.health_care.md")),
            question=_text(week["question"]),
            look_back=LookBack(_text(look_back["recap"]), _text(look_back["question"])),
            practices=_practices(read_yaml(folder / "practices.yaml", self._keep), practices),
            sit=_sit(read_yaml(folder / "sit.yaml", self._keep)),
            exercise=_exercise(read_yaml(folder / "exercise.yaml", self._keep)),
        )

    def _programme(self, slug: str, locale: str) -> Programme:
        plan = self.plan(slug)
        if locale not in plan.locales:
            raise KeyError(locale)
        weeks = tuple(self.week(slug, locale, step, practices) for step, practices in plan.weeks.items())
        return Programme(slug, plan.title, plan.version, locale, weeks, plan.daily)

    def _markdown(self, path: Path) -> str:
        text = read_text(path).strip()
        if not text:
            raise ContentError(str(path), 1, "the file is empty")
        return self._keep(_WRAPPED.sub(" ", text), str(path), 1)


def _plan(source: Source) -> Plan:
    fields = source.fields(("title", "version", "weeks", "daily", "locales"))
    weeks: dict[str, tuple[str, ...]] = {}
    known: set[str] = set()
    for step, practices in fields["weeks"].mapping().items():
        weeks[step] = tuple(practice.text() for practice in practices.items())
        for practice in practices.items():
            if not practice.text().startswith(f"{step}/"):
                raise practice.wrong(f"the practice '{practice.text()}' does not belong to the step '{step}'")
            if practice.text() in known:
                raise practice.wrong(f"the practice '{practice.text()}' stands twice")
            known.add(practice.text())
    if not weeks:
        raise fields["weeks"].wrong("there is no week")
    for practice in fields["daily"].items():
        if practice.text() not in known:
            raise practice.wrong(f"the practice '{practice.text()}' is unknown")
    return Plan(
        file=source.file,
        title=fields["title"].text(),
        version=fields["version"].text(),
        weeks=weeks,
        daily=frozenset(practice.text() for practice in fields["daily"].items()),
        locales=tuple(locale.text() for locale in fields["locales"].items()),
    )


def _practices(source: Source, expected: tuple[str, ...]) -> tuple[Practice, ...]:
    practices = tuple(_practice(item, expected) for item in source.items())
    found = tuple(practice.id for practice in practices)
    for practice in expected:
        if practice not in found:
            raise source.wrong(f"the practice '{practice}' is missing")
    if found != expected:
        raise source.wrong(f"the practices stand in another order than in programme.yaml: {', '.join(expected)}")
    return practices


def _practice(source: Source, expected: tuple[str, ...]) -> Practice:
    fields = source.fields(("id", "title", "what", "why", "invitations", "evening", "reflections"))
    practice = fields["id"].text()
    if practice not in expected:
        raise fields["id"].wrong(f"the practice '{practice}' is unknown: programme.yaml does not name it for this week")
    return Practice(
        id=practice,
        title=fields["title"].text(),
        what=_text(fields["what"]),
        why=_text(fields["why"]),
        invitations=_texts(fields["invitations"]),
        evening=_texts(fields["evening"]),
        reflections=_texts(fields["reflections"]),
    )


def _sit(source: Source) -> Sit:
    fields = source.fields(("id", "title", "about", "gentler", "ease", "cues"))
    return Sit(
        id=fields["id"].text(),
        title=fields["title"].text(),
        about=_text(fields["about"]),
        gentler=_text(fields["gentler"]),
        ease=_text(fields["ease"]),
        cues=tuple(_cue(cue) for cue in fields["cues"].items()),
    )


def _exercise(source: Source) -> Exercise:
    fields = source.fields(("id", "title", "what", "steps", "minutes"))
    return Exercise(
        id=fields["id"].text(),
        title=fields["title"].text(),
        what=_text(fields["what"]),
        steps=_texts(fields["steps"]),
        minutes=fields["minutes"].number(),
    )


def _cue(source: Source) -> Cue:
    fields = source.fields(("say", "pause"), ("gentler",))
    pauses = fields["pause"].fields((), tuple(_LENGTHS))
    if not pauses:
        raise fields["pause"].wrong("the cue belongs to no length")
    return Cue(
        say=_text(fields["say"]),
        pause={_LENGTHS[length]: seconds.number() for length, seconds in pauses.items()},
        gentler=_text(fields["gentler"]) if "gentler" in fields else None,
    )


def _texts(source: Source) -> tuple[Text, ...]:
    return tuple(_text(item) for item in source.items())


def _text(source: Source) -> Text:
    """A plain text, or a pair with a flavour for people who work in health care."""
    if not source.is_mapping:
        return Text(source.text())
    flavours = source.fields(("plain", "health_care"))
    return Text(flavours["plain"].text(), flavours["health_care"].text())
