"""The frozen types of cohorts: the group, its invitations, who leads it, and what a turn may know of all that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.cohorts.broadcasts import Press

FEW = 5  # counts below this are never shown (design.md §6)

Pacing = Literal["calendar", "own"]
OWNER, FACILITATOR = "owner", "facilitator"


class Act(StrEnum):
    """What somebody may do with cohorts; who may do what stands in bot/access.py."""

    CREATE = "create"  # a cohort
    SEE = "see"  # a cohort in counts
    PULSE = "pulse"  # the figures of a finished week; a look is no act for the audit
    OPEN = "open"  # a new invitation link for participants; the old one ends
    REVOKE = "revoke"  # the invitation link of a cohort
    CLOSE = "close"  # a cohort, for ever
    INVITE = "invite"  # a facilitator, perhaps to one cohort
    REMOVE = "remove"  # a facilitator
    READ_AUDIT = "read_audit"
    BECOME = "become"  # a facilitator, by an invitation
    JOIN = "join"  # a cohort, by an invitation
    KNOCK = "knock"  # at a cohort, whose invitation they opened
    LEAVE = "leave"  # a cohort
    EDIT = "edit"  # a week's theme
    BROADCAST = "broadcast"  # a message to a cohort, or to all of one's own
    HOLD = "hold"  # a broadcast
    GO_ON = "go_on"  # with a broadcast that was held
    CANCEL = "cancel"  # a broadcast
    PAIR = "pair"  # the members of a cohort week by week, or no longer
    CALL_OFF = "call_off"  # one's own meeting of this week
    PLAN_CLASS = "plan_class"  # one class, or one every week
    CHANGE_CLASS = "change_class"  # its time or its place
    CANCEL_CLASS = "cancel_class"
    ATTEND = "attend"  # a class, or not
    ASK_FOR_HUMAN = "ask_for_human"  # those who lead are asked to get in touch; in the audit without a name
    NOTE_CLASS = "note_class"  # who was there, of those who said that they would be
    RECAP = "recap"  # what happened, for those who were not there
    SETTLE = "settle"  # a cohort in a channel or group, its home
    UNSETTLE = "unsettle"  # a cohort that has a home
    HOST = "host"  # who leads a cohort, as people read it


PRIVATE = frozenset({Act.JOIN, Act.KNOCK, Act.LEAVE, Act.CALL_OFF, Act.ATTEND})
"""What participants do for themselves: not in the audit, as who joined is nobody's business."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, with the roles that they hold at this moment."""

    id: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Theme:
    """What a facilitator did with a week's theme: a note beside it, a text in its place, or neither ("")."""

    week: int
    note: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Partners meet every week: who they are is told on this day (1 to 7) of the cohort's week, at its local time."""

    day: int = 2
    at: time = time(12)
    since: datetime | None = None  # when it was switched on or changed: no round is caught up with


@dataclass(frozen=True, slots=True)
class Posts:
    """What a cohort's home gets, by the clock of the cohort's zone; `days_off`: 0 is Monday.

    In the evening a thread for gratitudes opens, or none. With `anybody`, whoever is there can join by a button.
    """

    morning: time = time(8)
    evening: time | None = None
    days_off: frozenset[int] = frozenset()
    anybody: bool = True


@dataclass(frozen=True, slots=True)
class Lesson:
    """A class of a cohort; `starts` is in UTC. Without a `title` it is called after the cohort.

    `version` grows with every change that those who know of it hear about; `changed` is when it was planned or changed
    last, `recapped` when its recap was first written.
    """

    id: str
    title: str
    starts: datetime
    minutes: int = 120
    place: str = field(default="", repr=False)
    link: str = field(default="", repr=False)  # http or https
    version: int = 0
    changed: datetime | None = None
    cancelled: bool = False
    recap: str = field(default="", repr=False)
    recapped: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When it is over."""
        return self.starts + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Attendance:
    """What somebody said about a class, and whether they were there, as their facilitator noted it."""

    lesson: str
    person: str
    coming: bool
    present: bool | None = None

    @property
    def was_there(self) -> bool:
        """As far as anybody knows."""
        return self.coming if self.present is None else self.present


@dataclass(frozen=True, slots=True)
class Register:
    """Classes as those who lead see them: how many will come at least (None is fewer than five), by class.

    `names` are those of the one class whose attendance is being noted: first names of those who said that they would
    come, and were told that this is seen; `present` is what was noted before.
    """

    counts: Mapping[str, int | None] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # by person
    present: Mapping[str, bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody whom the figures count, as of the last week that they were there. An erased person has no id."""

    id: str
    facts: frozenset[str]
    left: bool = False


