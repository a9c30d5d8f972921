"""Blocks as Telegram's HTML: nothing is lost, every part is valid by itself."""

import json

import pytest
import tdjson
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cleaning import clean
from adapters.cutting import units
from adapters.telegram.markup import LIMIT, keyboard, messages
from bot.errors import Rejected
from bot.model import Block, Button, Span

tdjson.td_execute(b'{"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}')


def parse(html: str) -> tuple[str, list[str]]:
    """The plain text and the entities that TDLib's own parser finds."""
    mode = {"@type": "textParseModeHTML"}
    request = {"@type": "parseTextEntities", "text": html, "parse_mode": mode}
    answer = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    assert answer["@type"] == "formattedText", answer
    kinds = [entity["type"]["@type"].removeprefix("textEntityType") for entity in answer["entities"]]
    return str(answer["text"]), kinds


def paragraph(*spans: Span) -> Block:
    return Block(spans)


texts = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["<b>", "&amp;", "😀" * 30, "word " * 30, "a.b. c", "\x00\ud800"]
)
links = st.none() | st.sampled_from(
    [
        "https://example.org/?a=1&b=2",
        'https://example.org/"><b>',
        "http://example.org",
        "tel:988",
        "javascript:x",
        "https:",
    ]
)
spans = st.builds(Span, texts, st.booleans(), st.booleans(), links)
blocks = st.lists(
    st.builds(
        Block,
        st.lists(spans, max_size=4).map(tuple),
        st.sampled_from(["paragraph", "bullet", "number", "quote"]),
        st.integers(1, 20),
    ),
    max_size=6,
)


def ink(text: str) -> str:
    return "".join(text.split())


@given(blocks, st.integers(20, 200))
@settings(deadline=None)
def test_any_text_survives_and_every_part_parses_and_fits(said: list[Block], limit: int) -> None:
    parts = [parse(part)[0] for part in messages(said, limit)]
    assert all(0 < units(part) <= limit and part.strip() for part in parts)
    whole = ink("".join(parts))
    at = 0
    for block in said:
        for span in block.spans:
            typed = ink(clean(span.text))
            assert typed in whole[at:]
            at = whole.index(typed, at) + len(typed)


@given(st.text(st.characters(), max_size=300), st.integers(10, 50))
@settings(deadline=None)
def test_a_plain_text_loses_nothing_but_control_characters(text: str, limit: int) -> None:
    parts = messages([paragraph(Span(text))], limit)
    assert ink("".join(parse(part)[0] for part in parts)) == ink(clean(text))


@pytest.mark.parametrize("unit", ["word ", "😀", "x", "<&>", "One sentence. "])
def test_a_text_of_ten_thousand_characters_is_cut_to_telegrams_limit(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    parts = [parse(part)[0] for part in messages([paragraph(Span(text, bold=True))])]
    assert ink("".join(parts)) == ink(text)
    assert max(map(units, parts)) <= LIMIT
    assert len(parts) <= units(text) / LIMIT * 2 + 1


def test_it_is_cut_between_paragraphs_first_then_sentences_then_words() -> None:
    two = [paragraph(Span("One. Two three four.")), paragraph(Span("Five six."))]
    assert messages(two, 26) == ["One. Two three four.", "Five six."]
    assert messages([paragraph(Span("One two three. Four five."))], 20) == ["One two three.", "Four five."]
    assert messages([paragraph(Span("one two three four"))], 10) == ["one two", "three four"]
    assert messages([paragraph(Span("abcdefghij"))], 4) == ["abcd", "efgh", "ij"]


def test_a_style_that_is_cut_goes_on_in_the_next_part() -> None:
    assert messages([paragraph(Span("one two", bold=True))], 4) == ["<b>one</b>", "<b>two</b>"]
    quote = Block((Span("one "), Span("two", italic=True)), "quote")
    assert messages([quote], 4) == ["<blockquote>one</blockquote>", "<blockquote><i>two</i></blockquote>"]


def test_blocks_look_like_what_they_are() -> None:
    said = [
        paragraph(Span("Today: "), Span("notice", bold=True)),
        Block((Span("one"),), "bullet"),
        Block((Span("two"),), "bullet"),
        Block((Span("first"),), "number", 1),
        Block((Span("She said\nthis"),), "quote"),
    ]
    assert messages(said) == [
        "Today: <b>notice</b>\n\n• one\n• two\n\n1. first\n\n<blockquote>She said\nthis</blockquote>"
    ]


@pytest.mark.parametrize(
    ("label", "link", "shown", "kinds"),
    [
        ("here", "https://example.org/?a=1&b=2", "here", ["TextUrl"]),
        ("call 988", "tel:988", "call 988", []),
        ("call us", "tel:988", "call us (988)", []),
        ("write", "mailto:a@example.org", "write (a@example.org)", ["EmailAddress"]),
        ("bad", "javascript:alert(1)", "bad", []),
        ("bad", 'https://example.org/"><b>x', "bad", ["TextUrl"]),
    ],
)
def test_only_links_that_work_in_telegram_become_links(label: str, link: str, shown: str, kinds: list[str]) -> None:
    (part,) = messages([paragraph(Span(label, link=link))])
    plain, found = parse(part)
    assert plain == shown
    assert [kind for kind in found if kind == "TextUrl"] == [kind for kind in kinds if kind == "TextUrl"]


def test_nothing_to_say_is_no_message() -> None:
    assert messages([]) == []
    assert messages([paragraph(Span(" \n\t\x00"))]) == []


def test_a_long_label_is_cut_and_an_empty_one_still_shows() -> None:
    markup = keyboard(((Button("1:a", "x" * 200), Button("1:b", "  ")),))
    assert markup is not None
    assert [button["text"] for button in markup["inline_keyboard"][0]] == ["x" * 63 + "…", "…"]


@pytest.mark.parametrize("data", ["", "é" * 33, "x" * 65])
def test_data_that_telegram_would_not_carry_is_our_fault(data: str) -> None:
    with pytest.raises(Rejected):
        keyboard(((Button(data, "label"),),))
