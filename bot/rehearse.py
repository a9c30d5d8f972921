"""`python -m bot rehearse`: synthetic people walk the whole course through the real coach, on a clock moved by hand."""

from __future__ import annotations

import asyncio
import heapq
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from bot.app import PROGRAMME
from bot.clock import RehearsalClock
from bot.coach import Coach
from bot.errors import SettingsError
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import help_facts
from bot.model import Delivery, Flaw, Incoming, Origin, Outgoing, Participant, Receipt, Said, State
from bot.ports import Door, Queries, Rendered, Renderer, Saved, Store, UnitOfWork
from bot.rehearse_people import Person, company
from bot.rehearse_report import Promises, Transcript, Walked, summary
from bot.safety_rules import load_screen
from bot.storage import open_store
from bot.storage.vault import Vault
from curriculum.loader import Library
from prompts.renderer import Prompts

START = datetime(2026, 3, 2, 5, tzinfo=UTC)  # clocks change on the way, on both halves of the earth
LATECOMERS = timedelta(weeks=4)  # a whole course goes on for so long after its last week: pauses, a Monday start
INSTALLATION = "rehearsal"
AT_ONCE = 200


class WatchedWork:
    """A writing transaction that remembers who came, what it saved and what it posted (to people, not to a table)."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self.came: Mapping[Origin, str] = {}
        self.saved: list[Saved] = []
        self.posted: list[Outgoing] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    async def persons(self, origins: Sequence[Origin]) -> Mapping[Origin, str]:
        """The person behind each origin."""
        self.came = await self._work.persons(origins)
        return self.came

    async def save(self, saved: Sequence[Saved]) -> None:
        """Writes state and wake_at."""
        self.saved += saved
        await self._work.save(saved)

    async def post(self, outgoing: Sequence[Outgoing]) -> None:
        """Takes replies to be handed over once this is committed."""
        self.posted += outgoing


class WatchedStore:
    """A store that shows what was committed: who is who, how they stand and when they wake, and what is for them."""

    def __init__(self, store: Store) -> None:
        self._store, self.outbox = store, store.outbox
        self.numbers: dict[str, int] = {}  # by the person's id in the store
        self.standing: dict[int, Saved] = {}
        self.changed: set[int] = set()
        self.posted: list[Outgoing] = []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        """Begins a writing transaction."""
        async with self._store.writing() as work:
            watched = WatchedWork(work)
            yield cast(UnitOfWork, watched)
        self.numbers |= {known: int(origin.platform_id) for origin, known in watched.came.items()}
        saved = {self.numbers[one.participant.id]: one for one in watched.saved}
        self.standing |= saved
        self.changed |= saved.keys()
        self.posted += watched.posted

    def reading(self) -> AbstractAsyncContextManager[Queries]:
        """Begins a transaction that only reads."""
        return self._store.reading()

    async def close(self) -> None:
        """Lets go of the store."""
        await self._store.close()


class SteadyRenderer:
    """Prompts whose variants follow from the seed: to them, people's random ids are numbers in order of arrival."""

    def __init__(self, prompts: Renderer, seed: int) -> None:
        self._prompts, self._seed = prompts, seed
        self._ids: dict[str, str] = {}

    def render(self, said: Said, to: Participant, on: date) -> Rendered:
        """Renders for the person's steady id."""
        steady = self._ids.setdefault(to.id, f"{self._seed}/{len(self._ids)}")
        return self._prompts.render(said, replace(to, id=steady), on)

    def label(self, choice: str, locale: str) -> str:
        """The words on a button."""
        return self._prompts.label(choice, locale)

    def knows(self, choice: str, locale: str) -> bool:
        """Whether the choice has words of its own."""
        return self._prompts.knows(choice, locale)

    def document(self, name: str, facts: Mapping[str, Any], locale: str) -> str:
        """A page of its own."""
        return self._prompts.document(name, facts, locale)

    def proofread(self, text: str, weeks: int) -> Flaw | None:
        """What keeps a facilitator's text from being sent."""
        return self._prompts.proofread(text, weeks)


class TranscriptAdapter:
    """A `bot.ports.Adapter` whose platform is paper: what is said is written down, and read by synthetic people."""

    installation = INSTALLATION

    def __init__(self, clock: RehearsalClock, people: Sequence[Person], transcripts: Sequence[Transcript]) -> None:
        self._clock, self._people, self._transcripts = clock, people, transcripts

    async def send(self, delivery: Delivery) -> Receipt:
        """Writes a reply down and shows it to its reader."""
        number, reply, now = int(delivery.platform_id), delivery.reply, self._clock.now()
        person, transcript = self._people[number], self._transcripts[number]
        ref = reply.ref or str(delivery.id)
        match reply.act:
            case "message":
                transcript.heard(reply, now, person.zone)
                person.reads(reply.prompt, reply.rows, ref, now)
            case "react":
                transcript.reacted(reply.emoji)
        return Receipt(ref)

    async def listen(self, door: Door) -> None:
        """The people come to the door by themselves."""

    async def close(self) -> None:
        """Nothing to let go of."""


