"""Synthetic participants: what a dozen kinds of real ones do with their phone, decided by a seed alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot.model import Button, ChoiceMade, Input, MessageReceived


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind of person is: how often they answer a nudge, go on once begun, and do something of their own accord.

    `minutes` is how long they take to look at their phone. An errand is what they do on some day of the walk, counted
    as a part of its length.
    """

    answers: float
    goes_on: float
    whims: float
    minutes: tuple[int, int]
    errands: tuple[tuple[float, str], ...] = ()


KINDS: Mapping[str, Manner] = {
    "diligent": Manner(1.0, 1.0, 0.35, (2, 25)),
    "sporadic": Manner(0.45, 0.85, 0.15, (5, 800)),
    "silent": Manner(0.0, 0.0, 0.0, (1, 5)),
    "pauser": Manner(0.85, 0.9, 0.15, (3, 90), ((0.35, "/pause"), (0.75, "pause"), (0.79, "/resume"))),
    "mover": Manner(0.9, 0.95, 0.15, (2, 60), ((0.3, "/settings"), (0.45, "/settings"), (0.8, "/settings"))),
    "leaver": Manner(0.6, 0.8, 0.1, (5, 240), ((0.6, "/stop"),)),
}

NAMES = (
    "Ana", "Zoë O’Hara-Łęcka", "<b>Bob</b>", "محمد علي", "李小龍", "Jean_Luc *Picard*", "{{ 7 * 7 }}", "Nguyễn Thị Ánh",
    "Mia 🌱", "D'Arcy & Söhne", "Iñaki [x](http://a.b)", "ᓄᓇ", "Kofi", "Máire Ní Bhriain", "`rm -rf`", "Ωmega",
)  # fmt: skip

# What they write when asked where they are, and the zone that it means: half hours, quarters and clock changes
PLACES = (
    ("Madrid", "Europe/Madrid"),
    ("Mumbai", "Asia/Kolkata"),
    ("Australia/Lord_Howe", "Australia/Lord_Howe"),
    ("new york", "America/New_York"),
    ("Kathmandu", "Asia/Kathmandu"),
    ("America/St_Johns", "America/St_Johns"),
    ("London", "Europe/London"),
    ("Adelaide", "Australia/Adelaide"),
    ("Africa/Casablanca", "Africa/Casablanca"),
    ("Auckland", "Pacific/Auckland"),
    ("Tokyo", "Asia/Tokyo"),
    ("Pacific/Honolulu", "Pacific/Honolulu"),
    ("São Paulo", "America/Sao_Paulo"),
)

