"""What the code says, read from its syntax: prompts and choices by name, each with a place where it is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Place = tuple[str, int]


@dataclass(frozen=True)
class Said:
    """`prompts` are the literals in Said(…), `choices` those in Choice(…) without a label of their own.

    `literals` are all texts in the code, among them names that reach a Said through a variable; `patterns` the
    names that Said puts together from a literal beginning; `blanks` the steps in Blank(…).
    """

    prompts: dict[str, Place] = field(default_factory=dict)
    choices: dict[str, Place] = field(default_factory=dict)
    literals: dict[str, Place] = field(default_factory=dict)
    patterns: dict[str, Place] = field(default_factory=dict)
    blanks: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def read(cls, code: Path) -> Said:
        """Reads every module under a folder but the check itself, whose rules name prompts too."""
        said = cls()
        for path in sorted(code.rglob("*.py")):
            if not path.name.startswith("check"):
                said._module(str(path), ast.parse(path.read_text(encoding="utf-8")))
        return said

    def mentions(self, name: str) -> bool:
        """Whether any text in the code is this prompt's name, or is made into it."""
        return name in self.literals or any(re.fullmatch(pattern, name) for pattern in self.patterns)

    def _module(self, file: str, tree: ast.Module) -> None:
        constants = dict(_assigned(tree))
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)):
                    self.literals.setdefault(text, (file, node.lineno))
                case ast.Call(func=ast.Name(id="Said"), args=[prompt, *_]):
                    self._said(prompt, (file, node.lineno))
                case ast.Call(func=ast.Name(id="Blank"), args=[step, *_]):
                    self.blanks.update((name, (file, node.lineno)) for name in _names(step))
                case ast.Call(func=ast.Name(id="Choice"), args=[choice], keywords=[]):
                    self.choices.update((name, (file, node.lineno)) for name in _names(choice))
                case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="Choice"), ast.Name(id=constant)]):
                    self.choices.update((name, (file, node.lineno)) for name in constants.get(constant, ()))

    def _said(self, prompt: ast.expr, place: Place) -> None:
        for name in _names(prompt):
            self.prompts.setdefault(name, place)
        if isinstance(prompt, ast.JoinedStr) and (pattern := _pattern(prompt)) is not None:
            self.patterns.setdefault(pattern, place)


def _names(prompt: ast.expr) -> Iterator[str]:
    """What an expression can be: a literal, or either side of a condition."""
    match prompt:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=body, orelse=other):
            yield from (*_names(body), *_names(other))


def _pattern(made: ast.JoinedStr) -> str | None:
    """The names that an f-string can make, if at least its conversation is literal."""
    match made.values:
        case [ast.Constant(value=str(start)), *_] if "/" in start:
            return "".join(re.escape(str(v.value)) if isinstance(v, ast.Constant) else r"\w+" for v in made.values)
    return None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """The module's constants that are made of literals: the members of a tuple or list, the keys of a mapping."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                members = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
                yield name, [str(m.value) for m in members if isinstance(m, ast.Constant)]