class Walk:
    """From moment to moment: whoever wakes or acts at the same one goes through the coach in one batch."""

    def __init__(self, store: WatchedStore, people: Sequence[Person], out: Path, seed: int, library: Library) -> None:
        self._store, self._people = store, people
        self._clock = RehearsalClock(START, speed=0)
        self._coach = Coach(
            cast(Store, store),
            curriculum=library,
            renderer=SteadyRenderer(Prompts(), seed),
            clock=self._clock,
            gazetteer=OfflineGazetteer(),
            screen=load_screen(),
            help_lines=help_facts,
            programme=PROGRAMME,
            installations=(INSTALLATION,),
            committed=lambda _: None,
        )
        self.transcripts = [Transcript(person, out) for person in people]
        self.promises = [Promises(library.programme(PROGRAMME, "en")) for _ in people]
        self._adapter = TranscriptAdapter(self._clock, people, self.transcripts)
        self._moments: list[datetime] = []  # a heap
        self._alarms: dict[datetime, set[int]] = defaultdict(set)
        self._acts: dict[datetime, set[int]] = defaultdict(set)
        self._sent = 0
        for number in range(len(people)):
            self._note(self._acts, people[number].next_act(), number)

    async def until(self, enough: datetime, latest: datetime) -> datetime:
        """Walks to `enough`, and on to `latest` while somebody is still on their way; returns where it ended."""
        while self._moments:
            at = heapq.heappop(self._moments)
            if at > latest or (at > enough and not self._somebody_walks()):
                break
            self._clock.move(at)
            if any(self._overdue(number, at) for number in self._alarms.pop(at, ())):
                while await self._coach.wake(AT_ONCE):
                    await self._deliver(woken=True)
            await self._act(at)
        return self._clock.now()

    async def walked(self) -> list[Walked]:
        """Everybody as they stand now."""
        ids = {number: known for known, number in self._store.numbers.items()}
        everybody = []
        async with self._store.reading() as queries:
            for number, person in enumerate(self._people):
                saved = self._store.standing.get(number)
                touched = await queries.touchpoints(ids[number]) if number in ids else ()
                one = Walked(
                    person,
                    self.transcripts[number],
                    self.promises[number],
                    saved.participant if saved else None,
                    touched,
                    self._clock.now(),
                )
                everybody.append(one)
        return everybody

    async def _act(self, at: datetime) -> None:
        """What people do at this moment, through the door together."""
        said = []
        for number in sorted(self._acts.pop(at, ())):
            person = self._people[number]
            act = person.acts(at)
            self._note(self._acts, person.next_act(), number)
            if act is not None:
                shown, given = act
                self.transcripts[number].said(shown, at, person.zone)
                origin, key = Origin(INSTALLATION, str(number)), f"{number} {len(person.acted)}"
                said.append(Incoming(origin, key, given, first_name=person.name))
        if said:
            await self._coach.receive(said)
            await self._deliver(woken=False)

    async def _deliver(self, *, woken: bool) -> None:
        """Everything that was committed reaches its readers, in order; then their next moments are known."""
        store, now = self._store, self._clock.now()
        numbers = {store.standing[number].participant.address: number for number in store.changed}
        for outgoing in store.posted:
            number, self._sent = numbers[outgoing.address], self._sent + 1
            if outgoing.reply.act == "message":
                self.promises[number].sent(outgoing.reply, store.standing[number].participant, now, woken)
            await self._adapter.send(Delivery(self._sent, outgoing.address, str(number), outgoing.reply))
            self._note(self._acts, self._people[number].next_act(), number)
        for number in store.changed:
            self._note(self._alarms, store.standing[number].wake_at, number)
        store.posted.clear()
        store.changed.clear()

    def _note(self, agenda: dict[datetime, set[int]], at: datetime | None, number: int) -> None:
        """Somebody has something on at `at`; what is late is on now. Old notes stay, and find nothing to do."""
        if at is not None:
            at = max(at, self._clock.now())
            if at not in agenda:
                heapq.heappush(self._moments, at)
            agenda[at].add(number)

    def _overdue(self, number: int, at: datetime) -> bool:
        wake_at = self._store.standing[number].wake_at
        return wake_at is not None and wake_at <= at

    def _somebody_walks(self) -> bool:
        over = (State.GRADUATED, State.WITHDRAWN)
        standing = self._store.standing.values()
        return len(standing) < len(self._people) or any(s.participant.journey.state not in over for s in standing)


async def rehearse(*, people: int, weeks: int, seed: int, out: Path) -> str:
    """So many synthetic people walk so many weeks; a transcript a person and a summary are written into `out`.

    The same arguments write the same files, byte for byte. Returns the summary.

    Raises:
        SettingsError: `out` is no folder that can be written to.
        ContentError: curriculum or prompts cannot be read.
    """
    await asyncio.to_thread(_ready, out)
    library = Library()
    length = library.programme(PROGRAMME, "en").length
    with tempfile.TemporaryDirectory(prefix="heartsease-rehearsal-") as folder:
        opened = await open_store(f"sqlite:///{folder}/rehearsal.db", [Vault.make_key()])
        try:
            walkers = company(people, seed, START, min(weeks, length) * 7)
            walk = Walk(WatchedStore(opened), walkers, out, seed, library)
            enough = START + timedelta(weeks=weeks)
            end = await walk.until(enough, enough + LATECOMERS if weeks >= length else enough)
            walked = await walk.walked()
        finally:
            await opened.close()
    told = summary(walked, f"{people} people, {weeks} weeks, seed {seed}: {START:%-d %B %Y} to {end:%-d %B %Y}")
    await asyncio.to_thread((out / "summary.txt").write_text, told, "utf-8")
    return told


def _ready(out: Path) -> None:
    """Makes the folder, or says why it cannot be used."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except (FileExistsError, NotADirectoryError):
        raise SettingsError("--out", f"{out} is, or lies in, a file; name a folder") from None
    except OSError as error:
        raise SettingsError("--out", f"cannot write to {out} ({error.strerror}); name a folder of yours") from None
