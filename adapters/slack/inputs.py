"""What Slack sends us means to the coach. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.cleaning import clean
from adapters.inputs import choice_made
from adapters.slack.markup import DATA, drawn, unescaped
from adapters.slack.views import asked_in, picked, submitted
from bot.model import Changed, ChoiceMade, FormSubmitted, Input, MessageReceived

COMMAND = "/heartsease"
KEEP_GRATITUDE = "keep_gratitude"  # the message shortcut's callback id, and the form's
TODAY = "today"  # the global shortcut's
SHOW, WRITE, PICK = "show:", "write:", "pick:"  # how the action ids of our own buttons begin

_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]*)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<#\w+\|([^>]*)>")
_OF_A_VIEW = ("view_submission", "view_closed")
_TYPED = (None, "file_share", "me_message", "thread_broadcast")  # subtypes of what people write themselves


@dataclass(frozen=True, slots=True)
class Heard:
    """An input, who (or which channel) it came from, and its key: the same for every retry of Slack's."""

    platform_id: str
    key: str
    given: Input


def heard(body: Mapping[str, Any], me: str = "") -> Heard | None:
    """What a payload means; None for what is not for us. `me` is our own user id."""
    kind = body.get("type") or ("command" if "command" in body else "")
    user = _user(body)
    match kind:
        case "event_callback":
            return _event(body, body.get("event") or {}, me)
        case "command":
            given: Input | None = _command(body)
        case "block_actions":
            given = _action(body)
        case "view_submission":
            given = _form(body)
        case "view_closed":
            given = _shut(body)
        case "message_action" if body.get("callback_id") == KEEP_GRATITUDE:
            text = typed((body.get("message") or {}).get("text") or "")
            given = FormSubmitted(KEEP_GRATITUDE, {"text": text}) if text else None
        case "shortcut" if body.get("callback_id") == TODAY:
            given = MessageReceived(f"/{TODAY}")
        case _:
            given = None
    return Heard(user, key_of(body), given) if given is not None and user else None


def typed(text: str) -> str:
    """A message's text as its author typed it: Slack escapes characters, wraps links, spells emoji."""
    text = _LINK.sub(lambda link: link[2] or link[1].removeprefix("mailto:").removeprefix("tel:"), text)
    return clean(drawn(unescaped(_CHANNEL.sub(r"#\1", text)))).strip()


def zone_of(user: Mapping[str, Any]) -> str:
    """The IANA zone of a profile; empty if there is none."""
    return str(user.get("tz") or "")


# ---------------------------------------------------------------- events


def _event(body: Mapping[str, Any], event: Mapping[str, Any], me: str) -> Heard | None:
    found, key = _occurrence(event, me), key_of(body)
    return Heard(found[0], key, found[1]) if found and found[0] and key else None


def _occurrence(event: Mapping[str, Any], me: str) -> tuple[str, Input] | None:
    kind, channel = event.get("type"), event.get("channel")
    who = event.get("user")
    match kind:
        case "message" if event.get("channel_type") == "im":
            return _message(event, me)
        case "user_change" if isinstance(who, Mapping):
            return _profile(who)
        case "member_joined_channel" | "member_left_channel" if isinstance(channel, str) and isinstance(who, str):
            joined = kind == "member_joined_channel"
            if who == me:
                return channel, Changed("came_back", "invited") if joined else Changed("kicked", "removed")
            return who, Changed("came_back" if joined else "left", channel)
        case "channel_left" | "group_left" if isinstance(channel, str):
            return channel, Changed("kicked", "removed")
        case "channel_archive" | "group_archive" | "channel_deleted" | "group_deleted" if isinstance(channel, str):
            return channel, Changed("kicked", "archived" if "archive" in str(kind) else "deleted")
        case "channel_unarchive" | "group_unarchive" if isinstance(channel, str):
            return channel, Changed("came_back", "unarchived")
    return None  # a renamed channel keeps its id, and we know channels by that


