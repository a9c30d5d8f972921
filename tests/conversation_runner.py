"""Plays golden conversations: what people do goes in, what the coach says and leaves is compared, or rewritten.

A file holds one or more conversations, divided by `---`. Each has a `fact` (what it shows), `given` (who and when), a
`dialogue` and what it `leaves`. The lines of a dialogue, besides the coach's own (`bot`), are the methods of `Player`
that LINES names. At every turn the person goes through storage's codec, the same arguments must give the same turn, and
what is said is rendered with the real templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal

import yaml

from bot import journey
from bot.engine import advance
from bot.help_lines import help_facts
from bot.model import (
    Alerted,
    Carried,
    Changed,
    ChoiceMade,
    Decided,
    Entry,
    Event,
    Flaw,
    FormSubmitted,
    Input,
    LocationShared,
    MessageReceived,
    Participant,
    Recall,
    Recorded,
    Said,
    Turn,
    WokeUp,
)
from bot.storage.codec import dump_participant, load_participant
from bot.timetable import zone
from prompts.renderer import Prompts
from tests.conversation_lines import deed_of, in_yaml, line_of, marks_of, shown, text_of
from tests.group import Group
from tests.people import duration, local, person, programme, world

NOTHING = "nothing"
MESSAGES = (
    "fills",
    "fills_late",
    "fills_in",
    "fills_in_late",
    "keeps",
    "says",
    "says_in_a_channel",
    "edits",
    "repeats",
    "sends",
    "taps",
    "taps_first",
    "taps_again",
    "shares",
    "does",
    "moves_to",
)
LINES = (*MESSAGES, "after", "at", "outage", "meanwhile")
CHANGES = (
    *("name", "zone", "rhythm", "health_care", "intention", "fewer", "reachable", "cohort", "joining", "country"),
    *("calls_leader", "sheltered"),
)
DOES: Mapping[str, tuple[Literal["blocked", "came_back", "left", "deactivated"], str]] = {
    "blocks": ("blocked", ""),
    "comes back": ("came_back", ""),
    "leaves": ("left", ""),
    "loses the account": ("deactivated", ""),
    "leaves a channel": ("left", "C1"),
    "joins a channel": ("came_back", "C1"),
}


@cache
def prompts() -> Prompts:
    """The real templates."""
    return Prompts()


def proofread(text: str) -> Flaw | None:
    """The real rules."""
    return prompts().proofread(text, programme().length)


@dataclass
class Player:
    """One conversation under way."""

    given: Mapping[str, Any]
    log: list[str] = field(default_factory=list)  # what the coach said since the last line
    entries: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)  # alerts
    offers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    forms: list[int] = field(default_factory=list)  # the questions that can be answered in a window
    last_tap: ChoiceMade | None = None
    messages: int = 0

    def __post_init__(self) -> None:
        self.now = local(self.given["at"], self.given.get("zone"))
        self.before = self.person = person(self.given, self.now)
        self.written = [self.person.intention] if self.person.intention else []  # in windows
        self.group = Group(self.given, self.person, self.now)
        self.wake_at: datetime | None = None
        if next(journey.moments_due(self.person, self.now, programme().length), None) is not None:
            self.wake()
        else:
            self.wake_at = self.turned(WokeUp(), look_only=True).wake_at

    # ------------------------------------------------------------ the lines of a dialogue

    def says(self, text: str) -> None:
        """Writes a message."""
        self.act(MessageReceived(text.replace("\\n", "\n"), ref=self.ref()))

    def says_in_a_channel(self, text: str) -> None:
        """Writes a command in the channel C1."""
        self.act(MessageReceived(text, chat="C1"))

    def fills(self, text: str) -> None:
        """Writes in the window of the latest question that has one."""
        self.written.append(text)
        self.act(FormSubmitted("write", {"text": text}, self.forms[-1]))

    def fills_late(self, text: str) -> None:
        """Writes in the window of the oldest question that had one."""
        self.act(FormSubmitted("write", {"text": text}, self.forms[0]))

    def fills_in(self, values: Mapping[str, str]) -> None:
        """Sends the latest form with these values."""
        self.act(FormSubmitted("form", values, self.forms[-1]))

    def fills_in_late(self, values: Mapping[str, str]) -> None:
        """Sends the oldest form with these values."""
        self.written += [value for value in values.values() if value]
        self.act(FormSubmitted("form", values, self.forms[0]))

    def keeps(self, text: str) -> None:
        """Keeps somebody's message as a gratitude."""
        self.act(FormSubmitted("keep_gratitude", {"text": text}))

    def edits(self, text: str) -> None:
        """Edits an earlier message."""
        self.act(MessageReceived(text, edited=True, ref=self.ref()))

    def repeats(self, times: str) -> None:
        """Writes so many letters x."""
        self.act(MessageReceived("x" * int(times), ref=self.ref()))

    def sends(self, kind: str) -> None:
        """Sends something that is no text."""
        self.act(MessageReceived(kind=kind, ref=self.ref()))

    def taps(self, choice: str) -> None:
        """Taps a button of the latest message that has it."""
        self.tap(choice, reversed(self.offers))

    def taps_first(self, choice: str) -> None:
        """Taps a button of the oldest message that has it."""
        self.tap(choice, iter(self.offers))

    def taps_again(self, choice: str) -> None:
        """The very tap that came last arrives a second time."""
        assert self.last_tap is not None
        assert self.last_tap.choice == choice
        self.act(self.last_tap)

    def shares(self, place: list[str]) -> None:
        """Shares a position."""
        self.act(LocationShared(float(place[0]), float(place[1])))

    def does(self, what: str) -> None:
        """Blocks the bot, comes back, or leaves."""
        self.act(Changed(*DOES[what]))

    def moves_to(self, place: str) -> None:
        """Their platform says that they are in another zone."""
        self.act(Changed("moved_zone", place))

    def after(self, wait: str) -> None:
        """So much time passes, and every alarm in it rings."""
        self.pass_time(self.now + duration(wait))

    def at(self, when: str) -> None:
        """It becomes this local time, and every alarm until then rings."""
        self.pass_time(local(when, self.person.zone))

    def outage(self, wait: str) -> None:
        """So much time passes in which nothing of ours runs; then the alarm rings."""
        self.now += duration(wait)
        if self.wake_at is not None and self.wake_at <= self.now:
            self.wake(at_local=True)

    def meanwhile(self, what: str) -> None:
        """Somebody else does something: "the links end", "the role ends"."""
        self.group.meanwhile(what, self.now)
        if self.group.stirred():
            self.wake(at_local=True)

    # ------------------------------------------------------------ how they work

    def tap(self, choice: str, offers: Iterator[tuple[int, tuple[str, ...]]]) -> None:
        asked = next((asked for asked, choices in offers if choice in choices), None)
        assert asked is not None, f"nothing that was said has the button {choice!r}"
        self.last_tap = ChoiceMade(choice, asked, ref=f"b{asked}")
        self.act(self.last_tap)

    def ref(self) -> str:
        self.messages += 1
        return f"m{self.messages}"

    def forget(self) -> None:
        """Nothing is left of them: who writes here is a stranger."""
        self.log.append("erases everything")
        self.before = self.person = Participant(self.person.id, address="there", discreet=self.person.discreet)
        self.wake_at, self.entries = None, []

    def act(self, given: Input) -> None:
        self.take(self.turned(given))
        if self.wake_at is not None and self.wake_at <= self.now:
            self.wake()

    def pass_time(self, until: datetime) -> None:
        assert until > self.now, "time passes forward only"
        while self.wake_at is not None and self.wake_at <= until:
            self.now = max(self.now, self.wake_at)
            self.wake(at_local=True)
        self.now = until

    def wake(self, at_local: bool = False) -> None:
        if self.person.erase_at is not None:
            self.forget()
            return
        self.take(self.turned(WokeUp()), at_local)
        assert self.wake_at is None or self.wake_at > self.now, "an alarm that rings for ever"

    def turned(self, given: Input, look_only: bool = False) -> Turn:
        """The turn, after checking that nothing of it lives in memory only and that it changed nothing outside."""
        seen = self.group.look(load_participant(dump_participant(self.person)), given, self.now)
        loaded, stored = seen.person, dump_participant(seen.person)
        here = replace(
            world(self.now),
            desk=seen.desk,
            welcome=seen.welcome,
            token=seen.token,
            cohort=seen.cohort,
            meeting=seen.meeting,
            answers=seen.answers,
            proofread=proofread,
        )
        here = replace(here, profile_zone=self.given.get("profile_zone", ""), chat=seen.chat, link=seen.link)
        here = replace(here, handle=self.given.get("handle", ""), pages=self.group.pages, platform="telegram")
        here = replace(here, research=self.given.get("research", ""), age=int(self.given.get("minimum_age", 18)))
        turn = advance(loaded, given, here)
        assert advance(load_participant(stored), given, here) == turn, "the same arguments, another turn"
        assert dump_participant(loaded) == stored, "the person who was handed in has changed"
        assert load_participant(dump_participant(turn.participant)) == turn.participant
        if not look_only:
            self.person = turn.participant
            self.group.keep(turn.events, self.person, self.now)
            for decided in (event for event in turn.events if isinstance(event, Decided)):
                self.group.carry_out(decided, seen.actor, self.now)
        return turn

    def take(self, turn: Turn, at_local: bool = False) -> None:
        self.wake_at = turn.wake_at
        for event in turn.events:
            self.take_event(event, at_local)

    def take_event(self, event: Event, at_local: bool) -> None:
        match event:
            case Said():
                self.check_rendering(event)
                stamp = f"{self.now.astimezone(zone(self.person.zone)):%m-%d %H:%M} " if at_local else ""
                self.log.append(stamp + line_of(event) + (marks_of(event) if self.person.discreet else ""))
                if event.writes or event.blanks:
                    self.forms.append(event.asked)
                if event.choices:
                    self.offers.append((event.asked, tuple(choice.id for row in event.choices for choice in row)))
            case Carried(event=Said() as said):
                self.log.append(f"carries {line_of(said)}")
                assert text_of(prompts().render(said, self.person, self.now.date()).reply)
            case Recorded():
                parts = (event.kind, event.about, event.went, f"{event.minutes}m" if event.minutes else "")
                self.entries.append(" ".join(part for part in parts if part))
            case Alerted():
                self.marks.append(f"{event.level} {event.rule}")
            case _ if deed := deed_of(event):
                self.log.append(deed)

    def check_rendering(self, said: Said) -> None:
        facts = {name: self.known(fact) for name, fact in said.facts.items()}
        if said.prompt.startswith("safety/"):
            facts |= help_facts(self.person.country or self.person.zone)
        rendered = prompts().render(replace(said, facts=facts), self.person, journey.today(self.person, self.now))
        self.person = replace(self.person, history={**self.person.history, **self.counted(rendered.used)})
        text = text_of(rendered.reply)
        assert text, f"{said.prompt} says nothing"
        repeated = [typed for typed in self.written if typed in text]
        assert not (self.person.discreet and repeated) or rendered.reply.private, f"{said.prompt} repeats {repeated}"
        theirs = sum(typed.count("?") for typed in (self.person.name, *facts.values()) if isinstance(typed, str))
        assert text.count("?") <= 1 + theirs, f"{said.prompt} asks more than one thing: {text}"

    def counted(self, used: Mapping[str, int]) -> Mapping[str, int]:
        return {key: self.person.history.get(key, 0) + times for key, times in used.items()}

    def known(self, fact: object) -> object:
        """What the coach would have looked up: one entry of the first kind."""
        if not isinstance(fact, Recall):
            return fact
        on = journey.today(self.person, self.now)
        return [Entry("e", self.person.id, fact.kinds[0], self.now, on, week=1, day=1, text="Rain on the roof.")]

    # ------------------------------------------------------------ what is left

    def leaves(self) -> dict[str, object]:
        """The person at the end, as far as it is worth saying."""
        who = self.person
        place = journey.standing(who.journey, journey.today(who, self.now), programme().length)
        ledger = who.ledger
        left: dict[str, object] = {
            "state": who.journey.state.value,
            "roles": " ".join(sorted(who.roles)),
            "place": shown(place),
            "entries": self.entries,
            "alerts": self.marks,
            "practised": sum(ledger.practised.values()),
            "sat": f"{ledger.minutes} minutes" if ledger.sits else "",
            "open": [f"{run.conversation}/{run.step}" for run in who.runs],
            "timers": [f"{timer.name} {self.local(timer.at)}" for timer in who.timers],
            "next": self.next(),
        }
        for name in CHANGES:
            if (value := getattr(who, name)) != getattr(self.before, name):
                left[name] = shown(value)
        return {key: value for key, value in left.items() if value not in ("", [], None, 0)}

    def next(self) -> str:
        if self.wake_at is None:
            return NOTHING
        ahead = journey.moment_ahead(self.person, self.now, programme().length)
        kind = ahead.kind.value if ahead is not None and ahead.at == self.wake_at else "alarm"
        return f"{kind} {self.local(self.wake_at)}"

    def local(self, at: datetime) -> str:
        return at.astimezone(zone(self.person.zone)).strftime("%Y-%m-%dT%H:%M")


