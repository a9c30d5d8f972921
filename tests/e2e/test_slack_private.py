"""Private text in Slack: written and read in modals and on the Home tab, and in no message ever."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter
from bot.errors import Rejected
from bot.model import Button, Changed, ChoiceMade, Field, Form, FormSubmitted, MessageReceived, Reply
from bot.workspace import is_personal
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import Transport, delivery, listening, said
from tests.standin.slack import BOT_TOKEN, Limits, Member, StandIn

SECRET = "dear friend, I was so ashamed <@U9> & *sorry*"
LETTER = Form("letter", "A letter to yourself, with love", (Field("text", "Your letter", most=40),))
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


class Clock:
    """Monotonic seconds, set by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        yield server


def private(text: str = SECRET, **about: object) -> Reply:
    return said(text, private=True, **about)


def exported(server: StandIn) -> str:
    """All that an export of the workspace would hold of ours."""
    people = [message for member in server.space.members.values() for message in member.messages]
    rooms = [message for room in server.space.channels.values() for message in room.messages]
    posted = [str(call.params) for call in server.calls if call.method.startswith("chat.")]
    return "\n".join([*(message.everything for message in people + rooms), *posted])


async def opened(server: StandIn, ana: Member, words: str) -> None:
    await server.until(lambda: ana.view is not None and words in ana.view.text)


# ---------------------------------------------------------------- writing


@BOTH
async def test_a_form_is_written_in_a_modal_and_comes_to_the_door(server: StandIn, transport: Transport) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport) as (adapter, _):
        await adapter.send(delivery(said("Would you write?", form=LETTER, asked=5)))
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        assert ana.view is not None
        assert (ana.view.title, list(ana.view.inputs)) == ("A letter to yourself, w…", ["text"])
        ana.submits(text=" I am here for you. \n")
        await server.until(lambda: len(door.received) == 1 and ana.view is None)
    assert door.received[0].given == FormSubmitted("letter", {"text": "I am here for you."}, 5)
    assert "here for you" not in exported(server)
    assert server.refusals == []


@BOTH
async def test_what_is_missing_or_too_long_is_said_in_the_modal(server: StandIn, transport: Transport) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport) as (adapter, _):
        await adapter.send(delivery(said("Would you write?", form=LETTER, asked=5)))
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        view = ana.view
        assert view is not None
        ana.submits(text="  ")
        await server.until(lambda: view.errors == {"text": "Please write a few words."})
        view.errors = {}
        ana.submits(text="x" * 41)
        await server.until(lambda: view.errors == {"text": "At most 40 characters, please."})
        ana.submits(text="x" * 40)
        await server.until(lambda: len(door.received) == 1)
    assert ana.view is None


async def test_every_kind_of_field_brings_its_value_and_starts_with_it(server: StandIn) -> None:
    form = Form(
        "cohort",
        "A cohort",
        (
            Field("name", "Name", "line", value="Ward 3"),
            Field("start", "Start", "date", value="2026-03-02"),
            Field("time", "Time", "time", value="07:30"),
            Field("pace", "Pace", "choice", (Button("own", "Own"), Button("calendar", "Calendar")), value="own"),
            Field("note", "Note", required=False),
        ),
    )
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (adapter, _):
        await adapter.send(delivery(said("Set it up?", form=form, asked=2)))
        ana.taps("Fill in the form")
        await server.until(lambda: ana.view is not None)
        ana.submits(name="Ward 4", start="2026-03-09", time="08:00", pace="calendar")
        await server.until(lambda: len(door.received) == 1)
    expected = {"name": "Ward 4", "start": "2026-03-09", "time": "08:00", "pace": "calendar", "note": ""}
    assert door.received[0].given == FormSubmitted("cohort", expected, 2)


async def test_a_form_still_opens_after_a_restart_but_without_what_stood_in_it(server: StandIn) -> None:
    form = Form("letter", "A letter", (Field("text", "Your letter", value=SECRET),))
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (adapter, _):
        await adapter.send(delivery(said("Go on?", form=form, asked=5)))
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        assert ana.view is not None
        assert ana.view.inputs["text"]["element"]["initial_value"] == SECRET
        ana.shuts()
    async with listening(server, door):
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        assert "initial_value" not in ana.view.inputs["text"]["element"]
        ana.submits(text="anew")
        await server.until(lambda: len(door.received) == 1)
    assert door.received[0].given == FormSubmitted("letter", {"text": "anew"}, 5)
    assert "ashamed" not in exported(server)


