"""Prompt templates as the check sees them: what they declare, what they use, and what each variant can say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice, product
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from bot.errors import ContentError
from curriculum.source import read_text
from prompts.renderer import Prompts

BUILT_IN = frozenset({"name", "health_care", "week", "day", "line"})
_HEAD = re.compile(r"\A\{#-?\s*(?P<name>[\w/]+):\s*(?P<rest>.+?)\s*-?#\}", re.DOTALL)
_FACTS = re.compile(r"[a-z_]\w*(,\s*[a-z_]\w*)*")
_VALUE = re.compile("\ue000([^\ue000]*)\ue000")  # private-use letters, so that bold around a value stays bold
_LINE = re.compile("\ue001([^\ue001]*)\ue001")
_READINGS = 512  # enough for nine independent conditions in one variant


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
        around = _texts(node for node in self.tree.body if not _is_variant(node))
        if not inside:
            return [(1, [_tidy(text) for text in around])]
        return [(node.lineno, [_tidy(a + b) for a, b in product(around, _texts([node]))]) for node in inside]


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


def _texts(found: Iterable[nodes.Node]) -> list[str]:
    """Everything that these nodes can say one after another, a branch at a time."""
    texts = [""]
    for node in found:
        texts = [before + after for before, after in islice(product(texts, _said(node)), _READINGS)]
    return texts


def _said(node: nodes.Node) -> list[str]:
    match node:
        case nodes.Output():
            return _texts(node.nodes)
        case nodes.TemplateData():
            return [node.data]
        case nodes.Const():
            return [str(node.value)]
        case nodes.If():
            branches = [node.body, *(branch.body for branch in node.elif_), node.else_]
            return [text for branch in branches for text in _texts(branch)]
        case nodes.CondExpr():
            return [*_said(node.expr1), *(_said(node.expr2) if node.expr2 else [""])]
        case nodes.For():
            return [*_texts(node.body), *_texts(node.else_)]
        case nodes.With():
            return _texts(node.body)
        case nodes.Call() if target := _target(node):
            return [f"\ue001{target}\ue001"]
        case nodes.Expr():
            return [f"\ue000{_dotted(node)}\ue000"]
        case _:
            return [""]


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
