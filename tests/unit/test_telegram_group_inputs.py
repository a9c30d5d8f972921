"""What a Telegram group's updates mean to us: one command, who comes and goes, what happens to us; nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.telegram.groups import Raw
from adapters.telegram.inputs import to_incoming
from bot.model import Changed, Incoming, MessageReceived, Origin
from tests.unit.test_telegram_inputs import ANA, GROUP, ROBOT, member, message, update

WARD, ANA_S = Origin("telegram:1", "-5"), Origin("telegram:1", "7")


def incoming(read: Raw) -> Incoming | None:
    return to_incoming("telegram:1", read, "our_bot")


def moved(before: str, after: str, who: dict[str, Any] = ANA, **more: Any) -> Raw:
    person = {"user": who, "until_date": 0}
    old, new = {**person, "status": before}, {**person, "status": after, **more}
    return update("chat_member", chat=GROUP, date=1, old_chat_member=old, new_chat_member=new, **{"from": ANA})


@pytest.mark.parametrize("text", ["/cohort", "/cohort@our_bot", "/Cohort@OUR_BOT ward"])
def test_the_command_comes_from_its_writer_and_names_the_group(text: str) -> None:
    read = incoming(message(chat=GROUP, text=text))
    assert read == Incoming(ANA_S, "42", MessageReceived("/cohort", chat="-5"), first_name="Ana", language="es")


@pytest.mark.parametrize(
    "read",
    [
        message(chat=GROUP, text="hello"),
        message(chat=GROUP, text="/today"),
        message(chat=GROUP, text="/cohort@another_bot"),
        message(chat=GROUP, text="about /cohort"),
        message("edited_message", chat=GROUP, text="/cohort"),
        message(chat=GROUP, text="/cohort", sender=ROBOT),
        message(chat=GROUP, new_chat_members=[ANA]),
        message(chat=GROUP, left_chat_member=ROBOT),
        message(chat=GROUP, migrate_from_chat_id=-4),
        moved("left", "member", ROBOT),
    ],
)
def test_everything_else_there_is_none_of_our_business(read: Raw) -> None:
    assert incoming(read) is None


@pytest.mark.parametrize(
    ("read", "who", "what"),
    [
        (moved("member", "left"), ANA_S, Changed("left", "-5")),
        (moved("member", "kicked"), ANA_S, Changed("left", "-5")),
        (moved("left", "member"), ANA_S, Changed("came_back", "-5")),
        (message(chat=GROUP, left_chat_member=ANA), ANA_S, Changed("left", "-5")),
        (member("kicked", chat=GROUP), WARD, Changed("kicked", "removed")),
        (member("left", chat=GROUP), WARD, Changed("kicked", "removed")),
        (member("member", chat=GROUP), WARD, Changed("came_back", "invited")),
        (message(chat=GROUP, migrate_to_chat_id=-1005), WARD, Changed("moved", "-1005")),
    ],
)
def test_coming_and_going_is_heard(read: Raw, who: Origin, what: Changed) -> None:
    heard = incoming(read)
    assert heard is not None
    assert (heard.origin, heard.given, heard.first_name) == (who, what, "")
