"""What a Telegram group's updates mean to us: a command, who comes and goes, what happens to the group. Pure.

All that is said there is none of our business, and with privacy mode on Telegram does not even bring it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telegram.constants import ChatMemberStatus, ChatType

from adapters.cleaning import clean
from bot.model import Changed, Incoming, Input, MessageReceived, Origin

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
COMMAND = "/cohort"

_GONE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

Raw = Mapping[str, Any]  # an object of the Bot API's, as its JSON has it


def of_group(installation: str, update: Raw, username: str) -> Incoming | None:
    """None for what is not for us. Who writes the command, or leaves, is known by their private chat's id: their own.

    Telegram tells of everybody's coming and going only where we are an administrator, or the group is small.
    """
    found = _occurrence(update, username)
    if found is None:
        return None
    who, given, user = found
    incoming = Incoming(Origin(installation, str(who)), str(update["update_id"]), given)
    if user is None:
        return incoming
    return Incoming(
        incoming.origin,
        incoming.key,
        given,
        first_name=clean(user["first_name"]),
        language=str(user.get("language_code") or ""),
        handle=str(user.get("username") or ""),
    )


def _occurrence(update: Raw, username: str) -> tuple[int, Input, Raw | None] | None:
    """Whom it concerns (a person or the group), what it is, and the person if they wrote."""
    match update:
        case {"my_chat_member": change}:
            return _of_ours(change)
        case {"chat_member": change}:
            return _of_somebody(change)
        case {"message": message}:
            return _of_message(message, username)
    return None


def _of_ours(change: Raw) -> tuple[int, Input, None]:
    """What happened to ourselves."""
    there = _is_there(change["new_chat_member"])
    return change["chat"]["id"], Changed("came_back", "invited") if there else Changed("kicked", "removed"), None


def _of_somebody(change: Raw) -> tuple[int, Input, None] | None:
    user, there = change["new_chat_member"]["user"], _is_there(change["new_chat_member"])
    if user["is_bot"] or there is _is_there(change["old_chat_member"]):
        return None
    return user["id"], Changed("came_back" if there else "left", str(change["chat"]["id"])), None


def _of_message(message: Raw, username: str) -> tuple[int, Input, Raw | None] | None:
    """A command, or what Telegram itself writes into the group."""
    chat, left, author = message["chat"]["id"], message.get("left_chat_member"), message.get("from")
    if (new := message.get("migrate_to_chat_id")) is not None:
        return chat, Changed("moved", str(new)), None
    if left is not None:
        return None if left["is_bot"] else (left["id"], Changed("left", str(chat)), None)
    words = (message.get("text") or "").split()
    called = bool(words) and words[0].lower() in (COMMAND, f"{COMMAND}@{username.lower()}")
    if not called or author is None or author["is_bot"]:  # somebody who is anonymous there writes as a bot
        return None
    return author["id"], MessageReceived(COMMAND, chat=str(chat)), author


def _is_there(member: Raw) -> bool:
    return member["status"] not in _GONE and member.get("is_member", True) is not False
