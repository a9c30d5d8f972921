"""Composes broadcasts: the alarm clock's other work, a few hundred people a transaction, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.cohorts.audience import Slot, counted, head_of, slot_for, takes_part, week_on
from bot.cohorts.broadcasts import Broadcast, KnownBroadcast
from bot.cohorts.model import FEW, Cohort
from bot.cohorts.ports import Stranded
from bot.cohorts.waiting import may_be_reminded, waiting
from bot.conversations.joining import described_on
from bot.errors import is_the_stores
from bot.model import PRIORITY, Outgoing, Participant, Said, Written
from bot.ports import Known, Renderer, Store, UnitOfWork
from bot.timetable import PUT_OFF
from curriculum.model import Programme

log = structlog.get_logger()

BATCH = 300  # people a transaction, so that an input never waits long for it
A_DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Composer:
    """`programme` is the course in a locale; `committed` is called with installations that have something to send."""

    store: Store
    renderer: Renderer
    programme: Callable[[str], Programme]
    committed: Callable[[str], None]

    async def compose(self, now: datetime, limit: int = BATCH) -> int:
        """Works on the broadcast that is due, if there is one: how many (0 or 1).

        One that fails is put off, and does not hold up others.

        Raises:
            StoreError: the database cannot be used; nothing was kept.
        """
        try:
            worked, installations = await self._compose(now, limit)
        except Exception as error:
            if is_the_stores(error):
                raise
            log.error("broadcast_failed", error=type(error).__name__)
            async with self.store.writing() as work:
                kept = work.cohorts.broadcasts
                if (known := await kept.due(now)) is not None:
                    await kept.save(replace(known, wake_at=now + PUT_OFF))
            return 1
        for installation in installations:
            self.committed(installation)
        return worked

    async def _compose(self, now: datetime, limit: int) -> tuple[int, frozenset[str]]:
        async with self.store.writing() as work:
            kept = work.cohorts.broadcasts
            seen = await kept.due(now)
            if seen is None:
                return 0, frozenset()
            broadcast = seen.broadcast
            going = broadcast.stage == "sending"
            ids: Sequence[str] = ()
            if going and not broadcast.composed:
                ids = await self._ids(work, broadcast, now, limit)
            stranded = await kept.stranded(broadcast.id, now, limit) if going and not ids else ()
            people = await work.load(sorted({*ids, *(one.person for one in stranded)}))  # people before broadcasts
            known = (await kept.load([broadcast.id])).get(broadcast.id)
            if known is None or known.revision != seen.revision:
                return 1, frozenset()  # somebody else was faster: look again
            if going and await self._too_few(work, broadcast, now):
                await kept.save(replace(known, broadcast=replace(broadcast, stage="cancelled"), wake_at=None))
                return 1, frozenset()
            posted = await self._fresh(work, broadcast, [people[one] for one in ids if one in people], now)
            await self._again(work, broadcast, stranded, people, now)
            await kept.save(await self._onwards(work, known, ids, len(ids) < limit, bool(stranded), now))
        if ids:
            log.info("broadcast_composed", broadcast=broadcast.id, copies=len(posted))
        return 1, frozenset(
            {one.installation for one in posted}
            | {people[one.person].installation for one in stranded if one.person in people}
        )

    async def _ids(self, work: UnitOfWork, broadcast: Broadcast, now: datetime, limit: int) -> Sequence[str]:
        """The next people whom it may be for, in the order of their ids."""
        if broadcast.segment.kind != "not_joined":
            return await work.cohorts.broadcasts.members(broadcast.cohorts, broadcast.cursor, limit)
        there = await self._on_their_way(work, broadcast, now)
        return sorted(one for one in there if one > broadcast.cursor)[:limit]

    async def _on_their_way(self, work: UnitOfWork, broadcast: Broadcast, now: datetime) -> Mapping[str, Cohort]:
        """Who has not joined yet, and what they were invited to; nobody for other broadcasts."""
        if broadcast.segment.kind != "not_joined":
            return {}
        cohorts = [known.cohort for known in (await work.cohorts.look(broadcast.cohorts)).values()]
        return {one.person.id: one.cohort for one in await waiting(work.cohorts, cohorts, now)}

    async def _too_few(self, work: UnitOfWork, broadcast: Broadcast, now: datetime) -> bool:
        """Whether a part of a group has become so small since it was chosen that nobody is written to."""
        if broadcast.segment.kind == "everybody" or broadcast.cursor or broadcast.composed:
            return False
        if broadcast.segment.kind == "not_joined":
            return len(await self._on_their_way(work, broadcast, now)) < FEW
        people = await work.cohorts.broadcasts.census(broadcast.cohorts)
        there = [(who, installation) for who, installation in people if takes_part(who)]
        heads = (head_of(who, name, now, self.programme(who.locale).length) for who, name in there)
        return counted(heads, broadcast.segment) is None

    async def _fresh(
        self, work: UnitOfWork, broadcast: Broadcast, people: Sequence[Known], now: datetime
    ) -> Sequence[Outgoing]:
        """A copy for each of these people who is in the segment."""
        if not people:
            return ()
        cohorts = {one: known.cohort for one, known in (await work.cohorts.look(broadcast.cohorts)).items()}
        invited = await self._on_their_way(work, broadcast, now)
        addresses = [one.participant.address for one in people]
        others = await work.cohorts.broadcasts.announced(addresses, now - A_DAY)
        copies: list[Outgoing | None] = []
        for one in people:
            to, taken = invited.get(one.participant.id), others.get(one.participant.address, ())
            copies.append(
                self._reminder(broadcast, to, one, now, taken)
                if broadcast.segment.kind == "not_joined"
                else self._copy(broadcast, cohorts, one, now, taken)
            )
        posted = [copy for copy in copies if copy is not None]
        await work.post(posted)
        return posted

    def _copy(
        self,
        broadcast: Broadcast,
        cohorts: Mapping[str, Cohort],
        one: Known,
        now: datetime,
        others: Sequence[datetime],
    ) -> Outgoing | None:
        """What this person gets; None where it is not for them, or says nothing to them."""
        person, weeks = one.participant, self.programme(one.participant.locale).length
        cohort = cohorts.get(person.cohort)
        within = head_of(person, one.installation, now, weeks).within(broadcast.segment)
        if cohort is None or cohort.id not in broadcast.cohorts or not takes_part(person) or not within:
            return None
        slot = slot_for(person, broadcast, now, others)
        facts = {"host": cohort.host, "text": Written(broadcast.text, week_on(person, slot.on, weeks))}
        return self._outgoing(broadcast, one, Said("broadcast/text", facts), slot)

    def _reminder(
        self, broadcast: Broadcast, to: Cohort | None, one: Known, now: datetime, others: Sequence[datetime]
    ) -> Outgoing | None:
        """The one text for somebody who has not joined yet, by the clocks of the group if theirs is unknown."""
        if to is None or not may_be_reminded(one.participant):
            return None
        person = replace(one.participant, zone=one.participant.zone or to.zone)
        slot = slot_for(person, broadcast, now, others)
        facts = described_on(to, slot.on, self.programme(person.locale).length)
        return self._outgoing(broadcast, one, Said("joining/still_open", facts), slot)

    def _outgoing(self, broadcast: Broadcast, one: Known, said: Said, slot: Slot) -> Outgoing:
        person = one.participant
        reply = self.renderer.render(said, person, slot.on).reply
        return Outgoing(
            address=person.address,
            installation=one.installation,
            reply=reply,
            priority=PRIORITY["broadcast"],
            due_at=slot.due,
            expires_at=slot.expires,
            dedup=f"broadcast:{broadcast.id}:{person.id}",
            broadcast=broadcast.id,
        )

    async def _again(
        self,
        work: UnitOfWork,
        broadcast: Broadcast,
        stranded: Sequence[Stranded],
        people: Mapping[str, Known],
        now: datetime,
    ) -> None:
        """Copies that were held or late wait for their next moment; those of people who left are taken back."""
        if not stranded:
            return
        here = {one.person: people[one.person].participant for one in stranded if one.person in people}
        others = await work.cohorts.broadcasts.announced([who.address for who in here.values()], now - A_DAY)
        moments: dict[int, tuple[datetime, datetime] | None] = {}
        for one in stranded:
            who = here.get(one.person)
            if who is None or not self._still_for(broadcast, who):
                moments[one.row] = None
                continue
            slot = slot_for(who, broadcast, now, others.get(who.address, ()))
            moments[one.row] = slot.due, slot.expires
        await work.cohorts.broadcasts.plan(moments)

    def _still_for(self, broadcast: Broadcast, who: Participant) -> bool:
        if broadcast.segment.kind == "not_joined":
            return may_be_reminded(who)
        return who.cohort in broadcast.cohorts and takes_part(who)

    async def _onwards(
        self, work: UnitOfWork, known: KnownBroadcast, ids: Sequence[str], last: bool, more: bool, now: datetime
    ) -> KnownBroadcast:
        """How far it is, and when to look again: at once while there is more, then when a copy runs out of time."""
        broadcast, kept = known.broadcast, work.cohorts.broadcasts
        if broadcast.stage == "held":
            await kept.hold(broadcast.id)  # once more: what another transaction was just putting back
            return replace(known, wake_at=None)
        if broadcast.stage == "cancelled":
            await kept.drop(broadcast.id)
            return replace(known, wake_at=None)
        if not broadcast.composed:
            broadcast = replace(broadcast, cursor=ids[-1] if ids else broadcast.cursor, composed=last)
            return replace(known, broadcast=broadcast, wake_at=now)
        if more:
            return replace(known, wake_at=now)
        ahead = await kept.ahead(broadcast.id)
        return replace(known, wake_at=None if ahead is None else max(ahead, now + A_MINUTE))
