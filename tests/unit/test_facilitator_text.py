"""What facilitators write: two variables and `if`, and nothing that runs, loops, reaches out or forges."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ContentError
from bot.model import Participant, Said, Span, Written
from prompts.facilitator_text import LONGEST, flaw_in
from prompts.markup import plain
from prompts.renderer import Prompts

WEEKS = 8
TODAY = date(2026, 3, 2)
ANA = Participant("ana", name="Ana")
PROMPTS = Prompts()
SECONDS = 1.0  # of the processor; each of these takes milliseconds

FINE = (
    "Dear {{ name }}, this is week {{ week }}.",
    "{% if week == 3 %}We meet.{% else %}Rest well.{% endif %}",
    "{% if name and week >= 2 and not week > 4 %}Hello {{name}}{% elif week %}Hello{% else %}Hi{% endif %}",
    "{%- if 3 <= week <= 5 -%} a {%- else -%} b {%- endif -%}",
    "**Friday**, *perhaps*:\n\n- tea\n- rain\n\n> and wind\n\n[more](https://example.org/a_b)",
    "{% raw %}{{ nothing }}{% endraw %} costs 3 {curly} brackets }} and %}",
    "[week {{ week }}](https://example.org/{{ week }})",
    "x" * LONGEST,
)
ATTEMPTS = (
    "{{ 'a' * 200000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% if 'a' * 200000000 == week %}x{% endif %}",
    "{% if week == 9 ** 9 ** 9 %}x{% endif %}",
    "{{ range(999999999) | list }}",
    "{% for i in range(999999999) %}{% for j in range(9) %}x{% endfor %}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name.__init__.__globals__ }}",
    "{{ name['__class__'] }}",
    "{{ name | attr('__class__') }}",
    "{{ self.__init__.__globals__.__builtins__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ telling.to }}",
    "{{ telling }}",
    "{{ line('safety/urgent') }}",
    "{{ name.upper() }}",
    "{{ name ~ name }}",
    "{{ name if week else week }}",
    "{{ [name, week] }}",
    "{{ -week }}",
    "{{ 'constant' }}",
    "{% set week = 5 %}",
    "{% include 'safety/urgent.j2' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% macro m() %}x{% endmacro %}",
    "{% block x %}y{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% with x = 1 %}x{% endwith %}",
    "{% do x %}",
    "{% call name() %}x{% endcall %}",
    "{% autoescape true %}x{% endautoescape %}",
    "{% if week is odd %}x{% endif %}",
    "{% if week in (1, 2) %}x{% endif %}",
    "{% if name == 'Ana' %}only you{% else %}y{% endif %}",
    "{% if week == 1.5 %}x{% else %}y{% endif %}",
    "{% if true %}x{% endif %}",
    "{% if week == " + "9" * 3900 + " %}x{% endif %}",
    "{% if " + "not " * 900 + "week %}x{% endif %}",
    "{% if " + "week and " * 400 + "week %}x{% endif %}",
    "{% if " + "(" * 1900 + "week" + ")" * 1900 + " %}x{% endif %}",
    "{% if week %}" * 300,
    "{% if week %}x{% endif %}y" * 21,
    "{{ " + "(" * 3990,
    "{{ name",
    "{% if week %}x",
    "{# only a comment",
    "{# nothing to read #}",
    "{{ unknown }}",
    "\ue000\ue100",
    "a\x00b",
    " \n ",
    "",
    "x" * (LONGEST + 1),
    "[x](tg://resolve?domain=x)",
    "[x](https://example.org/{{ name }})",
    "{% if week == 3 %}x{% endif %}",
)


def told(text: str, to: Participant = ANA, week: int = 3) -> str:
    """What a reader reads."""
    facts = {"host": "Agnes", "text": Written(text, week)}
    return plain(PROMPTS.render(Said("broadcast/text", facts), to, TODAY).reply.text).partition("\n\n")[2]


@pytest.mark.parametrize("text", FINE)
def test_what_is_allowed_has_no_flaw_and_says_something(text: str) -> None:
    assert flaw_in(text, WEEKS) is None
    assert told(text)


@pytest.mark.parametrize("text", ATTEMPTS, ids=lambda text: text[:40])
def test_everything_else_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    flaw = flaw_in(text, WEEKS)
    assert time.process_time() - began < SECONDS
    assert flaw is not None
    assert 1 <= flaw.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "text", ["[" * 4000, "*a **a " * 570, "![[]()" * 600, "> " * 1999 + "x", "_a*" * 1300, "[](<" * 999]
)
def test_markup_without_end_is_read_at_once(text: str) -> None:
    began = time.process_time()
    flaw_in(text, WEEKS)
    assert time.process_time() - began < SECONDS


def test_a_flaw_says_its_line_and_word() -> None:
    flaw = flaw_in("Dear all,\n\nin week {{ weak }}", WEEKS)
    assert flaw is not None
    assert (flaw.kind, flaw.line, flaw.word) == ("unknown_name", 3, "weak")


def test_each_reader_reads_their_own_name_and_week() -> None:
    text = "Dear {{ name }}, {% if week == 3 %}we meet{% else %}rest well{% endif %} in week {{ week }}."
    assert told(text) == "Dear Ana, we meet in week 3."
    assert told(text, replace(ANA, name="Bo"), 4) == "Dear Bo, rest well in week 4."


@pytest.mark.parametrize(
    "name", ["*Ana*", "{{ week }}", "[x](https://example.org)", "{% if %}", "<b>", "\ue000\ue101", "_"]
)
def test_a_typed_name_is_never_read_as_markup_or_template(name: str) -> None:
    facts = {"host": name, "text": Written("Dear {{ name }}, *you* and {{ name }}.")}
    reply = PROMPTS.render(Said("broadcast/text", facts), replace(ANA, name=name), TODAY).reply
    assert [span for block in reply.text[1:] for span in block.spans if name in span.text] == [Span(name), Span(name)]


def test_a_text_that_was_stored_and_is_not_allowed_is_not_run() -> None:
    with pytest.raises(ContentError):
        told("{{ 'a' * 200000000 }}")


PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "name",
        "week",
        " if ",
        "endif",
        "else",
        "==",
        "3",
        "*",
        "[",
        "](",
        ")",
        "\n",
        "'a'",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200)))
def test_any_text_is_either_refused_with_a_line_or_said(text: str) -> None:
    flaw = flaw_in(text, WEEKS)
    if flaw is None:
        for week in range(WEEKS + 1):
            assert told(text, week=week).strip()
    else:
        assert 1 <= flaw.line <= text.count("\n") + 1
