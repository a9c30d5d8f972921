"""The answer to danger is given whatever breaks: the screen, the rules of the conversation, the numbers, the words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import engine
from bot.coach import Coach
from bot.conversations.in_need import LANGUAGES
from bot.help_lines import EVERYWHERE, help_facts
from bot.last_resort import DIRECTORIES, last_resort
from bot.model import ChoiceMade, Incoming, Input, MessageReceived, Origin, Outgoing, Participant, Said, Turn
from bot.ports import Rendered
from bot.safety_rules import load_screen
from bot.storage.memory import MemoryStore
from curriculum.loader import Library
from prompts.markup import plain
from prompts.renderer import Prompts
from tests.people import SmallGazetteer

HERE = Origin("telegram:1", "7")
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
SCREEN, PROMPTS = load_screen(), Prompts()
DANGER = "I want to kill myself"


class Standing:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class Speechless(Prompts):
    """Prompts whose safety templates are gone."""

    def render(self, said: Said, to: Participant, on: Any) -> Rendered:
        if said.prompt.startswith("safety/"):
            raise FileNotFoundError(said.prompt)
        return super().render(said, to, on)


def fails(*_: Any) -> Any:
    """Whatever it is, it is broken."""
    raise RuntimeError("broken")


def no_numbers(_: str | None) -> Mapping[str, Any]:
    """Facts from a file that has become something else."""
    return {"numbers": None}


@dataclass
class House:
    """A coach with one part of it broken."""

    screen: Callable[[str], Any] = SCREEN
    help_lines: Callable[[str | None], Mapping[str, Any]] = help_facts
    prompts: Prompts = PROMPTS
    advance: Callable[[Participant, Input, engine.World], Turn] = engine.advance

    def __post_init__(self) -> None:
        self.store, self.keys = MemoryStore(), 0
        self.coach = Coach(
            self.store,
            curriculum=Library(),
            renderer=self.prompts,
            clock=Standing(),
            gazetteer=SmallGazetteer(),
            screen=self.screen,
            help_lines=self.help_lines,
            programme="compassion",
            installations=(HERE.installation,),
            committed=lambda _: None,
            advance=self.advance,
        )

    async def hears(self, given: Input) -> list[Outgoing]:
        """What goes out for this input."""
        before = len(self.store._data.outbox)
        self.keys += 1
        await self.coach.receive([Incoming(HERE, str(self.keys), given)])
        return [row.out for row in list(self.store._data.outbox.values())[before:]]


def said(outgoing: list[Outgoing]) -> str:
    return "\n".join(plain(one.reply.text) for one in outgoing)


@pytest.mark.parametrize(
    "house",
    [
        {"screen": fails},
        {"help_lines": fails},
        {"help_lines": no_numbers},
        {"prompts": Speechless()},
        {"advance": fails},
        {"screen": fails, "help_lines": fails, "prompts": Speechless(), "advance": fails},
    ],
    ids=["screen", "numbers", "numbers of another shape", "templates", "engine", "everything"],
)
async def test_danger_is_answered_whatever_is_broken(house: Mapping[str, Any]) -> None:
    answer = said(await House(**house).hears(MessageReceived(DANGER)))
    assert "no human is reading this chat" in answer
    assert "emergency" in answer
    assert "findahelpline.com" in answer


async def test_without_templates_the_conversation_goes_on_in_typed_words() -> None:
    house = House(prompts=Speechless())
    await house.hears(MessageReceived(DANGER))
    for text in ("no", "help", "stop", "/support"):
        assert "findahelpline.com" in said(await house.hears(MessageReceived(text)))


async def test_a_tap_whose_turn_fails_is_answered_too() -> None:
    house = House(advance=fails)
    assert said(await house.hears(ChoiceMade("not_safe", 1)))


def test_the_last_resort_says_the_same_in_every_language_of_the_screen() -> None:
    reply = last_resort("safety/urgent")
    words = plain(reply.text)
    assert "call the emergency number" in words
    assert "número de emergencias" in words
    assert len(LANGUAGES) == 2
    links = [span.link for block in reply.text for span in block.spans if span.link]
    assert links == [*DIRECTORIES] * 2 == [one["url"] for one in EVERYWHERE] * 2


async def test_what_was_on_its_way_is_taken_back_once_the_course_is_held() -> None:
    house = House()
    for text in ("/start", "I agree", "Ana", "Europe/Madrid", "8:00", "20:00", "no", "today"):
        await house.hears(MessageReceived(text))
    await house.coach.wake()
    waiting = [row for row in house.store._data.outbox.values() if row.out.priority]
    assert [row.stage.name for row in waiting] == ["QUEUED"]
    await house.hears(MessageReceived(DANGER))
    assert not [row for row in house.store._data.outbox.values() if row.out.priority]
