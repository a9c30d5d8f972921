"""The shell around the engine: lock, load, advance, render, commit. The one door for messages, taps and alarms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import NamedTuple

import structlog

from bot import engine, forgetting, gathering
from bot.clock_text import parse_zone
from bot.cohorts import homes
from bot.cohorts.acts import carry_out
from bot.cohorts.audience import is_out_of_reach
from bot.cohorts.composing import Composer
from bot.cohorts.desk import FrontDesk
from bot.cohorts.model import Actor
from bot.cohorts.rounds import Rounds
from bot.conversations.onboarding import clean_name
from bot.errors import StoreError, is_the_stores
from bot.flood import eased
from bot.logs import marks, one_turn
from bot.model import (
    PRIORITY,
    Carried,
    Changed,
    Decided,
    Event,
    Gazetteer,
    Incoming,
    Input,
    Origin,
    Participant,
    Recorded,
    Said,
    State,
    Travelled,
    Turn,
    WokeUp,
)
from bot.model.replacing import replace
from bot.ports import Clock, Curriculum, Known, Renderer, Saved, Store, UnitOfWork
from bot.safety import Finding, screened
from bot.scribe import HelpLines, Outcome, Scribe
from bot.timetable import PUT_OFF

log = structlog.get_logger()

LOOKING_AT_DATA = frozenset({"mydata", "mending"})

Advance = Callable[[Participant, Input, engine.World], Turn]
Answering = Callable[[UnitOfWork, Known, Incoming, datetime], Awaitable[Outcome]]
Screen = Callable[[str], Finding | None]


@dataclass(frozen=True, slots=True)
class House:
    """The operator's rules: from which age on people take part, and who does research here (nobody: "")."""

    age: int = 18
    research: str = ""


