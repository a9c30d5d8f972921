"""The demo's group: made through the door in its facilitator's chat, joined by synthetic colleagues, moved by jumps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.web import WebAdapter
from bot.app import App, add_web, opened
from bot.colleagues import INSTALLATION, Colleagues
from bot.errors import Ignored
from bot.model import Button, ChoiceMade, Delivery, Incoming, MessageReceived, Origin, Reply
from bot.rehearse_people import TEAM, team
from bot.settings import Settings
from bot.ward import MOST, Wards
from tests.scripted_door import ManualClock, ScriptedDoor, says

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEAD = "the-facilitators-chat-of-a-browser"
DONE = ("settling/settled", "pairs/on", "classes/planned", "cohorts/list")
YOU = Origin("web", "a-chat-of-somebody-0001")


# ---------------------------------------------------------------- the whole of it


@asynccontextmanager
async def working(folder: Path, owners: str = "web:*") -> AsyncIterator[App]:
    """The demo without its HTTP side, on a clock that stands."""
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{folder}/demo.db",
        owners=owners,
        rehearsal=f"start={START.isoformat()},speed=0",
        log_level="error",
    )
    async with opened(settings) as app:
        add_web(app)
        stop, up = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(app.run(stop, lambda _: up.set()))
        running.add_done_callback(lambda _: up.set())  # it failed
        await up.wait()
        assert not running.done(), running.exception()
        try:
            yield app
        finally:
            stop.set()
            await running


def wards_of(app: App) -> Wards:
    assert app.wards is not None
    return app.wards


def said(app: App, chat: str) -> list[str]:
    """The prompts of a chat's messages, in order."""
    web = app.installations["web"].adapter
    assert isinstance(web, WebAdapter)
    return [line["prompt"] for line in web.chat(chat).since(0) if line["kind"] == "message" and line["by"] == "coach"]


async def test_the_group_is_made_through_the_door_joined_by_everybody_and_moved_by_jumps(tmp_path: Path) -> None:
    async with working(tmp_path) as app:
        wards = wards_of(app)
        assert await wards.group(LEAD, YOU) == {"state": "closed"}
        assert await wards.open(LEAD, "Europe/Berlin")
        assert await wards.group(LEAD, YOU) == {"state": "making"}
        await wards.made()
        group = await wards.group(LEAD, YOU)
        assert (group["state"], group["name"]) == ("ready", "Ward 3")
        prompts = said(app, LEAD)
        assert [one for one in prompts if one in DONE] == list(DONE)
        assert said(app, wards.channel(LEAD)) == ["gathering/invitation"]
        place = await wards.place(LEAD)
        assert (place["state"], place["week"], place["day"], place["zone"]) == ("leading", 1, 1, "Europe/Berlin")

        await wards.open(LEAD, "Europe/Berlin")  # once
        assert said(app, LEAD) == prompts
        assert app.leaps is not None
        await app.door.receive([Incoming(YOU, "join", MessageReceived(group["join"]))])
        assert (await wards.group(LEAD, YOU))["join"] == ""  # it is being thought about
        await app.leaps.jump(Origin("web", LEAD), "evening")
        await app.leaps.jump(Origin("web", LEAD), "morning")
        assert {"gathering/thread", "gathering/theme"} <= set(said(app, wards.channel(LEAD)))
        assert (await wards.place(LEAD))["day"] == 2
        async with app.store.reading() as queries:
            found = [await queries.person_at(Origin(INSTALLATION, f"{LEAD}-{n}")) for n in range(1, len(TEAM) + 1)]
            people = [await queries.participant(known) for known in found if known]
        assert [one.name for one in people if one] == list(TEAM)
        assert len({one.cohort for one in people if one}) == 1
        assert any(one.ledger.gratitudes for one in people if one)


async def test_a_group_of_an_earlier_run_is_there_again(tmp_path: Path) -> None:
    async with working(tmp_path) as app:
        await wards_of(app).open(LEAD, "")
        await wards_of(app).made()
    async with working(tmp_path) as app:
        assert await wards_of(app).open(LEAD, "")
        assert (await wards_of(app).group(LEAD, YOU))["name"] == "Ward 3"
        assert said(app, LEAD) == []


