"""What a Telegram group's updates mean to us: a command, who comes and goes, what happens to the group. Pure.

All that is said there is none of our business, and with privacy mode on Telegram does not even bring it.
"""

from __future__ import annotations

from telegram import ChatMember, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from adapters.telegram.markup import clean
from bot.model import Changed, Incoming, Input, MessageReceived, Origin

GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
COMMAND = "/cohort"

_GONE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


def of_group(installation: str, update: Update, username: str) -> Incoming | None:
    """None for what is not for us. Who writes the command, or leaves, is known by their private chat's id: their own.

    Telegram tells of everybody's coming and going only where we are an administrator, or the group is small.
    """
    found = _occurrence(update, username)
    if found is None:
        return None
    who, given, user = found
    incoming = Incoming(Origin(installation, str(who)), str(update.update_id), given)
    if user is None:
        return incoming
    return Incoming(
        incoming.origin,
        incoming.key,
        given,
        first_name=clean(user.first_name),
        language=str(user.language_code or ""),
        handle=str(user.username or ""),
    )


def _occurrence(update: Update, username: str) -> tuple[int, Input, User | None] | None:
    """Whom it concerns (a person or the group), what it is, and the person if they wrote."""
    if update.my_chat_member is not None:
        return _of_ours(update.my_chat_member)
    if update.chat_member is not None:
        return _of_somebody(update.chat_member)
    return _of_message(update.message, username) if update.message is not None else None


def _of_ours(change: ChatMemberUpdated) -> tuple[int, Input, None]:
    """What happened to ourselves."""
    there = _is_there(change.new_chat_member)
    return change.chat.id, Changed("came_back", "invited") if there else Changed("kicked", "removed"), None


def _of_somebody(change: ChatMemberUpdated) -> tuple[int, Input, None] | None:
    user, there = change.new_chat_member.user, _is_there(change.new_chat_member)
    if user.is_bot or there is _is_there(change.old_chat_member):
        return None
    return user.id, Changed("came_back" if there else "left", str(change.chat.id)), None


def _of_message(message: Message, username: str) -> tuple[int, Input, User | None] | None:
    """A command, or what Telegram itself writes into the group."""
    chat, left, author = message.chat, message.left_chat_member, message.from_user
    if message.migrate_to_chat_id is not None:
        return chat.id, Changed("moved", str(message.migrate_to_chat_id)), None
    if left is not None:
        return None if left.is_bot else (left.id, Changed("left", str(chat.id)), None)
    words = (message.text or "").split()
    called = bool(words) and words[0].lower() in (COMMAND, f"{COMMAND}@{username.lower()}")
    if not called or author is None or author.is_bot:  # somebody who is anonymous there writes as a bot
        return None
    return author.id, MessageReceived(COMMAND, chat=str(chat.id)), author


def _is_there(member: ChatMember) -> bool:
    return member.status not in _GONE and getattr(member, "is_member", True) is not False
