"""A long text becomes several messages of a platform's: one ref names them all. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_BETWEEN = "+"


def joined(ids: Iterable[str]) -> str:
    """The ref of a reply that became these messages, in order."""
    return _BETWEEN.join(ids)


def ids_of(ref: str | None) -> list[str]:
    """The messages that a ref names, in order; none where there is no ref."""
    return ref.split(_BETWEEN) if ref else []
