"""What people mean by a line of shifts: "D D N N O O L", "DDNNOOL", "mon-wed night, thu off", "2 days, 3 nights".

Pure, in English and Spanish, as bot/clock_text.py. What is read is shown back before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from bot.clock_text import GROUPS, NUMBERS, SAID, WEEKDAYS, numbered, plain
from bot.model import Shift

LONGEST = 600  # characters: four weeks with the names of the days
FURTHEST = timedelta(days=28)  # nobody knows their shifts for longer, and a slip of the finger reaches no farther
MOST = 14  # of the same in a row

SHIFTS: tuple[Shift, ...] = ("day", "late", "night", "off")
WORDS: Mapping[str, int] = numbered(
    "d day days early earlies morning mornings m manana mananas dia dias"
    "|l late lates afternoon afternoons evening evenings t tarde tardes"
    "|n night nights noche noches"
    "|o off free rest libre libres descanso descansos"
)
INITIALS = "dlno"
FILLERS = numbered("shift shifts long on the and then a i am work working x turno turnos y e el la los las de")
FREE_DAYS = re.compile(r"\b(?:days?[ -]off|(?:free|rest)[ -]days?|dias? libres?)\b")
PARTS = re.compile(r"[^\W\d_]+|\d+|[-–—]")
THROUGH = frozenset(("-", "–", "—", "to", "through", "a", "al", "hasta"))

Part = tuple[date, ...] | int | Shift  # days, how often, what
_DAY = timedelta(days=1)


def parse_shifts(text: str, start: date, today: date) -> Mapping[date, Shift] | None:
    """The shifts in a line, by date: those without a day follow the one before, or begin at `start`.

    A day of the week is the first such date from `start` on. None for what is not understood, and for what lies more
    than four weeks ahead.
    """
    parts = _parts(text, start, today)
    if parts and isinstance(parts[-1], tuple):  # "night on monday": the days of a shift follow it
        parts.reverse()
    found = dict[date, Shift]()
    days, times = tuple[date, ...](), 1
    for part in parts:
        match part:
            case tuple():
                days += tuple(on + 7 * _DAY if on in found else on for on in part)
            case int():
                times = part
            case _:
                days = days or tuple(start + more * _DAY for more in range(times))
                found |= dict.fromkeys(days, part)
                start, days, times = days[-1] + _DAY, (), 1
    understood = not days and times == 1 and all(on <= today + FURTHEST for on in found)
    return dict(sorted(found.items())) if found and understood else None


def _parts(text: str, start: date, today: date) -> list[Part]:
    """The words of a line by what they mean; none where one means nothing here."""
    if len(text) > LONGEST:
        return []
    line = FREE_DAYS.sub("off", " ".join(plain(word) for word in text.split()))
    words = PARTS.findall(line)
    parts = list[Part]()
    until = False  # "mon-wed", "mon to wed"
    for word, following in zip(words, [*words, ""][1:], strict=True):
        last = parts[-1] if parts else ""
        if word in THROUGH and isinstance(last, tuple) and following in WEEKDAYS:
            until = True
        elif word in FILLERS or word in THROUGH:
            continue
        elif until and isinstance(last, tuple):
            more = (WEEKDAYS[word] - last[-1].weekday()) % 7
            parts[-1] = (*last, *(last[-1] + days * _DAY for days in range(1, more + 1)))
            until = False
        elif read := _read(word, start, today):
            parts += read
        else:
            return []
    return parts


def _read(word: str, start: date, today: date) -> list[Part]:
    """What a word means: a shift, days, a number, or the initials of several shifts."""
    if word in WORDS:
        return [SHIFTS[WORDS[word]]]
    if weekdays := {WEEKDAYS[word]} if word in WEEKDAYS else GROUPS.get(word):
        return [tuple(sorted(start + (weekday - start.weekday()) % 7 * _DAY for weekday in weekdays))]
    if word in SAID:
        return [(today + SAID[word] * _DAY,)]
    if (count := int(word) if word.isdecimal() else NUMBERS.get(word, 0)) in range(1, MOST + 1):
        return [count]
    if set(word) <= set(INITIALS) and (len(word) > 2 or word[0] == word[-1]):  # "no" is a word of its own
        return [SHIFTS[INITIALS.index(initial)] for initial in word]
    return []
