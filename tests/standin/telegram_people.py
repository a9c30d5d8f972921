"""The people on the other side of the stand-in: robots that write, tap, share, block, and read what they got.

A robot has its private chat with one bot, and may be in groups.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from tests.standin.telegram_chats import Chat, Json, Message
from tests.standin.telegram_groups import BotIs, Group


class Line(Protocol):
    """What a person needs of the server: one bot, seen from its users."""

    now: Callable[[], datetime]

    @property
    def user(self) -> Json: ...

    def group(self, chat_id: int) -> Group: ...

    def push(self, kind: str, content: Json) -> int: ...

    def query_id(self) -> str: ...


class Person(Chat):
    """A robot in its private chat with one bot."""

    def __init__(self, line: Line, user_id: int, first_name: str, language: str) -> None:
        super().__init__(line)
        self.id, self.first_name, self.language = user_id, first_name, language
        self.username = ""  # none, as for many people
        self.actions: list[str] = []
        self.blocked = False
        self._line = line
        self._read = 0

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

    # ------------------------------------------------------------ what they do in groups

    def joins(self, group_id: int) -> None:
        """Joins a group: a service message, and a chat_member update where the bot is an administrator."""
        group = self._line.group(group_id)
        group.members.add(self.id)
        self._in_group(group, {"new_chat_members": [self.user]})
        self._moved(group, "left", "member")

    def leaves(self, group_id: int) -> None:
        """Leaves a group."""
        group = self._line.group(group_id)
        group.members.discard(self.id)
        self._in_group(group, {"left_chat_member": self.user})
        self._moved(group, "member", "left")

    def says_in(self, group_id: int, text: str, answers: int | None = None) -> int:
        """Writes in a group, which they join silently if they are not in there; returns the message's id.

        The bot hears all of it, as one with its privacy mode off or an administrator would.
        """
        group = self._line.group(group_id)
        group.members.add(self.id)
        answered = {"reply_to_message": self._answered(group, answers)} if answers is not None else {}
        message_id = self._in_group(group, {"text": text, **answered, **_command_entities(text)})
        group.own.append(message_id)
        group.said[message_id] = text
        return message_id

    def taps_in(self, group_id: int, label_or_data: str) -> str:
        """Taps a button in a group: of the latest message there that shows such a one; returns the query's id.

        Raises:
            AssertionError: no such button is shown.
        """
        group = self._line.group(group_id)
        group.members.add(self.id)
        for message in reversed(group.messages):
            shown = message.button(label_or_data)
            if shown is not None and shown.data is not None:
                return self._tap(message, shown.data, group)
        raise AssertionError(f"no button {label_or_data!r} in {group_id}; the last: {group.messages[-1:]}")

    def adds_bot(self, group_id: int, bot: BotIs = "member") -> None:
        """Adds the bot to a group, or makes it an administrator there, or a member again."""
        group = self._line.group(group_id)
        before, group.bot = group.bot, bot
        group.members.add(self.id)
        if before in ("left", "kicked"):
            self._in_group(group, {"new_chat_members": [self._line.user]})
        self._membership(before, bot, group)

    def removes_bot(self, group_id: int) -> None:
        """Removes the bot from a group."""
        group = self._line.group(group_id)
        before, group.bot = group.bot, "kicked" if group.kind == "supergroup" else "left"
        self._membership(before, group.bot, group)

    # ------------------------------------------------------------ what they get

    async def next_message(self, timeout: float = 30.0) -> Message:
        """The next message that was not yet read; raises TimeoutError after so many seconds."""
        async with asyncio.timeout(timeout):
            while self._read >= len(self.messages):
                self._arrived.clear()
                await self._arrived.wait()
        self._read += 1
        return self.messages[self._read - 1]

    @property
    def user(self) -> Json:
        """As the Bot API writes a User."""
        named = {"username": self.username} if self.username else {}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, "language_code": self.language, **named}

    @property
    def wire(self) -> Json:
        """As the Bot API writes the private Chat."""
        return {"id": self.id, "type": "private", "first_name": self.first_name}

    def _tap(self, message: Message, data: str, where: Chat | None = None) -> str:
        query_id, chat = self._line.query_id(), (where or self).wire
        carried = {"message_id": message.id, "date": self._date(), "chat": chat, "text": message.text or "-"}
        query = {"id": query_id, "from": self.user, "chat_instance": str(chat["id"]), "data": data, "message": carried}
        self._line.push("callback_query", query)
        return query_id

    def _sends(self, content: Json) -> int:
        message_id = self.next_id()
        self.own.append(message_id)
        self._line.push("message", {**self._message(message_id), **content})
        return message_id

    def _membership(self, old: str, new: str, where: Chat | None = None) -> None:
        """What became of the bot here, in the private chat or in a group."""
        self._line.push("my_chat_member", self._member_update(self._line.user, old, new, where or self))

    def _moved(self, group: Group, old: str, new: str) -> None:
        if group.bot == "administrator":
            self._line.push("chat_member", self._member_update(self.user, old, new, group))

    def _member_update(self, user: Json, old: str, new: str, where: Chat) -> Json:
        was, now = ({"user": user, "status": status, **_STATUS.get(status, {})} for status in (old, new))
        about = {"chat": where.wire, "from": self.user, "date": self._date()}
        return {**about, "old_chat_member": was, "new_chat_member": now}

    def _in_group(self, group: Group, content: Json) -> int:
        """A message in a group, told to the bot if it is in there."""
        message_id = group.next_id()
        if group.bot in ("member", "administrator"):
            about = {"message_id": message_id, "from": self.user, "chat": group.wire, "date": self._date()}
            self._line.push("message", {**about, **content})
        return message_id

    def _answered(self, group: Group, message_id: int) -> Json:
        message = group.find(message_id)
        sender, text = (self._line.user, message.text) if message else (self.user, group.said[message_id])
        about = {"message_id": message_id, "from": sender, "chat": group.wire, "date": self._date()}
        return {**about, "text": text or "-"}

    def _message(self, message_id: int) -> Json:
        return {"message_id": message_id, "from": self.user, "chat": self.wire, "date": self._date()}

    def _date(self) -> int:
        return int(self._line.now().timestamp())


def _command_entities(text: str) -> Json:
    if not text.startswith("/"):
        return {}
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]}


_STATUS: Json = {
    "kicked": {"until_date": 0},
    "administrator": {
        "can_be_edited": False,
        "is_anonymous": False,
        **dict.fromkeys(
            (
                "can_manage_chat",
                "can_delete_messages",
                "can_manage_video_chats",
                "can_restrict_members",
                "can_promote_members",
                "can_change_info",
                "can_invite_users",
                "can_post_stories",
                "can_edit_stories",
                "can_delete_stories",
                "can_pin_messages",
            ),
            True,
        ),
    },
}
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
