"""One `run` process between a stand-in Slack and a stand-in Telegram, and a ledger of all that it said, and when."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.running import Running
from tests.standin import telegram
from tests.standin.slack import APP_TOKEN, BOT_TOKEN, Call, Limits, StandIn
from tests.standin.slack import SECRET as SIGNING_SECRET
from tests.standin.slack_messages import reading

SETTLE = 60.0  # seconds
MARK = re.compile(r"heron\d{4}")  # stands in everything private that somebody writes, with another number each time
SHUT = ("views.update", "not_found")  # its reader had closed the window meanwhile
EARLY = ("chat.postMessage", "ratelimited")  # the one before was late on its way: it waits as long, and comes again
_TAG = re.compile(r"<[^<>]+>")
_SAYS = {"sendMessage", "sendPhoto", "sendDocument"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was taken. `room` is "slack:D11" or "telegram:21"; `asked`: its reader had just done something."""

    at: datetime
    room: str
    text: str
    asked: bool


@dataclass(slots=True)
class Stage:
    """`sent` is the ledger. `wrote` says whose each mark is, `shared` how it was shared ("named", "unnamed",
    "back"), `passed` to whom it was handed by the coach. `acting` are the rooms of those who have just done something.
    """

    slack: StandIn
    telegram: telegram.StandIn
    product: Running
    now: datetime
    sent: list[Sent] = field(default_factory=list)
    wrote: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    passed: dict[str, set[str]] = field(default_factory=dict)
    acting: set[str] = field(default_factory=set)
    _read: tuple[int, int] = (0, 0)

    # ------------------------------------------------------------ time

    async def settle(self) -> dict[str, Any]:
        """Until everything was taken and every reply has come."""
        async with asyncio.timeout(SETTLE):
            status = await self.product.rests(lambda: self.waiting)
        self._note(status)
        return status

    @property
    def waiting(self) -> bool:
        """Whether a platform has something that it did not tell yet."""
        return bool(self.slack.space.outbound) or any(line.pending for line in self.telegram.bots.values())

    async def walk(self, until: datetime, each: Callable[[], Awaitable[None]]) -> None:
        """Wake by wake until this moment, with `each` after every one."""
        status = await self.product.status()
        while status["next_wake"] is not None and datetime.fromisoformat(status["next_wake"]) <= until:
            self._note(await self.product.move("next"))
            await each()
            status = await self.product.status()
        self._note(await self.product.move(until.isoformat()))
        await each()

    def _note(self, status: dict[str, Any]) -> None:
        """Whatever was said since is of this moment."""
        self.now = datetime.fromisoformat(status["now"])
        first, second = self._read
        said = [*map(in_slack, self.slack.calls[first:]), *map(in_telegram, self.telegram.calls[second:])]
        self._read = len(self.slack.calls), len(self.telegram.calls)
        self.sent += [Sent(self.now, room, text, room in self.acting) for room, text in filter(None, said)]
        self.acting.clear()

    # ------------------------------------------------------------ what was said and written

    def mark(self, who: str) -> str:
        """Something private of somebody's, with a mark that nothing else has."""
        mark = f"heron{len(self.wrote) + 1:04d}"
        self.wrote[mark] = who
        return f"{mark} <on> the *roof* & a cup of tea"

    def to(self, room: str) -> list[Sent]:
        """What was said there."""
        return [one for one in self.sent if one.room == room]

    def unasked(self, room: str) -> list[Sent]:
        """The same, without answers."""
        return [one for one in self.to(room) if not one.asked]


def in_slack(call: Call) -> tuple[str, str] | None:
    """Where a call said something, and what."""
    if call.method != "chat.postMessage" or call.problem:
        return None
    text = reading(call.params.get("blocks") or []) or str(call.params["text"])
    return f"slack:{call.params['channel']}", text


def in_telegram(call: telegram.Call) -> tuple[str, str] | None:
    """The same of Telegram, without its tags."""
    if call.method not in _SAYS or call.problem:
        return None
    text = str(call.params.get("text") or call.params.get("caption") or "")
    return f"telegram:{call.params['chat_id']}", html.unescape(_TAG.sub("", text))


def settings_of(slack: StandIn, other: telegram.StandIn, mode: str, **more: str) -> dict[str, str]:
    """A workspace and a Telegram bot on one rehearsal clock that stands, without limits of our own."""
    secret = {"SLACK_APP_TOKEN": APP_TOKEN} if mode == "socket" else {"SLACK_SIGNING_SECRET": SIGNING_SECRET}
    usual = {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_API_URL": slack.url,
        "SLACK_RATE": "100000",
        "TELEGRAM_TOKEN": telegram.TOKEN,
        "TELEGRAM_API_URL": other.url,
        "TELEGRAM_RATE": "100000",
        "TELEGRAM_CHAT_RATE": "100000",
        "LOG_LEVEL": "debug",
    }
    return {name: value for name, value in (secret | usual | more).items() if value}


@asynccontextmanager
async def staged(
    folder: Path, start: datetime, mode: str, *, official: bool = False, **more: str
) -> AsyncIterator[Stage]:
    """`official`: with the platforms' own limits, ours and theirs, instead of raised ones."""
    limits = (None, None) if official else (Limits.raised(), telegram.Limits.raised())
    more |= {"REHEARSAL": f"start={start:%Y-%m-%dT%H:%M:%SZ},speed=0"}
    if official:
        more |= dict.fromkeys(("SLACK_RATE", "TELEGRAM_RATE", "TELEGRAM_CHAT_RATE"), "")
    async with (
        StandIn(limits=limits[0]) as slack,
        telegram.StandIn(limits=limits[1]) as other,
        Running(folder, settings_of(slack, other, mode, **more)) as product,
    ):
        if mode == "http":
            slack.request_url = f"{product.url}/slack/events"
        yield Stage(slack, other, product, start)
        taken = {SHUT, EARLY} if official else {SHUT}
        assert [call for call in slack.refusals if (call.method, call.problem) not in taken] == []
        assert sum((call.method, call.problem) == EARLY for call in slack.refusals) < 10
        assert other.refusals == []
        assert slack.late == 0