async def test_a_form_that_a_command_asks_for_opens_at_once_and_stays_in_the_conversation(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, opens={"/letter"}) as (adapter, _):
        ana.runs("/heartsease letter")
        await opened(server, ana, "One moment…")
        await adapter.send(delivery(said("Would you write?", form=LETTER, asked=5)))
        await opened(server, ana, "Would you write?")
        ana.shuts()
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        ana.submits(text="dear me")
        await server.until(lambda: len(door.received) == 2)
    assert door.received[1].given == FormSubmitted("letter", {"text": "dear me"}, 5)


async def test_somebody_elses_form_does_not_open_with_what_stands_in_it(server: StandIn) -> None:
    form = Form("letter", "A letter", (Field("text", "Your letter", value=SECRET),))
    ana, eva = server.member("U7"), server.member("U8", "Eva")
    async with listening(server, FakeDoor()) as (adapter, _):
        await adapter.send(delivery(said("Go on?", form=form, asked=5)))
        await adapter.send(delivery(private()))
        for label in ("Write", "Open"):
            [stolen] = [
                each for each in ana.messages if any(shown.label == label for row in each.rows for shown in row)
            ]
            eva.taps(label, stolen)
            await server.until(lambda: eva.view is not None)
            assert eva.view is not None
            assert "ashamed" not in str(eva.view.payload)
            eva.shuts()


async def test_a_colleagues_message_is_kept_as_a_gratitude(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door):
        ana.keeps("Ana stayed late & helped <me>")
        await server.until(lambda: len(door.received) == 1)
    assert door.received[0].given == FormSubmitted("keep_gratitude", {"text": "Ana stayed late & helped <me>"})
    assert ana.messages == []
    assert server.count("chat.postEphemeral") == 0  # we may not be in that channel


# ---------------------------------------------------------------- reading


@BOTH
async def test_a_private_answer_fills_the_window_that_the_tap_opened(
    server: StandIn, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport, opens={"read"}) as (adapter, _):
        await adapter.send(delivery(said("Your letter is here.", rows=((Button("6:read", "Read it"),),))))
        ana.taps("Read it")
        await opened(server, ana, "One moment…")
        await server.until(lambda: len(door.received) == 1)
        receipt = await adapter.send(delivery(private(rows=((Button("7:done", "Done"),),))))
        assert ana.view is not None
        assert ana.view.text == SECRET
        assert receipt.ref is None
        ana.taps("Done")
        await server.until(lambda: len(door.received) == 2)
        await adapter.send(delivery(said("Good night.")))
        await opened(server, ana, "The answer is in our conversation.")
        await adapter.send(delivery(private()))
        assert ana.view.text == SECRET  # the same turn may say both
    assert "ashamed" not in caplog.text
    assert [each.given for each in door.received][1] == ChoiceMade("done", 7)
    assert [message.text for message in ana.messages] == ["Your letter is here.", "Good night."]
    assert "ashamed" not in exported(server)
    assert server.refusals == []


@BOTH
async def test_a_form_whose_answer_is_private_becomes_the_window_for_it(server: StandIn, transport: Transport) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport, opens={"letter"}) as (adapter, _):
        await adapter.send(delivery(said("Would you write?", form=LETTER, asked=5)))
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        ana.submits(text="be kind")
        await opened(server, ana, "One moment…")
        await adapter.send(delivery(private("You wrote: be kind")))
        await opened(server, ana, "You wrote: be kind")
    assert "be kind" not in exported(server)


