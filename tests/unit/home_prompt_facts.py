"""Facts for every prompt of groups' own chats: their posts, setting them up, sharing there, leaving them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from bot.model import OneOf, Written
from curriculum.loader import Library

COURSE = Library().programme("compassion", "en")
MONDAY = date(2026, 3, 2)
COHORT: dict[str, Any] = {"cohort": "Ward 4", "host": "Sister Agnes", "starts": MONDAY, "weeks": 8}
LESSONS: list[dict[str, Any]] = [
    {
        "week_number": number,
        "week": week,
        "practice": practice,
        "invitation": OneOf(f"{practice.id} invitation", practice.invitations),
    }
    for number, week in enumerate(COURSE.weeks, 1)
    for practice in week.practices[:1]
]
THEIRS: list[dict[str, Any]] = [
    {"host": "", "note": None, "own_theme": None},
    {"host": "Agnes", "note": Written("We meet on Friday, {{ name }}.", 3), "own_theme": Written("*Kindly.*", 3)},
]
BOTH = (True, False)

HOME_FACTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "cohorts/unsettle": [COHORT],
    "cohorts/unsettled": [COHORT],
    "gathering/closing": [COHORT],
    "gathering/farewell": [COHORT],
    "gathering/goodbye": [COHORT],
    "gathering/invitation": [
        {**COHORT, "begun": begun, "together": together, "open": open_, "link": link}
        for begun in BOTH
        for together in BOTH
        for open_, link in ((True, ""), (True, "https://t.me/b?start=tIOl_Q"), (False, ""))
    ],
    "gathering/lost": [{**COHORT, "why": why} for why in ("archived", "deleted", "removed", "")],
    "gathering/morning": LESSONS,
    "gathering/shared": [{"text": "rain\non the *roof*", "who": who} for who in ("Ana", "")],
    "gathering/theme": [{**lesson, **theirs} for lesson in LESSONS for theirs in THEIRS],
    "gathering/weekly": [COHORT],
    "parted/asked": [COHORT],
    "parted/stayed": [COHORT],
    "settling/mornings": [{"together": together} for together in BOTH],
    "settling/preview": [
        {
            **COHORT,
            "together": together,
            "zone": "America/New_York",
            "morning": time(8),
            "evening": evening,
            "off": off,
            "anybody": anybody,
        }
        for together in BOTH
        for evening in (time(18), None)
        for off in ([], [6], [5, 6])
        for anybody in BOTH
    ],
    "settling/settled": [{**COHORT, "slack": slack} for slack in BOTH],
    "settling/taken": [{"cohort": name} for name in ("Ward 4", "")],
    "settling/which": [{"known": known} for known in BOTH],
    "sharing/shown": [{"text": "rain on the *roof*", "who": who} for who in ("Ana", "")],
    "sharing/which": [{"texts": ["rain", "a *long*\nwalk", "soup"]}],
}