async def test_a_second_browsers_facilitator_makes_a_group_with_a_name_of_its_own(tmp_path: Path) -> None:
    async with working(tmp_path) as app:
        wards, another = wards_of(app), "the-facilitators-chat-of-another-browser"
        for lead in (LEAD, another):
            assert await wards.open(lead, "")
            await wards.made()
        assert [(await wards.group(lead, YOU))["name"] for lead in (LEAD, another)] == ["Ward 3", "Ward 4"]
        assert [one for one in said(app, another) if one in DONE] == list(DONE)


async def test_stopping_while_a_group_is_made_takes_no_time(tmp_path: Path) -> None:
    async with working(tmp_path) as app:
        await wards_of(app).open(LEAD, "Europe/Madrid")
        await asyncio.sleep(0)


@pytest.mark.parametrize("owners", ["", "web:somebody", "telegram:42"])
async def test_where_browsers_do_not_lead_there_is_no_group(tmp_path: Path, owners: str) -> None:
    async with working(tmp_path, owners) as app:
        assert app.wards is None
        assert sorted(app.installations) == ["web"]


class BrokenDoor(ScriptedDoor):
    """Breaks on everything."""

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        raise ConnectionError


async def test_what_fails_says_so_can_be_tried_again_and_is_bounded(tmp_path: Path) -> None:
    async with working(tmp_path) as app:
        web, leaps = app.installations["web"].adapter, app.leaps
        assert isinstance(web, WebAdapter)
        assert leaps is not None
        wards = Wards(app.store, app.clock, web, Colleagues(app.clock), leaps, BrokenDoor(), lambda: asyncio.sleep(0))
        for _ in range(2):
            assert await wards.open(LEAD, "")
            await wards.made()
            assert await wards.group(LEAD, YOU) == {"state": "failed"}
        assert [await wards.open(f"another-facilitator-{number}", "") for number in range(MOST)][-2:] == [True, False]
        await wards.made()


# ---------------------------------------------------------------- the colleagues


async def test_colleagues_come_together_and_answer_what_they_read_when_its_time_has_come() -> None:
    clock, door = ManualClock(START), ScriptedDoor()
    colleagues = door.adapter = Colleagues(clock)
    colleagues.come("ward", team(1, START, 56, "Europe/Madrid", "CODE"))
    assert not colleagues.due(START)  # nobody listens to them yet
    listening = asyncio.create_task(colleagues.listen(door))
    await asyncio.sleep(0)
    assert door.given == [MessageReceived("/start CODE", ref=f"{n}-1") for n in range(1, len(TEAM) + 1)]
    assert {(one.origin.installation, one.zone) for one in door.received} == {(INSTALLATION, "Europe/Madrid")}
    assert await colleagues.act(START) == 0
    asked = says("Do you agree?", buttons=[[("7:agree", "I agree"), ("7:more", "Tell me more")]])
    await colleagues.send(Delivery(1, "address", "ward-1", asked))
    assert colleagues.due(START)
    assert await colleagues.act(START) == 1
    assert door.given[-1] == ChoiceMade("agree", 7, ref="1")
    command = Reply(text=asked.text, rows=((Button("/never", "Not again"),),))
    await colleagues.send(Delivery(2, "address", "ward-2", command))
    await colleagues.act(START)
    assert isinstance(door.given[-1], MessageReceived)
    assert door.given[-1].text == "/never"
    ahead = colleagues.next_act()
    assert ahead is not None  # a pause that somebody takes weeks from now
    assert ahead > START + timedelta(days=7)
    listening.cancel()
    await colleagues.close()
    assert colleagues.next_act() is None
    assert await colleagues.act(ahead) == 0


async def test_nobody_reads_what_is_for_people_of_an_earlier_run() -> None:
    with pytest.raises(Ignored):
        await Colleagues(ManualClock()).send(Delivery(1, "address", "ward-1", says("Good morning.")))
