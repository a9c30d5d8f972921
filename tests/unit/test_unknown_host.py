"""A platform whose name cannot be looked up: what was to be sent waits, and what is wrong is never the message."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter
from adapters.telegram import TelegramAdapter
from bot.errors import Retry
from bot.model import Button, Delivery, Reply
from tests.e2e.slack_listening import delivery as to_slack
from tests.e2e.telegram_listening import HELLO, Waits
from tests.e2e.telegram_listening import delivery as to_telegram
from tests.standin.addresses import NO_HOST
from tests.standin.slack import BOT_TOKEN
from tests.standin.telegram import TOKEN

NOWHERE = f"http://{NO_HOST}:9"
ACTS = (HELLO, Reply(act="close", ref="77", rows=((Button("1:a", "A"),),)))


async def refused(adapter: Any, delivery: Delivery) -> Retry:
    with capture_logs() as logs, pytest.raises(Retry) as caught:
        await adapter.send(delivery)
    await adapter.close()
    assert not any(token in f"{caught.value!r} {logs}" for token in (TOKEN, BOT_TOKEN))
    return caught.value


@pytest.mark.parametrize("reply", ACTS, ids=lambda reply: reply.act)
async def test_telegram_that_has_no_address_is_tried_again(reply: Reply) -> None:
    error = await refused(TelegramAdapter("telegram:1", TOKEN, NOWHERE), to_telegram(reply))
    assert (error.scope, error.counts, error.after) == ("chat", True, 1.0)


@pytest.mark.parametrize("reply", ACTS, ids=lambda reply: reply.act)
async def test_slack_that_has_no_address_is_tried_again(reply: Reply) -> None:
    error = await refused(SlackAdapter("slack:T1", BOT_TOKEN, api_url=f"{NOWHERE}/api/"), to_slack(reply))
    assert (error.scope, error.counts, error.after) == ("chat", True, 1.0)


async def test_who_listens_says_once_that_the_platform_is_not_there() -> None:
    class Enough(BaseException):
        """Ends a listener that would go on for ever."""

    class Three(Waits):
        async def __call__(self, seconds: float) -> None:
            await super().__call__(seconds)
            if len(self) == 3:
                raise Enough

    waits = Three()
    adapter = waits.adapter = TelegramAdapter("telegram:1", TOKEN, NOWHERE, sleep=waits)
    with capture_logs() as logs, pytest.raises(Enough):
        await adapter._poll(None)  # type: ignore[arg-type]
    await adapter.close()
    assert waits == [0.5, 1.0, 2.0]
    assert [entry["event"] for entry in logs] == ["telegram.unreachable"]
    assert TOKEN not in str(logs)
