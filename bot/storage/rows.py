"""The mapping between rows and the domain: what is encrypted, and how values get their ids."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Entry, Kind, Participant
from bot.ports import Known, Saved, TouchpointRow
from bot.storage import codec
from bot.storage.tables import ADDRESS, PERSON, SYSTEM
from bot.storage.vault import Vault

CHUNK = 1000  # rows and parameters a statement: below SQLite's and PostgreSQL's limits of 32,766 and 65,535

PERSON_COLUMNS = (PERSON.c.id, PERSON.c.installation, PERSON.c.wake_at, PERSON.c.revision, PERSON.c.state)
ENTRY_COLUMNS = ("person_id", "kind", "at", "on", "week", "day", "text", "about", "went", "minutes")

# Statements of every turn are built once: putting one together takes longer than running it.
LOCKED = (
    sa.select(*PERSON_COLUMNS)
    .where(PERSON.c.id.in_(sa.bindparam("persons", type_=sa.String, expanding=True)))
    .order_by(PERSON.c.id)
    .with_for_update()
)
FREE = (
    sa.select(ADDRESS.c.id.label("address"), *PERSON_COLUMNS)
    .join(PERSON, PERSON.c.id == ADDRESS.c.person_id)
    .where(ADDRESS.c.id.in_(sa.bindparam("addresses", type_=sa.String, expanding=True)))
    .with_for_update(of=PERSON, skip_locked=True)
)
SAVE = (
    sa.update(PERSON)
    .where(PERSON.c.id == sa.bindparam("of"), PERSON.c.revision == sa.bindparam("loaded"))
    .values(revision=PERSON.c.revision + sa.literal_column("1"))
)

T = TypeVar("T")


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in lots of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def new_id() -> str:
    """A random id that maps to nobody."""
    return secrets.token_urlsafe(12)


def known(row: sa.Row[*tuple[Any, ...]], vault: Vault) -> Known:
    """A person from their row of PERSON_COLUMNS."""
    return Known(codec.load_participant(vault.decrypt(row.state)), row.installation, row.wake_at, row.revision)


def person_values(person: Participant, vault: Vault) -> dict[str, Any]:
    """The columns that a person's state fills."""
    return {"state": vault.encrypt(codec.dump_participant(person)), "reachable": person.reachable}


def entry(row: sa.Row[*tuple[Any, ...]], vault: Vault) -> Entry:
    """An entry from its row."""
    return replace(deed(row), text=vault.decrypt(row.text).decode())


def deed(row: sa.Row[*tuple[Any, ...]]) -> Entry:
    """An entry without what was written in it."""
    return Entry(
        id=row.id,
        person=row.person_id,
        kind=row.kind,
        at=row.at,
        on=row.on,
        week=row.week,
        day=row.day,
        about=row.about,
        went=row.went,
        minutes=row.minutes,
    )


def entry_values(kept: Entry, vault: Vault) -> dict[str, Any]:
    """An entry's columns."""
    return {
        "id": kept.id,
        "person_id": kept.person,
        "kind": kept.kind,
        "at": kept.at,
        "on": kept.on,
        "week": kept.week,
        "day": kept.day,
        "text": vault.encrypt(kept.text),
        "about": kept.about,
        "went": kept.went,
        "minutes": kept.minutes,
    }


def touchpoint(row: sa.Row[*tuple[Any, ...]]) -> TouchpointRow:
    """A touchpoint from its row."""
    return TouchpointRow(row.person_id, Kind(row.kind), row.on, row.missed, row.at)


async def load(connection: AsyncConnection, vault: Vault, persons: Sequence[str]) -> dict[str, Known]:
    """Locks these people in the order of their ids, so that no two transactions wait for each other, and loads them."""
    found: dict[str, Known] = {}
    for lot in chunks(sorted(set(persons))):
        found |= {row.id: known(row, vault) for row in await connection.execute(LOCKED, {"persons": lot})}
    return found


