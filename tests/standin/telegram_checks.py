"""What Telegram would refuse, by its published description, PTB's constants, TDLib's parser and the limits."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tdjson
from telegram.constants import (
    BotCommandLimit,
    CallbackQueryLimit,
    ChatAction,
    InlineKeyboardButtonLimit,
    InlineKeyboardMarkupLimit,
    MessageLimit,
    ReactionEmoji,
)

from tests.standin.telegram_chats import Attached

SPEC = Path(__file__).resolve().parents[3] / "shared" / "telegram-bot-api.json"
Params = Mapping[str, str]

REACTIONS = frozenset(map(str, ReactionEmoji))
_ACTIONS = frozenset(map(str, ChatAction))
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
tdjson.td_execute(b'{"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}')  # it writes to stderr else
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Refused(Exception):
    """Telegram says no: status, description and parameters of its answer."""

    def __init__(self, description: str, status: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.description, self.status, self.parameters = description, status, parameters


# ---------------------------------------------------------------- the published description


@cache
def specification() -> Mapping[str, Any] | None:
    """The Bot API's methods and types; None (and a note) where the file is not there."""
    if not SPEC.exists():
        print(f"note: {SPEC} is absent, calls are checked against python-telegram-bot only", file=sys.stderr)
        return None
    described: Mapping[str, Any] = json.loads(SPEC.read_text())
    return described


def check_described(method: str, params: Params) -> None:
    """Every parameter is one of the method's, of its type, and none that is required is missing."""
    spec = specification()
    if spec is None:
        return
    if method not in spec["methods"]:
        raise Refused("Not Found: method not found", 404)
    fields = spec["methods"][method].get("fields", [])
    _check_fields(spec, method, fields, {name: _decoded(fields, name, value) for name, value in params.items()})


def _decoded(fields: list[Any], name: str, value: str) -> Any:
    """A parameter arrives as text: JSON where its type is not a string."""
    types = next((each["types"] for each in fields if each["name"] == name), ["String"])
    if "String" in types or "InputFile" in types:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused(f"Bad Request: can't parse {name} JSON object") from None


def _check_fields(spec: Mapping[str, Any], where: str, fields: list[Any], values: Mapping[str, Any]) -> None:
    known = {each["name"]: each for each in fields}
    for name, each in known.items():
        if each["required"] and name not in values:
            raise Refused(f"Bad Request: {where}: parameter {name} is required")
    for name, value in values.items():
        if name not in known:
            raise Refused(f"Bad Request: {where}: there is no parameter {name}")
        if not any(_is(spec, kind, value) for kind in known[name]["types"]):
            raise Refused(f"Bad Request: {where}: parameter {name} must be {' or '.join(known[name]['types'])}")


def _is(spec: Mapping[str, Any], kind: str, value: Any) -> bool:
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(_is(spec, kind.removeprefix("Array of "), each) for each in value)
    match kind:
        case "String" | "InputFile":
            return isinstance(value, str)
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "Boolean" | "True":
            return isinstance(value, bool)
    described = spec["types"].get(kind, {})
    if "subtypes" in described:
        return any(_is(spec, each, value) for each in described["subtypes"])
    if not isinstance(value, dict):
        return False
    try:
        _check_fields(spec, kind, described.get("fields", []), value)
    except Refused:
        return False
    return True


# ---------------------------------------------------------------- texts and keyboards


def parsed(text: str, parse_mode: str | None) -> str:
    """The plain text that TDLib's own parser makes of it."""
    if parse_mode is None:
        return text
    if parse_mode.upper() != "HTML":
        raise Refused("Bad Request: unsupported parse_mode")
    request = {"@type": "parseTextEntities", "text": text, "parse_mode": {"@type": "textParseModeHTML"}}
    answer = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    if answer.get("@type") == "error":
        raise Refused(f"Bad Request: {answer['message'].lower()}")
    return str(answer["text"])


def check_text(plain: str, limit: int = MessageLimit.MAX_TEXT_LENGTH) -> None:
    """Neither empty nor too long, in UTF-16 units after parsing."""
    if not plain.strip():
        raise Refused("Bad Request: message text is empty")
    if len(plain.encode("utf-16-le")) // 2 > limit:
        raise Refused("Bad Request: message is too long")


