"""One workspace of Slack's: brings what people do to the door, and delivers replies."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from adapters.slack import markup
from adapters.slack.client import Web
from adapters.slack.failures import INVALID_TOKEN_WAIT, TOKEN_CODES, classified, code, trouble
from adapters.slack.inbox import Inbox
from adapters.slack.inputs import PICK
from adapters.slack.link import Me, Router, SocketLink, signed
from adapters.slack.markup import Json, Part
from adapters.slack.people import People
from adapters.slack.private import Home, Private
from adapters.slack.words import Words
from bot.errors import Ignored, Rejected, SettingsError
from bot.model import Delivery, Origin, Receipt, Reply
from bot.ports import Door

PATIENCE = 15.0  # seconds that any call may take
WORK_EVERY = 2.0  # seconds: another process may have kept an input that nudged nobody here
REFUSED_LINK_WAIT = 30.0  # seconds
BODY_LIMIT = 1 << 20  # bytes of a request's body
KEPT = 2000  # messages that are remembered, so that their buttons can be replaced

WORDS = Words()

_TIMESTAMP = re.compile(r"\d+\.\d+")
_JSON, _TEXT = "application/json", "text/plain"
_FAILED = (SlackApiError, aiohttp.ClientError, TimeoutError)

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
}


class SlackAdapter:
    """A `bot.ports.Adapter`. `last_ok` (monotonic seconds) and `problem` (a short code) tell how it fares.

    `home` renders a person's Home tab. `opens` names choices, commands ("/journal") and forms whose answers are
    private: a window is opened at once for those. `commands` are what replies write as "/journal", and Slack as
    "/heartsease journal". `knows` says whether somebody is a participant: the workspace tells us of everybody's zone,
    and of everybody in our channels.
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
        self._words, self._commands = words, markup.command_names(commands)
        self._sleep, self._monotonic, self._wall = sleep, monotonic, wall
        self._me = Me()
        self._web = Web(bot_token, api_url, patience)
        self._people = People(self._web)
        self._private = Private(
            installation, self._web, self._people, words, home=home, opens=opens, monotonic=monotonic
        )
        self._inbox = Inbox(installation, self._people, self._private, words, knows=knows, revoked=self._revoked)
        self._router = Router(self._web, lambda: self._me, self._take)
        self._link = SocketLink(self._web, app_token, self._router) if app_token else None
        self._nudged = asyncio.Event()
        self._said: OrderedDict[tuple[str, str], Part] = OrderedDict()  # what we said lately
        self._parts_sent: dict[int, int] = {}  # what is through of a long reply whose rest must be retried

    # ------------------------------------------------------------ out

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply; a long text as several messages, the buttons on the last.

        `private` text never becomes a message: it goes into a window that waits for it, or behind a button.

        Raises:
            DeliveryError: one of its subclasses says what to do next.
        """
        try:
            channel = await self._people.channel(delivery.platform_id)
            match delivery.reply.act:
                case "message":
                    receipt = await self._say(delivery, channel)
                case "react":
                    receipt = await self._react(delivery.reply, channel)
                case "close":
                    receipt = await self._close_question(delivery.reply, channel)
                case "edit":
                    receipt = await self._edit(delivery, channel)
        except _FAILED as error:
            self._blame_token(error)
            raise classified(error) from error
        if self.problem in _BOT_TOKEN:
            self._fine()
        self._private.told(delivery.platform_id)
        return receipt

    async def publish(self, platform_id: str) -> None:
        """Brings a person's Home tab up to date. Never retried."""
        with suppress(*_FAILED):
            await self._private.publish(platform_id)

    async def close(self) -> None:
        """Lets go of connections."""
        await self._private.close()
        await self._web.close()

    async def _say(self, delivery: Delivery, channel: str) -> Receipt:
        reply, person = delivery.reply, delivery.platform_id
        if not any(span.text.strip() for block in reply.text for span in block.spans):
            raise Rejected("a message without text")
        if not reply.private:
            buttons = self._buttons(person, reply)
            text = markup.with_commands(reply.text, self._commands)
            found = markup.parts(text, markup.MESSAGE_BLOCKS - len(buttons))
            receipt = await self._post(delivery, channel, found, buttons)
            await self._private.said_in_chat(person, reply)
            return receipt
        if not person.startswith(("U", "W")):
            raise Rejected("private text in a channel")
        if await self._private.show(person, reply):
            return Receipt()
        part, buttons = self._private.invitation(person, reply)
        return await self._post(delivery, channel, [part], buttons)

    def _buttons(self, person: str, reply: Reply) -> list[Json]:
        buttons = markup.actions(reply.rows) + self._private.write_button(person, reply)
        if reply.picker:
            label = self._words.pick_time if reply.picker == "time" else self._words.pick_date
            picker = {"type": f"{reply.picker}picker", "action_id": f"{PICK}{reply.asked}"}
            buttons.append({"type": "actions", "elements": [{**picker, "placeholder": markup.plain_text(label, 150)}]})
        if len(buttons) >= markup.MESSAGE_BLOCKS:
            raise Rejected("too many rows of buttons")
        return buttons

    async def _post(self, delivery: Delivery, channel: str, parts: Sequence[Part], buttons: list[Json]) -> Receipt:
        sent, ref = self._parts_sent.pop(delivery.id, 0), ""
        try:
            for part in parts[sent:]:
                blocks = [*part.blocks, *(buttons if sent == len(parts) - 1 else ())]
                answer = await self._web.api.chat_postMessage(
                    channel=channel, text=part.text, blocks=blocks, mrkdwn=False, unfurl_links=False, unfurl_media=False
                )
                sent, ref = sent + 1, str(answer["ts"])
                self._remember(channel, ref, Part(tuple(blocks), part.text))
        except _FAILED:
            if sent:
                self._parts_sent[delivery.id] = sent
            raise
        return Receipt(ref)

    async def _react(self, reply: Reply, channel: str) -> Receipt:
        name = markup.reaction(reply.emoji)
        if name is None:
            raise Ignored("an emoji without a name")
        await self._web.api.reactions_add(channel=channel, timestamp=_message(reply), name=name)
        return Receipt(reply.ref)

    async def _close_question(self, reply: Reply, channel: str) -> Receipt:
        ts = _message(reply)
        before = self._said.get((channel, ts)) or await self._of_an_earlier_process(channel, ts)
        after = Part(tuple(markup.closed(before.blocks, reply.rows)), before.text)
        await self._web.api.chat_update(channel=channel, ts=ts, text=after.text, blocks=list(after.blocks))
        self._remember(channel, ts, after)
        return Receipt(reply.ref)

    async def _edit(self, delivery: Delivery, channel: str) -> Receipt:
        """A message in place of an earlier one; only one that fits into one message can be, and no private text."""
        reply, ts = delivery.reply, _message(delivery.reply)
        buttons = self._buttons(delivery.platform_id, reply)
        found = markup.parts(reply.text, markup.MESSAGE_BLOCKS - len(buttons))
        if len(found) != 1 or reply.private:
            raise Rejected("an edit is one message without private text")
        after = Part((*found[0].blocks, *buttons), found[0].text)
        await self._web.api.chat_update(channel=channel, ts=ts, text=after.text, blocks=list(after.blocks))
        self._remember(channel, ts, after)
        return Receipt(reply.ref)

    async def _of_an_earlier_process(self, channel: str, ts: str) -> Part:
        answer = await self._web.api.conversations_history(channel=channel, latest=ts, limit=1, inclusive=True)
        for each in answer["messages"]:
            if each.get("ts") == ts and each.get("blocks"):
                return Part(tuple(each["blocks"]), str(each.get("text") or "✓"))
        raise Ignored("message_not_found")

    def _remember(self, channel: str, ts: str, part: Part) -> None:
        self._said[channel, ts] = part
        if len(self._said) > KEPT:
            self._said.popitem(last=False)

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
            return HTTPStatus.UNAUTHORIZED, b"", _TEXT
        status, answer = await self._router.dispatch(door, body.decode(errors="replace"), lower, "http")
        return status, answer.encode(), _JSON if answer.startswith("{") else _TEXT

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
                await self._sleep(min(0.5 * 2 ** min(failures, 10), 30.0))
                failures += 1
                continue
            failures = 0
            self._private.refresh_homes()
            with suppress(TimeoutError):
                async with asyncio.timeout(WORK_EVERY):
                    await self._nudged.wait()

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
            except _FAILED as error:
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
            except _FAILED as error:
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


def _message(reply: Reply) -> str:
    """The message that a reaction or a closed question belongs to. Raises Ignored: it belongs to none."""
    if not _TIMESTAMP.fullmatch(reply.ref or ""):
        raise Ignored("no message")
    return str(reply.ref)