class Found(NamedTuple):
    """What an alarm found due: how many people, and whether a broadcast and a cohort are."""

    people: int
    broadcast: bool
    cohort: bool


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
        advance: Advance = engine.advance,
        front_desk: FrontDesk | None = None,
        discreet: Callable[[str], bool] = lambda _: False,
        house: House = House(),
    ) -> None:
        self._store, self._clock, self._committed = store, clock, committed
        self._gazetteer, self._screen = gazetteer, screen
        self._scribe = Scribe(renderer, curriculum, help_lines, programme)
        self._installations, self._newcomer, self._engine = tuple(installations), newcomer, advance
        self._front_desk, self._discreet = front_desk or FrontDesk(), discreet
        self._composer = Composer(store, renderer, self._scribe.in_locale, committed)
        self._rounds = Rounds(store, self._scribe.in_locale)
        self._house = house
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
        """Wakes up to `limit` people who are due, in one transaction, and a broadcast and a cohort; how many in all."""
        with self._busy():
            try:
                found = await self._wake(limit)
                composed = await self._composer.compose(self._clock.now()) if found.broadcast else 0
                held = await self._rounds.hold(self._clock.now()) if found.cohort else 0
                return found.people + composed + held
            except Exception as error:
                if is_the_stores(error):
                    raise
                log.error("wake_refused", error=type(error).__name__)  # one person's trouble must not hold up others
                return await self._wake_one_by_one(limit)

    async def _wake(self, limit: int) -> Found:
        now = self._clock.now()
        done = Outcome()
        async with self._store.writing() as work:
            broadcast = await work.cohorts.broadcasts.due(now) is not None
            cohort = await work.cohorts.due(now) is not None
            known = await work.due(now, limit)
            for one in known:
                with one_turn():
                    done.add(await self._woken(work, one, now))
            if known:
                await done.write(work)
        self._tell(done)
        return Found(len(known), broadcast, cohort)

    async def _wake_one_by_one(self, limit: int) -> int:
        for woken in range(limit):
            try:
                if not (await self._wake(1)).people:
                    return woken
            except Exception as error:
                if is_the_stores(error):
                    raise
                async with self._store.writing() as work:
                    now = self._clock.now()
                    put_off = [Saved(k.participant, now + PUT_OFF, k.revision) for k in await work.due(now, 1)]
                    await work.save(put_off)
        return limit

    # ------------------------------------------------------------ turns

    async def _receive(self, installation: str, incoming: list[Incoming]) -> None:
        with one_turn() if len(incoming) == 1 else nullcontext():
            await self._received(installation, incoming)

    async def _received(self, installation: str, incoming: list[Incoming]) -> None:
        try:
            await self._together(installation, incoming, self._turn)
        except Exception as error:
            if is_the_stores(error):
                raise
            if len(incoming) > 1:  # one of them is the trouble: each for itself
                for one in incoming:
                    await self._receive(installation, [one])
                return
            log.error("turn_failed", installation=installation, error=type(error).__name__, exc_info=_safe(error))
            await self._together(installation, incoming, self._apology)

    async def _together(self, installation: str, incoming: Sequence[Incoming], turn: Answering) -> None:
        """One commit for many people's inputs."""
        done = Outcome()
        now = self._clock.now()
        incoming = [one for one in incoming if await self._concerns_us(one, incoming)]
        if not incoming:
            return
        async with self._store.writing() as work:
            fresh = await work.new(installation, [one.key for one in incoming], now)
            todo = list({one.key: one for one in incoming if one.key in fresh}.values())
            persons, people = await self._who(work, todo)
            if any(one.participant.erase_at for one in people.values()):
                known_by = {one.key: people[persons[one.origin]] for one in todo}
                todo = await forgetting.at_the_door(work, todo, known_by, now, done)
                persons, people = await self._who(work, todo)
            for one in todo:
                known = people[persons[one.origin]]
                with one_turn():
                    outcome = await turn(work, known, one, now)
                done.add(outcome)
                saved = outcome.saved[known.participant.id]
                if saved.participant.reachable is not known.participant.reachable:
                    done.reached[saved.participant.address] = saved.participant.reachable
                people[known.participant.id] = replace(known, participant=saved.participant, wake_at=saved.wake_at)
            done.outgoing = eased(done.outgoing)
            await done.write(work)
        self._tell(done)

    @staticmethod
    async def _who(work: UnitOfWork, incoming: Sequence[Incoming]) -> tuple[Mapping[Origin, str], dict[str, Known]]:
        """Who is behind these inputs, locked and loaded; who was erased while we waited for the lock is a stranger."""
        origins = [one.origin for one in incoming]
        persons = await work.persons(origins)
        people = await work.load(sorted(set(persons.values())))
        if len(people) < len(set(persons.values())):
            persons = await work.persons(origins)
            people = await work.load(sorted(set(persons.values())))
        return persons, dict(people)

    async def _concerns_us(self, one: Incoming, together: Sequence[Incoming]) -> bool:
        """A change of somebody (or of a channel) that we do not know is none of our business."""
        if not isinstance(one.given, Changed):
            return True
        if not all(isinstance(other.given, Changed) for other in together if other.origin == one.origin):
            return True
        async with self._store.reading() as queries:
            return await queries.person_at(one.origin) is not None

    async def _turn(self, work: UnitOfWork, known: Known, one: Incoming, now: datetime) -> Outcome:
        """What one input leads to."""
        person = known.participant
        if not person.name and one.first_name:
            person = replace(person, name=clean_name(one.first_name[:40]) or "")
        if isinstance(one.given, Changed) and one.given.what == "moved" and person.home_of:
            await work.move(person.address, one.given.detail)
        return await self._advance(work, replace(known, participant=person), one.given, now, one)

    async def _woken(self, work: UnitOfWork, known: Known, now: datetime) -> Outcome:
        """What an alarm leads to; somebody whose turn fails is put off and does not hold up the others."""
        if known.participant.erase_at is not None:
            return await forgetting.due(work, known, now)
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
            done.entries.append(self._scribe.entry(person, Recorded("journal", text, slot=f"unread {one.key}"), now))
        prompt = f"safety/{finding.level}" if finding else "unasked/sorry"
        place = person.zone or parse_zone(one.zone)
        never = dict.fromkeys(("told", "held", "again"), False)
        facts = {"language": finding.language, "zone": place, **never} if finding else {}
        said = Said(prompt, facts)
        done.outgoing.append(await self._scribe.said(work, known, person, said, now, {}))
        return done

    async def _advance(
        self,
        work: UnitOfWork,
        known: Known,
        given: Input,
        now: datetime,
        incoming: Incoming | None = None,
    ) -> Outcome:
        """Engine, then renderer; nothing is written yet but what was decided about cohorts."""
        discreet = self._discreet(known.installation)
        if known.participant.discreet is not discreet:
            known = replace(known, participant=replace(known.participant, discreet=discreet))
        seen = await self._front_desk.look(work, known, given, now, incoming.origin if incoming else None)
        programme = self._scribe.in_locale(known.participant.locale)
        looks_at_data = any(run.conversation in LOOKING_AT_DATA for run in seen.person.runs)
        world = engine.World(
            now,
            programme,
            self._gazetteer,
            self._screen,
            seen.desk,
            seen.welcome,
            seen.token,
            profile_zone=(parse_zone(incoming.zone) or "") if incoming else "",
            cohort=seen.cohort,
            meeting=seen.meeting,
            answers=seen.answers,
            handle=incoming.handle if incoming else "",
            proofread=partial(self._scribe.renderer.proofread, weeks=programme.length),
            chat=seen.chat,
            reaches_home=seen.reaches_home,
            link=seen.link,
            pages=tuple(await work.entries(seen.person.id)) if looks_at_data else (),
            age=self._house.age,
            platform=known.installation.partition(":")[0],
            research=self._house.research,
            label=partial(self._scribe.renderer.label, locale=known.participant.locale),
        )
        return await self._written(work, known, self._engine(seen.person, given, world), seen.actor, now)

    async def _written(self, work: UnitOfWork, known: Known, turn: Turn, actor: Actor, now: datetime) -> Outcome:
        """What a turn leaves to be written. Where the course begins to be held, what was on its way is taken back."""
        person, done = turn.participant, Outcome()
        if person.sheltered is not None and known.participant.sheltered is None:
            await work.cancel([person.address], PRIORITY["scheduled"])
        for event in turn.events:
            written = await self._scribe.take(event, done, work, known, person, now)
            if written is None:
                done.add(await self._noted(work, event, person, actor, now))
            person = written or person
        done.saved[person.id] = Saved(person, turn.wake_at, known.revision)
        return done

    async def _at_home(self, work: UnitOfWork, home: Known, decided: Decided, now: datetime) -> Outcome:
        """What a group's own chat gets of a decision about the group."""
        cohort = (await work.cohorts.look([decided.object])).get(decided.object)
        chat = replace(home.participant, name=self._scribe.renderer.label("all_of_you", home.participant.locale))
        about = self._scribe.in_locale(chat.locale), self._gazetteer, self._screen
        link = self._front_desk.link(home.installation)
        world = engine.World(now, *about, cohort=cohort.cohort if cohort else None, link=link)
        done = await self._written(work, home, gathering.after(chat, decided.act, world), Actor(chat.id), now)
        done.reached[chat.address] = done.saved[chat.id].participant.reachable
        return done

    async def _noted(self, work: UnitOfWork, event: Event, person: Participant, actor: Actor, now: datetime) -> Outcome:
        """What leads to no message of their own."""
        done = Outcome()
        if isinstance(event, Decided):
            home = await homes.concerned(work, event)
            await carry_out(event, actor, work.cohorts, now)
            if home is not None:
                done = await self._at_home(work, home, event, now)
        if isinstance(event, Carried):
            done.outgoing += await self._scribe.carried(work, event, now)
        if isinstance(event, Travelled) and event.after is State.CONSENTING:
            self._newcomer()
        if is_out_of_reach(event):
            await work.cancel([person.address], PRIORITY["broadcast"])
        turn = structlog.contextvars.get_contextvars()  # another one by the time this is logged
        done.lines.append({**turn, "event": "event", "kind": type(event).__name__.lower(), **marks(event, person)})
        return done

    def _tell(self, done: Outcome) -> None:
        """What is said only once it is committed: what happened, and who has something to send."""
        for line in done.lines:
            log.info(**line)
        for installation in {one.installation for one in done.outgoing}:
            self._committed(installation)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.underway += 1
        self.calls += 1
        try:
            yield
        finally:
            self.underway -= 1


def _safe(error: BaseException) -> bool:
    """Whether a traceback may be logged: it prints code and the error's message, so only for errors without texts."""
    return isinstance(error, (AttributeError, TypeError, RecursionError))
