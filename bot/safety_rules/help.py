"""Where help is: emergency numbers, helplines and directories by country. The wording around them is in prompts/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.countries import country_of as country_of


@dataclass(frozen=True, slots=True)
class Line:
    """A place to turn to: `number` to call or `url` to open. `source` says where we read of it, `read` when."""

    name: str
    number: str = ""
    url: str = ""
    source: str = ""
    note: str = ""
    read: str = ""


@dataclass(frozen=True, slots=True)
class Help:
    """What we know for a country. `emergency` is None where we know no number: say "your local emergency number"."""

    country: str | None
    emergency: str | None
    helplines: tuple[Line, ...]
    directories: tuple[Line, ...]
    read: date


def help_for(country: str | None) -> Help:
    """Help in a country (ISO 3166 code, any case). An unknown country, or None, gets the directories alone."""
    data, code = _data(), (country or "").upper()
    emergency = next((each["number"] for each in data["emergency"] if code in each["countries"]), None)
    helplines = tuple(_line(each) for each in data["helplines"] if code in each["countries"])
    directories = tuple(_line(each) for each in data["directories"])
    return Help(code or None, emergency, helplines, directories, date.fromisoformat(data["read"]))


def _line(entry: Mapping[str, Any]) -> Line:
    number, url, note = entry.get("number", ""), entry.get("url", ""), entry.get("note", "")
    return Line(entry["name"], number, url, entry["source"], note, entry["read"])


@cache
def _data() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "help.yaml").read_text("utf-8")
    # the base loader builds nothing but str, list and dict: "024" is not 20
    data: Mapping[str, Any] = yaml.load(text, yaml.CBaseLoader)  # noqa: S506
    return data
