"""What the browser chat takes and answers, for OpenAPI. It is served nowhere; a test holds it against the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.inputs import TEXT_LIMIT
from bot.ports import Leap

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,40}$")]


class Body(BaseModel):
    """What is posted. The docstrings below are what somebody reads whose request does not fit."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Say(Body):
    """Send {"text": "…"} with some words, at most 8,000 characters. Longer ones can come in parts."""

    text: str = Field(max_length=TEXT_LIMIT)
    id: Id | None = None  # the same id again acts once: a page may repeat what it is unsure of


class Tap(Body):
    """Send {"data": "…", "ref": "…"} as the button and its message carry them."""

    data: str = Field(max_length=64, pattern=r"^(/|[0-9]{1,12}:.)")  # a command, or a question's number and a choice
    ref: str | None = Field(default=None, max_length=64)
    id: Id | None = None


class Where(Body):
    """Send {"latitude": …, "longitude": …} in degrees."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)


class From(Body):
    """Send {"zone": "Europe/Madrid"}, or another time zone's name."""

    zone: str = Field(max_length=64)


class To(Body):
    """Send {"to": "evening"}, {"to": "morning"} or {"to": "week"}."""

    to: Leap


_TEXT, _COUNT, _TRUE = {"type": "string"}, {"type": "integer", "minimum": 0}, {"const": True}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_GROUP = {
    "type": "object",
    "required": ["state"],
    "properties": {"state": {"enum": ["closed", "making", "ready", "failed"]}, "name": _TEXT, "join": _TEXT},
    "additionalProperties": False,
}
_EVENT = {
    "type": "object",
    "required": ["seq", "kind", "ref"],
    "properties": {
        "seq": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["message", "failed", "react", "edit", "close", "delete"]},
        "ref": _TEXT,
    },
}
_PLACE = {
    "type": "object",  # empty for a browser that has just got its chat
    "properties": {
        "state": _TEXT,
        "week": _COUNT,
        "day": _COUNT,
        "weeks": _COUNT,
        "title": _TEXT,
        "now_local": _TEXT_OR_NONE,
        "zone": _TEXT_OR_NONE,
        "group": _GROUP,
    },
    "additionalProperties": False,
}
_VIEW = {"name": "as", "in": "query", "schema": {"enum": ["", "facilitator", "channel"]}}

Answers = Mapping[str, Any]  # a 200's content, by media type


def _fields(**fields: Any) -> Answers:
    """JSON that has exactly these fields."""
    told = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {"application/json": {"schema": told}}


PAGE: Answers = {"text/html": {}}
PLACE: Answers = {"application/json": {"schema": _PLACE}}
SINCE = _fields(epoch=_TEXT, last=_COUNT, events={"type": "array", "items": _EVENT})
EVENTS: Answers = {"text/event-stream": {}}
PICTURE: Answers = {"image/png": {}}
FILE: Answers = {"*/*": {}}
SAID, DONE, GROUP = _fields(ok=_TRUE, ref=_TEXT), _fields(ok=_TRUE), _fields(group=_GROUP)


def described(answers: Answers, body: type[Body] | None = None, *, views: bool = False) -> dict[str, Any]:
    """How a route of these answers and this body is added; `views`: it takes ?as=… ."""
    more: dict[str, Any] = {"parameters": [_VIEW]} if views else {}
    if body is not None:
        schema = {"application/json": {"schema": body.model_json_schema()}}
        more["requestBody"] = {"required": True, "content": schema}
    return {"responses": {200: {"content": dict(answers)}}, "openapi_extra": more}
