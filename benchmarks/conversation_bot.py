"""A peer: ConversationHandler with PicklePersistence, a journal in three states.

Arguments: base URL, token, the pickle's path, seconds between its writes (python-telegram-bot's default is 60).
"""

from __future__ import annotations

import sys
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)

WRITING, KEPT, READING = range(3)
PAGES = 5


async def today(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    """Where they are; the conversation stays as it is."""
    assert update.message is not None
    await update.message.reply_text("Week 3, day 2. Today's practice: a kind word to yourself.")


async def ask(update: Update, _: ContextTypes.DEFAULT_TYPE) -> int:
    """An empty page."""
    assert update.message is not None
    await update.message.reply_text("An empty page. Write as much or as little as you like.")
    return WRITING


async def keep(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """Keeps what they wrote, the latest pages only."""
    assert update.message is not None
    assert context.user_data is not None
    pages = [*context.user_data.get("pages", ()), update.message.text]
    context.user_data["pages"] = pages[-PAGES:]
    await update.message.reply_text("It is in your journal.")
    return KEPT


async def read(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """Says the latest pages."""
    assert update.message is not None
    assert context.user_data is not None
    await update.message.reply_text("\n\n".join(context.user_data["pages"]))
    return READING


def main(base: str, token: str, file: str, interval: str) -> None:
    """Polls until SIGTERM."""
    persistence: PicklePersistence[Any, Any, Any] = PicklePersistence(file, update_interval=float(interval))
    application = Application.builder().token(token).base_url(f"{base}/bot").persistence(persistence).build()
    text = filters.TEXT & ~filters.COMMAND
    commands: list[Any] = [CommandHandler("journal", ask), CommandHandler("today", today)]
    states: dict[object, list[Any]] = {
        WRITING: [MessageHandler(text, keep)],
        KEPT: [MessageHandler(filters.Regex("^read"), read), MessageHandler(text, keep)],
        READING: [],
    }
    application.add_handler(ConversationHandler(commands, states, commands, name="journal", persistent=True))
    application.run_polling()


if __name__ == "__main__":
    main(*sys.argv[1:])
