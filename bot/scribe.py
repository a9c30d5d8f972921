"""Writes down what a turn decided: replies rendered, entries dated, touchpoints kept; all for one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import structlog

from bot import exporting, journey
from bot.help_lines import NOTHING_KNOWN
from bot.last_resort import last_resort
from bot.model import (
    PRIORITY,
    Amended,
    Button,
    Carried,
    Closed,
    Entry,
    Event,
    Exported,
    Handled,
    Outgoing,
    Participant,
    Reacted,
    Recall,
    Recorded,
    Reply,
    Said,
    Touched,
    undoing,
)
from bot.model.replacing import replace
from bot.ports import Curriculum, Known, Rendered, Renderer, Saved, TouchpointRow, UnitOfWork
from bot.timetable import quiet_ends, zone
from curriculum.model import Programme

log = structlog.get_logger()

TIME = re.compile(r"\d\d:\d\d")  # on a button it is its own label
SAFETY = "safety/"  # the prompts that nothing may keep from being answered
HelpLines = Callable[[str | None], Mapping[str, Any]]


@dataclass(slots=True)
class Outcome:
    """What the turns of one transaction leave to be written."""

    saved: dict[str, Saved] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    touched: list[TouchpointRow] = field(default_factory=list)
    reached: dict[str, bool] = field(default_factory=dict)  # addresses that came back, or are lost
    outgoing: list[Outgoing] = field(default_factory=list)
    gone: dict[str, datetime] = field(default_factory=dict)  # people to be erased, and when that was done
    lines: list[Mapping[str, str]] = field(default_factory=list)  # for the log, once all of this is committed

    def add(self, other: Outcome) -> None:
        """Takes over what another outcome leaves."""
        self.saved |= other.saved
        self.entries += other.entries
        self.touched += other.touched
        self.reached |= other.reached
        self.outgoing += other.outgoing
        self.gone |= other.gone
        self.lines += other.lines

    async def write(self, work: UnitOfWork) -> None:
        """Everything, in the transaction that is open."""
        await work.save(list(self.saved.values()))
        for address, reachable in self.reached.items():
            await work.reach(address, reachable)
        await work.record(self.entries)
        await work.touch(self.touched)
        await work.post(self.outgoing)
        for person, at in self.gone.items():
            await work.erase(person, at)


class Scribe:
    """`help_lines` gives the facts of a safety message for a zone or a country; `programme` is the course's slug."""

    def __init__(self, renderer: Renderer, curriculum: Curriculum, help_lines: HelpLines, programme: str) -> None:
        self.renderer, self._curriculum, self._help_lines = renderer, curriculum, help_lines
        self._programme, self._programmes = programme, dict[str, Programme]()

    def in_locale(self, locale: str) -> Programme:
        """The course in this locale."""
        if locale not in self._programmes:
            self._programmes[locale] = self._curriculum.programme(self._programme, locale)
        return self._programmes[locale]

    async def take(
        self, event: Event, done: Outcome, work: UnitOfWork, known: Known, person: Participant, now: datetime
    ) -> Participant | None:
        """Adds an event to the outcome; the person as it leaves them, or None for an event that is not written."""
        match event:
            case Said():
                used: dict[str, int] = {}
                done.outgoing.append(await self.said(work, known, person, event, now, used))
                return replace(person, history={**person.history, **used}) if used else person
            case Recorded():
                done.entries.append(self.entry(person, event, now))
            case Touched():
                done.touched.append(TouchpointRow(person.id, event.kind, event.on, event.missed, now))
            case Reacted():
                done.outgoing.append(_outgoing(known, Reply(act="react", ref=event.ref, emoji=event.emoji), now))
            case Handled():
                done.outgoing.append(_handling(known, event, now))
            case Closed():
                done.outgoing.append(_outgoing(known, self._closed(event, person), now))
            case Amended():
                await work.amend(person.id, event.entry, event.text)
            case Exported():
                for said in await exporting.files(work, known, person, self, now):
                    done.outgoing.append(await self.said(work, known, person, said, now, {}))
            case _:
                return None
        return person

    async def said(
        self, work: UnitOfWork, known: Known, person: Participant, said: Said, now: datetime, used: dict[str, int]
    ) -> Outgoing:
        """A reply, with what only the store and the help lines know; `used` takes the count of every variant."""
        recalls = {name: fact for name, fact in said.facts.items() if isinstance(fact, Recall)}
        if recalls:
            found = {name: await work.recall(person.id, one.kinds, one.limit) for name, one in recalls.items()}
            said = replace(said, facts={**said.facts, **found})
        if said.prompt.startswith(SAFETY):
            rendered = self._help(said, person, now)
        else:
            rendered = self.renderer.render(said, person, journey.today(person, now))
        for key, times in rendered.used.items():
            used[key] = person.history.get(key, 0) + times
        reply = rendered.reply
        if said.in_place:
            reply = replace(reply, act="edit", ref=said.ref, asked=said.asked)
        return _outgoing(known, reply, now, PRIORITY[said.urgency], said.expires, said.key or None)

    def _help(self, said: Said, person: Participant, now: datetime) -> Rendered:
        """A safety message with the numbers of where they are; whatever fails, an answer is given."""
        try:
            lines = self._help_lines(person.country or person.zone or said.facts.get("zone"))
        except Exception as error:
            log.error("help_lines_failed", error=type(error).__name__)
            lines = NOTHING_KNOWN
        try:
            return self.renderer.render(
                replace(said, facts={**said.facts, **lines}), person, journey.today(person, now)
            )
        except Exception as error:
            log.error("safety_prompt_failed", prompt=said.prompt, error=type(error).__name__)
            reply = replace(last_resort(said.prompt), of=said.of, company=said.company, file=said.file)
            return Rendered(reply, {})

    async def carried(self, work: UnitOfWork, event: Carried, now: datetime) -> list[Outgoing]:
        """What is said to others, once their quiet hours are over; a group's chat gets at once what somebody shares."""
        found = []
        for person, installation in await work.cohorts.people(event.to):
            known = Known(person, installation, None, 0)
            due = now if person.home_of else quiet_ends(person.rhythm, zone(person.zone), now)
            match event.event:
                case Said():
                    outgoing = await self.said(work, known, person, event.event, now, {})
                case Handled():
                    outgoing = _handling(known, event.event, now)
            found.append(replace(outgoing, due_at=due, priority=PRIORITY["scheduled"]))  # replies are due at once
        return found

    def _closed(self, event: Closed, person: Participant) -> Reply:
        """An answered question shows the choice where the choice has words of its own, or is a time."""
        known = bool(TIME.fullmatch(event.chosen)) or self.renderer.knows(event.chosen, person.locale)
        rows = ((Button("-", f"✓ {self.renderer.label(event.chosen, person.locale)}"),),) if known else ()
        return Reply(act="close", ref=event.ref, asked=event.asked, rows=rows)

    def entry(self, person: Participant, record: Recorded, now: datetime) -> Entry:
        """What is kept; the id follows from its slot, so that a corrected answer replaces the first."""
        on = journey.today(person, now)
        place = journey.standing(person.journey, on, self.in_locale(person.locale).length)
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


def _outgoing(
    known: Known,
    reply: Reply,
    now: datetime,
    priority: int = 0,
    expires: datetime | None = None,
    dedup: str | None = None,
) -> Outgoing:
    return Outgoing(known.participant.address, known.installation, reply, priority, now, expires, dedup)


def _handling(known: Known, event: Handled, now: datetime) -> Outgoing:
    """As urgent as what the timetable says, so that it does not overtake the message that it is about."""
    dedup = undoing(event.of) if event.act == "delete" else None
    return _outgoing(known, Reply(act=event.act, of=event.of), now, PRIORITY["scheduled"], dedup=dedup)
