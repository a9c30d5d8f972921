"""The browser chat's routes, in the app that serves them, with a scripted coach behind the door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from adapters.web import STATIC, WebAdapter, routes
from adapters.web.adapter import KEPT_CHATS, KEPT_EVENTS
from adapters.web.markup import to_html
from bot.errors import Ignored, Rejected
from bot.http import http_app
from bot.model import (
    Block,
    Button,
    Changed,
    ChoiceMade,
    Delivery,
    Input,
    LocationShared,
    MessageReceived,
    Origin,
    Reply,
    Span,
)
from tests.scripted_door import ManualClock, ScriptedDoor, closes, says

HERE = "http://127.0.0.1:8080"
CHAT = "a-chat-of-somebody-0001"


def coach(given: Input) -> Iterable[Reply]:
    match given:
        case ChoiceMade(choice="yes", ref=str(ref)):
            yield closes(ref, "1:yes", "Yes")
        case MessageReceived(text="thanks", ref=ref):
            yield Reply(act="react", ref=ref, emoji="💛")
        case MessageReceived():
            yield says("Shall we begin?", buttons=[[("1:yes", "Yes"), ("1:no", "No")]])


class Chat:
    """A browser with a chat, and what stands behind it."""

    def __init__(self) -> None:
        self.door = ScriptedDoor(coach)
        self.adapter = self.door.adapter = WebAdapter(ManualClock())
        self.jumps: list[tuple[Origin, str]] = []
        app = http_app(
            ready=self._ready,
            metrics=CollectorRegistry(),
            webhooks={},
            rehearsal=None,
            web_router=routes(self.adapter, self.door, self._jump, self._place),
            static=STATIC,
        )
        self.transport = httpx.ASGITransport(app)
        self.http = self.browser({"heartsease_chat": CHAT})

    def browser(self, cookies: Mapping[str, str] | None = None, base: str = HERE) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, base_url=base, cookies=dict(cookies or {}))

    async def since(self, after: int = 0) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = (await self.http.get("/chat/since", params={"after": after})).json()["events"]
        return events

    async def _ready(self) -> tuple[bool, dict[str, str]]:
        return True, {}

    async def _jump(self, origin: Origin, to: str) -> None:
        self.jumps.append((origin, to))

    async def _place(self, origin: Origin) -> Mapping[str, Any]:
        return {"state": "active", "week": 1, "day": 2, "title": "Settling", "now_local": None, "zone": None}


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    chat = Chat()
    yield chat
    await chat.http.aclose()


async def test_the_page_comes_with_a_strict_cookie_and_a_policy_without_inline_code(chat: Chat) -> None:
    page = await chat.browser().get("/")
    assert page.status_code == 200
    cookie = page.headers["set-cookie"]
    assert all(part in cookie for part in ("heartsease_chat=", "HttpOnly", "SameSite=strict"))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert " style=" not in page.text
    assert " onclick=" not in page.text


async def test_everything_the_page_loads_is_served_here(chat: Chat) -> None:
    for file in STATIC.iterdir():
        if file.suffix != ".html":
            answer = await chat.http.get(f"/static/{file.name}")
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")


async def test_a_visit_with_a_chat_keeps_it_and_one_from_elsewhere_loses_none(chat: Chat) -> None:
    assert "set-cookie" not in (await chat.http.get("/")).headers
    visit = await chat.browser().get("/", headers={"sec-fetch-site": "cross-site"})
    assert visit.status_code == 200
    assert "set-cookie" not in visit.headers
    assert "set-cookie" in (await chat.browser().get("/chat/place")).headers


async def test_what_is_said_reaches_the_door_and_both_sides_stand_in_the_transcript(chat: Chat) -> None:
    answer = await chat.http.post("/chat/say", json={"text": "  hello \u0007<b>there</b>\r\n "})
    assert answer.status_code == 200
    [incoming] = chat.door.received
    assert incoming.origin == Origin("web", CHAT)
    assert incoming.given == MessageReceived("hello <b>there</b>", ref=answer.json()["ref"])
    assert CHAT not in incoming.key
    mine, theirs = await chat.since()
    assert (mine["by"], mine["text"], mine["at"]) == ("me", "hello <b>there</b>", "2026-03-02T07:00:00+00:00")
    assert theirs["html"] == '<p dir="auto">Shall we begin?</p>'
    assert theirs["rows"] == [[{"data": "1:yes", "label": "Yes"}, {"data": "1:no", "label": "No"}]]
    assert [event["seq"] for event in (mine, theirs)] == [1, 2]
    assert await chat.since(1) == [theirs]


async def test_the_same_message_sent_again_acts_once(chat: Chat) -> None:
    for _ in range(2):
        await chat.http.post("/chat/say", json={"text": "hello", "id": "abcdef0123456789"})
    assert len(chat.door.received) == 1
    assert len(await chat.since()) == 2


async def test_the_same_id_in_two_chats_is_two_messages(chat: Chat) -> None:
    async with chat.browser({"heartsease_chat": "another-chat-altogether"}) as other:
        for browser in (chat.http, other):
            await browser.post("/chat/say", json={"text": "hello", "id": "abcdef0123456789"})
    assert len(chat.door.received) == 2


async def test_a_message_that_was_not_received_is_marked_and_may_come_again(chat: Chat) -> None:
    chat.door.broken = True
    failed = await chat.http.post("/chat/say", json={"text": "hello", "id": "abcdef0123456789"})
    assert failed.status_code == 500
    assert "again" in failed.json()["error"]
    chat.door.broken = False
    await chat.http.post("/chat/say", json={"text": "hello", "id": "abcdef0123456789"})
    assert [event["kind"] for event in await chat.since()] == ["message", "failed", "message", "message"]
    assert len(chat.door.received) == 1


async def test_a_tap_closes_its_question_in_the_transcript(chat: Chat) -> None:
    await chat.http.post("/chat/say", json={"text": "hello"})
    ref = (await chat.since())[-1]["ref"]
    await chat.http.post("/chat/tap", json={"data": "1:yes", "ref": ref})
    assert chat.door.given[-1] == ChoiceMade("yes", 1, ref=ref)
    assert (await chat.since())[-1] == {
        "seq": 3,
        "kind": "close",
        "ref": ref,
        "rows": [[{"data": "1:yes", "label": "Yes"}]],
    }


async def test_a_reaction_stands_on_the_persons_own_message(chat: Chat) -> None:
    ref = (await chat.http.post("/chat/say", json={"text": "thanks"})).json()["ref"]
    assert (await chat.since())[-1] == {"seq": 2, "kind": "react", "ref": ref, "emoji": "💛"}


async def test_a_location_reaches_the_door(chat: Chat) -> None:
    assert (await chat.http.post("/chat/location", json={"latitude": 40.4, "longitude": -3})).status_code == 200
    assert chat.door.given == [LocationShared(40.4, -3.0)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("say", b"", 400),
        ("say", b"not json", 400),
        ("say", b"[]", 400),
        ("say", b"[" * 5000, 400),
        ("say", b"{}", 400),
        ("say", b'{"text": 7}', 400),
        ("say", b'{"text": null}', 400),
        ("say", b'{"text": "a", "admin": true}', 400),
        ("say", b'{"text": "a", "id": "../../x"}', 400),
        ("say", b'{"text": " \\n\\u0000 "}', 400),
        ("say", b'{"text": "\\ud800"}', 400),
        ("say", b'{"text": "\xff"}', 400),
        ("say", json.dumps({"text": "x" * 10_000}).encode(), 400),
        ("say", json.dumps({"text": "x" * 100_000}).encode(), 413),
        ("say", b"x" * (2 << 20), 413),
        ("tap", b'{"data": "yes", "ref": "c1"}', 400),
        ("tap", b'{"data": 1, "ref": "c1"}', 400),
        ("tap", json.dumps({"data": "1:" + "x" * 100, "ref": "c1"}).encode(), 400),
        ("location", b'{"latitude": 91, "longitude": 0}', 400),
        ("location", b'{"latitude": NaN, "longitude": 0}', 400),
        ("location", b'{"latitude": "40", "longitude": 0}', 400),
        ("jump", b'{"to": "graduation"}', 400),
        ("jump", b'{"to": ["week"]}', 400),
    ],
)
async def test_what_we_cannot_take_is_answered_kindly_and_changes_nothing(
    chat: Chat, path: str, body: bytes, status: int
) -> None:
    answer = await chat.http.post(f"/chat/{path}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].endswith(".")
    assert chat.door.received == []
    assert chat.jumps == []
    assert await chat.since() == []


@pytest.mark.parametrize("query", ["after=x", "after=1&wait=nan", "after=1&wait=-1"])
async def test_an_unreadable_query_is_answered_kindly(chat: Chat, query: str) -> None:
    answer = await chat.http.get(f"/chat/since?{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example:8080"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
        {"host": ""},
        {"host": "[::1"},
    ],
)
async def test_other_sites_and_rebound_names_are_refused(chat: Chat, headers: dict[str, str]) -> None:
    for answer in (
        await chat.http.post("/chat/say", json={"text": "hello"}, headers=headers),
        await chat.http.get("/chat/since", headers=headers),
    ):
        assert answer.status_code == 403
        assert set(answer.json()) == {"error"}
    assert chat.door.received == []


@pytest.mark.parametrize("base", [HERE, "http://localhost:8080", "http://[::1]:8080", "http://192.168.1.7"])
async def test_the_pages_own_requests_pass_under_every_address_of_the_machine(chat: Chat, base: str) -> None:
    async with chat.browser({"heartsease_chat": CHAT}, base) as browser:
        answer = await browser.post(
            "/chat/say", json={"text": "hello"}, headers={"origin": base, "sec-fetch-site": "same-origin"}
        )
    assert answer.status_code == 200


async def test_a_form_of_another_site_cannot_pass_for_json(chat: Chat) -> None:
    answer = await chat.http.post("/chat/say", content=b'{"text": "x"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize("cookies", [{}, {"heartsease_chat": "short"}, {"heartsease_chat": "x" * 25 + "%0a"}])
async def test_without_a_chat_the_answer_says_what_to_do(chat: Chat, cookies: dict[str, str]) -> None:
    async with chat.browser(cookies) as stranger:
        answer = await stranger.post("/chat/say", json={"text": "hello"})
    assert answer.status_code == 401
    assert "Load the page" in answer.json()["error"]


async def test_a_jump_is_handed_on_and_answers_with_the_place(chat: Chat) -> None:
    answer = await chat.http.post("/chat/jump", json={"to": "evening"})
    assert chat.jumps == [(Origin("web", CHAT), "evening")]
    assert answer.json() == (await chat.http.get("/chat/place")).json()
    assert answer.json()["week"] == 1


async def test_starting_over_gives_a_new_chat_and_lets_the_old_person_go(chat: Chat) -> None:
    await chat.http.post("/chat/say", json={"text": "hello"})
    before = chat.adapter.chat(CHAT)
    answer = await chat.http.post("/chat/again", json={})
    assert chat.door.given[-1] == Changed("blocked")
    assert chat.door.received[-1].origin.platform_id == CHAT
    assert before.ended
    assert answer.cookies["heartsease_chat"] != CHAT
    assert chat.adapter.chat(CHAT) is not before


async def test_the_stream_tells_the_past_then_the_present_and_ends_with_the_adapter(chat: Chat) -> None:
    await chat.http.post("/chat/say", json={"text": "hello"})
    epoch = chat.adapter.chat(CHAT).epoch
    streams = [
        asyncio.create_task(chat.http.get("/chat/events", params={"after": after, "epoch": known}))
        for after, known in ((0, ""), (1, epoch), (1, "of-another-life"))
    ]
    await asyncio.sleep(0)
    await chat.door.deliver(CHAT, says("Good evening."))
    await chat.adapter.close()
    told = [_events((await stream).text) for stream in streams]
    assert [[event.get("seq") for event in events] for events in told] == [
        [None, 1, 2, 3],
        [None, 2, 3],
        [None, 1, 2, 3],
    ]
    assert told[0][0]["epoch"] == epoch
    assert streams[0].result().headers["content-type"].startswith("text/event-stream")


async def test_a_long_poll_wakes_when_something_is_said(chat: Chat) -> None:
    waiting = asyncio.create_task(chat.http.get("/chat/since", params={"after": 0, "wait": 20}))
    await asyncio.sleep(0)
    await chat.door.deliver(CHAT, says("Good evening."))
    assert [event["seq"] for event in (await waiting).json()["events"]] == [1]


async def test_who_follows_another_transcript_hears_this_one_from_its_beginning_at_once(chat: Chat) -> None:
    await chat.door.deliver(CHAT, says("Good evening."))
    stale: dict[str, str | int] = {"after": 7, "epoch": "of-another-life", "wait": 20}
    assert [event["seq"] for event in (await chat.http.get("/chat/since", params=stale)).json()["events"]] == [1]


async def test_a_reaction_to_what_is_gone_does_not_matter(chat: Chat) -> None:
    for reply in (Reply(act="react", ref="m1", emoji="💛"), Reply(act="close", ref="c1"), Reply(act="close")):
        with pytest.raises(Ignored):
            await chat.adapter.send(Delivery(1, "address", CHAT, reply))


async def test_a_message_without_words_is_our_fault(chat: Chat) -> None:
    with pytest.raises(Rejected):
        await chat.adapter.send(Delivery(1, "address", CHAT, Reply(rows=((Button("1:a", "A"),),))))


async def test_transcripts_and_chats_are_bounded(chat: Chat) -> None:
    for _ in range(KEPT_EVENTS + 5):
        await chat.door.deliver(CHAT, says("again"))
    kept = chat.adapter.chat(CHAT).since(0)
    assert (len(kept), kept[-1]["seq"]) == (KEPT_EVENTS, KEPT_EVENTS + 5)
    old = chat.adapter.chat(CHAT)
    for number in range(KEPT_CHATS):
        chat.adapter.chat(f"chat-{number}")
    assert old.ended
    assert chat.adapter.chat(CHAT) is not old


def test_blocks_become_html_in_which_nothing_typed_is_markup() -> None:
    blocks = [
        Block((Span("<script>alert(1)</script>\n&", bold=True), Span("x", italic=True))),
        Block((Span("one"),), "bullet"),
        Block((Span("two"),), "bullet"),
        Block((Span("third"),), "number", 3),
        Block((Span("said"),), "quote"),
    ]
    assert to_html(blocks) == (
        '<p dir="auto"><strong>&lt;script&gt;alert(1)&lt;/script&gt;<br>&amp;</strong><em>x</em></p>'
        '<ul><li dir="auto">one</li><li dir="auto">two</li></ul>'
        '<ol start="3"><li dir="auto">third</li></ol>'
        '<blockquote><p dir="auto">said</p></blockquote>'
    )


@pytest.mark.parametrize("link", ["https://a.example/?q=1&r='\"<", "http://a.example", "tel:112", "mailto:a@b.example"])
def test_a_safe_link_is_a_link(link: str) -> None:
    html = to_html([Block((Span("here", link=link),))])
    assert 'rel="noopener noreferrer"' in html
    assert html.count('"') == 8
    assert html.count("<") == 4


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//evil", "https://a b", ""]
)
def test_an_unsafe_link_is_text(link: str) -> None:
    assert to_html([Block((Span("here", link=link),))]) == '<p dir="auto">here</p>'


def _events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
