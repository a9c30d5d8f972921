"""The same coach in the terminal: numbered choices, and commands that jump in time. Works with piped input too."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from adapters.cleaning import clean
from adapters.inputs import TEXT_LIMIT, choice_made
from bot.errors import Ignored, Rejected
from bot.model import (
    Block,
    Button,
    ChoiceMade,
    Delivery,
    Incoming,
    Input,
    MessageReceived,
    Origin,
    Receipt,
    Reply,
    Span,
)
from bot.ports import Door, Leap

LEAPS: Mapping[str, Leap] = {":evening": "evening", ":morning": "morning", ":week": "week"}
HELP = "A number or its words choose. :evening :morning :week jump in time, :quit ends."

Jump = Callable[[Leap], Awaitable[str]]
Settle = Callable[[], Awaitable[None]]

_INK = "medium_purple1"


class TerminalAdapter:
    """A `bot.ports.Adapter` with one person in it: whoever sits at the terminal.

    `jump` gets "evening", "morning" or "week", moves the rehearsal clock, and returns a line that says where one is
    now. `settle` waits until every answer to the last input was delivered. `listen` returns at :quit or the end of
    input, so that piped input is answered line by line and then ends.
    """

    def __init__(
        self,
        jump: Jump,
        settle: Settle,
        installation: str = "terminal",
        console: Console | None = None,
        stdin: int | None = None,
    ) -> None:
        self.installation = installation
        self._jump, self._settle = jump, settle
        self._console = console or Console(highlight=False, emoji=False)
        self._stdin = sys.stdin.fileno() if stdin is None else stdin
        self._prompting = os.isatty(self._stdin)
        self._at_prompt = False
        self.origin = Origin(installation, secrets.token_hex(8))
        self._said = 0
        self._offer: tuple[str, tuple[Button, ...]] | None = None  # the latest message with buttons, and those

    async def send(self, delivery: Delivery) -> Receipt:
        """Prints a reply; a closed question's numbers stop working, and so do those of what is taken back.

        Raises:
            Rejected: a message without words, or one with company.
            Ignored: paper cannot be pinned, and what was never said cannot be taken back.
        """
        reply = delivery.reply
        if reply.company:
            raise Rejected("no group conversations here")
        match reply.act:
            case "delete" | "edit" if reply.ref is None:
                raise Ignored("no message")
            case "message" | "edit" if not any(span.text.strip() for block in reply.text for span in block.spans):
                raise Rejected("a message needs words")
            case "message" | "edit":  # paper cannot be changed: it is said again
                return Receipt(self._print(reply))
            case "react":
                self._console.print(Text(f"  {reply.emoji}"))
            case "pin" | "unpin":
                raise Ignored("nothing is pinned here")
            case "close" | "delete" if self._offer is not None and self._offer[0] == reply.ref:
                self._offer = None
        return Receipt(reply.ref)

    async def listen(self, door: Door) -> None:
        """Greets the coach, then brings lines to the door until :quit, the end of input or cancellation."""
        if self._prompting:
            self._console.print(Text(HELP, style="dim"))
        await self._receive(door, MessageReceived("/start"))
        first = True
        async for line in self._lines():
            text = clean(line).strip()
            if text == ":quit":
                return
            if text and not (first and text == "/start"):  # that was said already
                await self._take(door, text)
            first = False

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _take(self, door: Door, text: str) -> None:
        if text in LEAPS:
            self._console.rule(Text(await self._jump(LEAPS[text]), style="dim"))
            await self._settle()
        elif text.startswith(":"):
            self._console.print(Text(HELP, style="dim"))
        elif len(text) > TEXT_LIMIT:
            self._console.print(
                Text(f"That is a long one. Up to {TEXT_LIMIT} characters at a time, please.", style="dim")
            )
        else:
            await self._receive(door, self._tapped(text) or MessageReceived(text))

    async def _receive(self, door: Door, given: Input) -> None:
        await door.receive([Incoming(self.origin, secrets.token_hex(16), given)])
        await self._settle()

    def _tapped(self, text: str) -> ChoiceMade | MessageReceived | None:
        if self._offer is None:
            return None
        ref, buttons = self._offer
        for number, button in enumerate(buttons, 1):
            if text in (str(number), f"{number})") or text.casefold() == button.label.casefold():
                return choice_made(button.data, ref)
        return None

    def _print(self, reply: Reply) -> str:
        self._said += 1
        ref = str(self._said)
        buttons = tuple(button for row in reply.rows for button in row)
        if buttons:
            self._offer = (ref, buttons)
        at_prompt, self._at_prompt = self._at_prompt, False
        if self._prompting or self._said > 1:
            self._console.print()
        for text, padding in _texts(reply.text):
            self._console.print(Padding(text, padding, expand=False))
        if reply.file is not None:  # what is printed here leaves nothing behind on a disk
            self._console.print(Text(f"[file: {_harmless(reply.file.name)}]", style="dim"))
        for number, button in enumerate(buttons, 1):
            self._console.print(Text.assemble((f"  {number}) ", _INK), _harmless(button.label)))
        if at_prompt:  # it came by itself, while somebody was typing
            self._prompt()
        return ref

    def _prompt(self) -> None:
        if self._prompting:
            self._at_prompt = True
            self._console.print(Text("› ", style=_INK), end="")

    async def _lines(self) -> AsyncIterator[str]:
        """Lines of input as they come. A daemon thread reads, since a terminal cannot be cancelled."""
        loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()
        threading.Thread(target=_read_lines, args=(self._stdin, loop, lines), daemon=True).start()
        while True:
            self._prompt()
            line = await lines.get()
            self._at_prompt = False
            if line is None:
                return
            yield line


def _read_lines(stdin: int, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]) -> None:
    # os.read and not sys.stdin: a thread that holds sys.stdin's lock when Python exits is a fatal error.
    rest = b""

    def bring(*found: bytes | None) -> bool:
        try:
            for line in found:
                text = None if line is None else line.decode(errors="replace")
                loop.call_soon_threadsafe(lines.put_nowait, text)
        except RuntimeError:  # the loop has ended
            return False
        return True

    while True:
        try:
            chunk = os.read(stdin, 65536)
        except OSError:  # somebody closed it: that is an end too
            chunk = b""
        if not chunk:
            bring(*([rest] if rest else []), None)
            return
        *whole, rest = (rest + chunk).split(b"\n")
        if not bring(*whole):
            return


def _texts(blocks: Sequence[Block]) -> list[tuple[Text, tuple[int, int, int, int]]]:
    """Each block as rich text with its padding; rich's own markup never sees what people typed."""
    texts, before = [], ""
    for block in blocks:
        lead = {"bullet": "• ", "number": f"{block.number}. ", "quote": "│ "}.get(block.kind, "")
        gap = before not in ("", block.kind) or before == block.kind == "paragraph"
        texts.append((Text.assemble(lead, *map(_span, block.spans)), (int(gap), 0, 0, 2 if lead else 0)))
        before = block.kind
    return texts


def _span(span: Span) -> Text:
    style = " ".join(name for name, on in (("bold", span.bold), ("italic", span.italic)) if on)
    text = Text(_harmless(span.text), style=style)
    if span.link and span.link != span.text:
        text.append(f" ({_harmless(span.link)})", style="dim")
    return text


def _harmless(text: str) -> str:
    """Without what could steer the terminal: control characters, C1 ones included; line breaks stay."""
    return "".join(char for char in text if char == "\n" or char.isprintable() or ord(char) > 0x9F)
