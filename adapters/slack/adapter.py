"""One workspace of Slack's: brings what people do to the door, and delivers replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog

from adapters.slack.client import FAILED, Web
from adapters.slack.failures import INVALID_TOKEN_WAIT, TOKEN_CODES, classified, code, trouble
from adapters.slack.inbox import Inbox
from adapters.slack.link import Me, Router, SocketLink, signed
from adapters.slack.markup import Json
from adapters.slack.people import People
from adapters.slack.private import Home, Private
from adapters.slack.sending import Sender
from adapters.slack.views import Check, nothing_wrong
from adapters.slack.words import Words
from bot.edge import BODY_LIMIT
from bot.errors import SettingsError
from bot.model import Delivery, Origin, Receipt
from bot.ports import Door
from bot.until import until_set

PATIENCE = 15.0  # seconds that any call may take
WORK_EVERY = 2.0  # seconds: another process may have kept an input that nudged nobody here
REFUSED_LINK_WAIT = 30.0  # seconds
SAY_UNSIGNED_EVERY = 3600.0  # seconds: strangers knock, too, and shall not fill the log

WORDS = Words()

_JSON, _TEXT = "application/json", "text/plain"

log = structlog.get_logger()

_BOT_TOKEN = ("invalid_token", "token_revoked")  # problems that only a call with the bot's token can end
_ADVICE = {
    "invalid_token": "Slack does not take the bot token or lacks a scope: install the app again from its manifest",
    "invalid_app_token": "Slack does not take the app token: make one with connections:write",
    "token_revoked": "the app was removed from the workspace: install it again and take the fresh tokens",
    "other_workspace": "the bot token belongs to another workspace than before",
    "link_disabled": "Socket Mode is switched off in the app's settings: switch it on",
    "too_many_websockets": "more than ten processes hold a Socket Mode connection of this app: stop some",
    "refused": "Slack refuses our registration: compare the app with deploy/slack-manifest.yaml",
    "unsigned": "if Slack sent that, copy the signing secret anew, and see that this machine's clock is right",
}


class SlackAdapter:
    """A `bot.ports.Adapter`. `last_ok` (monotonic seconds) and `problem` (a short code) tell how it fares.

    `home` renders a person's Home tab. `opens` names choices, commands ("/journal") and forms whose answers are
    private: a window is opened at once for those. `check` says what is wrong with a form's field. `commands` are what
    replies write as "/journal", and Slack as "/heartsease journal". `knows` says whether somebody is a participant:
    the workspace tells us of everybody's zone, and of everybody in our channels. `in_need` says which words get help
    and not a notice, and `personal` which could be worth one.
    """

    def __init__(
        self,
        installation: str,
        bot_token: str,
        *,
        app_token: str = "",
        signing_secret: str = "",
        api_url: str | None = None,
        home: Home | None = None,
        opens: Collection[str] = (),
        commands: Collection[str] = (),
        knows: Callable[[Origin], Awaitable[bool]] | None = None,
        check: Check = nothing_wrong,
        in_need: Callable[[str], bool] = lambda _: False,
        personal: Callable[[str], bool] = lambda text: not text.startswith("/"),
        words: Words = WORDS,
        patience: float = PATIENCE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.installation = installation
        self.last_ok: float | None = None
        self.problem: str | None = None
        self._secret = "" if app_token else signing_secret
        self._said_unsigned: float | None = None
        self._sleep, self._monotonic, self._wall = sleep, monotonic, wall
        self._me = Me()
        self._web = Web(bot_token, api_url, patience)
        self._people = People(self._web)
        self._private = Private(
            installation,
            self._web,
            self._people,
            words,
            home=home,
            opens=opens,
            in_need=in_need,
            personal=personal,
            monotonic=monotonic,
        )
        self._sender = Sender(self._web, self._people, self._private, words, commands)
        self._inbox = Inbox(
            installation, self._people, self._private, words, knows=knows, revoked=self._revoked, check=check
        )
        self._router = Router(self._web, lambda: self._me, self._take)
        self._link = SocketLink(self._web, app_token, self._router) if app_token else None
        self._nudged = asyncio.Event()

    # ------------------------------------------------------------ out

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply; a long text as several messages, the buttons on the last, a file after them.

        `private` text never becomes a message: it goes into a window that waits for it, or behind a button.

        Raises:
            DeliveryError: one of its subclasses says what to do next.
        """
        try:
            receipt = await self._sender.send(delivery)
        except FAILED as error:
            self._blame_token(error)
            raise classified(error) from error
        if self.problem in _BOT_TOKEN:
            self._fine()
        self._private.told(delivery.platform_id)
        return receipt

    async def close(self) -> None:
        """Lets go of connections."""
        await self._private.close()
        await self._web.close()

    # ------------------------------------------------------------ in

    async def listen(self, door: Door) -> None:
        """Brings what people do to the door until cancelled; a platform that is down is tried again for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work(door))
            await self._insist(self._register)
            if self._link is None:
                await asyncio.Event().wait()
                return
            try:
                await self._hold(door, self._link)
            finally:
                await self._link.close()

    async def accept(self, door: Door, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, str]:
        """A POST to /slack/events: keeps what it brings, and gives status, body and content type to answer with.

        Slack posts an event again when it is not answered by 2xx within three seconds.
        """
        if not self._secret:
            return HTTPStatus.NOT_FOUND, b"", _TEXT
        if len(body) > BODY_LIMIT:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"", _TEXT
        lower = {name.lower(): value for name, value in headers.items()}
        if not signed(self._secret, lower, body, self._wall()):
            self._say_unsigned()
            return HTTPStatus.UNAUTHORIZED, b"", _TEXT
        status, answer = await self._router.dispatch(door, body.decode(errors="replace"), lower, "http")
        return status, answer.encode(), _JSON if answer.startswith("{") else _TEXT

    def _say_unsigned(self) -> None:
        """A wrong signing secret shows nowhere else: nothing that Slack sends would ever come in."""
        now = self._monotonic()
        if self._said_unsigned is None or now - self._said_unsigned >= SAY_UNSIGNED_EVERY:
            self._said_unsigned = now
            log.warning("slack.unsigned", installation=self.installation, advice=_ADVICE["unsigned"])

    async def _take(self, door: Door, body: Json, retry: bool) -> Json:
        answer = await self._inbox.take(door, body, me=self._me.user, retry=retry)
        self._nudged.set()
        return answer

    async def _work(self, door: Door) -> None:
        failures = 0
        while True:
            self._nudged.clear()
            try:
                while await door.work():
                    pass
            except Exception as error:
                log.error("slack.door", installation=self.installation, error=type(error).__name__)
                await self._sleep(trouble(error, failures)[1])
                failures += 1
                continue
            failures = 0
            self._private.refresh_homes()
            await until_set(self._nudged, WORK_EVERY)

    async def _hold(self, door: Door, link: SocketLink) -> None:
        """Keeps a Socket Mode connection for ever."""
        failures = 0
        while True:
            connected = asyncio.Event()
            try:
                reason = await link.run(door, partial(self._connected, connected))
            except Exception as error:
                failures = 0 if connected.is_set() else failures
                if code(error) in TOKEN_CODES:
                    self._trouble("invalid_app_token")
                    await self._sleep(INVALID_TOKEN_WAIT)
                else:
                    await self._rest(error, failures)
                failures += 1
                continue
            if reason in ("link_disabled", "too_many_websockets"):
                self._trouble(reason)
                await self._sleep(REFUSED_LINK_WAIT)
            elif not connected.is_set():  # closed before it said hello
                await self._rest(TimeoutError(), failures)
                failures += 1

    def _connected(self, now: asyncio.Event) -> None:
        now.set()
        if self.problem not in _BOT_TOKEN:
            self._fine()

    # ------------------------------------------------------------ registration and trouble

    async def _register(self) -> None:
        """Learns who we are."""
        while not self.installation.endswith(f":{(await self._whoami()).team}"):
            self._trouble("other_workspace")
            await self._sleep(INVALID_TOKEN_WAIT)
        self._fine()

    async def _whoami(self) -> Me:
        self._me = await _who(self._web)
        return self._me

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                return await step()
            except FAILED as error:
                await self._rest(error, failures)
                failures += 1

    async def _rest(self, error: Exception, failures: int) -> None:
        problem, wait = trouble(error, failures)
        self._trouble(problem)
        await self._sleep(wait)

    def _blame_token(self, error: Exception) -> None:
        if code(error) in TOKEN_CODES:
            self._trouble("token_revoked" if code(error) == "token_revoked" else "invalid_token")

    def _revoked(self) -> None:
        self._trouble("token_revoked")

    def _trouble(self, problem: str) -> None:
        """Says what is wrong, once a problem."""
        if problem != self.problem:
            log.error(f"slack.{problem}", installation=self.installation, advice=_ADVICE.get(problem))
        self.problem = problem

    def _fine(self) -> None:
        if self.problem is not None:
            log.info("slack.back", installation=self.installation, after=self.problem)
        self.problem, self.last_ok = None, self._monotonic()


async def connect(
    bot_token: str,
    *,
    api_url: str | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **options: Any,
) -> SlackAdapter:
    """The adapter of the workspace that a token belongs to; waits while Slack cannot be reached.

    Raises:
        SettingsError: Slack does not know the token.
    """
    web, failures = Web(bot_token, api_url, PATIENCE), 0
    try:
        while True:
            try:
                me = await _who(web)
                break
            except FAILED as error:
                if code(error) in TOKEN_CODES:
                    fix = "Slack does not take it; copy the Bot User OAuth Token (xoxb-…) of the installed app"
                    raise SettingsError("HEARTSEASE_SLACK_BOT_TOKEN", fix) from None
                problem, wait = trouble(error, failures)
                log.error(f"slack.{problem}", wait=wait)
                await sleep(wait)
                failures += 1
    finally:
        await web.close()
    return SlackAdapter(f"slack:{me.team}", bot_token, api_url=api_url, sleep=sleep, **options)


async def _who(web: Web) -> Me:
    answer = await web.api.auth_test()
    return Me(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id") or ""))
