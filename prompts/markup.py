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
LISTED = re.compile(r"\n[ \t>]*([-+*]|\d{1,9}[.)])(\s|$)")  # "^" would be tried at every character

_parser = MarkdownIt("zero").enable(["emphasis", "link", "list", "blockquote", "newline", "escape", "entity"])


def placeholder(index: int) -> str:
    """The mark for the typed text number `index`."""
    return PLACE + chr(FIRST + index)


def blocks(markdown: str, typed: Sequence[str] = ()) -> tuple[Block, ...]:
    """The blocks of a text, each placeholder replaced by what was typed, as it was typed."""
    found: list[Block] = []
    for part in _parts(markdown):
        whole = _parsed(part)
        found += [_with_typed(block, typed) for block in whole] if PLACE in part else whole
    return tuple(found)


def parse(markdown: str) -> tuple[Block, ...]:
    """The blocks of a text with its placeholders still in."""
    return tuple(block for part in _parts(markdown) for block in _parsed(part))


def _parts(markdown: str) -> Sequence[str]:
    """The paragraphs of a text, or all of it: a list may go on behind an empty line."""
    return [markdown] if LISTED.search("\n" + markdown) else markdown.split("\n\n")


@lru_cache(maxsize=4096)
def _parsed(markdown: str) -> tuple[Block, ...]:
    """Kept: texts for many readers are put together from the same paragraphs, in more ways than could be kept."""
    return tuple(_blocks(_parser.parse(markdown)))


def plain(text: Sequence[Block]) -> str:
    """The words alone, for logs of a rehearsal, screen readers and length checks."""
    return "\n\n".join(_marker(block) + "".join(span.text for span in block.spans) for block in text)


def _marker(block: Block) -> str:
    return {"bullet": "• ", "number": f"{block.number}. ", "quote": "> "}.get(block.kind, "")


def _with_typed(block: Block, typed: Sequence[str]) -> Block:
    spans = [part for span in block.spans for part in (_filled(span, typed) if PLACE in span.text else (span,))]
    return Block(tuple(spans), block.kind, block.number)


def _filled(span: Span, typed: Sequence[str]) -> list[Span]:
    parts = PLACEHOLDER.split(span.text)
    parts[1::2] = [typed[ord(part) - FIRST] for part in parts[1::2]]
    return [Span(part, span.bold, span.italic, span.link) for part in parts if part]


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    """Walks the parser's flat list of tokens; `around` is what each paragraph stands in, innermost last."""
    around: list[Block] = []
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                around.append(Block((), "bullet"))
            case "ordered_list_open":
                around.append(Block((), "number", int(token.attrs.get("start", 1)) - 1))
            case "blockquote_open":
                around.append(Block((), "quote"))
            case "bullet_list_close" | "ordered_list_close" | "blockquote_close":
                around.pop()
            case "list_item_open":
                around[-1] = replace(around[-1], number=around[-1].number + (around[-1].kind == "number"))
            case "inline":
                spans = tuple(_spans(token.children or ()))
                yield replace(around[-1], spans=spans) if around else Block(spans)


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
