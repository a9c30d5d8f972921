"""The terminal, with a scripted coach behind the door and a pipe for a keyboard."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console

from adapters.inputs import TEXT_LIMIT
from adapters.terminal import TerminalAdapter
from bot.cohorts.model import Figure, Pulse, Words
from bot.errors import Ignored, Rejected
from bot.model import Block, ChoiceMade, Delivery, Document, Input, MessageReceived, Picture, Reply, Span
from tests.scripted_door import ScriptedDoor, closes, says


def coach(given: Input) -> Iterable[Reply]:
    match given:
        case MessageReceived(text="/start"):
            yield says("Shall we begin?", buttons=[[("1:yes", "Yes"), ("1:no", "Not yet")]])
        case ChoiceMade(ref=str(ref)):
            yield closes(ref, "1:yes", "Yes")
            yield says("What shall I call you?")
        case MessageReceived(text="thanks", ref=ref):
            yield Reply(act="react", ref=ref, emoji="💛")
        case MessageReceived(text=text):
            yield says(f"Hello, {text}.")


class Terminal:
    """Somebody at a terminal, whose keyboard is a pipe."""

    def __init__(self) -> None:
        self.screen = io.StringIO()
        self.reading, self.keyboard = os.pipe()
        self.jumps: list[str] = []
        self.settled = 0
        self.door = ScriptedDoor(coach)
        console = Console(file=self.screen, width=80, highlight=False, emoji=False)
        self.adapter = self.door.adapter = TerminalAdapter(
            self._jump, self._settle, console=console, stdin=self.reading
        )

    async def hears(self, typed: str | bytes) -> str:
        """What stands on the screen after this was piped in."""
        os.write(self.keyboard, typed if isinstance(typed, bytes) else typed.encode())
        os.close(self.keyboard)
        self.keyboard = -1
        await asyncio.wait_for(self.adapter.listen(self.door), 5)
        return self.screen.getvalue()

    async def _jump(self, to: str) -> str:
        self.jumps.append(to)
        return f"[bold]{to}[/bold]"

    async def _settle(self) -> None:
        self.settled += 1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    for descriptor in (terminal.keyboard, terminal.reading):
        if descriptor >= 0:
            os.close(descriptor)


async def test_of_a_picture_its_words_are_printed(terminal: Terminal) -> None:
    pulse = Pulse(date(2026, 3, 2), 10, (Figure("active", 10),))
    image = Picture(pulse, Words("Week 1", "at least {count}", "few", {"active": "active"}), "Week 1: active")
    reply = replace(says("active: at least 10"), image=image)
    await terminal.adapter.send(Delivery(1, "address", "ana", reply))
    assert terminal.screen.getvalue().split() == ["active:", "at", "least", "10"]


async def test_of_a_file_its_name_is_printed_and_nothing_is_written(terminal: Terminal) -> None:
    reply = replace(
        says("The class.", buttons=[[("1:yes", "Yes")]]), file=Document("a\x1b[2J[b]class.ics", "", "BEGIN")
    )
    await terminal.adapter.send(Delivery(1, "address", "ana", reply))
    assert terminal.screen.getvalue().splitlines() == ["The class.", "[file: a[2J[b]class.ics]", "  1) Yes"]


async def test_paper_is_not_pinned_and_what_is_taken_back_can_no_longer_be_tapped(terminal: Terminal) -> None:
    first = await terminal.adapter.send(Delivery(1, "address", "ana", says("One?", buttons=[[("1:yes", "Yes")]])))
    for reply in (Reply("pin", ref=first.ref), Reply("unpin", ref=first.ref), Reply("delete", of="gone")):
        with pytest.raises(Ignored):
            await terminal.adapter.send(Delivery(2, "address", "ana", reply))
    with pytest.raises(Rejected):
        await terminal.adapter.send(Delivery(3, "address", "ana", replace(says("You two."), company=("bo",))))
    await terminal.adapter.send(Delivery(4, "address", "ana", Reply("delete", of="one", ref=first.ref)))
    assert terminal.screen.getvalue().splitlines() == ["One?", "  1) Yes"]
    assert terminal.adapter._tapped("1") is None


async def test_piped_lines_are_answered_one_by_one_until_they_end_without_prompts(terminal: Terminal) -> None:
    screen = await terminal.hears("1\nAna\n")
    assert [type(given).__name__ for given in terminal.door.given] == [
        "MessageReceived",
        "ChoiceMade",
        "MessageReceived",
    ]
    assert screen.splitlines() == [
        "Shall we begin?",
        "  1) Yes",
        "  2) Not yet",
        "",
        "What shall I call you?",
        "",
        "Hello, Ana.",
    ]
    assert terminal.settled == 3


@pytest.mark.parametrize("typed", ["2", "2)", "not YET", " Not yet "])
async def test_a_number_or_a_label_taps(terminal: Terminal, typed: str) -> None:
    await terminal.hears(typed)
    assert terminal.door.given[-1] == ChoiceMade("no", 1, ref="1")


@pytest.mark.parametrize("typed", ["3", "0", "maybe"])
async def test_anything_else_is_a_message(terminal: Terminal, typed: str) -> None:
    await terminal.hears(typed)
    assert terminal.door.given[-1] == MessageReceived(typed)


async def test_a_closed_questions_numbers_are_words_again(terminal: Terminal) -> None:
    await terminal.hears("1\n1\n")
    assert terminal.door.given[-1] == MessageReceived("1")


async def test_a_start_that_is_piped_first_is_not_said_twice(terminal: Terminal) -> None:
    await terminal.hears("/start\nAna\n/start\n")
    assert [given.text for given in terminal.door.given if isinstance(given, MessageReceived)] == [
        "/start",
        "Ana",
        "/start",
    ]


async def test_the_clock_jumps_and_quit_ends(terminal: Terminal) -> None:
    screen = await terminal.hears(":evening\n:morning\n:week\n:quit\nnever heard\n")
    assert terminal.jumps == ["evening", "morning", "week"]
    assert "[bold]evening[/bold]" in screen
    assert terminal.door.given == [MessageReceived("/start")]


async def test_an_unknown_command_and_an_endless_line_get_a_kind_word(terminal: Terminal) -> None:
    screen = await terminal.hears(":tomorrow\n" + "x" * (TEXT_LIMIT + 1) + "\n")
    assert ":quit ends" in screen
    assert f"Up to {TEXT_LIMIT} characters" in screen
    assert len(terminal.door.given) == 1


async def test_broken_bytes_and_empty_lines_do_no_harm(terminal: Terminal) -> None:
    await terminal.hears(b"\n  \n\xff\x1b[31mna\xc3\xafve\r\nlast")
    assert [given.text for given in terminal.door.given if isinstance(given, MessageReceived)] == [
        "/start",
        "\ufffd[31mnaïve",
        "last",
    ]


async def test_neither_markup_nor_control_characters_reach_the_terminal(terminal: Terminal) -> None:
    nasty = "[red]Ana[/red] :smile: \x1b[2J\x9b2J\rgone"
    reply = says(nasty, Block((Span("here", link="https://a.example"),), "bullet"), buttons=[[("1:a", nasty)]])
    await terminal.adapter.send(Delivery(1, "address", "me", reply))
    screen = terminal.screen.getvalue()
    assert screen.count("[red]Ana[/red] :smile: [2J2Jgone") == 2
    assert "\x1b" not in screen
    assert "• here (https://a.example)" in screen


async def test_a_message_without_words_is_our_fault(terminal: Terminal) -> None:
    with pytest.raises(Rejected):
        await terminal.adapter.send(Delivery(1, "address", "me", Reply()))


async def test_it_listens_until_cancelled_and_does_not_hold_the_process(terminal: Terminal) -> None:
    listening = asyncio.create_task(terminal.adapter.listen(terminal.door))
    await asyncio.sleep(0)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
