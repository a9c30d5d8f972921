"""Those who walk in a group, in Slack or in Telegram: each reads what came and answers as their dice fall."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.stage import MARK, Stage
from tests.standin import slack, telegram

WRITE = "Write"
SHARE, SECOND, BARE, NAMED, BACK = "Share something", "1", "Without my name", "With my name", "Take it back"
NUDGES = {"I'll take this along", "Not today"}  # of a morning and of an evening: silence is fine
ANSWERS: Sequence[tuple[str, Sequence[str]]] = (  # by a label that tells the question
    ("I'll take this along", ("I'll take this along", WRITE)),
    ("Not today", ("Yes", "A little", "Not today", WRITE)),
    ("I'd rather skip this", (WRITE, "I'd rather skip this")),
    ("Not tonight", (WRITE, WRITE, "Not tonight")),
    ("As before", ("As before",)),
    ("Yes, gladly", ("Yes, gladly",)),
    ("Through you", ("Through you",)),
    ("We met", ("We met", "We met", "Not yet")),
    ("Very close", ("Very close", "I keep that to myself")),
    ("I'll be there", ("I'll be there", "I can't")),
    ("Once a month", ("Never",)),
    ("Stay in the group, by messages", ("Stay in the group, by messages",)),
    ("A little", ("No",)),  # whether the practice was hard
    ("Keep it", ("Keep it",)),
    ("That is all", (WRITE, "That is all")),
)


@dataclass(slots=True)
class Walker(ABC):
    """`room` is where the coach speaks to them. `lively` is how often they answer a morning or an evening;
    `wishes` is what they always tap where a question has such a label. Who is `away` says nothing.
    """

    stage: Stage
    name: str
    zone: str
    morning: time = time(8)
    evening: time = time(20)
    lively: float = 0.15
    wishes: dict[str, str] = field(default_factory=dict)
    away: bool = False
    heard: int = 0
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.name)

    @property
    def tz(self) -> ZoneInfo:
        """Where they live."""
        return ZoneInfo(self.zone)

    @property
    def rooms_together(self) -> list[str]:
        """The conversations with others that the coach opened for them."""
        return []

    # ------------------------------------------------------------ what each platform does in its own way

    @property
    @abstractmethod
    def room(self) -> str: ...

    @property
    @abstractmethod
    def messages(self) -> Sequence[Any]: ...

    @abstractmethod
    def labels(self, message: Any) -> list[str]:
        """The buttons that can be tapped."""

    @abstractmethod
    def tap(self, label: str, message: Any = None) -> None: ...

    @abstractmethod
    async def write(self, text: str, message: Any = None) -> None:
        """Answers with something private."""

    @abstractmethod
    def say(self, text: str) -> None: ...

    @abstractmethod
    def command(self, words: str) -> None:
        """ "journal": as people give commands here."""

    @abstractmethod
    def place(self, *labels: str) -> Any:
        """Where all that is private is read: a window or a message with one of these buttons, or None."""

    # ------------------------------------------------------------ doing

    async def does(self, *acts: str) -> None:
        """Taps where the latest message has such a button, else writes; a leading slash is a command."""
        for act in acts:
            self.stage.acting.add(self.room)
            if act.startswith("/"):
                self.command(act[1:])
            elif self.messages and act in self.labels(self.messages[-1]):
                self.tap(act, self.messages[-1])
            else:
                self.say(act)
            await self.stage.settle()

    def told(self, words: str) -> list[str]:
        """The texts with these words that were said to them, whatever became of them."""
        return [one.text for one in self.stage.to(self.room) if words in one.text]

    def catch_up(self) -> None:
        """Leaves unanswered what came so far."""
        self.heard = len(self.messages)

    async def answer(self) -> bool:
        """Answers one message, if there is one to answer."""
        while self.heard < len(self.messages) and not self.away:
            message = self.messages[self.heard]
            self.heard += 1
            labels = self.labels(message)
            if SHARE in labels:
                await self.share(message)
                return True
            found = next((options for label, options in ANSWERS if label in labels), None)
            if found is None or (NUDGES & set(labels) and self.dice.random() > self.lively):
                continue
            chosen = next((wish for label, wish in self.wishes.items() if label in labels), self.dice.choice(found))
            newest = message is self.messages[-1]
            self.stage.acting.add(self.room)
            if chosen != WRITE:
                self.tap(chosen, message)
            elif newest:
                await self.write(self.stage.mark(self.name), message)
            else:
                self.tap(found[-1] if found[-1] != WRITE else found[0], message)
            return True
        return False

    async def pens(self, command: str) -> str:
        """Gives a command and writes something private; its mark."""
        await self.does(f"/{command}")
        text = self.stage.mark(self.name)
        self.stage.acting.add(self.room)
        await self.write(text)
        await self.stage.settle()
        return text.split()[0]

    async def share(self, message: Any) -> None:
        """Keeps it, or shares it with or without a name, or takes it back at once."""
        how = self.dice.choice(("kept", "named", "unnamed", "back"))
        self.stage.acting.add(self.room)
        if how == "kept":
            self.tap("Keep it to myself", message)
            return
        self.tap(SHARE, message)
        if SECOND in self.labels(place := await self.sees(SECOND, BARE)):
            self.tap(SECOND, place)
            place = await self.sees(BARE)
        self.stage.shared |= dict.fromkeys(MARK.findall(place.text), how)
        self.tap(NAMED if how == "named" else BARE, place)
        await self.stage.slack.until(lambda: BACK in self.labels(self.messages[-1]))
        self.tap(BACK if how == "back" else "That is all", self.messages[-1])
        self.catch_up()

    async def sees(self, *labels: str) -> Any:
        """Waits for one of these buttons: where it is."""
        await self.stage.slack.until(lambda: self.place(*labels) is not None)
        return self.place(*labels)


@dataclass(slots=True)
class InSlack(Walker):
    """A member of the workspace, who reads and writes in windows what is private."""

    member: slack.Member = field(kw_only=True)

    @property
    def room(self) -> str:
        """Their direct conversation."""
        return f"slack:{self.member.channel}"

    @property
    def rooms_together(self) -> list[str]:
        """Group direct messages."""
        rooms = self.stage.slack.space.channels.values()
        return [f"slack:{room.id}" for room in rooms if room.kind == "mpim" and self.member.id in room.members]

    @property
    def messages(self) -> Sequence[slack.Message]:
        """What stands there."""
        return self.member.messages

    def labels(self, message: slack.Message | slack.View) -> list[str]:
        """Buttons only: what has no value is a picker, or was answered."""
        return [shown.label for row in message.rows for shown in row if shown.value]

    def tap(self, label: str, message: Any = None) -> None:
        """In a window or in a message."""
        if isinstance(message, slack.Message):
            self.member.shuts()
        self.member.taps(label, message)

    async def write(self, text: str, message: Any = None) -> None:
        """In the window that a button opens, or in the one that is open."""
        if message is not None:
            self.tap(WRITE, message)
        await self.stage.slack.until(lambda: self.member.view is not None and bool(self.member.view.inputs))
        self.member.submits(text=text)

    def say(self, text: str) -> None:
        """In the direct conversation, where nothing private is said."""
        self.member.says(text)

    def command(self, words: str) -> None:
        """With our one command."""
        self.member.shuts()
        self.member.runs(f"/heartsease {words}")

    def place(self, *labels: str) -> Any:
        """The window."""
        view = self.member.view
        return view if view is not None and set(labels) & set(self.labels(view)) else None


@dataclass(slots=True)
class InTelegram(Walker):
    """Somebody in a private chat, where all is said."""

    person: telegram.Person = field(kw_only=True)

    @property
    def room(self) -> str:
        """Their private chat."""
        return f"telegram:{self.person.id}"

    @property
    def messages(self) -> Sequence[telegram.Message]:
        """What stands there."""
        return self.person.messages

    def labels(self, message: telegram.Message) -> list[str]:
        """With a "Write" where something can be written, as in Slack."""
        return [button.label for button in message.buttons if button.data is not None]

    def tap(self, label: str, message: Any = None) -> None:
        """A button of a message."""
        self.person.taps(label, message)

    async def write(self, text: str, message: Any = None) -> None:
        """As anything is said."""
        self.person.says(text)

    def say(self, text: str) -> None:
        """In the private chat."""
        self.person.says(text)

    def command(self, words: str) -> None:
        """Each has its own."""
        self.person.says(f"/{words}")

    def place(self, *labels: str) -> Any:
        """The latest message."""
        last = self.messages[-1]
        return last if set(labels) & set(self.labels(last)) else None


async def answered(stage: Stage, people: Collection[Walker], most: int = 14) -> None:
    """Everybody answers, all at once and one thing after the other, until nobody has anything to say."""
    for _ in range(most):
        acted = [await one.answer() for one in people]
        if not any(acted):
            return
        await stage.settle()
