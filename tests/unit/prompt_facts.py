"""Facts for every prompt that takes any, as the conversations give them: the cases of a prompt cover its branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import product
from typing import Any

from bot.cohorts.model import Act, Figure, Pulse
from bot.cohorts.pulse import FIGURES
from bot.conversations.announcing import EXAMPLES
from bot.model import Entry, Ledger, OneOf, Place, Rhythm, Written
from bot.roster import HOURS
from curriculum.loader import Library
from tests.unit.data_prompt_facts import DATA_FACTS
from tests.unit.home_prompt_facts import HOME_FACTS
from tests.unit.safety_facts import SAFETY_FACTS

Facts = Mapping[str, Any]

COURSE = Library().programme("compassion", "en")
WEEK = COURSE.week(3)
PRACTICE = WEEK.practices[1]
MONDAY = date(2026, 3, 2)
RHYTHM = Rhythm(days_off=frozenset({5, 6}))
SHIFTS = [{"shifts": tuple((MONDAY, shift) for shift in (*HOURS, "off"))}]
LEDGER = Ledger(sits=4, minutes=41, gratitudes=9, letters=2, reflections=12)


def entries(kind: str, *texts: str) -> list[Entry]:
    """What somebody wrote on that Monday."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return [Entry(str(n), "ana", kind, at, MONDAY, text=text) for n, text in enumerate(texts)]


def whereabouts(
    state: str, place: Place | None = None, until: date | None = None, together: bool = False, ahead: bool = False
) -> dict[str, Any]:
    """The facts that say where somebody is."""
    return {
        "state": state,
        "place": place,
        "weeks": COURSE.length,
        "starts": MONDAY,
        "ahead": ahead,
        "until": until,
        "week": WEEK,
        "practice": PRACTICE,
        "together": together,
    }


def morning(**changes: Any) -> dict[str, Any]:
    """A morning's facts."""
    facts = {
        "practice": PRACTICE,
        "invitation": OneOf(f"{PRACTICE.id} invitation", PRACTICE.invitations),
        "daily": WEEK.practices[3],
        "returning": False,
        "week_number": 3,
        "week": WEEK,
        "late": False,
        "host": "",
        "note": None,
        "own_theme": None,
    }
    return {**facts, **changes}


def evening(intention: str, recap: object = None) -> dict[str, Any]:
    """An evening's facts."""
    return {"question": OneOf(f"{PRACTICE.id} evening", PRACTICE.evening), "intention": intention, "recap": recap}


def each(fact: str, *values: object) -> list[dict[str, Any]]:
    """A case for every value of one fact."""
    return [{fact: value} for value in values]


EVERYWHERE = [
    whereabouts("active", Place(3, 2)),
    whereabouts("active"),
    whereabouts("active", ahead=True),
    whereabouts("paused", Place(3, 2), date(2026, 3, 20)),
    whereabouts("paused"),
    whereabouts("graduated"),
    whereabouts("active", Place(3, 2), together=True),
    whereabouts("paused", Place(3, 2), together=True),
    whereabouts("paused", together=True),
]
MINUTES = each("minutes", 1, 10)
DONE: tuple[list[tuple[str, int]], ...] = ([("One kind act", 1), ("Just like me", 2), ("Three breaths", 5)], [])
QUESTION = OneOf(f"{PRACTICE.id} reflection", PRACTICE.reflections)


def truths(*facts: str, **usual: Any) -> list[dict[str, Any]]:
    """A case for every way in which these facts can be true or not."""
    ways = product((True, False), repeat=len(facts))
    return [{**usual, **dict(zip(facts, way, strict=True))} for way in ways]


COHORT = {"cohort": "Ward 4, spring", "host": "Sister Agnes", "starts": MONDAY, "weeks": 8}
IN_COUNTS = [
    {**facts, "week_number": week, "joined": joined}
    for facts in truths("begun", "together", "takes_in", **COHORT)
    for week, joined in ((0, None), (3, 7))
]
INVITATION = [
    {"cohort": "Ward 4", "link": link, "elsewhere": elsewhere, "code": "/join tIOl_Q"}
    for link, elsewhere in (("https://t.me/b?start=tIOl_Q", ""), ("", "https://t.me/b?start=tIOl_Q"), ("", ""))
]
ACTS = [
    {"date": MONDAY, "time": time(9, 5), "who": who, "act": act.value, "what": what}
    for act in Act
    for who, what in (("Agnes", "Ward 4"), ("", ""))
]

