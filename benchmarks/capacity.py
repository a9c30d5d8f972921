"""The arithmetic of a morning: how many people a bot can wake, by zones, wake-up times and rates, minute by minute.

`python -m benchmarks.capacity --people 1000000 --bots 4`. Nothing is measured here: rates come from docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

RATE = 28.0  # messages a second of one bot, within Telegram's 30 (design.md §9)
WINDOW = 4.0  # hours for which a morning is useful
MINUTE = 60
DAY = 24 * 60  # minutes

# Where people live, as shares of everybody by their zone's hours from UTC: a scenario, not a fact.
SPREADS: Mapping[str, Mapping[int, float]] = {
    "one zone": {1: 1.0},
    "Europe": {0: 0.2, 1: 0.6, 2: 0.2},
    "world": {-8: 0.08, -6: 0.10, -5: 0.14, -3: 0.10, 0: 0.08, 1: 0.20, 2: 0.08, 3: 0.05, 5: 0.08, 8: 0.06, 10: 0.03},
}


@dataclass(frozen=True, slots=True)
class Load:
    """So many people of so many bots. `spread` is standard deviation, in minutes, of wake-up times around 08:00.

    `answered` is how many further messages each morning brings at once; they go out first.
    """

    people: int
    bots: int = 1
    zones: str = "one zone"
    spread: float = 0.0
    answered: float = 1.0
    rate: float = RATE
    window: float = WINDOW


@dataclass(frozen=True, slots=True)
class Morning:
    """What a day comes to for one bot: the longest queue, the longest wait in minutes, and the share sent too late."""

    longest_queue: int
    longest_wait: float
    missed: float


def most(load: Load) -> int:
    """How many people the bots can wake if all are due in one minute and none may come too late."""
    return int(load.bots * load.rate * load.window * 3600 / (1 + load.answered))


def arrivals(load: Load, seed: int) -> list[int]:
    """People of one bot by the minute of the day, in UTC, at which they are due."""
    random, due = Random(seed), [0] * DAY
    zones = SPREADS[load.zones]
    hours, shares = list(zones), list(zones.values())
    for zone in random.choices(hours, shares, k=math.ceil(load.people / load.bots)):
        at = round(random.gauss(8 * MINUTE, load.spread) / 15) * 15 if load.spread else 8 * MINUTE
        due[int(at - zone * MINUTE) % DAY] += 1
    return due


def morning(load: Load, seed: int = 1) -> Morning:
    """A bot's day, first come first served: two days are walked, so that a queue over midnight counts."""
    due, queue, waiting = arrivals(load, seed), 0.0, list[tuple[int, float]]()
    longest, wait, late, first = 0.0, 0.0, 0.0, 0
    a_minute = load.rate * MINUTE / (1 + load.answered)
    for minute in range(2 * DAY):
        if due[minute % DAY]:
            waiting.append((minute, float(due[minute % DAY])))
            queue += due[minute % DAY]
        longest, room = max(longest, queue), a_minute
        while first < len(waiting) and waiting[first][0] < minute - load.window * MINUTE:
            late, queue, first = late + waiting[first][1], queue - waiting[first][1], first + 1
        while room > 0 and first < len(waiting):
            at, people = waiting[first]
            sent = min(room, people)
            wait, room, queue = max(wait, minute - at), room - sent, queue - sent
            waiting[first] = (at, people - sent)
            first += sent == people
    return Morning(round(longest), wait, late / (2 * sum(due)) if sum(due) else 0.0)


def bots_for(load: Load) -> int:
    """The fewest bots with which nobody's morning comes too late."""
    least, enough = 0, max(1, math.ceil(load.people / most(replace(load, bots=1))))
    while enough - least > 1:
        bots = (least + enough) // 2
        least, enough = (bots, enough) if morning(replace(load, bots=bots)).missed else (least, bots)
    return enough


def table(people: Sequence[int], answered: float) -> str:
    """The bots that so many people need, and what their mornings look like with them."""
    lines = [
        "| people | live in | wake-up times | bots | longest queue of a bot | longest wait |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for many in people:
        for zones in SPREADS:
            for spread, told in ((0.0, "all at 08:00"), (45.0, "08:00 ± 45 min")):
                load = Load(many, 1, zones, spread, answered)
                day = morning(replace(load, bots=(bots := bots_for(load))))
                lines.append(
                    f"| {many:,} | {zones} | {told} | {bots:,} | {day.longest_queue:,} | {day.longest_wait:.0f} min |"
                )
    return "\n".join(lines)


def main() -> None:
    """Prints the table, or one morning if the bots are given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--people", type=int, nargs="*", default=[100_000, 200_000, 1_000_000])
    parser.add_argument("--bots", type=int, help="look at a morning with so many, rather than find out how many")
    parser.add_argument("--zones", choices=tuple(SPREADS), default="one zone")
    parser.add_argument("--spread", type=float, default=0.0, help="minutes, of wake-up times around 08:00")
    parser.add_argument("--answered", type=float, default=1.0, help="messages that follow each morning at once")
    asked = parser.parse_args()
    if not asked.bots:
        print(table(asked.people, asked.answered))
        return
    for many in asked.people:
        day = morning(Load(many, asked.bots, asked.zones, asked.spread, asked.answered))
        print(
            f"{many:,} people: at most {day.longest_queue:,} wait at a bot, {day.longest_wait:.0f} minutes; "
            f"{100 * day.missed:.1f} % come too late"
        )


if __name__ == "__main__":
    main()
