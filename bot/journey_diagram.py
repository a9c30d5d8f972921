"""The diagram in docs/journey.md, drawn from the table in journey.py."""

from __future__ import annotations

from itertools import groupby

from bot.journey import TRANSITIONS, Transition
from bot.model import State

WEEKS = "one week after another, at one's own pace or with a cohort"


def diagram() -> str:
    """The states of the journey as a Mermaid state diagram; arrows of one name between two states share a line."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.INVITED}"]
    lines += [f"    {arrow.before} --> {arrow.after}: {arrow.name}" for arrow in TRANSITIONS]
    lines += [f"    note right of {State.ACTIVE}: {WEEKS}"]
    return "\n".join(lines) + "\n"


def page() -> str:
    """docs/journey.md."""
    return PAGE.format(diagram=diagram(), rows="".join(map(_row, _names())))


def _names() -> list[tuple[str, list[Transition]]]:
    return [(name, list(arrows)) for name, arrows in groupby(TRANSITIONS, key=lambda arrow: arrow.name)]


def _row(named: tuple[str, list[Transition]]) -> str:
    name, arrows = named
    before = ", ".join(dict.fromkeys(arrow.before.value for arrow in arrows))
    after = ", ".join(dict.fromkeys(arrow.after.value for arrow in arrows))
    return f"| {name} | {before} | {after} |\n"


PAGE = """# The journey

Where somebody is on their way through the course. This page is drawn from the table in `bot/journey.py`;
`pytest --update tests/unit/test_journey.py` draws it again.

```mermaid
{diagram}```

| arrow | from | to |
| --- | --- | --- |
{rows}
A pause keeps the state it came from and returns to it; the days of a pause do not count, so week and day stand
still. Who leaves keeps their pages, and starts again at the consent question if they come back. Weeks and days are not
states: they follow from the date of week 1, day 1 (`place_on`), which a pause or a repeated week moves later. In a
cohort that walks together that date is the cohort's, and nothing moves it: whoever pauses comes back to the week of
the others.
"""
