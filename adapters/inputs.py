"""What people type and tap on the platforms that are our own: the browser and the terminal. Pure."""

from __future__ import annotations

import re

from bot.model import ChoiceMade, MessageReceived

TEXT_LIMIT = 8000  # characters in one message; Telegram's limit is 4,096

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_TAPPED = re.compile(r"([0-9]{1,12}):(.+)", re.DOTALL)


def clean(text: str) -> str:
    """Trimmed, without control characters (line breaks and tabs stay) and lone surrogates, which storage refuses."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def choice_made(data: str, ref: str | None) -> ChoiceMade | MessageReceived | None:
    """What a button's data ("<question's number>:<choice>", or a command) means; None if no button of ours has that."""
    if data.startswith("/"):
        return MessageReceived(data)
    tapped = _TAPPED.fullmatch(data)
    return ChoiceMade(tapped[2], int(tapped[1]), ref=ref) if tapped else None
