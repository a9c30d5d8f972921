"""A store in memory, for tests and contracts: the same behaviour as over SQL, gone with its process.

Its coroutines never wait, so a turn that awaits nothing else is seen whole or not at all.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from bot.cohorts.ports import Cohorts
from bot.errors import StoreError
from bot.keeping import Erased, Housekeeping
from bot.model import Entry, Incoming, Origin, Outgoing, Participant
from bot.ports import Known, OutboxStore, Queries, Saved, TouchpointRow, UnitOfWork
from bot.storage.memory_cohorts import MemoryCohorts
from bot.storage.memory_data import Address, Data, Row, latest
from bot.storage.memory_erasing import MemoryErasing
from bot.storage.memory_keeping import MemoryHousekeeping
from bot.storage.memory_outbox import MemoryOutbox
from bot.storage.rows import new_id
from bot.storage.tables import Stage


class MemoryUnitOfWork:
    """One writing transaction."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self.cohorts: Cohorts = MemoryCohorts(data)

    async def new(self, installation: str, keys: Sequence[str], at: datetime) -> set[str]:
        """Marks these input keys as received and returns those never seen before."""
        fresh = {key for key in keys if (installation, key) not in self._data.received}
        for key in fresh:
            self._data.put(self._data.received, (installation, key), at)
        return fresh

    async def persons(self, origins: Sequence[Origin]) -> Mapping[Origin, str]:
        """The person behind each origin; strangers get a person, an address and an empty state."""
        for origin in origins:
            if origin not in self._data.origins:
                person = Participant(id=new_id(), address=new_id())
                self._data.put(self._data.people, person.id, Known(person, origin.installation, None, 0))
                self._data.put(self._data.addresses, person.address, Address(person.address, person.id, origin))
                self._data.put(self._data.origins, origin, person.address)
        return {origin: self._data.addresses[self._data.origins[origin]].person for origin in origins}

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        address = self._data.origins.get(origin)
        return self._data.addresses[address].person if address else None

    async def move(self, address: str, platform_id: str) -> None:
        """This address is that of another chat of the platform's now."""
        self._data.move(address, platform_id)

    async def load(self, persons: Sequence[str]) -> Mapping[str, Known]:
        """Loads these people."""
        return {person: self._data.people[person] for person in sorted(set(persons)) if person in self._data.people}

    async def due(self, now: datetime, limit: int) -> Sequence[Known]:
        """Up to `limit` reachable people with wake_at <= now, earliest first."""
        due = [
            (one.wake_at, one)
            for one in self._data.people.values()
            if one.participant.reachable and one.wake_at is not None and one.wake_at <= now
        ]
        return [one for _, one in sorted(due, key=lambda pair: pair[0])[:limit]]

    async def save(self, people: Sequence[Saved]) -> None:
        """Writes state and wake_at, revision + 1. Raises StoreError if a revision is not the one loaded."""
        for saved in people:
            known = self._data.people.get(saved.participant.id)
            if known is None or known.revision != saved.revision:
                raise StoreError("Somebody was changed since they were loaded; nothing was saved.", "conflict")
            fresh = Known(saved.participant, known.installation, saved.wake_at, saved.revision + 1)
            self._data.put(self._data.people, saved.participant.id, fresh)

    async def record(self, entries: Sequence[Entry]) -> None:
        """Keeps what people wrote or did; an entry whose id is known replaces the old one, in its old place."""
        for entry in entries:
            self._belongs(entry.person in self._data.people)
            self._data.put(self._data.entries, entry.id, entry)

    async def touch(self, rows: Sequence[TouchpointRow]) -> None:
        """Keeps touchpoints; saying a second one of the same (person, kind, on) raises StoreError."""
        for row in rows:
            key = (row.person, row.kind, row.on)
            before = self._data.touchpoints.get(key)
            self._belongs(row.person in self._data.people and (row.missed or before is None))
            self._data.put(self._data.touchpoints, key, replace(before or row, missed=row.missed))

    async def post(self, outgoing: Sequence[Outgoing]) -> None:
        """Puts replies into the outbox, in order; one whose `dedup` is already there is left out."""
        for one in outgoing:
            self._belongs(one.address in self._data.addresses)
            if one.dedup is not None and one.dedup in self._data.dedup:
                continue
            number = next(self._data.numbers)
            self._data.put(self._data.outbox, number, Row(number, one))
            if one.dedup is not None:
                self._data.put(self._data.dedup, one.dedup, number)

    async def cancel(self, addresses: Sequence[str], priority: int) -> None:
        """Withdraws what is queued for these addresses at this priority or a less urgent one."""
        for row in list(self._data.outbox.values()):
            if row.stage is Stage.QUEUED and row.out.address in addresses and row.out.priority >= priority:
                self._data.end(row, Stage.CANCELLED)
        for row in list(self._data.copies.values()):
            if row.stage is Stage.HELD and row.out.address in addresses and row.out.priority >= priority:
                self._data.end(row, Stage.CANCELLED)

    async def recall(self, person: str, kinds: Sequence[str], limit: int) -> Sequence[Entry]:
        """The latest entries of these kinds, newest first."""
        return latest(self._data, person, kinds, limit) if kinds else []

    async def entries(self, person: str) -> Sequence[Entry]:
        """All of this person's entries, newest first."""
        return await MemoryQueries(self._data).entries(person, limit=len(self._data.entries))

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        return await MemoryQueries(self._data).touchpoints(person)

    async def amend(self, person: str, entry: str, text: str | None) -> None:
        """Gives an entry of this person's another text, or deletes it without one."""
        known = self._data.entries.get(entry)
        if known is None or known.person != person:
            return
        if text is None:
            self._data.drop(self._data.entries, entry)
        else:
            self._data.put(self._data.entries, entry, replace(known, text=text))

    async def unsent(self, address: str, keys: Sequence[str] = ()) -> bool:
        """Whether anything for this address, or with one of these `dedup` keys, is queued or being sent."""
        meant = (row for row in self._data.outbox.values() if row.out.address == address or row.out.dedup in keys)
        return any(row.stage in (Stage.QUEUED, Stage.SENDING) for row in meant)

    async def reach(self, address: str, reachable: bool) -> None:
        """Marks an address and its person as reachable or not; the person's revision moves on if that changes them."""
        self._data.reach(address, reachable)

    async def keep_input(self, incoming: Sequence[Incoming], at: datetime) -> None:
        """Keeps inputs before they are worked on; a known key is left out."""
        for one in incoming:
            key = (one.origin.installation, one.key)
            if key not in self._data.inbox:
                self._data.put(self._data.inbox, key, (next(self._data.numbers), one))

    async def kept_inputs(self, installation: str, limit: int) -> Sequence[Incoming]:
        """Inputs kept and not yet worked on, oldest first."""
        kept = sorted(self._data.inbox.values(), key=lambda pair: pair[0])
        return [one for _, one in kept if one.origin.installation == installation][:limit]

    async def drop_inputs(self, installation: str, keys: Sequence[str]) -> None:
        """These kept inputs have been worked on."""
        for key in keys:
            self._data.drop(self._data.inbox, (installation, key))

    async def erase(self, person: str, at: datetime) -> Erased:
        """Deletes all of this person's, takes them out of what is others', and keeps a tombstone."""
        return await MemoryErasing(self._data, self.cohorts).erase(person, at)

    async def remember(self, name: str, value: str) -> None:
        """A small fact of the system's own."""
        self._data.put(self._data.system, name, value)

    async def remembered(self, name: str) -> str | None:
        """That fact, or None."""
        return self._data.system.get(name)

    @staticmethod
    def _belongs(fact: bool) -> None:
        if not fact:
            raise StoreError("This was stored before, or belongs to nobody: a bug in the caller.", "conflict")


