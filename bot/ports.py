"""The protocols between the coach and everything around it. Imports only model and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from bot.cohorts.ports import Cohorts
from bot.keeping import Erased, Housekeeping
from bot.model import Delivery, Entry, Flaw, Incoming, Kind, Origin, Outgoing, Participant, Receipt, Reply, Said
from curriculum.model import Programme


class Clock(Protocol):
    """The product's time. Read in coach, scheduler, outbox and http only (design.md §4)."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class Curriculum(Protocol):
    """Programmes by slug and locale."""

    def programme(self, slug: str, locale: str) -> Programme:
        """Raises KeyError if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a `Said` became: the reply, and which variant of which prompts was used."""

    reply: Reply
    used: Mapping[str, int]


class Renderer(Protocol):
    """Turns prompts and facts into replies."""

    def render(self, said: Said, to: Participant, on: date) -> Rendered:
        """`on` is the reader's local date. Raises ContentError if the prompt is unknown or a fact is missing."""
        ...

    def label(self, choice: str, locale: str) -> str:
        """The words on a button; the choice's id itself where it needs none."""
        ...

    def knows(self, choice: str, locale: str) -> bool:
        """Whether the choice has words of its own (a city's button carries its label itself)."""
        ...

    def document(self, name: str, facts: Mapping[str, Any], locale: str) -> str:
        """A page of its own, in HTML, with everything printed in it as text. Raises ContentError."""
        ...

    def proofread(self, text: str, weeks: int) -> Flaw | None:
        """What keeps a facilitator's text from being sent in a course of so many weeks; None if nothing does."""
        ...


# ---------------------------------------------------------------- storage


@dataclass(frozen=True, slots=True)
class Known:
    """A person as loaded under their lock."""

    participant: Participant
    installation: str
    wake_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True)
class Saved:
    """A person as they shall be saved. `revision` is the one they were loaded with."""

    participant: Participant
    wake_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True)
class TouchpointRow:
    """A touchpoint that was said or missed; (person, kind, on) is unique for ever."""

    person: str
    kind: Kind
    on: date
    missed: bool
    at: datetime


class UnitOfWork(Protocol):
    """One writing transaction. Committed when its block ends without an exception, else rolled back."""

    cohorts: Cohorts

    async def new(self, installation: str, keys: Sequence[str], at: datetime) -> set[str]:
        """Marks these input keys as received and returns those never seen before (expect everything twice)."""
        ...

    async def persons(self, origins: Sequence[Origin]) -> Mapping[Origin, str]:
        """The person id behind each origin; strangers get a person, an address and an empty state."""
        ...

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        ...

    async def move(self, address: str, platform_id: str) -> None:
        """This address is that of another chat of the platform's now, unless that one is known already."""
        ...

    async def load(self, persons: Sequence[str]) -> Mapping[str, Known]:
        """Locks these people (in the order of their ids) and loads them."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[Known]:
        """Locks and loads up to `limit` people with wake_at <= now, earliest first, skipping those locked elsewhere."""
        ...

    async def save(self, people: Sequence[Saved]) -> None:
        """Writes state and wake_at, revision + 1. Raises StoreError if a revision is not the one loaded."""
        ...

    async def record(self, entries: Sequence[Entry]) -> None:
        """Keeps what people wrote or did; an entry whose id is known replaces the old one."""
        ...

    async def touch(self, rows: Sequence[TouchpointRow]) -> None:
        """Keeps touchpoints; saying a second one of the same (person, kind, on) is a bug and raises StoreError.

        One that was said may turn out to be missed: it expired on its way.
        """
        ...

    async def post(self, outgoing: Sequence[Outgoing]) -> None:
        """Puts replies into the outbox, in order; one with a `dedup` that is already there is left out."""
        ...

    async def cancel(self, addresses: Sequence[str], priority: int) -> None:
        """Withdraws what is queued and unsent for these addresses at this priority or a less urgent one (number >=)."""
        ...

    async def recall(self, person: str, kinds: Sequence[str], limit: int) -> Sequence[Entry]:
        """The latest entries of these kinds, newest first."""
        ...

    async def entries(self, person: str) -> Sequence[Entry]:
        """All of this person's entries, newest first."""
        ...

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        ...

    async def amend(self, person: str, entry: str, text: str | None) -> None:
        """Gives an entry of this person's another text, or deletes it without one; what is not theirs stays."""
        ...

    async def unsent(self, address: str, keys: Sequence[str] = ()) -> bool:
        """Whether anything for this address, or with one of these `dedup` keys, is queued or being sent."""
        ...

    async def reach(self, address: str, reachable: bool) -> None:
        """Marks an address as reachable or not, and its person's `reachable` alike."""
        ...

    async def keep_input(self, incoming: Sequence[Incoming], at: datetime) -> None:
        """Keeps inputs (encrypted) before they are worked on: the inbox of webhooks. A known key is left out."""
        ...

    async def kept_inputs(self, installation: str, limit: int) -> Sequence[Incoming]:
        """Inputs kept and not yet worked on, oldest first."""
        ...

    async def drop_inputs(self, installation: str, keys: Sequence[str]) -> None:
        """These kept inputs have been worked on."""
        ...

    async def erase(self, person: str, at: datetime) -> Erased:
        """Deletes all that is this person's and takes them out of what is others', for good; `at` is aware.

        Their state, addresses, entries, messages, roles and places in cohorts go, inputs of theirs that wait too; the
        audit keeps an id that maps to nobody. A tombstone stays, so that a restored backup is erased again. An
        unknown id is no error. `Housekeeping.tidy` overwrites what is left in the files, within seconds while `run` is
        running. What was to be sent to them is not sent any more: say goodbye, and let it be sent, before.
        """
        ...

    async def remember(self, name: str, value: str) -> None:
        """A small fact of the system's own (an offset, the rehearsal clock)."""
        ...

    async def remembered(self, name: str) -> str | None:
        """That fact, or None."""
        ...