def check_keyboard(reply_markup: str | None) -> None:
    """Labels, data and sizes of an inline keyboard, labels of a reply keyboard."""
    markup = json.loads(reply_markup) if reply_markup else {}
    rows = markup.get("inline_keyboard", [])
    if sum(map(len, rows)) > InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER:
        raise Refused("Bad Request: reply markup is too long")
    for button in (button for row in rows for button in row):
        data, url = button.get("callback_data"), button.get("url")
        if data is None and url is None:
            raise Refused("Bad Request: text buttons are unallowed in the inline keyboard")
        if url is not None and not url.startswith(("https://", "http://", "tg://")):
            raise Refused("Bad Request: inline keyboard button URL is invalid")
        if data is not None and not 1 <= len(data.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
            raise Refused("Bad Request: BUTTON_DATA_INVALID")
    for row in [*rows, *markup.get("keyboard", [])]:
        if not row or any(not button.get("text", "").strip() for button in row):
            raise Refused("Bad Request: reply markup has an empty row or label")
        if len(row) > InlineKeyboardMarkupLimit.BUTTONS_PER_ROW:
            raise Refused("Bad Request: a row of the reply markup is too long")


def _check_commands(params: Params) -> None:
    commands = json.loads(params.get("commands", "[]"))
    if len(commands) > BotCommandLimit.MAX_COMMAND_NUMBER:
        raise Refused("Bad Request: BOT_COMMANDS_TOO_MUCH")
    for each in commands:
        if not _COMMAND.fullmatch(each["command"]):
            raise Refused("Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(each["description"]) <= BotCommandLimit.MAX_DESCRIPTION:
            raise Refused("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")


def _check_message(params: Params) -> None:
    check_text(parsed(params.get("text", ""), params.get("parse_mode")))
    check_keyboard(params.get("reply_markup"))


def _check_media(params: Params) -> None:
    caption = params.get("caption")
    if caption is not None:
        check_text(parsed(caption, params.get("parse_mode")), MessageLimit.CAPTION_LENGTH)
    check_keyboard(params.get("reply_markup"))


def _check_document(params: Params) -> None:
    _check_media(params)
    file = params.get("document")
    if not file or (isinstance(file, Attached) and not file.content):
        raise Refused("Bad Request: file must be non-empty")


def _check_reaction(params: Params) -> None:
    reactions = json.loads(params.get("reaction", "[]"))
    if len(reactions) > 1 or any(each.get("emoji") not in REACTIONS for each in reactions):
        raise Refused("Bad Request: REACTION_INVALID")


def _check_answer(params: Params) -> None:
    if len(params.get("text", "")) > CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH:
        raise Refused("Bad Request: MESSAGE_TOO_LONG")


def _check_action(params: Params) -> None:
    if params.get("action") not in _ACTIONS:
        raise Refused("Bad Request: wrong parameter action in request")


def _check_webhook(params: Params) -> None:
    url = params.get("url", "")
    if not url.startswith(("https://", "http://127.0.0.1")):
        raise Refused("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if "secret_token" in params and not _SECRET.fullmatch(params["secret_token"]):
        raise Refused("Bad Request: secret token contains unallowed characters")


_BY_METHOD: Mapping[str, Callable[[Params], None]] = {
    "sendMessage": _check_message,
    "editMessageText": _check_message,
    "editMessageReplyMarkup": lambda params: check_keyboard(params.get("reply_markup")),
    "sendPhoto": _check_media,
    "sendDocument": _check_document,
    "sendVoice": _check_media,
    "setMyCommands": _check_commands,
    "setMessageReaction": _check_reaction,
    "answerCallbackQuery": _check_answer,
    "sendChatAction": _check_action,
    "setWebhook": _check_webhook,
}


def check(method: str, params: Params) -> None:
    """All that can be said of a call without knowing its chat.

    Raises:
        Refused: Telegram would not take it.
    """
    check_described(method, params)
    if method in _BY_METHOD:
        _BY_METHOD[method](params)


# ---------------------------------------------------------------- limits


@dataclass(slots=True)
class Limits:
    """Messages a second for the bot and for a private chat (with a burst), and a minute for a group."""

    rate: float = 30.0
    chat_rate: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    _all: deque[float] = field(init=False, default_factory=deque)
    _chats: dict[int, float] = field(init=False, default_factory=dict)  # when each chat's bucket is full again
    _groups: dict[int, deque[float]] = field(init=False, default_factory=lambda: defaultdict(deque))

    @classmethod
    def raised(cls) -> Limits:
        """Those of a server that does not mind."""
        return cls(rate=1e6, chat_rate=1e6, chat_burst=1000, group_per_minute=1_000_000)

    def spend(self, chat_id: int, now: float) -> None:
        """Counts a message at `now`, in monotonic seconds.

        Raises:
            Refused: with 429 and the seconds to wait; the message does not count.
        """
        _forget(self._all, now - 1.0)
        full_at = max(self._chats.get(chat_id, now), now)
        gap = 1.0 / self.chat_rate
        wait = full_at - now - (self.chat_burst - 1) * gap
        group = self._groups[chat_id] if chat_id < 0 else None
        if group is not None:
            _forget(group, now - 60.0)
            wait = group[0] + 60.0 - now if len(group) >= self.group_per_minute else 0.0
        if len(self._all) >= self.rate:
            wait = max(wait, self._all[0] + 1.0 - now)
        if wait > 1e-9:
            seconds = max(1, math.ceil(wait))
            raise Refused(f"Too Many Requests: retry after {seconds}", 429, retry_after=seconds)
        self._all.append(now)
        self._chats[chat_id] = full_at + gap
        if group is not None:
            group.append(now)


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
