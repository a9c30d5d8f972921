"""Where help is: emergency numbers, helplines and directories by country. The wording around them is in prompts/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Line:
    """A place to turn to: `number` to call or `url` to open. `source` says where we read of it."""

    name: str
    number: str = ""
    url: str = ""
    source: str = ""
    note: str = ""


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


def country_of(zone: str | None) -> str | None:
    """The ISO 3166 code of the country that an IANA zone lies in; None for zones of none (UTC) and unknown ones."""
    return _countries().get(zone or "")


def _line(entry: Mapping[str, Any]) -> Line:
    return Line(entry["name"], entry.get("number", ""), entry.get("url", ""), entry["source"], entry.get("note", ""))


@cache
def _data() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "help.yaml").read_text("utf-8")
    # the base loader builds nothing but str, list and dict: "024" is not 20
    data: Mapping[str, Any] = yaml.load(text, yaml.CBaseLoader)  # noqa: S506
    return data


@cache
def _countries() -> Mapping[str, str]:
    """zone.tab names one country a zone, unlike zone1970.tab, where Berlin also stands for Oslo."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {zone: country for country, _, zone, *_ in rows}
