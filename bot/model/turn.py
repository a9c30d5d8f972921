"""What the engine answers: what is said, what is kept, what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from bot.cohorts.model import Act
from bot.model.document import Document
from bot.model.person import Kind, Participant, State
from bot.model.replacing import replace
from curriculum.model import Text


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. Its label is in prompts/ unless the data itself is the label (a city).

    With a `command` ("/join CODE", at most 64 bytes) it answers no question, and is for whoever taps it.
    """

    id: str
    label: str | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Blank:
    """A field of a form, which answers a step of the same conversation: a choice as a tap, everything else as a text.

    `value` stands in it from the start: a text, a choice's id, a date or time in ISO 8601. Left empty, it makes the
    choice `default`; without one, its step is asked in the ordinary way.
    """

    step: str
    kind: Literal["text", "line", "date", "time", "choice"] = "text"
    choices: tuple[Choice, ...] = ()
    value: str = field(default="", repr=False)
    required: bool = True
    most: int = 3000
    default: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """A fact that only the store knows: the latest entries of these kinds, newest first. The coach looks it up."""

    kinds: tuple[str, ...]
    limit: int = 5


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact with several wordings, of which the reader gets the one they have not heard for longest."""

    key: str
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A fact that a facilitator wrote, to be read by somebody in this week (0 before and after the course)."""

    text: str = field(repr=False)
    week: int = 0


@dataclass(frozen=True, slots=True)
class Flaw:
    """What keeps a facilitator's text from being sent; `kind` is worded in prompts/, `line` counts from 1."""

    kind: str
    line: int
    word: str = field(default="", repr=False)


Proofread = Callable[[str], Flaw | None]

Urgency = Literal["reply", "scheduled", "broadcast"]


@dataclass(frozen=True, slots=True)
class Said:
    """We say something: a prompt's name plus facts. The words are in prompts/.

    With a `key` it is said once for ever, and later events can be about it: `of` is the key of an earlier message,
    which this one answers in a thread, or replaces with `in_place`.
    """

    prompt: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[tuple[Choice, ...], ...] = ()
    asked: int = 0
    urgency: Urgency = "reply"
    expires: datetime | None = None
    in_place: bool = False  # instead of message `ref`, or of the message that put question number `asked`
    ref: str | None = None
    writes: bool = False  # the answer is private text
    blanks: tuple[Blank, ...] = ()  # this question and those after it, where there are forms
    private: bool = False  # repeats private text
    picker: Literal["", "time", "date"] = ""  # any other time or date is an answer, too
    key: str = ""
    of: str = ""
    file: Document | None = None
    company: tuple[str, ...] = field(default=(), repr=False)  # platform ids of those who read it together with them

    def offering(self, *choices: Choice, columns: int = 3) -> Said:
        """With these buttons, so many in a row."""
        rows = tuple(tuple(choices[at : at + columns]) for at in range(0, len(choices), columns))
        return replace(self, choices=self.choices + rows)


@dataclass(frozen=True, slots=True)
class Handled:
    """Something is done to an earlier message, the one said with this key."""

    act: Literal["delete", "pin", "unpin"]
    of: str


@dataclass(frozen=True, slots=True)
class Carried:
    """Something is said to others, by their ids, or done to what was said to them: a group's chat, those who lead it.

    It waits until their quiet hours are over.
    """

    to: tuple[str, ...]
    event: Said | Handled


@dataclass(frozen=True, slots=True)
class Recorded:
    """Something to keep: an intention, practice, reflection, gratitude, look_back, letter, journal, sit or plan."""

    kind: str
    text: str = field(default="", repr=False)
    about: str = ""  # a practice's or sit's id
    went: str = ""  # did, a_little, not_today
    minutes: int = 0
    slot: str = ""  # recording the same slot again replaces: how "back" corrects an answer


@dataclass(frozen=True, slots=True)
class Amended:
    """An entry of theirs, by its id, gets another text; without one, it is deleted."""

    entry: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exported:
    """They want all of theirs as files."""


@dataclass(frozen=True, slots=True)
class Travelled:
    """The journey moved from one state to another."""

    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Touched:
    """A touchpoint came up: it was said, or its window had passed."""

    kind: Kind
    on: date
    missed: bool


@dataclass(frozen=True, slots=True)
class Alerted:
    """The safety screen fired."""

    level: Literal["urgent", "concern"]
    rule: str


@dataclass(frozen=True, slots=True)
class Reacted:
    """A reaction instead of a noisy thanks. Platforms without them say nothing."""

    ref: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A question was answered: its buttons give way to the chosen one, or go if the answer was typed.

    `ref` is the message that was tapped; without one it is the message that last put question number `asked`.
    """

    asked: int
    chosen: str = ""
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """Something about cohorts or roles was decided; the coach carries it out. `object` is a cohort's or person's id."""

    act: Act
    object: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict, repr=False)


Event = (
    Said
    | Handled
    | Carried
    | Recorded
    | Amended
    | Exported
    | Travelled
    | Touched
    | Alerted
    | Reacted
    | Closed
    | Decided
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the engine decided: the person as they are now, what happened, and when to wake next (UTC, or never)."""

    participant: Participant
    events: tuple[Event, ...]
    wake_at: datetime | None
