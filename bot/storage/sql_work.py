"""The writing transaction over SQL: SQLAlchemy Core, whole batches a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cohorts.ports import Cohorts
from bot.errors import StoreError
from bot.keeping import Erased
from bot.model import Entry, Incoming, Origin, Outgoing, Participant
from bot.ports import Known, Saved, TouchpointRow
from bot.storage import codec, erasing, rows
from bot.storage.sql_cohorts import SqlCohorts
from bot.storage.sql_erasing import SqlErasing
from bot.storage.sql_queries import SqlQueries
from bot.storage.tables import (
    ADDRESS,
    ENTRY,
    INBOX,
    OUTBOX,
    PERSON,
    RECEIVED,
    SYSTEM,
    TOUCHPOINT,
    Stage,
    staged,
)
from bot.storage.vault import Vault

MOST = 1_000_000  # entries of one person

# Statements of every turn are built once: putting one together takes longer than running it.
ADDRESSES = sa.select(ADDRESS.c.installation, ADDRESS.c.lookup, ADDRESS.c.person_id).where(
    ADDRESS.c.lookup.in_(sa.bindparam("lookups", type_=sa.String, expanding=True))
)
TOUCH = sa.insert(TOUCHPOINT)
DUE = (
    sa.select(*rows.PERSON_COLUMNS)
    .where(PERSON.c.reachable == sa.true(), PERSON.c.wake_at <= sa.bindparam("now"))
    .order_by(PERSON.c.wake_at)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
# What every row of the outbox begins with; written into the statement, as what is bound is bound for each row anew.
FRESH: Mapping[str, Any] = {
    "retry_at": sa.literal_column("0"),
    "state": sa.literal_column(str(int(Stage.QUEUED))),
    "attempts": sa.literal_column("0"),
    "problem": sa.literal_column("''"),
}


@cache
def _receive(insert: Callable[[sa.Table], Any]) -> Any:
    return insert(RECEIVED).on_conflict_do_nothing().returning(RECEIVED.c.key)


@cache
def _queue(insert: Callable[[sa.Table], Any]) -> Any:
    return insert(OUTBOX).values(FRESH).on_conflict_do_nothing(index_elements=["dedup"])


@cache
def _miss(insert: Callable[[sa.Table], Any]) -> Any:
    return insert(TOUCHPOINT).on_conflict_do_update(index_elements=["person_id", "kind", "on"], set_={"missed": True})


@cache
def _keep(insert: Callable[[sa.Table], Any]) -> Any:
    keep = insert(ENTRY)
    new = {column: keep.excluded[column] for column in rows.ENTRY_COLUMNS}
    return keep.on_conflict_do_update(index_elements=["id"], set_=new)


class SqlUnitOfWork:
    """One writing transaction; `insert` is the database's own INSERT."""

    def __init__(self, connection: AsyncConnection, insert: Callable[[sa.Table], Any], vault: Vault) -> None:
        self._connection, self._insert, self._vault = connection, insert, vault
        self.cohorts: Cohorts = SqlCohorts(connection, insert, vault)
        self.erased = False  # whether anybody was, in this transaction

    async def new(self, installation: str, keys: Sequence[str], at: datetime) -> set[str]:
        """Marks these input keys as received and returns those never seen before."""
        if not keys:
            return set()
        values = [{"installation": installation, "key": key, "at": at} for key in sorted(set(keys))]
        return set((await self._connection.execute(_receive(self._insert), values)).scalars())

    async def persons(self, origins: Sequence[Origin]) -> Mapping[Origin, str]:
        """The person behind each origin. Whoever adds an address adds its person too; another waits and finds both."""
        lookups = {origin: self._vault.lookup(origin.installation, origin.platform_id) for origin in origins}
        found = await self._at(lookups)
        strangers = sorted(set(origins) - found.keys(), key=lambda origin: lookups[origin])
        if not strangers:
            return found
        await self._welcome(strangers, lookups)
        return found | await self._at({origin: lookups[origin] for origin in strangers})

    async def _at(self, lookups: Mapping[Origin, str]) -> dict[Origin, str]:
        found: dict[tuple[str, str], str] = {}
        for lot in rows.chunks(sorted(set(lookups.values()))):
            addresses = await self._connection.execute(ADDRESSES, {"lookups": lot})
            found |= {(row.installation, row.lookup): row.person_id for row in addresses}
        keyed = {origin: (origin.installation, lookup) for origin, lookup in lookups.items()}
        return {origin: found[key] for origin, key in keyed.items() if key in found}

    async def _welcome(self, strangers: Sequence[Origin], lookups: Mapping[Origin, str]) -> None:
        addresses = [
            {
                "id": rows.new_id(),
                "person_id": rows.new_id(),
                "installation": origin.installation,
                "lookup": lookups[origin],
                "platform_id": self._vault.encrypt(origin.platform_id),
                "reachable": True,
            }
            for origin in strangers
        ]
        add = self._insert(ADDRESS).on_conflict_do_nothing().returning(ADDRESS.c.id)
        added = set((await self._connection.execute(add, addresses)).scalars())
        people = [
            {"id": one["person_id"], "installation": one["installation"], "wake_at": None, "revision": 0}
            | rows.person_values(Participant(id=str(one["person_id"]), address=str(one["id"])), self._vault)
            for one in addresses
            if one["id"] in added
        ]
        if people:
            await self._connection.execute(sa.insert(PERSON), people)

    async def person_at(self, origin: Origin) -> str | None:
        """The person behind an origin, if there is one."""
        return (await self._at({origin: self._vault.lookup(origin.installation, origin.platform_id)})).get(origin)

    async def move(self, address: str, platform_id: str) -> None:
        """This address is that of another chat of the platform's now."""
        await rows.move(self._connection, self._vault, address, platform_id)

    async def load(self, persons: Sequence[str]) -> Mapping[str, Known]:
        """Locks these people (in the order of their ids) and loads them."""
        return await rows.load(self._connection, self._vault, persons)

    async def due(self, now: datetime, limit: int) -> Sequence[Known]:
        """Locks and loads up to `limit` reachable people with wake_at <= now, earliest first."""
        found = await self._connection.execute(DUE, {"now": now, "most": limit})
        return [rows.known(row, self._vault) for row in found]

    async def save(self, people: Sequence[Saved]) -> None:
        """Writes state and wake_at, revision + 1. Raises StoreError if a revision is not the one loaded."""
        if not await rows.save(self._connection, self._vault, people):
            raise StoreError("Somebody was changed since they were loaded; nothing was saved.", "conflict")

    async def record(self, entries: Sequence[Entry]) -> None:
        """Keeps what people wrote or did; an entry whose id is known replaces the old one, in its old place."""
        if not entries:
            return
        await self._connection.execute(
            _keep(self._insert), [rows.entry_values(entry, self._vault) for entry in entries]
        )

    async def touch(self, touched: Sequence[TouchpointRow]) -> None:
        """Keeps touchpoints; saying a second one of the same (person, kind, on) raises StoreError."""
        for missed, keep in ((False, TOUCH), (True, _miss(self._insert))):
            values = [
                {"person_id": one.person, "kind": one.kind.value, "on": one.on, "missed": missed, "at": one.at}
                for one in touched
                if one.missed is missed
            ]
            if values:
                await self._connection.execute(keep, values)

    async def post(self, outgoing: Sequence[Outgoing]) -> None:
        """Puts replies into the outbox, in order; one whose `dedup` is already there is left out."""
        if not outgoing:
            return
        values = [
            {
                "installation": one.installation,
                "address_id": one.address,
                "priority": one.priority,
                "due_at": one.due_at,
                "expires_at": one.expires_at,
                "asked": one.reply.asked if one.reply.act == "message" else 0,
                "dedup": one.dedup,
                "payload": self._vault.encrypt(codec.dump_reply(one.reply)),
                "broadcast_id": one.broadcast,
            }
            for one in outgoing
        ]
        await self._connection.execute(_queue(self._insert), values)

    async def cancel(self, addresses: Sequence[str], priority: int) -> None:
        """Withdraws what is queued for these addresses at this priority or a less urgent one."""
        for lot in rows.chunks(sorted(set(addresses))):
            await self._connection.execute(
                sa.update(OUTBOX)
                .where(sa.or_(staged(Stage.QUEUED), sa.and_(OUTBOX.c.broadcast_id.is_not(None), staged(Stage.HELD))))
                .where(OUTBOX.c.address_id.in_(lot), OUTBOX.c.priority >= priority)
                .values(state=int(Stage.CANCELLED))
            )

    async def recall(self, person: str, kinds: Sequence[str], limit: int) -> Sequence[Entry]:
        """The latest entries of these kinds, newest first."""
        query = (
            sa.select(ENTRY)
            .where(ENTRY.c.person_id == person, ENTRY.c.kind.in_(kinds))
            .order_by(ENTRY.c.at.desc(), ENTRY.c.seq.desc())
            .limit(limit)
        )
        return [rows.entry(row, self._vault) for row in await self._connection.execute(query)]

    async def entries(self, person: str) -> Sequence[Entry]:
        """All of this person's entries, newest first."""
        return await SqlQueries(self._connection, self._vault).entries(person, limit=MOST)

    async def touchpoints(self, person: str) -> Sequence[TouchpointRow]:
        """All touchpoints of a person, oldest first."""
        return await SqlQueries(self._connection, self._vault).touchpoints(person)

    async def amend(self, person: str, entry: str, text: str | None) -> None:
        """Gives an entry of this person's another text, or deletes it without one."""
        mine = ENTRY.c.id == entry, ENTRY.c.person_id == person
        change = sa.delete(ENTRY) if text is None else sa.update(ENTRY).values(text=self._vault.encrypt(text))
        await self._connection.execute(change.where(*mine))

    async def unsent(self, address: str, keys: Sequence[str] = ()) -> bool:
        """Whether anything for this address, or with one of these `dedup` keys, is queued or being sent."""
        waits = sa.or_(staged(Stage.QUEUED), staged(Stage.SENDING))
        meant = sa.or_(OUTBOX.c.address_id == address, OUTBOX.c.dedup.in_(keys))
        query = sa.select(sa.exists().where(meant, waits))
        return bool(await self._connection.scalar(query))

    async def reach(self, address: str, reachable: bool) -> None:
        """Marks an address and its person as reachable or not; the person's revision moves on if that changes them."""
        await rows.reach(self._connection, self._vault, [address], reachable)

    async def keep_input(self, incoming: Sequence[Incoming], at: datetime) -> None:
        """Keeps inputs, encrypted, before they are worked on; a known key is left out."""
        if not incoming:
            return
        values = [
            {
                "installation": one.origin.installation,
                "key": one.key,
                "at": at,
                "payload": self._vault.encrypt(codec.dump_incoming(one)),
            }
            for one in incoming
        ]
        await self._connection.execute(self._insert(INBOX).on_conflict_do_nothing(), values)

    async def kept_inputs(self, installation: str, limit: int) -> Sequence[Incoming]:
        """Inputs kept and not yet worked on, oldest first."""
        query = sa.select(INBOX.c.payload).where(INBOX.c.installation == installation).order_by(INBOX.c.id).limit(limit)
        kept = (await self._connection.execute(query)).scalars()
        return [codec.load_incoming(self._vault.decrypt(payload)) for payload in kept]

    async def drop_inputs(self, installation: str, keys: Sequence[str]) -> None:
        """These kept inputs have been worked on."""
        for lot in rows.chunks(keys):
            await self._connection.execute(
                sa.delete(INBOX).where(INBOX.c.installation == installation, INBOX.c.key.in_(lot))
            )

    async def erase(self, person: str, at: datetime) -> Erased:
        """Deletes all of this person's, takes them out of what is others', and keeps a tombstone."""
        self.erased = True
        for known in (await self.load([person])).values():
            await self.post(await erasing.deletions(known.participant, self.cohorts, at))
        return await SqlErasing(self._connection, self._insert, self._vault, self.cohorts).erase(person, at)

    async def remember(self, name: str, value: str) -> None:
        """A small fact of the system's own."""
        keep = self._insert(SYSTEM).values(name=name, value=value)
        await self._connection.execute(keep.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    async def remembered(self, name: str) -> str | None:
        """That fact, or None."""
        return await rows.remembered(self._connection, name)
