"""What every store's outbox does alike: order, retries, expiry and leases. No sleeping: a lease of -1 s has run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import LeaseLost
from bot.model import Block, Button, Delivery, Origin, Outgoing, Reply, Span
from bot.ports import Ending, Result, Standing, Store
from bot.storage import open_store
from tests.contracts.conftest import KEY

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
BOT = "telegram:1"
REPLY, SCHEDULED, BROADCAST = 0, 5, 9


@dataclass
class Sender:
    """The holder of a lease, as the outbox drives the store."""

    store: Store
    epoch: int
    name: str = "one"
    now: datetime = NOW
    got: list[Delivery] = field(default_factory=list)

    async def tick(
        self, *results: Result, room: int = 10, busy: Sequence[str] = (), renew: bool = False, ttl: float = 60
    ) -> list[str]:
        """The texts that are to be sent now."""
        tick = self.store.outbox.tick
        picked = await tick(BOT, self.name, self.epoch, ttl, results, room, frozenset(busy), self.now, renew)
        self.got = list(picked)
        return [delivery.reply.text[0].spans[0].text for delivery in picked]

    def ended(self, state: Ending, retry_in: float = 0.0, **more: object) -> list[Result]:
        """This end for all that was picked last."""
        return [Result(delivery.id, state, retry_in, **more) for delivery in self.got]  # type: ignore[arg-type]


@pytest.fixture
async def sender(store: Store) -> Sender:
    epoch = await store.outbox.acquire(BOT, "one", 60)
    assert epoch == 1
    return Sender(store, epoch)


async def addresses(store: Store, count: int) -> list[str]:
    async with store.writing() as work:
        ids = await work.persons([Origin(BOT, str(number)) for number in range(count)])
        known = await work.load(list(ids.values()))
        return [known[ids[Origin(BOT, str(number))]].participant.address for number in range(count)]


def saying(text: str, address: str, priority: int = SCHEDULED, **more: object) -> Outgoing:
    reply = Reply(text=(Block((Span(text),)),), rows=((Button("1:did", "I did"),),))
    return Outgoing(**({"due_at": NOW} | more), address=address, installation=BOT, reply=reply, priority=priority)  # type: ignore[arg-type]


def asking(number: int, address: str) -> Outgoing:
    question = saying("how was it?", address)
    return replace(question, reply=replace(question.reply, asked=number))


async def post(store: Store, *outgoing: Outgoing) -> None:
    async with store.writing() as work:
        await work.post(outgoing)


async def test_the_urgent_goes_first_and_the_rest_in_order(store: Store, sender: Sender) -> None:
    a, b, c, d = await addresses(store, 4)
    await post(store, saying("news", a, BROADCAST), saying("morning", b), saying("evening", c), saying("hi", d, REPLY))
    assert await sender.tick(room=3) == ["hi", "morning", "evening"]
    assert sender.got[0].platform_id == "3"
    assert sender.got[0].address == d
    assert sender.got[0].reply == saying("hi", d).reply
    assert await sender.tick(room=0) == []
    assert await sender.tick() == ["news"]


async def test_one_chat_gets_one_message_at_a_time_in_order(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    await post(store, *(saying(f"a{number}", a) for number in range(5)), saying("b", b), saying("a reply", a, REPLY))
    assert await sender.tick() == ["a reply", "b"]
    assert await sender.tick(*sender.ended("sent", ref="17"), busy=[a]) == []
    assert [await sender.tick(*sender.ended("sent")) for _ in range(6)] == [["a0"], ["a1"], ["a2"], ["a3"], ["a4"], []]
    async with store.reading() as queries:
        assert await queries.pending(NOW) == 0


async def test_a_chat_that_queues_much_takes_one_place_of_a_tick(store: Store, sender: Sender) -> None:
    a, b, c = await addresses(store, 3)
    await post(store, *(saying(f"a{number}", a) for number in range(5)), saying("b", b), saying("c", c))
    assert await sender.tick(room=2) == ["a0", "b"]
    assert await sender.tick(room=2, busy=[a]) == ["c"]


async def test_a_dedup_key_is_posted_once_even_after_it_was_sent(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    await post(store, saying("once", a, dedup="d"), saying("twice", a, dedup="d"))
    assert await sender.tick() == ["once"]
    await post(store, saying("again", a, dedup="d"))
    assert await sender.tick(*sender.ended("sent")) == []


async def test_what_is_not_due_waits_and_tells_when_to_wake(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    later = NOW + timedelta(hours=1)
    await post(store, saying("later", a, due_at=later))
    assert await sender.tick() == []
    async with store.reading() as queries:
        assert (await queries.pending(NOW), await queries.next_wake(NOW)) == (0, later)
        assert (await queries.pending(later), await queries.next_wake(later)) == (1, None)
    sender.now = later
    assert await sender.tick() == ["later"]
    async with store.reading() as queries:
        assert await queries.pending(later) == 1


async def test_what_is_late_is_never_said(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    soon = NOW + timedelta(hours=4)
    await post(store, saying("morning", a, expires_at=soon), saying("evening", a), saying("late", b, expires_at=soon))
    sender.now = soon
    assert await sender.tick() == ["evening"]
    async with store.reading() as queries:
        assert await queries.counts() == {
            "people": 2,
            "queued": 0,
            "sending": 1,
            "dead": 0,
            "unreachable": 0,
            "kept_inputs": 0,
        }


async def test_whose_question_is_late_hears_of_it_and_nobody_else(store: Store, sender: Sender) -> None:
    a, b, c = await addresses(store, 3)
    soon = NOW + timedelta(hours=4)
    copy = replace(asking(9, b), priority=BROADCAST, broadcast="a broadcast")
    late = [asking(4, a), saying("and this", a), copy, saying("no question", c)]
    await post(store, *(replace(one, expires_at=soon) for one in late), asking(5, b))
    sender.now = soon
    assert await sender.tick() == ["how was it?"]
    async with store.writing() as work:
        people = await work.load(list((await work.persons([Origin(BOT, str(n)) for n in range(3)])).values()))
        noted = {one.participant.address: (one.participant.unseen, one.wake_at) for one in people.values()}
        assert noted == {a: (((4, NOW),), soon), b: ((), None), c: ((), None)}
        assert [one.participant.id for one in await work.due(soon, 9)] == [
            one.participant.id for one in people.values() if one.participant.address == a
        ]
    assert await sender.tick(*sender.ended("sent"), renew=True) == []


async def test_whose_question_was_refused_for_good_hears_of_it_as_if_it_were_late(store: Store, sender: Sender) -> None:
    a, b, c = await addresses(store, 3)
    soon = NOW + timedelta(hours=4)
    await post(store, replace(asking(4, a), expires_at=soon), asking(5, b), saying("no question", c, expires_at=soon))
    assert len(await sender.tick()) == 3
    await sender.tick(*sender.ended("dead"))
    async with store.writing() as work:
        people = await work.load(list((await work.persons([Origin(BOT, str(n)) for n in range(3)])).values()))
        noted = {one.participant.address: (one.participant.unseen, one.wake_at) for one in people.values()}
    assert noted == {a: (((4, NOW),), NOW), b: ((), None), c: ((), None)}
    async with store.reading() as queries:
        assert (await queries.counts())["dead"] == 3


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_who_has_a_turn_is_not_waited_for_and_hears_of_it_in_the_next_tick(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    await post(store, *(replace(asking(4, each), expires_at=NOW) for each in (a, b)))
    async with store.writing() as work:
        ids = await work.persons([Origin(BOT, "0"), Origin(BOT, "1")])
        (busy,) = (await work.load([ids[Origin(BOT, "0")]])).values()
        assert await sender.tick() == []
        async with store.reading() as queries:
            assert (await queries.counts())["queued"] == 1
    assert await sender.tick() == []
    async with store.writing() as work:
        known = await work.load(list(ids.values()))
    assert [one.participant.unseen for one in known.values()] == [((4, NOW),)] * 2
    assert known[busy.participant.id].revision == busy.revision + 1


async def test_a_retry_holds_back_what_follows_in_its_chat_but_not_what_is_more_urgent(
    store: Store, sender: Sender
) -> None:
    a, b = await addresses(store, 2)
    await post(store, saying("first", a), saying("second", a), saying("news", a, BROADCAST), saying("other", b))
    assert await sender.tick() == ["first", "other"]
    first, other = sender.got
    assert await sender.tick(Result(first.id, "queued", 3600), Result(other.id, "sent")) == []
    assert 3500 < (await store.outbox.cooling(BOT))[a] <= 3600
    async with store.reading() as queries:
        assert await queries.pending(NOW) == 3
    await post(store, saying("urgent", a, REPLY))
    assert await sender.tick() == ["urgent"]
    assert await sender.tick(*sender.ended("sent")) == []


async def test_attempts_count_except_where_the_wait_is_no_failure(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    await post(store, saying("again", a))
    assert await sender.tick() == ["again"]
    assert sender.got[0].attempts == 0
    assert await sender.tick(*sender.ended("queued")) == ["again"]
    assert sender.got[0].attempts == 1
    assert await sender.tick(*sender.ended("queued", counts=False)) == ["again"]
    assert sender.got[0].attempts == 1
    assert await sender.tick(*sender.ended("dead", problem="Rejected")) == []
    assert await store.outbox.cooling(BOT) == {}
    async with store.reading() as queries:
        assert (await queries.counts())["dead"] == 1


async def test_who_cannot_be_reached_gets_only_replies_until_they_come_back(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    await post(store, saying("morning", a), saying("evening", a))
    assert await sender.tick() == ["morning"]
    assert await sender.tick(*sender.ended("unreachable")) == []
    async with store.reading() as queries:
        person = await queries.person_at(Origin(BOT, "0"))
        assert person is not None
        known = await queries.participant(person)
        assert known is not None
        assert not known.reachable
        assert await queries.pending(NOW) == 0
    await post(store, saying("hello again", a, REPLY))
    assert await sender.tick() == ["hello again"]
    async with store.writing() as work:
        await work.reach(a, True)
    assert await sender.tick(*sender.ended("sent")) == ["evening"]


async def test_a_moved_chat_is_the_same_person_at_a_new_place(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    await post(store, saying("hello", a))
    assert await sender.tick() == ["hello"]
    assert await sender.tick(*sender.ended("queued", moved_to="-100")) == ["hello"]
    assert sender.got[0].platform_id == "-100"
    async with store.reading() as queries:
        assert await queries.person_at(Origin(BOT, "-100"))
        assert await queries.person_at(Origin(BOT, "0")) is None
    await sender.tick(*sender.ended("queued", moved_to="1"))
    async with store.writing() as work:
        known = await work.load([(await work.persons([Origin(BOT, "-100")]))[Origin(BOT, "-100")]])
    assert [one.participant.reachable for one in known.values()] == [False]
    assert b not in {one.participant.address for one in known.values()}


async def test_cancelling_withdraws_what_is_unsent_and_not_more_urgent(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    await post(store, saying("under way", a, REPLY))
    assert await sender.tick() == ["under way"]
    await post(store, saying("reply", a, REPLY), saying("morning", a), saying("news", a, BROADCAST), saying("b", b))
    async with store.writing() as work:
        await work.cancel([a], SCHEDULED)
    assert await sender.tick(*sender.ended("sent")) == ["reply", "b"]
    assert await sender.tick(*sender.ended("sent")) == []


async def test_a_lease_is_held_by_one_until_it_runs_out_or_is_given_back(store: Store) -> None:
    outbox = store.outbox
    assert await outbox.acquire(BOT, "one", 60) == 1
    assert await outbox.acquire(BOT, "two", 60) is None
    assert await outbox.acquire("telegram:2", "two", 60) == 1
    await outbox.release(BOT, "two", 1)
    assert await outbox.acquire(BOT, "two", 60) is None
    await outbox.release(BOT, "one", 1)
    assert await outbox.acquire(BOT, "two", -1) == 2
    assert await outbox.acquire(BOT, "three", 60) == 3


async def test_a_take_over_sends_again_what_was_under_way_and_the_old_holder_stops(store: Store) -> None:
    (a,) = await addresses(store, 1)
    await post(store, saying("hello", a))
    epoch = await store.outbox.acquire(BOT, "one", 60)
    assert epoch
    old = Sender(store, epoch)
    assert await old.tick(ttl=-1) == ["hello"]
    epoch = await store.outbox.acquire(BOT, "two", 60)
    assert epoch
    new = Sender(store, epoch, "two")
    assert await new.tick() == ["hello"]
    with pytest.raises(LeaseLost):
        await old.tick(*old.ended("sent"))
    async with store.reading() as queries:
        assert (await queries.counts())["sending"] == 1
    assert await new.tick(*new.ended("sent")) == []


async def test_renewing_keeps_the_lease_and_an_idle_tick_does_not(store: Store, sender: Sender) -> None:
    await sender.tick(renew=True, ttl=-1)
    await sender.tick(ttl=60)
    assert await store.outbox.acquire(BOT, "two", 60) == 2
    with pytest.raises(LeaseLost):
        await sender.tick(renew=True)


async def test_one_installation_does_not_send_for_another(store: Store, sender: Sender) -> None:
    async with store.writing() as work:
        ids = await work.persons([Origin("telegram:2", "1")])
        (known,) = (await work.load(list(ids.values()))).values()
        out = Outgoing(known.participant.address, "telegram:2", Reply(), REPLY, NOW)
        await work.post([out])
    assert await sender.tick() == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_who_holds_the_file_holds_every_lease_at_once(url: str) -> None:
    store = await open_store(url, [KEY], exclusive=True)
    try:
        assert await store.outbox.acquire(BOT, "killed", 60) == 1
        assert await store.outbox.acquire(BOT, "restarted", 60) == 2
    finally:
        await store.close()


async def test_processes_see_each_other_and_who_holds_what_until_they_leave(store: Store) -> None:
    attend = store.outbox.attend
    assert await attend("one", 60) == Standing(frozenset({"one"}), {})
    assert (await attend("two", 60)).processes == {"one", "two"}
    await store.outbox.acquire(BOT, "two", 60)
    await store.outbox.acquire("telegram:2", "one", -1)
    assert await attend("one", 60) == Standing(frozenset({"one", "two"}), {BOT: "two"})
    await attend("one", -1)
    assert await attend("two", 60) == Standing(frozenset({"two"}), {BOT: "two"})


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_who_holds_the_file_is_alone_and_sees_no_lease(url: str) -> None:
    store = await open_store(url, [KEY], exclusive=True)
    try:
        await store.outbox.acquire(BOT, "killed", 60)
        assert await store.outbox.attend("restarted", 60) == Standing(frozenset({"restarted"}), {})
    finally:
        await store.close()


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
async def test_a_lease_written_before_the_database_s_clock_went_back_holds_nobody_up(store: Store) -> None:
    assert await store.outbox.acquire(BOT, "one", 3600) == 1
    assert (await store.outbox.attend("two", 60)).held == {}
    assert await store.outbox.acquire(BOT, "two", 60) == 2


async def test_a_question_that_was_answered_by_typing_is_found_by_its_number(store: Store, sender: Sender) -> None:
    a, b = await addresses(store, 2)
    await post(store, asking(3, a), asking(3, b))
    await sender.tick()
    await sender.tick(*(Result(each.id, "sent", ref=f"message of {each.address}") for each in sender.got))
    await post(store, Outgoing(a, BOT, Reply(act="close", asked=3), REPLY, NOW))
    picked = await store.outbox.tick(BOT, "one", sender.epoch, 60, (), 10, frozenset(), NOW, False)
    assert [each.reply.ref for each in picked] == [f"message of {a}"]


async def test_a_question_that_never_went_out_has_no_message_to_close(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    await post(store, Outgoing(a, BOT, Reply(act="close", asked=9), REPLY, NOW))
    picked = await store.outbox.tick(BOT, "one", sender.epoch, 60, (), 10, frozenset(), NOW, False)
    assert [each.reply.ref for each in picked] == [None]


async def test_what_is_about_an_earlier_message_finds_it_by_its_key(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    unpin = replace(saying("", a), reply=replace(saying("unpinned", a).reply, act="unpin", of="theme 2"))
    thread = replace(saying("and this below it", a), reply=replace(saying("", a).reply, of="theme 1"))
    await post(store, saying("the theme", a, dedup="theme 1"))
    await sender.tick()
    await post(store, thread)
    await sender.tick(*sender.ended("sent", ref="77"))
    assert sender.got[0].reply.ref == "77"
    await post(store, unpin)
    await sender.tick(*sender.ended("sent", ref="78"))
    assert sender.got[0].reply.ref is None, "a message that never went out has no place"


async def test_a_clock_that_is_put_back_lets_no_reply_overtake_another(store: Store, sender: Sender) -> None:
    (a,) = await addresses(store, 1)
    await post(store, saying("first", a, REPLY), saying("second", a, REPLY, due_at=NOW - timedelta(minutes=9)))
    sender.now = NOW - timedelta(minutes=5)
    assert await sender.tick() == ["first"]
    assert await sender.tick(*sender.ended("sent", ref="1")) == ["second"]