# What is done with a prompt, as likely as it stands here: "[tap]", "=pot of phrases", "@fact of theirs", or words
HABITS: Mapping[str, tuple[str, ...]] = {
    "onboarding/consent": ("[agree]", "[agree]", "[agree]", "[more]", "yes"),
    "onboarding/more": ("[agree]",),
    "onboarding/name": ("@name",),
    "onboarding/zone": ("@place", "@place", "@place", "Atlantis of the sea"),
    "onboarding/which_zone": ("[@zone]",),
    "onboarding/morning": ("[08:00]", "[08:00]", "[06:30]", "7:15", "9 am", "25:99"),
    "onboarding/evening": ("[20:00]", "[20:00]", "[19:00]", "21:30", "[22:00]"),
    "onboarding/health_care": ("[@health_care]",),
    "onboarding/start": ("[*]", "[*]", "[*]", "[monday]"),
    "morning/invite": ("[carry]", "[carry]", "=intention", "=intention", "[more]", "[another]"),
    "morning/theme": ("[carry]", "=intention", "=intention", "[more]"),
    "morning/again": ("[carry]", "=intention"),
    "morning/another": ("[carry]", "=intention"),
    "morning/more": ("[carry]", "=intention"),
    "evening/how_was_it": ("[did]", "[did]", "[did]", "[a_little]", "[a_little]", "[not_today]", "=reflection", "yes"),
    "evening/again": ("[did]", "[a_little]", "[not_today]", "=reflection"),
    "evening/what_was_it_like": ("=reflection", "=reflection", "=reflection", "[skip]"),
    "evening/strain": ("[no_strain]", "[no_strain]", "[no_strain]", "[some_strain]", "=reflection"),
    "morning/strain": ("[no_strain]", "[no_strain]", "[some_strain]", "=reflection"),
    "evening/strained": ("[carry_on]", "=reflection"),
    "safety/support": ("[close_support]",),
    "evening/look_back": ("=reflection", "=reflection", "[skip]"),
    "evening/gratitude": ("=gratitude", "=gratitude", "=gratitude", "=gratitudes", "[not_tonight]"),
    "evening/another_gratitude": ("=gratitude", "[that_is_all]", "[that_is_all]"),
    "check_in/ask": ("[keep_rhythm]", "[fewer]", "=reflection"),
    "graduation/keep": ("=plan", "=plan", "[skip]"),
    "graduation/when": ("=plan", "[skip]"),
    "graduation/boosters": ("[monthly]", "[fortnightly]", "[quarterly]", "[never]"),
    "booster/invite": ("[carry]", "=reflection"),
    "sit/length": ("[short]", "[short]", "[short]", "[middle]", "[long]", "[not_now]"),
    "sit/cue": (*("",) * 60, "[gentler]", "[end_sit]"),
    "sit/ease": ("",),
    "sit/after": ("=reflection", "[skip]"),
    "keeping/offer": ("[keep]", "[keep]", "[let_go]"),
    "journal/write": ("=reflection", "[read_back]"),
    "journal/pages": ("=reflection",),
    "letter/write": ("=letter",),
    "letter/more": ("=letter", "[that_is_all]"),
    "gratitude/write": ("=gratitude", "=gratitudes"),
    "practice/show": ("[i_did]", "[enough]"),
    "week/show": ("[close]", ""),
    "pause/until": ("[days_7]", "[days_7]", "[days_3]"),
    "settings/menu": ("[zone]",),
    "settings/zone": ("@place",),
    "leaving/sure": ("[leave]",),
    "sharing/offer": ("[share_it]", "[keep_it]", "[keep_it]"),
    "sharing/which": ("[1]",),
    "sharing/shown": ("[with_name]", "[without_name]"),
    "sharing/after": ("[that_is_all]",),
    "partner/wanted": ("[pair_me]", "[pair_me]", "[pair_me]", "[no_pairs]"),
    "partner/how": ("[by_coach]", "[by_name]"),
    "partner/did_you": ("[met_yes]", "[met_yes]", "[met_not_yet]"),
    "partner/how_close": ("[close_3]", "[close_4]", "[close_5]", "[rather_not]"),
    "partner/thanks": ("",),
    "class/reminder": ("[will_come]", "[will_come]", "[cannot_come]"),
    "class/changed": ("[will_come]",),
}  # fmt: skip

NUDGES = frozenset({"morning/invite", "morning/theme", "evening/how_was_it", "check_in/ask", "booster/invite"})
AFTERWARDS = frozenset({"morning/thanks", "evening/thanks", "sit/thanks"})  # when a whim may come
WHIMS = (
    "/sit", "/sit", "/sit", "/journal", "/letter", "/progress", "/today", "/week", "/practice", "/gratitude", "/help",
    "/support", "help", "back", "/frobnicate", "[stale]", "=reflection", "=reflection",
)  # fmt: skip

