"""Browser chats: each has a random id and a transcript in memory, which every tab of it follows."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, TypeVar

from adapters.web.markup import to_html
from bot.cohorts.figures import picture
from bot.errors import Ignored, Rejected
from bot.model import Button, Delivery, Document, Picture, Receipt, Reply
from bot.ports import Clock, Door
from bot.until import until_set

KEPT_EVENTS = 2000  # in one transcript: eight weeks need about 700
KEPT_CHATS = 500
KEPT_PICTURES = 8  # in one chat; they are drawn again when they are looked at
KEPT_FILES = 20  # in one chat

_T = TypeVar("_T")

Happening = Mapping[str, Any]  # one line of a transcript, as JSON; `seq` grows by one


@dataclass(slots=True, eq=False)
class Chat:
    """One transcript. `epoch` tells a page whether what it shows belongs to it; `turn` keeps inputs in order."""

    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    last: int = 0
    ended: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pictures: OrderedDict[str, Picture] = field(default_factory=OrderedDict)
    _files: OrderedDict[str, Document] = field(default_factory=OrderedDict)
    _happened: deque[Happening] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, kind: str, ref: str, **facts: Any) -> None:
        """Writes a line and wakes who waits for one."""
        self.last += 1
        self._happened.append({"seq": self.last, "kind": kind, "ref": ref, **facts})
        self._wake()

    def end(self) -> None:
        """No more lines will come: pages should ask anew."""
        self.ended = True
        self._wake()

    def since(self, after: int) -> Sequence[Happening]:
        """The kept lines whose number is greater than `after`, in order."""
        return [line for line in self._happened if line["seq"] > after]

    def holds(self, ref: str) -> bool:
        """Whether a message with this ref is in the transcript and not marked as failed."""
        kinds = [
            line["kind"] for line in self._happened if line["ref"] == ref and line["kind"] in ("message", "failed")
        ]
        return bool(kinds) and kinds[-1] == "message"

    def take_back(self, ref: str) -> None:
        """Forgets a message and all that belongs to it, and tells the pages."""
        kept = [line for line in self._happened if line["ref"] != ref]
        self._happened = deque(kept, maxlen=KEPT_EVENTS)
        self._pictures.pop(ref, None)
        self._files.pop(ref, None)
        self.add("delete", ref)

    def keep(self, ref: str, reply: Reply) -> None:
        """Keeps what belongs to a message; the oldest goes when there are too many."""
        if reply.image is not None:
            _put(self._pictures, ref, reply.image, KEPT_PICTURES)
        if reply.file is not None:
            _put(self._files, ref, reply.file, KEPT_FILES)

    def file(self, ref: str) -> Document | None:
        """The file that belongs to a message, if it is kept."""
        return self._files.get(ref)

    async def picture(self, ref: str) -> bytes | None:
        """The PNG that belongs to a message, if it is kept."""
        image = self._pictures.get(ref)
        return await asyncio.to_thread(picture, image.pulse, image.words) if image else None

    async def news(self, after: int, timeout: float) -> bool:
        """Waits at most `timeout` seconds for a line after `after` or for the end; whether there is either."""
        waiting_for = self._news
        if not self.ended and self.last <= after:
            await until_set(waiting_for, timeout)
            return waiting_for.is_set()
        return True

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class WebAdapter:
    """A `bot.ports.Adapter` whose platform is this process. `clock` dates the bubbles: it is the coach's."""

    def __init__(self, clock: Clock, installation: str = "web") -> None:
        self.installation = installation
        self._clock = clock
        self._chats: OrderedDict[str, Chat] = OrderedDict()
        self._closed = False

    def chat(self, platform_id: str) -> Chat:
        """The chat with this id; a new one if there is none. The least recently used goes when there are too many."""
        chat = self._chats.get(platform_id)
        if chat is None:
            chat = self._chats[platform_id] = Chat(ended=self._closed)
            if len(self._chats) > KEPT_CHATS:
                self._chats.popitem(last=False)[1].end()
        self._chats.move_to_end(platform_id)
        return chat

    def heard(self, platform_id: str, ref: str, text: str) -> None:
        """Shows the person's own message in every tab."""
        self.chat(platform_id).add("message", ref, by="me", text=text, at=self._now())

    def forget(self, platform_id: str) -> None:
        """Drops a transcript; its pages are told to ask anew."""
        chat = self._chats.pop(platform_id, None)
        if chat is not None:
            chat.end()

    async def send(self, delivery: Delivery) -> Receipt:
        """Writes a reply into the transcript.

        Raises:
            Rejected: a message without words, or one with company.
            Ignored: nothing is pinned here; the transcript no longer holds the message that this is about.
        """
        chat, reply = self.chat(delivery.platform_id), delivery.reply
        wordless = not any(span.text.strip() for block in reply.text for span in block.spans)
        if reply.act in ("message", "edit") and wordless:
            raise Rejected("a message needs words")
        if reply.company:
            raise Rejected("no group conversations here")
        if reply.act == "message":
            return Receipt(self._say(chat, reply))
        if reply.ref is None or not chat.holds(reply.ref):
            raise Ignored("the message is not in the transcript")
        match reply.act:
            case "react":
                chat.add("react", reply.ref, emoji=reply.emoji)
            case "edit":
                chat.add("edit", reply.ref, html=to_html(reply.text), rows=_rows(reply.rows))
            case "close":
                chat.add("close", reply.ref, rows=_rows(reply.rows))
            case "delete":
                chat.take_back(reply.ref)
            case "pin" | "unpin":
                raise Ignored("nothing is pinned here")
        return Receipt(reply.ref)

    async def listen(self, door: Door) -> None:
        """Waits until cancelled: inputs come to the door through the routes."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Ends every page's stream."""
        self._closed = True
        for chat in self._chats.values():
            chat.end()

    def _say(self, chat: Chat, reply: Reply) -> str:
        ref = f"c{chat.last + 1}"
        chat.keep(ref, reply)
        chat.add(
            "message",
            ref,
            by="coach",
            html=to_html(reply.text),
            rows=_rows(reply.rows),
            location=reply.ask_location and not any(reply.rows),
            prompt=reply.prompt,
            image=reply.image.alternative if reply.image else None,
            file=reply.file.name if reply.file else None,
            at=self._now(),
        )
        return ref

    def _now(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat(timespec="seconds")


def _put(kept: OrderedDict[str, _T], ref: str, what: _T, most: int) -> None:
    kept[ref] = what
    if len(kept) > most:
        kept.popitem(last=False)


def _rows(rows: Sequence[Sequence[Button]]) -> list[list[dict[str, str]]]:
    return [[{"data": button.data, "label": button.label} for button in row] for row in rows if row]
