"""The Slack adapter over real HTTP and WebSocket: when an input counts as taken, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter, connect
from bot.errors import SettingsError
from bot.model import Button, Changed, ChoiceMade, Field, Form, Incoming, MessageReceived, Origin
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import Transport, Waits, delivery, listening, said
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, Limits, StandIn

YES = ((Button("3:yes", "Yes"), Button("3:no", "No")),)
BOTH = pytest.mark.parametrize("transport", ["socket", "http"])


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        yield server


def texts(door: FakeDoor) -> list[str]:
    return [each.given.text for each in door.received if isinstance(each.given, MessageReceived)]


# ---------------------------------------------------------------- what comes in


@BOTH
async def test_what_people_write_tap_and_run_arrives(server: StandIn, transport: Transport) -> None:
    door, ana = FakeDoor(), server.member("U7", "Ana", "Europe/Madrid")
    async with listening(server, door, transport) as (adapter, _):
        receipt = await adapter.send(delivery(said("How are you?", rows=YES)))
        ts = ana.says("<b>fine</b> &amp; https://example.org")
        ana.edits(ts, "better")
        ana.sends_file("look")
        ana.taps("No")
        ana.runs("/heartsease today")
        ana.runs("/heartsease", "C1")
        await server.until(lambda: len(door.received) == 6)
    assert [each.given for each in door.received] == [
        MessageReceived("<b>fine</b> &amp; https://example.org", ref=ts),
        MessageReceived("better", edited=True, ref=ts),
        MessageReceived("look", kind="file", ref=list(ana.own)[1]),
        ChoiceMade("no", 3, ref=receipt.ref),
        MessageReceived("/today"),
        MessageReceived("/help", chat="C1"),
    ]
    assert {(each.origin, each.first_name, each.zone, each.language) for each in door.received} == {
        (Origin("slack:T1", "U7"), "Ana", "Europe/Madrid", "en-GB")
    }
    assert len({each.key for each in door.received}) == 6
    assert (server.refusals, server.late, server.unanswered) == ([], 0, [])


@BOTH
async def test_an_event_is_acknowledged_only_when_it_is_durable(transport: Transport) -> None:
    class ForgetfulDoor(FakeDoor):
        async def keep(self, incoming: Sequence[Incoming]) -> None:
            self.knocks += 1
            if self.knocks < 3:
                raise RuntimeError("the database is away")
            await super().keep(incoming)

    door = ForgetfulDoor()
    async with StandIn(ack_within=0.1) as server, listening(server, door, transport):
        server.member("U7").says("one")
        with capture_logs() as logs:
            await server.until(lambda: texts(door) == ["one"])
            await server.until(lambda: not server.space.outbound)
        assert door.knocks == server.counts["events" if transport == "http" else "envelopes"] == 3
    assert [entry["event"] for entry in logs] == ["slack.not_kept", "slack.not_kept"]


@BOTH
async def test_a_retry_acts_once_and_has_the_same_key_in_another_process(server: StandIn, transport: Transport) -> None:
    first, second, ana = FakeDoor(), FakeDoor(), server.member("U7")
    async with listening(server, first, transport) as (adapter, _):
        await adapter.send(delivery(said("How are you?", rows=YES)))
        ana.says("one")
        ana.taps("Yes")
        sent = list(server.space.outbound)
        await server.until(lambda: len(first.received) == 2)
        server.space.outbound.extend(sent)
        server.space.arrived()
        await server.until(lambda: not server.space.outbound)
        ana.says("two")
        await server.until(lambda: len(first.received) == 3)
    async with listening(server, second, transport):
        server.space.outbound.extend(sent)
        server.space.arrived()
        await server.until(lambda: len(second.received) == 2)
    assert [each.key for each in second.received] == [each.key for each in first.received[:2]]


@BOTH
async def test_the_work_comes_after_the_acknowledgement(server: StandIn, transport: Transport) -> None:
    class BusyDoor(FakeDoor):
        async def work(self) -> int:
            await self.open.wait()
            return await super().work()

    door, ana = BusyDoor(), server.member("U7")
    async with listening(server, door, transport):
        door.open.clear()
        ana.says("one")
        await server.until(lambda: not server.space.outbound)
        assert [each.given for each in door.kept] == [MessageReceived("one", ref=next(iter(ana.own)))]
        assert door.received == []
        door.open.set()
        await server.until(lambda: len(door.received) == 1)


async def test_kept_inputs_of_an_earlier_process_are_worked_on_at_the_start(server: StandIn) -> None:
    before, door = FakeDoor(), FakeDoor()
    server.member("U7").says("one")
    async with listening(server, before):
        await server.until(lambda: len(before.received) == 1)
    door.kept = before.received
    server.fault("*", 502, times=20)
    with capture_logs():
        async with listening(server, door):  # Slack is down, and still
            await server.until(lambda: len(door.received) == 1)


async def test_pickers_and_shortcuts_are_answers_and_commands(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (adapter, _):
        await adapter.send(delivery(said("When?", rows=((Button("4:08:00", "08:00"),),), picker="time", asked=4)))
        ana.picks("07:15")
        await adapter.send(delivery(said("Which day?", picker="date", asked=5)))
        ana.picks("2026-03-14")
        ana.uses("today")
        await server.until(lambda: len(door.received) == 3)
    first, second = ana.messages
    assert [each.given for each in door.received] == [
        ChoiceMade("07:15", 4, ref=first.ts),
        ChoiceMade("2026-03-14", 5, ref=second.ts),
        MessageReceived("/today"),
    ]


@pytest.mark.parametrize("what", ["internal_error", "hang"])
async def test_the_profile_is_asked_for_once_and_no_input_waits_long_for_it(server: StandIn, what: str) -> None:
    door, ana = FakeDoor(), server.member("U7")
    server.fault("users.info", what)
    async with listening(server, door):
        for text in ("one", "two", "three"):
            ana.says(text)
        await server.until(lambda: len(door.received) == 3)
    assert [each.zone for each in door.received] == ["", "Europe/Madrid", "Europe/Madrid"]
    assert (server.count("users.info"), server.late) == (2, 0)


async def test_zone_and_deactivation_are_told_of_participants_only(server: StandIn) -> None:
    async def knows(origin: Origin) -> bool:
        return origin.platform_id == "U7"

    door, ana, eva = FakeDoor(), server.member("U7"), server.member("U8", "Eva")
    async with listening(server, door, knows=knows):
        ana.moves("Asia/Tokyo")
        ana.moves("Asia/Tokyo")  # a new status line: the same zone
        eva.moves("Asia/Tokyo")
        eva.joins("C1")
        ana.deactivated()
        ana.deactivated(False)
        ana.leaves("C1")
        ana.joins("C1")
        await server.until(lambda: len(door.received) == 5)
    assert {each.origin.platform_id for each in door.received} == {"U7"}
    assert [each.given for each in door.received] == [
        Changed("moved_zone", "Asia/Tokyo"),
        Changed("deactivated"),
        Changed("came_back"),
        Changed("left", "C1"),
        Changed("came_back", "C1"),
    ]


async def test_what_happens_to_a_channel_comes_from_the_channel(server: StandIn) -> None:
    door = FakeDoor()
    async with listening(server, door) as (adapter, _):
        await server.until(lambda: adapter.last_ok is not None)
        server.rename("C1", "renamed")
        server.archive("C1")
        server.archive("C1", False)
        server.kick("C1")
        server.invite("C1")
        await server.until(lambda: len(door.received) == 4)
    assert {each.origin for each in door.received} == {Origin("slack:T1", "C1")}
    assert [each.given for each in door.received] == [
        Changed("kicked", "archived"),
        Changed("came_back", "unarchived"),
        Changed("kicked", "removed"),
        Changed("came_back", "invited"),
    ]


@BOTH
async def test_what_another_workspace_of_the_same_app_says_is_nobodys_here(
    server: StandIn, transport: Transport
) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, transport) as (adapter, _):
        letter = Form("letter", "A letter", (Field("text", "Your letter"),), asked=3)
        await adapter.send(delivery(said("Ready?", rows=YES, form=letter)))
        ana.taps("Write")
        await server.until(lambda: ana.view is not None)
        server.space.team = "T9"
        ana.says("from elsewhere")
        ana.runs("/heartsease today")
        ana.submits(text="from elsewhere")
        ana.taps("Yes")
        server.space.team = "T1"
        ana.says("from here")
        await server.until(lambda: texts(door) == ["from here"])
        assert len(door.received) == 1


async def test_a_payload_that_nobody_can_read_does_not_come_again(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door):
        with capture_logs() as logs:
            server.space.interact({"type": "block_actions", "user": "nobody", "actions": [7]})
            ana.says("after it")
            await server.until(lambda: texts(door) == ["after it"])
    assert "slack.unreadable" in [entry["event"] for entry in logs]


# ---------------------------------------------------------------- Socket Mode


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_link_that_slack_ends_is_made_anew(server: StandIn, reason: str) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (_, waits):
        ana.says("one")
        await server.until(lambda: len(door.received) == 1)
        await server.disconnect(reason)
        await server.until(lambda: server.count("apps.connections.open") == 2 and server.connected)
        ana.says("two")
        await server.until(lambda: texts(door) == ["one", "two"])
    assert waits == []


async def test_a_link_that_is_being_renewed_is_used_until_the_next_is_there(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door) as (_, waits):
        ana.says("one")
        await server.until(lambda: len(door.received) == 1)
        server.fault("apps.connections.open", "hang")
        await server.disconnect("warning")
        await server.until(lambda: server.count("apps.connections.open") == 2)
        ana.says("two")
        await server.until(lambda: texts(door) == ["one", "two"])
    assert (waits, server.late) == ([], 0)


@pytest.mark.parametrize(
    ("what", "problem", "wait"),
    [
        ("invalid_auth", "invalid_app_token", 60.0),
        ("not_allowed_token_type", "refused", 5.0),
        (429, "flood", 9.0),
        (502, "unreachable", 0.5),
        ("drop", "unreachable", 0.5),
        ("half", "unreachable", 0.5),
        ("garbage", "unreachable", 0.5),
    ],
)
async def test_a_connection_that_fails_is_named_and_tried_again(
    server: StandIn, what: Any, problem: str, wait: float
) -> None:
    door = FakeDoor()
    server.fault("apps.connections.open", what, retry_after=9)
    server.member("U7").says("one")
    with capture_logs() as logs:
        async with listening(server, door) as (adapter, waits):
            await server.until(lambda: len(door.received) == 1 and adapter.problem is None)
    assert (waits, waits.problems) == ([wait], [problem])
    assert [entry["event"] for entry in logs] == [f"slack.{problem}", "slack.back"]
    assert not any(BOT_TOKEN in str(entry) or APP_TOKEN in str(entry) for entry in logs)


@pytest.mark.parametrize("reason", ["link_disabled", "too_many_websockets"])
async def test_a_link_that_slack_does_not_want_is_named(server: StandIn, reason: str) -> None:
    async with listening(server, FakeDoor()) as (adapter, waits):
        await server.until(lambda: server.connected and adapter.last_ok is not None)
        with capture_logs() as logs:
            await server.disconnect(reason)
            await server.until(lambda: waits == [30.0] and adapter.problem is None)
    assert [entry["event"] for entry in logs] == [f"slack.{reason}", "slack.back"]


async def test_it_starts_while_slack_is_down_and_is_there_when_slack_is(server: StandIn) -> None:
    door = FakeDoor()
    server.member("U7").says("one")
    server.fault("*", 502, times=7)
    with capture_logs():
        async with listening(server, door) as (adapter, waits):
            await server.until(lambda: len(door.received) == 1)
            assert len(waits) >= 6
            assert adapter.problem is None


async def test_a_token_of_another_workspace_is_named(server: StandIn) -> None:
    waits = Waits()
    adapter = waits.adapter = SlackAdapter("slack:T2", BOT_TOKEN, app_token=APP_TOKEN, api_url=server.url, sleep=waits)
    with capture_logs():
        task = asyncio.create_task(adapter.listen(FakeDoor()))
        await server.until(lambda: "other_workspace" in waits.problems)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await adapter.close()


async def test_connecting_tells_a_wrong_token_from_a_slack_that_is_down(server: StandIn) -> None:
    waits = Waits()
    server.fault("auth.test", 502, times=2)
    with capture_logs():
        adapter = await connect(BOT_TOKEN, api_url=server.url, sleep=waits)
    assert (adapter.installation, waits) == ("slack:T1", [0.5, 1.0])
    await adapter.close()
    with pytest.raises(SettingsError, match="HEARTSEASE_SLACK_BOT_TOKEN") as caught:
        await connect("xoxb-wrong", api_url=server.url, sleep=waits)
    assert "xoxb-wrong" not in str(caught.value)
