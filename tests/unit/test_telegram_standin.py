"""The stand-in is as strict as Telegram: what it would let through, our tests would not see."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.standin.telegram import TOKEN, StandIn
from tests.standin.telegram_checks import SPEC, Limits, Refused

needs_description = pytest.mark.skipif(not SPEC.exists(), reason="the Bot API's description is not there")


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn() as server:
        server.person(7)
        yield server


async def call(server: StandIn, method: str, **params: Any) -> tuple[int, Any]:
    fields = {name: each if isinstance(each, str) else json.dumps(each) for name, each in params.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/bot{TOKEN}/{method}", data=fields) as answer,
    ):
        content = await answer.json()
        return answer.status, content.get("result", content.get("description"))


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[button]]}


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"text": ""}, "empty"),
    ("sendMessage", {"text": "<b> </b>", "parse_mode": "HTML"}, "empty"),
    ("sendMessage", {"text": "x" * 4097}, "too long"),
    ("sendMessage", {"text": "😀" * 2049}, "too long"),
    ("sendMessage", {"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"text": "<p>x</p>", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"text": "x", "parse_mode": "Markdown"}, "parse_mode"),
    ("sendMessage", {"text": "x", "reply_markup": inline(text="a", callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {"text": "x", "reply_markup": inline(text=" ", callback_data="a")}, "empty row or label"),
    ("sendMessage", {"text": "x", "reply_markup": inline(text="a")}, "unallowed"),
    ("sendMessage", {"text": "x", "reply_markup": inline(text="a", url="1:yes")}, "URL"),
    ("sendMessage", {"text": "x", "chat_id": 8}, "chat not found"),
    ("sendPhoto", {"photo": "id", "caption": "x" * 1025}, "too long"),
    ("setMessageReaction", {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "🪿"}]}, "REACTION_INVALID"),
    ("setMessageReaction", {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "❤"}]}, "react not found"),
    ("editMessageReplyMarkup", {"message_id": 1}, "edit not found"),
    ("sendChatAction", {"action": "dancing"}, "action"),
    ("sendMessage", {"text": "x", "chat_id": -5}, "chat not found"),
    ("sendMessage", {"text": "x", "reply_parameters": {"message_id": 9}}, "to be replied not found"),
    ("sendDocument", {"document": ""}, "non-empty"),
    ("sendDocument", {"document": "id", "caption": "x" * 1025}, "too long"),
    ("deleteMessage", {"message_id": 9}, "to delete not found"),
    ("pinChatMessage", {"message_id": 9}, "to pin not found"),
    ("unpinChatMessage", {"message_id": 9}, "to unpin not found"),
]


@pytest.mark.parametrize(("method", "params", "why"), BAD)
async def test_what_telegram_refuses_is_refused_and_remembered(
    server: StandIn, method: str, params: dict[str, Any], why: str
) -> None:
    status, description = await call(server, method, **{"chat_id": 7, **params})
    assert status == 400
    assert why in description
    assert [refusal.problem for refusal in server.refusals] == [description]
    assert server.person(7).messages == []


@needs_description
@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"chat_id": 7}, "text is required"),
        ({"chat_id": 7, "text": "x", "txt": "y"}, "no parameter txt"),
        ({"chat_id": 7, "text": "x", "disable_notification": "perhaps"}, "disable_notification"),
        ({"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": "none"}}, "reply_markup must be"),
        ({"chat_id": 7, "text": "x", "reply_markup": inline(text="a", callback_data=3)}, "reply_markup must be"),
    ],
)
async def test_a_call_that_is_not_as_described_is_refused(server: StandIn, params: dict[str, Any], why: str) -> None:
    status, description = await call(server, "sendMessage", **params)
    assert (status, why in description) == (400, True), description


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("setMyCommands", {"commands": [{"command": "Today", "description": "x"}]}),
        ("setMyCommands", {"commands": [{"command": "today", "description": ""}]}),
        ("setWebhook", {"url": "http://example.org/x"}),
        ("setWebhook", {"url": "https://example.org/x", "secret_token": "a secret!"}),
        ("answerCallbackQuery", {"callback_query_id": "never asked"}),
    ],
)
async def test_a_bad_registration_or_answer_is_refused(server: StandIn, method: str, params: dict[str, Any]) -> None:
    assert (await call(server, method, **params))[0] == 400


async def test_only_a_button_that_is_shown_can_be_tapped(server: StandIn) -> None:
    ana = server.person(7)
    await call(server, "sendMessage", chat_id=7, text="?", reply_markup=inline(text="Yes", callback_data="1:yes"))
    shown = await ana.next_message()
    ana.taps("Yes")
    assert list(server.line.unanswered) != []
    await call(server, "editMessageReplyMarkup", chat_id=7, message_id=shown.id)
    with pytest.raises(AssertionError):
        ana.taps("Yes")
    assert (await call(server, "editMessageReplyMarkup", chat_id=7, message_id=shown.id))[0] == 400


async def test_a_confirmed_update_is_gone_and_another_comes_again(server: StandIn) -> None:
    ana = server.person(7)
    ana.says("one")
    ana.says("two")
    _, first = await call(server, "getUpdates", limit=1)
    _, again = await call(server, "getUpdates")
    _, rest = await call(server, "getUpdates", offset=first[0]["update_id"] + 1)
    assert [each["message"]["text"] for each in first] == ["one"]
    assert [each["message"]["text"] for each in again] == ["one", "two"]
    assert [each["message"]["text"] for each in rest] == ["two"]


async def test_there_is_no_polling_beside_a_webhook(server: StandIn) -> None:
    await call(server, "setWebhook", url="https://example.org/x")
    assert (await call(server, "getUpdates"))[0] == 409


async def test_a_blocked_bot_and_a_wrong_token_get_their_status(server: StandIn) -> None:
    server.person(7).blocks_bot()
    assert (await call(server, "sendMessage", chat_id=7, text="x"))[0] == 403
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/bot1:wrong/getMe") as answer:
        assert answer.status == 401
    assert server.refusals == []


def test_a_private_chat_takes_three_at_once_and_then_one_a_second() -> None:
    limits = Limits()
    for at in (0.0, 0.0, 0.0, 1.0, 2.0):
        limits.spend(7, at)
    with pytest.raises(Refused) as caught:
        limits.spend(7, 2.5)
    assert (caught.value.status, caught.value.parameters) == (429, {"retry_after": 1})


def test_a_group_takes_twenty_a_minute() -> None:
    limits = Limits()
    for at in range(20):
        limits.spend(-5, float(at))
    with pytest.raises(Refused) as caught:
        limits.spend(-5, 20.0)
    assert caught.value.parameters == {"retry_after": 40}
    limits.spend(-5, 60.0)


def test_a_bot_sends_thirty_in_any_second() -> None:
    limits = Limits()
    for chat in range(30):
        limits.spend(chat + 1, 0.5)
    with pytest.raises(Refused):
        limits.spend(99, 1.4)
    limits.spend(99, 1.5)
