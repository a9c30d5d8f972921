"""What a conversation is made of: steps that take an input and answer with a move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from bot import journey
from bot.cohorts.meetings import Meeting
from bot.cohorts.model import Act, Attendance, Cohort, Desk, Welcome
from bot.conversations.words import LONGEST_ANSWER, MOST_CLAUSES, clauses, is_one_of, plain
from bot.model import (
    ChoiceMade,
    Entry,
    Event,
    Gazetteer,
    Input,
    MessageReceived,
    Participant,
    Place,
    Proofread,
    Recorded,
    Run,
    Said,
)
from bot.model.replacing import replace
from bot.timetable import day_begins, zone
from curriculum.model import Practice, Programme, Week


@dataclass(frozen=True, slots=True)
class Entered:
    """A run came to this step: the step says its question."""


ENTERED: Final = Entered()
Given = Input | Entered


def nothing_wrong(_: str) -> None:
    """Finds no flaw in any text; whoever sends one proofreads it all the same."""


@dataclass(frozen=True)  # no slots: what follows from the fields is computed once
class Context:
    """All that a step may know. `now` is aware; nothing here does I/O."""

    now: datetime
    participant: Participant
    programme: Programme
    gazetteer: Gazetteer
    run: Run
    desk: Desk | None = None  # for those who own or lead
    welcome: Welcome | None = None  # what a code led to
    token: str = ""  # a fresh code, for those who own or lead
    profile_zone: str = ""  # the time zone by which their platform knows them
    cohort: Cohort | None = None  # the one that they walk in
    proofread: Proofread = nothing_wrong
    meeting: Meeting | None = None  # their latest in it
    handle: str = ""  # the name by which others can write to them on their platform
    answers: Mapping[str, Attendance] = field(default_factory=dict)  # what they said about its classes
    chat: Participant | None = None  # the channel or group that the input came from
    reaches_home: bool = True  # whether the chat in which their cohort is at home can be written to
    pages: tuple[Entry, ...] = ()  # all that they wrote and did, newest first, while they look at their data
    age: int = 18  # from which on people take part
    platform: str = ""  # where they are, such as "telegram"
    research: str = ""  # who does research here, and what on; empty if nobody does

    @property
    def invited_to(self) -> Cohort | None:
        """The cohort whose invitation they are thinking about, while it is good."""
        return self.welcome.cohort if self.welcome and self.participant.joining else None

    @cached_property
    def today(self) -> date:
        """The person's local date; it turns at 04:00."""
        return journey.today(self.participant, self.now)

    @cached_property
    def place(self) -> Place | None:
        """Where they are in the course, if it has begun and not ended."""
        return journey.standing(self.participant.journey, self.today, self.programme.length)

    @cached_property
    def week(self) -> Week:
        """The week they are in; the first before the course, the last after it."""
        if self.place is not None:
            return self.programme.week(self.place.week)
        before = self.participant.journey.graduated_on is None
        return self.programme.week(1 if before else self.programme.length)

    @property
    def day(self) -> int:
        """Day 1 to 7 of the week."""
        return self.place.day if self.place else 1

    @property
    def opens_week(self) -> bool:
        """Whether today brings the week's theme: day 1, or the first day after days off."""
        return self.place is not None and journey.opens_week(self.participant, self.today)

    @property
    def closes_week(self) -> bool:
        """Whether today looks back on the week: day 7, or the last day before days off."""
        return self.place is not None and journey.closes_week(self.participant, self.today)

    @cached_property
    def practice(self) -> Practice:
        """The practice of this run if it named one, else the one that they took along today, else the day's own."""
        taken = self.participant.taken
        named = self.run.notes.get("practice") or (taken[1] if taken and taken[0] == self.today else None)
        return self.programme.practice(named) if named else self.week.practice_on(self.day)

    @property
    def together(self) -> bool:
        """Whether their week is the cohort's, which pauses and wishes do not move."""
        return self.participant.journey.pacing == "calendar"

    @property
    def intention(self) -> str:
        """What they set themselves for today, in their words; nothing where messages must not repeat it."""
        taken, person = self.participant.taken, self.participant
        return person.intention if taken and taken[0] == self.today and not person.discreet else ""


