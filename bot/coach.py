"""The shell around the engine: lock, load, advance, render, commit. The one door for messages, taps and alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import groupby
from typing import Any

import structlog

from bot import engine, journey
from bot.clock_text import parse_zone
from bot.cohorts.acts import carry_out
from bot.cohorts.audience import is_out_of_reach
from bot.cohorts.composing import Composer
from bot.cohorts.desk import FrontDesk
from bot.cohorts.model import Actor
from bot.conversations.onboarding import clean_name
from bot.errors import StoreError
from bot.model import (
    PRIORITY,
    Button,
    Changed,
    Closed,
    Decided,
    Entry,
    Event,
    Gazetteer,
    Incoming,
    Input,
    Origin,
    Outgoing,
    Participant,
    Reacted,
    Recall,
    Recorded,
    Reply,
    Said,
    State,
    Touched,
    Travelled,
    WokeUp,
)
from bot.ports import Clock, Curriculum, Known, Renderer, Saved, Store, TouchpointRow, UnitOfWork
from bot.safety import Finding, screened
from curriculum.model import Programme

log = structlog.get_logger()

PUT_OFF = timedelta(hours=1)  # somebody whose turn fails is not woken in a hot loop

Screen = Callable[[str], Finding | None]
HelpLines = Callable[[str | None], Mapping[str, Any]]


@dataclass(slots=True)
class Outcome:
    """What the turns of one transaction leave to be written."""

    saved: dict[str, Saved] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    touched: list[TouchpointRow] = field(default_factory=list)
    reached: dict[str, bool] = field(default_factory=dict)  # addresses that came back, or are lost
    outgoing: list[Outgoing] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Takes over what another outcome leaves."""
        self.saved |= other.saved
        self.entries += other.entries
        self.touched += other.touched
        self.outgoing += other.outgoing

    async def write(self, work: UnitOfWork) -> None:
        """Everything, in the transaction that is open."""
        await work.save(list(self.saved.values()))
        for address, reachable in self.reached.items():
            await work.reach(address, reachable)
        await work.record(self.entries)
        await work.touch(self.touched)
        await work.post(self.outgoing)


