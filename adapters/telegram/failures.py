"""What a failure of Telegram's means for a delivery: the one place that knows its error texts."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.errors import DeliveryError, Ignored, Moved, Rejected, Retry, Unreachable

INVALID_TOKEN_WAIT = 60.0  # seconds
UNKNOWN_WAIT = 1.0  # seconds; such a try counts, and the outbox lengthens the wait with every one

# Parts of a BadRequest's text, in lower case (github.com/tdlib/telegram-bot-api, Client.cpp).
_BAD_REQUESTS: tuple[tuple[str, type[DeliveryError]], ...] = (
    ("message is not modified", Ignored),
    ("message to edit not found", Ignored),
    ("message can't be edited", Ignored),
    ("there is no text in the message to edit", Ignored),
    ("message to react not found", Ignored),
    ("message to delete not found", Ignored),
    ("message can't be deleted", Ignored),
    ("message to pin not found", Ignored),
    ("message to unpin not found", Ignored),
    ("not enough rights to manage pinned messages", Ignored),
    ("not enough rights to pin", Ignored),
    ("chat_not_modified", Ignored),
    ("message_id_invalid", Ignored),
    ("reaction_invalid", Ignored),
    ("query is too old", Ignored),
    ("chat not found", Unreachable),
    ("user not found", Unreachable),
    ("peer_id_invalid", Unreachable),
    ("user is deactivated", Unreachable),
    ("have no rights to send", Unreachable),
)


def classified(error: TelegramError, scope: Literal["chat", "installation"] = "chat") -> DeliveryError:
    """The failure in our words. Never carries Telegram's text, which may quote what was sent."""
    match error:
        case RetryAfter():
            return Retry(_seconds(error.retry_after), scope)
        case Forbidden():  # blocked, kicked, deactivated, never started
            return Unreachable("forbidden")
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case InvalidToken():
            return Retry(INVALID_TOKEN_WAIT, "installation")
        case BadRequest():
            text = error.message.lower()
            kind, known = next(((kind, known) for known, kind in _BAD_REQUESTS if known in text), (Rejected, "refused"))
            return kind(known)
    return Retry(UNKNOWN_WAIT, scope, counts=True)


def trouble(error: Exception, failures: int) -> tuple[str, float]:
    """For who listens: a short code of what is wrong, and the seconds to wait after so many failures in a row."""
    growing = min(0.5 * 2 ** min(failures, 10), 30.0)
    match error:
        case RetryAfter():
            return "flood", _seconds(error.retry_after)
        case Conflict():
            return "conflict", max(growing, 5.0)
        case InvalidToken():
            return "invalid_token", INVALID_TOKEN_WAIT
        case BadRequest():
            return "refused", max(growing, 5.0)
        case TelegramError():
            return "unreachable", growing
    return "door", growing


def _seconds(wait: timedelta | int) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
