"""Log lines of one turn share a random id, and nothing personal is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from bot.cohorts.model import Act
from bot.errors import StoreError
from bot.logs import marks, one_turn, without_nothing
from bot.model import (
    Alerted,
    Carried,
    Decided,
    FormSubmitted,
    Incoming,
    MessageReceived,
    Origin,
    Participant,
    Travelled,
    Turn,
)
from bot.ports import UnitOfWork
from bot.storage.memory import MemoryStore
from tests.conversation_runner import Player
from tests.unit.test_safety_failing import House
from tests.unit.test_slack_coach import ONBOARDED, SLACK, TELEGRAM, brought, coach

turns = structlog.contextvars.get_contextvars
GRIEF = "my quiet grief"


def test_each_turn_has_an_id_of_its_own_and_leaves_none_behind() -> None:
    seen = []
    for _ in range(3):
        with one_turn():
            seen.append(turns()["turn"])
    assert len(set(seen)) == 3
    assert "turn" not in turns()


def test_a_turn_that_is_tried_again_within_another_goes_on_under_its_id() -> None:
    with one_turn():
        outer = turns()["turn"]
        with one_turn():
            assert turns()["turn"] == outer
        assert turns()["turn"] == outer


def test_the_log_tells_that_somebody_was_in_danger_and_not_who() -> None:
    ana = Participant("person-1")
    assert marks(Alerted("urgent", "wish-to-die"), ana) == {"danger": "urgent", "rule": "wish-to-die"}
    assert marks(Decided(Act.ASK_FOR_HUMAN, "ward-4"), ana) == {"act": "ask_for_human"}
    assert marks(Decided(Act.LEAVE, "ward-4"), ana) == {"act": "leave", "person": "person-1"}


def test_the_turn_in_which_those_who_lead_are_asked_for_names_nobody() -> None:
    wards = [{"id": "ward4", "name": "Ward 4", "starts": "2026-03-09", "leader": "agnes"}]
    here = {"pacing": "calendar", "walks_in": "ward4", "zone": "Europe/Madrid", "cohorts": wards}
    player = Player({"week": 2, "day": 3, "at": "2026-03-18T12:00", **here})
    player.person = replace(player.person, calls_leader=True)
    events = player.turned(MessageReceived("I want to kill myself")).events
    logged = [one for one in events if isinstance(one, Alerted | Carried | Decided | Travelled)]
    assert {type(one) for one in logged} == {Alerted, Carried, Decided}
    assert not any("person" in marks(one, player.person) for one in logged)


ANA, BEN = Origin(TELEGRAM, "4815162342"), Origin(TELEGRAM, "2718281828")


def said(origin: Origin, key: str, text: str) -> Incoming:
    return Incoming(origin, key, MessageReceived(text), "Anastasia")


async def test_all_lines_of_one_input_share_a_turn_and_nobody_elses_do() -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await coach(MemoryStore()).receive([said(ANA, "1", "/start"), said(BEN, "2", "/start")])
    turns_of: dict[str, set[str]] = {}
    for line in lines:
        turns_of.setdefault(line["person"], set()).add(line["turn"])
    assert len(turns_of) == 2
    assert all(len(turns) == 1 for turns in turns_of.values())
    assert len(set.union(*turns_of.values())) == 2
    assert "turn" not in turns()


async def test_each_turn_that_fails_has_its_id_and_tells_nothing_that_was_written() -> None:
    store = MemoryStore()
    await brought(store, *ONBOARDED, installation=SLACK, who="4815162342", zone="Europe/Madrid")
    late = FormSubmitted("write", {"text": "my quiet grief"}, asked=999)
    who = Origin(SLACK, "4815162342")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await coach(store).receive([Incoming(who, key, late, "Anastasia") for key in ("first", "second")])
    failed = [line["turn"] for line in lines if line["event"] == "turn_failed"]
    assert len(set(failed)) == 2
    assert not any(secret in str(lines) for secret in ("grief", "Anastasia", "4815162342"))


@pytest.mark.parametrize(("kind", "traced"), [(ValueError, False), (KeyError, False), (AttributeError, True)])
async def test_an_error_that_may_quote_somebody_is_logged_by_its_class_alone(
    kind: type[Exception], traced: bool
) -> None:
    message = "no name" if traced else GRIEF

    def fails(*_: object) -> Turn:
        raise kind(message)

    spelled: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
    ]
    with capture_logs(processors=spelled) as lines:
        await House(advance=fails).hears(MessageReceived(GRIEF))
    failed = [line for line in lines if line["event"] == "turn_failed"]
    assert [line["error"] for line in failed] == [kind.__name__]
    assert ["exception" in line for line in failed] == [traced]
    assert GRIEF not in str(lines)


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    line = without_nothing(None, "error", {"event": "telegram.unreachable", "advice": None, "waiting": 0})
    assert line == {"event": "telegram.unreachable", "waiting": 0}


class Full(MemoryStore):
    """A database whose disk is full: whatever is written is taken back at its end."""

    full = False

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[UnitOfWork]:
        async with super().writing() as work:
            yield work
            if self.full:
                raise StoreError("the disk is full", "full")


async def test_what_was_taken_back_is_not_logged_and_is_once_it_is_committed() -> None:
    store = Full()
    store.full = True
    with capture_logs() as lines, pytest.raises(StoreError):
        await coach(store).receive([said(ANA, "1", "/start")])
    assert lines == []
    store.full = False
    with capture_logs() as lines:
        await coach(store).receive([said(ANA, "1", "/start")])
    assert [(line["kind"], line["after"]) for line in lines] == [("travelled", "consenting")]