def _message(event: Mapping[str, Any], me: str) -> tuple[str, Input] | None:
    edited = event.get("subtype") == "message_changed"
    message = event.get("message") or {} if edited else event
    who = message.get("user")
    if message.get("subtype") not in _TYPED or message.get("bot_id") or not isinstance(who, str) or who == me:
        return None
    if edited and message.get("text") == (event.get("previous_message") or {}).get("text"):
        return None  # Slack added a link's preview
    text = typed(message.get("text") or "")
    kind = "file" if message.get("files") else "text" if text else "other"  # forwarded, without a word of their own
    return who, MessageReceived(text, kind=kind, edited=edited, ref=_ref(message.get("ts")))


def _ref(ts: object) -> str | None:
    """A message's id; None for what could not be one, which storage would refuse again and again."""
    return clean(ts) if isinstance(ts, str) else None


def _profile(user: Mapping[str, Any]) -> tuple[str, Input] | None:
    who = user.get("id")
    if not isinstance(who, str) or user.get("is_bot"):
        return None
    if user.get("deleted"):
        return who, Changed("deactivated")
    return who, Changed("moved_zone", zone_of(user))


# ---------------------------------------------------------------- commands, buttons, forms


def _user(body: Mapping[str, Any]) -> str:
    user = body.get("user")
    return str((user.get("id") if isinstance(user, Mapping) else user) or body.get("user_id") or "")


def _command(body: Mapping[str, Any]) -> Input | None:
    """`chat` is the channel in which it was typed, unless that was a direct message."""
    if body.get("command") != COMMAND:
        return None
    words = typed(str(body.get("text") or "")).lstrip("/").strip()
    channel = str(body.get("channel_id") or "")
    return MessageReceived(f"/{words or 'help'}", chat=channel if channel[:1] in ("C", "G") else "")


def action_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one thing that was tapped or picked."""
    actions = body.get("actions") or [{}]
    return actions[0] if isinstance(actions[0], Mapping) else {}


def _action(body: Mapping[str, Any]) -> Input | None:
    action = action_of(body)
    name, value = str(action.get("action_id") or ""), picked(action)
    if name.startswith(WRITE) or not value:
        return None
    if name.startswith(SHOW):  # opens by itself; what was asked for is asked again where it is no longer at hand
        value = value.partition(":")[2]
    ref = _ref((body.get("container") or {}).get("message_ts"))
    if name.startswith(PICK):
        return ChoiceMade(value, int(name.removeprefix(PICK) or 0), ref=ref)
    return choice_made(value, ref)


def data_of(given: Input) -> str:
    """The button's data that would ask for the same: a command without its words, for those may be private.

    Empty for what no button can say.
    """
    match given:
        case ChoiceMade(choice=choice, asked=asked):
            return f"{asked}:{choice}"
        case MessageReceived(text=text) if text.startswith("/"):
            return text.split()[0][:DATA]
    return ""


def _form(body: Mapping[str, Any]) -> Input | None:
    found = submitted(body.get("view") or {})
    return FormSubmitted(found[0], found[2], found[1]) if found else None


def _shut(body: Mapping[str, Any]) -> Input | None:
    asked = asked_in(body.get("view") or {})
    return Changed("shut", str(asked)) if asked is not None else None


def key_of(body: Mapping[str, Any]) -> str:
    """The same for every retry. Of what has no event id: a digest, since keys are stored and platform ids are not."""
    if body.get("type") == "event_callback":
        return str(body.get("event_id") or "")
    action, view = action_of(body), body.get("view") or {}
    parts = [body.get("type"), _user(body), action.get("action_id"), action.get("action_ts"), body.get("action_ts")]
    parts += [view.get("id"), view.get("hash")] if body.get("type") in _OF_A_VIEW else [body.get("trigger_id")]
    return hashlib.sha256("|".join(str(part or "") for part in parts).encode()).hexdigest()[:40]
