"""Lists in what facilitators read: a block that ends a line must not pull the next line up to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from bot.model import Participant, Said
from prompts.renderer import Prompts

ON = date(2026, 3, 12)


def lines(prompt: str, facts: Mapping[str, Any]) -> list[str]:
    """What a block says, a line each."""
    reply = Prompts().render(Said(prompt, facts), Participant("p"), ON).reply
    return ["".join(span.text for span in block.spans) for block in reply.text]


@pytest.mark.parametrize("stage", ["planned", "sending", "held", "done"])
def test_each_count_of_a_message_on_its_way_has_a_line_of_its_own(stage: str) -> None:
    facts: dict[str, Any] = {
        "stage": stage,
        "sent": None,
        "waiting": 10,
        "failed": [],
        "begun": "Dear all",
        "time": time(9),
    }
    said = lines("broadcast/progress", facts)
    assert "Sent: fewer than five" in said
    assert "Not delivered: fewer than five" in said
    assert ("Waiting: at least 10" in said) is (stage in ("sending", "held"))


@pytest.mark.parametrize("begun", [True, False])
def test_the_question_after_a_class_is_no_part_of_its_list(begun: bool) -> None:
    starts = datetime(2026, 3, 12, 18, tzinfo=UTC)
    facts: dict[str, Any] = {
        "cohort": "Ward 4",
        "title": "",
        "date": starts.date(),
        "time": starts.time(),
        "minutes": 120,
    }
    facts |= {"place": "", "link": "", "coming": None, "begun": begun, "recapped": False}
    assert lines("classes/one", facts)[-1] == "What would you like to do?"
