"""The frozen domain types: what comes in, what is remembered of a person, what goes out.

Every datetime here is aware; in storage it is UTC. Personal text appears only in fields that storage encrypts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Literal, Protocol

from bot.cohorts.model import Act, Pacing, Pulse, Words
from curriculum.model import Text

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Somebody wrote. `kind` is "text" or what it was instead ("voice", "photo", …); `ref` is its platform id."""

    text: str = ""
    kind: str = "text"
    edited: bool = False
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A button was tapped. `asked` is the number of the question it belonged to; `ref` the message that carried it."""

    choice: str
    asked: int
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """A form (a modal, a page) was sent. `asked` is the number of the question that offered it."""

    form: str
    values: Mapping[str, str] = field(repr=False)
    asked: int = 0

    @property
    def text(self) -> str:
        """What was written in it, all its fields together."""
        return "\n".join(value.strip() for value in self.values.values() if value.strip())


@dataclass(frozen=True, slots=True)
class LocationShared:
    """A position, in degrees. Used for the time zone and forgotten."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Changed:
    """The platform says that something about the person changed."""

    what: Literal["blocked", "came_back", "left", "kicked", "deactivated", "moved_zone"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WokeUp:
    """The alarm rang: something of this person's is due."""


Input = MessageReceived | ChoiceMade | FormSubmitted | LocationShared | Changed | WokeUp


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input came from: the installation and the platform's own id of the chat. Never logged."""

    installation: str
    platform_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An input at the door. `key` is unique per installation and input (an update's id): the same key acts once."""

    origin: Origin
    key: str
    given: Input = field(repr=False)
    first_name: str = field(default="", repr=False)
    language: str = ""
    zone: str = ""  # the IANA zone that the platform knows them by, if it does


# ---------------------------------------------------------------- what is remembered of a person


class State(StrEnum):
    """The states of the journey; the transitions stand in journey.py."""

    INVITED = "invited"
    CONSENTING = "consenting"
    ONBOARDING = "onboarding"
    ACTIVE = "active"
    PAUSED = "paused"
    GRADUATED = "graduated"
    WITHDRAWN = "withdrawn"


class Kind(StrEnum):
    """The kinds of touchpoint: planned moments, at most one of a kind on a local date."""

    MORNING = "morning"
    EVENING = "evening"
    GRADUATION = "graduation"
    BOOSTER = "booster"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a person wants to be spoken to, in local wall time. `days_off`: 0 is Monday."""

    morning: time = time(8)
    evening: time = time(20)
    quiet_from: time = time(22)
    quiet_until: time = time(7)
    days_off: frozenset[int] = frozenset()
    mornings: bool = True
    evenings: bool = True
    gratitude_every: int = 1  # days between gratitude questions; 0 is never


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a person is. `anchor` is the local date of week 1, day 1.

    At one's own pace, pauses and repeats move it later; with "calendar" pacing it is the cohort's, and stands.
    """

    state: State = State.INVITED
    pacing: Pacing = "own"
    anchor: date | None = None
    paused_on: date | None = None
    resume_on: date | None = None
    paused_from: State | None = None
    consent: str | None = None
    consent_at: datetime | None = None
    graduated_on: date | None = None
    boosters_every: int = 0  # days; 0 is never
    boosted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Week (from 1) and day (1 to 7)."""

    week: int
    day: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What somebody practised, in counts; a gap costs nothing."""

    practised: Mapping[str, int] = field(default_factory=dict)
    sits: int = 0
    minutes: int = 0
    gratitudes: int = 0
    letters: int = 0
    reflections: int = 0


@dataclass(frozen=True, slots=True)
class Backstep:
    """A step that was answered, and what stood before the answer: where "back" leads."""

    step: str
    notes: Mapping[str, Any]
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Run:
    """One person's place in a conversation: `asked` numbers its open question, `notes` is what it remembers."""

    conversation: str
    step: str
    number: int = 0  # unique among this person's runs
    asked: int = 0
    started: datetime | None = None
    until: datetime | None = None
    offers: bool = False  # whether the open question has buttons
    notes: Mapping[str, Any] = field(default_factory=dict)
    previous: tuple[Backstep, ...] = ()


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment that a run asked to be woken at (the next cue of a sit)."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    """All that the engine knows of a person. One value, saved whole (encrypted) after every turn."""

    id: str
    name: str = field(default="", repr=False)
    locale: str = "en"
    zone: str | None = None
    health_care: bool = False
    rhythm: Rhythm = Rhythm()
    journey: Journey = Journey()
    runs: tuple[Run, ...] = ()
    asked: int = 0  # how many questions were put so far: numbers the next one
    answered: tuple[int, str] | None = None  # the last tap that was accepted
    timers: tuple[Timer, ...] = ()
    checked: datetime | None = None  # touchpoints up to here were sent or missed
    touched: tuple[tuple[Kind, date], ...] = ()  # the latest of them, so that a date lived twice speaks once
    heard: datetime | None = None  # when they last answered anything
    checked_in: date | None = None  # when we asked whether to go on as before
    fewer: bool = False  # we speak less until we hear from them
    taken: tuple[date, str] | None = None  # the practice that they took along into a day
    intention: str = field(default="", repr=False)  # and in what words
    ledger: Ledger = Ledger()
    history: Mapping[str, int] = field(default_factory=dict)  # how often each line with variants was said
    address: str = ""  # the preferred one
    reachable: bool = True
    roles: frozenset[str] = frozenset()  # "owner", "facilitator": as of the last turn; the store has the last word
    cohort: str = ""  # the id of the one they walk in
    joining: str = ""  # the id of an invitation that they are thinking about
    discreet: bool = False  # others may export what we say there: messages do not repeat what they wrote

    @property
    def run(self) -> Run | None:
        """The run that asked last, if one is open."""
        return self.runs[-1] if self.runs else None


# ---------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class City:
    """A place that somebody may mean; `zone` is its IANA time zone."""

    name: str
    country: str
    zone: str
    population: int
    region: str = ""


class Gazetteer(Protocol):
    """Time zones by city and by place; offline."""

    def cities(self, name: str) -> Sequence[City]:
        """Cities of this name (any case, with or without accents), one per zone and country, largest first."""
        ...

    def zone_at(self, latitude: float, longitude: float) -> str | None:
        """The IANA zone there; None where there is none."""
        ...


# ---------------------------------------------------------------- what the engine answers


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. Its label is in prompts/ unless the data itself is the label (a city)."""

    id: str
    label: str | None = None


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
    """We say something: a prompt's name plus facts. The words are in prompts/."""

    prompt: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[tuple[Choice, ...], ...] = ()
    asked: int = 0
    urgency: Urgency = "reply"
    expires: datetime | None = None
    in_place: bool = False  # instead of message `ref`, or of the message that put question number `asked`
    ref: str | None = None
    writes: bool = False  # the answer is private text
    private: bool = False  # repeats private text
    picker: Literal["", "time", "date"] = ""  # any other time or date is an answer, too

    def offering(self, *choices: Choice, columns: int = 3) -> Said:
        """With these buttons, so many in a row."""
        rows = tuple(tuple(choices[at : at + columns]) for at in range(0, len(choices), columns))
        return replace(self, choices=self.choices + rows)


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


Event = Said | Recorded | Travelled | Touched | Alerted | Reacted | Closed | Decided


@dataclass(frozen=True, slots=True)
class Turn:
    """What the engine decided: the person as they are now, what happened, and when to wake next (UTC, or never)."""

    participant: Participant
    events: tuple[Event, ...]
    wake_at: datetime | None


# ---------------------------------------------------------------- what goes out


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
    which that was), "edit" its text too. `ask_location` wants the platform's location button where it has one.
    """

    act: Literal["message", "react", "close", "edit"] = "message"
    text: tuple[Block, ...] = ()
    rows: tuple[tuple[Button, ...], ...] = ()
    ref: str | None = None
    emoji: str = ""
    ask_location: bool = False
    asked: int = 0
    form: Form | None = None  # the answer is private text: written in a form where there are forms
    private: bool = False  # repeats private text: shown in a form or a home page where messages may be exported
    picker: Literal["", "time", "date"] = ""  # a native picker may be offered beside the buttons
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
    """An outbox row being sent: what an adapter gets."""

    id: int
    address: str
    platform_id: str = field(repr=False)
    reply: Reply = field(repr=False)
    attempts: int = 0


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
