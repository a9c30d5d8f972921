"""What a Telegram update means to us. Pure."""

from __future__ import annotations

import re

from telegram import ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType, MessageAttachmentType
from telegram.helpers import effective_message_type

from adapters.telegram.groups import GROUPS, of_group
from adapters.telegram.markup import clean
from bot.model import Changed, ChoiceMade, Incoming, Input, LocationShared, MessageReceived, Origin

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")

_TAPPED = re.compile(r"([0-9]{1,12}):(.+)", re.DOTALL)
_ADDRESSED = re.compile(r"(/\w+)@(\w+)")
_KINDS = frozenset(map(str, MessageAttachmentType)) | {"checklist"}


def to_incoming(installation: str, update: Update, username: str = "") -> Incoming | None:
    """What a Telegram update means to us; None for what is not for us (most of groups, channels, other bots).

    `username` is the bot's own, so that "/today@our_bot" is "/today".
    """
    if update.effective_chat is not None and update.effective_chat.type in GROUPS:
        return of_group(installation, update, username)
    chat, user, given = update.effective_chat, update.effective_user, _given(update, username)
    if given is None or user is None or user.is_bot or chat is None or chat.type != ChatType.PRIVATE:
        return None
    return Incoming(
        origin=Origin(installation, str(chat.id)),
        key=str(update.update_id),
        given=given,
        first_name=clean(user.first_name),
        language=str(user.language_code or ""),
        handle=str(user.username or ""),
    )


def group_called(update: Update, username: str) -> int | None:
    """The group in which somebody wrote /start or mentioned us, who speak in private only; None otherwise."""
    message, chat = update.message, update.effective_chat
    if message is None or chat is None or chat.type not in GROUPS or _is_bot(message.from_user):
        return None
    words = (message.text or "").lower().split()
    own = username.lower()
    started = bool(words) and words[0] in ("/start", f"/start@{own}")
    mentioned = bool(own) and any(word.strip(".,:;!?") == f"@{own}" for word in words)
    return chat.id if started or mentioned else None


def _given(update: Update, username: str) -> Input | None:
    if update.callback_query is not None:
        return _choice(update)
    if update.my_chat_member is not None:
        return _changed(update.my_chat_member)
    if update.message is not None:
        return _message(update.message, username, edited=False)
    if update.edited_message is not None:
        return _message(update.edited_message, username, edited=True)
    return None


def _message(message: Message, username: str, *, edited: bool) -> Input | None:
    kind = "text" if message.text is not None else str(effective_message_type(message) or "")
    ref = str(message.message_id)
    if kind == "text":
        return MessageReceived(_unaddressed(clean(message.text or ""), username), edited=edited, ref=ref)
    if message.location is not None:  # a live location is edited every few seconds: the first is enough
        return None if edited else LocationShared(float(message.location.latitude), float(message.location.longitude))
    if kind in _KINDS:
        return MessageReceived(clean(message.caption or ""), kind=kind, edited=edited, ref=ref)
    return None


def _choice(update: Update) -> ChoiceMade | MessageReceived | None:
    query = update.callback_query
    if query is None or query.message is None:
        return None
    if (data := clean(query.data or "")).startswith("/"):
        return MessageReceived(data)
    if (tapped := _TAPPED.fullmatch(data)) is None:
        return None
    return ChoiceMade(tapped[2], int(tapped[1]), ref=str(query.message.message_id))


def _changed(member: ChatMemberUpdated) -> Changed | None:
    match member.new_chat_member.status:
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


def _is_bot(user: User | None) -> bool:
    return user is None or user.is_bot
