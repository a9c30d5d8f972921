"""The stand-in's workspace: people, channels, windows, and what the app was not told yet."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from tests.standin.slack_checks import Json, Refused, wants
from tests.standin.slack_messages import Channel, Message, View
from tests.standin.slack_people import Member

TEAM, BOT_USER, BOT_ID = "T1", "UBOT", "BBOT"
TRIGGER_LIFE = 3.0  # seconds


@dataclass(slots=True)
class Upload:
    """A file on its way: `content` is None until it was posted."""

    name: str
    length: int
    content: bytes | None = None


@dataclass(slots=True)
class Outbound:
    """Something that Slack wants to tell the app. `kind` is Socket Mode's name for it."""

    kind: str
    payload: Json
    attempt: int = 0


class Workspace:
    """One workspace with our app in it. `outbound` is what the app was not told yet; `url` where files are uploaded."""

    def __init__(self, now: Callable[[], float], scopes: frozenset[str]) -> None:
        self.now, self.scopes, self.team = now, scopes, TEAM
        self.url = ""
        self.uploads: dict[str, Upload] = {}
        self.members: dict[str, Member] = {}
        self.channels: dict[str, Channel] = {}
        self.views: dict[str, View] = {}
        self.reactions: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.outbound: deque[Outbound] = deque()
        self.arrived: Callable[[], None] = lambda: None
        self._triggers: dict[str, tuple[str, float, bool]] = {}
        self._numbers = count(1000)

    # ------------------------------------------------------------ what people do

    def event(self, event: Json, name: str = "") -> str:
        """Queues an event if the manifest subscribes to it; its id."""
        number = next(self._numbers)
        if not wants(name or str(event["type"])):
            return ""
        payload: Json = {
            "type": "event_callback",
            "team_id": self.team,
            "api_app_id": "A1",
            "event": {"event_ts": self.ts(), **event},
            "event_id": f"Ev{number}",
            "event_time": number,
            "authorizations": [{"team_id": self.team, "user_id": BOT_USER, "is_bot": True}],
        }
        self._queue(Outbound("events_api", payload))
        return f"Ev{number}"

    def interact(self, payload: Json) -> None:
        """Queues a tap, a sent modal, a shortcut or a command."""
        self._queue(Outbound("slash_commands" if "command" in payload else "interactive", payload))

    def ts(self) -> str:
        """A timestamp that was never used."""
        return f"1750000000.{next(self._numbers):06d}"

    def trigger(self, user: str) -> str:
        """A trigger that opens one window within three seconds."""
        trigger = f"{next(self._numbers)}.tr"
        self._triggers[trigger] = (user, self.now(), False)
        return trigger

    def submitted(self, payload: Json, answer: Json) -> None:
        """What the acknowledgement of a sent modal does to it."""
        member, view = self.members[payload["user"]["id"]], self.views[payload["view"]["id"]]
        match answer.get("response_action"):
            case "errors":
                view.errors = answer["errors"]
                unknown = set(view.errors) - set(view.inputs)
                assert not unknown, f"errors for unknown blocks {unknown}"
            case "update":
                self.change(view, answer["view"])
            case None | "clear":
                if member.view is view:
                    member.view = None
        member.changed.set()

    def _queue(self, outbound: Outbound) -> None:
        self.outbound.append(outbound)
        self.arrived()

    # ------------------------------------------------------------ what the app does

    def place(self, channel: str) -> Member | Channel:
        """A direct conversation or a channel. Raises Refused where the app may not write."""
        member = next((each for each in self.members.values() if each.channel == channel), None)
        if member is not None:
            return member
        room = self.room(channel)
        if room.archived:
            raise Refused("is_archived")
        if BOT_USER not in room.members:
            raise Refused("not_in_channel")
        return room

    def room(self, channel: str) -> Channel:
        """A channel, whether the app is in it or not. Raises Refused where there is none."""
        if channel not in self.channels:
            raise Refused("channel_not_found")
        return self.channels[channel]

    def needs(self, channel: str, right: str) -> None:
        """Raises Refused where the app lacks this right ("read", "history") for this kind of conversation."""
        kind = "im" if channel.startswith("D") else self.room(channel).kind
        if f"{kind}:{right}" not in self.scopes:
            raise Refused("missing_scope", f"{kind}:{right}")

    def message(self, channel: str, ts: str) -> Message:
        """Raises Refused where there is none."""
        for each in self.place(channel).messages:
            if each.ts == ts:
                return each
        raise Refused("message_not_found")

    def member(self, user: str) -> Member:
        """Raises Refused where there is none."""
        if user not in self.members:
            raise Refused("user_not_found")
        return self.members[user]

    def view_of(self, payload: Json, user: str) -> View:
        """A new view."""
        number = next(self._numbers)
        view = self.views[f"V{number}"] = View(f"V{number}", user, payload, f"h{number}")
        return view

    def use(self, trigger: str) -> Member:
        """Whose trigger this is, once. Raises Refused when it was used or is too old."""
        if trigger not in self._triggers:
            raise Refused("invalid_trigger_id")
        user, at, used = self._triggers[trigger]
        if used:
            raise Refused("exchanged_trigger_id")
        if self.now() - at > TRIGGER_LIFE:
            raise Refused("expired_trigger_id")
        self._triggers[trigger] = (user, at, True)
        return self.members[user]

    def reader(self, params: Json) -> str:
        """Whose window a call opened or changed."""
        trigger = params.get("trigger_id")
        return self._triggers[trigger][0] if trigger else self.views[params["view_id"]].user

    def number(self) -> int:
        """A number that was never used."""
        return next(self._numbers)

    def change(self, view: View, payload: Json) -> None:
        """A view gets another content."""
        view.payload, view.hash, view.errors = payload, f"h{next(self._numbers)}", {}
