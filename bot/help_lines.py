"""The numbers of the place where somebody lives, as facts for the safety prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.safety_rules.help import country_of, help_for


def help_facts(zone: str | None) -> Mapping[str, Any]:
    """Numbers and directories for the country of an IANA zone; the emergency number comes first and has no name."""
    known = help_for(country_of(zone))
    emergency = [{"name": "", "value": known.emergency}] if known.emergency else []
    lines = [{"name": line.name, "value": line.number} for line in known.helplines if line.number]
    pages = [{"name": line.name, "url": line.url} for line in (*known.helplines, *known.directories) if line.url]
    return {"numbers": emergency + lines, "directories": pages}
