"""Puts one reply on the wire: a message in its parts, a reaction, an edit, a pin, a deletion."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import Bot, InputFile
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from adapters.refs import ids_of, joined
from adapters.telegram.aiohttp_request import AiohttpRequest, call_data
from adapters.telegram.markup import CAPTION, Markup, keyboard, messages
from bot.cohorts.figures import picture
from bot.errors import Ignored, Rejected
from bot.model import Delivery, Document, Picture, Receipt, Reply

_NO_PREVIEW = {"is_disabled": True}


@dataclass(frozen=True, slots=True)
class _Part:
    """One message of a reply: text, or what is shown with that text below it."""

    text: str
    beside: Picture | Document | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """Where a part goes, what it answers and what buttons it has."""

    chat_id: str
    answers: int | None
    markup: Markup | None

    @property
    def answering(self) -> Mapping[str, Any] | None:
        """As the Bot API writes it; what is answered may be gone meanwhile."""
        return None if self.answers is None else {"message_id": self.answers, "allow_sending_without_reply": True}


class Sender:
    """Sends for one bot. `url` is the bot's own, with its token."""

    def __init__(self, bot: Bot, calls: AiohttpRequest, url: str, share_location: str, taken_back: str) -> None:
        self._bot, self._calls, self._url = bot, calls, url
        self._share_location, self._taken_back = share_location, taken_back
        self._under_way: dict[int, list[int]] = {}  # what is through of a long reply whose rest must be retried
        self._with_location_button: set[str] = set()  # chats that still show it

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply.

        Raises:
            TelegramError: as Telegram answered, or did not.
            Rejected: the reply cannot be sent as it is.
            Ignored: it is about a message that never went out.
        """
        if delivery.reply.company:
            raise Rejected("no group conversations here")
        match delivery.reply.act:
            case "message":
                return await self._say(delivery)
            case "react":
                return await self._react(delivery)
            case "close":
                return await self._close_question(delivery)
            case "edit":
                return await self._edit(delivery)
            case "delete":
                return await self._delete(delivery)
            case "pin" | "unpin":
                return await self._pin(delivery)

    async def _say(self, delivery: Delivery) -> Receipt:
        """Its parts one after the other: the first answers an earlier message, the last has the buttons."""
        reply, markup = delivery.reply, self._markup(delivery)
        parts, done = _parts(reply), self._under_way.pop(delivery.id, [])
        answered = _ids(delivery)[0] if reply.of and reply.ref else None
        try:
            for part in parts[len(done) :]:
                about = _About(
                    delivery.platform_id,
                    answered if not done else None,
                    markup if len(done) == len(parts) - 1 else None,
                )
                done.append(await self._send_part(part, about))
        except TelegramError:
            if done:
                self._under_way[delivery.id] = done
            raise
        return Receipt(joined(map(str, done)))

    async def _send_part(self, part: _Part, about: _About) -> int:
        match part.beside:
            case Picture() as image:
                return await self._show(about, image, part.text)
            case Document() as file:
                return await self._hand_over(about, file, part.text)
        return await self._tell(about, part.text)

    async def _tell(self, about: _About, text: str) -> int:
        message = await self._call(
            "sendMessage",
            chat_id=about.chat_id,
            text=text,
            parse_mode=ParseMode.HTML.value,
            link_preview_options=_NO_PREVIEW,
            reply_markup=about.markup,
            reply_parameters=about.answering,
        )
        return int(message["message_id"])

    async def _show(self, about: _About, image: Picture, caption: str) -> int:
        """A photo with these words below it: Telegram has no alternative texts."""
        drawn = await asyncio.to_thread(picture, image.pulse, image.words)
        return await self._send_file("sendPhoto", about, caption, photo=InputFile(drawn))

    async def _hand_over(self, about: _About, file: Document, caption: str) -> int:
        attached = InputFile(file.content.encode(), filename=file.name)
        return await self._send_file("sendDocument", about, caption, document=attached)

    async def _send_file(self, method: str, about: _About, caption: str, **file: InputFile) -> int:
        message = await self._call(
            method,
            chat_id=about.chat_id,
            caption=caption or None,
            parse_mode=ParseMode.HTML.value,
            reply_markup=about.markup,
            reply_parameters=about.answering,
            **file,
        )
        return int(message["message_id"])

    def _markup(self, delivery: Delivery) -> Markup | None:
        buttons = keyboard(delivery.reply.rows)
        if buttons is not None:
            return buttons
        if delivery.reply.ask_location:
            self._with_location_button.add(delivery.platform_id)
            button = {"text": self._share_location, "request_location": True}
            return {"keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": True}
        if delivery.platform_id in self._with_location_button:  # else it stays below the chat for ever
            self._with_location_button.discard(delivery.platform_id)
            return {"remove_keyboard": True}
        return None

    async def _react(self, delivery: Delivery) -> Receipt:
        await self._bot.set_message_reaction(delivery.platform_id, _last(delivery), delivery.reply.emoji)
        return Receipt(delivery.reply.ref)

    async def _close_question(self, delivery: Delivery) -> Receipt:
        await self._call(
            "editMessageReplyMarkup",
            chat_id=delivery.platform_id,
            message_id=_last(delivery),
            reply_markup=keyboard(delivery.reply.rows),
        )
        return Receipt(delivery.reply.ref)

    async def _edit(self, delivery: Delivery) -> Receipt:
        """A message in place of an earlier one; only one that fits into one message of Telegram's can be."""
        parts = messages(delivery.reply.text)
        if len(parts) != 1:
            raise Rejected("an edit is one message")
        await self._call(
            "editMessageText",
            chat_id=delivery.platform_id,
            message_id=_last(delivery),
            text=parts[0],
            parse_mode=ParseMode.HTML.value,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard(delivery.reply.rows),
        )
        return Receipt(delivery.reply.ref)

    async def _delete(self, delivery: Delivery) -> Receipt:
        """All its parts. Telegram deletes nothing that is older than 48 hours, but lets us say something else there."""
        for message_id in _ids(delivery):
            try:
                await self._bot.delete_message(delivery.platform_id, message_id)
            except BadRequest as error:
                if "message can't be deleted" in error.message.lower():
                    await self._bot.edit_message_text(self._taken_back, delivery.platform_id, message_id)
                elif "message to delete not found" not in error.message.lower():
                    raise
        return Receipt(delivery.reply.ref)

    async def _pin(self, delivery: Delivery) -> Receipt:
        chat_id, message_id = delivery.platform_id, _ids(delivery)[0]
        if delivery.reply.act == "pin":
            await self._bot.pin_chat_message(chat_id, message_id, disable_notification=True)
        else:
            await self._bot.unpin_chat_message(chat_id, message_id)
        return Receipt(delivery.reply.ref)

    async def _call(self, method: str, **parameters: Any) -> Any:
        """A call without the bot's own methods, which put requests and answers into objects: more than half a call."""
        return await self._calls.post(f"{self._url}/{method}", call_data(parameters))


def _parts(reply: Reply) -> list[_Part]:
    """The messages that a reply becomes; its words go below the picture or the file if they all fit there.

    Raises:
        Rejected: it has no words.
    """
    words = [_Part(text) for text in messages(reply.text)]
    if not words:
        raise Rejected("a message without text")
    beside = [each for each in (reply.image, reply.file) if each is not None]
    if not beside:
        return words
    captions, shown = messages(reply.text, CAPTION), [_Part("", each) for each in beside]
    if len(captions) == 1:
        return [_Part(captions[0], beside[0]), *shown[1:]]
    return [*words, *shown] if reply.image is None else [shown[0], *words, *shown[1:]]


def _ids(delivery: Delivery) -> list[int]:
    """The messages that a reply is about.

    Raises:
        Ignored: the reply names none: it never went out.
        Rejected: it names what is none.
    """
    found = ids_of(delivery.reply.ref)
    if not found:
        raise Ignored("no message")
    if not all(map(str.isdecimal, found)):
        raise Rejected("the reply's ref is no message of Telegram's")
    return list(map(int, found))


def _last(delivery: Delivery) -> int:
    """The one that has the buttons."""
    return _ids(delivery)[-1]
