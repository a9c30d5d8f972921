"""All that is served over HTTP, in this process: both platforms' webhooks, the browser chat, the clock."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests
from fastapi import FastAPI
from structlog.testing import capture_logs
from structlog.typing import EventDict

from adapters.web import STATIC, routes
from bot.app import add_web, opened
from bot.http import HttpServer, http_app
from bot.settings import Settings
from bot.telegram_bots import add_telegram
from bot.workspace import connected
from tests.standin import slack, telegram
from tests.unit.test_web_group import ScriptedStage

HEADER, SECRET = "X-Telegram-Bot-Api-Secret-Token", "a-long_random_secret"
PATIENCE = 60.0  # seconds for any answer, on a busy machine
CHAT, LEAD = "a-chat-of-somebody-0001", "a-chat-of-who-leads-0001"

_T = TypeVar("_T")


class Served:
    """The product on a loop that turns while it is asked something. `logged` is all that it logs."""

    def __init__(self, runner: asyncio.Runner, app: FastAPI, url: str, logged: list[EventDict]) -> None:
        self._runner, self.app, self.url, self.logged = runner, app, url, logged
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = authentic

    def ask(self, call: Callable[..., _T], *args: Any, **more: Any) -> _T:
        """What a blocking call returns that asks the product something."""
        return self._runner.run(asyncio.wait_for(asyncio.to_thread(call, *args, **more), PATIENCE))

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request of the browser that has a chat, or of a platform."""
        return self.ask(self.session.request, method, self.url + path, **more)


def authentic(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The same as Telegram would send it, and Slack, and the browser whose chat it is."""
    body = request.body or b""
    assert isinstance(body, bytes | str)
    request.headers.update(slack.signature(body.encode() if isinstance(body, str) else body, int(time.time())))
    request.headers[HEADER] = SECRET
    request.headers["Connection"] = "close"  # one that waits too long for the next request is closed as that comes
    request.headers["Cookie"] = f"heartsease_chat={CHAT}; heartsease_lead={LEAD}"
    return request


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Everything, started and ready; the clock stands."""
    for noisy in ("slack_bolt", "slack_sdk"):
        logging.getLogger(noisy).disabled = True
    with capture_logs() as logged, asyncio.Runner() as runner:
        running = _running(folder)
        app, url = runner.run(_entered(running))
        one = Served(runner, app, url, logged)
        try:
            end = time.monotonic() + PATIENCE
            while one.request("GET", "/readyz").status_code != 200:
                assert time.monotonic() < end, logged
            yield one
        finally:
            one.session.close()
            runner.run(running.__aexit__(None, None, None))
            gc.unfreeze()  # a process of its own would end with it


async def _entered(running: Any) -> tuple[FastAPI, str]:
    entering: Awaitable[tuple[FastAPI, str]] = running.__aenter__()
    return await entering


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[tuple[FastAPI, str]]:
    async with (
        telegram.StandIn(limits=telegram.Limits.raised()) as at_telegram,
        slack.StandIn(limits=slack.Limits.raised()) as at_slack,
    ):
        settings = Settings(
            _env_file=None,
            database_url=f"sqlite:///{folder}/heartsease.db",
            http_port=0,
            rehearsal="start=2026-03-03T05:00:00Z,speed=0",
            slack_api_url=at_slack.url,
            slack_bot_token=slack.BOT_TOKEN,
            slack_rate=100_000,
            slack_signing_secret=slack.SECRET,
            telegram_api_url=at_telegram.url,
            telegram_tokens=telegram.TOKEN,
            telegram_webhook_secret=SECRET,
            telegram_webhook_url="https://heartsease.example",
        )
        stop = asyncio.Event()
        workspace = await connected(settings, stop)
        assert workspace is not None
        async with opened(settings, workspaces=[workspace.installation]) as app:
            web = add_web(app)
            await web.close()  # pages' streams end at once, and nobody waits for news
            assert app.leaps is not None
            asgi = http_app(
                ready=app.ready,
                metrics=app.watch.metrics.registry,
                look=app.look,
                webhooks={**add_telegram(app), **workspace.add_to(app)},
                rehearsal=app.rehearsal,
                web_router=routes(web, app.door, app.leaps.jump, app.leaps.where, ScriptedStage()),
                static=STATIC,
            )
            app.server = HttpServer(asgi, "127.0.0.1", 0)
            listening = asyncio.Event()
            running = asyncio.create_task(app.run(stop, lambda _: listening.set()))
            running.add_done_callback(lambda _: listening.set())  # it failed
            await listening.wait()
            assert not running.done(), running.exception()
            yield asgi, app.server.url
            stop.set()
            await running
