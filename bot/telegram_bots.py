"""Telegram's part of the composition root: an adapter for every bot whose token is set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.conversations.words import MENU
from bot.http import Answer, Webhook
from bot.limits import Limits
from bot.model import Participant, Said
from bot.settings import TELEGRAM_URL, Settings
from prompts.markup import plain
from prompts.renderer import Prompts

if TYPE_CHECKING:
    from adapters.telegram import TelegramAdapter
    from bot.app import App


def names(settings: Settings) -> tuple[str, ...]:
    """The installations of the bots, in the order of their tokens."""
    return tuple(f"telegram:{token.split(':')[0]}" for token in settings.tokens)


def add_telegram(app: App) -> Mapping[str, Webhook]:
    """Every configured bot; returns the webhooks by path, if webhooks are set."""
    from adapters.telegram import TelegramAdapter, Words  # PTB is loaded only where a token asks for it
    from adapters.telegram import Webhook as TelegramWebhook

    settings, prompts = app.settings, Prompts()
    webhook = TelegramWebhook(settings.telegram_webhook_url, settings.telegram_webhook_secret)
    base = None if settings.telegram_api_url == TELEGRAM_URL else settings.telegram_api_url
    webhooks: dict[str, Webhook] = {}
    for name, token in zip(names(settings), settings.tokens, strict=True):
        adapter = TelegramAdapter(
            name,
            token,
            base,
            webhook=webhook if settings.telegram_webhook_url else None,
            knows=app.knows,
            commands=[(word, prompts.label(f"menu_{word}", "en")) for word in MENU],
            words=Words(
                write_in_private=_words(prompts, Said("unasked/in_private")),
                start_first=_words(prompts, Said("unasked/begin_first")),
                share_location=prompts.label("share_location", "en"),
            ),
        )
        app.add(adapter, Limits(rate=settings.telegram_rate, chat_rate=settings.telegram_chat_rate))
        if settings.telegram_webhook_url:
            webhooks[adapter.webhook_path] = _accepting(adapter, app)
    return webhooks


def _accepting(adapter: TelegramAdapter, app: App) -> Webhook:
    async def accept(headers: Mapping[str, str], body: bytes) -> Answer:
        status = await adapter.accept(app.door, headers.get("x-telegram-bot-api-secret-token"), body)
        app.work_soon(adapter.installation)
        return Answer(status)

    return accept


def _words(prompts: Prompts, said: Said) -> str:
    """What an adapter says by itself, as plain text."""
    return plain(prompts.render(said, Participant(id=""), datetime.now(UTC).date()).reply.text)
