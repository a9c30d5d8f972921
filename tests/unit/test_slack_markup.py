"""Blocks as Block Kit: nothing is lost, nothing typed is markup, every message holds Slack's limits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cleaning import clean
from adapters.cutting import units
from adapters.slack import views
from adapters.slack.markup import (
    Json,
    actions,
    closed,
    command_names,
    escaped,
    parts,
    plain_text,
    reaction,
    unescaped,
    with_commands,
)
from adapters.slack.words import Words
from bot.errors import Rejected
from bot.model import Block, Button, Field, Form, Reply, Span
from tests.standin.slack_checks import Refused, check_message, check_view
from tests.standin.slack_messages import reading, unescape

texts = st.text(st.characters(), max_size=80) | st.sampled_from(
    ["<!channel>", "<@U1> &amp;", "*b* _i_ ~s~ `c`", "😀" * 30, "word " * 900, "a.b. c", "\x00\ud800", ":smile:"]
)
links = st.none() | st.sampled_from(
    ["https://example.org/?a=1&b=2", "https://x/|<!here>", "http://x", "tel:988", "javascript:x", "https:", "https://"]
)
spans = st.builds(Span, texts, st.booleans(), st.booleans(), links)
blocks = st.lists(
    st.builds(
        Block,
        st.lists(spans, max_size=4).map(tuple),
        st.sampled_from(["paragraph", "bullet", "number", "quote"]),
        st.integers(1, 20),
    ),
    max_size=8,
)
labels = st.text(st.characters(), max_size=200)
data = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16)
rows = st.lists(st.lists(st.builds(Button, data, labels), max_size=30).map(tuple), max_size=6).map(tuple)


def ink(text: str) -> str:
    return "".join(text.split())


def message(blocks: tuple[Json, ...], text: str) -> Json:
    return {"channel": "D1", "text": text, "blocks": list(blocks)}


@given(blocks, st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_any_text_survives_and_every_message_is_taken(said: list[Block], most: int) -> None:
    found = parts(said, most)
    for part in found:
        assert 1 <= len(part.blocks) <= most
        check_message(message(part.blocks, part.text))
        assert ink(unescape(part.text).removesuffix("…")) in ink(reading(part.blocks))
    whole, at = ink("".join(reading(part.blocks) for part in found)), 0
    for block in said:
        for span in block.spans:
            written = ink(clean(span.text))
            assert written in whole[at:]
            at = whole.index(written, at) + len(written)


@given(rows)
@settings(deadline=None, max_examples=60)
def test_any_buttons_are_taken(rows: tuple[tuple[Button, ...], ...]) -> None:
    found = actions(rows)
    check_message({"channel": "D1", "text": "x", "blocks": found})
    values = [element["value"] for block in found for element in block["elements"]]
    assert values == [button.data for row in rows for button in row]


def test_a_modal_says_its_question_once() -> None:
    question = Block((Span("What would you "), Span("put", bold=True), Span(" on it?")))
    asked = (Block((Span("An empty page."),)), question)
    form = Form("write", "Your words", (Field("text", "What would you put on it?"),))
    view = views.modal(Words(), Reply(text=asked, form=form))
    assert str(view).count("An empty page.") == 1
    assert str(view["blocks"]).count("What would you") == 1


@given(blocks, rows, st.lists(st.builds(Field, st.sampled_from("abc"), labels, value=texts), max_size=3))
@settings(deadline=None, max_examples=60)
def test_any_reply_fits_a_modal_and_the_home_tab(
    said: list[Block], rows: tuple[tuple[Button, ...], ...], fields: list[Field]
) -> None:
    form = Form("f", "A very long title of a form", tuple({field.name: field for field in fields}.values()))
    reply = Reply(text=(Block((Span("Hello."),)), *said), rows=rows, form=form if fields else None)
    check_view(views.modal(Words(), reply), home=False)
    check_view(views.home(reply), home=True)


@given(st.text(), st.integers(1, 80))
def test_a_label_is_never_empty_and_never_too_long(text: str, most: int) -> None:
    shown = plain_text(text, most)["text"]
    assert 1 <= units(shown) <= max(most, 1)


@given(st.text())
def test_escaping_can_be_taken_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert "<" not in escaped(text)


def test_styles_lists_and_links_are_elements() -> None:
    said = [
        Block((Span("Good "), Span("morning", bold=True, italic=True))),
        Block((Span("one"),), "number", 3),
        Block((Span("two"),), "number", 4),
        Block((Span("there", link="https://example.org"),), "bullet"),
        Block((Span("call", link="tel:988"),), "quote"),
    ]
    [part] = parts(said)
    elements = [block["elements"][0] for block in part.blocks]
    assert [element["type"] for element in elements] == [
        "rich_text_section",
        "rich_text_list",
        "rich_text_list",
        "rich_text_quote",
    ]
    assert elements[0]["elements"][1] == {"type": "text", "text": "morning", "style": {"bold": True, "italic": True}}
    assert (elements[1]["style"], elements[1]["offset"], len(elements[1]["elements"])) == ("ordered", 2, 2)
    link = {"type": "link", "url": "https://example.org", "text": "there"}
    assert elements[2]["elements"][0]["elements"] == [link]
    assert elements[3]["elements"] == [{"type": "text", "text": "call (988)"}]
    assert part.text == "Good morning\n\n3. one\n4. two\n\n• there\n\ncall (988)"


def test_a_closed_question_shows_the_chosen_answer_in_place_of_its_buttons() -> None:
    [part] = parts([Block((Span("How?"),))])
    before = [*part.blocks, *actions(((Button("1:a", "A"), Button("1:b", "B")),))]
    after = closed(before, ((Button("-", "✓ A"),),))
    assert after == [*part.blocks, {"type": "context", "elements": [plain_text("✓ A")]}]
    assert closed(after, ()) == [*part.blocks]
    check_message({"channel": "D1", "text": "✓ A", "blocks": after})


def test_data_that_no_button_can_carry_is_our_fault() -> None:
    for wrong in ("", "x" * 65, "ñ" * 33):
        with pytest.raises(Rejected):
            actions(((Button(wrong, "A"),),))


def test_an_emoji_has_its_name_with_or_without_its_selector() -> None:
    assert reaction("❤") == reaction("❤\ufe0f") == "heart"
    assert reaction("🦖") is None


def test_a_form_travels_in_a_button_without_what_stands_in_it() -> None:
    form = Form("f", "T", (Field("a", "A", value="a secret"), Field("b", "B", "choice", (Button("x", "X"),), most=9)))
    packed = views.packed(form)
    assert packed is not None
    assert "secret" not in packed
    assert views.unpacked(packed) == Form("f", "T", (Field("a", "A"), form.fields[1]))
    assert views.packed(Form("f", "T", (Field("a", "A" * 3000),))) is None
    for broken in ("", "[]", "{}", "null", '["f", "T", [[1]]]'):
        assert views.unpacked(broken) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": [{"type": "divider"}] * 51},
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
        {"blocks": [{"type": "actions", "elements": []}]},
        {"blocks": [{"type": "actions", "elements": [{"type": "button", "text": plain_text("x"), "value": "v"}]}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}]},
        {"blocks": [{"type": "section", "text": plain_text("x"), "colour": "red"}]},
        {"blocks": [{"type": "nothing"}]},
        {"text": "<!channel> hello"},
        {"text": ""},
    ],
)
def test_the_stand_in_refuses_what_slack_refuses(wrong: Json) -> None:
    with pytest.raises(Refused):
        check_message({"channel": "D1", "text": "x", **wrong})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("/journal opens it.", "/heartsease journal opens it."),
        ("(/sit, /today)", "(/heartsease sit, /heartsease today)"),
        ("see example.org/sit or and/or /sitting", "see example.org/sit or and/or /sitting"),
    ],
)
def test_commands_are_written_as_slack_knows_them(ours: str, theirs: str) -> None:
    names = command_names(["sit", "today", "journal"])
    [block] = with_commands([Block((Span(ours, bold=True),))], names)
    assert block == Block((Span(theirs, bold=True),))
    assert with_commands([block], None) == [block]