Group = tuple[Counted, ...]
"""Whom the figures count, kept encrypted from week to week; empty until enough came."""


@dataclass(frozen=True, slots=True)
class Figure:
    """So many people at least, a multiple of five; None is fewer than five."""

    name: str
    at_least: int | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """A week as it is shown; `week` is its first day. Without figures there are too few people to say anything."""

    week: date
    people: int | None
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture of a pulse says, in the reader's language, from prompts/.

    `title` is a whole sentence with the week and the people in it, `at_least` has a {count}; `names` are the figures'.
    """

    title: str = field(repr=False)
    at_least: str
    few: str
    names: Mapping[str, str]

    def of(self, figure: Figure) -> str:
        """A figure's value in words."""
        return self.few if figure.at_least is None else self.at_least.format(count=figure.at_least)


@dataclass(frozen=True, slots=True)
class Cohort:
    """A group that walks a programme together. `starts_on` is everybody's local date of week 1, day 1.

    `open_to` "closed" lets nobody in any more; a cohort with `closed_on` is over. `host` is who leads it, as those who
    are invited read it; `facilitators` are person ids. `code` is the present invitation's.
    """

    id: str
    name: str = field(repr=False)
    programme: str
    pacing: Pacing
    starts_on: date
    zone: str
    host: str = field(default="", repr=False)
    open_to: Literal["link", "closed"] = "link"
    facilitators: tuple[str, ...] = ()
    code: str = field(default="", repr=False)
    closed_on: date | None = None
    themes: tuple[Theme, ...] = field(default=(), repr=False)
    pulse: Pulse | None = None  # of the latest week that was counted
    counted: Group = field(default=(), repr=False)  # by it
    pairs: Pairs | None = None  # None: nobody is paired
    classes: tuple[Lesson, ...] = field(default=(), repr=False)
    home: str = ""  # the id of the chat (kept as a participant) that is the group's own; empty for none
    posts: Posts = Posts()
    knocking: tuple[str, ...] = ()  # ids of people who opened its invitation and began; some of them joined

    @property
    def together(self) -> bool:
        """Whether everybody is in the cohort's week."""
        return self.pacing == "calendar"

    def theme(self, week: int) -> Theme:
        """What was done with the theme of this week."""
        return next((theme for theme in self.themes if theme.week == week), Theme(week))


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that was given away. Without `uses_left` it works as often as they like, without `expires_at` for ever."""

    id: str
    kind: Literal["facilitator", "cohort"]
    cohort: str  # may be empty for a facilitator's
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    uses_left: int | None = None
    revoked_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        """Whether it still opens the door."""
        in_time = self.expires_at is None or now < self.expires_at
        return in_time and self.revoked_at is None and self.uses_left != 0


@dataclass(frozen=True, slots=True)
class Audited:
    """A line of the audit: who did what to what, by ids alone; `detail` may be an invitation's."""

    at: datetime
    actor: str
    act: Act
    object: str = ""
    detail: str = ""


# ---------------------------------------------------------------- what a turn may know


@dataclass(frozen=True, slots=True)
class Overview:
    """A cohort as its facilitator sees it: in counts. At least so many `joined`, a multiple of five; None below it."""

    cohort: Cohort
    joined: int | None = None
    meetings: int | None = None  # so many at least in the latest round, counted as `joined`, while it is about pairs


@dataclass(frozen=True, slots=True)
class Colleague:
    """A facilitator, as an owner sees them."""

    id: str
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """The chat at which a cohort is at home, and which cannot be reached; `since` is when we were let in last."""

    cohort: str
    home: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a turn of somebody with a role may know. `link` comes before a code where the platform has such links.

    `elsewhere` is such a link to another platform of ours, where this one has none.
    """

    actor: Actor
    cohorts: tuple[Overview, ...] = ()
    facilitators: tuple[Colleague, ...] = ()  # for owners only, as is the audit (newest first)
    audit: tuple[Audited, ...] = ()
    names: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # of those in the audit
    link: str = ""
    elsewhere: str = ""
    press: Press | None = None  # while it is about broadcasts
    lost: tuple[Lost, ...] = ()
    register: Register | None = None  # while it is about classes

    @property
    def owns(self) -> bool:
        """Whether an owner sits here."""
        return OWNER in self.actor.roles


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a code led to. `why_not` is empty for a good one; `just_now` says that it came with this very input."""

    invitation: Invitation | None = None
    cohort: Cohort | None = None
    why_not: Literal["", "unknown", "too_many"] = ""
    just_now: bool = False
