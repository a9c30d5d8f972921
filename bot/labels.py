"""The words on buttons, where somebody writes them out. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.conversations.base import typed
from bot.conversations.words import is_greeting, is_one_of, plain
from bot.model import Input, MessageReceived, Said

LONGEST_LABEL = 60  # characters; what stands on a button has at most 40
NUMBERED = re.compile(r"(\d{1,2})[:.] (.+)")
IN_DANGER = "safety/"  # prompts with a language and a calm of their own


def in_short(given: Input) -> str:
    """What they wrote, if it may be the words of a button; an edit never is."""
    text = typed(given) or ""
    short = isinstance(given, MessageReceived) and not given.edited and len(text) <= LONGEST_LABEL
    return plain(text) if short else ""


def button_with(words: str, question: Said | None, label: Callable[[str], str], every: bool) -> str | None:
    """The choice whose button bears these words; with `every`, also where they are not ours (the name of a group)."""
    choices = [one for row in question.choices for one in row] if question else []
    known = {one.id: label(one.id) if one.label is None or not every else one.label for one in choices}
    return next((one for one, on_it in known.items() if is_one_of(words, spoken(plain(on_it)))), None)


def spoken(on_it: str) -> tuple[str, ...]:
    """The words of a button, and each part of a numbered one: "2: tuesday" is "2", and "tuesday"."""
    numbered = NUMBERED.fullmatch(on_it)
    return (on_it, *numbered.groups()) if numbered else (on_it,)


def is_misread(given: Input, result: Said) -> bool:
    """Whether a text was not understood: the step only puts its question again. A hello is met by that alone."""
    text = typed(given)
    return text is not None and not is_greeting(text) and not result.prompt.startswith(IN_DANGER)
