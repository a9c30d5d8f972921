"""Markdown to blocks: paragraphs are parsed each by itself, and the outcome is that of the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prompts.markup import _parsed, blocks, parse, placeholder

PIECES = (
    "hello *you*", "**bold**", "> quote", "> quote\n> more", "- item", "  - inner", "1. first", "2) second", "10.", "+",
    "two\nlines", "  indented", "    far", "*open", "close*", "[a](https://a.b)", "\\- no list", "&amp;", "a - b",
)  # fmt: skip
GAPS = ("\n", "\n\n", "\n\n\n", "\n \n", "\n\t\n", " ")


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=8))
def test_paragraph_by_paragraph_gives_what_the_whole_gives(parts: list[tuple[str, str]]) -> None:
    text = "".join(piece + gap for piece, gap in parts)
    assert parse(text) == _parsed(text)


def test_what_was_typed_is_in_every_paragraph_as_it_was_typed() -> None:
    said = blocks(f"Dear {placeholder(0)},\n\n*you wrote* {placeholder(1)}", ["*A*na", "1. \n\nx"])
    assert ["".join(span.text for span in block.spans) for block in said] == ["Dear *A*na,", "you wrote 1. \n\nx"]
