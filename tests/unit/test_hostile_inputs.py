"""Whatever a platform, or somebody in its place, sends: it is read or left alone, and nothing falls over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.inputs import heard, key_of
from adapters.telegram import TelegramAdapter, Webhook
from bot.storage import codec
from tests.contracts.fake_door import FakeDoor
from tests.standin.telegram import TOKEN
from tests.unit.hostile import ANYTHING, bent

SECRET = "s3cret"
ANA = {"id": 7, "is_bot": False, "first_name": "Ana", "language_code": "es", "username": "ana"}
PRIVATE, GROUP = {"id": 7, "type": "private"}, {"id": -100, "type": "supergroup", "title": "Ward"}
MESSAGE: Mapping[str, Any] = {"message_id": 9, "date": 1_770_000_000, "chat": PRIVATE, "from": ANA, "text": "hi"}
MEMBER = {"user": ANA, "status": "member"}
UPDATES: tuple[Mapping[str, Any], ...] = (
    {"update_id": 42, "message": MESSAGE},
    {"update_id": 42, "message": {**MESSAGE, "chat": GROUP, "text": "/cohort@our_bot"}},
    {"update_id": 42, "message": {**MESSAGE, "location": {"latitude": 40.4, "longitude": -3.7}}},
    {
        "update_id": 42,
        "message": {**MESSAGE, "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]},
    },
    {"update_id": 42, "edited_message": {**MESSAGE, "edit_date": 1_770_000_001}},
    {
        "update_id": 42,
        "callback_query": {"id": "1", "from": ANA, "chat_instance": "c", "data": "3:did", "message": MESSAGE},
    },
    {
        "update_id": 42,
        "my_chat_member": {
            "chat": PRIVATE,
            "from": ANA,
            "date": 1,
            "old_chat_member": MEMBER,
            "new_chat_member": MEMBER,
        },
    },
)
SLACK_MESSAGE = {"type": "message", "channel_type": "im", "channel": "D7", "user": "U7", "ts": "9.1", "text": "hi"}
VIEW = {
    "id": "V1", "type": "modal", "hash": "h", "private_metadata": '{"form": "write", "asked": 3}',
    "blocks": [{"type": "input", "block_id": "text", "element": {"max_length": 3000}}],
    "state": {"values": {"text": {"value": {"type": "plain_text_input", "value": "mine"}}}},
}  # fmt: skip
WHO = {"user": {"id": "U7"}, "trigger_id": "1.2", "team": {"id": "T1"}}
PAYLOADS: tuple[Mapping[str, Any], ...] = (
    {"type": "event_callback", "event_id": "Ev1", "event": SLACK_MESSAGE},
    {
        "type": "event_callback",
        "event_id": "Ev1",
        "event": {"type": "member_left_channel", "user": "U7", "channel": "C1"},
    },
    {
        "type": "event_callback",
        "event_id": "Ev1",
        "event": {"type": "user_change", "user": {"id": "U7", "tz": "Europe/Rome"}},
    },
    {"command": "/heartsease", "text": "today", "user_id": "U7", "channel_id": "C1", "trigger_id": "1.2"},
    {
        "type": "block_actions",
        **WHO,
        "container": {"message_ts": "9.1"},
        "actions": [{"action_id": "b", "value": "3:did"}],
    },
    {"type": "view_submission", **WHO, "view": VIEW},
    {"type": "message_action", **WHO, "callback_id": "keep_gratitude", "message": {"text": "thanks"}},
    {"type": "shortcut", **WHO, "callback_id": "today"},
)


def webhooked() -> TelegramAdapter:
    return TelegramAdapter("telegram:1", TOKEN, "http://127.0.0.1:9", webhook=Webhook("https://example.org", SECRET))


@given(bent(UPDATES) | ANYTHING)
@settings(max_examples=300, deadline=None)
async def test_a_webhook_answers_whatever_is_posted(body: Any) -> None:
    adapter = webhooked()
    status = await adapter.accept(FakeDoor(), SECRET, json.dumps(body).encode())
    await adapter.close()
    assert status in (200, 400)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
async def test_a_webhook_answers_whatever_bytes_are_posted(body: bytes) -> None:
    adapter = webhooked()
    assert await adapter.accept(FakeDoor(), SECRET, body) in (200, 400)
    await adapter.close()


@given(bent(UPDATES))
@settings(max_examples=200, deadline=None)
async def test_what_an_update_means_survives_the_inbox(body: dict[str, Any]) -> None:
    door, adapter = FakeDoor(), webhooked()
    await adapter.accept(door, SECRET, json.dumps(body).encode())
    await adapter.close()
    for one in door.kept:
        assert codec.load_incoming(codec.dump_incoming(one)) == one


@given(bent(PAYLOADS))
@settings(max_examples=500, deadline=None)
def test_a_payload_of_slacks_is_read_or_left_alone(body: dict[str, Any]) -> None:
    try:
        found = heard(body, "UBOT")
        key_of(body)
    except (AttributeError, TypeError, KeyError, ValueError):
        return  # Inbox.take logs it by its class and lets it go
    assert found is None or found.platform_id
