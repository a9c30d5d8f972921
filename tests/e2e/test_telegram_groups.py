"""Groups in Telegram: what the bot may do there, and what happens to it; and what the contract cannot see."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from telegram import Bot, Update

from adapters.telegram import TelegramAdapter
from bot.errors import Ignored, Moved, Rejected, Retry, Unreachable
from bot.model import Block, Button, Delivery, Document, Reply, Span
from tests.standin.telegram import TOKEN, Limits, StandIn

WARD = -5
YES = ((Button("3:yes", "Yes"),),)


class Now:
    """The stand-in's clock."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def server(now: Now) -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised(), now=now) as server:
        server.person(7)
        yield server


@pytest.fixture
async def adapter(server: StandIn) -> AsyncIterator[TelegramAdapter]:
    adapter = TelegramAdapter("telegram:test", TOKEN, server.url)
    yield adapter
    await adapter.close()


def to(chat: int, reply: Reply, number: int = 1) -> Delivery:
    return Delivery(number, "address", str(chat), reply)


def said(text: str) -> tuple[Block, ...]:
    return (Block((Span(text),)),)


async def test_only_an_administrator_pins_and_nobody_hears_of_it(server: StandIn, adapter: TelegramAdapter) -> None:
    ward = server.group(WARD, "Ward")
    theme = await adapter.send(to(WARD, Reply(text=said("Week 2."))))
    pin = Reply("pin", of="theme", ref=theme.ref)
    with pytest.raises(Ignored, match="rights"):
        await adapter.send(to(WARD, pin))
    server.person(7).adds_bot(WARD, "administrator")
    await adapter.send(to(WARD, pin))
    assert [message.text for message in ward.pinned] == ["Week 2."]
    assert server.calls[-1].params["disable_notification"] == "true"
    await adapter.send(to(WARD, Reply("unpin", of="theme", ref=theme.ref)))
    assert ward.pinned == []


async def test_what_is_too_old_to_be_deleted_says_that_it_was_taken_back(
    server: StandIn, adapter: TelegramAdapter, now: Now
) -> None:
    ward = server.group(WARD)
    shared = await adapter.send(to(WARD, Reply(text=said("my tea"))))
    now.at += timedelta(hours=49)
    await adapter.send(to(WARD, Reply("delete", of="tea", ref=shared.ref)))
    assert [message.text for message in ward.messages] == ["(taken back)"]
    with pytest.raises(Ignored):
        await adapter.send(to(WARD, Reply("delete", of="tea", ref=shared.ref)))


async def test_a_group_that_became_a_supergroup_has_moved(server: StandIn, adapter: TelegramAdapter) -> None:
    old = server.group(WARD, "Ward", bot="administrator")
    await adapter.send(to(WARD, Reply(text=said("Hello."))))
    new = server.migrate(WARD)
    with pytest.raises(Moved) as caught:
        await adapter.send(to(WARD, Reply(text=said("Hello again."))))
    assert caught.value.to == str(new.id)
    await adapter.send(to(new.id, Reply(text=said("Hello again."))))
    assert ([m.text for m in old.messages], [m.text for m in new.messages]) == (["Hello."], ["Hello again."])
    assert (old.kind, new.kind, new.title, new.bot) == ("group", "supergroup", "Ward", "administrator")


@pytest.mark.parametrize("group", [WARD, -1001234567890])
async def test_a_group_without_us_cannot_be_reached_until_we_are_back(
    server: StandIn, adapter: TelegramAdapter, group: int
) -> None:
    ana = server.person(7)
    server.group(group)
    ana.removes_bot(group)
    with pytest.raises(Unreachable):
        await adapter.send(to(group, Reply(text=said("Hello."))))
    ana.adds_bot(group)
    await adapter.send(to(group, Reply(text=said("Hello again."))))
    assert server.line.group_messages == [(group, "Hello again.")]


async def test_all_that_the_stand_in_tells_of_groups_can_be_read(server: StandIn, adapter: TelegramAdapter) -> None:
    ana, ward = server.person(7), server.group(WARD, "Ward", bot="left")
    ana.adds_bot(WARD)
    ana.adds_bot(WARD, "administrator")
    server.person(8, "Bo").joins(WARD)
    await adapter.send(to(WARD, Reply(text=said("Join?"), rows=YES)))
    ana.says_in(WARD, "/cohort@heartsease_bot", answers=ward.messages[0].id)
    ana.taps_in(WARD, "Yes")
    server.person(8).leaves(WARD)
    server.migrate(WARD)
    ana.removes_bot(WARD)
    updates = [Update.de_json(json.loads(json.dumps(each)), Bot(TOKEN)) for each in server.line.pending]
    assert {update.effective_chat.id for update in updates if update.effective_chat} == {WARD, server.migrate(WARD).id}
    statuses = [each.my_chat_member.new_chat_member.status for each in updates if each.my_chat_member]
    assert statuses == ["member", "administrator", "left"]
    moved = [each.chat_member.new_chat_member.user.id for each in updates if each.chat_member]
    assert moved == [8, 8]
    [command] = [each.message for each in updates if each.message and each.message.text]
    assert command.reply_to_message is not None
    assert command.reply_to_message.text == "Join?"


async def test_the_file_is_sent_again_without_the_words_before_it(server: StandIn, adapter: TelegramAdapter) -> None:
    file = Document("class.ics", "text/calendar", "BEGIN:VCALENDAR")
    reply, ana = Reply(text=said("word " * 400), rows=YES, file=file), server.person(7)
    server.fault("sendDocument", 502)
    with pytest.raises(Retry):
        await adapter.send(to(7, reply))
    receipt = await adapter.send(to(7, reply))
    assert [message.kind for message in ana.messages] == ["text", "document"]
    assert receipt.ref == "1+2"
    assert [bool(message.rows) for message in ana.messages] == [False, True]


async def test_an_id_that_is_none_of_telegrams_is_our_fault(adapter: TelegramAdapter) -> None:
    with capture_logs(), pytest.raises(Rejected):
        await adapter.send(to(7, Reply("delete", of="tea", ref="1750000000.001")))