class MemoryQueries:
    """Reading."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def entries(self, person: str, kinds: Sequence[str] = (), limit: int = 1000) -> Sequence[Entry]:
        """Entries newest first; no kinds means all."""
        return latest(self._data, person, kinds, limit)

    async def participant(self, person: str) -> Participant | None:
        """The person's state."""
        known = self._data.people.get(person)
        return known.participant if known else None

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        address = self._data.origins.get(origin)
        return self._data.addresses[address].person if address else None

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        mine = [row for row in self._data.touchpoints.values() if row.person == person]
        return sorted(mine, key=lambda row: (row.at, row.on, row.kind))

    async def next_wake(self, after: datetime) -> datetime | None:
        """The earliest wake_at of a reachable person, cohort or broadcast, or unsent due_at, that is after `after`."""
        rows = self._data.outbox.values()
        dues = [row.out.due_at for row in rows if row.stage is Stage.QUEUED and self._data.sendable(row)]
        return min((at for at in (*self._wakes(), *dues) if at is not None and at > after), default=None)

    async def pending(self, now: datetime) -> int:
        """Outbox rows due, not final and for somebody who can be reached, plus kept inputs."""
        rows = self._data.outbox.values()
        return sum(row.out.due_at <= now and self._data.sendable(row) for row in rows) + len(self._data.inbox)

    async def overdue(self, now: datetime) -> int:
        """Reachable people, cohorts and broadcasts with wake_at <= now."""
        return sum(at is not None and at <= now for at in self._wakes())

    def _wakes(self) -> Iterator[datetime | None]:
        """When everybody, and everything, is to be woken."""
        yield from (one.wake_at for one in self._data.people.values() if one.participant.reachable)
        yield from (one.wake_at for one in self._data.cohorts.values())
        yield from (one.wake_at for one in self._data.broadcasts.values())

    async def oldest_wake(self) -> datetime | None:
        """The earliest wake_at there is, of a reachable person, a cohort or a broadcast."""
        return min((at for at in self._wakes() if at is not None), default=None)

    async def queue(self) -> Mapping[int, int]:
        """How many deliveries are queued at each priority."""
        return Counter(row.out.priority for row in self._data.outbox.values() if row.stage is Stage.QUEUED)

    async def counts(self) -> Mapping[str, int]:
        """Sizes for metrics."""
        stages = [row.stage for row in self._data.outbox.values()]
        return {
            "people": len(self._data.people),
            "unreachable": sum(not one.participant.reachable for one in self._data.people.values()),
            "queued": stages.count(Stage.QUEUED),
            "sending": stages.count(Stage.SENDING),
            "dead": len(self._data.dead),
            "kept_inputs": len(self._data.inbox),
        }

    async def remembered(self, name: str) -> str | None:
        """A small fact of the system's own."""
        return self._data.system.get(name)


class MemoryStore:
    """Everything in dictionaries. `seconds` is the clock of leases and retries."""

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        self._data, self._turn = Data(), asyncio.Lock()
        self.outbox: OutboxStore = MemoryOutbox(self._data, self._changing, seconds)
        self.housekeeping: Housekeeping = MemoryHousekeeping(self._data, self._changing)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        async with self._turn:
            self._data.undo.clear()
            try:
                yield
            except BaseException:
                self._data.roll_back()
                raise

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        """Begins a writing transaction."""
        async with self._changing():
            yield MemoryUnitOfWork(self._data)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Queries]:
        """Begins reading."""
        yield MemoryQueries(self._data)

    async def close(self) -> None:
        """Nothing to let go of."""
