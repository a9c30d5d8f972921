"""How long a week's partners take: an exact matching of a large cohort with a past, private lists and every zone."""

from __future__ import annotations

import time
from random import Random
from statistics import median

from benchmarks.report import Row
from bot.cohorts.pairing import Mate, Met, Pair, Waking, match, remembered

AIM = 1.0  # seconds, for 500 people
WEEKS_BEFORE = 3


def measure(quick: bool, seed: int) -> list[Row]:
    """Seconds on the wall to match 500 people in another week; the library is loaded before."""
    people, runs = (100, 1) if quick else (500, 5)
    random = Random(seed)
    ids = [f"p{number:04}" for number in range(people)]
    mates = [
        Mate(
            each,
            Waking(random.randrange(0, 1440, 15), random.randrange(600, 960, 30), random.randrange(-600, 780, 30)),
            random.choice((None, "day", "late", "night", "off")),
            frozenset(random.sample(ids, 2)) - {each},
        )
        for each in ids
    ]
    history: dict[Pair, Met] = {}
    for week in range(WEEKS_BEFORE):
        history = dict(remembered(history, match(mates, history, f"{seed}/{week}"), week))
    seconds = []
    for run in range(runs):
        began = time.perf_counter()
        match(mates, history, f"{seed}/run {run}")
        seconds.append(time.perf_counter() - began)
    return [Row(f"s to match {people:,} partners", seconds, {}, f"under {AIM:g}", median(seconds) < AIM, 2)]
