"""What a Telegram update means to us."""

from typing import Any

import pytest

from adapters.telegram.groups import Raw
from adapters.telegram.inputs import group_called, to_incoming
from bot.model import Changed, ChoiceMade, Incoming, Input, LocationShared, MessageReceived, Origin

ANA: dict[str, Any] = {"id": 7, "is_bot": False, "first_name": "Ana", "language_code": "es"}
ROBOT: dict[str, Any] = {"id": 8, "is_bot": True, "first_name": "Other"}
PRIVATE: dict[str, Any] = {"id": 7, "type": "private", "first_name": "Ana"}
GROUP: dict[str, Any] = {"id": -5, "type": "supergroup", "title": "Ward"}
FILE: dict[str, Any] = {"file_id": "f", "file_unique_id": "u"}
SIZED: dict[str, Any] = {**FILE, "width": 1, "height": 1}


def update(kind: str, **content: Any) -> Raw:
    return {"update_id": 42, kind: content}


def message(kind: str = "message", sender: Any = ANA, chat: Any = PRIVATE, **content: Any) -> Raw:
    return update(kind, message_id=9, date=1, chat=chat, **{"from": sender}, **content)


def tap(data: str, chat: Any = PRIVATE) -> Raw:
    carrier = {"message_id": 3, "date": 0, "chat": chat}  # date 0: a message too old to be shown to us
    return update("callback_query", id="q", chat_instance="c", data=data, message=carrier, **{"from": ANA})


def member(status: str, chat: Any = PRIVATE) -> Raw:
    robot = {"user": ROBOT, "until_date": 0}
    change = {"old_chat_member": {**robot, "status": "member"}, "new_chat_member": {**robot, "status": status}}
    return update("my_chat_member", chat=chat, date=1, **{"from": ANA}, **change)


def given(read: Raw) -> Input | None:
    incoming = to_incoming("telegram:1", read, "our_bot")
    return incoming.given if incoming else None


def test_a_text_carries_who_where_and_its_key() -> None:
    assert to_incoming("telegram:1", message(text="hello")) == Incoming(
        Origin("telegram:1", "7"), "42", MessageReceived("hello", ref="9"), first_name="Ana", language="es"
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/start cohort-7", "/start cohort-7"),
        ("/today@our_bot", "/today"),
        ("/today@OUR_BOT now", "/today now"),
        ("/today@another_bot", "/today@another_bot"),
        ("mail@our_bot", "mail@our_bot"),
        ("a\x00b\ud800c\r\nd", "abc\nd"),
        ("a\rb", "a\nb"),
        ("<b>{{ x }}</b>", "<b>{{ x }}</b>"),
    ],
)
def test_a_text_stays_as_typed_but_for_our_own_name_and_what_storage_cannot_hold(typed: str, meant: str) -> None:
    assert given(message(text=typed)) == MessageReceived(meant, ref="9")


def test_an_edited_message_says_so() -> None:
    assert given(message("edited_message", text="hi")) == MessageReceived("hi", edited=True, ref="9")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("voice", {**FILE, "duration": 1}),
        ("photo", [SIZED]),
        ("sticker", {**SIZED, "type": "regular", "is_animated": False, "is_video": False}),
        ("video", {**SIZED, "duration": 1}),
        ("video_note", {**FILE, "length": 1, "duration": 1}),
        ("document", FILE),
        ("contact", {"phone_number": "1", "first_name": "E"}),
        ("dice", {"emoji": "🎲", "value": 1}),
    ],
)
def test_what_is_no_text_says_what_it_is(kind: str, content: Any) -> None:
    assert given(message(**{kind: content})) == MessageReceived("", kind=kind, ref="9")
    assert given(message(**{kind: content}, caption="see")) == MessageReceived("see", kind=kind, ref="9")


def test_a_place_is_a_place_and_its_live_updates_are_noise() -> None:
    madrid = {"latitude": 40.4, "longitude": -3.7}
    assert given(message(location=madrid)) == LocationShared(40.4, -3.7)
    assert given(message("edited_message", location=madrid)) is None


@pytest.mark.parametrize(
    ("data", "choice"),
    [
        ("12:did", ChoiceMade("did", 12, ref="3")),
        ("0:city:1", ChoiceMade("city:1", 0, ref="3")),
        ("-", None),
        ("did", None),
        ("x:did", None),
        ("12:", None),
        ("-1:did", None),
        ("٣:did", None),
        ("9999999999999:did", None),
    ],
)
def test_a_tap_names_its_question_and_choice_or_means_nothing(data: str, choice: ChoiceMade | None) -> None:
    assert given(tap(data)) == choice


def test_blocking_and_coming_back_are_changes() -> None:
    assert given(member("kicked")) == Changed("blocked")
    assert given(member("member")) == Changed("came_back")


@pytest.mark.parametrize(
    "read",
    [
        message(text="hi", sender=ROBOT),
        message(text="hi", chat=GROUP),
        message(pinned_message={"message_id": 1, "date": 0, "chat": PRIVATE}),
        message("channel_post", text="hi", chat={"id": -6, "type": "channel", "title": "News"}),
        message("edited_channel_post", text="hi", chat={"id": -6, "type": "channel", "title": "News"}),
        tap("1:did", chat=GROUP),
        update("poll", id="p", question="?", options=[], total_voter_count=0, is_closed=False, is_anonymous=True,
               type="regular", allows_multiple_answers=False, allows_revoting=False, members_only=False),
    ],
    ids=["bot", "group", "service note", "channel", "channel's edit", "group's tap", "poll"],
)  # fmt: skip
def test_what_is_not_for_us_is_nothing(read: Raw) -> None:
    assert given(read) is None


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("/start", True),
        ("/start@our_bot", True),
        ("hello @Our_Bot!", True),
        ("/start@another_bot", False),
        ("hello all", False),
        ("mail@our_bot.org", False),
    ],
)
def test_a_group_is_answered_only_when_it_calls_us(typed: str, called: bool) -> None:
    assert group_called(message(text=typed, chat=GROUP), "our_bot") == (-5 if called else None)
    assert group_called(message(text=typed), "our_bot") is None
    assert group_called(message(text=typed, chat=GROUP, sender=ROBOT), "our_bot") is None


def test_a_button_may_be_a_command_and_a_username_comes_along() -> None:
    assert given(tap("/tell")) == MessageReceived("/tell")
    assert given(tap("7:yes")) == ChoiceMade("yes", 7, ref="3")
    assert given(tap("nonsense")) is None
    named = to_incoming("telegram:1", message(sender={**ANA, "username": "ana_s"}, text="hello"))
    assert named is not None
    assert named.handle == "ana_s"
    assert "ana_s" not in repr(named)
