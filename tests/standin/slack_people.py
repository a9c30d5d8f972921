"""The people of the stand-in workspace: robots that write, tap, fill in modals, and read what they got."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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
    """A message from the bot, as it stands now. `fallback` is its `text`: what notifications and exports show."""

    ts: str
    channel: str
    fallback: str
    blocks: list[Json]
    edits: int = 0

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


class Workspace(Protocol):
    """What a person needs of the workspace."""

    def event(self, event: Json, name: str = "") -> str: ...

    def interact(self, payload: Json) -> None: ...

    def ts(self) -> str: ...

    def trigger(self, user: str) -> str: ...


class Member:
    """A robot in the workspace. `messages` are those of its direct conversation with the bot, oldest first."""

    def __init__(self, workspace: Workspace, user_id: str, name: str, tz: str) -> None:
        self.id, self.name, self.tz = user_id, name, tz
        self.channel = "D" + user_id[1:]
        self.deleted = False
        self.messages: list[Message] = []
        self.whispers: list[str] = []  # what only they saw: it is in no export
        self.reactions: dict[str, str] = {}  # by the ts of what they wrote
        self.own: dict[str, str] = {}
        self.view: View | None = None
        self.home: View | None = None
        self.changed = asyncio.Event()
        self._workspace = workspace

    # ------------------------------------------------------------ writing

    def says(self, text: str, **extra: Any) -> str:
        """Writes to the bot; returns the message's ts."""
        ts = self._workspace.ts()
        self.own[ts] = text
        self._workspace.event({**self._message(ts, text), **extra}, "message.im")
        return ts

    def sends_file(self, text: str = "") -> str:
        """Sends a file."""
        return self.says(text, subtype="file_share", files=[{"id": "F1", "mimetype": "image/png"}])

    def edits(self, ts: str, text: str) -> None:
        """Changes what they wrote."""
        before, self.own[ts] = self.own[ts], text
        event = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": self.channel,
            "channel_type": "im",
            "ts": self._workspace.ts(),
            "message": {
                "type": "message",
                "user": self.id,
                "text": escape(text),
                "ts": ts,
                "edited": {"user": self.id},
            },
            "previous_message": {"type": "message", "user": self.id, "text": escape(before), "ts": ts},
        }
        self._workspace.event(event, "message.im")

    def runs(self, command: str, channel: str | None = None) -> None:
        """Types a slash command, in a channel or in the conversation with the bot."""
        name, _, words = command.partition(" ")
        payload = {
            "command": name,
            "text": escape(words),
            "user_id": self.id,
            "user_name": self.name,
            "team_id": "T1",
            "team_domain": "ward",
            "api_app_id": "A1",
            "channel_id": channel or self.channel,
            "channel_name": "ward" if channel else "directmessage",
            "response_url": "https://hooks.slack.com/commands/1",
            "trigger_id": self._workspace.trigger(self.id),
        }
        self._workspace.interact(payload)

    # ------------------------------------------------------------ tapping

    def taps(self, label_or_value: str, where: Message | View | None = None) -> None:
        """Taps a button of `where`, or of the modal that is open, or of the latest message that shows such a one.

        Raises:
            AssertionError: no such button is shown.
        """
        shown_now: list[Message | View] = [*([self.view] if self.view else []), *reversed(self.messages)]
        for place in [where] if where else shown_now:
            for shown in (each for row in place.rows for each in row):
                if shown.value and label_or_value in (shown.label, shown.value):
                    action = {
                        "type": "button",
                        "value": shown.value,
                        "text": {"type": "plain_text", "text": shown.label},
                    }
                    self._act(place, {**action, "action_id": shown.action_id})
                    return
        raise AssertionError(f"no button {label_or_value!r}; the last: {self.messages[-1:]}")

    def picks(self, value: str, where: Message | View | None = None) -> None:
        """Picks a time or a date."""
        place = where or self.messages[-1]
        [shown] = [each for row in place.rows for each in row if each.kind in ("timepicker", "datepicker")]
        chosen = {"timepicker": "selected_time", "datepicker": "selected_date"}[shown.kind]
        self._act(place, {"type": shown.kind, chosen: value, "action_id": shown.action_id})

    def submits(self, **values: str) -> None:
        """Sends the open modal with these values."""
        assert self.view is not None, "no modal is open"
        state: Json = {}
        for name, block in self.view.inputs.items():
            element = block["element"]
            value = values.get(name, element.get("initial_value"))
            kind = {"datepicker": "selected_date", "timepicker": "selected_time"}.get(element["type"], "value")
            given: Json = {"type": element["type"], kind: value}
            if element["type"] == "static_select":
                given = {"type": "static_select", "selected_option": {"value": value}}
            state[name] = {element["action_id"]: given}
        view = {**self.view.wire(), "state": {"values": state}}
        self._interact({"type": "view_submission", "view": view})

    def shuts(self) -> None:
        """Closes the modal."""
        self.view = None

    def opens_home(self) -> None:
        """Looks at the Home tab."""
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": self.channel, "tab": "home"}
        self._workspace.event(event | ({"view": self.home.wire()} if self.home else {}))

    def uses(self, shortcut: str) -> None:
        """A global shortcut, by its callback id."""
        self._interact({"type": "shortcut", "callback_id": shortcut, "action_ts": self._workspace.ts()})

    def keeps(self, text: str, shortcut: str = "keep_gratitude") -> None:
        """A message shortcut on somebody's message."""
        message = {"type": "message", "user": "U9", "ts": self._workspace.ts(), "text": escape(text)}
        about = {"callback_id": shortcut, "action_ts": self._workspace.ts(), "message_ts": message["ts"]}
        self._interact({"type": "message_action", "message": message, "channel": {"id": "C1", "name": "ward"}, **about})

    # ------------------------------------------------------------ coming, going, moving

    def joins(self, channel: str) -> None:
        """Joins a channel."""
        event = {
            "type": "member_joined_channel",
            "user": self.id,
            "channel": channel,
            "channel_type": "C",
            "team": "T1",
        }
        self._workspace.event(event)

    def leaves(self, channel: str) -> None:
        """Leaves a channel."""
        event = {"type": "member_left_channel", "user": self.id, "channel": channel, "channel_type": "C", "team": "T1"}
        self._workspace.event(event)

    def moves(self, tz: str) -> None:
        """Their profile's zone changes."""
        self.tz = tz
        self._workspace.event({"type": "user_change", "user": self.wire()})

    def deactivated(self, deleted: bool = True) -> None:
        """An administrator deactivates them, or takes that back."""
        self.deleted = deleted
        self._workspace.event({"type": "user_change", "user": self.wire()})

    def wire(self) -> Json:
        """As Slack writes a user."""
        profile = {"display_name": self.name, "real_name": f"{self.name} Example"}
        about: Json = {"id": self.id, "team_id": "T1", "name": self.name.lower(), "is_bot": False, "locale": "en-GB"}
        return {**about, "deleted": self.deleted, "tz": self.tz, "real_name": profile["real_name"], "profile": profile}

    def _act(self, place: Message | View, action: Json) -> None:
        action = {**action, "block_id": "b", "action_ts": self._workspace.ts()}
        payload: Json = {"type": "block_actions", "actions": [action]}
        if isinstance(place, View):
            payload |= {"container": {"type": "view", "view_id": place.id}, "view": place.wire()}
        else:
            message = {
                "type": "message",
                "user": "UBOT",
                "ts": place.ts,
                "text": place.fallback,
                "blocks": place.blocks,
            }
            container = {"type": "message", "message_ts": place.ts, "channel_id": place.channel}
            payload |= {"container": container, "message": message, "channel": {"id": place.channel, "name": "x"}}
        self._interact(payload)

    def _interact(self, payload: Json) -> None:
        user = {"id": self.id, "username": self.name.lower(), "name": self.name.lower(), "team_id": "T1"}
        about = {"user": user, "team": {"id": "T1", "domain": "ward"}, "api_app_id": "A1", "token": "x"}
        self._workspace.interact({**payload, **about, "trigger_id": self._workspace.trigger(self.id)})

    def _message(self, ts: str, text: str) -> Json:
        about = {"type": "message", "channel": self.channel, "channel_type": "im", "user": self.id, "team": "T1"}
        return {**about, "text": escape(text), "ts": ts, "event_ts": ts}


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
