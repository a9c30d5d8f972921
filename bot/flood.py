"""Somebody who writes a hundred messages at once is answered a few times, not a hundred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.model import PRIORITY, Outgoing

MOST = 5  # replies of this kind to one person in one transaction
SMALL_TALK = ("keeping/", "unasked/")  # prompts that say no more than that something came, and ask what is asked again


def eased(outgoing: Sequence[Outgoing]) -> list[Outgoing]:
    """Without the small talk that later replies of the same transaction overtook; its latest question always stays."""
    kept, talked, asked = [], Counter[str](), set[str]()
    for one in reversed(outgoing):
        if _is_small_talk(one):
            talked[one.address] += 1
            question = one.reply.asked and one.address not in asked
            if talked[one.address] > MOST and not question:
                continue
        if one.reply.asked:
            asked.add(one.address)
        kept.append(one)
    return kept[::-1]


def _is_small_talk(one: Outgoing) -> bool:
    said = one.reply.act == "message" and one.reply.prompt.startswith(SMALL_TALK)
    return said and one.priority == PRIORITY["reply"] and one.dedup is None
