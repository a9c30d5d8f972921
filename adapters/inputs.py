"""What people type and tap, as far as it is the same on every platform. Pure."""

from __future__ import annotations

import re

from adapters.cleaning import clean
from bot.model import ChoiceMade, MessageReceived

TEXT_LIMIT = 8000  # characters in one message to a platform of our own; Telegram's limit is 4,096

_TAPPED = re.compile(r"([0-9]{1,12}):(.+)", re.DOTALL)


def choice_made(data: str, ref: str | None) -> ChoiceMade | MessageReceived | None:
    """What a button's data ("<question's number>:<choice>", or a command) means; None if no button of ours has that."""
    data = clean(data)
    if data.startswith("/"):
        return MessageReceived(data)
    tapped = _TAPPED.fullmatch(data)
    return ChoiceMade(tapped[2], int(tapped[1]), ref=ref) if tapped else None
