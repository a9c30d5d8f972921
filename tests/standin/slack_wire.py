"""Requests, answers and signatures of the stand-in workspace."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.standin.slack_checks import Json, Refused

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def signature(body: bytes, stamp: int, secret: str = SECRET) -> dict[str, str]:
    """Slack's two headers."""
    signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": f"v0={signed}"}


async def params_of(request: web.BaseRequest) -> Json:
    """Parameters from the address and from a body of either kind; what is JSON inside a form is read."""
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        params.update(json.loads(await request.read() or b"{}"))
    else:
        params.update({name: str(value) for name, value in (await request.post()).items()})
    for name in ("view", "blocks", "files"):
        if isinstance(params.get(name), str):
            params[name] = json.loads(params[name])
    return params


def json_object(text: str) -> Json:
    """What an acknowledgement says; empty for one that says nothing."""
    try:
        found: Any = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def answered(content: Mapping[str, Any], status: int = 200, **headers: str) -> web.Response:
    """An answer of the Web API's."""
    body = json.dumps(content).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def refusal(refused: Refused) -> web.Response:
    """As Slack says no."""
    content = {"ok": False, "error": refused.error}
    if refused.error == "ratelimited":
        return answered(content, 429, **{"Retry-After": str(refused.retry_after)})
    return answered(content)


def dropped(request: web.BaseRequest) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
