"""One bot of the stand-in: its updates, its people and groups, and what its calls do to them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.standin.telegram_chats import Attached, Chat, Json, Message, Shown
from tests.standin.telegram_checks import Params, Refused, parsed
from tests.standin.telegram_groups import Group
from tests.standin.telegram_people import Person

USERNAME = "heartsease_bot"
DELETABLE = timedelta(hours=48)  # https://core.telegram.org/bots/api#deletemessage


class BotLine:
    """One bot. `pending` are updates that it has not confirmed; `unanswered` are taps that it has not acknowledged."""

    def __init__(self, token: str, now: Callable[[], datetime]) -> None:
        self.token, self.now = token, now
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.pending: deque[Json] = deque()
        self.arrived = asyncio.Event()
        self.polls = 0  # numbers the polls: an older one gives way to a newer
        self.webhook = ""
        self.secret = ""
        self.allowed: frozenset[str] | None = None
        self.commands: list[Json] = []
        self.unanswered: dict[str, Json] = {}
        self._numbers = count(1000)

    @property
    def user(self) -> Json:
        """As the Bot API writes its User."""
        number = int(self.token.partition(":")[0])
        return {"id": number, "is_bot": True, "first_name": "Heartsease", "username": USERNAME}

    def push(self, kind: str, content: Json) -> int:
        """Queues an update of this kind, unless the bot does not want such; returns its number."""
        number = next(self._numbers)
        if self.allowed is None or kind in self.allowed:
            self.pending.append({"update_id": number, kind: content})
            if kind == "callback_query":
                self.unanswered[content["id"]] = content
            self.arrived.set()
        return number

    def query_id(self) -> str:
        """A callback query's id that was never used."""
        return f"q{next(self._numbers)}"

    def allow(self, params: Params) -> None:
        """Remembers which kinds of updates the bot wants, if it says so."""
        if "allowed_updates" in params:
            self.allowed = frozenset(json.loads(params["allowed_updates"])) or None

    def group(self, chat_id: int, title: str = "A group") -> Group:
        """The group with this id; made when first asked for, with the bot in it."""
        if chat_id not in self.groups:
            self.groups[chat_id] = Group(self, chat_id, title, "member")
        return self.groups[chat_id]

    @property
    def group_messages(self) -> list[tuple[int, str]]:
        """What the bot said in groups: their ids and the texts."""
        return [(group.id, message.text) for group in self.groups.values() for message in group.messages]

    def chat(self, params: Params) -> Chat:
        """Where a call is about.

        Raises:
            Refused: there is no such chat, or the bot is blocked or not in there.
        """
        chat_id = int(params["chat_id"])
        group = self.groups.get(chat_id)
        if group is None:
            return self.person(params)
        if group.moved_to is not None:
            why = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(why, migrate_to_chat_id=group.moved_to)
        if group.bot == "kicked":
            raise Refused(f"Forbidden: bot was kicked from the {group.kind} chat", 403)
        if group.bot == "left":
            raise Refused(f"Forbidden: bot is not a member of the {group.kind} chat", 403)
        return group

    def person(self, params: Params) -> Person:
        """Whom a call speaks to.

        Raises:
            Refused: there is no such chat, or the bot is blocked there.
        """
        person = self.people.get(int(params["chat_id"]))
        if person is None:
            raise Refused("Bad Request: chat not found")
        if person.blocked:
            raise Refused("Forbidden: bot was blocked by the user", 403)
        return person


def perform(line: BotLine, method: str, params: Params) -> Any:
    """Does what a call asks for and returns its result.

    Raises:
        Refused: as Telegram would.
    """
    action = _METHODS.get(method)
    if action is None:
        raise Refused("Not Found", 404)
    return action(line, params)


def _send(line: BotLine, params: Params) -> Json:
    chat, answers = line.chat(params), _answered(line, params)
    text, mode = params.get("text", params.get("caption", "")), params.get("parse_mode")
    plain = parsed(text, mode).strip()
    kind = next((kind for kind in ("photo", "document", "voice") if kind in params), "text")
    sent = params.get(kind)
    markup = json.loads(params.get("reply_markup") or "{}")
    asks = any(button.get("request_location") for row in markup.get("keyboard", []) for button in row)
    content = {"text": plain, "html": text, "kind": kind, "rows": _rows(params), "asks_location": asks}
    shown = chat.receive({**content, "answers": answers, "file": sent if isinstance(sent, Attached) else None})
    return _message(line, shown.id, chat.wire, plain)


def _answered(line: BotLine, params: Params) -> int | None:
    """The message that is replied to; None where it is gone and need not be there."""
    reply = json.loads(params.get("reply_parameters") or "{}")
    if not reply:
        return None
    chat, number = line.chat(params), int(reply["message_id"])
    if number in chat.own or chat.find(number) is not None:
        return number
    if not reply.get("allow_sending_without_reply"):
        raise Refused("Bad Request: message to be replied not found")
    return None


