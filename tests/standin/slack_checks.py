"""What Slack refuses, and why: methods and their scopes, blocks, views, triggers' and messages' limits.

Blocks are read by slack_sdk's own models, walked recursively; what those leave out is in tables here, from
https://docs.slack.dev/reference/block-kit and https://docs.slack.dev/reference/methods.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View as ViewModel

Json = dict[str, Any]

MANIFEST: Json = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "slack-manifest.yaml").read_text())
SCOPES = frozenset(MANIFEST["oauth_config"]["scopes"]["bot"])
EVENTS = frozenset(MANIFEST["settings"]["event_subscriptions"]["bot_events"])


class Refused(Exception):
    """Slack would not take this call."""

    def __init__(self, error: str, detail: str = "", *, retry_after: int = 0) -> None:
        super().__init__(f"{error} {detail}".strip())
        self.error, self.detail, self.retry_after = error, detail, retry_after


# Methods: the scope that each needs ("" for none; | for one of several), and the parameters that it cannot do without.
# Which of several it must be depends on the conversation: the workspace looks at that.
METHODS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "auth.test": ("", ()),
    "apps.connections.open": ("", ()),
    "chat.postMessage": ("chat:write", ("channel", "text")),
    "chat.postEphemeral": ("chat:write", ("channel", "user", "text")),
    "chat.update": ("chat:write", ("channel", "ts")),
    "chat.delete": ("chat:write", ("channel", "ts")),
    "conversations.history": ("im:history|channels:history|groups:history", ("channel",)),
    "conversations.info": ("channels:read|groups:read|im:read", ("channel",)),
    "conversations.join": ("channels:join", ("channel",)),
    "conversations.members": ("channels:read|groups:read|im:read", ("channel",)),
    "conversations.open": ("im:write|mpim:write", ("users",)),
    "files.getUploadURLExternal": ("files:write", ("filename", "length")),
    "files.completeUploadExternal": ("files:write", ("files",)),
    "pins.add": ("pins:write", ("channel", "timestamp")),
    "pins.remove": ("pins:write", ("channel", "timestamp")),
    "reactions.add": ("reactions:write", ("channel", "timestamp", "name")),
    "users.info": ("users:read", ("user",)),
    "views.open": ("", ("trigger_id", "view")),
    "views.publish": ("", ("user_id", "view")),
    "views.update": ("", ("view",)),
}
_EVENT_SCOPES = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "user_change": "users:read",
}


def check(method: str, params: Json, scopes: frozenset[str]) -> None:
    """All that can be said of a call without knowing its channel. Raises Refused."""
    if method not in METHODS:
        raise Refused("unknown_method")
    wanted, required = METHODS[method]
    if wanted and not scopes & set(wanted.split("|")):
        raise Refused("missing_scope", wanted)
    if missing := [name for name in required if params.get(name) in (None, "")]:
        raise Refused("invalid_arguments", f"missing {missing}")
    if method.startswith("chat.") and method != "chat.delete":
        check_message(params)
    if "view" in params:
        check_view(params["view"], home=method == "views.publish")


def wants(event: str, subtype: str = "") -> bool:
    """Whether the manifest subscribes to an event and has its scope."""
    scope = _EVENT_SCOPES.get(event) or (f"{event.partition('_')[0]}s:read" if event[:5] in ("chann", "group") else "")
    if event.startswith("member_"):
        scope = "channels:read"
    return event in EVENTS and (not scope or scope in SCOPES)


# ---------------------------------------------------------------- messages and views

_CONTROL_SEQUENCE = re.compile(r"<(?:!|@|#)")
BLOCKS_SIZE = 13_200  # characters of a message's blocks; not documented, github.com/slackapi/bolt-js/issues/2509


def check_message(params: Json) -> None:
    """A message's text and blocks."""
    text, blocks = params.get("text") or "", params.get("blocks") or []
    if not text.strip() and not blocks:
        raise Refused("no_text")
    if len(text) > 40_000:
        raise Refused("msg_too_long")
    if _CONTROL_SEQUENCE.search(text):
        raise Refused("invalid_arguments", "a mention in the text of a message")
    if blocks and len(blocks) > 50:
        raise Refused("invalid_blocks", "more than 50 blocks")
    check_blocks(blocks, surface="message")
    if len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_SIZE:
        raise Refused("msg_blocks_too_long")


def check_view(view: Json, *, home: bool) -> None:
    """A modal or a Home tab."""
    if view.get("type") != ("home" if home else "modal"):
        raise Refused("invalid_arguments", "a view of the wrong type")
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 100:
        raise Refused("invalid_arguments", "a view needs 1 to 100 blocks")
    for name in ("title", "submit", "close"):
        if name in view:
            _check_plain(view[name], 24, name)
    if not home and "title" not in view:
        raise Refused("invalid_arguments", "a modal needs a title")
    if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
        raise Refused("invalid_arguments", "inputs need a submit button")
    if len(view.get("private_metadata") or "") > 3000 or len(view.get("callback_id") or "") > 255:
        raise Refused("invalid_arguments", "private_metadata or callback_id too long")
    _walk(_formed(lambda: ViewModel(**view)))
    check_blocks(blocks, surface="home" if home else "modal")


