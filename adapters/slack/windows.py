"""Who has a window open that waits for an answer, and what is at hand to be shown in one. In memory only."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from bot.model import Block, Reply

KEPT = 2000  # replies at hand; a reply that is gone is asked for again
WAITS = 60.0  # seconds that an open window waits for the coach
OPENING = 3.0  # seconds: a trigger's whole life


@dataclass(frozen=True, slots=True)
class AtHand:
    """A private reply or a form with what stands in it, for one person or, in a channel, for anybody."""

    platform_id: str = field(repr=False)
    reply: Reply = field(repr=False)


class Shelf:
    """Replies that a button can still show; the button carries only the token."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, AtHand] = OrderedDict()

    def put(self, platform_id: str, reply: Reply) -> str:
        """Keeps a reply; its token has 8 characters."""
        token = secrets.token_urlsafe(6)
        self._held[token] = AtHand(platform_id, reply)
        if len(self._held) > KEPT:
            self._held.popitem(last=False)
        return token

    def get(self, token: str, user: str) -> Reply | None:
        """The reply, if it is still here and for them."""
        held = self._held.get(token)
        if held is None or (held.platform_id != user and held.platform_id.startswith(("U", "W"))):
            return None
        return held.reply


@dataclass(slots=True)
class _Waiting:
    """A window that is open or being opened."""

    until: float
    opening: asyncio.Future[str | None]
    said: tuple[Block, ...] = field(default=(), repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it waits no more."""
        return self.until < asyncio.get_running_loop().time()


class Windows:
    """The windows that wait, one a person; a window that is being opened counts already."""

    def __init__(self, waits: float = WAITS) -> None:
        self._waits = waits
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._staying: deque[str] = deque(maxlen=KEPT)

    def stay(self, view_id: str) -> None:
        """This view lies over a place where no message is seen: what is sent in it is answered in it."""
        self._staying.append(view_id)

    def stays(self, view_id: str) -> bool:
        """Whether it does."""
        return view_id in self._staying

    def wait(self, user: str, opening: asyncio.Future[str | None]) -> None:
        """This person's next answer belongs into the view whose id `opening` will give (None: it did not open)."""
        self._waiting[user] = _Waiting(asyncio.get_running_loop().time() + self._waits, opening)
        self._waiting.move_to_end(user)
        if len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)

    async def take(self, user: str) -> str | None:
        """The view that waits for an answer to them, once; None if there is none."""
        return await _opened(self._waiting.pop(user, None))

    async def glance(self, user: str) -> str | None:
        """The view that waits; it goes on waiting."""
        return await _opened(self._waiting.get(user))

    def said(self, user: str, text: tuple[Block, ...]) -> tuple[Block, ...]:
        """All that went into the conversation while their window waited, with this; this alone where none waits."""
        waiting = self._waiting.get(user)
        if waiting is None or waiting.is_over:
            return text
        waiting.said += text
        return waiting.said


async def _opened(waiting: _Waiting | None) -> str | None:
    if waiting is None or waiting.is_over:
        return None
    done, _ = await asyncio.wait([waiting.opening], timeout=OPENING)
    opening = waiting.opening
    return opening.result() if done and not opening.cancelled() and opening.exception() is None else None