# ---------------------------------------------------------------- how things are written down


# ---------------------------------------------------------------- files

LINE = re.compile(r"  - (?P<key>\w+):")


def play(document: str) -> str:
    """The conversation as it really goes: the same text with the coach's lines and what is left rewritten."""
    told = yaml.load(document, yaml.CBaseLoader)
    player = Player(told["given"])
    lines: Mapping[str, Callable[[Any], None]] = {name: getattr(player, name) for name in LINES}
    head, rest = document.split("dialogue:\n")
    written = [head + "dialogue:\n"]
    todo = [next(iter(step.items())) for step in told["dialogue"]]
    todo = [(key, value) for key, value in todo if key != "bot"]
    source = [raw for raw in rest.split("leaves:")[0].splitlines() if raw.strip()]
    source = [raw for raw in source if (found := LINE.match(raw)) is None or found["key"] != "bot"]
    written += spoken(player, silent=False)
    for raw in source:
        written.append(raw + "\n")
        if LINE.match(raw):
            key, value = todo.pop(0)
            lines[key](value)
            written += spoken(player)
    written.append("leaves:\n")
    written += [f"  {key}: {in_yaml(value)}\n" for key, value in player.leaves().items()]
    return "".join(written)


def spoken(player: Player, silent: bool = True) -> list[str]:
    """The coach's lines since the last one."""
    said, player.log = player.log, []
    return [f"  - bot: {in_yaml(line)}\n" for line in said or ([NOTHING] if silent else [])]