class Coach:
    """Implements ports.Door. `committed` is called with the installations that have something new to send.

    `newcomer` is called when somebody arrives, who will soon be asked where they are; `discreet` says of an
    installation whether others may export what is said there.
    """

    def __init__(
        self,
        store: Store,
        *,
        curriculum: Curriculum,
        renderer: Renderer,
        clock: Clock,
        gazetteer: Gazetteer,
        screen: Screen,
        help_lines: HelpLines,
        programme: str,
        installations: Sequence[str],
        committed: Callable[[str], None],
        newcomer: Callable[[], None] = lambda: None,
        front_desk: FrontDesk | None = None,
        discreet: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._store, self._clock, self._renderer = store, clock, renderer
        self._curriculum, self._gazetteer, self._screen = curriculum, gazetteer, screen
        self._help_lines, self._programme, self._committed = help_lines, programme, committed
        self._installations, self._newcomer = tuple(installations), newcomer
        self._front_desk, self._discreet = front_desk or FrontDesk(), discreet
        self._programmes: dict[str, Programme] = {}
        self._composer, self._announcing = Composer(store, renderer, self._in_locale, committed), False
        self.underway = 0  # calls of the door that have not returned yet
        self.calls = 0  # calls of the door so far

    # ------------------------------------------------------------ the door

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Acts on inputs in order, each key once; durable when it returns.

        Raises:
            StoreError: nothing was kept; the platform must serve the inputs again.
        """
        with self._busy():
            for installation, some in groupby(incoming, key=lambda one: one.origin.installation):
                await self._receive(installation, list(some))

    async def keep(self, incoming: Sequence[Incoming]) -> None:
        """Makes inputs durable; `work` acts on them."""
        with self._busy():
            async with self._store.writing() as work:
                await work.keep_input(incoming, self._clock.now())

    async def work(self) -> int:
        """Acts on kept inputs, oldest first; how many."""
        with self._busy():
            total = 0
            for installation in self._installations:
                async with self._store.writing() as work:
                    kept = await work.kept_inputs(installation, 100)
                await self._receive(installation, list(kept))
                async with self._store.writing() as work:
                    await work.drop_inputs(installation, [one.key for one in kept])
                total += len(kept)
            return total

    async def wake(self, limit: int = 200) -> int:
        """Wakes up to `limit` people who are due, in one transaction; how many. The rest waits for the next call."""
        with self._busy():
            try:
                woken = await self._wake(limit)
                return woken + (await self._composer.compose(self._clock.now()) if self._announcing else 0)
            except StoreError as error:
                if error.kind != "conflict":
                    raise
                log.error("wake_conflict")  # one person's trouble must not hold up the others
                return await self._wake_one_by_one(limit)

    async def _wake(self, limit: int) -> int:
        now = self._clock.now()
        done = Outcome()
        async with self._store.writing() as work:
            self._announcing = await work.cohorts.broadcasts.due(now) is not None
            known = await work.due(now, limit)
            for one in known:
                done.add(await self._woken(work, one, now))
            if known:
                await done.write(work)
        self._tell(done.outgoing)
        return len(known)

    async def _wake_one_by_one(self, limit: int) -> int:
        for woken in range(limit):
            try:
                if not await self._wake(1):
                    return woken
            except StoreError as error:
                if error.kind != "conflict":
                    raise
                async with self._store.writing() as work:
                    now = self._clock.now()
                    put_off = [Saved(k.participant, now + PUT_OFF, k.revision) for k in await work.due(now, 1)]
                    await work.save(put_off)
        return limit

    # ------------------------------------------------------------ turns

    async def _receive(self, installation: str, incoming: list[Incoming]) -> None:
        try:
            await self._together(installation, incoming, self._turn)
        except Exception as error:
            if isinstance(error, StoreError) and error.kind != "conflict":
                raise
            if len(incoming) > 1:  # one of them is the trouble: each for itself
                for one in incoming:
                    await self._receive(installation, [one])
                return
            log.error("turn_failed", installation=installation, error=type(error).__name__, exc_info=_safe(error))
            await self._together(installation, incoming, self._apology)

    async def _together(self, installation: str, incoming: Sequence[Incoming], turn: Any) -> None:
        """One commit for many people's inputs."""
        done = Outcome()
        now = self._clock.now()
        incoming = [one for one in incoming if await self._concerns_us(one, incoming)]
        if not incoming:
            return
        async with self._store.writing() as work:
            fresh = await work.new(installation, [one.key for one in incoming], now)
            todo = list({one.key: one for one in incoming if one.key in fresh}.values())
            if not todo:
                return
            persons = await work.persons([one.origin for one in todo])
            people = dict(await work.load(sorted(set(persons.values()))))
            for one in todo:
                known = people[persons[one.origin]]
                outcome = await turn(work, known, one, now)
                done.add(outcome)
                saved = outcome.saved[known.participant.id]
                if saved.participant.reachable is not known.participant.reachable:
                    done.reached[saved.participant.address] = saved.participant.reachable
                people[known.participant.id] = replace(known, participant=saved.participant, wake_at=saved.wake_at)
            await done.write(work)
        self._tell(done.outgoing)

    async def _concerns_us(self, one: Incoming, together: Sequence[Incoming]) -> bool:
        """A change of somebody (or of a channel) that we do not know is none of our business."""
        if not all(isinstance(other.given, Changed) for other in together if other.origin == one.origin):
            return True
        async with self._store.reading() as queries:
            return await queries.person_at(one.origin) is not None

    async def _turn(self, work: UnitOfWork, known: Known, one: Incoming, now: datetime) -> Outcome:
        """What one input leads to."""
        person = known.participant
        if not person.name and one.first_name:
            person = replace(person, name=clean_name(one.first_name[:40]) or "")
        return await self._advance(work, replace(known, participant=person), one.given, now, one.origin, one.zone)

    async def _woken(self, work: UnitOfWork, known: Known, now: datetime) -> Outcome:
        """What an alarm leads to; somebody whose turn fails is put off and does not hold up the others."""
        try:
            return await self._advance(work, known, WokeUp(), now)
        except StoreError:
            raise
        except Exception as error:
            log.error("wake_failed", person=known.participant.id, error=type(error).__name__, exc_info=_safe(error))
            later = Saved(known.participant, now + PUT_OFF, known.revision)
            return Outcome(saved={known.participant.id: later})

    async def _apology(self, work: UnitOfWork, known: Known, one: Incoming, now: datetime) -> Outcome:
        """Our fault: the input is kept as it came, they hear of it kindly, and help comes first even now."""
        person = known.participant
        text: str = getattr(one.given, "text", "")
        done = Outcome(saved={person.id: Saved(person, known.wake_at, known.revision)})
        finding = screened(self._screen, text)
        if text:
            done.entries.append(self._entry(person, Recorded("journal", text, slot=f"unread {one.key}"), now))
        prompt = f"safety/{finding.level}" if finding else "unasked/sorry"
        said = Said(prompt, {"language": finding.language, "zone": person.zone} if finding else {})
        done.outgoing.append(await self._said(work, known, person, said, now, {}))
        return done

    async def _advance(
        self,
        work: UnitOfWork,
        known: Known,
        given: Input,
        now: datetime,
        origin: Origin | None = None,
        profile_zone: str = "",
    ) -> Outcome:
        """Engine, then renderer; nothing is written yet but what was decided about cohorts."""
        discreet = self._discreet(known.installation)
        if known.participant.discreet is not discreet:
            known = replace(known, participant=replace(known.participant, discreet=discreet))
        seen = await self._front_desk.look(work, known, given, now, origin)
        about = self._in_locale(known.participant.locale), self._gazetteer, self._screen
        known_to_us = seen.desk, seen.welcome, seen.token
        world = engine.World(now, *about, *known_to_us, profile_zone=parse_zone(profile_zone) or "")
        proofread = partial(self._renderer.proofread, weeks=about[0].length)
        turn = engine.advance(seen.person, given, replace(world, cohort=seen.cohort, proofread=proofread))
        person = turn.participant
        used: dict[str, int] = {}
        done = Outcome()
        for event in turn.events:
            match event:
                case Said():
                    done.outgoing.append(await self._said(work, known, person, event, now, used))
                    person = replace(person, history={**person.history, **used}) if used else person
                    used = {}
                case Recorded():
                    done.entries.append(self._entry(person, event, now))
                case Touched():
                    done.touched.append(TouchpointRow(person.id, event.kind, event.on, event.missed, now))
                case Reacted():
                    reply = Reply(act="react", ref=event.ref, emoji=event.emoji)
                    done.outgoing.append(self._outgoing(known, reply, now))
                case Closed():
                    done.outgoing.append(self._outgoing(known, self._closed(event, person), now))
                case _:
                    await self._noted(work, event, person, seen.actor, now)
        done.saved[person.id] = Saved(person, turn.wake_at, known.revision)
        return done

    async def _noted(self, work: UnitOfWork, event: Event, person: Participant, actor: Actor, now: datetime) -> None:
        """What leads to no message."""
        if isinstance(event, Decided):
            await carry_out(event, actor, work.cohorts, now)
        if isinstance(event, Travelled) and event.after is State.CONSENTING:
            self._newcomer()
        if is_out_of_reach(event):
            await work.cancel([person.address], PRIORITY["broadcast"])
        log.info("event", person=person.id, kind=type(event).__name__.lower(), **_marks(event))

    async def _said(
        self, work: UnitOfWork, known: Known, person: Participant, said: Said, now: datetime, used: dict[str, int]
    ) -> Outgoing:
        """A reply, with what only the store and the help lines know; `used` takes the count of every variant."""
        facts = dict(said.facts)
        for name, fact in facts.items():
            if isinstance(fact, Recall):
                facts[name] = await work.recall(person.id, fact.kinds, fact.limit)
        if said.prompt.startswith("safety/"):
            facts.update(self._help_lines(person.zone))
        rendered = self._renderer.render(replace(said, facts=facts), person, journey.today(person, now))
        for key, times in rendered.used.items():
            used[key] = person.history.get(key, 0) + times
        reply = rendered.reply
        if said.in_place:
            reply = replace(reply, act="edit", ref=said.ref, asked=said.asked)
        return self._outgoing(known, reply, now, PRIORITY[said.urgency], said.expires)

    def _outgoing(
        self, known: Known, reply: Reply, now: datetime, priority: int = 0, expires: datetime | None = None
    ) -> Outgoing:
        return Outgoing(known.participant.address, known.installation, reply, priority, now, expires)

    def _closed(self, event: Closed, person: Participant) -> Reply:
        """An answered question shows the choice where the choice has words of its own."""
        known = bool(event.chosen) and self._renderer.knows(event.chosen, person.locale)
        rows = ((Button("-", f"✓ {self._renderer.label(event.chosen, person.locale)}"),),) if known else ()
        return Reply(act="close", ref=event.ref, asked=event.asked, rows=rows)

    def _entry(self, person: Participant, record: Recorded, now: datetime) -> Entry:
        """What is kept; the id follows from its slot, so that a corrected answer replaces the first."""
        on = journey.today(person, now)
        place = journey.standing(person.journey, on, self._in_locale(person.locale).length)
        return Entry(
            id=blake2b(f"{person.id} {record.slot}".encode(), digest_size=16).hexdigest(),
            person=person.id,
            kind=record.kind,
            at=now,
            on=on,
            week=place.week if place else 0,
            day=place.day if place else 0,
            text=record.text,
            about=record.about,
            went=record.went,
            minutes=record.minutes,
        )

    def _in_locale(self, locale: str) -> Programme:
        if locale not in self._programmes:
            self._programmes[locale] = self._curriculum.programme(self._programme, locale)
        return self._programmes[locale]

    def _tell(self, outgoing: Sequence[Outgoing]) -> None:
        for installation in {one.installation for one in outgoing}:
            self._committed(installation)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.underway += 1
        self.calls += 1
        try:
            yield
        finally:
            self.underway -= 1


def _marks(event: object) -> dict[str, str]:
    """The parts of an event that may be logged: states, levels and rules, never text."""
    names = ("before", "after", "level", "rule", "act")
    return {name: str(getattr(event, name)) for name in names if hasattr(event, name)}


def _safe(error: BaseException) -> bool:
    """Whether a traceback may be logged: it prints code and the error's message, so only for errors without texts."""
    return isinstance(error, (AttributeError, TypeError, RecursionError))