async def test_without_a_window_private_text_waits_behind_a_button(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (adapter, _):
        receipt = await adapter.send(delivery(private(rows=((Button("7:more", "More"),),))))
        assert receipt.ref == ana.messages[-1].ts
        for _ in range(2):
            ana.taps("Open")
            await opened(server, ana, SECRET)
            ana.shuts()
        await server.until(lambda: not server.space.outbound)
    assert [one.given for one in door.received] == [Changed("shut", "0")] * 2  # opening it brings the door nothing
    assert "ashamed" not in exported(server)


async def test_after_a_restart_private_text_is_asked_for_again(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (adapter, _):
        ana.runs("/heartsease journal I was ashamed")
        await server.until(lambda: len(door.received) == 1)
        await adapter.send(delivery(private()))
    async with listening(server, door) as (adapter, _):
        ana.taps("Open")
        await opened(server, ana, "One moment…")
        await server.until(lambda: len(door.received) == 2)
        await adapter.send(delivery(private()))
        await opened(server, ana, SECRET)
    first, again = (each.given for each in door.received)
    assert (first, again) == (MessageReceived("/journal I was ashamed"), MessageReceived("/journal"))
    assert "ashamed" not in exported(server)


async def test_what_nobody_asked_for_is_gone_after_a_restart_and_says_so(server: StandIn) -> None:
    ana = server.member("U7")
    async with listening(server, FakeDoor()) as (adapter, _):
        await adapter.send(delivery(private()))
    async with listening(server, FakeDoor()):
        ana.taps("Open")
        await opened(server, ana, "I no longer have this at hand.")


async def test_a_window_that_was_closed_meanwhile_is_no_loss(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, opens={"/ledger"}) as (adapter, _):
        ana.runs("/heartsease ledger")
        await opened(server, ana, "One moment…")
        ana.shuts()
        await adapter.send(delivery(private()))
        ana.taps("Open")
        await opened(server, ana, SECRET)
    assert "ashamed" not in exported(server)


async def test_private_text_never_goes_into_a_channel(server: StandIn) -> None:
    server.channel("C1")
    adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
    with pytest.raises(Rejected):
        await adapter.send(delivery(private(), "C1"))
    assert server.channel("C1").messages == []
    await adapter.close()


async def test_an_expired_trigger_is_said_only_to_who_tapped() -> None:
    clock, door = Clock(), FakeDoor()
    async with StandIn(limits=Limits.raised(), now=clock) as server:
        ana = server.member("U7")
        async with listening(server, door) as (adapter, _):
            await adapter.send(delivery(said("Would you write?", form=LETTER, asked=5)))
            server.fault("views.open", "expired_trigger_id")
            with capture_logs() as logs:
                ana.taps("Write")
                await server.until(lambda: ana.whispers == ["That took too long to open. Please tap once more."])
            assert [entry["event"] for entry in logs] == ["slack.expired_trigger"]
            assert ana.view is None
            ana.taps("Write")
            await server.until(lambda: ana.view is not None)


async def test_triggers_are_good_once_and_for_three_seconds() -> None:
    clock = Clock()
    async with StandIn(now=clock) as server:
        ana = server.member("U7")
        adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
        view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [{"type": "divider"}]}
        old, used = server.space.trigger(ana.id), server.space.trigger(ana.id)
        await adapter._web.api.views_open(trigger_id=used, view=view)
        clock.at += 3.1
        for trigger, problem in ((used, "exchanged_trigger_id"), (old, "expired_trigger_id")):
            with pytest.raises(Exception, match=problem):
                await adapter._web.api.views_open(trigger_id=trigger, view=view)
        await adapter.close()


async def test_words_of_danger_bring_no_notice_about_exports(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, in_need=lambda text: "die" in text):
        ana.says("I want to die")
        ana.says("are you there?")
        await server.until(lambda: len(door.received) == 2 and not server.space.outbound)
    assert ana.whispers == []


async def test_a_hello_and_a_thumb_bring_no_notice_about_exports(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, personal=is_personal):
        for text in ("hello", "help", "thanks :heart:", ":+1:"):
            ana.says(text)
        await server.until(lambda: len(door.received) == 4 and not server.space.outbound)
        assert ana.whispers == []
        ana.says("my knees hurt")
        await server.until(lambda: len(ana.whispers) == 1)


async def test_who_types_hears_once_a_day_that_messages_may_be_exported(server: StandIn) -> None:
    clock, door, ana = Clock(), FakeDoor(), server.member("U7")
    async with listening(server, door, monotonic=clock):
        for text in ("/help", "one", "two"):
            ana.says(text)
        await server.until(lambda: len(door.received) == 3 and len(ana.whispers) == 1)
        clock.at += 24 * 3600
        ana.says("three")
        await server.until(lambda: len(ana.whispers) == 2)
    assert "export" in ana.whispers[0]
    assert ana.messages == []
