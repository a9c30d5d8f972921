"""Our blocks as HTML: everything escaped, a handful of tags, links to few schemes only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from bot.model import Block, Span

_SAFE_LINK = re.compile(r"(?:https?://|tel:|mailto:)[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_LISTS = {"bullet": "ul", "number": "ol"}


def to_html(blocks: Sequence[Block]) -> str:
    """The blocks as HTML that may go into a page as it is."""
    return "".join(_group(kind, list(group)) for kind, group in groupby(blocks, key=lambda block: block.kind))


def _group(kind: str, blocks: Sequence[Block]) -> str:
    match kind:
        case "bullet" | "number":
            tag = _LISTS[kind]
            start = f' start="{blocks[0].number}"' if kind == "number" and blocks[0].number > 1 else ""
            return f"<{tag}{start}>{_each('li', blocks)}</{tag}>"
        case "quote":
            return f"<blockquote>{_each('p', blocks)}</blockquote>"
        case _:
            return _each("p", blocks)


def _each(tag: str, blocks: Iterable[Block]) -> str:
    return "".join(f'<{tag} dir="auto">{"".join(map(_span, block.spans))}</{tag}>' for block in blocks)


def _span(span: Span) -> str:
    marked = escape(span.text).replace("\n", "<br>")
    if span.italic:
        marked = f"<em>{marked}</em>"
    if span.bold:
        marked = f"<strong>{marked}</strong>"
    if span.link and _SAFE_LINK.fullmatch(span.link):
        marked = f'<a href="{escape(span.link)}" target="_blank" rel="noopener noreferrer">{marked}</a>'
    return marked
