"""The people of the stand-in workspace: robots that write, tap, fill in modals, and read what they got."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from tests.standin.slack_checks import Json
from tests.standin.slack_messages import Channel, Message, SharedFile, View, escape

_TYPES = {"channels": "channel", "groups": "group", "mpim": "mpim"}


class Workspace(Protocol):
    """What a person needs of the workspace."""

    channels: dict[str, Channel]

    team: str

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
        self.pins: list[str] = []
        self.files: list[SharedFile] = []  # what the bot shared with them alone
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
            "team_id": self._workspace.team,
            "team_domain": "ward",
            "api_app_id": "A1",
            "channel_id": channel or self.channel,
            "channel_name": "ward" if channel else "directmessage",
            "response_url": "https://hooks.slack.com/commands/1",
            "trigger_id": self._workspace.trigger(self.id),
        }
        self._workspace.interact(payload)

    # ------------------------------------------------------------ in a channel, a private one, a group direct message

    def says_in(self, channel: str, text: str, thread_ts: str = "") -> str:
        """Writes in a channel they are in, or in a thread there; returns the message's ts."""
        room, ts = self._room(channel), self._workspace.ts()
        room.said[ts] = text
        about = {
            "type": "message",
            "channel": room.id,
            "channel_type": _TYPES[room.kind],
            "user": self.id,
            "team": "T1",
        }
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        event = {**about, **thread, "text": escape(text), "ts": ts, "event_ts": ts}
        self._workspace.event(event, f"message.{room.kind}")
        return ts

    def reads(self, channel: str) -> Sequence[Message]:
        """What the bot said in a channel they are in, oldest first."""
        return self._room(channel).messages

    def taps_in(self, channel: str, label_or_value: str) -> None:
        """Taps a button in a channel they are in: of the latest message there that shows such a one."""
        for message in reversed(self._room(channel).messages):
            if any(each.value and label_or_value in (each.label, each.value) for row in message.rows for each in row):
                return self.taps(label_or_value, message)
        raise AssertionError(f"no button {label_or_value!r} in {channel}; {self._room(channel).messages[-1:]}")

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
        """Closes the modal by its cross, of which Slack tells where the view asked for it."""
        view, self.view = self.view, None
        if view is not None and view.payload.get("notify_on_close"):
            self._interact({"type": "view_closed", "view": view.wire(), "is_cleared": False})

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
        """Joins a channel; the app hears of it if it is in there."""
        self._membership("member_joined_channel", channel)

    def leaves(self, channel: str) -> None:
        """Leaves a channel."""
        self._membership("member_left_channel", channel)

    def moves(self, tz: str) -> None:
        """Their profile's zone changes."""
        self.tz = tz
        self._workspace.event({"type": "user_change", "user": self.wire()})

    def deactivated(self, deleted: bool = True) -> None:
        """An administrator deactivates them, or takes that back."""
        self.deleted = deleted
        if deleted:
            for room in self._workspace.channels.values():
                room.members.discard(self.id)
        self._workspace.event({"type": "user_change", "user": self.wire()})

    def wire(self) -> Json:
        """As Slack writes a user."""
        profile = {"display_name": self.name, "real_name": f"{self.name} Example"}
        about: Json = {"id": self.id, "team_id": "T1", "name": self.name.lower(), "is_bot": False, "locale": "en-GB"}
        return {**about, "deleted": self.deleted, "tz": self.tz, "real_name": profile["real_name"], "profile": profile}

    def _room(self, channel: str) -> Channel:
        room = self._workspace.channels[channel]
        assert self.id in room.members, f"{self.id} is not in {channel}"
        return room

    def _membership(self, event: str, channel: str) -> None:
        room = self._workspace.channels.get(channel)
        if room is not None:
            (room.members.add if event == "member_joined_channel" else room.members.discard)(self.id)
            if "UBOT" not in room.members:
                return
        kind = "G" if channel.startswith("G") else "C"
        self._workspace.event({"type": event, "user": self.id, "channel": channel, "channel_type": kind, "team": "T1"})

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
        about = {"user": user, "team": {"id": self._workspace.team, "domain": "ward"}, "api_app_id": "A1", "token": "x"}
        self._workspace.interact({**payload, **about, "trigger_id": self._workspace.trigger(self.id)})

    def _message(self, ts: str, text: str) -> Json:
        about = {"type": "message", "channel": self.channel, "channel_type": "im", "user": self.id, "team": "T1"}
        return {**about, "text": escape(text), "ts": ts, "event_ts": ts}
