"""Prompt templates as the check sees them: what they declare, what they use, and what each variant can say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from bot.errors import ContentError
from curriculum.source import read_text
from prompts.renderer import Prompts

BUILT_IN = frozenset({"name", "health_care", "discreet", "week", "day", "line"})
_HEAD = re.compile(r"\A\{#-?\s*(?P<name>[\w/]+):\s*(?P<rest>.+?)\s*-?#\}", re.DOTALL)
_FACTS = re.compile(r"[a-z_]\w*(,\s*[a-z_]\w*)*")
_VALUE = re.compile("\ue000([^\ue000]*)\ue000")  # private-use letters, so that bold around a value stays bold
_LINE = re.compile("\ue001([^\ue001]*)\ue001")
_READINGS = 512  # of one variant, for each way in which its conditions can be decided
_CONDITIONS = 6  # decided together; more than these are taken both ways, each by itself


class _Variants(Extension):
    """Reads `{% variant %}…{% endvariant %}` as a block that can be found again."""

    tags = {"variant"}  # noqa: RUF012  # the type that jinja2.ext.Extension declares

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endvariant",), drop_needle=True)
        mark = nodes.Name("variant", "param", lineno=line)
        return nodes.With([mark], [nodes.Const(None, lineno=line)], body, lineno=line)


@cache
def _jinja() -> Environment:
    """The renderer's own, with its filters and its handling of white space."""
    return Prompts().environment.overlay(extensions=[_Variants])