async def save(connection: AsyncConnection, vault: Vault, people: Sequence[Saved]) -> bool:
    """Writes these people; False if a revision was not the one loaded."""
    if not people:
        return True
    values = [
        {"of": saved.participant.id, "loaded": saved.revision, "wake_at": saved.wake_at}
        | person_values(saved.participant, vault)
        for saved in people
    ]
    return (await connection.execute(SAVE, values)).rowcount == len(people)


async def reach(connection: AsyncConnection, vault: Vault, addresses: Sequence[str], reachable: bool) -> None:
    """Marks addresses and their people as reachable or not; the people first, as everybody locks them first."""
    if not addresses:
        return
    owners = sa.select(ADDRESS.c.person_id).where(ADDRESS.c.id.in_(addresses))
    people = await load(connection, vault, (await connection.execute(owners)).scalars().all())
    changed = [
        Saved(replace(one.participant, reachable=reachable), one.wake_at, one.revision)
        for one in people.values()
        if one.participant.reachable is not reachable
        and one.participant.erase_at is None  # they are woken all the same
    ]
    await save(connection, vault, changed)
    await connection.execute(sa.update(ADDRESS).where(ADDRESS.c.id.in_(addresses)).values(reachable=reachable))


def overlooked(one: Known, questions: Sequence[tuple[int, datetime]], now: datetime) -> Known:
    """Somebody to whom these questions never came: they are woken for that. Who is to be erased is left in peace."""
    person = one.participant
    if person.erase_at is not None:
        return one
    person = replace(person, unseen=(*person.unseen, *questions))
    return replace(one, participant=person, wake_at=min(one.wake_at or now, now))


async def overlook(
    connection: AsyncConnection, vault: Vault, asked: Mapping[str, Sequence[tuple[int, datetime]]], now: datetime
) -> set[str]:
    """Notes which questions never came to these addresses, and returns the addresses of which it did.

    The others' people have a turn just now: whoever holds rows of the outbox does not wait for people.
    """
    people: dict[str, Known] = {}
    noted = set()
    for row in await connection.execute(FREE, {"addresses": sorted(asked)}):
        one = people.get(row.id) or known(row, vault)
        people[row.id] = overlooked(one, asked[row.address], now)
        noted.add(row.address)
    await save(connection, vault, [Saved(one.participant, one.wake_at, one.revision) for one in people.values()])
    return noted


async def stir(connection: AsyncConnection, persons: sa.Select[Any], at: datetime) -> None:
    """These people are woken at `at`, unless that would be later than planned; locked in the order of their ids."""
    later = sa.or_(PERSON.c.wake_at.is_(None), PERSON.c.wake_at > at)
    sleeping = sa.select(PERSON.c.id).where(PERSON.c.id.in_(persons)).order_by(PERSON.c.id).with_for_update()
    await connection.execute(sa.update(PERSON).where(PERSON.c.id.in_(sleeping), later).values(wake_at=at))


async def move(connection: AsyncConnection, vault: Vault, address: str, platform_id: str) -> None:
    """Gives an address its new platform id; one that is somebody's already makes the old address unreachable."""
    installation = await connection.scalar(sa.select(ADDRESS.c.installation).where(ADDRESS.c.id == address))
    if installation is None:
        return
    lookup, other = vault.lookup(installation, platform_id), ADDRESS.alias("other")
    taken = sa.exists().where(other.c.installation == installation, other.c.lookup == lookup)
    write = sa.update(ADDRESS).where(ADDRESS.c.id == address, ~taken)
    write = write.values(lookup=lookup, platform_id=vault.encrypt(platform_id))
    if (await connection.execute(write)).rowcount == 0:
        await reach(connection, vault, [address], reachable=False)


async def remembered(connection: AsyncConnection, name: str) -> str | None:
    """A small fact of the system's own."""
    fact: str | None = await connection.scalar(sa.select(SYSTEM.c.value).where(SYSTEM.c.name == name))
    return fact
