"""Taking back, pinning, threads, files and group conversations in Slack: what the contract cannot see."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter
from adapters.slack.words import Words
from bot.errors import DeliveryError, Ignored, Rejected, Retry, Unreachable
from bot.model import Button, Document, Reply
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import delivery, listening, said
from tests.standin.slack import BOT_TOKEN, Limits, StandIn
from tests.standin.slack_checks import SCOPES

YES = ((Button("3:yes", "Yes"),),)
CLASS = Document("class.ics", "text/calendar", "BEGIN:VCALENDAR")


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        for user in ("U7", "U8", "U9"):
            server.member(user)
        yield server


@pytest.fixture
async def adapter(server: StandIn) -> AsyncIterator[SlackAdapter]:
    adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
    yield adapter
    await adapter.close()


async def test_a_channel_has_its_thread_its_pin_and_nothing_that_was_taken_back(
    server: StandIn, adapter: SlackAdapter
) -> None:
    ward = server.channel("C1", people=("U7",))
    theme = await adapter.send(delivery(said("Week 2: listening."), "C1"))
    evening = await adapter.send(delivery(said("What was good?", rows=YES), "C1", 2))
    shared = await adapter.send(delivery(said("my tea", of="evening", ref=evening.ref), "C1", 3))
    await adapter.send(delivery(Reply("pin", of="theme", ref=theme.ref), "C1", 4))
    assert [message.text for message in ward.feed] == ["Week 2: listening.", "What was good?"]
    assert [message.text for message in ward.thread(str(evening.ref))] == ["my tea"]
    assert [message.text for message in ward.pinned] == ["Week 2: listening."]
    await adapter.send(delivery(Reply("delete", of="tea", ref=shared.ref), "C1", 5))
    assert ward.thread(str(evening.ref)) == []
    server.member("U7").taps_in("C1", "Yes")
    assert server.space.outbound[-1].payload["channel"]["id"] == "C1"
    server.kick("C1")
    with pytest.raises(Unreachable, match="not_in_channel"):
        await adapter.send(delivery(Reply("delete", of="theme", ref=theme.ref), "C1", 6))


@pytest.mark.parametrize(
    ("act", "method", "what", "expected"),
    [
        ("delete", "chat.delete", "cant_delete_message", Ignored),
        ("delete", "chat.delete", "compliance_exports_prevent_deletion", Ignored),
        ("delete", "chat.delete", "is_archived", Unreachable),
        ("delete", "chat.delete", "channel_not_found", Unreachable),
        ("delete", "chat.delete", 429, Retry),
        ("pin", "pins.add", "not_pinnable", Ignored),
        ("pin", "pins.add", "restricted_action", Ignored),
        ("pin", "pins.add", "permission_denied", Ignored),
        ("pin", "pins.add", "missing_scope", Ignored),
        ("pin", "pins.add", "token_revoked", Retry),
        ("unpin", "pins.remove", "no_pin", Ignored),
        ("unpin", "pins.remove", "not_pinned", Ignored),
    ],
)
async def test_a_refusal_of_an_act_has_one_meaning(
    server: StandIn,
    adapter: SlackAdapter,
    act: Literal["delete", "pin", "unpin"],
    method: str,
    what: Any,
    expected: type[DeliveryError],
) -> None:
    receipt = await adapter.send(delivery(said("Hello.")))
    server.fault(method, what)
    with capture_logs(), pytest.raises(expected):
        await adapter.send(delivery(Reply(act, of="hello", ref=receipt.ref)))
    assert (adapter.problem is not None) == (what == "token_revoked")


async def test_an_app_from_an_older_manifest_goes_on_with_all_that_it_may() -> None:
    older = SCOPES - {"pins:write", "mpim:write", "files:write"}
    async with StandIn(limits=Limits.raised(), scopes=older) as server:
        ana, _ = server.member("U7"), server.member("U8")
        adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)
        for reply in (said("You two.", company=("U8",)), said("The class.", file=CLASS)):
            with pytest.raises(Rejected):
                await adapter.send(delivery(reply))
        receipt = await adapter.send(delivery(said("Hello.")))
        with pytest.raises(Ignored):
            await adapter.send(delivery(Reply("pin", of="hello", ref=receipt.ref)))
        assert [message.text for message in ana.messages] == ["The class.", Words().no_file, "Hello."]
        assert adapter.problem is None
        await adapter.close()


async def test_a_question_in_a_channel_stays_where_its_message_is_forgotten(server: StandIn) -> None:
    """We have no right to read channels, and want none."""
    server.channel("C1")
    before, after = (SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url) for _ in range(2))
    receipt = await before.send(delivery(said("Join?", rows=YES), "C1"))
    with pytest.raises(Ignored):
        await after.send(delivery(Reply("close", ref=receipt.ref), "C1"))
    assert after.problem is None
    await before.close()
    await after.close()


async def test_private_text_reaches_neither_files_nor_company(server: StandIn, adapter: SlackAdapter) -> None:
    for reply in (said("my letter", private=True, file=CLASS), said("my letter", private=True, company=("U8",))):
        with pytest.raises(Rejected):
            await adapter.send(delivery(reply))
    assert server.calls == []


async def test_where_files_are_not_allowed_they_hear_so_and_somebody_has_to_look(
    server: StandIn, adapter: SlackAdapter
) -> None:
    server.fault("files.getUploadURLExternal", "file_uploads_disabled")
    with pytest.raises(Rejected):
        await adapter.send(delivery(said("The class.", file=CLASS)))
    ana = server.member("U7")
    assert [message.text for message in ana.messages] == ["The class.", Words().no_file]
    assert ana.files == []


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_that_did_not_get_through_is_sent_again_without_its_words(
    server: StandIn, adapter: SlackAdapter, method: str
) -> None:
    server.fault(method, 502)
    reply, ana = said("The class.", rows=YES, file=CLASS), server.member("U7")
    with pytest.raises(Retry):
        await adapter.send(delivery(reply))
    receipt = await adapter.send(delivery(reply))
    assert [message.text for message in ana.messages] == ["The class."]
    assert receipt.ref == ana.messages[0].ts
    assert [(file.name, file.content) for file in ana.files] == [("class.ics", b"BEGIN:VCALENDAR")]


async def test_the_file_of_an_answer_is_in_its_thread(server: StandIn, adapter: SlackAdapter) -> None:
    ward = server.channel("C1")
    class_ = await adapter.send(delivery(said("The class is on Friday."), "C1"))
    await adapter.send(delivery(said("For your calendar.", file=CLASS, of="class", ref=class_.ref), "C1", 2))
    assert [file.thread_ts for file in ward.files] == [class_.ref]


async def test_a_pair_has_one_conversation_in_whatever_order(server: StandIn, adapter: SlackAdapter) -> None:
    await adapter.send(delivery(said("You two.", company=("U8",)), "U7"))
    await adapter.send(delivery(said("Hello.", company=("U7",)), "U8", 2))
    room = server.together("U8", "U7")
    assert room is not None
    assert [message.text for message in room.messages] == ["You two.", "Hello."]
    assert server.count("conversations.open") == 1
    server.member("U8").says_in(room.id, "shall we meet?")
    assert not server.space.outbound  # what they say to one another is not for us


async def test_somebody_elses_trouble_does_not_make_the_reader_unreachable(
    server: StandIn, adapter: SlackAdapter
) -> None:
    server.member("U8").deactivated()
    crowd = tuple(f"U{number}" for number in range(8, 16))
    for company in (("U8",), ("U404",), crowd):
        with pytest.raises(Rejected):
            await adapter.send(delivery(said("You two.", company=company)))
    await adapter.send(delivery(said("Hello.")))


async def test_an_edit_names_commands_as_slack_knows_them(server: StandIn) -> None:
    adapter = SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url, commands=("journal",))
    receipt = await adapter.send(delivery(said("One moment.")))
    await adapter.send(delivery(replace(said("See /journal."), act="edit", ref=receipt.ref)))
    assert [message.text for message in server.member("U7").messages] == ["See /heartsease journal."]
    await adapter.close()


async def test_who_taps_in_a_channel_hears_there_where_the_answer_is(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    server.channel("C1", people=("U7",))
    join = said("Join?", rows=((Button("/join CODE", "Join"),),))
    async with listening(server, door) as (adapter, _):
        await adapter.send(delivery(join))
        ana.taps("Join")
        await server.until(lambda: len(door.received) == 1)
        assert ana.whispers == []
        await adapter.send(delivery(join, "C1", number=2))
        ana.taps_in("C1", "Join")
        await server.until(lambda: ana.whispers == [Words().in_private])
