"""Text that facilitators write: Markdown's small subset, two variables, and `if`.

What it may hold is checked on Jinja's syntax tree before anything is compiled: the sandbox alone lets
`{{ 'a' * 200000000 }}` run for seconds, and Jinja computes constants when it compiles (jinja2.optimizer).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.model import Flaw, Span
from prompts.markup import blocks, placeholder

LONGEST = 4000  # characters
VARIABLES = frozenset({"name", "week"})
DEEPEST = 5  # of conditions inside conditions
MOST_CONDITIONS = 20

_UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\uf8ff]")  # placeholders are private-use characters
_LINKS = ("https://", "http://", "mailto:")


class _Refused(Exception):
    def __init__(self, kind: str, line: int, word: str = "") -> None:
        super().__init__(kind)
        self.flaw = Flaw(kind, line, word)


def sandbox(finalize: Callable[..., Any]) -> ImmutableSandboxedEnvironment:
    """The environment in which checked texts are rendered; `finalize` says how a variable is printed."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML; `finalize` keeps typed text from its parser
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


_TRIAL = sandbox(lambda value: value)


def flaw_in(text: str, weeks: int) -> Flaw | None:
    """The first thing that keeps this text from being sent to people in the weeks 0 (no week) to `weeks`, or None."""
    try:
        _check_characters(text)
        _check_tree(_parsed(text))
        _check_sayings(text, weeks)
    except _Refused as refused:
        return refused.flaw
    except RecursionError:
        return Flaw("too_nested", 1)
    return None


def _check_characters(text: str) -> None:
    if not text.strip():
        raise _Refused("empty", 1)
    if len(text) > LONGEST:
        raise _Refused("too_long", text.count("\n", 0, LONGEST) + 1)
    if found := _UNSHOWN.search(text):
        raise _Refused("character", text.count("\n", 0, found.start()) + 1)


def _parsed(text: str) -> nodes.Template:
    try:
        return _TRIAL.parse(text)
    except TemplateSyntaxError as error:
        raise _Refused("unreadable", error.lineno) from None
    except ValueError:  # a number of thousands of digits
        raise _Refused("not_allowed", 1) from None


# ---------------------------------------------------------------- the syntax tree


def _check_tree(tree: nodes.Template) -> None:
    conditions = list(tree.find_all(nodes.If))
    if len(conditions) > MOST_CONDITIONS:
        raise _Refused("too_nested", conditions[MOST_CONDITIONS].lineno)
    _check_body(tree.body, 0)


def _check_body(body: list[nodes.Node], depth: int) -> None:
    for node in body:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        _check_name(part)
            case nodes.If() if depth >= DEEPEST:
                raise _Refused("too_nested", node.lineno)
            case nodes.If():
                for way in (node, *node.elif_):
                    _check_condition(way.test, 0)
                    _check_body(way.body, depth + 1)
                _check_body(node.else_, depth + 1)
            case _:
                raise _Refused("not_allowed", node.lineno or 1)


def _check_condition(test: nodes.Node, depth: int) -> None:
    match test:
        case _ if depth >= DEEPEST:
            raise _Refused("too_nested", test.lineno)
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            _check_condition(left, depth + 1)
            _check_condition(right, depth + 1)
        case nodes.Not(node=inner):
            _check_condition(inner, depth + 1)
        case nodes.Compare(expr=first, ops=rest):
            for side in (first, *(operand.expr for operand in rest)):
                _check_side(side)
            if any(operand.op in ("in", "notin") for operand in rest):
                raise _Refused("not_allowed", test.lineno)
        case _:
            _check_name(test)


def _check_side(side: nodes.Node) -> None:
    """Only the week is compared, and only with whole numbers."""
    match side:
        case nodes.Const(value=int(value)) if not isinstance(value, bool) and value < 1000:
            return
        case nodes.Name(name="week"):
            return
    raise _Refused("not_allowed", side.lineno)


def _check_name(node: nodes.Node) -> None:
    if not isinstance(node, nodes.Name):
        raise _Refused("not_allowed", node.lineno or 1)
    if node.name not in VARIABLES:
        raise _Refused("unknown_name", node.lineno, node.name[:40])


# ---------------------------------------------------------------- what it says


def _check_sayings(text: str, weeks: int) -> None:
    template = _TRIAL.from_string(text)
    read: set[str] = set()
    for week in range(weeks, -1, -1):
        for name in (placeholder(0), ""):
            said = template.render(name=name, week=week)
            if said in read:
                continue
            read.add(said)
            spans = _spans(said)
            if not any(span.text.strip() for span in spans):
                raise _Refused("says_nothing", 1, str(week) if week else "")
            links = [span.link for span in spans if span.link]
            for link in links:
                if not link.startswith(_LINKS):
                    raise _Refused("link", _line_of(text, link), link[:60])
            if links != [span.link for span in _spans(said.replace(placeholder(0), placeholder(1))) if span.link]:
                raise _Refused("link", _line_of(text, "]("))  # a name would become part of it


def _spans(said: str) -> list[Span]:
    return [span for block in blocks(said, ("Ana", "Ben")) for span in block.spans]


def _line_of(text: str, link: str) -> int:
    return text.count("\n", 0, max(text.find(link), 0)) + 1
