"""The stand-in's workspace: people, channels, windows, and what the methods of the Web API do to them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from tests.standin.slack_checks import Json, Refused, wants
from tests.standin.slack_people import Member, Message, View

TEAM, BOT_USER, BOT_ID = "T1", "UBOT", "BBOT"
TRIGGER_LIFE = 3.0  # seconds


@dataclass(slots=True)
class Channel:
    """A channel. `messages` are the bot's."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    archived: bool = False
    messages: list[Message] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Outbound:
    """Something that Slack wants to tell the app. `kind` is Socket Mode's name for it."""

    kind: str
    payload: Json
    attempt: int = 0


class Workspace:
    """One workspace with our app in it. `outbound` is what the app was not told yet."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
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
            "team_id": TEAM,
            "api_app_id": "A1",
            "event": {"event_ts": self.ts(), **event},
            "event_id": f"Ev{number}",
            "event_time": number,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
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
                self._change(view, answer["view"])
            case None | "clear":
                if member.view is view:
                    member.view = None
        member.changed.set()

    def _queue(self, outbound: Outbound) -> None:
        self.outbound.append(outbound)
        self.arrived()

    # ------------------------------------------------------------ what the app does

    def perform(self, method: str, params: Json) -> Json:
        """Does what a call asks for and returns its result. Raises Refused as Slack would."""
        return _METHODS[method](self, params)

    def place(self, channel: str) -> list[Message]:
        """The bot's messages in a channel or a direct conversation. Raises Refused where it may not write."""
        member = next((each for each in self.members.values() if each.channel == channel), None)
        if member is not None:
            return member.messages
        room = self.channels.get(channel)
        if room is None:
            raise Refused("channel_not_found")
        if room.archived:
            raise Refused("is_archived")
        if BOT_USER not in room.members:
            raise Refused("not_in_channel")
        return room.messages

    def message(self, channel: str, ts: str) -> Message:
        """Raises Refused where there is none."""
        for each in self.place(channel):
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

    def _change(self, view: View, payload: Json) -> None:
        view.payload, view.hash, view.errors = payload, f"h{next(self._numbers)}", {}


def _auth_test(space: Workspace, params: Json) -> Json:
    return {"team_id": TEAM, "team": "Ward", "user_id": BOT_USER, "bot_id": BOT_ID, "url": "https://ward.slack.com/"}


def _post(space: Workspace, params: Json) -> Json:
    place = space.place(params["channel"])
    message = Message(space.ts(), params["channel"], params["text"], list(params.get("blocks") or []))
    place.append(message)
    _tell(space, params["channel"])
    return {"channel": message.channel, "ts": message.ts, "message": _wire(message)}


def _ephemeral(space: Workspace, params: Json) -> Json:
    space.place(params["channel"])
    member = space.member(params["user"])
    member.whispers.append(params["text"])
    member.changed.set()
    return {"message_ts": space.ts()}


def _update(space: Workspace, params: Json) -> Json:
    message = space.message(params["channel"], params["ts"])
    message.fallback, message.blocks = params.get("text") or "", list(params.get("blocks") or [])
    message.edits += 1
    _tell(space, params["channel"])
    return {"channel": message.channel, "ts": message.ts, "text": message.fallback}


def _history(space: Workspace, params: Json) -> Json:
    found = [each for each in space.place(params["channel"]) if each.ts <= str(params.get("latest", "9"))]
    return {"messages": [_wire(each) for each in reversed(found)][: int(params.get("limit", 100))]}


def _open_conversation(space: Workspace, params: Json) -> Json:
    members = [space.member(user) for user in str(params["users"]).split(",")]
    if any(member.deleted for member in members):
        raise Refused("user_disabled")
    if len(members) == 1:
        return {"channel": {"id": members[0].channel}}
    together = "G" + "".join(sorted(member.id for member in members))
    space.channels.setdefault(together, Channel(together, "mpdm", {BOT_USER, *(member.id for member in members)}))
    return {"channel": {"id": together}}


def _info(space: Workspace, params: Json) -> Json:
    room = _room(space, params)
    about = {"id": room.id, "name": room.name, "is_archived": room.archived, "is_member": BOT_USER in room.members}
    return {"channel": about}


def _members(space: Workspace, params: Json) -> Json:
    return {"members": sorted(_room(space, params).members), "response_metadata": {"next_cursor": ""}}


def _join(space: Workspace, params: Json) -> Json:
    room = _room(space, params)
    if room.archived:
        raise Refused("is_archived")
    room.members.add(BOT_USER)
    return {"channel": {"id": room.id}}


def _room(space: Workspace, params: Json) -> Channel:
    if params["channel"] not in space.channels:
        raise Refused("channel_not_found")
    return space.channels[params["channel"]]


def _pin(space: Workspace, params: Json) -> Json:
    space.message(params["channel"], params["timestamp"])
    _room(space, params).pins.append(params["timestamp"])
    return {}


def _react(space: Workspace, params: Json) -> Json:
    ts, name = params["timestamp"], params["name"]
    known = space.reactions[params["channel"], ts]
    if name in known:
        raise Refused("already_reacted")
    for member in space.members.values():
        if member.channel == params["channel"] and ts in member.own:
            member.reactions[ts] = name
            break
    else:
        space.message(params["channel"], ts)
    known.append(name)
    _tell(space, params["channel"])
    return {}


def _user(space: Workspace, params: Json) -> Json:
    return {"user": space.member(params["user"]).wire()}


def _open_view(space: Workspace, params: Json) -> Json:
    member = space.use(params["trigger_id"])
    member.view = space.view_of(params["view"], member.id)
    member.changed.set()
    return {"view": member.view.wire()}


def _update_view(space: Workspace, params: Json) -> Json:
    view = space.views.get(str(params.get("view_id")))
    if view is None or space.members[view.user].view is not view:
        raise Refused("not_found")
    if params.get("hash") not in (None, view.hash):
        raise Refused("hash_conflict")
    space._change(view, params["view"])
    space.members[view.user].changed.set()
    return {"view": view.wire()}


def _publish(space: Workspace, params: Json) -> Json:
    member = space.member(params["user_id"])
    if params.get("hash") and (member.home is None or params["hash"] != member.home.hash):
        raise Refused("hash_conflict")
    member.home = space.view_of(params["view"], member.id)
    member.changed.set()
    return {"view": member.home.wire()}


def _wire(message: Message) -> Json:
    about = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": message.ts, "text": message.fallback}
    return {**about, "blocks": message.blocks}


def _tell(space: Workspace, channel: str) -> None:
    for member in space.members.values():
        if member.channel == channel:
            member.changed.set()


_METHODS: Mapping[str, Callable[[Workspace, Json], Json]] = {
    "auth.test": _auth_test,
    "chat.postMessage": _post,
    "chat.postEphemeral": _ephemeral,
    "chat.update": _update,
    "conversations.history": _history,
    "conversations.open": _open_conversation,
    "conversations.info": _info,
    "conversations.members": _members,
    "conversations.join": _join,
    "pins.add": _pin,
    "reactions.add": _react,
    "users.info": _user,
    "views.open": _open_view,
    "views.update": _update_view,
    "views.publish": _publish,
}
