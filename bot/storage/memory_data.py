"""What the store in memory holds, and how a transaction on it is undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import Any, TypeVar

from bot.cohorts.broadcasts import KnownBroadcast
from bot.cohorts.model import Attendance, Audited, Invitation
from bot.cohorts.ports import KnownCohort
from bot.model import Entry, Incoming, Kind, Origin, Outgoing
from bot.ports import Known, TouchpointRow
from bot.storage.tables import Stage

K = TypeVar("K")
V = TypeVar("V")
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person can be reached."""

    id: str
    person: str
    origin: Origin
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """Who walks, or walked, in which cohort."""

    person: str
    cohort: str
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A reply in the outbox; `retry_at` is in seconds on the store's own clock."""

    id: int
    out: Outgoing
    stage: Stage = Stage.QUEUED
    retry_at: float = 0.0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds an installation."""

    owner: str
    epoch: int
    until: float


@dataclass(slots=True)
class Data:
    """All tables, and how to undo what the open transaction did to them. Sent and expired rows are forgotten."""

    people: dict[str, Known] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    origins: dict[Origin, str] = field(default_factory=dict)  # the id of its address
    entries: dict[str, Entry] = field(default_factory=dict)
    touchpoints: dict[tuple[str, Kind, date], TouchpointRow] = field(default_factory=dict)
    received: dict[tuple[str, str], datetime] = field(default_factory=dict)
    inbox: dict[tuple[str, str], tuple[int, Incoming]] = field(default_factory=dict)  # numbered as they came
    outbox: dict[int, Row] = field(default_factory=dict)
    dedup: dict[str, int] = field(default_factory=dict)
    dead: dict[int, Row] = field(default_factory=dict)
    questions: dict[tuple[str, int], str] = field(default_factory=dict)  # which message put a question
    keyed: dict[str, str] = field(default_factory=dict)  # which message a key became
    leases: dict[str, Lease] = field(default_factory=dict)
    system: dict[str, str] = field(default_factory=dict)
    cohorts: dict[str, KnownCohort] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    roles: dict[tuple[str, str, str], None] = field(default_factory=dict)  # person, role, cohort
    invitations: dict[str, Invitation] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # the id of its invitation
    attempts: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    audit: dict[int, Audited] = field(default_factory=dict)
    broadcasts: dict[str, KnownBroadcast] = field(default_factory=dict)
    copies: dict[int, Row] = field(default_factory=dict)  # of broadcasts, no longer or not now in the outbox
    meetings: dict[tuple[str, int, str], tuple[str, datetime]] = field(default_factory=dict)  # cohort, week, person
    attendance: dict[tuple[str, str], tuple[str, Attendance]] = field(default_factory=dict)  # class, person: cohort
    tombstones: dict[str, datetime] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    undo: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Writes a row."""
        self.undo.append((table, key, table.get(key, _NOTHING)))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Deletes a row if it is there."""
        if key in table:
            self.undo.append((table, key, table.pop(key)))

    def end(self, row: Row, stage: Stage) -> None:
        """A row leaves the outbox; copies of broadcasts are counted, and may come back."""
        self.drop(self.outbox, row.id)
        if row.out.broadcast is not None:
            self.put(self.copies, row.id, replace(row, stage=stage))

    def roll_back(self) -> None:
        """Undoes the open transaction, latest first."""
        for table, key, before in reversed(self.undo):
            if before is _NOTHING:
                table.pop(key, None)
            else:
                table[key] = before

    def sendable(self, row: Row) -> bool:
        """A reply is tried anyway; the rest waits for somebody who cannot be reached."""
        return row.out.priority == 0 or self.addresses[row.out.address].reachable

    def stir(self, persons: Iterable[str], at: datetime) -> None:
        """These people are woken at `at`, unless that would be later than planned."""
        for person in persons:
            known = self.people[person]
            if known.wake_at is None or known.wake_at > at:
                self.put(self.people, person, replace(known, wake_at=at))

    def reach(self, address_id: str, reachable: bool) -> None:
        """Marks an address and its person."""
        if (address := self.addresses.get(address_id)) is None:
            return
        self.put(self.addresses, address_id, replace(address, reachable=reachable))
        known = self.people[address.person]
        if known.participant.reachable is not reachable and known.participant.erase_at is None:
            person = replace(known.participant, reachable=reachable)
            self.put(self.people, address.person, replace(known, participant=person, revision=known.revision + 1))

    def move(self, address_id: str, platform_id: str) -> None:
        """Gives an address its new platform id; one that is somebody's already makes the old address unreachable."""
        address = self.addresses[address_id]
        origin = Origin(address.origin.installation, platform_id)
        if origin in self.origins:
            self.reach(address_id, reachable=False)
            return
        self.drop(self.origins, address.origin)
        self.put(self.origins, origin, address_id)
        self.put(self.addresses, address_id, replace(address, origin=origin))


def latest(data: Data, person: str, kinds: Sequence[str], limit: int) -> list[Entry]:
    """A person's entries of these kinds (none: all), newest first; of the same instant, the later one first."""
    mine = [entry for entry in data.entries.values() if entry.person == person and (not kinds or entry.kind in kinds)]
    return sorted(mine, key=lambda entry: entry.at)[::-1][:limit]