def check_blocks(blocks: Sequence[Json], surface: str) -> None:
    """Every block, and that ids are unique."""
    for block in blocks:
        if block.get("type") not in _SURFACES[surface]:
            raise Refused("invalid_blocks", f"{block.get('type')} in a {surface}")
        model = _formed(lambda block=block: Block.parse(block))
        if model is None:
            raise Refused("invalid_blocks", f"unreadable {block.get('type')}")
        if unknown := set(block) - set(model.attributes) - {"type"}:
            raise Refused("invalid_blocks", f"{block['type']} has no {sorted(unknown)}")
        _walk(model)
        for part in parts(block):
            _check_part(part)
    for name in ("block_id", "action_id"):
        ids = Counter(part[name] for block in blocks for part in parts(block) if name in part)
        if name == "action_id" and surface == "modal":
            ids = Counter(dict.fromkeys(ids, 1))  # inputs are told apart by their blocks
        if doubled := [each for each, times in ids.items() if times > 1 or not 1 <= len(each) <= 255]:
            raise Refused("invalid_blocks", f"{name} {doubled} used twice or of a wrong length")


_COMMON = {"section", "actions", "context", "divider", "header", "image", "rich_text", "input"}
_SURFACES = {"message": _COMMON, "modal": _COMMON, "home": _COMMON}


def parts(value: Any) -> Iterator[Json]:
    """Every object inside, itself included."""
    if isinstance(value, Mapping):
        yield dict(value)
        for each in value.values():
            yield from parts(each)
    elif isinstance(value, list):
        for each in value:
            yield from parts(each)


def texts(value: Any) -> Iterator[str]:
    """Every text inside."""
    for part in parts(value):
        if isinstance(part.get("text"), str):
            yield part["text"]


def _formed(make: Any) -> Any:
    try:
        return make()
    except (SlackObjectFormationError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refused("invalid_blocks", type(error).__name__) from error


def _walk(value: Any) -> None:
    """slack_sdk's validators check one object each: this goes through all."""
    if isinstance(value, JsonObject):
        _formed(value.validate_json)
        for name in value.attributes:
            _walk(getattr(value, name, None))
    elif isinstance(value, list | tuple):
        for each in value:
            _walk(each)


def _check_plain(text: Any, most: int, what: str) -> None:
    if not isinstance(text, Mapping) or text.get("type") != "plain_text":
        raise Refused("invalid_blocks", f"{what} must be plain_text")
    if not 1 <= len(text["text"]) <= most:
        raise Refused("invalid_blocks", f"{what} must have 1 to {most} characters")


def _bounded(part: Json, name: str, least: int, most: int) -> None:
    value = part.get(name)
    if value is not None and not least <= len(value) <= most:
        raise Refused("invalid_blocks", f"{part.get('type')}.{name} must have {least} to {most}")


def _check_part(part: Json) -> None:
    kind = str(part.get("type"))
    for name, least, most in _SIZES.get(kind, ()):
        _bounded(part, name, least, most)
    for name, most in _PLAIN.get(kind, ()):
        _check_plain(part.get(name), most, f"{kind}.{name}")
    for name, form in _FORMS.get(kind, ()):
        if name in part and not form.fullmatch(part[name]):
            raise Refused("invalid_blocks", f"{kind}.{name}")
    match kind:
        case "button" if "action_id" not in part:
            raise Refused("invalid_blocks", "a button without action_id")
        case "section" if not 1 <= len((part.get("text") or {}).get("text", "")) <= 3000:
            raise Refused("invalid_blocks", "a section needs 1 to 3000 characters")
        case "plain_text_input":
            _bounded(part, "initial_value", 0, part.get("max_length", 3000))
        case "rich_text":
            _check_rich(part)


# By type: what has how many characters or elements, which texts are plain and how long, which values look how.
_SIZES: Mapping[str, Sequence[tuple[str, int, int]]] = {
    "button": (("value", 1, 2000),),
    "actions": (("elements", 1, 25),),
    "context": (("elements", 1, 10),),
    "input": (("block_id", 1, 255),),
    "static_select": (("options", 1, 100),),
}
_PLAIN: Mapping[str, Sequence[tuple[str, int]]] = {
    "button": (("text", 75),),
    "header": (("text", 150),),
    "input": (("label", 2000),),
}
_FORMS: Mapping[str, Sequence[tuple[str, re.Pattern[str]]]] = {
    "timepicker": (("initial_time", re.compile(r"([01]\d|2[0-3]):[0-5]\d")),),
    "datepicker": (("initial_date", re.compile(r"\d{4}-\d\d-\d\d")),),
}


def _check_rich(block: Json) -> None:
    if sum(len(text) for text in texts(block)) > 3000:
        raise Refused("invalid_blocks", "rich text of more than 3000 characters")
    for part in parts(block):
        match part.get("type"):
            case "rich_text" | "rich_text_section" | "rich_text_quote" | "rich_text_list":
                if not part.get("elements"):
                    raise Refused("invalid_blocks", f"an empty {part['type']}")
            case "text" if not part.get("text"):
                raise Refused("invalid_blocks", "an empty text")
            case "link" if not str(part.get("url", "")).startswith(("https://", "http://")):
                raise Refused("invalid_blocks", "a link's address")
            case "text" | "link" | None:
                pass
            case other:
                raise Refused("invalid_blocks", f"{other} in rich text")


# ---------------------------------------------------------------- limits


@dataclass(slots=True)
class Limits:
    """Messages a second in one channel, with a burst. https://docs.slack.dev/apis/web-api/rate-limits"""

    rate: float = 1.0
    burst: int = 1
    _full: dict[str, float] = field(init=False, default_factory=dict)  # when each channel's bucket is full again

    @classmethod
    def raised(cls) -> Limits:
        """Those of a server that does not mind."""
        return cls(rate=1e6, burst=1000)

    def spend(self, channel: str, now: float) -> None:
        """Counts a message at `now`, in monotonic seconds. Raises Refused with the seconds to wait."""
        full_at = max(self._full.get(channel, now), now)
        wait = full_at - now - (self.burst - 1) / self.rate
        if wait > 1e-9:
            raise Refused("ratelimited", retry_after=max(1, math.ceil(wait)))
        self._full[channel] = full_at + 1 / self.rate
