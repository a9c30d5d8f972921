"""What the methods of the Web API do to the stand-in's workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.standin.slack_checks import Json, Refused
from tests.standin.slack_messages import Channel, Message, SharedFile
from tests.standin.slack_workspace import BOT_ID, BOT_USER, TEAM, Upload, Workspace


def perform(space: Workspace, method: str, params: Json) -> Json:
    """Does what a call asks for and returns its result. Raises Refused as Slack would."""
    return _METHODS[method](space, params)


def together_id(users: Iterable[str]) -> str:
    """The id of the group direct message of these people, in whatever order they are named."""
    return "G" + "".join(sorted(users))


def _auth_test(space: Workspace, params: Json) -> Json:
    return {"team_id": TEAM, "team": "Ward", "user_id": BOT_USER, "bot_id": BOT_ID, "url": "https://ward.slack.com/"}


def _post(space: Workspace, params: Json) -> Json:
    place, thread = space.place(params["channel"]), _thread(space, params["channel"], params)
    message = Message(space.ts(), params["channel"], params["text"], list(params.get("blocks") or []), thread_ts=thread)
    place.messages.append(message)
    _tell(space, params["channel"])
    return {"channel": message.channel, "ts": message.ts, "message": _wire(message)}


def _thread(space: Workspace, channel: str, params: Json) -> str:
    """The message that is answered; of one that is in a thread itself, that thread's."""
    ts, place = str(params.get("thread_ts") or ""), space.place(channel)
    written = place.said if isinstance(place, Channel) else place.own
    if not ts or ts in written:
        return ts
    parent = next((each for each in place.messages if each.ts == ts), None)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread_ts or ts


def _delete(space: Workspace, params: Json) -> Json:
    channel, ts = params["channel"], params["ts"]
    place = space.place(channel)
    if ts in (place.said if isinstance(place, Channel) else place.own):
        raise Refused("cant_delete_message")
    place.messages.remove(space.message(channel, ts))
    if ts in place.pins:
        place.pins.remove(ts)
    _tell(space, channel)
    return {"channel": channel, "ts": ts}


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
    """What stands in a conversation itself: answers in threads are elsewhere."""
    space.needs(params["channel"], "history")
    shown = (each for each in space.place(params["channel"]).messages if not each.thread_ts)
    found = [each for each in shown if each.ts <= str(params.get("latest", "9"))]
    return {"messages": [_wire(each) for each in reversed(found)][: int(params.get("limit", 100))]}


def _open_conversation(space: Workspace, params: Json) -> Json:
    members = [space.member(user) for user in dict.fromkeys(str(params["users"]).split(","))]
    if (scope := "im:write" if len(members) == 1 else "mpim:write") not in space.scopes:
        raise Refused("missing_scope", scope)
    if len(members) > 8:
        raise Refused("too_many_users")
    if any(member.deleted for member in members):
        raise Refused("user_disabled")
    if len(members) == 1:
        return {"channel": {"id": members[0].channel}}
    together = together_id(member.id for member in members)
    everybody = {BOT_USER, *(member.id for member in members)}
    space.channels.setdefault(together, Channel(together, "mpdm", everybody, kind="mpim"))
    return {"channel": {"id": together}}


def _info(space: Workspace, params: Json) -> Json:
    room = space.room(params["channel"])
    space.needs(room.id, "read")
    about = {"id": room.id, "name": room.name, "is_archived": room.archived, "is_member": BOT_USER in room.members}
    return {"channel": {**about, "is_private": room.kind != "channels", "topic": {"value": room.topic}}}


def _members(space: Workspace, params: Json) -> Json:
    room = space.room(params["channel"])
    space.needs(room.id, "read")
    return {"members": sorted(room.members), "response_metadata": {"next_cursor": ""}}


def _join(space: Workspace, params: Json) -> Json:
    room = space.room(params["channel"])
    if room.archived:
        raise Refused("is_archived")
    room.members.add(BOT_USER)
    return {"channel": {"id": room.id}}


def _pin(space: Workspace, params: Json) -> Json:
    pins = _pins(space, params)
    if params["timestamp"] in pins:
        raise Refused("already_pinned")
    pins.append(params["timestamp"])
    return {}


def _unpin(space: Workspace, params: Json) -> Json:
    pins = _pins(space, params)
    if params["timestamp"] not in pins:
        raise Refused("no_pin")
    pins.remove(params["timestamp"])
    return {}


def _pins(space: Workspace, params: Json) -> list[str]:
    place = space.place(params["channel"])
    if params["timestamp"] not in (place.said if isinstance(place, Channel) else place.own):
        space.message(params["channel"], params["timestamp"])
    return place.pins


def _upload_url(space: Workspace, params: Json) -> Json:
    file_id = f"F{space.number()}"
    if int(params["length"]) < 1:
        raise Refused("invalid_arguments", "an empty file")
    space.uploads[file_id] = Upload(str(params["filename"]), int(params["length"]))
    return {"upload_url": f"{space.url}/upload/{file_id}", "file_id": file_id}


def _complete_upload(space: Workspace, params: Json) -> Json:
    files, channel = params["files"], params.get("channel_id")
    if any(space.uploads.get(each["id"], Upload("", 0)).content is None for each in files):
        raise Refused("file_not_found")
    if channel:
        place, thread = space.place(channel), _thread(space, channel, params)
        for each in files:
            upload = space.uploads.pop(each["id"])
            name = str(each.get("title") or upload.name)
            place.files.append(SharedFile(each["id"], name, upload.content or b"", channel, thread))
        _tell(space, channel)
    return {"files": [{"id": each["id"], "title": each.get("title")} for each in files]}


def _react(space: Workspace, params: Json) -> Json:
    ts, name = params["timestamp"], params["name"]
    known = space.reactions[params["channel"], ts]
    if name in known:
        raise Refused("already_reacted")
    place = space.place(params["channel"])
    if isinstance(place, Channel):
        if ts not in place.said:
            space.message(params["channel"], ts)
    elif ts in place.own:
        place.reactions[ts] = name
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
    space.change(view, params["view"])
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
    "chat.delete": _delete,
    "conversations.history": _history,
    "conversations.open": _open_conversation,
    "conversations.info": _info,
    "conversations.members": _members,
    "conversations.join": _join,
    "files.getUploadURLExternal": _upload_url,
    "files.completeUploadExternal": _complete_upload,
    "pins.add": _pin,
    "pins.remove": _unpin,
    "reactions.add": _react,
    "users.info": _user,
    "views.open": _open_view,
    "views.update": _update_view,
    "views.publish": _publish,
}
