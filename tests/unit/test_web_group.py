"""The browser's switch between one's own chat, a facilitator's and the group's channel, with a scripted stage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from adapters.web import STATIC, WebAdapter, routes
from bot.http import http_app
from bot.model import MessageReceived, Origin
from tests.scripted_door import ManualClock, ScriptedDoor, says

HERE = "http://127.0.0.1:8080"
CHAT = "a-chat-of-somebody-0001"


class ScriptedStage:
    """Remembers what was asked of it; a group is ready as soon as it is opened."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}
        self.waited = 0
        self.full = False

    def channel(self, lead: str) -> str:
        return f"channel:{lead}"

    async def open(self, lead: str, place: str) -> bool:
        self.opened[lead] = place
        return not self.full

    async def made(self) -> None:
        self.waited += 1

    async def group(self, lead: str, visitor: Origin) -> Mapping[str, Any]:
        known = lead in self.opened
        return {"state": "ready", "name": "Ward 3", "join": "/join CODE"} if known else {"state": "closed"}

    async def place(self, lead: str) -> Mapping[str, Any]:
        return {"state": "leading", "week": 2}


class Demo:
    """A browser at a page with the switch, or without it."""

    def __init__(self, stage: ScriptedStage | None) -> None:
        self.stage, self.door = stage, ScriptedDoor()
        self.adapter = self.door.adapter = WebAdapter(ManualClock())
        self.jumps: list[tuple[Origin, str]] = []
        router = routes(self.adapter, self.door, self._jump, self._place, stage)
        app = http_app(
            ready=self._ready,
            metrics=CollectorRegistry(),
            webhooks={},
            rehearsal=None,
            web_router=router,
            static=STATIC,
        )
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url=HERE, cookies={"heartsease_chat": CHAT})

    @property
    def lead(self) -> str:
        """The facilitator's chat of this browser."""
        return self.http.cookies["heartsease_lead"]

    async def open(self) -> httpx.Response:
        return await self.http.post("/chat/group", json={"zone": "Europe/Madrid"})

    async def _ready(self) -> tuple[bool, dict[str, str]]:
        return True, {}

    async def _jump(self, origin: Origin, to: str) -> None:
        self.jumps.append((origin, to))

    async def _place(self, origin: Origin) -> Mapping[str, Any]:
        return {"state": "active", "week": 1}


@pytest.fixture
async def stage() -> ScriptedStage:
    return ScriptedStage()


@pytest.fixture
async def demo(stage: ScriptedStage) -> AsyncIterator[Demo]:
    demo = Demo(stage)
    yield demo
    await demo.http.aclose()


async def test_the_facilitators_chat_is_bound_to_a_strict_cookie_and_stays_the_same(
    demo: Demo, stage: ScriptedStage
) -> None:
    answer = await demo.open()
    assert answer.json() == {"group": {"state": "ready", "name": "Ward 3", "join": "/join CODE"}}
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("heartsease_lead=", "HttpOnly", "SameSite=strict"))
    assert demo.lead != CHAT
    assert "set-cookie" not in (await demo.open()).headers
    assert stage.opened == {demo.lead: "Europe/Madrid"}


async def test_each_view_is_a_chat_of_its_own(demo: Demo, stage: ScriptedStage) -> None:
    await demo.open()
    await demo.http.post("/chat/say", json={"text": "as myself"})
    await demo.http.post("/chat/say?as=facilitator", json={"text": "/pulse"})
    await demo.door.deliver(stage.channel(demo.lead), says("Good morning, all of you."))
    assert [one.origin.platform_id for one in demo.door.received] == [CHAT, demo.lead]
    told = [
        [line.get("text") or line["html"] for line in (await demo.http.get(f"/chat/since{view}")).json()["events"]]
        for view in ("", "?as=facilitator", "?as=channel")
    ]
    assert told == [["as myself"], ["/pulse"], ['<p dir="auto">Good morning, all of you.</p>']]


