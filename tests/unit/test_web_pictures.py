"""Pictures in the browser chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from adapters.web.adapter import KEPT_PICTURES
from bot.cohorts.model import Figure, Pulse, Words
from bot.model import Delivery, Picture
from tests.scripted_door import says
from tests.unit.test_web_routes import CHAT, Chat


async def test_a_picture_is_shown_to_its_own_chat_with_an_alternative_and_the_latest_are_kept() -> None:
    chat = Chat()
    words = Words("Week 1", "at least {count}", "few", {"active": "active"})
    bars = Picture(Pulse(date(2026, 3, 2), 10, (Figure("active", 10),)), words, "Week 1: active at least 10")
    reply = replace(says("Week 1"), image=bars)
    refs = [await chat.adapter.send(Delivery(n, "address", CHAT, reply)) for n in range(KEPT_PICTURES + 1)]
    assert [line["image"] for line in await chat.since()] == [bars.alternative] * len(refs)
    newest = f"/chat/picture/{refs[-1].ref}"
    answer = await chat.http.get(newest)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")
    assert "img-src 'self'" in answer.headers["content-security-policy"]
    assert (await chat.http.get(f"/chat/picture/{refs[0].ref}")).status_code == 404
    assert (await chat.browser({"heartsease_chat": f"{CHAT}-2"}).get(newest)).status_code == 404
    assert (await chat.browser().get(newest)).status_code == 401
    await chat.http.aclose()
