"""Our blocks as Block Kit. Rich text, not mrkdwn: it has no escapes, so what people typed could become markup there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from bot.errors import Rejected
from bot.model import Block, Button, Span

Json = dict[str, Any]

BLOCK_TEXT = 3000  # UTF-16 units in one block, https://docs.slack.dev/reference/block-kit/blocks/section-block
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 12_000  # units in a message: Slack answers msg_blocks_too_long from about 13,200
FALLBACK = 4000  # units of `text`, https://docs.slack.dev/reference/methods/chat.postMessage
LABEL = 75
ROW = 25  # elements of an actions block
VALUE = 2000
DATA = 64  # bytes; our own limit (bot.model.Button)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")
_BORDERS = (re.compile(r"(?<=[.!?…])\s|\n"), re.compile(r"\s"))
_EMOJI = {
    "❤": "heart",
    "🙏": "pray",
    "👍": "+1",
    "🌱": "seedling",
    "🌿": "herb",
    "☀": "sunny",
    "🤗": "hugging_face",
    "👏": "clap",
    "🕊": "dove_of_peace",
    "🔥": "fire",
    "✍": "writing_hand",
}


def clean(text: str) -> str:
    """Without control characters (line breaks and tabs stay) and lone surrogates: JSON readers choke on those."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def units(text: str) -> int:
    """Its length in UTF-16 code units: the strictest way to count it."""
    return len(text) + sum(char > "\uffff" for char in text)