@dataclass(frozen=True)
class Template:
    """A template file of one locale."""

    file: str
    name: str
    source: str

    @classmethod
    def read(cls, path: Path, locale: Path) -> Template:
        """Raises ContentError if the file is not a template."""
        template = cls(str(path), path.relative_to(locale).with_suffix("").as_posix(), read_text(path))
        try:
            _jinja().compile(template.source)
        except TemplateSyntaxError as error:
            raise ContentError(str(path), error.lineno, f"this is not a template: {error.message}") from None
        return template

    @cached_property
    def tree(self) -> nodes.Template:
        """Its syntax."""
        return _jinja().parse(self.source)

    @cached_property
    def head(self) -> tuple[str, frozenset[str]] | None:
        """The name and the facts that its first comment gives; None if there is no such comment."""
        if not (match := _HEAD.match(self.source)):
            return None
        _, stop, facts = match["rest"].rpartition(".")
        facts = facts.strip() if stop else ""
        if facts and not _FACTS.fullmatch(facts):
            return None
        return match["name"], frozenset(fact.strip() for fact in facts.split(",") if fact)

    def undeclared(self, declared: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Variables that are neither declared nor given to every template, with the line of their first use."""
        for variable in sorted(meta.find_undeclared_variables(self.tree) - BUILT_IN - set(declared)):
            uses = (found.lineno for found in self.tree.find_all(nodes.Name) if found.name == variable)
            yield min(uses, default=1), variable

    def lines(self) -> Iterator[tuple[int, str]]:
        """The prompts that it says inside its own text."""
        for call in self.tree.find_all(nodes.Call):
            if target := _target(call):
                yield call.lineno, target

    @cached_property
    def variants(self) -> list[tuple[int, list[str]]]:
        """Each variant's line and everything that it can say; a template without variants is one."""
        inside = [node for node in self.tree.body if _is_variant(node)]
        around = [node for node in self.tree.body if not _is_variant(node)]
        if not inside:
            return [(1, _readings(around))]
        return [(variant.lineno, _readings([*around, variant])) for variant in inside]


def targets(reading: str) -> list[str]:
    """The prompts that this reading says inside its own text."""
    return _LINE.findall(reading)


def values(reading: str) -> list[str]:
    """The facts that are put into this reading, as `practice.title`; "" for what is computed."""
    return _VALUE.findall(reading)


def literal(reading: str) -> str:
    """The reading without the values and lines that are put into it."""
    return _VALUE.sub("", _LINE.sub("", reading))


def as_shown(reading: str) -> str:
    """The reading with a letter for everything that is put into it: what a Markdown parser would see."""
    return _LINE.sub("\ue000", _VALUE.sub("\ue000", reading))


def _is_variant(node: nodes.Node) -> bool:
    return isinstance(node, nodes.With) and any(isinstance(t, nodes.Name) and t.name == "variant" for t in node.targets)


def _target(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "line":
        first = node.args[0] if node.args else None
        return str(first.value) if isinstance(first, nodes.Const) else None
    return None


def _readings(found: list[nodes.Node]) -> list[str]:
    """Everything that these nodes can say one after another; a condition that stands twice is decided once."""
    tests = [branch.test for node in found for branch in _every(node, nodes.If, nodes.CondExpr)]
    asked = sorted({name for test in tests for name in _asked(test)})[:_CONDITIONS]
    decided = (dict(zip(asked, truth, strict=True)) for truth in product((True, False), repeat=len(asked)))
    return list({_tidy(text): None for truths in decided for text in _texts(found, truths)})


def _every(node: nodes.Node, *kinds: type[nodes.If] | type[nodes.CondExpr]) -> Iterator[Any]:
    """The node and all below it that are of these kinds."""
    if isinstance(node, kinds):
        yield node
    yield from node.find_all(kinds)


def _asked(test: nodes.Node) -> Iterator[str]:
    match test:
        case nodes.Not(node=inner):
            yield from _asked(inner)
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            yield from (*_asked(left), *_asked(right))
        case nodes.Name() | nodes.Getattr():
            yield _dotted(test)


def _truth(test: nodes.Node, truths: Mapping[str, bool]) -> bool | None:
    """Whether a condition holds; None where it asks more than whether facts are there."""
    match test:
        case nodes.Not(node=inner):
            truth = _truth(inner, truths)
            return None if truth is None else not truth
        case nodes.And(left=left, right=right):
            sides = {_truth(left, truths), _truth(right, truths)}
            return False if False in sides else None if None in sides else True
        case nodes.Or(left=left, right=right):
            sides = {_truth(left, truths), _truth(right, truths)}
            return True if True in sides else None if None in sides else False
    return truths.get(_dotted(test))


def _texts(found: Iterable[nodes.Node], truths: Mapping[str, bool]) -> list[str]:
    texts = [""]
    for node in found:
        texts = [before + after for before, after in islice(product(texts, _said(node, truths)), _READINGS)]
    return texts


def _said(node: nodes.Node, truths: Mapping[str, bool]) -> list[str]:
    match node:
        case nodes.Output():
            return _texts(node.nodes, truths)
        case nodes.TemplateData():
            return [node.data]
        case nodes.Const():
            return [str(node.value)]
        case nodes.If() | nodes.CondExpr():
            return [text for branch in _branches(node, truths) for text in _texts(branch, truths)]
        case nodes.For():
            return [*_texts(node.body, truths), *_texts(node.else_, truths)]
        case nodes.With():
            return _texts(node.body, truths)
        case nodes.Call() if target := _target(node):
            return [f"\ue001{target}\ue001"]
        case nodes.Expr():
            return [f"\ue000{_dotted(node)}\ue000"]
        case _:
            return [""]


def _branches(node: nodes.If | nodes.CondExpr, truths: Mapping[str, bool]) -> Iterator[list[nodes.Node]]:
    """The branches that can be taken: one where the condition is decided, else all."""
    if isinstance(node, nodes.CondExpr):
        ways: list[tuple[nodes.Node, list[nodes.Node]]] = [(node.test, [node.expr1])]
        last: list[nodes.Node] = [node.expr2] if node.expr2 else []
    else:
        ways, last = [(way.test, way.body) for way in (node, *node.elif_)], node.else_
    for test, body in ways:
        truth = _truth(test, truths)
        if truth is not False:
            yield body
        if truth:
            return
    yield last


def _dotted(node: nodes.Node | None) -> str:
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=owner, attr=attribute):
            return f"{_dotted(owner)}.{attribute}"
        case nodes.Filter(node=inner):
            return _dotted(inner)
        case _:
            return ""


def _tidy(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join("\n".join(" ".join(line.split()) for line in part.splitlines()) for part in paragraphs)