@dataclass(frozen=True, slots=True)
class Move:
    """Where a run goes. `to` is a step, None to stay; `end` closes the run, `then` names what begins after it."""

    to: str | None = None
    end: bool = False
    then: str | None = None
    events: tuple[Event, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    updates: Mapping[str, Any] = field(default_factory=dict)
    wake_in: timedelta | None = None
    anew: bool = False  # staying, but asking again as a new question
    answered: bool = True


def ask(step: str, *events: Event, notes: Mapping[str, Any] | None = None, **updates: Any) -> Move:
    """On to the next step, which says its question. `updates` replace fields of the participant."""
    return Move(to=step, events=events, notes=notes or {}, updates=updates)


def stay(*events: Event, notes: Mapping[str, Any] | None = None, wake_in: timedelta | None = None, **up: Any) -> Move:
    """The question stays open."""
    return Move(events=events, notes=notes or {}, updates=up, wake_in=wake_in)


def again(*events: Event, notes: Mapping[str, Any] | None = None) -> Move:
    """Says these events (why), then the same question once more."""
    return Move(events=events, notes=notes or {}, anew=True, answered=False)


def finish(*events: Event, then: str | None = None, notes: Mapping[str, Any] | None = None, **updates: Any) -> Move:
    """The conversation is over; `then` begins with these notes."""
    return Move(end=True, then=then, events=events, notes=notes or {}, updates=updates)


StepFunction = Callable[[Context, Given], Move | Said]
Closing = Callable[[Participant, datetime], datetime | None]
Words = Mapping[str, tuple[str, ...]]
"""The words for each choice of a question."""


@dataclass(frozen=True, eq=False)
class Conversation:
    """A named set of steps. `open_for` says until when an open question is kept; None keeps it.

    It `keeps` plain words to itself that are commands elsewhere. `act` is what somebody must be allowed to do to have
    this conversation at all. One that `hears` certain words alone waits aside: every other text is for what else is
    open, and it neither interrupts nor is put again by itself. One for `anytime` goes on before somebody agreed to
    anything, and while they are asked to agree anew. `shut` is the choice that somebody means who shuts the window in
    which it shows them something.
    """

    name: str
    first: str
    open_for: Closing
    keeps: frozenset[str] = frozenset()
    act: Act | None = None
    hears: Words | None = None
    anytime: bool = False
    shut: str = ""
    steps: dict[str, StepFunction] = field(default_factory=dict)

    def step(self, function: StepFunction) -> StepFunction:
        """Registers a step under its function's name."""
        return self.named(function.__name__)(function)

    def named(self, name: str) -> Callable[[StepFunction], StepFunction]:
        """Registers a step under a name of its own."""

        def register(function: StepFunction) -> StepFunction:
            self.steps[name] = function
            return function

        return register


conversation = Conversation  # what it is called where one begins; its steps register themselves


def needs_no_consent(known: Conversation) -> bool:
    """Whether it is about other things than the course: somebody's work, their data, help."""
    return known.anytime or known.act is not None


def until_the_day_turns(participant: Participant, now: datetime) -> datetime:
    """An open question is let go, in silence, when the local day turns at 04:00."""
    on = journey.today(participant, now)
    return day_begins(on + timedelta(days=1), zone(participant.zone))


def for_an_hour(_: Participant, now: datetime) -> datetime:
    """What a person began and left is let go after an hour."""
    return now + timedelta(hours=1)


def for_a_day(_: Participant, now: datetime) -> datetime:
    """A question about something that is at most a day ahead."""
    return now + timedelta(days=1)


def without_end(_: Participant, __: datetime) -> None:
    """The question waits for as long as it takes."""


def typed(given: Given) -> str | None:
    """What the person wrote, trimmed; None if this is not a text or has nothing visible in it."""
    if isinstance(given, MessageReceived) and given.kind == "text":
        return given.text.strip() or None
    return None


def tapped(given: Given) -> str | None:
    """The id of the tapped choice."""
    return given.choice if isinstance(given, ChoiceMade) else None


def meant(given: Given, words: Words) -> str | None:
    """The choice that was tapped, or typed in its own words and no others: "yes", "Ok!", "Yes, please."."""
    text, whole = typed(given), wholly(given, words)
    if whole is not None or text is None or len(text) > LONGEST_ANSWER:
        return whole
    parts = clauses(text)
    choices = {_choice(part, words) for part in parts} if len(parts) <= MOST_CLAUSES else {None}
    return choices.pop() if len(choices) == 1 else None


def wholly(given: Given, words: Words) -> str | None:
    """The choice that was tapped, or that a whole message is, with nothing beside it: where nothing may be guessed."""
    text = typed(given)
    return tapped(given) if text is None else _choice(plain(text), words)


def begun_with(given: Given, words: Words) -> str | None:
    """The choice that what they wrote begins with, when they go on to tell more: "Yes, at the sink".

    None where they come to another one: "No. Well, a little at lunch".
    """
    first, *more = clauses(typed(given) or "") or ("",)
    chosen = _choice(first, words)
    others = tuple(known for choice, all_known in words.items() if choice != chosen for known in all_known)
    return None if any(f"{part} ".startswith(f"{known} ") for part in more for known in others) else chosen


def _choice(said: str, words: Words) -> str | None:
    return next((choice for choice, known in words.items() if is_one_of(said, known)), None)


def counted(participant: Participant, record: Recorded) -> Participant:
    """The participant with this record in their ledger."""
    ledger = participant.ledger
    match record.kind:
        case "practice" if record.went in ("did", "a_little"):
            practised = {**ledger.practised, record.about: ledger.practised.get(record.about, 0) + 1}
            ledger = replace(ledger, practised=practised)
        case "sit":
            ledger = replace(ledger, sits=ledger.sits + 1, minutes=ledger.minutes + record.minutes)
        case "gratitude":
            ledger = replace(ledger, gratitudes=ledger.gratitudes + 1)
        case "letter":
            ledger = replace(ledger, letters=ledger.letters + 1)
        case "reflection" | "look_back" | "journal":
            ledger = replace(ledger, reflections=ledger.reflections + 1)
    return replace(participant, ledger=ledger)
