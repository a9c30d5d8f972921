"""What a doctor finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["✓", "!", "✗"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is (✓ fine, ! worth knowing, ✗ must be mended), and how to mend it. No secrets."""

    mark: Mark
    what: str
    mend: str = ""
