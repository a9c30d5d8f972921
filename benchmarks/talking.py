"""Updates a second, how long a reply takes, resident memory, and the time to the first poll: whole processes.

Every update has one reply. The rounds of the candidates take turns, so that whatever else the machine does meets all of
them alike.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.candidates import DEFAULT, EAGER, ON_POSTGRES, PEERS, Candidate, candidates, prepare, sqlite
from benchmarks.postgres import postgres
from benchmarks.processes import Process, Round, StandIn
from benchmarks.report import OURS, Row, quantile

log = sys.stderr

TODAY, JOURNAL = "/today", "journal, with its keyboard edit"
LOADS: Mapping[str, tuple[str, ...]] = {
    TODAY: ("/today", "/today"),  # a look at one's place and practice: one update in, one reply out
    JOURNAL: ("/journal", "Today I was gentler with myself than yesterday, and I noticed it."),
}
EVERYBODY = (OURS, ON_POSTGRES, *PEERS)
SHARES = (0.5, 0.95, 0.99)
AT_ONCE = 16  # people who write, wait for the reply, and write again
STILL = 0.5  # seconds without a call: the bot has said all that it says
NEWCOMER = 900_001
CITY = ("/start", "yes", "Ana", "Madrid")  # up to the question whose answer is looked up among all cities


@dataclass(slots=True)
class Talk:
    """What was measured of one candidate: rounds by load, each round's milliseconds to a reply, seconds to first polls,
    and resident MB at some moments."""

    rounds: dict[str, list[Round]] = field(default_factory=lambda: {load: [] for load in LOADS})
    replies: list[list[float]] = field(default_factory=list)
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

    def waits(self, share: float) -> list[float]:
        """Milliseconds within which this share of the replies came, in each round."""
        return [quantile(one, share) for one in self.replies]


def measure(quick: bool, seed: int, among: Collection[str] = EVERYBODY) -> list[Row]:
    """Rounds of each of these candidates that is installed, taking turns."""
    people, rounds, each = (20, 1, 2) if quick else (500, 3, 40)
    talks: dict[str, Talk] = defaultdict(Talk)
    with (
        tempfile.TemporaryDirectory(prefix="heartsease-bench-") as name,
        postgres() as other,
        StandIn(Path(name)) as server,
    ):
        folder, them = Path(name), [one for one in candidates(other) if one.name in among]
        for database in (sqlite(folder), other):
            prepare(database, server.tokens, people, seed)
        for number in range(rounds):
            fresh = folder / f"fresh-{number}"
            fresh.mkdir()
            with started(them[0], server, fresh) as (_, seconds):
                talks[OURS].with_new_database.append(seconds)
            for candidate in them:
                log.write(f"talking, round {number + 1} of {rounds}: {candidate.name}\n")
                turn(candidate, server, folder, talks[candidate.name], people, each)
    return list(rows(talks))


def turn(candidate: Candidate, server: StandIn, folder: Path, talk: Talk, people: int, each: int) -> None:
    """One start of one candidate, one round, and a look at its memory."""
    with started(candidate, server, folder) as (bot, seconds):
        talk.first_polls.append(seconds)
        talk.at_start.append(bot.resident)
        for load, texts in LOADS.items():
            server.talk(bot, texts, max(1, people // 10))  # connections open, code and statements are compiled
            talk.rounds[load].append(server.talk(bot, texts, people))
        talk.replies.append(server.ask("converse", text="/today", people=min(AT_ONCE, people), each=each))
        talk.after_walk.append(bot.resident)
        if candidate.name == OURS:
            for text in CITY:
                server.says(text, first=NEWCOMER + len(talk.first_polls))
                server.quiet(bot, STILL)
            talk.after_city.append(bot.resident)


@contextmanager
def started(candidate: Candidate, server: StandIn, folder: Path) -> Iterator[tuple[Process, float]]:
    """The candidate, polling, with the seconds from the start of its process to its first poll."""
    polls = server.calls("getUpdates")
    with candidate.start(server, folder) as bot:
        server.until(lambda: server.calls("getUpdates") > polls, bot)
        yield bot, time.perf_counter() - bot.began


def rows(talks: Mapping[str, Talk]) -> Iterator[Row]:
    """All measures, on SQLite and on PostgreSQL beside the same peers."""
    peers = {name: talks[name] for name in PEERS if name in talks}

    def beside(figure: Callable[[Talk], Sequence[float]]) -> dict[str, Sequence[float]]:
        return {name: figure(talk) for name, talk in peers.items()}

    for database, ours in (("SQLite", talks[OURS]), ("PostgreSQL", talks[ON_POSTGRES])):
        for load in LOADS:
            rates = beside(lambda talk: talk.rates(load))  # noqa: B023  (called at once)
            enough = median(ours.rates(load)) >= max(median(rates[DEFAULT]), median(rates[EAGER]))
            aim = "at least ConversationHandler's"
            yield Row(f"updates a second, {database}: {load}", ours.rates(load), rates, aim, enough)
            spent = beside(lambda talk: talk.milliseconds(load))  # noqa: B023
            yield Row(f"processor ms an update, {database}: {load}", ours.milliseconds(load), spent, decimals=2)
        for share in SHARES:
            waits = beside(lambda talk: talk.waits(share))  # noqa: B023
            what = f"ms to a reply, {database}: {100 * share:.0f} in 100 come within"
            yield Row(what, ours.waits(share), waits, decimals=1)
    ours = talks[OURS]
    resident = {
        "at the start": beside(lambda talk: talk.at_start),
        "after a walk": beside(lambda talk: talk.after_walk),
    }
    own = {"at the start": ours.at_start, "after a walk": ours.after_walk, "after a city look-up": ours.after_city}
    for when, samples in own.items():
        yield Row(f"resident MB {when}", samples, resident.get(when, {}), "under 200", max(samples) < 200)
    polls = beside(lambda talk: talk.first_polls)
    yield Row("s to the first poll", ours.first_polls, polls, "under 2", median(ours.first_polls) < 2, 2)
    fresh = ours.with_new_database
    yield Row("s to the first poll, new database", fresh, {}, "under 2", median(fresh) < 2, 2)
