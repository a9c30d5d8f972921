"""The numbers: each with its source and the day it was read, in a form that a telephone understands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import safety_rules
from bot.conversations.in_need import ELSEWHERE
from bot.conversations.support import country_with
from bot.countries import NAMES, country_in, country_of, named
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import NOTHING_KNOWN, help_facts

GAZETTEER = OfflineGazetteer()
FILE = Path(safety_rules.__file__).parent / "help.yaml"
DATA: Mapping[str, Any] = yaml.load(FILE.read_text("utf-8"), yaml.BaseLoader)
PARTS = ("directories", "emergency", "helplines")
NUMBER = re.compile(r"\+[1-9][0-9 ]{6,17}|[*0-9][0-9 ]{1,13}")  # E.164 with spaces, or national and short ones


def entries() -> Iterator[Any]:
    for part in PARTS:
        for entry in DATA[part]:
            where = ",".join(entry.get("countries", ["everywhere"])[:2])
            yield pytest.param(entry, id=f"{part} {where} {entry.get('name', '')}")


@pytest.mark.parametrize("entry", list(entries()))
def test_every_entry_says_where_and_when_it_was_read(entry: Mapping[str, Any]) -> None:
    assert entry["source"].startswith("https://")
    assert date(2026, 11, 1) <= date.fromisoformat(entry["read"])
    assert entry["note"]


@pytest.mark.parametrize("entry", list(entries()))
def test_every_number_can_be_dialled_and_every_page_opened(entry: Mapping[str, Any]) -> None:
    assert "number" in entry or "url" in entry
    assert NUMBER.fullmatch(entry.get("number", "112"))
    assert entry.get("url", "https://").startswith("https://")


def test_a_country_has_one_emergency_number_and_a_name_in_both_languages() -> None:
    codes = [code for entry in DATA["emergency"] for code in entry["countries"]]
    assert len(codes) == len(set(codes))
    everywhere = {code for part in PARTS[1:] for entry in DATA[part] for code in entry["countries"]}
    assert everywhere <= NAMES.keys()
    assert all(named(code).keys() == {"en", "es"} for code in everywhere)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("Spain", "ES"), ("españa!", "ES"), ("MEXICO", "MX"), ("the  netherlands", "NL"), ("Estados Unidos", "US")),
        *(("uk", "GB"), ("Perú", "PE"), ("peru.", "PE"), ("Atlantis", None), ("", None), ("es", None)),
    ],
)
def test_a_country_is_understood_in_both_languages(text: str, code: str | None) -> None:
    assert country_in(text) == code


def test_numbers_follow_the_zone_and_a_confirmed_country_before_it() -> None:
    assert help_facts("Europe/Madrid")["emergency"] == "112"
    assert help_facts("CL")["emergency"] == "131"
    assert country_of("Atlantic/Canary") == "ES"
    for unknown in (None, "UTC", ELSEWHERE, "Nowhere", "Asia/Ulaanbaatar"):
        assert help_facts(unknown)["numbers"] == []
        assert {one["url"] for one in help_facts(unknown)["directories"]} == {
            one["url"] for one in NOTHING_KNOWN["directories"]
        }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Chile", "CL"),
        ("Paris", "FR"),
        ("Méjico", "MX"),
        ("I'm in the United States", "US"),
        ("Estoy en los Países Bajos", "NL"),
        ("I live in Iceland", "IS"),
        ("Moldova", ELSEWHERE),
        ("Valencia", None),
        ("Birmingham", None),
        ("Georgia", None),
        ("hello", None),
        ("en casa", None),
        ("same", None),
        ("Bern", None),
    ],
)
def test_a_place_names_a_country_only_where_no_other_can_be_meant(text: str, code: str | None) -> None:
    assert country_with(GAZETTEER, text) == code
