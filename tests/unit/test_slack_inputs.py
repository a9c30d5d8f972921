"""What Slack's payloads mean to us."""

from typing import Any

import pytest

from adapters.inputs import choice_made
from adapters.slack.inputs import Heard, data_of, heard, key_of, typed
from bot.model import Changed, ChoiceMade, FormSubmitted, Input, MessageReceived

ME = "UBOT"
IM: dict[str, Any] = {"type": "message", "channel_type": "im", "channel": "D7", "user": "U7", "ts": "9.1"}
USER = {"user": {"id": "U7"}, "trigger_id": "1.2", "team": {"id": "T1"}}


def event(**content: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event_id": "Ev1", "event": content}


def tap(value: str, action_id: str = "b0.0", **more: Any) -> dict[str, Any]:
    action = {"type": "button", "action_id": action_id, "value": value, "action_ts": "5.5", **more}
    return {"type": "block_actions", **USER, "container": {"message_ts": "9.1"}, "actions": [action]}


def command(text: str, name: str = "/heartsease", channel: str = "D7") -> dict[str, Any]:
    return {"command": name, "text": text, "user_id": "U7", "channel_id": channel, "trigger_id": "1.2"}


def meant(body: dict[str, Any]) -> Input | None:
    found = heard(body, ME)
    return found.given if found else None


def test_a_text_carries_who_and_its_key() -> None:
    assert heard(event(**IM, text="hello"), ME) == Heard("U7", "Ev1", MessageReceived("hello", ref="9.1"))


@pytest.mark.parametrize(
    ("sent", "meaning"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("see <https://example.org/?a=1&amp;b=2>", "see https://example.org/?a=1&b=2"),
        ("see <https://example.org|example.org>", "see example.org"),
        ("write to <mailto:ana@example.org|ana@example.org>", "write to ana@example.org"),
        ("call <tel:+34600>", "call +34600"),
        ("in <#C1|ward-3> with <@U8>", "in #ward-3 with <@U8>"),
        (" a\x00b\ud800c\r\nd ", "abc\nd"),
        ("*bold* {{ x }}", "*bold* {{ x }}"),
        ("thanks :heart: :+1::skin-tone-4: :our_own: 7:30: ok", "thanks ❤ 👍 :our_own: 7:30: ok"),
    ],
)
def test_a_text_means_what_was_typed(sent: str, meaning: str) -> None:
    assert typed(sent) == meaning


def test_a_message_that_somebody_forwards_without_a_word_is_no_text() -> None:
    forwarded = heard(event(**IM, text="", attachments=[{"is_share": True, "text": "theirs"}]), ME)
    assert forwarded is not None
    assert forwarded.given == MessageReceived("", kind="other", ref="9.1")


@pytest.mark.parametrize(
    "content",
    [
        {**IM, "text": "x", "bot_id": "B1"},
        {**IM, "text": "x", "user": ME},
        {**IM, "text": "x", "subtype": "bot_message"},
        {**IM, "text": "x", "channel_type": "channel"},
        {**IM, "text": "x", "user": None},
        {**IM, "subtype": "message_deleted", "previous_message": {"user": "U7", "text": "x"}},
        {
            **IM,
            "subtype": "message_changed",
            "message": {"user": "U7", "text": "a link", "ts": "9.1", "attachments": [{}]},
            "previous_message": {"user": "U7", "text": "a link", "ts": "9.1"},
        },
        {"type": "user_change", "user": {"id": "U8", "is_bot": True, "tz": "UTC"}},
        {"type": "channel_rename", "channel": {"id": "C1", "name": "x"}},
        {"type": "something_new"},
        {},
    ],
)
def test_what_is_not_for_us_is_let_pass(content: dict[str, Any]) -> None:
    assert heard(event(**content), ME) is None


@pytest.mark.parametrize(
    ("content", "who", "given"),
    [
        ({"type": "user_change", "user": {"id": "U7", "tz": "Asia/Tokyo"}}, "U7", Changed("moved_zone", "Asia/Tokyo")),
        ({"type": "user_change", "user": {"id": "U7", "deleted": True}}, "U7", Changed("deactivated")),
        ({"type": "member_left_channel", "user": "U7", "channel": "C1"}, "U7", Changed("left", "C1")),
        ({"type": "member_joined_channel", "user": "U7", "channel": "C1"}, "U7", Changed("came_back", "C1")),
        ({"type": "member_left_channel", "user": ME, "channel": "C1"}, "C1", Changed("kicked", "removed")),
        ({"type": "member_joined_channel", "user": ME, "channel": "C1"}, "C1", Changed("came_back", "invited")),
        ({"type": "channel_left", "channel": "C1"}, "C1", Changed("kicked", "removed")),
        ({"type": "group_left", "channel": "G1"}, "G1", Changed("kicked", "removed")),
        ({"type": "channel_archive", "channel": "C1"}, "C1", Changed("kicked", "archived")),
        ({"type": "channel_deleted", "channel": "C1"}, "C1", Changed("kicked", "deleted")),
        ({"type": "channel_unarchive", "channel": "C1"}, "C1", Changed("came_back", "unarchived")),
    ],
)
def test_a_change_is_of_a_person_or_of_a_channel(content: dict[str, Any], who: str, given: Input) -> None:
    assert heard(event(**content), ME) == Heard(who, "Ev1", given)


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (tap("3:yes"), ChoiceMade("yes", 3, ref="9.1")),
        (tap("3:a:b"), ChoiceMade("a:b", 3, ref="9.1")),
        (tap("/pause"), MessageReceived("/pause")),
        (tap("-"), None),
        (tap(""), None),
        (tap("x:y"), None),
        (tap("t0ken:3:yes", "show:0"), ChoiceMade("yes", 3, ref="9.1")),
        (tap("t0ken:/journal", "show:0"), MessageReceived("/journal")),
        (tap("t0ken:3:[]", "write:0"), None),
        (tap("", "pick:4", type="timepicker", selected_time="07:15"), ChoiceMade("07:15", 4, ref="9.1")),
        (tap("", "pick:4", type="datepicker", selected_date=None), None),
        (command(""), MessageReceived("/help")),
        (command("today"), MessageReceived("/today")),
        (command("/cohort x &amp; y", channel="C1"), MessageReceived("/cohort x & y", chat="C1")),
        (command("x", name="/other"), None),
        ({"type": "shortcut", "callback_id": "today", **USER}, MessageReceived("/today")),
        ({"type": "shortcut", "callback_id": "other", **USER}, None),
        (
            {"type": "message_action", "callback_id": "keep_gratitude", "message": {"text": "tea"}, **USER},
            FormSubmitted("keep_gratitude", {"text": "tea"}),
        ),
        ({"type": "message_action", "callback_id": "keep_gratitude", "message": {}, **USER}, None),
        ({"type": "view_submission", "view": {"id": "V1", "private_metadata": ""}, **USER}, None),
        ({"type": "view_closed", **USER}, None),
        ({"type": "view_closed", "view": {"id": "V1", "private_metadata": ""}, **USER}, None),
        ({"type": "view_closed", "view": {"private_metadata": '{"asked": 3}'}, **USER}, Changed("shut", "3")),
        ({}, None),
    ],
)
def test_taps_commands_and_shortcuts_have_one_meaning(body: dict[str, Any], given: Input | None) -> None:
    assert meant(body) == given


