"""What every store does alike with what is kept for a time only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cohorts.model import Act, Audited, Invitation
from bot.keeping import Keep
from bot.model import Journey, Origin, Outgoing, Participant, Reply, State
from bot.ports import Ending, Result, Saved, Store
from tests.contracts.test_cohort_store import BOT, CODE, NOW, people

DAY = timedelta(days=1)
KEEP = Keep()


async def purged(store: Store, days: float, keep: Keep = KEEP) -> dict[str, int]:
    """What a purge so many days later finds."""
    return dict(await store.housekeeping.purge(keep, NOW + days * DAY))


async def test_an_input_is_known_again_until_no_platform_repeats_it(store: Store) -> None:
    async with store.writing() as work:
        await work.new(BOT, [str(number) for number in range(2500)], NOW)
    assert await purged(store, 8) == {}
    assert await purged(store, 8.1) == {"received": 2500}
    async with store.writing() as work:
        assert await work.new(BOT, ["1"], NOW) == {"1"}


async def test_tries_invitations_and_the_audit_go_in_their_time(store: Store) -> None:
    (ana,) = await people(store, 1)
    async with store.writing() as work:
        await work.cohorts.tried(ana, NOW)
        await work.cohorts.invite(Invitation("inv", "cohort", "ward", ana, NOW, NOW + 5 * DAY), CODE)
        await work.cohorts.invite(Invitation("ever", "cohort", "ward", ana, NOW), "another")
        await work.cohorts.note(Audited(NOW, ana, Act.CREATE, "ward"))
    assert await purged(store, 3) == {"attempts": 1}
    assert await purged(store, 36) == {"invitations": 1}
    async with store.writing() as work:
        assert await work.cohorts.invited(code=CODE) is None
        assert await work.cohorts.invited(code="another") is not None
        assert len(await work.cohorts.audit(9)) == 1
    assert await purged(store, 731) == {"audit": 1}
    assert await purged(store, 731) == {}


async def test_who_left_is_kept_until_they_erase_it_or_for_as_long_as_is_set(store: Store) -> None:
    left, back, walking = await people(store, 3)
    async with store.writing() as work:
        known = await work.load([left, back, walking])
        gone = Journey(state=State.WITHDRAWN)
        await work.save(
            [
                Saved(replace(known[left].participant, journey=gone, heard=NOW), None, 0),
                Saved(replace(known[back].participant, journey=gone, heard=NOW + 20 * DAY), None, 0),
                Saved(replace(known[walking].participant, journey=Journey(state=State.GRADUATED), heard=NOW), None, 0),
            ]
        )
    assert await purged(store, 4000) == {}
    assert await purged(store, 40, Keep(left=30 * DAY)) == {"left": 1}
    async with store.reading() as queries:
        assert [await queries.participant(one) is None for one in (left, back, walking)] == [True, False, False]


def said(person: Participant, text: str, asked: int = 0, **more: object) -> Outgoing:
    return Outgoing(person.address, BOT, Reply(asked=asked, prompt=text), 0, NOW, **more)  # type: ignore[arg-type]


async def send_all(store: Store, state: Ending = "sent") -> list[str]:
    epoch = await store.outbox.acquire(BOT, "one", -1)
    assert epoch is not None
    prompts: list[str] = []
    results: list[Result] = []
    while picked := await store.outbox.tick(BOT, "one", epoch, -1, results, 100, frozenset(), NOW, False):
        prompts += [f"{one.reply.act} {one.reply.prompt} {one.reply.ref}" for one in picked]
        results = [Result(one.id, state, ref=f"ref {one.reply.prompt}") for one in picked]
    return prompts


async def test_a_dead_delivery_goes_like_one_that_was_sent(store: Store) -> None:
    async with store.writing() as work:
        ids = await work.persons([Origin(BOT, "1")])
        (known,) = (await work.load(list(ids.values()))).values()
        await work.post([said(known.participant, "morning")])
    await send_all(store, "dead")
    assert await purged(store, 30) == {}
    assert await purged(store, 31) == {"sent": 1}
    async with store.reading() as queries:
        assert (await queries.counts())["dead"] == 0


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_what_was_said_goes_but_an_open_question_and_a_key_can_still_be_found(store: Store, url: str) -> None:
    async with store.writing() as work:
        ids = await work.persons([Origin(BOT, "1")])
        (known,) = (await work.load(list(ids.values()))).values()
        ana = known.participant
        await work.post(
            [said(ana, "first", 1), said(ana, "second", 2), said(ana, "pinned", dedup="pin"), said(ana, "hi")]
        )
    await send_all(store)
    async with store.writing() as work:
        await work.post([replace(said(ana, "waits"), priority=5, due_at=NOW + 90 * DAY)])
    assert await purged(store, 31) == {"sent": 2, "emptied": 2}
    assert await purged(store, 31) == {}
    async with store.writing() as work:
        about = [Reply(act="close", asked=2), Reply(act="unpin", of="pin")]
        await work.post([replace(said(ana, ""), reply=reply) for reply in about])
        await work.post([said(ana, "pinned again", dedup="pin")])
    assert await send_all(store) == ["close  ref second", "unpin  ref pinned"]
    assert (await purged(store, 401))["keyed"] == 1
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as file:
            kept = file.execute("SELECT asked, length(payload) > 0, state FROM outbox ORDER BY id").fetchall()
        assert kept == [(2, 0, 2), (0, 1, 0)]
