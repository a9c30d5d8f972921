"""Puts one reply on the wire: a message in its parts and its file, a reaction, an edit, a pin, a deletion."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from slack_sdk.errors import SlackApiError

from adapters.refs import ids_of, joined
from adapters.slack import markup
from adapters.slack.client import FAILED, Web
from adapters.slack.failures import NO_FILES, NO_THREAD, code, meaning
from adapters.slack.inputs import PICK
from adapters.slack.markup import Json, Part
from adapters.slack.people import People
from adapters.slack.private import Private
from adapters.slack.words import Words
from bot.errors import Ignored, Rejected
from bot.model import Delivery, Document, Receipt, Reply

KEPT = 2000  # messages that are remembered, so that their buttons can be replaced

_TIMESTAMP = re.compile(r"\d+\.\d+")


@dataclass(slots=True)
class _UnderWay:
    """What is through of a reply whose rest must be retried."""

    channel: str
    thread: str | None
    sent: list[str] = field(default_factory=list)


class Sender:
    """Sends for one workspace. `commands` are what replies write as "/journal", and Slack as "/heartsease journal"."""

    def __init__(self, web: Web, people: People, private: Private, words: Words, commands: Collection[str]) -> None:
        self._web, self._people, self._private, self._words = web, people, private, words
        self._commands = markup.command_names(commands)
        self._said: OrderedDict[tuple[str, str], Part] = OrderedDict()  # what we said lately
        self._under_way: dict[int, _UnderWay] = {}

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply; one with company into the conversation of all of them.

        Raises:
            SlackApiError, aiohttp.ClientError, TimeoutError: as Slack answered, or did not.
            DeliveryError: the reply cannot be sent as it is, or need not be.
        """
        reply = delivery.reply
        if reply.private and (reply.file or reply.company):
            raise Rejected("private text among others, or in a file")
        channel = await self._people.channel(delivery.platform_id, reply.company)
        match reply.act:
            case "message":
                return await self._say(delivery, channel)
            case "react":
                return await self._react(reply, channel)
            case "close":
                return await self._close_question(reply, channel)
            case "edit":
                return await self._edit(delivery, channel)
            case "delete":
                return await self._delete(reply, channel)
            case "pin" | "unpin":
                return await self._pin(reply, channel)

    # ------------------------------------------------------------ messages

    async def _say(self, delivery: Delivery, channel: str) -> Receipt:
        reply, person = delivery.reply, delivery.platform_id
        if not any(span.text.strip() for block in reply.text for span in block.spans):
            raise Rejected("a message without text")
        if not reply.private:
            buttons = self._buttons(person, reply)
            text = markup.with_commands(reply.text, self._commands)
            found = markup.parts(text, markup.MESSAGE_BLOCKS - len(buttons))
            receipt = await self._post(delivery, channel, found, buttons)
            if not reply.company:
                await self._private.said_in_chat(person, replace(reply, text=tuple(text)))
            return receipt
        if not person.startswith(("U", "W")):
            raise Rejected("private text in a channel")
        if await self._private.show(person, reply):
            return Receipt()
        part, opens = self._private.invitation(person, reply)
        return await self._post(delivery, channel, [part], opens)

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
        """The parts one after the other, the buttons on the last, then the file: Slack has none beside buttons."""
        reply = delivery.reply
        thread = _first(reply) if reply.of and reply.ref else None
        done = self._under_way.pop(delivery.id, None) or _UnderWay(channel, thread)
        try:
            for part in parts[len(done.sent) :]:
                blocks = (*part.blocks, *(buttons if len(done.sent) == len(parts) - 1 else ()))
                done.sent.append(await self._post_part(done, Part(blocks, part.text)))
            if reply.file is not None:
                await self._attach(done, reply.file)
        except FAILED:
            if done.sent:
                self._under_way[delivery.id] = done
            raise
        return Receipt(joined(done.sent))

    async def _post_part(self, done: _UnderWay, part: Part) -> str:
        try:
            answer = await self._web.api.chat_postMessage(
                channel=done.channel,
                text=part.text,
                blocks=list(part.blocks),
                thread_ts=done.thread,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if done.thread is None or code(error) not in NO_THREAD:
                raise
            done.thread = None  # what it answers is gone: it stands by itself
            return await self._post_part(done, part)
        ts = str(answer["ts"])
        self._remember(done.channel, ts, part)
        return ts

    async def _attach(self, done: _UnderWay, file: Document) -> None:
        """The file; where the workspace takes none, they hear that it is missing, and not by our silence."""
        try:
            await self._upload(file, done.channel, done.thread)
        except Rejected:
            missing = {"type": "section", "text": markup.plain_text(self._words.no_file, markup.BLOCK_TEXT)}
            await self._post_part(done, Part((missing,), markup.escaped(self._words.no_file)))
            raise

    async def _upload(self, file: Document, channel: str, thread: str | None) -> None:
        content = file.content.encode()
        with meaning(Rejected, NO_FILES):
            place = await self._web.api.files_getUploadURLExternal(filename=file.name, length=len(content))
            await self._web.upload(str(place["upload_url"]), content)
            about: dict[str, str | None] = {"id": str(place["file_id"]), "title": file.name}
            await self._web.api.files_completeUploadExternal(files=[about], channel_id=channel, thread_ts=thread)

    # ------------------------------------------------------------ what happens to messages

    async def _react(self, reply: Reply, channel: str) -> Receipt:
        name = markup.reaction(reply.emoji)
        if name is None:
            raise Ignored("an emoji without a name")
        await self._web.api.reactions_add(channel=channel, timestamp=_last(reply), name=name)
        return Receipt(reply.ref)

    async def _close_question(self, reply: Reply, channel: str) -> Receipt:
        ts = _last(reply)
        before = self._said.get((channel, ts)) or await self._of_an_earlier_process(channel, ts)
        await self._update(channel, ts, Part(tuple(markup.closed(before.blocks, reply.rows)), before.text))
        return Receipt(reply.ref)

    async def _edit(self, delivery: Delivery, channel: str) -> Receipt:
        """A message in place of an earlier one; only one that fits into one message can be, and no private text."""
        reply, ts = delivery.reply, _last(delivery.reply)
        buttons = self._buttons(delivery.platform_id, reply)
        text = markup.with_commands(reply.text, self._commands)
        found = markup.parts(text, markup.MESSAGE_BLOCKS - len(buttons))
        if len(found) != 1 or reply.private:
            raise Rejected("an edit is one message without private text")
        await self._update(channel, ts, Part((*found[0].blocks, *buttons), found[0].text))
        return Receipt(reply.ref)

    async def _update(self, channel: str, ts: str, part: Part) -> None:
        await self._web.api.chat_update(channel=channel, ts=ts, text=part.text, blocks=list(part.blocks))
        self._remember(channel, ts, part)

    async def _delete(self, reply: Reply, channel: str) -> Receipt:
        """All its parts. One that is gone already is none that stays; where Slack will not, the rest still goes."""
        refused: SlackApiError | None = None
        for ts in _all(reply):
            try:
                await self._web.api.chat_delete(channel=channel, ts=ts)
            except SlackApiError as error:
                if code(error) != "message_not_found":
                    refused = error
            self._said.pop((channel, ts), None)
        if refused is not None:
            raise refused
        return Receipt(reply.ref)

    async def _pin(self, reply: Reply, channel: str) -> Receipt:
        call = self._web.api.pins_add if reply.act == "pin" else self._web.api.pins_remove
        with meaning(Ignored):
            await call(channel=channel, timestamp=_first(reply))
        return Receipt(reply.ref)

    async def _of_an_earlier_process(self, channel: str, ts: str) -> Part:
        with meaning(Ignored):  # we may read direct conversations only
            answer = await self._web.api.conversations_history(channel=channel, latest=ts, limit=1, inclusive=True)
        for each in answer["messages"]:
            if each.get("ts") == ts and each.get("blocks"):
                return Part(tuple(each["blocks"]), str(each.get("text") or "✓"))
        raise Ignored("message_not_found")

    def _remember(self, channel: str, ts: str, part: Part) -> None:
        self._said[channel, ts] = part
        if len(self._said) > KEPT:
            self._said.popitem(last=False)


def _all(reply: Reply) -> list[str]:
    """The messages that a reply is about. Raises Ignored: there is none."""
    found = ids_of(reply.ref)
    if not found or not all(map(_TIMESTAMP.fullmatch, found)):
        raise Ignored("no message")
    return found


def _first(reply: Reply) -> str:
    """The one that is pinned or answered."""
    return _all(reply)[0]


def _last(reply: Reply) -> str:
    """The one that has the buttons."""
    return _all(reply)[-1]