PHRASES: Mapping[str, tuple[str, ...]] = {
    "intention": (
        "On the tram, before I look at my phone.",
        "One breath before every door",
        "When the kids come home; I want to hear them out.",
        "<i>slowly</i> & with {{ care }}",
        "Ir más despacio hoy",
    ),
    "reflection": (
        "I noticed how tight my shoulders were. Then it eased a little.",
        "Honestly, I forgot until the evening.",
        "My sister called and I really listened for once.",
        "It was odd at first. Warm, then sad, then fine.",
        "🙂🙂",
        "*not* sure _what_ to say [yet]",
        "היה יום ארוך",
    ),
    "gratitude": ("The sun on the kitchen floor", "My neighbour's soup", "Sleep", "That the bus waited", "my dog ❤"),
    "gratitudes": ("coffee\nthe walk home\nLeila's laugh", "- rain\n- a dry coat"),
    "letter": (
        "Dear me,\nyou have carried a lot this year. You are allowed to be tired.\nYours, me",
        "Dear me, " + "there is more kindness in you than you let yourself see. " * 30,
    ),
    "plan": ("The breath, and one kind thing a day", "Before breakfast, and on the way home"),
}

_FACT = re.compile(r"@(\w+)")
FIRST_STEPS = timedelta(hours=13)  # everybody writes to the coach by day, wherever they are


