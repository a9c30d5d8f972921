"""Slack over HTTP: what is refused at the door; and the manifest against what we do."""

import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from adapters.slack import SlackAdapter
from adapters.slack.inputs import COMMAND, KEEP_GRATITUDE, TODAY
from bot.errors import DeliveryError
from bot.model import Button, Document, Reply
from tests.contracts.fake_door import FakeDoor
from tests.e2e.slack_listening import delivery, listening, said
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, SECRET, Limits, StandIn, signature
from tests.standin.slack_checks import MANIFEST, SCOPES, wants

NOW = 1_750_000_000
HELLO = {"type": "message", "channel_type": "im", "channel": "D7", "user": "U7", "text": "hi", "ts": "1.2"}
GOOD = json.dumps({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": HELLO}).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def server() -> AsyncIterator[StandIn]:
    async with StandIn(limits=Limits.raised()) as server:
        yield server


def http(server: StandIn, app_token: str = "") -> SlackAdapter:
    return SlackAdapter(
        "slack:T1",
        BOT_TOKEN,
        app_token=app_token,
        signing_secret=SECRET,
        api_url=server.url,
        wall=lambda: float(NOW),
    )


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (signature(GOOD, NOW), GOOD, 200),
        (signature(GOOD, NOW - 300), GOOD, 200),
        (signature(GOOD, NOW + 300), GOOD, 200),
        (signature(GOOD, NOW - 301), GOOD, 401),
        (signature(GOOD, NOW + 301), GOOD, 401),
        (signature(GOOD, NOW, "another secret"), GOOD, 401),
        (signature(GOOD, NOW), GOOD + b" ", 401),
        ({}, GOOD, 401),
        ({**signature(GOOD, NOW), "X-Slack-Signature": "v0=пароль"}, GOOD, 401),
        ({**signature(GOOD, NOW), "X-Slack-Request-Timestamp": "yesterday"}, GOOD, 401),
        ({**signature(GOOD, NOW), "X-Slack-Request-Timestamp": "²"}, GOOD, 401),
        ({**signature(GOOD, NOW), "X-Slack-Request-Timestamp": "9" * 5000}, GOOD, 401),
        (signature(b"x" * ((1 << 20) + 1), NOW), b"x" * ((1 << 20) + 1), 413),
    ],
)
async def test_only_what_slack_signed_lately_is_taken(
    server: StandIn, headers: dict[str, str], body: bytes, status: int
) -> None:
    door, adapter = FakeDoor(), http(server)
    assert (await adapter.accept(door, headers | JSON, body))[0] == status
    assert len(door.kept) == (status == 200)
    await adapter.close()


async def test_a_signature_that_does_not_fit_is_told_to_the_operator_once_an_hour(server: StandIn) -> None:
    passed = 0.0
    adapter = SlackAdapter(
        "slack:T1", BOT_TOKEN, signing_secret="another", api_url=server.url, monotonic=lambda: passed, wall=lambda: NOW
    )
    for later, lines in ((0.0, 1), (3599.0, 0), (3600.0, 1)):
        passed = later
        with capture_logs() as logged:
            assert (await adapter.accept(FakeDoor(), signature(GOOD, NOW) | JSON, GOOD))[0] == 401
        assert [one["event"] for one in logged] == ["slack.unsigned"] * lines
    await adapter.close()


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b"{}", b"7", b'{"type": "nothing we know"}', b"[" * 100_000])
async def test_what_is_signed_and_makes_no_sense_is_let_go(server: StandIn, body: bytes) -> None:
    door, adapter = FakeDoor(), http(server)
    with capture_logs():
        status, _, _ = await adapter.accept(door, signature(body, NOW) | JSON, body)
    assert status == 200
    assert door.kept == []
    await adapter.close()


async def test_slacks_challenge_is_answered(server: StandIn) -> None:
    body, adapter = json.dumps({"type": "url_verification", "challenge": "c4"}).encode(), http(server)
    status, answer, _ = await adapter.accept(FakeDoor(), signature(body, NOW) | JSON, body)
    assert status == 200
    assert b"c4" in answer
    await adapter.close()


async def test_in_socket_mode_nothing_is_taken_over_http(server: StandIn) -> None:
    for adapter in (http(server, app_token=APP_TOKEN), SlackAdapter("slack:T1", BOT_TOKEN, api_url=server.url)):
        assert (await adapter.accept(FakeDoor(), signature(GOOD, NOW) | JSON, GOOD))[0] == 404
        await adapter.close()


async def test_a_door_that_fails_is_503_and_the_retry_is_taken(server: StandIn) -> None:
    door, adapter = FakeDoor(), http(server)
    door.failures = 1
    with capture_logs() as logs:
        assert (await adapter.accept(door, signature(GOOD, NOW) | JSON, GOOD))[0] == 503
    assert [entry["event"] for entry in logs] == ["slack.not_kept"]
    for retry in ("1", "2"):
        headers = signature(GOOD, NOW) | JSON | {"X-Slack-Retry-Num": retry}
        assert (await adapter.accept(door, headers, GOOD))[0] == 200
    assert [each.key for each in door.kept] == ["Ev1"]
    await adapter.close()


async def test_a_tap_whose_input_could_not_be_kept_is_not_acknowledged_over_http(server: StandIn) -> None:
    door, ana = FakeDoor(), server.member("U7")
    async with listening(server, door, "http") as (adapter, _):
        await adapter.send(delivery(said("How?", rows=((Button("3:yes", "Yes"),),))))
        await server.until(lambda: adapter.last_ok is not None)
        door.failures = 1
        with capture_logs():
            ana.taps("Yes")
            await server.until(lambda: len(server.unanswered) == 1)  # Slack shows the person a warning sign
        ana.taps("Yes")
        await server.until(lambda: len(door.received) == 1)


# ---------------------------------------------------------------- the manifest


def test_the_manifest_names_what_the_adapter_answers_to() -> None:
    features = MANIFEST["features"]
    assert [each["command"] for each in features["slash_commands"]] == [COMMAND]
    assert {(each["type"], each["callback_id"]) for each in features["shortcuts"]} == {
        ("message", KEEP_GRATITUDE),
        ("global", TODAY),
    }
    assert all(len(each["name"]) <= 24 and len(each["description"]) <= 150 for each in features["shortcuts"])
    assert MANIFEST["settings"]["socket_mode_enabled"]
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_every_event_of_the_manifest_has_its_scope() -> None:
    assert [event for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"] if not wants(event)] == []


@pytest.mark.parametrize("scope", sorted(SCOPES - {"commands", "channels:read", "groups:read"}))
async def test_no_scope_is_asked_for_in_vain(scope: str) -> None:
    async with StandIn(scopes=SCOPES - {scope}, limits=Limits.raised()) as poorer:
        poorer.member("U7")
        first, restarted = (SlackAdapter("slack:T1", BOT_TOKEN, api_url=poorer.url) for _ in range(2))
        poorer.member("U8")
        file = Document("class.ics", "text/calendar", "BEGIN:VCALENDAR")
        replies = [said("?"), said("?", company=("U8",)), said("?", file=file)]
        replies += [Reply("react", ref="1.1", emoji="❤"), Reply("pin", ref="1.1")]
        with capture_logs():
            for adapter, reply in [*((first, reply) for reply in replies), (restarted, Reply("close", ref="1.1"))]:
                with contextlib.suppress(DeliveryError):
                    await adapter.send(delivery(reply))
            await first._people.profile("U7")
        missed = {call.problem.partition("|")[0] for call in poorer.refusals}
        assert f"missing_scope {scope}" in missed
        await first.close()
        await restarted.close()
