"""The Home tab of Slack: a page that follows, whose buttons are commands."""

from collections.abc import AsyncIterator

import pytest

from bot.model import Button, Field, Form, MessageReceived, Origin, Reply
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import HELLO, Transport, delivery, listening, said
from tests.standin.slack import Limits, StandIn

PAGE = "Your letter waits here."
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        yield server


@BOTH
async def test_the_home_tab_shows_and_its_buttons_are_commands(server: StandIn, transport: Transport) -> None:
    weeks = iter(range(1, 10))

    async def home(origin: Origin) -> Reply:
        assert origin == Origin("slack:T1", "U7")
        buttons = ((Button("/today", "Today"), Button("/pause", "Pause")),)
        return said(f"Week {next(weeks)}. {PAGE}", rows=buttons, private=True)

    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport, home=home):
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        assert ana.home is not None
        assert ana.home.text == f"Week 1. {PAGE}"
        ana.taps("Pause", ana.home)
        await server.until(lambda: len(door.received) == 1)
        await server.until(lambda: ana.home is not None and ana.home.text.startswith("Week 2."))
        ana.opens_home()
        await server.until(lambda: ana.home is not None and ana.home.text.startswith("Week 3."))
    assert door.received[0].given == MessageReceived("/pause")
    assert ana.messages == []


async def test_a_home_tab_that_was_published_meanwhile_is_rendered_again(server: StandIn) -> None:
    async def home(origin: Origin) -> Reply:
        return HELLO

    ana = server.member("U7")
    async with listening(server, FakeDoor(), home=home):
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        assert ana.home is not None
        stale = ana.home.wire()
        ana.opens_home()
        await server.until(lambda: server.count("views.publish") == 2)
        event = {"type": "app_home_opened", "user": "U7", "channel": ana.channel, "tab": "home", "view": stale}
        server.space.event(event)
        await server.until(lambda: server.count("views.publish") == 4)
    assert [call.problem for call in server.refusals] == ["hash_conflict"]


async def test_a_window_shows_all_of_an_answer_in_several_messages(server: StandIn) -> None:
    async def home(origin: Origin) -> Reply:
        return said(PAGE, rows=((Button("/today", "Today"),),), private=True)

    door, ana = FakeDoor(), server.member("U7")
    form = Form("words", "In your own words", (Field("text", "Did it happen?"),), asked=3)
    async with listening(server, door, home=home) as (adapter, _):
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        ana.taps("Today", ana.home)
        await server.until(lambda: len(door.received) == 1)
        await adapter.send(delivery(said("Week 1, day 1.")))
        await server.until(lambda: ana.view is not None and "Week 1" in ana.view.text)
        await adapter.send(delivery(said("Today: three breaths.")))
        await server.until(lambda: ana.view is not None and "three breaths" in ana.view.text)
        await adapter.send(delivery(said("Did it happen?", form=form)))
        await server.until(lambda: ana.view is not None and bool(ana.view.inputs))
        assert ana.view is not None
        assert ana.view.text == "Week 1, day 1.\n\nToday: three breaths."
    assert server.refusals == []


@BOTH
async def test_what_is_written_in_its_window_is_answered_there(server: StandIn, transport: Transport) -> None:
    async def home(origin: Origin) -> Reply:
        return said(PAGE, rows=((Button("/journal", "A page"),),), private=True)

    door, ana = FakeDoor(), server.member("U7")
    form = Form("words", "In your own words", (Field("text", "What is there?"),), asked=3)
    async with listening(server, door, transport, home=home) as (adapter, _):
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        ana.taps("A page", ana.home)
        await server.until(lambda: len(door.received) == 1)
        await adapter.send(delivery(said("What is there?", form=form)))
        await server.until(lambda: ana.view is not None and bool(ana.view.inputs))
        ana.submits(text="heavy")
        await server.until(lambda: len(door.received) == 2)
        await adapter.send(delivery(said("There are people to talk to.", rows=((Button("4:near", "Near"),),))))
        await server.until(lambda: ana.view is not None and "people to talk to" in ana.view.text)
    assert server.refusals == []


@BOTH
async def test_a_tap_on_it_shows_an_answer_that_is_not_private_in_a_window_too(
    server: StandIn, transport: Transport
) -> None:
    async def home(origin: Origin) -> Reply:
        return said(PAGE, rows=((Button("/pause", "Pause"),),), private=True)

    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport, home=home) as (adapter, _):
        ana.opens_home()
        await server.until(lambda: ana.home is not None)
        ana.taps("Pause", ana.home)
        await server.until(lambda: ana.view is not None and "One moment…" in ana.view.text)
        await server.until(lambda: len(door.received) == 1)
        await adapter.send(delivery(said("How long?", rows=((Button("3:week", "A week"),),))))
        await server.until(lambda: ana.view is not None and "How long?" in ana.view.text)
        assert ana.view is not None
        assert "The answer is in our conversation." in ana.view.text
        assert not ana.view.rows  # its buttons are in the conversation
    assert [message.text for message in ana.messages] == ["How long?"]
    assert server.refusals == []