@pytest.mark.parametrize(
    ("path", "body"),
    [("say", {"text": "hello"}), ("tap", {"data": "1:yes"}), ("location", {"latitude": 1, "longitude": 1})],
)
async def test_the_channel_can_only_be_read(demo: Demo, path: str, body: dict[str, object]) -> None:
    await demo.open()
    answer = await demo.http.post(f"/chat/{path}?as=channel", json=body)
    assert answer.status_code == 403
    assert "only be read" in answer.json()["error"]
    assert demo.door.received == []


async def test_a_tap_and_a_place_from_the_facilitators_view_are_the_facilitators(demo: Demo) -> None:
    await demo.open()
    await demo.http.post("/chat/tap?as=facilitator", json={"data": "1:yes"})
    await demo.http.post("/chat/location?as=facilitator", json={"latitude": 1, "longitude": 1})
    assert {one.origin.platform_id for one in demo.door.received} == {demo.lead}


async def test_every_place_tells_of_the_group_and_the_other_views_where_it_is(demo: Demo) -> None:
    assert (await demo.http.get("/chat/place")).json()["group"] == {"state": "closed"}
    await demo.open()
    assert (await demo.http.get("/chat/place")).json() == {
        "state": "active",
        "week": 1,
        "group": {"state": "ready", "name": "Ward 3", "join": "/join CODE"},
    }
    for view in ("facilitator", "channel"):
        assert (await demo.http.get(f"/chat/place?as={view}")).json()["state"] == "leading"


async def test_a_jump_waits_for_the_group_and_goes_by_the_facilitators_clock_in_its_views(
    demo: Demo, stage: ScriptedStage
) -> None:
    await demo.open()
    for view in ("", "?as=facilitator", "?as=channel"):
        await demo.http.post(f"/chat/jump{view}", json={"to": "week"})
    assert [origin.platform_id for origin, _ in demo.jumps] == [CHAT, demo.lead, demo.lead]
    assert stage.waited == 3


async def test_starting_over_leaves_the_group_alone(demo: Demo) -> None:
    await demo.open()
    lead = demo.lead
    answer = await demo.http.post("/chat/again?as=facilitator", json={})
    assert demo.door.received[-1].origin.platform_id == CHAT
    assert "heartsease_chat" in answer.cookies
    assert demo.lead == lead


@pytest.mark.parametrize("query", ["?as=facilitator", "?as=channel", "?as=owner", "?as=../x"])
async def test_a_view_that_is_not_there_is_answered_kindly(demo: Demo, query: str) -> None:
    answers = [await demo.http.get(f"/chat/{path}{query}") for path in ("place", "since", "events", "file/c1")]
    answers += [await demo.http.post(f"/chat/say{query}", json={"text": "x"})]
    assert {answer.status_code for answer in answers} == {404}
    assert demo.door.received == []


@pytest.mark.parametrize(
    ("body", "status"), [({"zone": 7}, 400), ({}, 400), ({"zone": "x" * 65}, 400), ({"zone": "", "admin": 1}, 400)]
)
async def test_what_we_cannot_take_makes_no_group(
    demo: Demo, stage: ScriptedStage, body: dict[str, object], status: int
) -> None:
    assert (await demo.http.post("/chat/group", json=body)).status_code == status
    assert stage.opened == {}


async def test_too_many_groups_are_refused_and_other_sites_make_none(demo: Demo, stage: ScriptedStage) -> None:
    forged = await demo.http.post("/chat/group", json={"zone": ""}, headers={"origin": "https://evil.example"})
    assert forged.status_code == 403
    assert stage.opened == {}
    stage.full = True
    answer = await demo.open()
    assert answer.status_code == 429
    assert "set-cookie" not in answer.headers


async def test_without_a_stage_there_is_neither_switch_nor_view() -> None:
    plain = Demo(None)
    async with plain.http as http:
        assert (await http.get("/chat/place")).json() == {"state": "active", "week": 1}
        assert (await http.post("/chat/group", json={"zone": ""})).status_code == 404
        http.cookies["heartsease_lead"] = "somebody-elses-facilitator"
        assert (await http.get("/chat/since?as=facilitator")).status_code == 404
        assert (await http.post("/chat/say", json={"text": "hello"})).status_code == 200
    assert plain.door.given == [MessageReceived("hello", ref=plain.door.given[0].ref)]  # type: ignore[union-attr]