def _edit_text(line: BotLine, params: Params) -> Json:
    chat, shown = _editable(line, params)
    if shown.kind != "text":
        raise Refused("Bad Request: there is no text in the message to edit")
    plain, rows = parsed(params["text"], params.get("parse_mode")).strip(), _rows(params)
    if (plain, rows) == (shown.text, shown.rows):
        raise Refused("Bad Request: message is not modified")
    shown.text, shown.html, shown.rows, shown.edits = plain, params["text"], rows, shown.edits + 1
    chat.changed()
    return _message(line, shown.id, chat.wire, plain)


def _edit_keyboard(line: BotLine, params: Params) -> Json:
    chat, shown = _editable(line, params)
    if (rows := _rows(params)) == shown.rows:
        raise Refused("Bad Request: message is not modified: specified new reply markup is exactly the same")
    shown.rows, shown.edits = rows, shown.edits + 1
    chat.changed()
    return _message(line, shown.id, chat.wire, shown.text)


def _editable(line: BotLine, params: Params) -> tuple[Chat, Message]:
    chat, number = line.chat(params), int(params["message_id"])
    shown = chat.find(number)
    if shown is None:
        why = "can't be edited" if number in chat.own else "to edit not found"
        raise Refused(f"Bad Request: message {why}")
    return chat, shown


def _delete(line: BotLine, params: Params) -> bool:
    """The bot's own messages of the last two days. Others' it could delete as an administrator, and must not."""
    chat, number = line.chat(params), int(params["message_id"])
    shown = chat.find(number)
    if shown is None:
        why = "can't be deleted" if number in chat.own else "to delete not found"
        raise Refused(f"Bad Request: message {why}")
    if line.now() - shown.at > DELETABLE:
        raise Refused("Bad Request: message can't be deleted for everyone")
    chat.lose(shown)
    return True


def _pin(line: BotLine, params: Params) -> bool:
    chat, number = _pinnable(line, params, "pin")
    if number not in chat.pins:
        chat.pins.append(number)
    return True


def _unpin(line: BotLine, params: Params) -> bool:
    """One that is not pinned is taken out without a word."""
    chat, number = _pinnable(line, params, "unpin")
    if number in chat.pins:
        chat.pins.remove(number)
    return True


def _pinnable(line: BotLine, params: Params, what: str) -> tuple[Chat, int]:
    chat, number = line.chat(params), int(params["message_id"])
    if isinstance(chat, Group) and chat.bot != "administrator":
        raise Refused("Bad Request: not enough rights to manage pinned messages in the chat")
    if number not in chat.own and chat.find(number) is None:
        raise Refused(f"Bad Request: message to {what} not found")
    return chat, number


def _react(line: BotLine, params: Params) -> bool:
    chat, number = line.chat(params), int(params["message_id"])
    if number not in chat.own and chat.find(number) is None:
        raise Refused("Bad Request: message to react not found")
    for reaction in json.loads(params.get("reaction", "[]")):
        chat.reactions[number] = reaction["emoji"]
    chat.changed()
    return True


def _answer_tap(line: BotLine, params: Params) -> bool:
    if line.unanswered.pop(params["callback_query_id"], None) is None:
        raise Refused("Bad Request: query is too old and response timeout expired or query ID is invalid")
    return True


def _act(line: BotLine, params: Params) -> bool:
    chat = line.chat(params)
    if isinstance(chat, Person):
        chat.actions.append(params["action"])
    return True


def _set_webhook(line: BotLine, params: Params) -> bool:
    line.webhook, line.secret = params.get("url", ""), params.get("secret_token", "")
    line.allow(params)
    line.arrived.set()
    return True


def _delete_webhook(line: BotLine, params: Params) -> bool:
    line.webhook = ""
    if params.get("drop_pending_updates") == "true":
        line.pending.clear()
    line.arrived.set()
    return True


def _set_commands(line: BotLine, params: Params) -> bool:
    line.commands = json.loads(params["commands"])
    return True


def _webhook_info(line: BotLine, _: Params) -> Json:
    return {"url": line.webhook, "has_custom_certificate": False, "pending_update_count": len(line.pending)}


def _rows(params: Params) -> list[list[Shown]]:
    rows = json.loads(params.get("reply_markup") or "{}").get("inline_keyboard", [])
    return [[Shown(button["text"], button.get("callback_data")) for button in row] for row in rows]


def _message(line: BotLine, message_id: int, chat: Json, text: str) -> Json:
    date = int(line.now().timestamp())
    return {"message_id": message_id, "date": date, "chat": chat, "from": line.user, "text": text or "-"}


_METHODS: Mapping[str, Callable[[BotLine, Params], Any]] = {
    "getMe": lambda line, _: line.user,
    "getWebhookInfo": _webhook_info,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "setMyCommands": _set_commands,
    "getMyCommands": lambda line, _: line.commands,
    "sendMessage": _send,
    "sendPhoto": _send,
    "sendDocument": _send,
    "sendVoice": _send,
    "editMessageText": _edit_text,
    "editMessageReplyMarkup": _edit_keyboard,
    "deleteMessage": _delete,
    "pinChatMessage": _pin,
    "unpinChatMessage": _unpin,
    "setMessageReaction": _react,
    "answerCallbackQuery": _answer_tap,
    "sendChatAction": _act,
}

SPENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendVoice"})  # what counts against the limits
