"""The frozen types of meetings: who meets whom in which round."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.model import Participant


@dataclass(frozen=True, slots=True)
class MeetingRow:
    """Somebody's meeting in a round; `meeting` is the same for all who meet."""

    week: int
    meeting: str
    person: str


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody with whom one meets, as the store knows them."""

    person: Participant
    installation: str
    platform_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Meeting:
    """The latest meeting of somebody; `week` is the number of the round, `mates` the others who are still in it.

    `gathers`: all of them are where a platform can bring them together in one conversation.
    """

    id: str
    cohort: str
    week: int
    at: datetime
    mates: tuple[Companion, ...] = ()
    gathers: bool = False
    before: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # ids and names of partners, while it is asked
