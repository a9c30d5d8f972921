"""The words of a pulse: in the text, and in the picture beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.cohorts.figures import alternative
from bot.cohorts.model import Pulse, Words
from bot.model import Block, Picture
from prompts.markup import plain

Label = Callable[[str], str]


def figures(pulse: Pulse, label: Label) -> list[Mapping[str, str]]:
    """The figures as a template prints them."""
    words = _words("", pulse, label)
    return [{"name": words.names[each.name], "value": words.of(each)} for each in pulse.figures]


def picture(pulse: Pulse, shown: Sequence[Block], label: Label) -> Picture:
    """The picture beside a text; its title is the text's first paragraph."""
    words = _words(plain(shown[:1]), pulse, label)
    return Picture(pulse, words, alternative(pulse, words))


def _words(title: str, pulse: Pulse, label: Label) -> Words:
    names = {each.name: label(f"figure_{each.name}") for each in pulse.figures}
    return Words(title, label("figure_at_least"), label("figure_few"), names)
