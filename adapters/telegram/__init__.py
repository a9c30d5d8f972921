"""Telegram: long polling or webhook in, HTML messages and inline keyboards out."""

import os

os.environ.setdefault("PTB_TIMEDELTA", "true")  # read when telegram is imported: RetryAfter carries a timedelta

from adapters.telegram.adapter import TelegramAdapter, Webhook, Words

__all__ = ["TelegramAdapter", "Webhook", "Words"]
