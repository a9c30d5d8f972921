"""One bot of Telegram's: brings its updates to the door, and delivers replies."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from telegram import Bot, LinkPreviewOptions
from telegram.constants import ChatAction
from telegram.error import BadRequest, InvalidToken, TelegramError

from adapters.proxy import environment_proxy
from adapters.telegram.aiohttp_request import AiohttpRequest, call_data
from adapters.telegram.failures import classified, trouble
from adapters.telegram.groups import Raw
from adapters.telegram.inputs import ALLOWED_UPDATES, group_called, to_incoming
from adapters.telegram.sending import Sender
from bot.edge import BODY_LIMIT
from bot.errors import Ignored
from bot.model import ChoiceMade, Delivery, Incoming, MessageReceived, Origin, Receipt
from bot.ports import Door
from bot.until import until_set

API = "https://api.telegram.org"
POLL = 25.0  # seconds that Telegram holds a poll open
PATIENCE = 15.0  # seconds that any call may take, and a poll beyond its time-out
SLOW = 1.0  # seconds after which somebody who waits for an answer sees "typing…"
WORK_EVERY = 2.0  # seconds: another process may have kept an input that nudged nobody here
GROUP_ANSWER_EVERY = 3600.0  # seconds

_FETCH = 100  # updates in one poll, Telegram's most
_TYPING_AT_ONCE = 20

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

log = structlog.get_logger()

# What a person must do about a trouble; the others pass by themselves.
_ADVICE = {
    "conflict": "another process polls this bot: stop it, or give each its own token",
    "invalid_token": "Telegram does not know this token: take a fresh one from @BotFather",
    "refused": "Telegram refuses our registration: look at the webhook's URL and secret",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram shall post updates: our public base URL, and the secret (1 to 256 of A-Z a-z 0-9 _ -)."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Words:
    """What the adapter itself says."""

    write_in_private: str = "I only talk one to one. Please write to me in private."
    start_first: str = "I answer in private. Please begin there first, then write /cohort here once more:"
    share_location: str = "Share my location"
    taken_back: str = "(taken back)"  # stands where Telegram would not delete


class TelegramAdapter:
    """A `bot.ports.Adapter`. `last_ok` (monotonic seconds) and `problem` (a short code) tell how it fares."""

    def __init__(
        self,
        installation: str,
        token: str,
        base_url: str | None = None,
        *,
        webhook: Webhook | None = None,
        commands: Sequence[tuple[str, str]] = (),
        words: Words = Words(),
        knows: Callable[[Origin], Awaitable[bool]] | None = None,
        poll_timeout: float = POLL,
        patience: float = PATIENCE,
        slow_after: float = SLOW,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        base = (base_url or API).rstrip("/")
        proxy = environment_proxy(base)
        self.installation = installation
        self.last_ok: float | None = None
        self.problem: str | None = None
        self.webhook_path = f"/telegram/{hmac.new(token.encode(), b'webhook path', hashlib.sha256).hexdigest()[:40]}"
        self._webhook, self._commands, self._words, self._knows = webhook, commands, words, knows
        self._poll_timeout, self._patience, self._slow_after = poll_timeout, patience, slow_after
        self._sleep, self._monotonic = sleep, monotonic
        self._polling = AiohttpRequest(connections=1, read_timeout=patience, proxy=proxy)
        self._calls = AiohttpRequest(read_timeout=patience, proxy=proxy)
        self._bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._calls,
            get_updates_request=self._polling,
        )
        self._url = f"{base}/bot{token}"
        self._username = ""
        self._offset: int | None = None
        self._nudged = asyncio.Event()
        self._asides: set[asyncio.Task[None]] = set()
        self._told: dict[tuple[int | str, str], float] = {}  # what groups heard lately: where to write
        self._sender = Sender(self._bot, self._calls, self._url, words.share_location, words.taken_back)

    @property
    def start_link(self) -> str:
        """What opens a chat with us and hands over the code behind it; empty until Telegram told us our name."""
        return f"https://t.me/{self._username}?start=" if self._username else ""

    # ------------------------------------------------------------ out

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply; a long text or a file as several messages, the buttons on the last.

        Raises:
            DeliveryError: one of its subclasses says what to do next.
        """
        try:
            return await self._sender.send(delivery)
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                if delivery.reply.act != "message":  # a self-hosted server that does not know this call yet
                    raise Ignored("unknown call") from error
                log.error("telegram.invalid_token", installation=self.installation, advice=_ADVICE["invalid_token"])
            raise classified(error) from error

    async def typing(self, platform_id: str) -> None:
        """Shows "typing…" for some seconds. Never retried."""
        with suppress(TelegramError):
            await self._bot.send_chat_action(platform_id, ChatAction.TYPING)

    async def close(self) -> None:
        """Lets go of connections."""
        for aside in self._asides:
            aside.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)
        await self._polling.shutdown()
        await self._calls.shutdown()

    # ------------------------------------------------------------ in

    async def listen(self, door: Door) -> None:
        """Brings updates to the door until cancelled; a platform that is down is tried again for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._set_commands())
            await (self._poll(door) if self._webhook is None else self._work(door))

    async def accept(self, door: Door, secret_header: str | None, body: bytes) -> int:
        """A webhook's POST: keeps the update, and gives the HTTP status to answer with.

        `secret_header` is X-Telegram-Bot-Api-Secret-Token. Telegram posts again whatever is not answered by 2xx.
        """
        if self._webhook is None:
            return HTTPStatus.NOT_FOUND
        if secret_header is None:
            return HTTPStatus.UNAUTHORIZED
        if not hmac.compare_digest(secret_header.encode(), self._webhook.secret.encode()):
            return HTTPStatus.FORBIDDEN
        if len(body) > BODY_LIMIT:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        if not isinstance(raw, dict) or not isinstance(raw.get("update_id"), int):
            return HTTPStatus.BAD_REQUEST
        try:
            await door.keep(await self._answerable(self._batch([raw])))
        except Exception as error:
            log.error("telegram.not_kept", installation=self.installation, error=type(error).__name__)
            return HTTPStatus.SERVICE_UNAVAILABLE
        self._nudged.set()
        self._answer([raw])
        return HTTPStatus.OK

    async def _poll(self, door: Door) -> None:
        await self._insist(self._register)
        failures = 0
        while True:
            try:
                updates = await self._fetch()
                await self._receive(door, await self._answerable(self._batch(updates)))
            except Exception as error:
                await self._rest(error, failures)
                failures += 1
                continue
            failures = 0
            self._fine()
            if updates:
                self._offset = updates[-1]["update_id"] + 1
            self._answer(updates)

    async def _work(self, door: Door) -> None:
        await self._insist(self._register)
        failures = 0
        while True:
            self._nudged.clear()
            try:
                while await door.work():
                    pass
            except Exception as error:
                await self._rest(error, failures)
                failures += 1
                continue
            failures = 0
            self._fine()
            await until_set(self._nudged, WORK_EVERY)

    async def _fetch(self) -> list[Raw]:
        """A poll (short in trouble: is it over?)."""
        wanted: dict[str, Any] = {"timeout": 0 if self.problem else int(self._poll_timeout), "limit": _FETCH}
        wanted["allowed_updates"] = ALLOWED_UPDATES
        if self._offset is not None:
            wanted["offset"] = self._offset
        answer: Any = await self._polling.post(
            f"{self._url}/getUpdates", call_data(wanted), read_timeout=self._poll_timeout + self._patience
        )
        return list(answer)

    def _batch(self, updates: Sequence[Raw]) -> list[Incoming]:
        batch = []
        for update in updates:
            try:
                incoming = to_incoming(self.installation, update, self._username)
            except Exception as error:  # what we cannot read today would otherwise come again for ever
                log.error("telegram.unreadable", installation=self.installation, error=type(error).__name__)
                continue
            if incoming is not None:
                batch.append(incoming)
        return batch

    async def _answerable(self, batch: Sequence[Incoming]) -> list[Incoming]:
        """Without commands from groups by people who never began a chat with us: we cannot answer them in private."""
        found = []
        for each in batch:
            chat = each.given.chat if isinstance(each.given, MessageReceived) else ""
            if not chat or self._knows is None or await self._knows(each.origin):
                found.append(each)
            else:
                self._tell_group(chat, f"{self._words.start_first} https://t.me/{self._username}")
        return found

    async def _receive(self, door: Door, batch: Sequence[Incoming]) -> None:
        if not batch:
            return
        slow = asyncio.get_running_loop().call_later(self._slow_after, self._show_typing, batch)
        try:
            await door.receive(batch)
        finally:
            slow.cancel()

    # ------------------------------------------------------------ immediate answers: no outbox, no state, no retry

    def _show_typing(self, batch: Sequence[Incoming]) -> None:
        waiting = {each.origin.platform_id for each in batch if isinstance(each.given, MessageReceived | ChoiceMade)}
        for platform_id in islice(waiting, _TYPING_AT_ONCE):
            self._aside(self.typing(platform_id))

    def _answer(self, updates: Sequence[Raw]) -> None:
        for update in updates:
            with suppress(AttributeError, KeyError, TypeError):  # one that `_batch` could not read either
                if (tap := update.get("callback_query")) is not None:
                    self._aside(self._answer_tap(tap["id"]))
                elif (group := group_called(update, self._username)) is not None:
                    self._tell_group(group, self._words.write_in_private)

    async def _answer_tap(self, query_id: str) -> None:
        with suppress(TelegramError):
            await self._bot.answer_callback_query(query_id)

    def _tell_group(self, chat_id: int | str, line: str) -> None:
        now = self._monotonic()
        self._told = {told: at for told, at in self._told.items() if now - at < GROUP_ANSWER_EVERY}
        if (chat_id, line) not in self._told:
            self._told[chat_id, line] = now
            self._aside(self._say_in_group(chat_id, line))

    async def _say_in_group(self, chat_id: int | str, line: str) -> None:
        with suppress(TelegramError):
            await self._bot.send_message(chat_id, line, link_preview_options=_NO_PREVIEW)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        aside = asyncio.create_task(work)
        self._asides.add(aside)
        aside.add_done_callback(self._asides.discard)

    # ------------------------------------------------------------ registration and trouble

    async def _register(self) -> None:
        """Learns our name, and tells Telegram how updates shall reach us."""
        self._username = (await self._bot.get_me()).username or ""
        if self._webhook is None:
            with suppress(InvalidToken):  # get_me knew the token: this server only does not know the call
                await self._bot.delete_webhook()
        else:
            await self._bot.set_webhook(
                self._webhook.url.rstrip("/") + self.webhook_path,
                allowed_updates=ALLOWED_UPDATES,
                secret_token=self._webhook.secret,
            )

    async def learn_name(self) -> None:
        """Learns our name without listening, as another process does that; tries until it is known."""
        failures = 0
        while not self._username:
            try:
                self._username = (await self._bot.get_me()).username or ""
            except TelegramError as error:
                await self._sleep(trouble(error, failures)[1])
                failures += 1

    async def _set_commands(self) -> None:
        """The menu of commands: wanted, but nothing waits for it."""
        failures = 0
        while self._commands:
            try:
                await self._bot.set_my_commands(self._commands)
                return
            except BadRequest:
                log.error("telegram.commands_refused", installation=self.installation)
                return
            except TelegramError as error:
                await self._sleep(trouble(error, failures)[1])
                failures += 1

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await step()
                return self._fine()
            except TelegramError as error:
                await self._rest(error, failures)
                failures += 1

    async def _rest(self, error: Exception, failures: int) -> None:
        """Says what is wrong, once a problem, and waits."""
        problem, wait = trouble(error, failures)
        if problem != self.problem:
            log.error(
                f"telegram.{problem}",
                installation=self.installation,
                error=type(error).__name__,
                advice=_ADVICE.get(problem),
            )
        self.problem = problem
        await self._sleep(wait)

    def _fine(self) -> None:
        if self.problem is not None:
            log.info("telegram.back", installation=self.installation, after=self.problem)
        self.problem, self.last_ok = None, self._monotonic()
