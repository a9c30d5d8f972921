"""People who block the bot, or whose chat is gone: nothing is sent meanwhile, and nothing piles up."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.course import EVENING, MORNING, prepared, quiet, settings_of
from tests.e2e.running import Running
from tests.standin.telegram import Limits, StandIn


def tries(server: StandIn, person: int) -> int:
    """How many messages we tried to send to somebody, refused ones included."""
    return sum(call.method == "sendMessage" and call.params["chat_id"] == str(person) for call in server.calls)


async def test_who_cannot_be_reached_is_left_in_peace_and_comes_back_to_one_message(tmp_path: Path) -> None:
    await prepared(tmp_path, range(1, 6))
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server)) as product,
    ):
        blocks, blocked_before, gone, deactivated, stays = [server.person(number) for number in range(1, 6)]
        people = (blocks, blocked_before, gone, deactivated)
        blocks.blocks_bot()  # and Telegram tells us
        blocked_before.blocked = True  # and Telegram does not
        server.fault("sendMessage", "chat_not_found", chat=gone.id)
        server.fault("sendMessage", 403, description="Forbidden: user is deactivated", chat=deactivated.id)
        await quiet(server, product)
        await product.move(MORNING.isoformat())
        sent = server.count("sendMessage")
        assert (sent, len(stays.messages)) == (4, 1)  # to everybody once, but not to who had blocked us
        assert tries(server, blocks.id) == 0
        await product.move(EVENING.isoformat())
        await product.move("2026-03-06T08:30:00Z")  # three days later, half past nine in Madrid
        assert server.count("sendMessage") - sent == len(stays.messages) - 1
        assert [person.messages for person in people] == [[], [], [], []]
        blocks.comes_back()
        blocked_before.comes_back()
        gone.says("/progress")
        deactivated.says("/progress")
        await quiet(server, product)
        assert [len(person.messages) for person in (blocks, blocked_before)] == [1, 1]
        assert all(person.messages[0].button("Tell me more") for person in (blocks, blocked_before))  # today's morning
        assert [len(person.messages) for person in (gone, deactivated)] == [2, 2]  # the answer, and today's morning
        heard = [len(person.messages) for person in people]
        await product.move("2026-03-06T19:00:00Z")
        assert [len(person.messages) - before for person, before in zip(people, heard, strict=True)] == [1] * 4
        assert server.refusals == []
        assert (await product.get("/readyz")).status_code == 200