PROGRESS = [
    {**where, "done": done, "ledger": ledger}
    for where in EVERYWHERE
    for done in DONE
    for ledger in (LEDGER, Ledger(), Ledger(sits=1, minutes=1))
]

SHOWN = dict.fromkeys(EXAMPLES, "*word*")  # the real ones look like what is left of a template
FLAWS = ("empty", "too_long", "unreadable", "unknown_name", "too_nested", "character", "link", "says_nothing")
SUMMARY = {"cohorts": "Ward 4, Ward 5", "number": 3, "week": WEEK.title}
THEIRS: list[dict[str, Any]] = [
    {"host": "", "note": None, "own_theme": None},
    {"host": "Agnes", "note": Written("We meet on Friday, {{ name }}.", 3), "own_theme": Written("*Kindly.*", 3)},
]
GONE = [{"week_number": 3, "gone": gone} for gone in ("", "today", "past")]
NOTED = [
    {"number": 3, "title": WEEK.title, "date": date, "noted": noted, "edited": not noted}
    for date in (MONDAY, None)
    for noted in (True, False)
]

PULSE = Pulse(MONDAY, 10, tuple(Figure(name, at) for name, at in zip(FIGURES, (None, 5, 10) * 3, strict=False)))

A_CLASS: list[dict[str, Any]] = [
    {
        "cohort": "Ward 4",
        "title": title,
        "date": MONDAY,
        "time": time(18),
        "minutes": 120,
        "place": place,
        "link": link,
        "host": host,
    }
    for title, host in ((WEEK.title, "Sister Agnes"), ("", "Sister Agnes"), ("", ""))
    for place, link in (("Room 4", "https://meet.example/w_a_r_d"), ("Room 4", ""), ("", "https://a.example"), ("", ""))
]
ABOUT_A_CLASS = (
    "class/soon",
    "class/called_off",
    "class/post",
    "class/post_changed",
    "class/post_off",
    "classes/changed",
    "classes/call_off",
    "classes/called_off",
    "classes/who_was_there",
)
ASKED_ABOUT_A_CLASS = [{**facts, "coming": coming} for facts in A_CLASS for coming in (None, True, False)]
COUNTED_CLASSES = [
    {**facts, "coming": coming, "begun": begun, "number": 1}
    for facts in A_CLASS
    for coming in (None, 10)
    for begun in (True, False)
]

MATES = [["Ben"], ["Ben", "Eve"]]
A_MATE = [
    {"name": "Ben", "handle": handle, "listens": listens}
    for handle, listens in (("ben_s", True), ("", True), ("", False))
]
TOGETHER = [week.exercise for week in COURSE.weeks]
AROUND = {"cohort": "Ward 4", "date": MONDAY, "clock": time(12)}

