"""The pulse as a picture, and the words that stand for it."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from bot.cohorts.figures import alternative, picture
from bot.cohorts.model import Figure, Pulse, Words
from bot.cohorts.pulse import FIGURES

WORDS = Words("Week 3: at least 10 people", "at least {count}", "fewer than five", {name: name for name in FIGURES})
PULSE = Pulse(date(2026, 3, 2), 10, (Figure("active", 10), Figure("practised", 5), Figure("paused", None)))


def test_the_alternative_text_says_all_that_the_picture_shows() -> None:
    assert alternative(PULSE, WORDS).splitlines() == [
        "Week 3: at least 10 people",
        "active: at least 10",
        "practised: at least 5",
        "paused: fewer than five",
    ]


def test_the_same_pulse_is_the_same_png() -> None:
    image = picture(PULSE, WORDS)
    assert image.startswith(b"\x89PNG")
    assert (int.from_bytes(image[16:20]), int.from_bytes(image[20:24])) == (960, 540)
    assert image == picture(PULSE, WORDS)
    assert b"Matplotlib" not in image


def test_a_dollar_in_a_word_is_no_formula() -> None:
    words = Words("$x^", "{count} $", "$", {name: f"${name}_" for name in FIGURES})
    assert picture(PULSE, words).startswith(b"\x89PNG")


def test_too_few_people_are_no_picture() -> None:
    with pytest.raises(ValueError, match="too few"):
        picture(Pulse(date(2026, 3, 2), 5), WORDS)


def test_the_drawing_library_is_loaded_only_for_a_picture() -> None:
    code = "import sys, bot.cohorts.figures; sys.exit(any(name in sys.modules for name in ('matplotlib', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
