"""The rules of the safety screen, as an ethics board can read them: one YAML file a language."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.safety import Rule, Rules, Screen

HERE = Path(__file__).parent
LANGUAGES = ("en", "es")


def load_rules(language: str) -> Rules:
    """The rules of one language.

    Raises:
        FileNotFoundError: there are none for it.
    """
    # the base loader builds nothing but str, list and dict: to YAML 1.1 a bare "no" is false
    data: dict[str, Any] = yaml.load((HERE / f"{language}.yaml").read_text("utf-8"), yaml.CBaseLoader)  # noqa: S506
    return Rules(
        language=data["language"],
        rules=tuple(
            Rule(rule["id"], rule["level"], _lines(rule["patterns"]), _lines(rule.get("unless", "")))
            for rule in data["rules"]
        ),
        words=data.get("words", {}),
        same=data.get("same", {}),
        ignored=frozenset(data.get("ignored", ())),
        forgiven=tuple(data.get("forgiven", ())),
        other_words=tuple(data.get("other_words", ())),
        negations=frozenset(data["negations"]),
        subjects=frozenset(data.get("subjects", ())),
        reach=int(data.get("reach", 1)),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@cache
def load_screen(languages: tuple[str, ...] = LANGUAGES) -> Screen:
    """The screen with the rules of these languages; built once."""
    return Screen(load_rules(language) for language in languages)
