"""The people on the other side of the stand-in: robots that write, tap, share, block, and read what they got."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A button as it is shown."""

    label: str
    data: str | None


@dataclass(slots=True)
class Message:
    """A message from the bot, as its reader has it now. `at` is the stand-in's time of its arrival."""

    id: int
    at: datetime
    text: str
    html: str = ""
    kind: str = "text"
    rows: list[list[Shown]] = field(default_factory=list)
    asks_location: bool = False
    edits: int = 0

    @property
    def buttons(self) -> list[Shown]:
        """All buttons, row by row."""
        return [button for row in self.rows for button in row]

    def button(self, label_or_data: str) -> Shown | None:
        """The button with this label or this data."""
        return next((each for each in self.buttons if label_or_data in (each.label, each.data)), None)


class Line(Protocol):
    """What a person needs of the server: one bot, seen from its users."""

    now: Callable[[], datetime]

    def push(self, kind: str, content: Json) -> int: ...

    def query_id(self) -> str: ...


class Person:
    """A robot in its private chat with one bot. `messages` holds all that the bot said, oldest first."""

    def __init__(self, line: Line, user_id: int, first_name: str, language: str) -> None:
        self.id, self.first_name, self.language = user_id, first_name, language
        self.messages: list[Message] = []
        self.reactions: dict[int, str] = {}
        self.actions: list[str] = []
        self.blocked = False
        self.own: list[int] = []  # ids of what this person wrote
        self._line = line
        self._last_id = 0
        self._read = 0
        self._arrived = asyncio.Event()

    # ------------------------------------------------------------ what they do

    def says(self, text: str) -> int:
        """Writes; returns the message's id."""
        return self._sends({"text": text, **_command_entities(text)})

    def edits(self, message_id: int, text: str) -> None:
        """Changes what they wrote."""
        self._line.push("edited_message", {**self._message(message_id), "edit_date": self._date(), "text": text})

    def sends(self, kind: str = "voice", caption: str | None = None) -> int:
        """Sends something that is no text: a key of _ATTACHMENTS."""
        content: Json = {kind: _ATTACHMENTS[kind]}
        if caption is not None:
            content["caption"] = caption
        return self._sends(content)

    def shares(self, latitude: float, longitude: float) -> int:
        """Shares a place."""
        return self._sends({"location": {"latitude": latitude, "longitude": longitude}})

    def taps(self, label_or_data: str, message: Message | None = None) -> str:
        """Taps a button of `message`, or of the latest message that shows such a one; returns the query's id.

        Raises:
            AssertionError: no such button is shown.
        """
        candidates = [message] if message is not None else reversed(self.messages)
        for candidate in candidates:
            shown = candidate.button(label_or_data)
            if shown is not None and shown.data is not None:
                return self._tap(candidate, shown.data)
        raise AssertionError(f"no button {label_or_data!r} is shown; the last: {self.messages[-1:]}")

    def taps_late(self, data: str, message: Message) -> str:
        """Taps a button that `message` showed before it was edited: the tap crossed the edit on its way."""
        return self._tap(message, data)

    def blocks_bot(self) -> None:
        """Blocks the bot: it gets 403 from now on."""
        self.blocked = True
        self._membership("member", "kicked")

    def comes_back(self) -> None:
        """Unblocks the bot."""
        self.blocked = False
        self._membership("kicked", "member")

    def says_in(self, group_id: int, text: str) -> None:
        """Writes in a group (a negative id)."""
        message = self._message(self._next_id())
        message["chat"] = {"id": group_id, "type": "supergroup", "title": "A group"}
        self._line.push("message", {**message, "text": text, **_command_entities(text)})

    # ------------------------------------------------------------ what they get

    async def next_message(self, timeout: float = 30.0) -> Message:
        """The next message that was not yet read; raises TimeoutError after so many seconds."""
        async with asyncio.timeout(timeout):
            while self._read >= len(self.messages):
                self._arrived.clear()
                await self._arrived.wait()
        self._read += 1
        return self.messages[self._read - 1]

    def receive(self, content: Json) -> Message:
        """For the server: a message arrives."""
        message = Message(id=self._next_id(), at=self._line.now(), **content)
        self.messages.append(message)
        self.changed()
        return message

    def changed(self) -> None:
        """For the server: something here is new."""
        self._arrived.set()

    def find(self, message_id: int) -> Message | None:
        """The bot's message with this id."""
        return next((each for each in reversed(self.messages) if each.id == message_id), None)

    @property
    def user(self) -> Json:
        """As the Bot API writes a User."""
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, "language_code": self.language}

    @property
    def chat(self) -> Json:
        """As the Bot API writes the private Chat."""
        return {"id": self.id, "type": "private", "first_name": self.first_name}

    def _tap(self, message: Message, data: str) -> str:
        query_id = self._line.query_id()
        carried = {"message_id": message.id, "date": self._date(), "chat": self.chat, "text": message.text or "-"}
        query = {"id": query_id, "from": self.user, "chat_instance": str(self.id), "data": data, "message": carried}
        self._line.push("callback_query", query)
        return query_id

    def _sends(self, content: Json) -> int:
        message_id = self._next_id()
        self.own.append(message_id)
        self._line.push("message", {**self._message(message_id), **content})
        return message_id

    def _membership(self, old: str, new: str) -> None:
        bot = {"id": 1, "is_bot": True, "first_name": "Bot"}
        extra: Json = {"kicked": {"until_date": 0}, "member": {}}
        self._line.push(
            "my_chat_member",
            {
                "chat": self.chat,
                "from": self.user,
                "date": self._date(),
                "old_chat_member": {"user": bot, "status": old, **extra[old]},
                "new_chat_member": {"user": bot, "status": new, **extra[new]},
            },
        )

    def _message(self, message_id: int) -> Json:
        return {"message_id": message_id, "from": self.user, "chat": self.chat, "date": self._date()}

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _date(self) -> int:
        return int(self._line.now().timestamp())


def _command_entities(text: str) -> Json:
    if not text.startswith("/"):
        return {}
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]}


_FILE: Json = {"file_id": "f", "file_unique_id": "u"}
_SIZED: Json = {**_FILE, "width": 90, "height": 90}
_ATTACHMENTS: Json = {
    "voice": {**_FILE, "duration": 3},
    "audio": {**_FILE, "duration": 3},
    "photo": [_SIZED],
    "sticker": {**_SIZED, "type": "regular", "is_animated": False, "is_video": False},
    "video": {**_SIZED, "duration": 3},
    "video_note": {**_FILE, "length": 90, "duration": 3},
    "animation": {**_SIZED, "duration": 3},
    "document": _FILE,
    "contact": {"phone_number": "+340", "first_name": "Eva"},
}
