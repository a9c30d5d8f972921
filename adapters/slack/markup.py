"""Our blocks as Block Kit. Rich text, not mrkdwn: it has no escapes, so what people typed could become markup there."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.emoji import Emoji

from adapters.cleaning import clean
from adapters.cutting import between, cuts, fits, units
from bot.errors import Rejected
from bot.model import Block, Button, Span

Json = dict[str, Any]

BLOCK_TEXT = 3000  # UTF-16 units in one block, https://docs.slack.dev/reference/block-kit/blocks/section-block
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_SIZE = 10_000  # characters of a message's blocks as JSON: github.com/slackapi/bolt-js/issues/2867
FALLBACK = 4000  # units of `text`, https://docs.slack.dev/reference/methods/chat.postMessage
LABEL = 75
ROW = 25  # elements of an actions block
VALUE = 2000
DATA = 64  # bytes; our own limit (bot.model.Button)

_SHADE = re.compile(r":skin-tone-[2-6]:")
_BLANK_LINES = re.compile(r"\n{3,}")
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


def escaped(text: str) -> str:
    """For a message's `text`: the three characters that Slack's control sequences need."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """The other way round; `&amp;lt;` is what somebody typed as `&lt;`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def drawn(text: str) -> str:
    """With emoji as characters: Slack sends ":heart:", which would stay these letters in rich text."""
    return Emoji.replace(_SHADE.sub("", text))


def plain_text(text: str, most: int = LABEL) -> Json:
    """A text object in which nothing is markup, cut to `most` characters; never empty."""
    line = " ".join(clean(text).split()) or "…"
    if units(line) > most:
        line = line[: fits(line, most - 1)].rstrip() + "…"
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


def parts(said: Sequence[Block], most_blocks: int = MESSAGE_BLOCKS) -> list[Part]:
    """The text, cut into messages that hold Slack's limits. No text gives no parts."""
    found: list[list[tuple[Json, str]]] = []
    room = 0
    for block, text in _rich(said):
        size = units(json.dumps(block, ensure_ascii=False))
        if not found or len(found[-1]) == most_blocks or size > room:
            found.append([])
            room = MESSAGE_SIZE
        found[-1].append((block, text))
        room -= size
    return [Part(tuple(block for block, _ in one), _fallback([text for _, text in one])) for one in found]


def text_blocks(said: Sequence[Block]) -> list[Json]:
    """The text as blocks, however many."""
    return [block for block, _ in _rich(said)]


def _fallback(texts: Sequence[str]) -> str:
    whole = "\n\n".join(texts)
    return escaped(whole if units(whole) <= FALLBACK else whole[: fits(whole, FALLBACK - 1)] + "…")


def _rich(said: Sequence[Block]) -> Iterator[tuple[Json, str]]:
    """Rich text blocks, each with its plain text: a paragraph or quote, or a list with as many items as fit."""
    items: list[tuple[Block, tuple[Span, ...]]] = []
    for block in said:
        if not _has_ink(block):
            continue
        first, *rest = _cut(_spans(block))
        if items and not _goes_on(items, block, first):
            yield _list(items)
            items = []
        if block.kind in ("bullet", "number"):
            items.append((block, first))
            if not rest:
                continue
            yield _list(items)  # what does not fit into the item goes on below it
            items = []
        else:
            yield _paragraph(block, first)
        yield from (_paragraph(block, spans) for spans in rest)
    if items:
        yield _list(items)


def _goes_on(items: Sequence[tuple[Block, tuple[Span, ...]]], block: Block, spans: Sequence[Span]) -> bool:
    """Whether a block is the next item of a list: Slack numbers items itself, one after the other."""
    last, length = items[-1][0], sum(units(_plain(each)) for _, each in items) + units(_plain(spans))
    return (
        block.kind == last.kind and (block.kind == "bullet" or block.number == last.number + 1) and length <= BLOCK_TEXT
    )


def _has_ink(block: Block) -> bool:
    return any(span.text.strip() for span in _spans(block))


def _paragraph(block: Block, spans: Sequence[Span]) -> tuple[Json, str]:
    kind = "rich_text_quote" if block.kind == "quote" else "rich_text_section"
    return _block({"type": kind, "elements": [_element(span) for span in spans]}), _plain(spans)


def _list(items: Sequence[tuple[Block, Sequence[Span]]]) -> tuple[Json, str]:
    first = items[0][0]
    sections = [{"type": "rich_text_section", "elements": [_element(span) for span in spans]} for _, spans in items]
    element: Json = {"type": "rich_text_list", "style": "bullet", "elements": sections}
    if first.kind == "number":
        element |= {"style": "ordered", **({"offset": first.number - 1} if first.number > 1 else {})}
    marks = (f"{block.number}. " if block.kind == "number" else "• " for block, _ in items)
    return _block(element), "\n".join(mark + _plain(spans) for mark, (_, spans) in zip(marks, items, strict=True))


def _block(element: Json) -> Json:
    return {"type": "rich_text", "elements": [element]}


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
    """The spans in pieces of at most `limit` units."""
    for start, end in cuts(_plain(spans), limit):
        yield tuple(between(spans, start, end))


# ---------------------------------------------------------------- commands


def command_names(commands: Collection[str]) -> re.Pattern[str] | None:
    """Matches these words after a slash that begins a word."""
    names = "|".join(sorted(map(re.escape, commands), key=len, reverse=True))
    return re.compile(rf"(?<![\w/.:])/({names})(?![\w/])") if names else None


def with_commands(said: Sequence[Block], names: re.Pattern[str] | None) -> Sequence[Block]:
    """The text with its commands as Slack knows them: it would run "/help" itself, and refuses "/journal"."""
    if names is None:
        return said
    return [replace(block, spans=tuple(_commanding(span, names) for span in block.spans)) for block in said]


def _commanding(span: Span, names: re.Pattern[str]) -> Span:
    return span if span.link else replace(span, text=names.sub(r"/heartsease \1", span.text))


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
