"""What `python -m bot screen` prints: what the safety screen says of each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.safety_rules import LANGUAGES, load_screen


def screen_lines(lines: Iterable[str], languages: Sequence[str] = LANGUAGES) -> Iterator[str]:
    """For each line, an empty one too: `urgent`, `concern` or `none`, a tab, and the rule that fired if one did.

    Raises:
        FileNotFoundError: there are no rules for one of the languages.
    """
    check = load_screen(tuple(languages))
    for line in lines:
        found = check(line)
        yield f"{found.level}\t{found.rule}" if found else "none\t"
