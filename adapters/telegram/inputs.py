"""What a Telegram update means to us. Pure."""

from __future__ import annotations

import re

from telegram.constants import ChatMemberStatus, ChatType, MessageAttachmentType, MessageType

from adapters.cleaning import clean
from adapters.inputs import choice_made
from adapters.telegram.groups import GROUPS, Raw, of_group
from bot.model import Changed, ChoiceMade, Incoming, Input, LocationShared, MessageReceived, Origin

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")

_ADDRESSED = re.compile(r"(/\w+)@(\w+)")
_KINDS = frozenset(map(str, MessageAttachmentType)) | {"checklist"}


def to_incoming(installation: str, update: Raw, username: str = "") -> Incoming | None:
    """What a Telegram update means to us; None for what is not for us (most of groups, channels, other bots).

    `username` is the bot's own, so that "/today@our_bot" is "/today". What is not as the Bot API says raises a
    KeyError, TypeError, ValueError or AttributeError. PTB's objects would cost a tenth of an update's time.
    """
    chat, user = _whereabouts(update)
    if chat is not None and chat["type"] in GROUPS:
        return of_group(installation, update, username)
    given = _given(update, username)
    if given is None or user is None or user["is_bot"] or chat is None or chat["type"] != ChatType.PRIVATE:
        return None
    return Incoming(
        origin=Origin(installation, str(chat["id"])),
        key=str(update["update_id"]),
        given=given,
        first_name=clean(user["first_name"]),
        language=str(user.get("language_code") or ""),
        handle=str(user.get("username") or ""),
    )


def group_called(update: Raw, username: str) -> int | None:
    """The group in which somebody wrote /start or mentioned us, who speak in private only; None otherwise."""
    if (message := update.get("message")) is None or message["chat"]["type"] not in GROUPS:
        return None
    user = message.get("from")
    if user is None or user["is_bot"]:
        return None
    words = (message.get("text") or "").lower().split()
    own = username.lower()
    started = bool(words) and words[0] in ("/start", f"/start@{own}")
    mentioned = bool(own) and any(word.strip(".,:;!?") == f"@{own}" for word in words)
    return int(message["chat"]["id"]) if started or mentioned else None


def _whereabouts(update: Raw) -> tuple[Raw | None, Raw | None]:
    """The chat and the user of an update; a tap tells of its chat by the message that has the button."""
    match update:
        case {"callback_query": tap}:
            return (tap["message"]["chat"] if "message" in tap else None), tap["from"]
        case {"message": about} | {"edited_message": about} | {"my_chat_member": about} | {"chat_member": about}:
            return about["chat"], about.get("from")
    return None, None


def _given(update: Raw, username: str) -> Input | None:
    match update:
        case {"callback_query": query}:
            return _choice(query)
        case {"my_chat_member": change}:
            return _changed(change)
        case {"message": message}:
            return _message(message, username, edited=False)
        case {"edited_message": message}:
            return _message(message, username, edited=True)
    return None


def _message(message: Raw, username: str, *, edited: bool) -> Input | None:
    ref = str(message["message_id"])
    if (text := message.get("text")) is not None:
        return MessageReceived(_unaddressed(clean(text), username), edited=edited, ref=ref)
    if place := message.get("location"):  # a live location is edited every few seconds: the first is enough
        return None if edited else LocationShared(float(place["latitude"]), float(place["longitude"]))
    kind = next((str(each) for each in MessageType if message.get(each)), "")
    if kind in _KINDS:
        return MessageReceived(clean(message.get("caption") or ""), kind=kind, edited=edited, ref=ref)
    return None


def _choice(query: Raw) -> ChoiceMade | MessageReceived | None:
    if (message := query.get("message")) is None:
        return None
    return choice_made(query.get("data") or "", str(message["message_id"]))


def _changed(change: Raw) -> Changed | None:
    match change["new_chat_member"]["status"]:
        case ChatMemberStatus.BANNED:  # "kicked": in a private chat, blocked
            return Changed("blocked")
        case ChatMemberStatus.MEMBER:
            return Changed("came_back")
    return None


def _unaddressed(text: str, username: str) -> str:
    addressed = _ADDRESSED.match(text)
    if addressed is None or addressed[2].lower() != username.lower():
        return text
    return addressed[1] + text[addressed.end() :]
