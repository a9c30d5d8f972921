"""The rules of the safety screen, as an ethics board can read them: a folder a language, a file a topic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from bot.overtones import Level, Overtones, Weights
from bot.safety import Rule, Rules, Screen

HERE = Path(__file__).parent
LANGUAGES = ("en", "es")
NO_TOPICS = ("words", "families")
COMMENT = re.compile(r"^#.*\n", re.MULTILINE)
HEAD = (
    "(bias)",
    "(urgent)",
    "(concern)",
    "(long urgent)",
    "(long concern)",
)  # what stands before the sequences in weights.tsv


def load_rules(language: str) -> Rules:
    """The rules of one language.

    Raises:
        FileNotFoundError: there are none for it.
    """
    words = _read(HERE / language / "words.yaml")
    topics = [_read(path) for path in sorted((HERE / language).glob("*.yaml")) if path.stem not in NO_TOPICS]
    return Rules(
        language=words["language"],
        rules=tuple(_rule(rule) for topic in topics for rule in topic["rules"]),
        words=words.get("words", {}),
        same=words.get("same", {}),
        ignored=frozenset(words.get("ignored", ())),
        forgiven=tuple(words.get("forgiven", ())),
        other_words=tuple(words.get("other_words", ())),
        negations=frozenset(words["negations"]),
        subjects=frozenset(words.get("subjects", ())),
        reach=int(words.get("reach", 1)),
        auxiliaries=frozenset(words.get("auxiliaries", ())),
        undoing=frozenset(words.get("undoing", ())),
        clause_ends=frozenset(words.get("clause_ends", ())),
        others=frozenset(words.get("others", ())),
        unless=_lines(words.get("unless", "")),
        own_unless=_lines(words.get("own_unless", "")),
        reporting=frozenset(words.get("reporting", ())),
    )


def load_families(language: str) -> Mapping[str, tuple[str, ...]]:
    """The words that the weights of one language read alike, by family.

    Raises:
        FileNotFoundError: there are none for it.
    """
    return {name: tuple(words.split()) for name, words in _read(HERE / language / "families.yaml").items()}


def load_weights(language: str) -> Weights:
    """What was learned in one language.

    Raises:
        FileNotFoundError: there is nothing for it.
        ValueError: the file is damaged.
    """
    text = (HERE / language / "weights.tsv").read_text("utf-8")
    fields = COMMENT.sub("", text).removesuffix("\n").replace("\n", "\t").split("\t")
    of = dict(zip(fields[::2], map(float, fields[1::2]), strict=True))  # a line at a time took twice as long
    bias, urgent, concern, long_urgent, long_concern = (of.pop(name) for name in HEAD)
    return Weights(language, bias, urgent, concern, long_urgent, long_concern, of, load_families(language))


def _rule(data: Mapping[str, str]) -> Rule:
    own = data.get("own", "no") == "yes"
    return Rule(data["id"], cast(Level, data["level"]), _lines(data["patterns"]), _lines(data.get("unless", "")), own)


def _read(path: Path) -> Mapping[str, Any]:
    # the base loader builds nothing but str, list and dict: to YAML 1.1 a bare "no" is false
    data: Mapping[str, Any] = yaml.load(path.read_text("utf-8"), yaml.CBaseLoader)  # noqa: S506
    return data


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@cache
def load_screen(languages: tuple[str, ...] = LANGUAGES) -> Screen:
    """The screen with the rules and weights of these languages; built once."""
    weights = [load_weights(language) for language in languages]
    return Screen((load_rules(language) for language in languages), (Overtones(each, weights) for each in weights))
