"""What people mean by a line of shifts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Shift
from bot.roster_text import FURTHEST, parse_shifts

MONDAY = date(2026, 3, 9)
SUNDAY = MONDAY - timedelta(days=1)


def read(text: str, start: date = MONDAY) -> str | None:
    """The day of the month and the initial of each shift: "9d 10n"; None if it was not understood."""
    found = parse_shifts(text, start, SUNDAY)
    return " ".join(f"{on.day}{shift[0]}" for on, shift in found.items()) if found else None


@pytest.mark.parametrize("text", ["D D N N O O L", "ddnnool", "d, d, n, n, o, o, l", "D-D-N-N-O-O-L", "2D 2N 2 off L",
                                  "day day night night off off late", "2 days, 2 nights, two days off and a late shift",
                                  "Early, early, night x 1, n, free, rest, afternoon",
                                  "dia dia noche noche libre libre tarde"])  # fmt: skip
def test_shifts_in_their_order_follow_one_another(text: str) -> None:
    expected = "9d 10d 11n 12n 13o 14o 15l"
    assert read(text.replace("night x 1", "night")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon night, tue night", "9n 10n"),
        ("Monday and Tuesday nights", "9n 10n"),
        ("mon-wed night, thu off", "9n 10n 11n 12o"),
        ("Monday to Wednesday: late; Friday: off", "9l 10l 11l 13o"),
        ("night on monday", "9n"),
        ("night mon, day tue", "9n 10d"),
        ("mon night, night, off", "9n 10n 11o"),
        ("weekend off", "14o 15o"),
        ("sunday late", "15l"),
        ("today off", "8o"),
        ("tomorrow night", "9n"),
        ("mon night, mon day", "9n 16d"),
        ("lunes noche", "9n"),
        ("night", "9n"),
        ("day off", "9o"),
        ("OFF!", "9o"),
    ],
)
def test_shifts_of_certain_days(text: str, expected: str) -> None:
    assert read(text) == expected


NOT_SHIFTS = (
    *("", " ", "no", "mon", "3", "hello there", "my days are long", "I had a long day", "99 nights", "0 nights", "x"),
    *("🙂", "night 3", "mon night tue", "N" * 29, "14 nights 14 nights 14 nights", "d" * 700, "- -"),
)


@pytest.mark.parametrize("text", NOT_SHIFTS)
def test_what_is_no_roster_is_not_understood(text: str) -> None:
    assert read(text) is None


def test_a_day_of_the_week_is_the_first_from_the_day_that_was_asked_for() -> None:
    assert read("sun off", start=SUNDAY) == "8o"
    assert read("sun off", start=MONDAY) == "15o"


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(["day", "late", "night", "off"]), min_size=1, max_size=27))
def test_any_row_of_words_or_initials_is_read_as_it_stands(shifts: list[Shift]) -> None:
    expected = {MONDAY + timedelta(days=days): shift for days, shift in enumerate(shifts)}
    assert parse_shifts(" ".join(shifts), MONDAY, SUNDAY) == expected or "day off" in " ".join(shifts)
    assert parse_shifts(", ".join(shift[0] for shift in shifts), MONDAY, SUNDAY) == expected


WORDS = st.sampled_from(["mon", "tue", "-", "to", "3", "x", "day", "late", "n", "off", "dd", "today", "and", ","])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=80) | st.lists(WORDS).map(" ".join))
def test_any_text_is_read_or_not_and_never_fails(text: str) -> None:
    found = parse_shifts(text, MONDAY, SUNDAY)
    assert found is None or all(SUNDAY <= on <= SUNDAY + FURTHEST for on in found)
    assert found is None or list(found) == sorted(found)
