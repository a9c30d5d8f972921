"""Cutting a long text into parts that a platform takes: between sentences where it can, else between words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

PARAGRAPHS = re.compile(r"\n\n")
BORDERS = (re.compile(r"(?<=[.!?…])\s|\n"), re.compile(r"\s"))  # the coarsest first


class Piece(Protocol):
    """A dataclass with a text in one style."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def text(self) -> str:
        """What it says."""
        ...


_P = TypeVar("_P", bound=Piece)


def units(text: str) -> int:
    """Its length in UTF-16 code units, as Telegram counts; the strictest way to count anywhere else."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cuts(plain: str, limit: int, borders: Iterable[re.Pattern[str]] = BORDERS) -> Iterator[tuple[int, int]]:
    """Where each part of at most `limit` units starts and ends; white space between parts belongs to none."""
    start = 0
    while start < len(plain):
        if plain[start].isspace():
            start += 1
            continue
        end = fits(plain, limit, start)
        if end < len(plain):
            end = _border(plain, start, end, borders)
        yield start, start + len(plain[start:end].rstrip())
        start = end


def fits(plain: str, limit: int, start: int = 0) -> int:
    """The furthest end such that plain[start:end] has at most `limit` units."""
    end = min(len(plain), start + limit)
    while (over := units(plain[start:end]) - limit) > 0:
        end -= max(1, over // 2)
    return end


def _border(plain: str, start: int, end: int, borders: Iterable[re.Pattern[str]]) -> int:
    """The best place to cut at or before `end`: one that leaves a part at least half full, the coarsest kind first."""
    least = start + (end - start) // 2
    for border in borders:
        if found := [match.start() for match in border.finditer(plain, least, end + 2) if match.start() <= end]:
            return found[-1]
    return end


def between(pieces: Iterable[_P], start: int, end: int) -> Iterator[_P]:
    """What of the pieces lies between two places of their plain text."""
    at = 0
    for piece in pieces:
        low, high = max(start - at, 0), min(end - at, len(piece.text))
        if low < high:
            yield piece if high - low == len(piece.text) else replace(piece, text=piece.text[low:high])
        at += len(piece.text)
