"""Places, for time zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class City:
    """A place that somebody may mean; `zone` is its IANA time zone."""

    name: str
    country: str
    zone: str
    population: int
    region: str = ""


class Gazetteer(Protocol):
    """Time zones by city and by place; offline."""

    def cities(self, name: str, nearly: bool = True) -> Sequence[City]:
        """Cities of this name (any case, with or without accents), one per zone and country, largest first.

        Where nothing is called so, those `nearly` called so, one typing mistake away.
        """
        ...

    def zone_at(self, latitude: float, longitude: float) -> str | None:
        """The IANA zone there; None where there is none."""
        ...
