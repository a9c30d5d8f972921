"""The numbers of the place where somebody lives, as facts for the safety prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.countries import country_of, named
from bot.safety_rules.help import help_for

log = structlog.get_logger()

# what is said where our own file cannot be read: addresses that hold everywhere
EVERYWHERE = (
    {"name": "Find A Helpline", "url": "https://findahelpline.com"},
    {"name": "Befrienders Worldwide", "url": "https://befrienders.org"},
)
NOTHING_KNOWN: Mapping[str, Any] = {"numbers": [], "emergency": "", "directories": list(EVERYWHERE), "country": {}}


def help_facts(place: str | None) -> Mapping[str, Any]:
    """Numbers and directories for an IANA zone, or for a country that somebody confirmed (ISO 3166). Never raises.

    The emergency number comes first and has no name; `country` is the country's name by language, empty if unknown.
    """
    try:
        return _help_facts(place or "")
    except Exception as error:  # a broken file must not take the answer away
        log.error("help_lines_failed", error=type(error).__name__)
        return NOTHING_KNOWN


def _help_facts(place: str) -> Mapping[str, Any]:
    code = place if len(place) == 2 else country_of(place)
    known = help_for(code)
    emergency = [{"name": "", "value": known.emergency}] if known.emergency else []
    lines = [{"name": line.name, "value": line.number} for line in known.helplines if line.number]
    pages = [{"name": line.name, "url": line.url} for line in (*known.helplines, *known.directories) if line.url]
    return {
        "numbers": emergency + lines,
        "emergency": known.emergency or "",
        "directories": pages,
        "country": named(code),
    }