class Queries(Protocol):
    """Reading without a lock: for pages, transcripts and the rehearsal clock."""

    async def entries(self, person: str, kinds: Sequence[str] = (), limit: int = 1000) -> Sequence[Entry]:
        """Entries newest first; no kinds means all."""
        ...

    async def participant(self, person: str) -> Participant | None:
        """The person's state."""
        ...

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        ...

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        ...

    async def next_wake(self, after: datetime) -> datetime | None:
        """The earliest wake_at, a broadcast's or cohort's included, or unsent due_at that lies after `after`."""
        ...

    async def pending(self, now: datetime) -> int:
        """Outbox rows due and not final (retries included), plus kept inputs."""
        ...

    async def overdue(self, now: datetime) -> int:
        """People, cohorts and broadcasts with wake_at <= now."""
        ...

    async def oldest_wake(self) -> datetime | None:
        """The earliest wake_at there is, of a reachable person, a cohort or a broadcast."""
        ...

    async def queue(self) -> Mapping[int, int]:
        """How many deliveries are queued at each priority, planned ones included."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Sizes for metrics: people, unreachable, queued, sending, dead, kept_inputs."""
        ...

    async def remembered(self, name: str) -> str | None:
        """A small fact of the system's own."""
        ...


Ending = Literal["sent", "queued", "dead", "unreachable"]


@dataclass(frozen=True, slots=True)
class Result:
    """How a delivery ended; one that is "queued" is tried again in `retry_in` seconds."""

    id: int
    state: Ending
    retry_in: float = 0.0
    counts: bool = True
    ref: str | None = field(default=None, repr=False)
    problem: str = ""  # a class name or a short code, never text
    moved_to: str | None = field(default=None, repr=False)  # the address's new platform id


@dataclass(frozen=True, slots=True)
class Standing:
    """The processes that share the database, this one included, and who of them holds which installation's lease."""

    processes: frozenset[str]
    held: Mapping[str, str]


class OutboxStore(Protocol):
    """What the outbox needs of the database; leases and retries run on the database's clock."""

    async def acquire(self, installation: str, owner: str, ttl: float) -> int | None:
        """Takes a lease that has run out: its epoch, or None if it is held. Rows left "sending" are queued again."""
        ...

    async def release(self, installation: str, owner: str, epoch: int) -> None:
        """Gives the lease back so that another need not wait."""
        ...

    async def tick(
        self,
        installation: str,
        owner: str,
        epoch: int,
        ttl: float,
        results: Sequence[Result],
        room: int,
        busy: frozenset[str],
        now: datetime,
        renew: bool,
    ) -> Sequence[Delivery]:
        """One transaction: record results, renew the lease, expire what is late, pick by (priority, id), one a chat.

        Whose question expired, or is dead and would have, is woken, and `Participant.unseen` names it; not for copies
        of broadcasts.
        Reads only when there is nothing to record, renew or pick. Raises LeaseLost.
        """
        ...

    async def cooling(self, installation: str) -> Mapping[str, float]:
        """Addresses whose next try lies ahead, with the seconds left: after a take-over the limits start with them."""
        ...

    async def attend(self, owner: str, ttl: float) -> Standing:
        """Says that this process is there for `ttl` seconds (0: no more), and tells who else is and holds what.

        Whoever has the database to itself is alone and sees no lease.
        """
        ...


class Store(Protocol):
    """A database."""

    outbox: OutboxStore
    housekeeping: Housekeeping

    def writing(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Begins a writing transaction."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Queries]:
        """Begins a transaction that only reads."""
        ...

    async def close(self) -> None:
        """Lets go of connections and locks."""
        ...


# ---------------------------------------------------------------- the edge


class Door(Protocol):
    """The only way in for messages, taps and alarms."""

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Acts on inputs, in order, each key once; durable when it returns."""
        ...

    async def keep(self, incoming: Sequence[Incoming]) -> None:
        """Makes inputs durable without working on them yet (webhooks acknowledge after this)."""
        ...

    async def work(self) -> int:
        """Works on kept inputs; how many."""
        ...

    async def wake(self, limit: int = 200) -> int:
        """Wakes up to `limit` people who are due, and a broadcast and a cohort; how many in all."""
        ...


class Adapter(Protocol):
    """A platform, seen from the coach: one installation of it."""

    installation: str

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply. Raises only DeliveryError's subclasses (or anything unknown, which is retried)."""
        ...

    async def listen(self, door: Door) -> None:
        """Brings inputs to the door until cancelled. Runs only while this process holds the installation's lease."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


Leap = Literal["evening", "morning", "week"]
"""Where somebody who plays with the clock jumps to."""


class Rehearsal(Protocol):
    """The settable clock, as HTTP offers it (design.md §8)."""

    async def status(self) -> Mapping[str, Any]:
        """{"now", "next_wake", "pending", "idle"}, ready for JSON."""
        ...

    async def move(self, to: str) -> tuple[int, Mapping[str, Any]]:
        """Moves to "next" or an ISO time through every wake; the HTTP status (200, 400, 503) and the body."""
        ...
