"""A peer: the bare python-telegram-bot echo bot, as its first example shows it. Arguments: base URL, token."""

from __future__ import annotations

import sys

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    """Says what it heard."""
    assert update.message is not None
    await update.message.reply_text(update.message.text or "-")


def main(base: str, token: str) -> None:
    """Polls until SIGTERM."""
    application = Application.builder().token(token).base_url(f"{base}/bot").build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


if __name__ == "__main__":
    main(*sys.argv[1:])
