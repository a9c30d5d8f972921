"""The outbox on a clock that moves only when it waits, over a store and a platform that live in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.errors import Ignored, Moved, Rejected, Retry, StoreError, Unreachable
from bot.limits import CATCH_UP, Limits
from bot.model import Reply
from bot.outbox import Outbox
from bot.ports import Result
from tests.unit.outbox_world import BROADCAST, REPLY, START, Row, World, settled


@pytest.fixture
def world() -> World:
    return World()


# ---------------------------------------------------------------- order, priority, speed


async def test_what_is_committed_is_sent_and_recorded(world: World) -> None:
    row = world.store.add("ana", reply=Reply(asked=4))
    await world.run(1)
    assert world.platform.times(row) == [0.0]
    assert row.state == "sent"
    assert world.results == [Result(row.id, "sent", ref="m1")]
    assert world.outbox.idle


async def test_only_a_question_is_worth_finding_again(world: World) -> None:
    row = world.store.add("ana")
    await world.run(1)
    assert world.results == [Result(row.id, "sent")]


async def test_an_edit_of_a_message_that_is_not_there_is_not_sent(world: World) -> None:
    row = world.store.add("ana", reply=Reply(act="close", asked=4))
    await world.run(1)
    assert world.platform.times(row) == []
    assert row.state == "sent"


async def test_without_limits_nothing_waits(world: World) -> None:
    for number in range(3000):
        world.store.add(f"a{number}", BROADCAST)
    await world.run(1)
    assert world.store.states() == {"sent": 3000}
    assert max(at for at, _ in world.platform.sent) == 0.0
    assert world.store.writes <= 3000 / 30 + 2


async def test_a_chat_has_at_most_one_send_in_flight_and_keeps_its_order(world: World) -> None:
    world.platform.takes = 0.3
    rows = [world.store.add("ana") for _ in range(4)]
    other = world.store.add("ben")
    await world.run(3)
    assert world.platform.most_at_once["ana"] == 1
    assert [id_ for _, id_ in world.platform.sent if id_ != other.id] == [row.id for row in rows]
    assert world.platform.times(other) == [0.3]


async def test_a_failed_row_is_not_overtaken_by_the_next_of_its_chat(world: World) -> None:
    world.platform.takes = 0.05
    world.platform.answers["ana"] = [RuntimeError(), RuntimeError()]
    first, second = world.store.add("ana"), world.store.add("ana")
    await world.run(10)
    assert [id_ for _, id_ in world.platform.sent] == [first.id] * 3 + [second.id]


async def test_no_more_are_in_flight_than_allowed() -> None:
    world = World(inflight=7)
    world.platform.takes = 1.0
    for number in range(21):
        world.store.add(f"a{number}")
    await world.run(5)
    assert Counter(round(at) for at, _ in world.platform.sent) == {1: 7, 2: 7, 3: 7}


async def test_a_reply_overtakes_a_thousand_broadcasts() -> None:
    world = World(Limits())
    for number in range(1000):
        world.store.add(f"a{number}", BROADCAST)
    replies: list[Row] = []

    def answered() -> None:
        replies.append(world.store.add("ana", REPLY))
        world.outbox.nudge()

    await world.run(12, (10.01, answered))
    assert [at - 10.01 < 0.1 for at in world.platform.times(replies[0])] == [True]
    assert 275 <= sum(at <= 10 for at, _ in world.platform.sent) <= 280 + 28 * CATCH_UP


async def test_under_limits_the_transactions_are_bounded() -> None:
    world = World(Limits())
    world.platform.takes = 0.013
    for number in range(400):
        world.store.add(f"a{number}", BROADCAST)
    await world.run(10)
    assert world.store.ticks <= 10 * 50 + 2


async def test_an_idle_outbox_neither_spins_nor_writes_except_to_keep_its_lease(world: World) -> None:
    await world.run(60)
    assert world.store.ticks <= 60 / 0.5 + 2
    assert world.time.waits <= 60 / 0.5 + 2
    assert 7 <= world.store.writes <= 9
    assert world.store.epoch == 1


async def test_a_nudge_is_heeded_at_once(world: World) -> None:
    rows: list[Row] = []

    def committed() -> None:
        rows.append(world.store.add("ana"))
        world.outbox.nudge()

    await world.run(1, (0.2, committed))
    assert world.platform.times(rows[0]) == [0.2]


async def test_what_is_late_expires_unsent(world: World) -> None:
    late = world.store.add("ana", due_at=START + timedelta(seconds=2), expires_at=START + timedelta(seconds=2))
    due = world.store.add("ana", due_at=START + timedelta(seconds=3), expires_at=START + timedelta(seconds=9))
    await world.run(5)
    assert (late.state, due.state) == ("expired", "sent")
    assert 3.0 <= world.platform.times(due)[0] <= 3.5


# ---------------------------------------------------------------- what platforms answer


async def test_a_429_cools_only_that_chat_and_is_no_attempt() -> None:
    world = World(Limits(rate=1e6, chat_rate=1e6))
    world.platform.answers["ana"] = [Retry(5), Retry(5)]
    ana, ben = world.store.add("ana"), world.store.add("ben")
    await world.run(12)
    assert world.platform.times(ana) == pytest.approx([0, 5, 10], abs=0.1)
    assert world.platform.times(ben) == [0]
    assert ana.attempts == 0


async def test_429s_of_two_chats_cool_all(world: World) -> None:
    world.platform.answers = {"ana": [Retry(5)], "ben": [Retry(5)]}
    world.store.add("ana")
    world.store.add("ben")
    later: list[Row] = []
    await world.run(12, (1.0, lambda: later.append(world.store.add("cleo"))))
    assert world.platform.times(later[0])[0] >= 5
    assert world.store.states() == {"sent": 3}


async def test_a_retry_of_the_whole_installation_cools_all(world: World) -> None:
    world.platform.answers["ana"] = [Retry(4, scope="installation")]
    world.store.add("ana")
    later: list[Row] = []
    await world.run(6, (1.0, lambda: later.append(world.store.add("ben"))))
    assert world.platform.times(later[0])[0] == pytest.approx(4, abs=0.1)


async def test_unknown_errors_back_off_exponentially_and_end_as_dead() -> None:
    world = World(max_attempts=4)
    world.platform.answers["ana"] = [OSError("a name")] * 9
    row = world.store.add("ana")
    await world.run(30)
    assert world.platform.times(row) == pytest.approx([0, 1, 3, 7], abs=0.2)
    assert row.state == "dead"
    assert world.results[-1] == Result(row.id, "dead", problem="OSError")


async def test_no_back_off_is_longer_than_ten_minutes() -> None:
    world = World(max_attempts=99)
    world.platform.answers["ana"] = [OSError()]
    row = world.store.add("ana", attempts=40)
    await world.run(700)
    assert world.platform.times(row) == pytest.approx([0, 600], abs=1)


async def test_a_retry_that_counts_backs_off_and_is_given_up_in_the_end() -> None:
    world = World(max_outages=3)
    world.platform.answers["ana"] = [Retry(2, counts=True)] * 9
    row = world.store.add("ana")
    await world.run(30)
    assert world.platform.times(row) == pytest.approx([0, 2, 6], abs=0.2)
    assert row.state == "dead"


async def test_a_platform_that_is_down_for_an_hour_loses_nothing() -> None:
    world = World()
    world.platform.answers["ana"] = [Retry(1, counts=True)] * 60
    row = world.store.add("ana")
    await world.run(3700)
    assert row.state == "sent"
    assert max(later - before for before, later in pairwise(world.platform.times(row))) <= 61


async def test_a_moved_address_is_tried_at_once_where_it_went(world: World) -> None:
    world.platform.answers["ana"] = [Moved("-1001")]
    row = world.store.add("ana", platform_id="-1")
    await world.run(1)
    assert world.platform.platform_ids == ["-1", "-1001"]
    assert world.platform.times(row)[1] < 0.1
    assert row.state == "sent"
    assert "-1001" not in repr(world.results)


@pytest.mark.parametrize(
    ("error", "state"), [(Unreachable(), "unreachable"), (Ignored(), "sent"), (Rejected(), "dead")]
)
async def test_a_final_answer_is_final(world: World, error: Exception, state: str) -> None:
    world.platform.answers["ana"] = [error]
    row = world.store.add("ana")
    await world.run(5)
    assert row.state == state
    assert len(world.platform.times(row)) == 1


async def test_a_send_that_is_cancelled_from_within_is_tried_again(world: World) -> None:
    world.platform.answers["ana"] = [asyncio.CancelledError()]  # type: ignore[list-item]
    row = world.store.add("ana")
    await world.run(5)
    assert row.state == "sent"


# ---------------------------------------------------------------- the lease


async def test_only_the_holder_sends_and_another_takes_over_when_the_lease_runs_out(world: World) -> None:
    two = world.another("two")
    await world.ticks(1)
    world.store.add("ana")
    await world.ticks(2, two)
    assert (world.outbox.held, two.held, two.ok) == (True, False, True)
    assert not world.platform.sent
    world.time.seconds = 16
    await world.ticks(2, two)
    assert world.lease == ["one gained", "two gained"]
    assert len(world.platform.sent) == 1


async def test_a_lost_lease_stops_sending_and_forgets_what_is_in_flight(world: World) -> None:
    world.platform.takes = 3.0
    row = world.store.add("ana")
    await world.ticks(1)
    world.store.add("ben")
    world.store.epoch, world.store.owner = 7, "two"
    await world.ticks(1)
    assert world.lease == ["one gained", "one lost"]
    assert world.outbox.idle
    assert world.outbox.ok
    assert not world.platform.sent
    assert world.platform.flying["ana"] == 0
    assert row.state == "sending"
    assert world.results == []


async def test_the_next_holder_sends_again_what_was_in_flight(world: World) -> None:
    world.store.add("ana", state="sending")
    world.store.add("ben", retry_at=4.0)
    await world.run(6)
    assert world.store.states() == {"sent": 2}


async def test_after_a_take_over_a_cooling_chat_still_cools(world: World) -> None:
    failed, next_one = world.store.add("ana", retry_at=4.0), world.store.add("ana")
    await world.run(6)
    assert world.platform.times(failed)[0] >= 4.0
    assert world.platform.times(next_one)[0] >= 4.0


async def test_nothing_is_sent_once_the_lease_may_have_run_out(world: World) -> None:
    row = world.store.add("ana")
    await world.outbox.tick()
    world.time.seconds = 15.1  # the process stood still between the commit and the send
    await settled()
    assert not world.platform.sent
    assert not world.outbox.held
    await world.run(20)
    assert row.state == "sent"
    assert row.attempts == 0


async def test_standing_by_asks_for_the_lease_until_it_is_free(world: World) -> None:
    world.store.owner, world.store.until = "two", 12.0
    row = world.store.add("ana")
    await world.run(20)
    assert world.lease == ["one gained", "one lost"]
    assert 12 <= world.platform.times(row)[0] <= 17


# ---------------------------------------------------------------- the database away


async def test_a_store_failure_loses_no_result(world: World) -> None:
    world.platform.takes = 0.7
    rows = [world.store.add(f"a{number}") for number in range(5)]
    await world.run(10, (0.1, lambda: world.store.troubles.extend([OSError()] * 3)))
    assert world.store.states() == {"sent": 5}
    assert [len(world.platform.times(row)) for row in rows] == [1] * 5
    assert len(world.results) == 5


async def test_rows_of_a_transaction_that_failed_after_its_commit_are_sent_all_the_same(world: World) -> None:
    world.store.commits_before_it_fails = True
    world.store.troubles.append(ConnectionError())
    rows = [world.store.add(f"a{number}") for number in range(5)]
    await world.run(5)
    assert world.store.states() == {"sent": 5}
    assert [len(world.platform.times(row)) for row in rows] == [1] * 5


async def test_a_database_that_is_gone_is_told_and_asked_ever_more_rarely(world: World) -> None:
    seen: list[tuple[bool, str, bool]] = []

    def look() -> None:
        seen.append((world.outbox.ok, world.outbox.last_error, world.outbox.held))

    world.store.add("ana", due_at=START + timedelta(seconds=5))
    gone = (1.2, lambda: world.store.troubles.extend([OSError()] * 8))
    await world.run(60, (1.0, look), gone, (8.0, look), (28.0, look), (50.0, look))
    assert seen == [(True, "", True), (False, "OSError", True), (False, "OSError", False), (True, "", True)]
    assert world.lease == ["one gained", "one lost", "one gained", "one lost"]
    assert world.store.states() == {"sent": 1}


async def test_a_database_that_cannot_be_written_is_told_in_its_own_word(world: World) -> None:
    seen: list[str] = []
    full = (1.2, lambda: world.store.troubles.extend([StoreError("the disk is full", "full")] * 4))
    world.store.add("ana", due_at=START + timedelta(seconds=2))
    await world.run(30, full, (3.0, lambda: seen.append(world.outbox.last_error)))
    assert seen == ["full"]
    assert world.store.states() == {"sent": 1}


# ---------------------------------------------------------------- the end


async def test_stop_ends_what_is_in_flight_records_it_and_gives_the_lease_back(world: World) -> None:
    world.platform.takes = 2.0
    flying = world.store.add("ana")
    waiting = world.store.add("ana")
    await world.run(1.0)
    assert (flying.state, waiting.state) == ("sent", "queued")
    assert world.time.seconds == pytest.approx(2.0)
    assert world.store.until < 0
    assert world.lease == ["one gained", "one lost"]


async def test_stop_waits_no_longer_than_five_seconds(world: World) -> None:
    world.platform.takes = 60.0
    row = world.store.add("ana")
    await world.run(1.0)
    assert world.time.seconds == pytest.approx(6.0)
    assert row.state == "sending"  # the next holder queues it again
    assert world.store.until < 0


async def test_a_result_is_recorded_at_the_end_though_the_database_fails_once(world: World) -> None:
    world.platform.takes = 2.0
    row = world.store.add("ana")
    await world.run(1.0, (1.0, lambda: world.store.troubles.append(OSError())))
    assert row.state == "sent"
    assert world.store.until < 0


async def test_whoever_stands_by_stops_at_once(world: World) -> None:
    world.store.owner, world.store.until = "two", 1000.0
    await world.run(1.0)
    assert world.time.seconds == 1.0
    assert world.lease == []


async def test_a_cancelled_run_leaves_nothing_behind(world: World) -> None:
    world.platform.takes = 60.0
    world.store.add("ana")
    running = asyncio.create_task(world.outbox.run(asyncio.Event()))
    await settled()
    assert world.platform.flying["ana"] == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await settled()
    assert world.platform.flying["ana"] == 0
    assert world.lease == ["one gained", "one lost"]


async def test_it_runs_on_the_real_clock_too(world: World) -> None:
    stop = asyncio.Event()
    outbox = Outbox(world.store, world.platform, world.time, Limits(), owner="one", on_result=lambda _: stop.set())
    row = world.store.add("ana")
    await outbox.run(stop)
    assert row.state == "sent"