@dataclass(slots=True)
class Person:
    """One synthetic participant with their phone. Everything they do follows from `seed` and what they are sent."""

    number: int
    kind: str
    seed: int
    start: datetime
    days: int
    name: str = ""
    place: str = ""
    zone: str = ""
    health_care: str = "no"
    gone: bool = False
    acted: list[datetime] = field(default_factory=list)
    _rng: Random = field(default_factory=Random)
    _todo: list[tuple[datetime, str]] = field(default_factory=list)  # errands, soonest first
    _plan: tuple[datetime, str] | None = None  # what they are about to answer
    _shown: dict[str, Button] = field(default_factory=dict)  # the buttons before their eyes, by choice
    _old: Button | None = None
    _ref: str | None = None
    _travelled: int = 0

    def __post_init__(self) -> None:
        self._rng = Random(f"{self.seed} {self.number}")  # noqa: S311 - a rehearsal, no secret
        self.name = NAMES[(self.number - 1) % len(NAMES)]
        self.place, self.zone = PLACES[(self.number + self.seed - 2) % len(PLACES)]
        self.health_care = self._rng.choice(("no", "yes"))
        begin = self._by_day(self.start)
        self._todo = [(begin, "/start")]
        for part, text in self._manner.errands:
            self._todo.append((self._by_day(begin + timedelta(days=max(1, round(part * self.days)))), text))

    @property
    def steady(self) -> bool:
        """Whether they answer everything, and so must meet the whole course."""
        return self._manner.answers >= 1

    @property
    def _manner(self) -> Manner:
        return KINDS[self.kind]

    def opens(self, code: str) -> None:
        """They begin by opening an invitation, and at once."""
        self._todo[0] = (self.start, f"/start {code}")

    def _by_day(self, at: datetime) -> datetime:
        """Some minute of the next day-time at their place, so that nobody does things in their sleep."""
        local = at.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0) + FIRST_STEPS
        while local <= at:
            local += timedelta(days=1)
        return (local + timedelta(minutes=self._rng.randrange(90))).astimezone(self.start.tzinfo)

    def next_act(self) -> datetime | None:
        """When they next do something, as far as they know."""
        planned = [self._todo[0][0]] if self._todo else []
        return min(planned + ([self._plan[0]] if self._plan else []), default=None)

    # ------------------------------------------------------------ reading

    def reads(self, prompt: str, rows: Sequence[Sequence[Button]], ref: str, now: datetime) -> None:
        """A message arrived: they see its buttons, and may decide to answer after a while."""
        if self.gone:
            return
        buttons = {button.data.partition(":")[2]: button for row in rows for button in row}
        if buttons:
            self._old = next(iter(self._shown.values()), None)
            self._shown, self._ref = buttons, ref
        if prompt == "leaving/gone":
            self.gone, self._plan, self._todo = True, None, []
            return
        if prompt == "settings/zone":
            self._travel()
        intent = self._intent(prompt, buttons)
        if intent:
            unasked = prompt in NUDGES or intent == "[stale]" or prompt in AFTERWARDS
            soon, late = self._manner.minutes if unasked else (1, 3)
            wait = soon + (late - soon) * self._rng.random() ** 3  # mostly soon
            self._plan = (now + timedelta(minutes=round(wait)), intent)
        elif prompt in NUDGES:
            self._plan = None

    def _intent(self, prompt: str, buttons: Mapping[str, Button]) -> str:
        """What they feel like doing about it; "" for nothing."""
        if prompt in AFTERWARDS:
            return self._rng.choice(WHIMS) if self._rng.random() < self._manner.whims else ""
        habits = HABITS.get(prompt, ("[*]",) if buttons else ("",))
        if prompt in NUDGES or prompt.startswith("graduation/"):
            keen = self._rng.random() < self._manner.answers
        elif prompt.startswith(("morning/", "evening/")):
            keen = self._rng.random() < self._manner.goes_on
        else:
            keen = True
        return self._rng.choice(habits) if keen else ""

    def _travel(self) -> None:
        """They write from somewhere else: two zones on, then back over the date line, then home."""
        self._travelled += 1
        self.place, self.zone = (PLACES[9], PLACES[11], PLACES[(self.number + self.seed - 2) % len(PLACES)])[
            (self._travelled - 1) % 3
        ]

    # ------------------------------------------------------------ answering

    def acts(self, now: datetime) -> tuple[str, Input] | None:
        """What they do at this moment, if it has come: how the transcript shows it, and what the coach gets."""
        if self._todo and self._todo[0][0] <= now:
            _, intent = self._todo.pop(0)
            self._plan = None
        elif self._plan and self._plan[0] <= now:
            _, intent = self._plan
            self._plan = None
        else:
            return None
        self.acted.append(now)
        return self._tap(intent) if intent.startswith("[") else self._write(intent)

    def _tap(self, intent: str) -> tuple[str, Input] | None:
        if intent == "[stale]":
            button = self._old
        else:
            wanted = _FACT.sub(self._fact, intent[1:-1])
            button = self._shown.get(wanted) or next(iter(self._shown.values()), None)
        if button is None:
            return None
        asked, _, choice = button.data.partition(":")
        if not choice:  # a command
            return f"[{button.label}]", MessageReceived(button.data)
        return f"[{button.label}]", ChoiceMade(choice, int(asked), self._ref)

    def _write(self, intent: str) -> tuple[str, Input]:
        text = self._rng.choice(PHRASES[intent[1:]]) if intent.startswith("=") else _FACT.sub(self._fact, intent)
        return text, MessageReceived(text, ref=f"{self.number}-{len(self.acted)}")

    def _fact(self, found: re.Match[str]) -> str:
        return str(getattr(self, found[1]))


def company(size: int, seed: int, start: datetime, days: int) -> list[Person]:
    """So many synthetic participants, their kinds in turn; `days` is how long they are rehearsed."""
    kinds = tuple(KINDS)
    return [Person(n, kinds[(n - 1) % len(kinds)], seed, start, days) for n in range(1, size + 1)]


TEAM: Mapping[str, str] = {
    "Amara": "diligent", "Jonas": "sporadic", "Leila": "diligent", "Marta": "sporadic", "Ngozi": "diligent",
    "Oskar": "silent", "Priya": "diligent", "Rui": "sporadic", "Sofia": "diligent", "Tomasz": "pauser",
    "Uma": "diligent", "Wanda": "sporadic", "Yusuf": "diligent", "Zeynep": "sporadic",
}  # fmt: skip


def team(seed: int, start: datetime, days: int, zone: str, code: str) -> list[Person]:
    """People who work together in one place (`zone`, an IANA name), and open an invitation at `start`."""
    people = []
    for number, (name, kind) in enumerate(TEAM.items(), 1):
        person = Person(number, kind, seed, start, days)
        person.name, person.place, person.zone, person.health_care = name, zone, zone, "yes"
        person.opens(code)
        people.append(person)
    return people