def test_a_button_says_again_what_was_said() -> None:
    for data in ("3:yes", "/journal"):
        given = choice_made(data, None)
        assert given is not None
        assert data_of(given) == data
    assert data_of(MessageReceived("a private thought")) == ""
    assert data_of(MessageReceived("/journal a private thought")) == "/journal"


def test_a_key_is_that_of_the_retry_and_of_nothing_else_and_carries_no_id() -> None:
    bodies = [
        tap("3:yes"),
        tap("3:yes", action_ts="5.6"),
        tap("3:yes", "b0.1"),
        command("today") | {"trigger_id": "7.7"},
        command("today") | {"trigger_id": "7.8"},
        {"type": "view_submission", "view": {"id": "V1", "hash": "h1"}, **USER},
        {"type": "view_submission", "view": {"id": "V1", "hash": "h2"}, **USER},
        {"type": "view_closed", "view": {"id": "V1", "hash": "h2"}, **USER},
        {"type": "view_closed", "view": {"id": "V2", "hash": "h2"}, **USER},
        {"type": "message_action", "action_ts": "1", **USER},
    ]
    keys = [key_of(body) for body in bodies]
    assert len(set(keys)) == len(bodies)
    assert keys == [key_of(dict(body)) for body in bodies]
    assert not any("U7" in key for key in keys)
