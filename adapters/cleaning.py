"""What no text holds on its way in or out, on any platform. Pure."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    """Without control characters (line breaks and tabs stay) and lone surrogates, which UTF-8 and storage refuse."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
