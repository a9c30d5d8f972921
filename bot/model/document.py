"""Files that go out."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is sent beside a text: a calendar entry, somebody's own data."""

    name: str
    media_type: str
    content: str = field(repr=False)
