"""What a rehearsal leaves behind: a transcript a person, the promises that were watched, and the summary."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.model import Kind, Participant, Reply, Rhythm, State
from bot.ports import TouchpointRow
from bot.rehearse_people import Person
from bot.roster import rhythm_on
from curriculum.model import Programme
from prompts.markup import plain

LONGEST = 4096  # Telegram's limit
MOST_A_DAY = 3  # design.md §3
A_WEEK = timedelta(days=7)
A_NIGHT = timedelta(hours=4)  # the local day turns at 04:00
MOST_SHOWN = 20  # breaches of one promise in the summary

PROMISES: Mapping[str, str] = {
    "often": f"at most {MOST_A_DAY} unsolicited messages a day",
    "night": "nothing unsolicited in quiet hours",
    "again": "no nudge verbatim again within 7 days",
    "paused": "nothing unsolicited during a pause",
    "left": "nothing unsolicited after leaving",
    "long": f"no message of more than {LONGEST} characters",
    "failed": "no turn that failed",
    "whole": "every practice and every theme offered to those who are diligent",
}


def slug(name: str) -> str:
    """A name as part of a file's name: ASCII letters and digits, "person" where none are left."""
    plain_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain_letters).strip("-") or "person"


class Transcript:
    """One person's conversation as a text file, in their local time. Written as it goes: nothing piles up in memory."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.file = folder / f"{person.number:02}-{person.kind}-{slug(person.name)}.txt"
        self._name = person.name
        self._day: date | None = None
        self.file.write_text(f"{person.name} ({person.kind}), {person.zone}\n", "utf-8")

    def heard(self, reply: Reply, at: datetime, zone: str) -> None:
        """The coach says something; its buttons stand below, as [Yes] [A little]."""
        buttons = [" ".join(f"[{button.label}]" for button in row) for row in reply.rows]
        self._spoken("Heartsease", plain(reply.text).splitlines() + buttons, at, zone)

    def said(self, text: str, at: datetime, zone: str) -> None:
        """The person writes or taps."""
        self._spoken(self._name, text.splitlines(), at, zone)

    def reacted(self, emoji: str) -> None:
        """A reaction under what the person wrote last."""
        self._add(f"    ({emoji})")

    def _spoken(self, who: str, lines: Sequence[str], at: datetime, zone: str) -> None:
        local = at.astimezone(ZoneInfo(zone))
        if local.date() != self._day:
            self._day = local.date()
            self._add("", f"---- {local:%A} {local.day} {local:%B %Y}, {zone} ----")
        self._add("", f"{local:%H:%M}  {who}", *(f"    {line}".rstrip() for line in lines))

    def _add(self, *lines: str) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


@dataclass(slots=True)
class Promises:
    """Watches what one person gets. Counts for itself, by nothing that the coach says about its own doing."""

    programme: Programme
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    practices: set[str] = field(default_factory=set)
    themes: set[str] = field(default_factory=set)
    _unasked: Counter[date] = field(default_factory=Counter)
    _nudges: dict[str, datetime] = field(default_factory=dict)

    def sent(self, reply: Reply, reader: Participant, at: datetime, woken: bool) -> None:
        """A message goes out at `at`, because the alarm rang (`woken`) or as an answer."""
        text = plain(reply.text)
        local = at.astimezone(ZoneInfo(reader.zone or "UTC"))
        if len(text) > LONGEST:
            self._break("long", local, f"{reply.prompt}, {len(text)} characters")
        if reply.prompt == "unasked/sorry":
            self._break("failed", local, reply.prompt)
        if reply.prompt.startswith("morning/"):
            self._offered(reply.prompt, text)
        if woken and not reply.prompt.startswith("sit/"):  # a sit's cues are timers that the person set
            self._nudged(reply.prompt, text, reader, local)

    def _offered(self, prompt: str, text: str) -> None:
        for week in self.programme.weeks:
            self.practices.update(practice.id for practice in week.practices if practice.title in text)
            if prompt == "morning/theme" and week.title in text:
                self.themes.add(week.step)

    def _nudged(self, prompt: str, text: str, reader: Participant, local: datetime) -> None:
        on = local.date()
        self._unasked[on] += 1
        if self._unasked[on] == MOST_A_DAY + 1:
            self._break("often", local, prompt)
        if in_quiet_hours(rhythm_on(reader, (local - A_NIGHT).date()), local):
            self._break("night", local, prompt)
        if text in self._nudges and local - self._nudges[text] < A_WEEK:
            self._break("again", local, prompt)
        self._nudges[text] = local
        if reader.journey.state is State.PAUSED:
            self._break("paused", local, prompt)
        if reader.journey.state is State.WITHDRAWN:
            self._break("left", local, prompt)

    def ended(self) -> None:
        """They were there from the first day to the last: have they met the whole course?"""
        practices, offered = sum(len(week.practices) for week in self.programme.weeks), len(self.practices)
        if offered < practices or len(self.themes) < self.programme.length:
            what = f"{offered} of {practices} practices, {len(self.themes)} of {self.programme.length} themes"
            self.broken["whole"].append(what)

    @property
    def most_a_day(self) -> int:
        """The most unsolicited messages that came on one local date."""
        return max(self._unasked.values(), default=0)

    def _break(self, promise: str, local: datetime, what: str) -> None:
        self.broken[promise].append(f"{local:%Y-%m-%d %H:%M} {what}")


def in_quiet_hours(rhythm: Rhythm, local: datetime) -> bool:
    """Whether this wall time is one of rest."""
    at, begins, ends = local.time(), rhythm.quiet_from, rhythm.quiet_until
    return begins <= at < ends if begins <= ends else at >= begins or at < ends


@dataclass(frozen=True, slots=True)
class Walked:
    """One person at the end of a rehearsal."""

    person: Person
    transcript: Transcript
    promises: Promises
    standing: Participant | None
    touchpoints: Sequence[TouchpointRow]
    end: datetime

    def count(self, kind: Kind, *, missed: bool) -> int:
        """Touchpoints of this kind that were sent, or missed."""
        return sum(1 for row in self.touchpoints if row.kind is kind and row.missed is missed)

    @property
    def met_it_all(self) -> bool:
        """Whether they answered everything up to their graduation."""
        return self.person.steady and self.standing is not None and self.standing.journey.graduated_on is not None

    @property
    def silent_days(self) -> int:
        """Days on which they did nothing, from their first word until they left, graduated, or the rehearsal ended."""
        zone = ZoneInfo(self.person.zone)
        days = {at.astimezone(zone).date() for at in self.person.acted}
        graduated = self.standing.journey.graduated_on if self.standing else None
        last = max(days) if self.person.gone else graduated or self.end.astimezone(zone).date()
        days = {day for day in days if day <= last}
        return (last - min(days)).days + 1 - len(days) if days else 0


COLUMNS: Mapping[str, Callable[[Walked], object]] = {
    "kind": lambda one: one.person.kind,
    "state": lambda one: one.standing.journey.state.value if one.standing else "-",
    "mornings": lambda one: one.count(Kind.MORNING, missed=False),
    "missed": lambda one: one.count(Kind.MORNING, missed=True),
    "evenings": lambda one: one.count(Kind.EVENING, missed=False),
    "missed ": lambda one: one.count(Kind.EVENING, missed=True),
    "offered": lambda one: len(one.promises.practices),
    "practised": lambda one: sum(one.standing.ledger.practised.values()) if one.standing else 0,
    "gratitudes": lambda one: one.standing.ledger.gratitudes if one.standing else 0,
    "sits": lambda one: one.standing.ledger.sits if one.standing else 0,
    "silent days": lambda one: one.silent_days,
    "most a day": lambda one: one.promises.most_a_day,
    "transcript": lambda one: one.transcript.file.name,
}
LEGEND: Mapping[str, str] = {
    "missed": "its time was over, or they could not be reached: never sent",
    "offered": "different practices that a morning brought",
    "practised": "times they said that they did one, all or a little",
    "silent days": "days without a word or a tap of theirs, until they left or graduated",
    "most a day": "messages that nobody had asked for",
}


def summary(walked: Sequence[Walked], heading: str) -> str:
    """The whole rehearsal on a page: everybody by kind, then what was promised and whether it was kept."""
    by_kind = sorted(walked, key=lambda one: (one.person.kind, one.person.number))
    rows = [tuple(COLUMNS), *(tuple(str(told(one)) for told in COLUMNS.values()) for one in by_kind)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    legend = [f"{column}: {meaning}" for column, meaning in LEGEND.items()]
    return "\n".join([heading, "", *table, "", *legend, "", *_kept(walked), ""])


def _kept(walked: Sequence[Walked]) -> list[str]:
    """A line for every promise, and where it was broken."""
    to_the_end = [one for one in walked if one.met_it_all]
    for one in to_the_end:
        one.promises.ended()
    lines = []
    for promise, words in PROMISES.items():
        breaches = [
            f"    {one.transcript.file.name}: {what}" for one in walked for what in one.promises.broken[promise]
        ]
        if promise == "whole" and not to_the_end:
            lines.append(f"- {words}: not seen, nobody diligent came to the end")
        else:
            lines.append(
                f"{'✗' if breaches else '✓'} {words}: {f'broken {len(breaches)} times' if breaches else 'kept'}"
            )
        lines += breaches[:MOST_SHOWN]
    return lines