FACTS: Mapping[str, Sequence[Facts]] = {
    **HOME_FACTS,
    **DATA_FACTS,
    "pairs/ended": [AROUND],
    "pairs/off": [AROUND],
    "pairs/on": [AROUND],
    "pairs/one": [
        {**AROUND, **more, "meetings": meetings, "date": on}
        for more in truths("pairs", "begun")
        for meetings in (None, 10)
        for on in (MONDAY, None)
    ],
    "pairs/over": [AROUND],
    "pairs/preview": [{**AROUND, "exercise": exercise} for exercise in TOGETHER],
    "partner/did_you": each("mates", *MATES),
    "partner/fallen_out": each("mates", [], *MATES),
    "partner/how": each("handle", "", "ana_s"),
    "partner/meet": [
        {"mates": mates, "exercise": exercise}
        for mates in (A_MATE[:1], A_MATE[1:2], A_MATE[2:], A_MATE[:2])
        for exercise in TOGETHER
    ],
    "partner/menu": [{"mates": mates, "out": out} for mates in ([], *MATES) for out in (True, False)],
    "partner/never": each("names", [], *MATES),
    "partner/nobody": each("mates", [], *MATES),
    "partner/passed": [{"sender": "Ben", "text": "Thursday at *four*?"}],
    "partner/sent": each("mates", *MATES),
    "partner/tell": each("mates", *MATES),
    "partner/together": [{"names": ["Ben", "Ana"], "exercise": exercise} for exercise in TOGETHER],
    "partner/too_long": [{"most": 1500}],
    "audit/show": each("lines", ACTS, []),
    "broadcast/compose": [{"examples": SHOWN}],
    "broadcast/flaw": [
        {"kind": kind, "line": 3, "word": word, "examples": SHOWN}
        for kind in (*FLAWS, "not_allowed")
        for word in ("", "4")
    ],
    "broadcast/progress": [
        {"stage": stage, "sent": sent, "waiting": sent, "failed": failed, "begun": "Dear all…", "time": time(9, 5)}
        for stage in ("preparing", "planned", "sending", "held", "cancelled", "over")
        for sent in (None, 25)
        for failed in ([("unreachable", 5), ("dead", 10)], [])
    ],
    "broadcast/summary": [
        {**SUMMARY, "segment": segment, "count": count, "on": on, "at": time(9), "minutes": minutes}
        for segment in ("everybody", "week", "active", "silent", "not_joined")
        for count, minutes in ((None, 1), (35, 119), (40, 120))
        for on in (None, MONDAY)
    ],
    "broadcast/text": [{"host": "Sister Agnes", "text": Written("Dear {{ name }}, week **{{ week }}**.", 3)}],
    **dict.fromkeys(ABOUT_A_CLASS, A_CLASS),
    "class/see_you": [{**facts, "soon": soon} for facts in A_CLASS for soon in (True, False)],
    "class/without_you": [{**facts, "soon": True} for facts in A_CLASS],
    **dict.fromkeys(("class/reminder", "class/changed", "class/next"), ASKED_ABOUT_A_CLASS),
    "class/recap": [{**facts, "recap": Written("We *listened*, {{ name }}.", 3)} for facts in A_CLASS],
    "classes/clock": [{"zone": "America/New_York"}],
    "classes/coming": [{"cohort": "Ward 4", "classes": some} for some in (COUNTED_CLASSES, [])],
    "classes/date": truths("weekly"),
    "classes/how_many": each("weeks", 1, 8),
    "classes/keep_change": [
        {**to, "before": was, "moved": moved} for to in A_CLASS for was in A_CLASS for moved in (0, 1)
    ],
    "classes/keep_plan": [{**one, "zone": "Asia/Tokyo", "classes": [one] * n} for one in A_CLASS for n in (1, 8)],
    "classes/keep_recap": truths("sent"),
    "classes/one": [{**one, "recapped": recapped} for one in COUNTED_CLASSES for recapped in (True, False)],
    "classes/planned": [{"cohort": "Ward 4", "count": count} for count in (1, 8)],
    "classes/recapped": truths("sent"),
    "classes/weeks_unclear": [{"most": 30}],
    "classes/write_recap": [{"examples": SHOWN}],
    "cohorts/close": IN_COUNTS,
    "cohorts/closed": IN_COUNTS,
    "cohorts/host": each("known", True, False),
    "cohorts/link": INVITATION,
    "cohorts/list": each("cohorts", IN_COUNTS, []),
    "cohorts/made": INVITATION,
    "cohorts/change_host": [{"cohort": "Ward 4", "host": "Agnes"}, {"cohort": "Ward 4", "host": ""}],
    "cohorts/host_changed": [{"cohort": "Ward 4", "host": "Agnes"}],
    "cohorts/one": IN_COUNTS,
    "cohorts/preview": truths("together", **COHORT),
    "cohorts/renew": truths("takes_in", **COHORT),
    "cohorts/revoke": [COHORT],
    "cohorts/revoked": [COHORT],
    "cohorts/starts": [{"date": MONDAY}],
    "desk/here": truths("owns", "course"),
    "facilitators/invite": each("cohort", "Ward 4", ""),
    "facilitators/invited": [*INVITATION, {**INVITATION[0], "cohort": ""}],
    "facilitators/list": each("facilitators", ["Agnes", "Bo"], []),
    "facilitators/remove": [{"who": "Agnes"}],
    "facilitators/removed": [{"who": "Agnes"}],
    "joining/already": [COHORT],
    "joining/still_open": truths("begun", **COHORT),
    "joining/card": truths("begun", "together", "elsewhere", **COHORT),
    "joining/invited": truths("begun", "together", **COHORT),
    "joining/joined": truths("begun", "together", "late", week_number=3, week=WEEK, **COHORT),
    "joining/named": [{"cohort": "Ward 4"}, {"cohort": ""}],
    "joining/not_joined": truths("elsewhere"),
    "joining/soon": [COHORT],
    "leaving/sure": truths("together"),
    "pause/until": truths("together"),
    "pulse/figures": [{"cohort": "Ward 4", "week": MONDAY, "people": 10, "pulse": PULSE}],
    "pulse/too_few": [COHORT],
    "pulse/too_soon": [COHORT],
    "booster/invite": [{"practice": PRACTICE, "invitation": OneOf(PRACTICE.id, PRACTICE.invitations)}],
    "evening/again": [{"question": OneOf(f"{PRACTICE.id} evening", PRACTICE.evening)}],
    "evening/gratitude": each("told", False, True),
    "evening/how_was_it": [evening(""), evening("to be kind " * 40), evening("to rest", WEEK.look_back.recap)],
    "evening/look_back": [{"question": WEEK.look_back.question}],
    "evening/what_i_mean": [{"practice": PRACTICE}],
    "evening/what_was_it_like": [{"question": QUESTION}],
    "graduation/close": [
        {"ledger": LEDGER, "favourites": ["One kind act", "Just like me", "Three breaths"]},
        {"ledger": Ledger(), "favourites": []},
    ],
    "graduation/plan": [
        *({"keep": "the breath", "when": "in the lift", "every": days} for days in (30, 14, 91)),
        {"keep": "", "when": "", "every": 0},
    ],
    "gratitude/pages": each("entries", entries("gratitude", "tea", "rain\nand wind"), []),
    "help/show": [
        {**truth, "state": state}
        for state in ("active", "paused", "graduated", "onboarding", "invited", "withdrawn")
        for truth in truths("cohort", "leads", "owns")
    ],
    "journal/pages": each("entries", entries("journal", "tea", "rain\n\nand wind"), []),
    "letter/pages": each("entries", entries("letter", "dear me", "rest well"), []),
    "keeping/offer": each("asks", False, True),
    "morning/again": [{"practice": PRACTICE}],
    "morning/another": [morning()],
    "morning/greeting": [morning(), morning(late=True)],
    "morning/invite": [morning(), morning(daily=None), morning(returning=True), morning(late=True)],
    "morning/more": [{"practice": PRACTICE}],
    "morning/new_week": [morning(), morning(late=True)],
    "morning/theme": [
        {**facts, **theirs}
        for facts in (morning(), morning(daily=None, week_number=1), morning(returning=True))
        for theirs in THEIRS
    ],
    "onboarding/done": [
        *truths("is_today", "late", morning=time(8), evening=time(20), date=MONDAY),
    ],
    "onboarding/morning": [{"clock": "14:30", "profile_zone": zone} for zone in ("", "Europe/Madrid")],
    "pause/already": each("until", MONDAY, None),
    "pause/paused": [{"until": until, **truth} for until in (MONDAY, None) for truth in truths("together")],
    "pause/resumed": EVERYWHERE,
    "practice/show": [{"practice": PRACTICE}],
    "home/held": [{"language": "en"}, {"language": "es"}],
    "home/show": PROGRESS,
    "progress/show": PROGRESS,
    **SAFETY_FACTS,
    "settings/menu": [
        {"rhythm": rhythm, "zone": "Europe/Madrid", "clock": "14:30", "dial": dial, "shifts_until": until}
        for rhythm in (RHYTHM, Rhythm(evenings=False))
        for dial in ("every_evening", "every_third", "once_a_week", "never")
        for until in (MONDAY, None)
    ],
    "settings/rhythm_saved": each("rhythm", RHYTHM, *(replace(RHYTHM, gratitude_every=days) for days in (0, 3, 7))),
    "shifts/confirm": SHIFTS,
    "shifts/day": truths("first", "is_today", on=MONDAY),
    "shifts/hours": [{"hours": tuple((shift, *span) for shift, span in HOURS.items())}],
    "shifts/one_day": [{"on": MONDAY}],
    "shifts/overview": SHIFTS,
    "settings/zone_saved": [{"zone": "Asia/Tokyo", "clock": "22:30"}],
    "sit/close": MINUTES,
    "sit/cue": [{"cue": WEEK.sit.cues[0].say}],
    "sit/ease": [{"ease": WEEK.sit.ease}],
    "sit/ended_early": MINUTES,
    "sit/interrupted": MINUTES,
    "sit/length": [{"sit": WEEK.sit}],
    "today/show": [{**where, "intention": intention} for where in EVERYWHERE for intention in ("", "to breathe")],
    "unasked/edited": truths("back"),
    "unasked/late_form": [{"text": "Ward 4"}],
    "unasked/not_text": each("kind", "voice", "photo", "sticker", "dice"),
    "unasked/stale": truths("leads", "held"),
    "week/moved": [{"week": WEEK, "week_number": 3}],
    "themes/keep": GONE,
    "themes/kept": GONE,
    "themes/one": GONE,
    "themes/over": [COHORT],
    "themes/weeks": [{"cohort": "Ward 4", "weeks": NOTED}],
    "themes/write_note": [{"examples": SHOWN}],
    "themes/write_text": [{"examples": SHOWN}],
    "week/show": [{**where, **theirs} for where in EVERYWHERE for theirs in THEIRS],
}
