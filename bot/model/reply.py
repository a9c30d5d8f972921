"""What goes out: platform-neutral replies on their way to an adapter, and what is kept for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.cohorts.model import Pulse, Words
from bot.model.document import Document
from bot.model.turn import Urgency


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style. What people typed is always a plain span, so no markup can hide in it."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item or quote; a "\\n" inside a span is a line break."""

    spans: tuple[Span, ...]
    kind: Literal["paragraph", "bullet", "number", "quote"] = "paragraph"
    number: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """A rendered choice: what the platform sends back (at most 64 bytes) and its label."""

    data: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, as it is shown."""

    name: str
    label: str
    kind: Literal["text", "line", "date", "time", "choice"] = "text"
    choices: tuple[Button, ...] = ()
    value: str = field(default="", repr=False)
    most: int = 3000
    required: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """What is written in a form where the platform has forms (Slack's modals), and typed elsewhere."""

    id: str
    title: str
    fields: tuple[Field, ...]
    asked: int = 0  # the number of the question that it answers


@dataclass(frozen=True, slots=True)
class Picture:
    """A pulse in bars, drawn when it is sent (bot/cohorts/figures.py). `alternative` says all that it shows."""

    pulse: Pulse
    words: Words
    alternative: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform-neutral message, reaction or edit.

    `act`: "message" says `text` with `rows` of buttons; "react" puts `emoji` on message `ref`; "close" replaces the
    buttons of message `ref` by `rows` (without `ref`: of the message that put question number `asked`; the outbox knows
    which that was), "edit" its text too; "delete" takes the message back, "pin" and "unpin" do what they say.
    `of` is the `dedup` key of an earlier message, which the outbox knows too: the one that an edit, "delete" or "pin"
    is about, and for a "message" the one that it answers in a thread. `company` are platform ids of people (of the same
    installation) with whom the reader gets this message together, where the platform has such conversations.
    `ask_location` wants the platform's location button where it has one.
    """

    act: Literal["message", "react", "close", "edit", "delete", "pin", "unpin"] = "message"
    text: tuple[Block, ...] = ()
    rows: tuple[tuple[Button, ...], ...] = ()
    ref: str | None = None
    emoji: str = ""
    ask_location: bool = False
    asked: int = 0
    form: Form | None = None  # the answer is private text: written in a form where there are forms
    private: bool = False  # repeats private text: shown in a form or a home page where messages may be exported
    picker: Literal["", "time", "date"] = ""  # a native picker may be offered beside the buttons
    of: str = ""
    company: tuple[str, ...] = field(default=(), repr=False)
    file: Document | None = None
    image: Picture | None = None  # shown beside the text, which tells the same, where messages can have pictures
    prompt: str = ""  # which prompt this is: for transcripts and tests; no personal text


PRIORITY: Mapping[Urgency, int] = {"reply": 0, "scheduled": 5, "broadcast": 9}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply on its way into the outbox. `dedup` carries no platform id."""

    address: str
    installation: str
    reply: Reply = field(repr=False)
    priority: int
    due_at: datetime
    expires_at: datetime | None = None
    dedup: str | None = None
    broadcast: str | None = None  # the id of the one that it belongs to


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row being sent: what an adapter gets. Later messages may be about one that is `keyed`."""

    id: int
    address: str
    platform_id: str = field(repr=False)
    reply: Reply = field(repr=False)
    attempts: int = 0
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took it; `ref` is its id of the message."""

    ref: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a person wrote or did, as kept: `on` is their local date, `at` the instant."""

    id: str
    person: str
    kind: str
    at: datetime
    on: date
    week: int = 0
    day: int = 0
    text: str = field(default="", repr=False)
    about: str = ""
    went: str = ""
    minutes: int = 0
