"""Slack: Socket Mode or HTTP in, Block Kit out; private text in modals and on the Home tab only."""

from adapters.slack.adapter import SlackAdapter, connect
from adapters.slack.words import Words

__all__ = ["SlackAdapter", "Words", "connect"]
