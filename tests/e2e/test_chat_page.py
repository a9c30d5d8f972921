"""The chat page in a real browser, with a scripted coach behind the door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
from prometheus_client import CollectorRegistry

from adapters.web import STATIC, WebAdapter, routes
from bot.cohorts.model import Figure, Pulse, Words
from bot.http import HttpServer, http_app
from bot.model import Block, ChoiceMade, Delivery, Document, Input, MessageReceived, Origin, Picture, Reply, Span
from tests.e2e.browser import DESKTOP, PHONE, browsing, page_at
from tests.scripted_door import ManualClock, ScriptedDoor, closes, says

MADRID = ZoneInfo("Europe/Madrid")
WENT = [[("7:did", "Yes"), ("7:a_little", "A little"), ("7:not_today", "Not today")]]
MORNING = Block((Span("Good morning, Ana. For today: "), Span("One thing at a time", bold=True), Span(".")))
BARS = Picture(
    Pulse(date(2026, 3, 2), 10, (Figure("active", 10), Figure("paused", None))),
    Words("Ward 4", "at least {count}", "fewer than five", {"active": "did something here", "paused": "have paused"}),
    "Ward 4: did something here, at least 10",
)
LOOK = [[("9:refresh", "Look again")]]
HOW = Block(
    (Span("You might choose one everyday thing, like washing up, and give it your whole attention: warmth, water, "
          "sound. When your mind wanders, that is what minds do."),)
)  # fmt: skip


@dataclass
class Demo:
    """The page's server with its clock and door."""

    clock: ManualClock = field(default_factory=ManualClock)
    door: ScriptedDoor = field(default_factory=lambda: ScriptedDoor(coach))
    jumps: list[str] = field(default_factory=list)
    url: str = ""
    adapter: WebAdapter = field(init=False)

    def __post_init__(self) -> None:
        self.adapter = self.door.adapter = WebAdapter(self.clock)

    async def place(self, origin: Origin) -> Mapping[str, Any]:
        local = self.clock.now().astimezone(MADRID)
        return {
            "state": "active",
            "week": 2,
            "day": 3,
            "title": "Loving-kindness and compassion for a loved one",
            "now_local": local.isoformat(),
            "zone": "Europe/Madrid",
        }

    async def jump(self, origin: Origin, to: str) -> None:
        self.jumps.append(to)
        now = self.clock.now().astimezone(MADRID)
        evening = datetime.combine(now.date(), datetime.min.time(), MADRID) + timedelta(hours=20)
        self.clock.move(evening - now)
        await self.door.deliver(
            origin.platform_id, says("Good evening, Ana. Did one thing find a place in your day?", buttons=WENT)
        )


def coach(given: Input) -> Iterable[Reply]:
    match given:
        case MessageReceived(text="/start"):
            yield says(MORNING, HOW)
            yield says("What would you like to give your attention to today?", buttons=[[("3:skip", "Just the day")]])
        case MessageReceived(text=text, ref=ref) if "grateful" in text or "agradecida" in text:
            yield Reply(act="react", ref=ref, emoji="💛")
            yield says("Two more, if you like, or let it be enough.", buttons=[[("8:enough", "That is enough")]])
        case MessageReceived(text="/pulse"):
            yield replace(says("Ward 4: at least 10 people."), image=BARS)
        case MessageReceived(text="calendar"):
            yield replace(says("For your calendar."), file=Document("<b>class</b>.ics", "text/calendar", "BEGIN"))
        case MessageReceived(text="how far"):
            yield says("Sent: 5", buttons=LOOK)
        case ChoiceMade(choice="refresh", ref=str(ref)):
            yield Reply(act="edit", ref=ref, text=says("Sent: 10").text, rows=says(buttons=LOOK).rows)
        case MessageReceived():
            yield says(
                "A good one to choose. A few ways to begin:",
                Block((Span("feel the ground under your feet"),), "bullet"),
                Block((Span("listen for the furthest sound"),), "bullet"),
                Block((Span("Attention is the beginning of devotion.", italic=True),), "quote"),
            )
        case ChoiceMade(choice="did", asked=7, ref=str(ref)):
            yield closes(ref, "7:did", "Yes")
            yield says("What was it like?")
        case ChoiceMade():
            yield says("That question is closed by now; here is where we are.")


@asynccontextmanager
async def serving() -> AsyncIterator[Demo]:
    demo = Demo()

    async def ready() -> tuple[bool, dict[str, str]]:
        return True, {}

    app = http_app(
        ready=ready,
        metrics=CollectorRegistry(),
        webhooks={},
        rehearsal=None,
        web_router=routes(demo.adapter, demo.door, demo.jump, demo.place),
        static=STATIC,
    )
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    demo.url = server.url
    try:
        yield demo
    finally:
        await demo.adapter.close()
        await server.stop()


async def converse(page: Page) -> None:
    field = page.get_by_label("Your message")
    await expect(page.get_by_text("What would you like to give your attention to today?")).to_be_visible()
    await field.fill("washing up after dinner, the warm water")
    await field.press("Enter")
    await expect(page.get_by_text("listen for the furthest sound")).to_be_visible()
    await page.get_by_role("button", name="This evening").click()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_text("What was it like?")).to_be_visible()
    await field.fill("Hoy estoy agradecida por mi hermana 🌼")
    await field.press("Enter")
    await expect(page.get_by_role("button", name="That is enough")).to_be_visible()
    await expect(page.get_by_text("💛")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "size", "dark"),
    [("phone", PHONE, False), ("desktop", DESKTOP, False), ("phone-dark", PHONE, True), ("narrow", (320, 640), False)],
)
async def test_a_conversation_goes_through_words_chips_jumps_and_reactions(
    name: str, size: tuple[int, int], dark: bool, tmp_path: Path
) -> None:
    async with (
        serving() as demo,
        browsing() as browser,
        page_at(browser, demo.url, size, dark=dark, scale=2) as page,
    ):
        await converse(page)
        assert demo.jumps == ["evening"]
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await expect(page.locator("#where")).to_contain_text("Week 2 of 8 · Day 3")
        await expect(page.locator("#time")).to_have_text("20:00")
        await page.screenshot(path=tmp_path / f"{name}.png")


