"""What is read in the stand-in workspace: messages, windows, channels, files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.standin.slack_checks import Json

_CONTROL = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A button or picker as it is shown."""

    label: str
    value: str
    action_id: str
    kind: str = "button"


@dataclass(slots=True)
class Message:
    """A message from the bot, as it stands now. `fallback` is its `text`: what notifications and exports show.

    `thread_ts` is the message that it answers, if it stands in a thread.
    """

    ts: str
    channel: str
    fallback: str
    blocks: list[Json]
    edits: int = 0
    thread_ts: str = ""

    @property
    def text(self) -> str:
        """What its blocks say, without its buttons."""
        return reading(self.blocks) or unescape(self.fallback)

    @property
    def rows(self) -> list[list[Shown]]:
        """Its buttons, row by row; the chosen one of a closed question too."""
        return rows(self.blocks)

    @property
    def everything(self) -> str:
        """All that an export would hold of it."""
        return "\n".join([self.fallback, *_strings(self.blocks)])


@dataclass(slots=True)
class View:
    """A modal or a Home tab. `errors` are those of the last attempt to send it."""

    id: str
    user: str
    payload: Json
    hash: str
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it says, without buttons and inputs."""
        return reading(self.payload["blocks"])

    @property
    def title(self) -> str:
        """A modal's title."""
        return str(self.payload["title"]["text"])

    @property
    def rows(self) -> list[list[Shown]]:
        """Its buttons."""
        return rows(self.payload["blocks"])

    @property
    def inputs(self) -> dict[str, Json]:
        """Its inputs, by name."""
        return {block["block_id"]: block for block in self.payload["blocks"] if block["type"] == "input"}

    def wire(self) -> Json:
        """As Slack writes it."""
        return {"id": self.id, "hash": self.hash, "team_id": "T1", "root_view_id": self.id, **self.payload}


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that the app uploaded, where everybody in that conversation can open it."""

    id: str
    name: str
    content: bytes = field(repr=False)
    channel: str = ""
    thread_ts: str = ""


@dataclass(slots=True)
class Channel:
    """A channel (C…), a private one (G…), or a group direct message (kind "mpim"). `messages` are the bot's.

    `said` is what people wrote there, by its ts: the app hears of it only if the manifest subscribes to that. `members`
    are ids, the bot's too. `pins` are timestamps, the oldest first.
    """

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    archived: bool = False
    topic: str = ""
    kind: Literal["channels", "groups", "mpim"] = "channels"
    messages: list[Message] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    files: list[SharedFile] = field(default_factory=list)

    def thread(self, ts: str) -> list[Message]:
        """What the bot said in the thread below a message."""
        return [each for each in self.messages if each.thread_ts == ts]

    @property
    def feed(self) -> list[Message]:
        """What the bot said in the channel itself, outside of threads."""
        return [each for each in self.messages if not each.thread_ts]

    @property
    def pinned(self) -> list[Message]:
        """The bot's messages that are pinned."""
        return [each for each in self.messages if each.ts in self.pins]


# ---------------------------------------------------------------- reading


def escape(text: str) -> str:
    """As Slack writes what somebody typed."""
    for plain, code in _CONTROL:
        text = text.replace(plain, code)
    return re.sub(r"https?://[^\s<>]+", lambda link: f"<{link[0]}>", text)


def unescape(text: str) -> str:
    """As Slack shows a message's text."""
    for plain, code in reversed(_CONTROL):
        text = text.replace(code, plain)
    return text


def reading(blocks: Sequence[Json]) -> str:
    """What blocks say to a reader: rich text and sections, apart by an empty line."""
    return "\n\n".join(filter(None, map(_block_text, blocks)))


def _block_text(block: Json) -> str:
    match block["type"]:
        case "rich_text":
            return "\n".join(_rich_text(element) for element in block["elements"])
        case "section" | "header":
            return str(block["text"]["text"])
    return ""


def _rich_text(element: Json) -> str:
    if element["type"] == "rich_text_list":
        start = element.get("offset", 0) + 1
        marks = [f"{start + at}. " if element["style"] == "ordered" else "• " for at in range(len(element["elements"]))]
        return "\n".join(mark + _rich_text(item) for mark, item in zip(marks, element["elements"], strict=True))
    return "".join(str(piece.get("text") or piece.get("url")) for piece in element["elements"])


def rows(blocks: Sequence[Json]) -> list[list[Shown]]:
    """Buttons and pickers, row by row; the labels of a closed question are a row too."""
    found = []
    for block in blocks:
        if block["type"] == "actions":
            found.append([_shown(element) for element in block["elements"]])
        elif block["type"] == "context":
            found.append([Shown(element["text"], "", "") for element in block["elements"]])
    return found


def _shown(element: Json) -> Shown:
    label = element.get("text") or element.get("placeholder") or {"text": ""}
    return Shown(label["text"], element.get("value", ""), element["action_id"], element["type"])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
