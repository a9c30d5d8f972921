"""What `python -m bot screen` prints: what the safety screen says of each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.safety_rules import LANGUAGES, load_screen


def screen_lines(lines: Iterable[str], languages: Sequence[str] = LANGUAGES, why: bool = False) -> Iterator[str]:
    """For each line, an empty one too: `urgent`, `concern` or `none`, a tab, and the rule that fired if one did.

    With `why`, a third column: what weighed most, whether or not it was enough.

    Raises:
        FileNotFoundError: there are no rules for one of the languages.
    """
    check = load_screen(tuple(languages))
    for line in lines:
        found = check(line)
        weighed = ", ".join(f"{sequence} {weight:.2f}" for sequence, weight in check.why(line)) if why else ""
        yield (f"{found.level}\t{found.rule}" if found else "none\t") + (f"\t{weighed}" if why else "")