async def test_a_message_that_is_edited_changes_in_its_place_and_can_be_tapped_again() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        field = page.get_by_label("Your message")
        await field.fill("how far")
        await field.press("Enter")
        await expect(page.get_by_text("Sent: 5")).to_be_visible()
        for _ in range(2):
            await page.get_by_role("button", name="Look again").click()
            await expect(page.get_by_text("Sent: 10")).to_be_visible()
            await expect(page.get_by_role("button", name="Look again")).to_be_enabled()
        assert await page.get_by_text("Sent:").count() == 1


async def test_a_file_is_saved_under_its_name_and_what_is_taken_back_leaves_the_page() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        field = page.get_by_label("Your message")
        await field.fill("calendar")
        await field.press("Enter")
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="<b>class</b>.ics").click()
        download = await downloading.value
        assert Path(await download.path()).read_text() == "BEGIN"  # noqa: ASYNC240
        said = page.get_by_text("For your calendar.")
        chat_id = demo.door.received[0].origin.platform_id
        ref = next(line["ref"] for line in demo.adapter.chat(chat_id).since(0) if line.get("file"))
        await demo.adapter.send(Delivery(1, "address", chat_id, Reply("delete", of="class", ref=ref)))
        await expect(said).to_have_count(0)
        await page.reload()
        await expect(page.get_by_text("Good morning, Ana.")).to_be_visible()
        await expect(said).to_have_count(0)


async def test_every_tab_of_a_chat_shows_the_same_and_a_reload_keeps_it() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        await converse(page)
        other = await page.context.new_page()
        await other.goto(demo.url)
        await expect(other.get_by_text("Hoy estoy agradecida")).to_be_visible()
        await other.get_by_label("Your message").fill("and the sea")
        await other.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("and the sea")).to_be_visible()
        assert await page.locator(".row.me").count() == await other.locator(".row.me").count() == 3


async def test_starting_over_leaves_the_old_conversation_behind() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        await converse(page)
        await page.get_by_role("button", name="Start over").click()
        await page.get_by_role("dialog").get_by_role("button", name="Start over").click()
        await expect(page.locator(".row")).to_have_count(3)  # the greeting's two, and the hidden dots
        await expect(page.get_by_text("What was it like?")).to_have_count(0)
        starts = [given for given in demo.door.given if isinstance(given, MessageReceived) and given.text == "/start"]
        assert len(starts) == 2
        assert len({incoming.origin for incoming in demo.door.received}) == 2


async def test_what_could_not_be_sent_stays_and_goes_once_with_try_again() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        await expect(page.get_by_text("What would you like")).to_be_visible()
        await page.context.set_offline(True)
        await page.get_by_label("Your message").fill("the bread")
        await page.keyboard.press("Enter")
        again = page.get_by_role("button", name="Try again")
        await expect(again).to_be_visible()
        await page.context.set_offline(False)
        await again.click()
        await expect(page.get_by_text("listen for the furthest sound")).to_be_visible()
        assert await page.get_by_text("the bread").count() == 1
        assert [given for given in demo.door.given if isinstance(given, MessageReceived)][-1].text == "the bread"


async def test_where_the_coach_began_anew_the_page_says_so_and_unsent_words_are_in_the_field_again() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        await expect(page.get_by_text("What would you like")).to_be_visible()
        await page.context.set_offline(True)
        await page.get_by_label("Your message").fill("the bread")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        demo.adapter.forget(demo.door.received[0].origin.platform_id)
        await page.context.set_offline(False)
        await expect(page.get_by_role("status")).to_contain_text("This is a new conversation")
        await expect(page.get_by_label("Your message")).to_have_value("the bread")
        await expect(page.get_by_role("button", name="Try again")).to_have_count(0)


async def test_the_chat_can_be_used_with_the_keyboard_alone() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url) as page:
        await expect(page.get_by_role("button", name="Just the day")).to_be_visible()
        await expect(page.get_by_label("Your message")).to_be_focused()
        await page.keyboard.press("Shift+Tab")
        await expect(page.get_by_role("button", name="Just the day")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("here is where we are")).to_be_visible()
        await page.get_by_label("Your message").focus()
        await page.keyboard.type("one")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("two")
        await page.keyboard.press("Enter")
        await expect(page.locator(".row.me .bubble")).to_contain_text("one\ntwo", use_inner_text=True)


async def test_a_picture_is_drawn_in_its_bubble_with_its_alternative_text() -> None:
    async with serving() as demo, browsing() as browser, page_at(browser, demo.url, PHONE) as page:
        await page.get_by_role("textbox").fill("/pulse")
        await page.keyboard.press("Enter")
        image = page.get_by_role("img", name="did something here, at least 10")
        await expect(image).to_be_visible()
        shown = "image => image.decode().then(() => [image.naturalWidth, image.clientWidth < innerWidth])"
        assert await image.evaluate(shown) == [960, True]
