"""One bot of the stand-in: its updates, its people, and what its calls do to them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from tests.standin.telegram_checks import Params, Refused, parsed
from tests.standin.telegram_people import Json, Message, Person, Shown

USERNAME = "heartsease_bot"


class BotLine:
    """One bot. `pending` are updates that it has not confirmed; `unanswered` are taps that it has not acknowledged."""

    def __init__(self, token: str, now: Callable[[], datetime]) -> None:
        self.token, self.now = token, now
        self.people: dict[int, Person] = {}
        self.pending: deque[Json] = deque()
        self.arrived = asyncio.Event()
        self.polls = 0  # numbers the polls: an older one gives way to a newer
        self.webhook = ""
        self.secret = ""
        self.allowed: frozenset[str] | None = None
        self.commands: list[Json] = []
        self.unanswered: dict[str, Json] = {}
        self.group_messages: list[tuple[int, str]] = []
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
    chat_id = int(params["chat_id"])
    text, mode = params.get("text", params.get("caption", "")), params.get("parse_mode")
    plain = parsed(text, mode).strip()
    kind = next((kind for kind in ("photo", "document", "voice") if kind in params), "text")
    if chat_id < 0:
        line.group_messages.append((chat_id, plain))
        return _message(line, len(line.group_messages), {"id": chat_id, "type": "supergroup", "title": "-"}, plain)
    person = line.person(params)
    markup = json.loads(params.get("reply_markup") or "{}")
    asks = any(button.get("request_location") for row in markup.get("keyboard", []) for button in row)
    content = {"text": plain, "html": text, "kind": kind, "rows": _rows(params), "asks_location": asks}
    shown = person.receive(content)
    return _message(line, shown.id, person.chat, plain)


def _edit_text(line: BotLine, params: Params) -> Json:
    person, shown = _editable(line, params)
    plain, rows = parsed(params["text"], params.get("parse_mode")).strip(), _rows(params)
    if (plain, rows) == (shown.text, shown.rows):
        raise Refused("Bad Request: message is not modified")
    shown.text, shown.html, shown.rows, shown.edits = plain, params["text"], rows, shown.edits + 1
    person.changed()
    return _message(line, shown.id, person.chat, plain)


def _edit_keyboard(line: BotLine, params: Params) -> Json:
    person, shown = _editable(line, params)
    if (rows := _rows(params)) == shown.rows:
        raise Refused("Bad Request: message is not modified: specified new reply markup is exactly the same")
    shown.rows, shown.edits = rows, shown.edits + 1
    person.changed()
    return _message(line, shown.id, person.chat, shown.text)


def _editable(line: BotLine, params: Params) -> tuple[Person, Message]:
    person, number = line.person(params), int(params["message_id"])
    shown = person.find(number)
    if shown is None:
        why = "can't be edited" if number in person.own else "to edit not found"
        raise Refused(f"Bad Request: message {why}")
    return person, shown


def _react(line: BotLine, params: Params) -> bool:
    person, number = line.person(params), int(params["message_id"])
    if number not in person.own and person.find(number) is None:
        raise Refused("Bad Request: message to react not found")
    for reaction in json.loads(params.get("reaction", "[]")):
        person.reactions[number] = reaction["emoji"]
    person.changed()
    return True


def _answer_tap(line: BotLine, params: Params) -> bool:
    if line.unanswered.pop(params["callback_query_id"], None) is None:
        raise Refused("Bad Request: query is too old and response timeout expired or query ID is invalid")
    return True


def _act(line: BotLine, params: Params) -> bool:
    line.person(params).actions.append(params["action"])
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
    "setMessageReaction": _react,
    "answerCallbackQuery": _answer_tap,
    "sendChatAction": _act,
}

SPENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendVoice"})  # what counts against the limits
