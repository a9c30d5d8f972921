"""Facts for the prompts of consent, of one's own data and of erasing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from bot.model import Entry, Rhythm

MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KINDS = (
    "journal", "reflection", "gratitude", "look_back", "letter", "intention", "plan", "practice", "sit", "strain",
)  # fmt: skip
PAGES = [Entry(str(n), "ana", "journal", NOON, MONDAY, text=text) for n, text in enumerate(("tea", "rain\nand wind"))]
BOTH = (True, False)
CONSENT = [{"cohort": cohort, "age": 18} for cohort in BOTH]
PARTS = [{"part": part, "parts": parts} for part, parts in ((1, 1), (1, 2), (2, 2))]
LINES: dict[str, Any] = {
    "numbers": [SimpleNamespace(name="", value="112"), SimpleNamespace(name="Helpline", value="116 123")],
    "emergency": "112",
    "directories": [SimpleNamespace(name="Find A Helpline", url="https://findahelpline.com/a_b_c")],
    "country": {},
}
NO_LINES: dict[str, Any] = {"numbers": [], "emergency": "", "directories": [], "country": {}}

DATA_FACTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "onboarding/consent": CONSENT,
    "onboarding/more_kept": CONSENT,
    "onboarding/more_seen": CONSENT,
    "onboarding/more": CONSENT,
    "renewal/coach": [{"age": 18, "words": True}, {"age": 21, "words": False}],
    "renewal/group": [{"cohort": cohort, "age": 18} for cohort in ("Ward 4", "")],
    "evening/research": [{"who": "the nursing school, on shifts"}],
    "mydata/see": [
        {
            "zone": "Europe/Madrid",
            "rhythm": rhythm,
            "cohort": "Ward 4",
            "counts": [(kind, n) for n, kind in enumerate((*KINDS, "something_new"), 1)],
            "shifts": shifts,
            "trusted": True,
            "leads": True,
        }
        for rhythm, shifts in ((Rhythm(), 1), (Rhythm(evenings=False), 7), (Rhythm(mornings=False), 2))
    ]
    + [{"zone": None, "rhythm": None, "cohort": "", "counts": [], "shifts": 0, "trusted": False, "leads": False}],
    "mydata/pages": [{"entries": PAGES}, {"entries": []}],
    "mydata/page_file": PARTS,
    "mydata/data_file": PARTS,
    "mydata/locked_file": PARTS,
    "mydata/passphrase": [{"passphrase": "abcd-efgh-jkmn-pqrs-tuvw-xyz2"}],
    "mydata/research_changed": [{"given": given} for given in BOTH],
    "mydata/consents": [
        {"coach": on, "group": on, "research": on, "who": who, "cohort": bool(on)}
        for on in (MONDAY, None)
        for who in ("the nursing school, on shifts", "")
    ],
    "mending/pages": [{"entries": PAGES}],
    "mending/one": [{"entry": PAGES[1]}],
    "erasing/sure": [
        {"platform": platform, "leads": leads, "cohort": cohort}
        for platform in ("telegram", "slack", "web")
        for leads in BOTH
        for cohort in BOTH
    ],
    "erasing/groups": [{"groups": ["Ward 4"]}, {"groups": ["Ward 4", "Ward 5", "Ward 6"]}],
    "erasing/done": [{"platform": platform} for platform in ("telegram", "slack", "web")],
    "safety/too_young": [
        {"language": language, "zone": None, "age": 18, **lines}
        for language in ("en", "es")
        for lines in (LINES, NO_LINES)
    ],
}
