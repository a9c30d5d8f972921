"""Files in the browser chat, and what is taken back there."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

from adapters.web.adapter import KEPT_FILES
from bot.errors import Ignored
from bot.model import Delivery, Document, Reply
from tests.scripted_door import says
from tests.unit.test_web_routes import CHAT, Chat

NAME = 'my "data" <b>ü</b>\r\nSet-Cookie: x=1; /..html'
DATA = Document(NAME, "text/html", "<script>alert(1)</script> ñ")


async def test_a_file_is_handed_to_its_own_chat_and_the_latest_are_kept() -> None:
    chat = Chat()
    reply = replace(says("Here it is."), file=DATA)
    refs = [await chat.adapter.send(Delivery(n, "address", CHAT, reply)) for n in range(KEPT_FILES + 1)]
    assert {line["file"] for line in await chat.since()} == {NAME}
    newest = f"/chat/file/{refs[-1].ref}"
    assert (await chat.http.get(newest)).text == DATA.content
    assert (await chat.http.get(f"/chat/file/{refs[0].ref}")).status_code == 404
    assert (await chat.browser({"heartsease_chat": f"{CHAT}-2"}).get(newest)).status_code == 404
    assert (await chat.browser().get(newest)).status_code == 401
    await chat.http.aclose()


async def test_no_name_or_content_of_a_file_becomes_a_page_or_a_header() -> None:
    chat = Chat()
    receipt = await chat.adapter.send(Delivery(1, "address", CHAT, replace(says("Here it is."), file=DATA)))
    answer = await chat.http.get(f"/chat/file/{receipt.ref}")
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename*=UTF-8''")
    assert unquote(disposition.partition("''")[2]) == NAME
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    await chat.http.aclose()


async def test_nothing_is_left_of_what_was_taken_back() -> None:
    chat = Chat()
    shared = await chat.adapter.send(Delivery(1, "address", CHAT, replace(says("My tea."), file=DATA)))
    await chat.adapter.send(Delivery(2, "address", CHAT, Reply("delete", of="tea", ref=shared.ref)))
    assert [(line["kind"], line["ref"]) for line in await chat.since()] == [("delete", shared.ref)]
    assert (await chat.http.get(f"/chat/file/{shared.ref}")).status_code == 404
    with pytest.raises(Ignored):
        await chat.adapter.send(Delivery(3, "address", CHAT, replace(says("Your tea."), act="edit", ref=shared.ref)))
    await chat.http.aclose()
