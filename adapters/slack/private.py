"""Immediate answers: windows and the Home tab. No outbox, no state that must last, no retry (design.md §7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from adapters.slack import views
from adapters.slack.client import Web
from adapters.slack.failures import code
from adapters.slack.inputs import SHOW, WRITE, action_of, data_of
from adapters.slack.markup import BLOCK_TEXT, Json, Part, button, escaped, plain_text
from adapters.slack.people import People
from adapters.slack.windows import Shelf, Windows
from adapters.slack.words import Words
from bot.model import ChoiceMade, FormSubmitted, Input, MessageReceived, Origin, Reply

Home = Callable[[Origin], Awaitable[Reply]]

NOTICE_EVERY = 24 * 3600.0  # seconds
_EXPIRED = ("expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged")

log = structlog.get_logger()


class Private:
    """What is shown to one person only. `opens`: the choices, commands and forms whose answers are private."""

    def __init__(
        self,
        installation: str,
        web: Web,
        people: People,
        words: Words,
        *,
        home: Home | None,
        opens: Collection[str],
        in_need: Callable[[str], bool],
        personal: Callable[[str], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self._installation, self._web, self._people, self._words = installation, web, people, words
        self._home, self._opens, self._monotonic = home, frozenset(opens), monotonic
        self._in_need, self._personal = in_need, personal
        self._shelf, self._windows = Shelf(), Windows()
        self._last: dict[str, str] = {}  # what each person last asked for, as a button would
        self._noticed: dict[str, float] = {}
        self._visitors: set[str] = set()  # who opened their Home tab
        self._homes: set[str] = set()  # whose Home tab may have changed
        self._asides: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Ends what is under way."""
        for aside in self._asides:
            aside.cancel()
        await asyncio.gather(*self._asides, return_exceptions=True)

    # ------------------------------------------------------------ what is sent

    async def show(self, user: str, reply: Reply) -> bool:
        """Shows a private reply in the window that waits for it; False if none does. Raises Slack's errors."""
        view_id = await self._windows.take(user)
        if view_id is None:
            return False
        try:
            await self._web.api.views_update(view_id=view_id, view=views.modal(self._words, reply))
        except SlackApiError as error:
            if code(error) == "not_found":  # they closed it
                return False
            raise
        return True

    def invitation(self, user: str, reply: Reply) -> tuple[Part, list[Json]]:
        """The message that stands for a private reply: one line, and a button that opens the reply."""
        block = {"type": "section", "text": plain_text(self._words.private_here, BLOCK_TEXT)}
        value = f"{self._shelf.put(user, reply)}:{self._last.get(user, '')}"
        opens = {"type": "actions", "elements": [button(self._words.open_private, value, f"{SHOW}0")]}
        return Part((block,), escaped(self._words.private_here)), [opens]

    def write_button(self, platform_id: str, reply: Reply) -> list[Json]:
        """The button that opens a reply's form. What stands in the form already is not in the message."""
        if reply.form is None:
            return []
        asked = reply.form.asked or reply.asked
        token = self._shelf.put(platform_id, Reply(form=reply.form, asked=asked))
        value = f"{token}:{asked}:{views.packed(reply.form) or ''}"
        label = self._words.fill_in if len(reply.form.fields) > 1 else self._words.write
        return [{"type": "actions", "elements": [button(label, value, f"{WRITE}0")]}]

    async def said_in_chat(self, user: str, reply: Reply) -> None:
        """A window waits, and the answer went into the conversation: shows what it says, with its form or where it is.

        Another answer may follow, so a window without a form goes on waiting, and keeps what it showed.
        """
        reply = replace(reply, text=self._windows.said(user, reply.text))
        if reply.form is not None:
            view_id, view = await self._windows.take(user), views.modal(self._words, reply)
        else:
            view_id = await self._windows.glance(user)
            view = views.modal(self._words, replace(reply, rows=()), line=self._words.in_chat)
        if view_id is not None:
            self.aside(self._update, view_id, view)

    # ------------------------------------------------------------ what came in

    def opens_by_itself(self, body: Mapping[str, Any], user: str) -> bool:
        """Acts on a button whose window needs nothing of the coach; whether it was one."""
        action = action_of(body)
        name, value = str(action.get("action_id") or ""), str(action.get("value") or "")
        token, _, rest = value.partition(":")
        reply = self._shelf.get(token, user)
        if name.startswith(SHOW):
            if reply is None and rest:
                return False  # it is asked for again
            line = "" if reply else self._words.gone
            self.aside(self._open_now, body, user, views.modal(self._words, reply, line=line))
            return True
        if name.startswith(WRITE):
            asked, _, packed = rest.partition(":")
            form = reply.form if reply else views.unpacked(packed)
            line = "" if form else self._words.gone
            view = views.modal(self._words, form=form, line=line, asked=int(asked or 0))
            self.aside(self._open_now, body, user, view)
            return True
        return False

    def expect(self, body: Mapping[str, Any], user: str, given: Input) -> Json:
        """Opens a window for a private answer that will come, and remembers one that is open; what the ack says."""
        self._last[user] = data_of(given) or self._last.get(user, "")
        view = body.get("view") or {}
        if view.get("type") == "home":
            self._homes.add(user)
        wanted = _name(given) in self._opens or str(action_of(body).get("action_id") or "").startswith(SHOW)
        loading = views.modal(self._words, line=self._words.loading)
        if isinstance(given, FormSubmitted):
            if wanted or self._windows.stays(str(view.get("id"))):
                self._wait(user, view.get("id"))
                return {"response_action": "update", "view": loading}
        elif view.get("type") == "modal":
            self._wait(user, view.get("id"))
            if wanted:
                self.aside(self._update, str(view.get("id")), loading)
        elif view.get("type") == "home" and body.get("trigger_id"):  # on the Home tab no message is seen
            self._windows.wait(user, self.aside(self._open_to_stay, body, loading))
        elif wanted and body.get("trigger_id"):
            self._windows.wait(user, self.aside(self._open, body, loading))
        return {}

    def noticed_typing(self, user: str, given: Input) -> None:
        """Says once a day to who types that messages may be exported; to who is in need, not on that day."""
        if not isinstance(given, MessageReceived) or given.edited or not self._personal(given.text):
            return
        now = self._monotonic()
        if now - self._noticed.get(user, -NOTICE_EVERY) >= NOTICE_EVERY:
            self._noticed[user] = now
            if not self._in_need(given.text):
                self.aside(self._whisper, user, self._words.typed_notice)

    def answers_apart(self, channel: str, user: str) -> None:
        """Says to who tapped in a channel, and to nobody else there, where the answer is."""
        self.aside(self._say_to, channel, user, self._words.in_private)

    # ------------------------------------------------------------ the Home tab

    def home_opened(self, user: str, seen: Mapping[str, Any] | None) -> None:
        """Publishes their Home tab; `seen` is the view that they see now."""
        if self._home is not None:
            self._visitors.add(user)
            self.aside(self.publish, user, str((seen or {}).get("hash") or ""))

    def told(self, user: str) -> None:
        """The coach had something to say to them, so their Home tab may have changed."""
        if user in self._visitors:
            self._homes.add(user)

    def refresh_homes(self) -> None:
        """The coach has worked: who opened their Home tab sees it."""
        homes, self._homes = self._homes, set()
        for user in homes:
            self.home_opened(user, None)

    async def publish(self, user: str, seen: str = "") -> None:
        """Renders and publishes a Home tab; where another was published meanwhile, renders again and wins."""
        if self._home is None:
            return
        reply = await self._home(Origin(self._installation, user))
        try:
            extra = {"hash": seen} if seen else {}
            await self._web.api.views_publish(user_id=user, view=views.home(reply), **extra)
        except SlackApiError as error:
            if code(error) != "hash_conflict":
                raise
            await self.publish(user)

    # ------------------------------------------------------------ calls

    def aside(self, work: Callable[..., Awaitable[Any]], *about: Any) -> asyncio.Task[Any]:
        """Does something beside the acknowledgement; a failure is logged by its code only."""

        async def careful() -> Any:
            try:
                return await work(*about)
            except Exception as error:
                problem = code(error) or type(error).__name__
                log.warning("slack.aside_failed", installation=self._installation, problem=problem)
                return None

        task = asyncio.create_task(careful())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
        return task

    def _wait(self, user: str, view_id: str | None) -> None:
        known: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        known.set_result(view_id)
        self._windows.wait(user, known)

    async def _open_now(self, body: Mapping[str, Any], user: str, view: Json) -> None:
        try:
            await self._open(body, view)
        except SlackApiError as error:
            if code(error) not in _EXPIRED:
                raise
            log.info("slack.expired_trigger", installation=self._installation)
            await self._whisper(user, self._words.try_again)

    async def _open(self, body: Mapping[str, Any], view: Json) -> str:
        """The id of the view: the modal in which something was tapped, or a new one."""
        inside = body.get("view") or {}
        if inside.get("type") == "modal":
            answer = await self._web.api.views_update(view_id=inside["id"], view=view)
        else:
            answer = await self._web.api.views_open(trigger_id=str(body.get("trigger_id") or ""), view=view)
        return str(answer["view"]["id"])

    async def _open_to_stay(self, body: Mapping[str, Any], view: Json) -> str:
        view_id = await self._open(body, view)
        self._windows.stay(view_id)
        return view_id

    async def _update(self, view_id: str, view: Json) -> None:
        try:
            await self._web.api.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if code(error) != "not_found":  # they closed it
                raise

    async def _whisper(self, user: str, line: str) -> None:
        """A line for them alone, which is not kept in the conversation."""
        await self._say_to(await self._people.channel(user), user, line)

    async def _say_to(self, channel: str, user: str, line: str) -> None:
        await self._web.api.chat_postEphemeral(channel=channel, user=user, text=escaped(line))


def _name(given: Input) -> str:
    """What `opens` calls an input: a choice, a command without its words, a form."""
    match given:
        case ChoiceMade(choice=choice):
            return choice
        case FormSubmitted(form=form):
            return form
        case MessageReceived(text=text) if text.startswith("/"):
            return text.split()[0]
    return ""
