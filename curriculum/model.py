"""The frozen types of a programme. Pure: knows neither files nor people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Length = Literal["short", "middle", "long"]
LENGTHS: tuple[Length, ...] = ("short", "middle", "long")
MINUTES: Mapping[Length, int] = {"short": 5, "middle": 10, "long": 20}


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Markdown's small subset, with a flavour for people who work in health care."""

    plain: str
    health_care: str | None = None

    def flavour(self, health_care: bool) -> str:
        """The wording for this reader; the plain one wherever there is no other."""
        return self.health_care if health_care and self.health_care is not None else self.plain


@dataclass(frozen=True, slots=True)
class Practice:
    """An informal practice: a small act or reflection in ordinary life."""

    id: str
    title: str
    what: Text
    why: Text
    invitations: tuple[Text, ...]
    evening: tuple[Text, ...]
    reflections: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """One sentence of a guided sit and the silence after it, in seconds for each length."""

    say: Text
    pause: Mapping[Length, int]
    gentler: Text | None = None


@dataclass(frozen=True, slots=True)
class Sit:
    """A formal, guided practice, delivered cue by cue."""

    id: str
    title: str
    about: Text
    gentler: Text
    ease: Text
    cues: tuple[Cue, ...]

    def cues_of(self, length: Length) -> tuple[Cue, ...]:
        """The cues that are said in a sit of this length, in order."""
        return tuple(cue for cue in self.cues if length in cue.pause)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What two or three people do together in so many minutes; `steps` one after the other."""

    id: str
    title: str
    what: Text
    steps: tuple[Text, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class LookBack:
    """The end of a week: where it has been, and one open question."""

    recap: Text
    question: Text


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the programme; `step` is its stable id."""

    step: str
    title: str
    in_short: str
    theme: Text
    question: Text
    look_back: LookBack
    practices: tuple[Practice, ...]
    sit: Sit
    exercise: Exercise

    def practice_on(self, day: int) -> Practice:
        """The practice that day 1 to 7 proposes; they take turns, so each comes up at least once."""
        return self.practices[(day - 1) % len(self.practices)]


@dataclass(frozen=True, slots=True)
class Programme:
    """A whole course in one locale. `daily` names the practices that stay on offer all their week."""

    slug: str
    title: str
    version: str
    locale: str
    weeks: tuple[Week, ...]
    daily: frozenset[str]

    @property
    def length(self) -> int:
        """How many weeks it has: data, not code."""
        return len(self.weeks)

    def week(self, number: int) -> Week:
        """Week `number`, counted from 1."""
        return self.weeks[number - 1]

    def practice(self, practice_id: str) -> Practice:
        """The practice with this id.

        Raises:
            KeyError: no week has it.
        """
        for week in self.weeks:
            for practice in week.practices:
                if practice.id == practice_id:
                    return practice
        raise KeyError(practice_id)
