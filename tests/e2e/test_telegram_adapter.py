"""The Telegram adapter over real HTTP: when an update counts as taken, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.telegram import TelegramAdapter, Words
from bot.errors import Ignored, Moved, Rejected, Retry, Unreachable
from bot.model import Block, Button, Changed, LocationShared, MessageReceived, Reply, Span
from tests.contracts.fake_door import FakeDoor
from tests.e2e.telegram_listening import HELLO, delivery, listening
from tests.standin.telegram import TOKEN, Limits, StandIn

COMMANDS = (("today", "Today's practice"), ("stop", "Stop"))


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn() as server:
        yield server


# ---------------------------------------------------------------- polling


async def test_the_offset_passes_an_update_only_when_the_door_has_returned(server: StandIn) -> None:
    door = FakeDoor()
    door.open.clear()
    server.person(7).says("one")
    async with listening(server, door):
        await server.until(lambda: door.knocks == 1)
        assert (len(server.line.pending), server.count("getUpdates")) == (1, 1)
        door.open.set()
        await server.until(lambda: not server.line.pending)
    assert [each.key for each in door.received] == ["1000"]


async def test_a_door_that_fails_leaves_the_update_with_telegram_and_gets_it_again(server: StandIn) -> None:
    door = FakeDoor()
    door.failures = 3
    server.person(7).says("one")
    async with listening(server, door) as (adapter, waits):
        await server.until(lambda: len(door.received) == 1 and adapter.problem is None)
        assert (door.knocks, len(door.received)) == (4, 1)
        assert waits == [0.5, 1.0, 2.0]
        assert set(waits.problems) == {"door"}
        assert adapter.problem is None


async def test_what_is_cancelled_in_the_door_comes_again_when_the_same_adapter_listens_again(server: StandIn) -> None:
    shut, door = FakeDoor(), FakeDoor()
    shut.open.clear()
    server.person(7).says("one")
    async with listening(server, shut) as (adapter, _):
        await server.until(lambda: shut.knocks == 1)
    again = asyncio.create_task(adapter.listen(door))  # the lease was lost and came back
    await server.until(lambda: len(door.received) == 1)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    await adapter.close()
    assert shut.received == []


async def test_a_backlog_comes_in_order_and_each_update_once(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    for number in range(250):
        ana.says(str(number))
    async with listening(server, door):
        await server.until(lambda: not server.line.pending)
    texts = [each.given.text for each in door.received if isinstance(each.given, MessageReceived)]
    assert texts == [str(number) for number in range(250)]


async def test_all_that_a_person_does_arrives(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    ana.edits(ana.says("first"), "second")
    ana.sends("voice")
    ana.shares(40.4, -3.7)
    ana.blocks_bot()
    ana.comes_back()
    async with listening(server, door):
        await server.until(lambda: len(door.received) == 6)
    assert [each.given for each in door.received] == [
        MessageReceived("first", ref="1"),
        MessageReceived("second", edited=True, ref="1"),
        MessageReceived("", kind="voice", ref="2"),
        LocationShared(40.4, -3.7),
        Changed("blocked"),
        Changed("came_back"),
    ]


async def test_every_tap_is_answered_a_dead_button_too(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    async with listening(server, door) as (adapter, _):
        await adapter.send(delivery(Reply(text=HELLO.text, rows=((Button("1:did", "Did"), Button("-", "✓")),))))
        ana.taps("Did")
        ana.taps("✓")
        await server.until(lambda: server.count("answerCallbackQuery") == 2 and not server.line.unanswered)
    assert len(door.received) == 1
    assert server.refusals == []


async def test_an_update_that_nobody_can_read_does_not_hold_up_the_rest(server: StandIn) -> None:
    door = FakeDoor()
    server.line.push("message", {"message_id": "no message at all"})
    server.person(7).says("after it")
    with capture_logs() as logs:
        async with listening(server, door):
            await server.until(lambda: len(door.received) == 1)
    assert "telegram.unreadable" in [entry["event"] for entry in logs]


async def test_who_waits_long_sees_typing(server: StandIn) -> None:
    door, ana = FakeDoor(), server.person(7)
    door.open.clear()
    ana.says("one")
    async with listening(server, door, slow_after=0.0):
        await server.until(lambda: ana.actions == ["typing"])
        door.open.set()
        await server.until(lambda: len(door.received) == 1)


async def test_the_menu_of_commands_is_set(server: StandIn) -> None:
    async with listening(server, FakeDoor(), commands=COMMANDS):
        await server.until(lambda: [each["command"] for each in server.line.commands] == ["today", "stop"])
    assert server.refusals == []


async def test_a_group_hears_once_an_hour_where_to_write(server: StandIn) -> None:
    door, ana, clock = FakeDoor(), server.person(7), [0.0]
    words = Words(write_in_private="Write to me in private.")
    async with listening(server, door, words=words, monotonic=lambda: clock[0]):
        for text in ("/start", "hey @heartsease_bot", "just talking"):
            ana.says_in(-5, text)
        await server.until(lambda: not server.line.pending and len(server.line.group_messages) == 1)
        clock[0] = 3601.0
        ana.says_in(-5, "/start@heartsease_bot")
        await server.until(lambda: len(server.line.group_messages) == 2)
    assert set(server.line.group_messages) == {(-5, "Write to me in private.")}
    assert door.received == []


# ---------------------------------------------------------------- what goes wrong while listening


async def test_it_starts_while_telegram_is_down_and_is_there_when_telegram_is(server: StandIn) -> None:
    door = FakeDoor()
    server.person(7).says("one")
    server.fault("*", 502, times=7)
    async with listening(server, door, commands=COMMANDS) as (adapter, waits):
        await server.until(lambda: len(door.received) == 1)
        await server.until(lambda: len(server.line.commands) == 2)
        assert waits
        assert adapter.problem is None


@pytest.mark.parametrize(
    ("what", "problem", "wait"),
    [
        (409, "conflict", 5.0),
        (401, "invalid_token", 60.0),
        (429, "flood", 9.0),
        (502, "unreachable", 0.5),
        ("drop", "unreachable", 0.5),
        ("half", "unreachable", 0.5),
        ("garbage", "unreachable", 0.5),
    ],
)
async def test_a_poll_that_fails_is_named_and_tried_again(
    server: StandIn, what: Any, problem: str, wait: float
) -> None:
    door = FakeDoor()
    server.fault("getUpdates", what, retry_after=9)
    server.person(7).says("one")
    with capture_logs() as logs:
        async with listening(server, door) as (adapter, waits):
            await server.until(lambda: len(door.received) == 1 and adapter.problem is None)
    assert (waits, waits.problems) == ([wait], [problem])
    assert [entry["event"] for entry in logs] == [f"telegram.{problem}", "telegram.back"]
    assert not any(TOKEN in str(entry) for entry in logs)


async def test_a_second_poller_is_told_from_a_network_that_is_down(server: StandIn) -> None:
    async with listening(server, FakeDoor()) as (first, _), listening(server, FakeDoor()) as (second, _):
        await server.until(lambda: "conflict" in (first.problem, second.problem))


async def test_a_poll_that_hangs_is_given_up(server: StandIn) -> None:
    server.fault("getUpdates", "hang")
    server.person(7).says("one")
    door = FakeDoor()
    async with listening(server, door, poll_timeout=0, patience=0.1) as (_, waits):
        await server.until(lambda: len(door.received) == 1)
    assert waits.problems == ["unreachable"]


# ---------------------------------------------------------------- sending


@pytest.mark.parametrize(
    ("status", "description", "expected"),
    [
        (400, "Bad Request: message is not modified: specified new message content", Ignored),
        (400, "Bad Request: message to edit not found", Ignored),
        (400, "Bad Request: message can't be edited", Ignored),
        (400, "Bad Request: REACTION_INVALID", Ignored),
        (400, "Bad Request: message to react not found", Ignored),
        (400, "Bad Request: query is too old and response timeout expired", Ignored),
        (400, "Bad Request: chat not found", Unreachable),
        (400, "Bad Request: user is deactivated", Unreachable),
        (400, "Bad Request: can't parse entities: unsupported start tag", Rejected),
        (403, "Forbidden: bot was kicked from the group chat", Unreachable),
        (403, "Forbidden: user is deactivated", Unreachable),
        (401, "Unauthorized", Retry),
        (404, "Not Found", Retry),
        (500, "Internal Server Error", Retry),
    ],
)
async def test_telegrams_words_have_one_meaning_each(
    server: StandIn, status: int, description: str, expected: type[Exception]
) -> None:
    server.person(7)
    server.fault("sendMessage", status, description=description)
    adapter = TelegramAdapter("telegram:1", TOKEN, server.url)
    with capture_logs(), pytest.raises(expected) as caught:
        await adapter.send(delivery(HELLO))
    if isinstance(caught.value, Retry):
        installation = status in (401, 404)
        assert (caught.value.scope, caught.value.counts) == (
            ("installation", False) if installation else ("chat", True)
        )
    await adapter.close()


async def test_a_chat_that_moved_says_where_to(server: StandIn) -> None:
    server.person(7)
    server.fault("sendMessage", 400, parameters={"migrate_to_chat_id": -1009})
    adapter = TelegramAdapter("telegram:1", TOKEN, server.url)
    with pytest.raises(Moved) as caught:
        await adapter.send(delivery(HELLO))
    assert caught.value.to == "-1009"
    await adapter.close()


async def test_the_rest_of_a_long_reply_is_sent_after_a_flood_and_nothing_twice(server: StandIn) -> None:
    ana, adapter = server.person(7), TelegramAdapter("telegram:1", TOKEN, server.url)
    long = Reply(
        text=(Block((Span("word " * 4000),)),), rows=((Button("1:a", "A"),),)
    )  # five messages; the burst is three
    with pytest.raises(Retry) as caught:
        await adapter.send(delivery(long))
    assert (len(ana.messages), caught.value.counts) == (3, False)
    server.lift_limits()
    receipt = await adapter.send(delivery(long))
    assert len(ana.messages) == 5
    assert receipt.ref == "+".join(str(message.id) for message in ana.messages)
    assert [bool(message.rows) for message in ana.messages] == [False, False, False, False, True]
    await adapter.close()


async def test_the_stand_in_holds_the_official_limits(server: StandIn) -> None:
    adapter = TelegramAdapter("telegram:1", TOKEN, server.url)
    for number in range(31):
        server.person(number + 1)
    for number in range(30):
        await adapter.send(delivery(HELLO, str(number + 1)))
    with pytest.raises(Retry) as caught:
        await adapter.send(delivery(HELLO, "31"))
    assert caught.value.after == 1.0
    assert [call.problem for call in server.refusals] == ["Too Many Requests: retry after 1"]
    await adapter.close()


async def test_two_bots_do_not_see_each_others_people() -> None:
    other = "1000002:AAF-the_second_token"
    async with StandIn(tokens=(TOKEN, other), limits=Limits.raised()) as server:
        door, ana = FakeDoor(), server.person(7)
        eva = server.person(7, "Eva", token=other)
        async with listening(server, door) as (adapter, _):
            eva.says("to the other bot")
            ana.says("to this bot")
            await server.until(lambda: len(door.received) == 1)
            await adapter.send(delivery(HELLO))
    assert (len(ana.messages), len(eva.messages)) == (1, 0)
    assert len(server.bots[other].pending) == 1


async def test_the_location_button_goes_with_the_next_plain_message(server: StandIn) -> None:
    server.person(7)
    async with listening(server, FakeDoor()) as (adapter, _):
        for reply in (replace(HELLO, ask_location=True), HELLO, HELLO):
            await adapter.send(delivery(reply))
    markups = [call.params.get("reply_markup") for call in server.calls if call.method == "sendMessage"]
    assert ["request_location" in str(markups[0]), "remove_keyboard" in str(markups[1])] == [True, True]
    assert markups[2] is None
    assert server.refusals == []


async def test_a_server_that_knows_no_reactions_holds_nobody_up(server: StandIn) -> None:
    async with listening(server, FakeDoor()) as (adapter, _):
        server.fault("setMessageReaction", 404)
        with pytest.raises(Ignored):
            await adapter.send(delivery(Reply(act="react", ref="1", emoji="❤")))