def escaped(text: str) -> str:
    """For a message's `text`: the three characters that Slack's control sequences need."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """The other way round; `&amp;lt;` is what somebody typed as `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain_text(text: str, most: int = LABEL) -> Json:
    """A text object in which nothing is markup, cut to `most` characters; never empty."""
    line = " ".join(clean(text).split()) or "…"
    if units(line) > most:
        line = line[: _fits(line, most - 1)].rstrip() + "…"
    return {"type": "plain_text", "text": line, "emoji": False}


def reaction(emoji: str) -> str | None:
    """Slack's name of an emoji; None for one that we do not know."""
    return _EMOJI.get(emoji.replace("\ufe0f", ""))


# ---------------------------------------------------------------- text


@dataclass(frozen=True, slots=True)
class Part:
    """One message's worth of text: its blocks, and the same as plain text for notifications."""

    blocks: tuple[Json, ...]
    text: str


def parts(said: Sequence[Block], most_blocks: int = MESSAGE_BLOCKS, most_text: int = MESSAGE_TEXT) -> list[Part]:
    """The text, cut into messages that hold Slack's limits. No text gives no parts."""
    found: list[list[tuple[Json, str]]] = []
    room = 0
    for block, text in _rich(said):
        if not found or len(found[-1]) == most_blocks or units(text) > room:
            found.append([])
            room = most_text
        found[-1].append((block, text))
        room -= units(text)
    return [Part(tuple(block for block, _ in one), _fallback([text for _, text in one])) for one in found]


def text_blocks(said: Sequence[Block]) -> list[Json]:
    """The text as blocks, however many."""
    return [block for block, _ in _rich(said)]


def _fallback(texts: Sequence[str]) -> str:
    whole = "\n\n".join(texts)
    return escaped(whole if units(whole) <= FALLBACK else whole[: _fits(whole, FALLBACK - 1)] + "…")


def _rich(said: Sequence[Block]) -> Iterator[tuple[Json, str]]:
    """Rich text blocks, each with its plain text: a paragraph or quote, or a list with as many items as fit."""
    for kind, group in groupby((block for block in said if _has_ink(block)), key=lambda block: block.kind):
        pieces = [(block, piece) for block in group for piece in _cut(_spans(block))]
        if kind not in ("bullet", "number"):
            for _, spans in pieces:
                element = "rich_text_quote" if kind == "quote" else "rich_text_section"
                yield _block({"type": element, "elements": [_element(span) for span in spans]}), _plain(spans)
            continue
        while pieces:
            fitting = _fitting([units(_plain(spans)) for _, spans in pieces])
            items, pieces = pieces[:fitting], pieces[fitting:]
            yield _block(_list(kind, items)), "\n".join(_item_text(block, spans) for block, spans in items)


def _has_ink(block: Block) -> bool:
    return any(span.text.strip() for span in _spans(block))


def _block(element: Json) -> Json:
    return {"type": "rich_text", "elements": [element]}


def _list(kind: str, items: Sequence[tuple[Block, Sequence[Span]]]) -> Json:
    sections = [{"type": "rich_text_section", "elements": [_element(span) for span in spans]} for _, spans in items]
    if kind == "bullet":
        return {"type": "rich_text_list", "style": "bullet", "elements": sections}
    start = max(items[0][0].number - 1, 0)
    return {"type": "rich_text_list", "style": "ordered", "elements": sections, **({"offset": start} if start else {})}


def _item_text(block: Block, spans: Sequence[Span]) -> str:
    return f"{block.number}. {_plain(spans)}" if block.kind == "number" else f"• {_plain(spans)}"


def _fitting(lengths: Sequence[int]) -> int:
    """How many items one list takes: at least one."""
    total = 0
    for count, length in enumerate(lengths):
        total += length + 8  # its number or bullet
        if total > BLOCK_TEXT and count:
            return count
    return len(lengths)


def _element(span: Span) -> Json:
    style = {name: True for name, wanted in (("bold", span.bold), ("italic", span.italic)) if wanted}
    element: Json = {"type": "text", "text": span.text}
    if span.link:
        element = {"type": "link", "url": span.link, "text": span.text}
    return {**element, "style": style} if style else element


def _spans(block: Block) -> tuple[Span, ...]:
    return tuple(span for span in map(_linked, block.spans) if span.text)


def _linked(span: Span) -> Span:
    """Only web links are links; a telephone number or mail address is said in the text."""
    text, link = _BLANK_LINES.sub("\n\n", clean(span.text)), clean(span.link or "").strip()
    scheme, _, rest = link.partition(":")
    match scheme.lower():
        case "http" | "https" if rest.strip("/") and len(link) <= BLOCK_TEXT:
            return replace(span, text=text if text.strip() else link, link=link)
        case "tel" | "mailto" if rest and rest not in text:
            return replace(span, text=f"{text} ({rest})" if text.strip() else rest, link=None)
    return replace(span, text=text, link=None)


def _plain(spans: Sequence[Span]) -> str:
    return "".join(span.text for span in spans)


def _cut(spans: Sequence[Span], limit: int = BLOCK_TEXT - 16) -> Iterator[tuple[Span, ...]]:
    """The spans in pieces of at most `limit` units: between sentences where it can, else between words.

    White space at a piece's ends belongs to none.
    """
    plain, start = _plain(spans), 0
    while start < len(plain):
        if plain[start].isspace():
            start += 1
            continue
        end = start + _fits(plain[start:], limit)
        if end < len(plain):
            end = _border(plain, start, end)
        yield tuple(_slice(spans, start, start + len(plain[start:end].rstrip())))
        start = end


def _fits(text: str, limit: int) -> int:
    """The furthest end such that text[:end] has at most `limit` units."""
    end = min(len(text), limit)
    while (over := units(text[:end]) - limit) > 0:
        end -= max(1, over // 2)
    return end


def _border(plain: str, start: int, end: int) -> int:
    """The best place to cut at or before `end`: one that leaves a piece at least half full, the coarsest first."""
    least = start + (end - start) // 2
    for border in _BORDERS:
        if found := [match.start() for match in border.finditer(plain, least, end + 2) if match.start() <= end]:
            return found[-1]
    return end


def _slice(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in spans:
        low, high = max(start - at, 0), min(end - at, len(span.text))
        if low < high:
            yield replace(span, text=span.text[low:high])
        at += len(span.text)


# ---------------------------------------------------------------- buttons


def button(label: str, value: str, action_id: str) -> Json:
    """A button. Raises Rejected where Slack would refuse its value."""
    if not 1 <= len(value) <= VALUE:
        raise Rejected("a button's value must have 1 to 2000 characters")
    return {"type": "button", "text": plain_text(label), "value": value, "action_id": action_id}


def actions(rows: Sequence[Sequence[Button]], prefix: str = "b") -> list[Json]:
    """The buttons, a row a block; empty rows left out, long ones broken. Their ids are unique under one prefix.

    Raises:
        Rejected: a button's data is empty or longer than 64 bytes.
    """
    found: list[Json] = []
    for row in rows:
        for at in range(0, len(row), ROW):
            elements = []
            for place, each in enumerate(row[at : at + ROW]):
                if not 1 <= len(each.data.encode()) <= DATA:
                    raise Rejected("a button's data must have 1 to 64 bytes")
                elements.append(button(each.label, each.data, f"{prefix}{len(found)}.{place}"))
            found.append({"type": "actions", "elements": elements})
    return found


def closed(blocks: Sequence[Json], rows: Sequence[Sequence[Button]]) -> list[Json]:
    """A message's blocks with its buttons replaced by what was chosen."""
    kept = [block for block in blocks if block.get("type") not in ("actions", "context")]
    labels = [plain_text(each.label) for row in rows for each in row]
    return [*kept, {"type": "context", "elements": labels[:10]}] if labels else kept
