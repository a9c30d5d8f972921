"""Puts one reply on the wire: a message in its parts, a reaction, or the end of a question's buttons."""

from __future__ import annotations

import asyncio
from typing import Any

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    TelegramObject,
)
from telegram.constants import ParseMode
from telegram.error import TelegramError

from adapters.telegram.aiohttp_request import AiohttpRequest, call_data
from adapters.telegram.markup import CAPTION, keyboard, messages
from bot.cohorts.figures import picture
from bot.errors import Rejected
from bot.model import Delivery, Picture, Receipt

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove


class Sender:
    """Sends for one bot. `url` is the bot's own, with its token."""

    def __init__(self, bot: Bot, calls: AiohttpRequest, url: str, share_location: str) -> None:
        self._bot, self._calls, self._url, self._share_location = bot, calls, url, share_location
        self._parts_sent: dict[int, int] = {}  # what is through of a long reply whose rest must be retried
        self._with_location_button: set[str] = set()  # chats that still show it

    async def send(self, delivery: Delivery) -> Receipt:
        """Delivers one reply.

        Raises:
            TelegramError: as Telegram answered, or did not.
            Rejected: the reply cannot be sent as it is.
        """
        match delivery.reply.act:
            case "message":
                return await self._say(delivery)
            case "react":
                return await self._react(delivery)
            case "close":
                return await self._close_question(delivery)
            case "edit":
                return await self._edit(delivery)

    async def _say(self, delivery: Delivery) -> Receipt:
        markup, parts, image = self._markup(delivery), messages(delivery.reply.text), delivery.reply.image
        if not parts:
            raise Rejected("a message without text")
        if image is not None:
            captions = messages(delivery.reply.text, CAPTION)
            parts = captions if len(captions) == 1 else ["", *parts]
        sent = self._parts_sent.pop(delivery.id, 0)
        try:
            while sent < len(parts):
                buttons = markup if sent == len(parts) - 1 else None
                if image is not None and sent == 0:
                    message = await self._show(delivery.platform_id, image, parts[0], buttons)
                else:
                    message = await self._tell(delivery.platform_id, parts[sent], buttons)
                sent += 1
        except TelegramError:
            if sent:
                self._parts_sent[delivery.id] = sent
            raise
        return Receipt(str(message))

    async def _tell(self, chat_id: str, text: str, markup: _Markup | None) -> int:
        message = await self._call(
            "sendMessage",
            chat_id=chat_id,
            text=text,
            parse_mode=ParseMode.HTML.value,
            link_preview_options=_NO_PREVIEW,
            reply_markup=markup,
        )
        return int(message["message_id"])

    async def _show(self, chat_id: str, image: Picture, caption: str, markup: _Markup | None) -> int:
        """A photo with these words below it: Telegram has no alternative texts."""
        drawn = await asyncio.to_thread(picture, image.pulse, image.words)
        message = await self._bot.send_photo(
            chat_id, drawn, caption=caption or None, parse_mode=ParseMode.HTML, reply_markup=markup
        )
        return message.message_id

    def _markup(self, delivery: Delivery) -> _Markup | None:
        buttons = keyboard(delivery.reply.rows)
        if buttons is not None:
            return buttons
        if delivery.reply.ask_location:
            self._with_location_button.add(delivery.platform_id)
            button = KeyboardButton(self._share_location, request_location=True)
            return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
        if delivery.platform_id in self._with_location_button:  # else it stays below the chat for ever
            self._with_location_button.discard(delivery.platform_id)
            return ReplyKeyboardRemove()
        return None

    async def _react(self, delivery: Delivery) -> Receipt:
        await self._bot.set_message_reaction(delivery.platform_id, _message_id(delivery), delivery.reply.emoji)
        return Receipt(delivery.reply.ref)

    async def _close_question(self, delivery: Delivery) -> Receipt:
        await self._call(
            "editMessageReplyMarkup",
            chat_id=delivery.platform_id,
            message_id=_message_id(delivery),
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
            message_id=_message_id(delivery),
            text=parts[0],
            parse_mode=ParseMode.HTML.value,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard(delivery.reply.rows),
        )
        return Receipt(delivery.reply.ref)

    async def _call(self, method: str, **parameters: str | int | TelegramObject | None) -> Any:
        """The two calls of which there are many. The bot's own methods parse every answer into objects: half a call."""
        return await self._calls.post(f"{self._url}/{method}", call_data(parameters))


def _message_id(delivery: Delivery) -> int:
    """The message that a reaction or a keyboard belongs to.

    Raises:
        Rejected: the reply names none.
    """
    ref = delivery.reply.ref or ""
    if not ref.isdecimal():
        raise Rejected("the reply's ref is no message of Telegram's")
    return int(ref)
