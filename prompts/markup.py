"""Markdown's small subset (bold, italic, lists, quotes, links) -> platform-neutral blocks.

What people typed never passes the parser: it stands in the text as an opaque placeholder and becomes a plain span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.model import Block, Span

# Two private-use characters mark a place, the second says which; curriculum and prompts never contain them.
PLACE = "\ue000"
FIRST = 0xE100
PLACEHOLDER = re.compile(f"{PLACE}([\\ue100-\\uf8ff])")

_parser = MarkdownIt("zero").enable(["emphasis", "link", "list", "blockquote", "newline", "escape", "entity"])


def placeholder(index: int) -> str:
    """The mark for the typed text number `index`."""
    return PLACE + chr(FIRST + index)


def blocks(markdown: str, typed: Sequence[str] = ()) -> tuple[Block, ...]:
    """The blocks of a text, each placeholder replaced by what was typed, as it was typed."""
    parsed = parse(markdown)
    if not typed:
        return parsed
    return tuple(replace(b, spans=tuple(s for span in b.spans for s in _filled(span, typed))) for b in parsed)


@lru_cache(maxsize=4096)
def parse(markdown: str) -> tuple[Block, ...]:
    """The blocks of a text with its placeholders still in; the same for all its readers, so kept."""
    return tuple(_blocks(_parser.parse(markdown)))


def plain(text: Sequence[Block]) -> str:
    """The words alone, for logs of a rehearsal, screen readers and length checks."""
    return "\n\n".join(_marker(block) + "".join(span.text for span in block.spans) for block in text)


def _marker(block: Block) -> str:
    return {"bullet": "• ", "number": f"{block.number}. ", "quote": "> "}.get(block.kind, "")


def _filled(span: Span, typed: Sequence[str]) -> Iterator[Span]:
    if PLACE not in span.text:
        yield span
        return
    for n, part in enumerate(PLACEHOLDER.split(span.text)):
        text = typed[ord(part) - FIRST] if n % 2 else part
        if text:
            yield replace(span, text=text)


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    lists: list[tuple[str, int]] = []
    quoted = 0
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                lists.append(("bullet", 0))
            case "ordered_list_open":
                lists.append(("number", int(token.attrs.get("start", 1)) - 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open" if lists:
                lists[-1] = (lists[-1][0], lists[-1][1] + 1)
            case "blockquote_open":
                quoted += 1
            case "blockquote_close":
                quoted -= 1
            case "inline":
                spans = tuple(_spans(token.children or ()))
                if lists and lists[-1][0] == "bullet":
                    yield Block(spans, "bullet")
                elif lists:
                    yield Block(spans, "number", lists[-1][1])
                else:
                    yield Block(spans, "quote" if quoted else "paragraph")


def _spans(tokens: Sequence[Token]) -> Iterator[Span]:
    style = Span("")
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                style = replace(style, bold=token.type == "strong_open")
            case "em_open" | "em_close":
                style = replace(style, italic=token.type == "em_open")
            case "link_open":
                style = replace(style, link=str(token.attrs["href"]))
            case "link_close":
                style = replace(style, link=None)
            case "softbreak" | "hardbreak":
                yield replace(style, text="\n")
            case _ if token.content:
                yield replace(style, text=token.content)
