"""The golden conversations of tests/conversations. `pytest --update` rewrites what the coach says and leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conversation_lines import documents
from tests.conversation_runner import play

HERE = Path(__file__).parent / "conversations"
FILES = sorted(HERE.glob("*.yaml"))
ALL = [(file, at, document) for file in FILES for at, document in enumerate(documents(file.read_text("utf-8")))]


def fact(document: str) -> str:
    """What the conversation shows."""
    return str(yaml.load(document, yaml.CBaseLoader)["fact"])


@pytest.mark.parametrize(
    ("file", "at", "document"), ALL, ids=[f"{file.stem}: {fact(document)}" for file, _, document in ALL]
)
def test_a_conversation_goes_as_it_is_written(file: Path, at: int, document: str, update: bool) -> None:
    played = play(document)
    if update and played != document:
        all_of_them = documents(file.read_text("utf-8"))
        all_of_them[at] = played
        file.write_text("---\n".join(all_of_them), "utf-8")
    else:
        assert played == document


def test_every_fact_is_told_once() -> None:
    facts = [fact(document) for _, _, document in ALL]
    assert len(facts) == len(set(facts)) > 0
