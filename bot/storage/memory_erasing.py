"""Erasing somebody in memory: the same behaviour as over SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cohorts.hosts import hosted_by
from bot.cohorts.ports import Cohorts
from bot.keeping import Erased
from bot.model import Origin, Participant, Reply
from bot.storage import erasing
from bot.storage.memory_data import Data, Row
from bot.storage.tables import Stage


class MemoryErasing:
    """One erasure."""

    def __init__(self, data: Data, cohorts: Cohorts) -> None:
        self._data, self._cohorts = data, cohorts

    async def erase(self, person: str, at: datetime) -> Erased:
        """Deletes all of this person's, takes them out of what is others', and keeps a tombstone."""
        data = self._data
        if person not in data.tombstones:
            data.put(data.tombstones, person, at)
        if (known := data.people.get(person)) is None:
            return Erased(person)
        await self._take_back(known.participant, at)
        addresses = [one for one in data.addresses.values() if one.person == person]
        origins = [one.origin for one in addresses]
        walked = [one.cohort for one in data.members.values() if one.person == person]
        meetings = [meeting for (_, _, who), (meeting, _) in data.meetings.items() if who == person]
        met = [who for (_, _, who), (meeting, _) in data.meetings.items() if meeting in meetings]
        hosted = await hosted_by(person, self._cohorts)
        told = erasing.traces(known.participant, origins, meetings, hosted.values())
        near = await erasing.near(known.participant, self._cohorts, walked, met)
        for meeting in meetings[-1:]:
            await self._cohorts.meetings.stir(meeting, at)
        leaderless = await erasing.forget(known.participant, self._cohorts, told)
        self._forget_author(person)
        self._delete(data.inbox, lambda _, kept: kept[1].origin in origins)
        copies = self._forget_copies(near, told)
        entries, messages = self._drop(known.participant, {one.id for one in addresses}, origins)
        return Erased(person, entries, messages, copies, leaderless)

    async def _take_back(self, person: Participant, at: datetime) -> None:
        data = self._data
        for one in await erasing.deletions(person, self._cohorts, at):
            if one.dedup is not None and one.dedup not in data.dedup:
                number = next(data.numbers)
                data.put(data.outbox, number, Row(number, one))
                data.put(data.dedup, one.dedup, number)

    def _forget_author(self, person: str) -> None:
        for id_, one in list(self._data.invitations.items()):
            if one.created_by == person:
                self._data.put(self._data.invitations, id_, replace(one, created_by=""))
        for id_, known in list(self._data.broadcasts.items()):
            if known.broadcast.created_by == person:
                anonymous = replace(known.broadcast, created_by="")
                fresh = replace(known, broadcast=anonymous, revision=known.revision + 1)
                self._data.put(self._data.broadcasts, id_, fresh)

    def _forget_copies(self, near: Sequence[str], told: erasing.Traces) -> int:
        copies = 0
        for table in (self._data.outbox, self._data.copies, self._data.dead):
            for number, row in list(table.items()):
                if self._data.addresses[row.out.address].person not in near:
                    continue
                stage = Stage.DEAD if table is self._data.dead else row.stage
                fate = told.fate(row.out.reply, stage, row.out.dedup, copy=row.out.broadcast is not None)
                copies += fate != "stays"
                match fate:
                    case "dropped":
                        self._data.drop(table, number)
                    case "emptied" | "redacted" | "undone":
                        less = {
                            "emptied": Reply(),
                            "redacted": told.without(row.out.reply),
                            "undone": told.undone(row.out.dedup),
                        }[fate]
                        self._data.put(table, number, replace(row, out=replace(row.out, reply=less)))
        return copies

    def _drop(self, person: Participant, addresses: set[str], origins: Sequence[Origin]) -> tuple[int, int]:
        """All that is theirs: how many entries, and messages to them."""
        data = self._data
        entries = self._delete(data.entries, lambda _, entry: entry.person == person.id)
        tables = (data.outbox, data.copies, data.dead)
        messages = sum(self._delete(table, lambda _, row: row.out.address in addresses) for table in tables)
        self._delete(data.questions, lambda key, _: key[0] in addresses)
        self._delete(data.touchpoints, lambda key, _: key[0] == person.id)
        self._delete(data.members, lambda _, member: member.person == person.id)
        self._delete(data.roles, lambda key, _: key[0] == person.id)
        self._delete(data.attempts, lambda _, tried: tried[0] == person.id)
        self._delete(data.meetings, lambda key, _: key[2] == person.id)
        self._delete(data.attendance, lambda key, _: key[1] == person.id)
        self._delete(data.origins, lambda origin, _: origin in origins)
        self._delete(data.addresses, lambda id_, _: id_ in addresses)
        data.drop(data.people, person.id)
        return entries, messages

    def _delete(self, table: dict[Any, Any], goes: Callable[[Any, Any], bool]) -> int:
        keys = [key for key, value in table.items() if goes(key, value)]
        for key in keys:
            self._data.drop(table, key)
        return len(keys)
