"""What the Slack adapter sends, over real HTTP, and what Slack's refusals mean."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter
from bot.errors import DeliveryError, Ignored, Rejected, Retry, Unreachable
from bot.model import Button, Reply
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import HELLO, delivery, listening, said
from tests.standin.slack import BOT_TOKEN, Limits, StandIn

YES = ((Button("3:yes", "Yes"), Button("3:no", "No")),)


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        yield server


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("channel_not_found", Unreachable),
        ("user_not_found", Unreachable),
        ("user_disabled", Unreachable),
        ("is_archived", Unreachable),
        ("not_in_channel", Unreachable),
        ("message_not_found", Ignored),
        ("cant_update_message", Ignored),
        ("already_reacted", Ignored),
        ("no_reaction", Ignored),
        ("expired_trigger_id", Ignored),
        ("invalid_blocks", Rejected),
        ("msg_too_long", Rejected),
        ("token_revoked", Retry),
        ("invalid_auth", Retry),
        ("account_inactive", Retry),
        ("internal_error", Retry),
        (500, Retry),
        ("garbage", Retry),
    ],
)
async def test_slacks_codes_have_one_meaning_each(server: StandIn, what: Any, expected: type[DeliveryError]) -> None:
    server.member("U7")
    server.fault("chat.postMessage", what)
    adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
    with capture_logs(), pytest.raises(expected) as caught:
        await adapter.send(delivery(HELLO))
    if isinstance(caught.value, Retry):
        token = what in ("token_revoked", "invalid_auth", "account_inactive")
        assert (caught.value.scope, caught.value.counts, caught.value.after) == (
            ("installation", False, 60.0) if token else ("chat", True, 1.0)
        )
        assert (adapter.problem is not None) == token
    await adapter.send(delivery(HELLO))
    assert adapter.problem is None
    await adapter.close()


async def test_a_revoked_token_is_a_problem_at_once(server: StandIn) -> None:
    server.member("U7")
    async with listening(server, FakeDoor()) as (adapter, _):
        await server.until(lambda: adapter.last_ok is not None and server.connected)
        with capture_logs() as logs:
            server.revoke()
            await server.until(lambda: adapter.problem == "token_revoked")
        assert "install it again" in logs[0]["advice"]
        with pytest.raises(Retry):
            await adapter.send(delivery(HELLO))


async def test_somebody_who_was_deactivated_cannot_be_reached(server: StandIn) -> None:
    server.member("U7").deleted = True
    adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
    for person in ("U7", "U404"):
        with pytest.raises(Unreachable):
            await adapter.send(delivery(HELLO, person))
    await adapter.close()


async def test_a_channel_gets_posts_and_says_when_it_does_not(server: StandIn) -> None:
    room, adapter = server.channel("C1"), SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
    await adapter.send(delivery(HELLO, "C1"))
    assert [message.text for message in room.messages] == ["Hello."]
    server.kick("C1")
    with pytest.raises(Unreachable, match="not_in_channel"):
        await adapter.send(delivery(HELLO, "C1"))
    server.invite("C1")
    server.archive("C1")
    with pytest.raises(Unreachable, match="is_archived"):
        await adapter.send(delivery(HELLO, "C1"))
    await adapter.close()


async def test_the_stand_in_holds_the_official_limit_of_one_a_second_and_channel() -> None:
    async with StandIn() as server:
        server.member("U7")
        server.member("U8")
        adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
        await adapter.send(delivery(HELLO))
        with pytest.raises(Retry) as caught:
            await adapter.send(delivery(HELLO))
        assert (caught.value.after, caught.value.scope, caught.value.counts) == (1.0, "chat", False)
        await adapter.send(delivery(HELLO, "U8"))
        await adapter.close()


async def test_the_rest_of_a_long_reply_is_sent_after_a_flood_and_nothing_twice() -> None:
    async with StandIn(limits=Limits(rate=1.0, burst=2)) as server:
        ana, adapter = server.member("U7"), SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
        long = said("word " * 4000, rows=YES)
        with pytest.raises(Retry) as caught:
            await adapter.send(delivery(long))
        assert (len(ana.messages), caught.value.counts, caught.value.after) == (2, False, 1.0)
        server.lift_limits()
        receipt = await adapter.send(delivery(long))
        assert receipt.ref == "+".join(message.ts for message in ana.messages)
        assert [bool(message.rows) for message in ana.messages] == [False, False, True]
        await adapter.close()


async def test_a_question_of_an_earlier_process_is_closed_too(server: StandIn) -> None:
    ana = server.member("U7")
    before, after = (SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url) for _ in range(2))
    receipt = await before.send(delivery(said("How are *you*?", rows=YES)))
    await after.send(delivery(Reply("close", ref=receipt.ref, rows=((Button("-", "✓ Yes"),),))))
    assert ana.messages[0].text == "How are *you*?"
    assert [[shown.label for shown in row] for row in ana.messages[0].rows] == [["✓ Yes"]]
    await before.close()
    await after.close()
