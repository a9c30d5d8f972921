"""Countries: which one a time zone lies in, what it is called, and which one somebody names.

The English name, the Spanish one, then other words that people use. A test holds that every country whose numbers we
have (bot/safety_rules/help.yaml) is here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from bot.places import LEADS

NAMES: Mapping[str, tuple[str, ...]] = {
    "AR": ("Argentina", "Argentina"),
    "AT": ("Austria", "Austria"),
    "AU": ("Australia", "Australia"),
    "BE": ("Belgium", "Bélgica"),
    "BG": ("Bulgaria", "Bulgaria"),
    "BO": ("Bolivia", "Bolivia"),
    "BR": ("Brazil", "Brasil"),
    "CA": ("Canada", "Canadá"),
    "CH": ("Switzerland", "Suiza"),
    "CL": ("Chile", "Chile"),
    "CO": ("Colombia", "Colombia"),
    "CR": ("Costa Rica", "Costa Rica"),
    "CU": ("Cuba", "Cuba"),
    "CY": ("Cyprus", "Chipre"),
    "CZ": ("Czechia", "Chequia", "Czech Republic", "República Checa"),
    "DE": ("Germany", "Alemania"),
    "DK": ("Denmark", "Dinamarca"),
    "DO": ("the Dominican Republic", "República Dominicana"),
    "EC": ("Ecuador", "Ecuador"),
    "EE": ("Estonia", "Estonia"),
    "ES": ("Spain", "España"),
    "FI": ("Finland", "Finlandia"),
    "FR": ("France", "Francia"),
    "GB": (
        *("the United Kingdom", "el Reino Unido", "UK", "Great Britain", "Britain", "England", "Inglaterra"),
        *("Scotland", "Escocia", "Wales", "Gales", "Northern Ireland", "Irlanda del Norte"),
    ),
    "GR": ("Greece", "Grecia"),
    "GT": ("Guatemala", "Guatemala"),
    "HN": ("Honduras", "Honduras"),
    "HR": ("Croatia", "Croacia"),
    "HU": ("Hungary", "Hungría"),
    "IE": ("Ireland", "Irlanda"),
    "IN": ("India", "India"),
    "IS": ("Iceland", "Islandia"),
    "IT": ("Italy", "Italia"),
    "KE": ("Kenya", "Kenia"),
    "LT": ("Lithuania", "Lituania"),
    "LU": ("Luxembourg", "Luxemburgo"),
    "LV": ("Latvia", "Letonia"),
    "MT": ("Malta", "Malta"),
    "MX": ("Mexico", "México"),
    "NG": ("Nigeria", "Nigeria"),
    "NI": ("Nicaragua", "Nicaragua"),
    "NL": ("the Netherlands", "los Países Bajos", "Holland", "Holanda"),
    "NO": ("Norway", "Noruega"),
    "NZ": ("New Zealand", "Nueva Zelanda", "Aotearoa"),
    "PA": ("Panama", "Panamá"),
    "PE": ("Peru", "Perú"),
    "PH": ("the Philippines", "Filipinas"),
    "PK": ("Pakistan", "Pakistán"),
    "PL": ("Poland", "Polonia"),
    "PT": ("Portugal", "Portugal"),
    "PY": ("Paraguay", "Paraguay"),
    "RO": ("Romania", "Rumanía"),
    "SE": ("Sweden", "Suecia"),
    "SI": ("Slovenia", "Eslovenia"),
    "SK": ("Slovakia", "Eslovaquia"),
    "SV": ("El Salvador", "El Salvador"),
    "US": (
        "the United States",
        "los Estados Unidos",
        "USA",
        "US",
        "America",
        "EEUU",
        "EE UU",
        "United States of America",
    ),
    "UY": ("Uruguay", "Uruguay"),
    "VE": ("Venezuela", "Venezuela"),
    "ZA": ("South Africa", "Sudáfrica"),
}
ARTICLES = ("the ", "el ", "la ", "los ", "las ")


def country_of(zone: str | None) -> str | None:
    """The ISO 3166 code of the country that an IANA zone lies in; None for zones of none (UTC) and unknown ones."""
    return _zones().get(zone or "")


def named(code: str | None) -> Mapping[str, str]:
    """A country's name by language; empty for one that is not here."""
    names = NAMES.get(code or "")
    return {"en": names[0], "es": names[1]} if names else {}


def country_in(text: str) -> str | None:
    """The code of the country that a whole text names ("the UK", "I'm in Spain"); None for one that is not here."""
    return _CODES.get(_plain(LEADS.sub("", _plain(text))))


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if c.isalnum() or c.isspace())
    plain = " ".join(bare.split())
    return next((plain.removeprefix(article) for article in ARTICLES if plain.startswith(article)), plain)


@cache
def _zones() -> Mapping[str, str]:
    """zone.tab names one country a zone, unlike zone1970.tab, where Berlin also stands for Oslo."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {zone: country for country, _, zone, *_ in rows}


_CODES = {_plain(name): code for code, names in NAMES.items() for name in names}
