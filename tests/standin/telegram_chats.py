"""What every chat of the stand-in has: what the bot said there, what is pinned, what people wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


class Attached(str):
    """A file as a parameter of a call: its name, and what is in it."""

    content: bytes

    def __new__(cls, name: str, content: bytes) -> Attached:
        """The parameter reads as the file's name."""
        attached = super().__new__(cls, name)
        attached.content = content
        return attached


@dataclass(frozen=True, slots=True)
class Shown:
    """A button as it is shown."""

    label: str
    data: str | None


@dataclass(slots=True)
class Message:
    """A message from the bot, as its reader has it now. `at` is the stand-in's time of its arrival.

    `file` is what came with it (a photo, a document); `answers` the id of the message that it replies to.
    """

    id: int
    at: datetime
    text: str
    html: str = ""
    kind: str = "text"
    rows: list[list[Shown]] = field(default_factory=list)
    asks_location: bool = False
    edits: int = 0
    file: Attached | None = None
    answers: int | None = None

    @property
    def buttons(self) -> list[Shown]:
        """All buttons, row by row."""
        return [button for row in self.rows for button in row]

    def button(self, label_or_data: str) -> Shown | None:
        """The button with this label or this data."""
        return next((each for each in self.buttons if label_or_data in (each.label, each.data)), None)


class Clock(Protocol):
    """What a chat needs of the server."""

    now: Callable[[], datetime]


class Chat:
    """A chat with one bot. `messages` holds what the bot said and did not delete, oldest first; `pins` are ids."""

    def __init__(self, clock: Clock) -> None:
        self.messages: list[Message] = []
        self.reactions: dict[int, str] = {}
        self.pins: list[int] = []
        self.own: list[int] = []  # ids of what people wrote
        self._clock = clock
        self._last_id = 0
        self._arrived = asyncio.Event()

    def receive(self, content: Json) -> Message:
        """For the server: a message arrives."""
        message = Message(id=self.next_id(), at=self._clock.now(), **content)
        self.messages.append(message)
        self.changed()
        return message

    def lose(self, message: Message) -> None:
        """For the server: a message is deleted."""
        self.messages.remove(message)
        if message.id in self.pins:
            self.pins.remove(message.id)
        self.changed()

    def changed(self) -> None:
        """For the server: something here is new."""
        self._arrived.set()

    def find(self, message_id: int) -> Message | None:
        """The bot's message with this id."""
        return next((each for each in reversed(self.messages) if each.id == message_id), None)

    @property
    def pinned(self) -> list[Message]:
        """The bot's messages that are pinned."""
        return [each for each in self.messages if each.id in self.pins]

    def next_id(self) -> int:
        """An id that no message of this chat has."""
        self._last_id += 1
        return self._last_id

    @property
    def wire(self) -> Json:
        """As the Bot API writes the Chat."""
        raise NotImplementedError
