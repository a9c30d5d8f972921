"""Our blocks as Telegram's HTML, cut into messages; our buttons as inline keyboards."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from adapters.cleaning import clean
from adapters.cutting import BORDERS, PARAGRAPHS, between, cuts
from bot.errors import Rejected
from bot.model import Block, Button, Span

LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)  # UTF-16 units, after entities parsing
CAPTION = int(MessageLimit.CAPTION_LENGTH)
LABEL = 64  # characters; Telegram has no documented limit, and phones show fewer
DATA = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA)  # bytes

Markup = Mapping[str, Any]  # what stands below a message, as the Bot API's JSON has it

_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    link: str | None = None
    quote: bool = False

    def html(self) -> str:
        """Escaped and tagged; the quote is a matter of several pieces."""
        marked = html.escape(self.text)
        if self.italic:
            marked = f"<i>{marked}</i>"
        if self.bold:
            marked = f"<b>{marked}</b>"
        return f'<a href="{html.escape(self.link)}">{marked}</a>' if self.link else marked


def messages(blocks: Sequence[Block], limit: int = LIMIT) -> list[str]:
    """The blocks as HTML, in parts of at most `limit` UTF-16 units once parsed; each part is valid by itself.

    Cuts between paragraphs where it can, else between sentences, else between words. No text gives no parts.
    """
    pieces = list(_pieces(blocks))
    plain = "".join(piece.text for piece in pieces)
    parts = cuts(plain, limit, (PARAGRAPHS, *BORDERS))
    return ["".join(_html(between(pieces, start, end))) for start, end in parts]


def keyboard(rows: Sequence[Sequence[Button]]) -> Markup | None:
    """The buttons as an inline keyboard; None where there are none, empty rows left out.

    Raises:
        Rejected: a button's data is empty or longer than 64 bytes.
    """
    filled = [[_button(button) for button in row] for row in rows if row]
    return {"inline_keyboard": filled} if filled else None


def _button(button: Button) -> Mapping[str, str]:
    if not 1 <= len(button.data.encode()) <= DATA:
        raise Rejected("a button's data must have 1 to 64 bytes")
    label = " ".join(clean(button.label).split()) or "…"
    if len(label) > LABEL:
        label = label[: LABEL - 1].rstrip() + "…"
    return {"text": label, "callback_data": button.data}


def _pieces(blocks: Sequence[Block]) -> Iterator[_Piece]:
    before: Block | None = None
    for block in blocks:
        spans = [_piece(span) for span in block.spans]
        if not any(piece.text.strip() for piece in spans):
            continue
        if before is not None:
            tight = block.kind == before.kind and block.kind in ("bullet", "number")
            yield _Piece("\n" if tight else "\n\n")
        if block.kind == "bullet":
            yield _Piece("• ")
        elif block.kind == "number":
            yield _Piece(f"{block.number}. ")
        yield from (replace(piece, quote=True) for piece in spans) if block.kind == "quote" else spans
        before = block


def _piece(span: Span) -> _Piece:
    """TDLib's parser drops tel: links and breaks mailto: ones, but clients find numbers and addresses in the text."""
    text = _BLANK_LINES.sub("\n\n", clean(span.text))
    if not span.link:
        return _Piece(text, span.bold, span.italic)
    link = clean(span.link).strip()
    scheme, _, rest = link.partition(":")
    match scheme.lower():
        case "http" | "https":
            return _Piece(text, span.bold, span.italic, link)
        case "tel" | "mailto" if rest and rest not in text:
            return _Piece(f"{text} ({rest})" if text.strip() else rest, span.bold, span.italic)
        case _:
            return _Piece(text, span.bold, span.italic)


def _html(pieces: Iterable[_Piece]) -> Iterator[str]:
    for quoted, group in groupby(pieces, key=lambda piece: piece.quote):
        inner = "".join(piece.html() for piece in group)
        yield f"<blockquote>{inner}</blockquote>" if quoted else inner
