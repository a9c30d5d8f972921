"""Windows that wait for an answer: what was said meanwhile stands in them, and in nothing that is over."""

from __future__ import annotations

import asyncio

from adapters.slack.windows import Windows
from bot.model import Block, Span

HELLO, AGAIN = (Block((Span("hello"),)),), (Block((Span("again"),)),)


def opened() -> asyncio.Future[str | None]:
    view: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    view.set_result("V1")
    return view


async def test_a_window_that_waits_keeps_what_it_showed() -> None:
    here = Windows()
    here.wait("U1", opened())
    assert here.said("U1", HELLO) == HELLO
    assert here.said("U2", AGAIN) == AGAIN
    assert here.said("U1", AGAIN) == HELLO + AGAIN
    assert await here.take("U1") == "V1"
    assert here.said("U1", AGAIN) == AGAIN


async def test_a_window_that_waits_no_more_gathers_nothing() -> None:
    here = Windows(waits=-1.0)
    here.wait("U1", opened())
    assert here.said("U1", HELLO) == HELLO
    assert here.said("U1", AGAIN) == AGAIN
    assert await here.glance("U1") is None
