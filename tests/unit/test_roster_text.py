"""What people mean by a line of shifts."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Shift
from bot.roster import HOURS, is_workable
from bot.roster_text import FURTHEST, SHIFTS, parse_hours, parse_shifts

MONDAY = date(2026, 3, 9)
SUNDAY = MONDAY - timedelta(days=1)


def read(text: str, start: date = MONDAY) -> str | None:
    """The day of the month and the initials of each shift: "9d 10ln"; None if it was not understood."""
    found = parse_shifts(text, start, SUNDAY)
    return " ".join(f"{on.day}{initials(shift)}" for on, shift in found.items()) if found else None


def initials(shift: Shift) -> str:
    return "".join(word[0] for word in shift.split("_"))


@pytest.mark.parametrize("text", ["D D N N O O L", "ddnnool", "d, d, n, n, o, o, l", "D-D-N-N-O-O-L", "2D 2N 2 off L",
                                  "day day night night off off late", "2 days, 2 nights, two days off and a late shift",
                                  "Early, early, night x 1, n, free, rest, afternoon",
                                  "dia dia noche noche libre libre tarde"])  # fmt: skip
def test_shifts_in_their_order_follow_one_another(text: str) -> None:
    expected = "9d 10d 11n 12n 13o 14o 15l"
    assert read(text.replace("night x 1", "night")) == expected


@pytest.mark.parametrize("text", ["LD LD LN LN O O", "ld, ld, ln, ln, o, o", "2LD 2LN 2 off", "LD-LD-LN-LN-O-O",
                                  "2 long days, 2 long nights, off, off", "2 x 12h day, 2 x 12h night, 2 days off",
                                  "2 twelve-hour days, two 12 hour nights, oo", "D12 D12 N12 N12 O O",
                                  "2 días largos, 2 noches de 12 horas, 2 días libres"])  # fmt: skip
def test_long_shifts_are_called_many_names(text: str) -> None:
    assert read(text) == "9ld 10ld 11ln 12ln 13o 14o"


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
        ("mon-wed LN, thu off", "9ln 10ln 11ln 12o"),
        ("Tuesday: long day, Friday: long night", "10ld 13ln"),
        ("day long night", "9d 10ln"),
        ("lunes noche larga", "9ln"),
        ("long late", "9l"),
        ("long day off", "9o"),
        ("LDLN", "9l 10d 11l 12n"),  # as before; what is read is shown back
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
@given(st.lists(st.sampled_from(SHIFTS), min_size=1, max_size=27))
def test_any_row_of_words_or_initials_is_read_as_it_stands(shifts: list[Shift]) -> None:
    expected = {MONDAY + timedelta(days=days): shift for days, shift in enumerate(shifts)}
    words = " ".join(shifts).replace("_", " ")
    assert parse_shifts(words, MONDAY, SUNDAY) == expected or "day off" in words
    assert parse_shifts(", ".join(map(initials, shifts)), MONDAY, SUNDAY) == expected


WORDS = st.sampled_from(["mon", "tue", "-", "to", "3", "x", "day", "late", "n", "off", "dd", "today", "and", ","])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=80) | st.lists(WORDS).map(" ".join))
def test_any_text_is_read_or_not_and_never_fails(text: str) -> None:
    found = parse_shifts(text, MONDAY, SUNDAY)
    assert found is None or all(SUNDAY <= on <= SUNDAY + FURTHEST for on in found)
    assert found is None or list(found) == sorted(found)


def read_hours(text: str) -> str | None:
    """The hours of each shift: "day 06:30-14:30"; None if they were not understood."""
    found = parse_hours(text)
    return ", ".join(f"{shift} {a:%H:%M}-{b:%H:%M}" for shift, (a, b) in found.items()) if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day 6:30-14:30", "day 06:30-14:30"),
        ("night 20-8", "night 20:00-08:00"),
        ("Day: 7 to 15; Late 13:30-21:30\nNights 21.15 – 7.15", "day 07:00-15:00, late 13:30-21:30, night 21:15-07:15"),
        ("LD 7am-7.30pm and LN 7 pm - 7:30 am", "long_day 07:00-19:30, long_night 19:00-07:30"),
        ("long days 8-20, long nights 20-8", "long_day 08:00-20:00, long_night 20:00-08:00"),
        ("12h night 1945-0745", "long_night 19:45-07:45"),
        ("my day shift is from 8 to 16", "day 08:00-16:00"),
        ("día de 8 a 15, noche de 22 a 8", "day 08:00-15:00, night 22:00-08:00"),
        ("late 16-24, night 0-8", "late 16:00-00:00, night 00:00-08:00"),
        ("late 4 pm-midnight", "late 16:00-00:00"),
        ("day 7-3, late 3-11, night 11-7", "day 07:00-15:00, late 15:00-23:00, night 23:00-07:00"),
        ("LD 7-7, LN 7-7", "long_day 07:00-19:00, long_night 19:00-07:00"),
        ("night 10-6, night 9-5", "night 21:00-05:00"),
    ],
)
def test_hours_are_read_with_either_clock(text: str, expected: str) -> None:
    assert read_hours(text) == expected
    assert parse_shifts(text, MONDAY, SUNDAY) is None


NOT_HOURS = (
    *("", "day", "7-15", "day 7", "day off 7-15", "off 7-15", "day 25-33", "day 07:00-03:00", "day 08:00-09:00"),
    *("night 03:00-11:00", "night 22-14", "hello 7-15", "day 7-15 but not always", "D D N", "day 7-15 " * 80),
)


@pytest.mark.parametrize("text", NOT_HOURS)
def test_what_no_shift_can_be_is_not_understood(text: str) -> None:
    assert read_hours(text) is None


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(sorted(HOURS)), st.times(), st.times())
def test_any_hours_that_a_shift_can_have_are_read_as_they_stand(shift: Shift, begins: time, ends: time) -> None:
    begins, ends = begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    names = (shift.replace("_", " "), initials(shift))
    found = [parse_hours(f"{name} {begins:%H:%M}-{ends:%H:%M}") for name in names]
    if any(at.hour < 10 or at.hour > 12 for at in (begins, ends)):  # else it may be meant in the other half of the day
        assert found == [{shift: (begins, ends)} if is_workable(begins, ends) else None] * 2
    assert all(is_workable(*span) for each in found if each for span in each.values())
