"""Facts for the prompts around a crisis: every one in each language, with numbers and without."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from types import SimpleNamespace
from typing import Any

from bot.conversations.grounding import STEPS as MOMENTS
from bot.conversations.safety_plan import STEPS as PARTS

LANGUAGES = ("en", "es")
LINES: Mapping[str, Any] = {
    "zone": "Europe/Madrid",
    "numbers": [SimpleNamespace(name="", value="112"), SimpleNamespace(name="024", value="024")],
    "emergency": "112",
    "directories": [SimpleNamespace(name="Find A Helpline", url="https://findahelpline.com/a_b_c")],
    "country": {"en": "Spain", "es": "España"},
}
NO_LINES: Mapping[str, Any] = {"zone": None, "numbers": [], "emergency": "", "directories": [], "country": {}}


def cases(**facts: tuple[object, ...]) -> list[dict[str, Any]]:
    """A case for each language, with numbers and without, and each combination of these facts."""
    ways = list(product(*facts.values()))
    return [
        {"language": language, **lines, **dict(zip(facts, way, strict=True))}
        for lines in (LINES, NO_LINES)
        for language in LANGUAGES
        for way in ways
    ]


YES_NO = (True, False)
HELD = cases(held=YES_NO)
LONG = "never again alone in that flat, " * 6
WRITTEN = tuple([{"part": part, "text": text} for part in PARTS] for text in ("*rest*", LONG))

SAFETY_FACTS: Mapping[str, list[dict[str, Any]]] = {
    "safety/closed": cases(),
    "safety/concern": cases(),
    "safety/country_saved": cases(),
    "safety/country_unclear": cases(),
    "safety/going_on": cases(paused=YES_NO),
    "safety/ground": cases(step=tuple(range(1, MOMENTS + 1)), steps=(MOMENTS,)),
    "safety/grounded": HELD,
    "safety/here": HELD,
    "safety/listened": cases(kept=YES_NO),
    "safety/next_day": HELD,
    "safety/not_safe": HELD,
    "safety/not_told": cases(),
    "safety/numbers": cases(),
    "safety/person": cases(who=("Leila",), reach=("600 123 456", LONG)),
    "safety/person_dropped": cases(),
    "safety/person_name": cases(),
    "safety/person_reach": cases(),
    "safety/plan": cases(parts=(*WRITTEN, [WRITTEN[0][0]])),
    "safety/plan_drop": cases(),
    "safety/plan_dropped": cases(),
    "safety/plan_intro": cases(),
    "safety/plan_part": cases(part=PARTS, number=(1,), parts=(len(PARTS),), before=("", "cold water")),
    "safety/quiet": cases(),
    "safety/safe_now": HELD,
    "safety/support": cases(asks=YES_NO, waits=YES_NO),
    "safety/tell_preview": cases(who=("Ana", ""), cohort=("Ward 4",), host=("Sister Agnes", "")),
    "safety/tells_not": cases(),
    "safety/tells_then": cases(),
    "safety/told": cases(),
    "safety/too_young": cases(age=(18,)),
    "safety/unsaid": HELD,
    "safety/urgent": cases(told=YES_NO, held=YES_NO, again=YES_NO),
    "safety/which_country": cases(),
    "desk/asked_for": [{"who": who, "cohort": "Ward 4"} for who in ("Ana", "")],
}

# what is said in danger: each has the numbers, and each of those that answer danger says that no human is watching
STEPS = ("concern", "ground", "grounded", "here", "listened", "next_day", "not_safe", "safe_now", "unsaid", "urgent")
WITH_NUMBERS = tuple(f"safety/{name}" for name in (*STEPS, "country_saved", "plan", "quiet", "support", "told"))
SAYS_NOBODY_WATCHES = tuple(f"safety/{name}" for name in ("concern", "not_safe", "support", "urgent"))
