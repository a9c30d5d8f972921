"""The frozen types of broadcasts: what a facilitator says to many, to whom, when, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal

ACTIVE_DAYS = 7  # somebody who was heard of in so many days is active


@dataclass(frozen=True, slots=True)
class Segment:
    """To whom. `number` is the week, or the least days of silence; "not_joined" are those on their way in."""

    kind: Literal["everybody", "week", "active", "silent", "not_joined"] = "everybody"
    number: int = 0


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A text on its way to everybody of a segment of these cohorts who takes part at present.

    `on` and `at` are each reader's local date and time; without them it is sent as soon as may be. Everybody whose id
    is not greater than `cursor` has been composed for, and with `composed` everybody.
    """

    id: str
    cohorts: tuple[str, ...]
    text: str = field(repr=False)
    segment: Segment
    created_by: str
    created_at: datetime
    on: date | None = None
    at: time | None = None
    stage: Literal["sending", "held", "cancelled"] = "sending"
    cursor: str = ""
    composed: bool = False


@dataclass(frozen=True, slots=True)
class KnownBroadcast:
    """A broadcast as loaded."""

    broadcast: Broadcast
    wake_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many copies are where; `failed` is by reason ("unreachable", "dead"), `left` those taken back."""

    sent: int = 0
    waiting: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    left: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """A broadcast as those who lead its cohorts see it."""

    broadcast: Broadcast
    tally: Tally

    @property
    def over(self) -> bool:
        """Whether nothing more will be sent."""
        done = self.broadcast.composed and not self.tally.waiting
        return self.broadcast.stage == "cancelled" or (self.broadcast.stage == "sending" and done)


@dataclass(frozen=True, slots=True)
class Head:
    """Somebody who would get a broadcast, as far as a count needs it; `week` is 0 before and after the course."""

    cohort: str
    week: int
    silent: int  # days
    installation: str
    joined: bool = True

    def within(self, segment: Segment) -> bool:
        """Whether a segment holds them."""
        if self.joined is (segment.kind == "not_joined"):
            return False
        match segment.kind:
            case "week":
                return self.week == segment.number
            case "active":
                return self.silent < ACTIVE_DAYS
            case "silent":
                return self.silent >= segment.number
        return True


@dataclass(frozen=True, slots=True)
class Press:
    """What a turn about broadcasts may know; `rates` is messages a second by installation, newest progress first."""

    heads: tuple[Head, ...] = ()
    progress: tuple[Progress, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
