"""Updates a second, resident memory, and the time to the first poll: whole processes against one stand-in server.

Every update has one reply. The rounds of the candidates take turns, so that whatever else the machine does meets all of
them alike.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.candidates import OURS, Candidate, candidates, prepare
from benchmarks.processes import Process, Round, StandIn

log = sys.stderr

TODAY, JOURNAL = "today", "journal"
LOADS: Mapping[str, tuple[str, ...]] = {
    TODAY: ("/today", "/today"),  # a look at one's place and practice: one update in, one reply out
    JOURNAL: ("/journal", "Today I was gentler with myself than yesterday, and I noticed it."),
}
NEWCOMER = 900_001
CITY = ("/start", "yes", "Ana", "Madrid")  # up to the question whose answer is looked up among all cities


@dataclass(slots=True)
class Talk:
    """What was measured of one candidate: rounds by load, seconds to first polls, and resident MB at some moments."""

    rounds: dict[str, list[Round]] = field(default_factory=lambda: {load: [] for load in LOADS})
    first_polls: list[float] = field(default_factory=list)
    at_start: list[float] = field(default_factory=list)
    after_walk: list[float] = field(default_factory=list)
    after_city: list[float] = field(default_factory=list)
    with_new_database: list[float] = field(
        default_factory=list
    )  # seconds to first polls, the database still to be made

    def rates(self, load: str) -> list[float]:
        """Updates a second of each round."""
        return [one.updates / one.seconds for one in self.rounds[load]]

    def milliseconds(self, load: str) -> list[float]:
        """Processor time of an update in each round."""
        return [1000 * one.cpu / one.updates for one in self.rounds[load]]


def measure(people: int, rounds: int, seed: int) -> Mapping[str, Talk]:
    """So many rounds of each candidate with so many people, taking turns."""
    talks: dict[str, Talk] = defaultdict(Talk)
    with tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name, StandIn(Path(name)) as server:
        folder = Path(name)
        prepare(server, folder, people, seed)
        for number in range(rounds):
            fresh = folder / f"fresh-{number}"
            fresh.mkdir()
            with started(candidates()[0], server, fresh) as (_, seconds):
                talks[OURS].with_new_database.append(seconds)
            for candidate in candidates():
                log.write(f"round {number + 1} of {rounds}: {candidate.name}\n")
                turn(candidate, server, folder, talks[candidate.name], people)
    return talks


def turn(candidate: Candidate, server: StandIn, folder: Path, talk: Talk, people: int) -> None:
    """One start of one candidate, one round, and a look at its memory."""
    with started(candidate, server, folder) as (bot, seconds):
        talk.first_polls.append(seconds)
        talk.at_start.append(bot.resident)
        for load, texts in LOADS.items():
            server.talk(bot, texts, max(1, people // 10))  # connections open, code and statements are compiled
            talk.rounds[load].append(server.talk(bot, texts, people))
        talk.after_walk.append(bot.resident)
        if candidate.name == OURS:
            for text in CITY:
                server.says(text, first=NEWCOMER + len(talk.first_polls))
                server.quiet(bot)
            talk.after_city.append(bot.resident)


@contextmanager
def started(candidate: Candidate, server: StandIn, folder: Path) -> Iterator[tuple[Process, float]]:
    """The candidate, polling, with the seconds from the start of its process to its first poll."""
    polls = server.calls("getUpdates")
    with candidate.start(server, folder) as bot:
        server.until(lambda: server.calls("getUpdates") > polls, bot)
        yield bot, time.perf_counter() - bot.began
