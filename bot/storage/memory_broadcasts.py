"""Broadcasts and their copies in memory: the same behaviour as over SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.cohorts.broadcasts import KnownBroadcast, Tally
from bot.cohorts.ports import Stranded
from bot.errors import StoreError
from bot.model import Participant
from bot.storage.memory_data import Data, Row
from bot.storage.tables import FAILED, WAITING, Stage


class MemoryBroadcasts:
    """Implements ports.Broadcasts."""

    def __init__(self, data: Data) -> None:
        self._data = data

    # ------------------------------------------------------------ broadcasts

    async def add(self, known: KnownBroadcast) -> None:
        """Keeps a new broadcast."""
        if known.broadcast.id in self._data.broadcasts:
            raise StoreError("This broadcast was stored before: a bug in the caller.", "conflict")
        self._data.put(self._data.broadcasts, known.broadcast.id, known)

    async def load(self, broadcasts: Sequence[str]) -> Mapping[str, KnownBroadcast]:
        """Loads these broadcasts."""
        return {one: self._data.broadcasts[one] for one in sorted(set(broadcasts)) if one in self._data.broadcasts}

    async def save(self, known: KnownBroadcast) -> None:
        """Writes a broadcast, revision + 1. Raises StoreError if the revision is not the one loaded."""
        before = self._data.broadcasts.get(known.broadcast.id)
        if before is None or before.revision != known.revision:
            raise StoreError("A broadcast was changed since it was loaded; nothing was saved.", "conflict")
        self._data.put(self._data.broadcasts, known.broadcast.id, replace(known, revision=known.revision + 1))

    async def due(self, now: datetime) -> KnownBroadcast | None:
        """The broadcast whose wake_at is the earliest, if it is not after `now`."""
        due = [(one.wake_at, one) for one in self._data.broadcasts.values() if one.wake_at and one.wake_at <= now]
        return min(due, key=lambda pair: pair[0], default=(None, None))[1]

    async def latest(self, cohorts: Sequence[str], limit: int) -> Sequence[KnownBroadcast]:
        """Broadcasts to any of these cohorts, newest first."""
        wanted = set(cohorts)
        found = [one for one in self._data.broadcasts.values() if wanted.intersection(one.broadcast.cohorts)]
        return found[::-1][:limit]

    # ------------------------------------------------------------ people

    async def members(self, cohorts: Sequence[str], after: str, limit: int) -> Sequence[str]:
        """The ids, in order and greater than `after`, of people who walk in these cohorts."""
        return [person for person in self._walking(cohorts) if person > after][:limit]

    async def census(self, cohorts: Sequence[str]) -> Sequence[tuple[Participant, str]]:
        """Everybody who walks in these cohorts, with their installation."""
        found = (self._data.people[person] for person in self._walking(cohorts))
        return [(known.participant, known.installation) for known in found]

    def _walking(self, cohorts: Sequence[str]) -> list[str]:
        members = self._data.members.values()
        return sorted(one.person for one in members if one.cohort in cohorts and one.left_at is None)

    # ------------------------------------------------------------ copies

    async def tally(self, broadcast: str) -> Tally:
        """How many of its copies are where."""
        found = Counter(row.stage for row in self._copies(broadcast))
        return Tally(
            sent=found[Stage.SENT],
            waiting=sum(found[stage] for stage in WAITING),
            failed={reason: found[stage] for stage, reason in FAILED.items() if found[stage]},
            left=found[Stage.CANCELLED],
        )

    async def hold(self, broadcast: str) -> None:
        """Nothing of it that waits is sent until `plan`."""
        for row in list(self._copies(broadcast)):
            if row.stage is Stage.QUEUED:
                self._data.end(row, Stage.HELD)

    async def drop(self, broadcast: str) -> None:
        """Nothing of it that waits is ever sent."""
        for row in list(self._copies(broadcast)):
            if row.stage in (Stage.QUEUED, Stage.HELD, Stage.EXPIRED):
                self._data.end(row, Stage.CANCELLED)

    async def stranded(self, broadcast: str, now: datetime, limit: int) -> Sequence[Stranded]:
        """Copies that were held, or whose time ran out before `now`."""
        found = [row for row in self._copies(broadcast) if row.stage in (Stage.HELD, Stage.EXPIRED) or _late(row, now)]
        people = self._data.addresses
        return [Stranded(row.id, people[row.out.address].person) for row in sorted(found, key=_number)[:limit]]

    async def plan(self, moments: Mapping[int, tuple[datetime, datetime] | None]) -> None:
        """Stranded rows wait for these moments (due, expires); None takes one back for good."""
        for number, at in moments.items():
            row = self._data.copies.get(number) or self._data.outbox[number]
            if at is None:
                self._data.end(row, Stage.CANCELLED)
                continue
            self._data.drop(self._data.copies, number)
            out = replace(row.out, due_at=at[0], expires_at=at[1])
            self._data.put(self._data.outbox, number, replace(row, out=out, stage=Stage.QUEUED))

    async def ahead(self, broadcast: str) -> datetime | None:
        """When the first of its waiting copies runs out of time."""
        ends = (row.out.expires_at for row in self._copies(broadcast) if row.stage in WAITING)
        return min((end for end in ends if end is not None), default=None)

    async def announced(self, addresses: Sequence[str], since: datetime) -> Mapping[str, Sequence[datetime]]:
        """When broadcasts, not taken back, are or were due at these addresses, from `since` on."""
        found: dict[str, list[datetime]] = {}
        for row in (*self._data.outbox.values(), *self._data.copies.values()):
            lying = row.out.broadcast and row.stage in (Stage.QUEUED, Stage.SENDING, Stage.SENT)
            if lying and row.out.address in addresses and row.out.due_at >= since:
                found.setdefault(row.out.address, []).append(row.out.due_at)
        return found

    def _copies(self, broadcast: str) -> Iterator[Row]:
        rows = (*self._data.outbox.values(), *self._data.copies.values())
        return (row for row in rows if row.out.broadcast == broadcast)


def _number(row: Row) -> int:
    return row.id


def _late(row: Row, now: datetime) -> bool:
    return row.stage is Stage.QUEUED and row.out.expires_at is not None and row.out.expires_at <= now
