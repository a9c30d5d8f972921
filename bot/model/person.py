"""What is remembered of a person: their journey, rhythm, open conversations and ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Literal

from bot.cohorts.model import Pacing


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
    PAIR = "pair"  # who one meets this week, or a question about being paired
    MET = "met"  # whether they met, or that the meeting falls out
    CLASS = "class"  # a reminder of a class, about a day ahead
    CLASS_SOON = "class_soon"  # an hour before, for those who will be there
    RECAP = "recap"  # of a class, for those who were not there


Shift = Literal["day", "late", "night", "off", "long_day", "long_night"]
Layer = Literal["coach", "group", "research"]


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said to a layer of consent: to which version of its words, when, and whether they agreed."""

    layer: Layer
    version: str
    at: datetime
    given: bool = True


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a person wants to be spoken to, in local wall time. `days_off`: 0 is Monday.

    The times are those of ordinary days; bot/roster.py says what they are on a date of the roster.
    """

    morning: time = time(8)
    evening: time = time(20)
    quiet_from: time = time(22)
    quiet_until: time = time(7)
    days_off: frozenset[int] = frozenset()
    mornings: bool = True
    evenings: bool = True
    gratitude_every: int = 1  # days between gratitude questions; 0 is never
    roster: tuple[tuple[date, Shift], ...] = ()  # the shift that begins on a local date; in order, each date once
    hours: tuple[tuple[Shift, time, time], ...] = ()  # when a shift begins and ends, where they say so


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
    notes: Mapping[str, Any] = field(repr=False)
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
    notes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    previous: tuple[Backstep, ...] = ()


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment that a run asked to be woken at (the next cue of a sit)."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pairing:
    """What somebody wants of meeting a partner every week, and where it stands with the latest meeting."""

    wanted: bool | None = None  # whether they take part; None: they have not said
    asked_for: int = 0  # the number of the latest round before which we asked whether to pair them
    by: Literal["username", "coach", "name"] = "coach"  # how partners may reach them
    handle: str = field(default="", repr=False)  # the platform's name for them, once they agreed to be reached by it
    never_with: frozenset[str] = field(default=frozenset(), repr=False)  # ids, known to nobody else
    sits_out: tuple[str, int] | None = None  # the cohort and the round
    told: tuple[str, date] | None = None  # of which meeting, by its id, and on which local date
    mates: tuple[str, ...] = ()  # the ids of those they were told of
    partners: tuple[str, ...] = ()  # the ids of all of whom they were ever told
    asked_met: tuple[date, ...] = ()  # when we asked whether they met
    met: Literal["", "yes", "not_yet", "no", "heard"] = ""  # what they said of that meeting
    silent: int = 0  # meetings in a row, before this one, of which we heard nothing
    passed: tuple[date, int] | None = None  # how many of their words were passed on that date
    hushed: str = field(default="", repr=False)  # the id of a meeting in which they want no more words passed to them


def undoing(key: str) -> str:
    """The key of what deletes the message with this one: a message is deleted once."""
    return f"{key}:undone"


@dataclass(frozen=True, slots=True)
class Shared:
    """Words of one's own in a group's chat: the key of the message, the chat's id, and the local date.

    What was taken `back` is remembered, too: whoever erases somebody has to know of every copy of their words.
    """

    key: str
    home: str
    on: date
    back: bool = False

    @property
    def undoing(self) -> str:
        """The key of the deletion, as soon as there is one."""
        return undoing(self.key)


@dataclass(frozen=True, slots=True)
class Shelter:
    """The course is held since this local date, after danger, until they say so; nothing comes but one question."""

    since: date
    language: str = "en"  # in which the safety conversations answer
    asked: bool = False  # whether that question was put, or its moment passed


@dataclass(frozen=True, slots=True)
class Trusted:
    """Whom somebody would call, and how; shown to nobody but them."""

    name: str = field(default="", repr=False)
    reach: str = field(default="", repr=False)


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
    unseen: tuple[tuple[int, datetime], ...] = ()  # questions that nobody saw, and when they were put
    timers: tuple[Timer, ...] = ()
    checked: datetime | None = None  # touchpoints up to here were sent or missed
    touched: tuple[tuple[Kind, date], ...] = ()  # the latest of them, so that a date lived twice speaks once
    heard: datetime | None = None  # when they last answered anything
    checked_in: date | None = None  # when we asked whether to go on as before
    told_of_edits: date | None = None  # when we said last that an edit changes nothing
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
    pairing: Pairing = Pairing()
    told: tuple[tuple[str, int], ...] = ()  # of which classes they know, and in which version
    home_of: str = ""  # the id of the cohort whose home this chat is: a channel or group, and nobody's own
    pinned: str = ""  # the key of what is pinned there
    offered: date | None = None  # when sharing a gratitude with the group was offered last
    shared: tuple[Shared, ...] = ()  # what of theirs was said in a group's chat, newest last
    country: str = ""  # that they confirmed (ISO 3166), or "ZZ" for one whose numbers we do not know
    sheltered: Shelter | None = None
    trusted: Trusted | None = None
    safety_plan: Mapping[str, str] = field(default_factory=dict, repr=False)  # by step
    calls_leader: bool = False  # they chose that danger asks those who lead their cohort to get in touch
    discreet: bool = False  # others may export what we say there: messages do not repeat what they wrote
    consents: tuple[Consent, ...] = ()  # oldest first; of each layer, the latest counts (bot/consent.py)
    erase_at: datetime | None = None  # from when on everything of theirs is deleted, once we have said goodbye

    @property
    def run(self) -> Run | None:
        """The run that asked last, if one is open."""
        return self.runs[-1] if self.runs else None

    @property
    def roster(self) -> tuple[tuple[date, Shift], ...]:
        """The shifts that they told us, in the order of dates: a part of their rhythm."""
        return self.rhythm.roster
