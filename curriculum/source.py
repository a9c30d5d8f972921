"""YAML that remembers where it stood, so that every problem can be named with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.errors import ContentError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"

Keep = Callable[[str, str, int], str]
"""Makes a text of (text, file, line). The product keeps the text alone; the check keeps all three."""


@dataclass(frozen=True, slots=True)
class Source:
    """A value in a YAML file. Every reading method raises ContentError, with file and line, on a wrong type."""

    file: str
    line: int
    node: yaml.Node
    keep: Keep

    def wrong(self, problem: str) -> ContentError:
        """The error to raise about this value."""
        return ContentError(self.file, self.line, problem)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != f"{_TAG}str":
            raise self.wrong("a text belongs here")
        text = str(self.node.value).strip()
        if not text:
            raise self.wrong("the text is empty")
        return self.keep(text, self.file, self.line)

    def number(self) -> int:
        """A whole number."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != f"{_TAG}int":
            raise self.wrong("a whole number belongs here")
        try:
            return int(self.node.value)
        except ValueError:
            raise self.wrong("a whole number in decimal digits belongs here") from None

    def items(self) -> list[Source]:
        """The members of a list that is not empty."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong("a list belongs here")
        if not self.node.value:
            raise self.wrong("the list is empty")
        return [self._at(node) for node in self.node.value]

    def mapping(self) -> dict[str, Source]:
        """The pairs of a mapping, in order; a key that stands twice is a problem."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong("a mapping belongs here")
        pairs: dict[str, Source] = {}
        for key, value in self.node.value:
            if key.tag != f"{_TAG}str":
                raise self._at(key).wrong(f"the key '{key.value}' is not a text: it needs quotes")
            if key.value in pairs:
                raise self._at(key).wrong(f"the key '{key.value}' stands twice")
            pairs[str(key.value)] = self._at(value)
        return pairs

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Source]:
        """A mapping with exactly these keys."""
        pairs = self.mapping()
        for key in required:
            if key not in pairs:
                raise self.wrong(f"the key '{key}' is missing")
        for key, value in pairs.items():
            if key not in required and key not in optional:
                raise value.wrong(f"the key '{key}' is unknown")
        return pairs

    @property
    def is_mapping(self) -> bool:
        """Whether `mapping` would succeed."""
        return isinstance(self.node, yaml.MappingNode)

    def _at(self, node: yaml.Node) -> Source:
        return Source(self.file, _line(node.start_mark), node, self.keep)


def text_alone(text: str, file: str, line: int) -> str:
    """What the product keeps."""
    return text


def read_text(path: Path) -> str:
    """A file's UTF-8 text. Raises ContentError if it is missing or is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise ContentError(str(path), 1, "the file is missing or cannot be read") from None
    except UnicodeDecodeError as error:
        raise ContentError(str(path), error.object.count(b"\n", 0, error.start) + 1, "this is not UTF-8") from None


def read_yaml(path: Path, keep: Keep = text_alone) -> Source:
    """A YAML file's one document. Raises ContentError if there is none."""
    written = read_text(path)
    try:
        node = yaml.compose(written, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "a character is not allowed"
        raise ContentError(str(path), _line(mark) if mark else 1, f"this is not YAML: {problem}") from None
    if node is None:
        raise ContentError(str(path), 1, "the file is empty")
    return Source(str(path), _line(node.start_mark), node, keep)


def _line(mark: Any) -> int:
    return int(mark.line) + 1
