"""What people mean by a line of shifts ("D D N N O O L", "mon-wed night, thu off", "2 LD, 3 nights") or by their hours.

Pure, in English and Spanish, as bot/clock_text.py. What is read is shown back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from itertools import product

from bot.clock_text import GROUPS, NUMBERS, SAID, WEEKDAYS, numbered, parse_time, plain
from bot.model import Shift
from bot.roster import HOURS, Hours, is_workable

LONGEST = 600  # characters: four weeks with the names of the days
FURTHEST = timedelta(days=28)  # nobody knows their shifts for longer, and a slip of the finger reaches no farther
MOST = 14  # of the same in a row

SHIFTS: tuple[Shift, ...] = ("day", "late", "night", "off", "long_day", "long_night")
WORDS: Mapping[str, int] = numbered(
    "d day days early earlies morning mornings m manana mananas dia dias"
    "|l late lates afternoon afternoons evening evenings t tarde tardes"
    "|n night nights noche noches"
    "|o off free rest libre libres descanso descansos"
    "|ld lds longday longdays"
    "|ln lns longnight longnights"
)
INITIALS = "dlno"
FILLERS = numbered("shift shifts long on the and then a i am work working x turno turnos y e el la los las de")
FREE_DAYS = re.compile(r"\b(?:days?[ -]off|(?:free|rest)[ -]days?|dias? libres?)\b")
TWELVE = r"(?:12|twelve|doce)[ -]?(?:h|hs|hrs?|hours?|horas?)"
LONG = (
    re.compile(rf"\b(?:long|{TWELVE})\b[ -]*(?P<shift>[a-z]+)\b"),  # "long day", "12h nights"
    re.compile(rf"\b(?P<shift>[a-z]+)[ -](?:larg[oa]s?|(?:de |of )?{TWELVE})\b"),  # "dia largo", "noches de 12 horas"
    re.compile(r"\b(?P<shift>[dn])12\b"),
)
LONGER = {"day": "ld", "night": "ln"}
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
    words = PARTS.findall(_line(text))
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


def _line(text: str) -> str:
    """What was written with one word for each kind of shift."""
    line = FREE_DAYS.sub("off", " ".join(plain(word) for word in text.split()))
    for pattern in LONG:
        line = pattern.sub(_in_a_word, line)
    return line


def _in_a_word(found: re.Match[str]) -> str:
    shift = SHIFTS[WORDS[found["shift"]]] if found["shift"] in WORDS else ""
    return LONGER.get(shift, found[0])


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


# ---------------------------------------------------------------- hours

AT = r"(?:[0-9]{1,2}(?:[:.h]?[0-9]{2})?(?: ?(?:h|hs|hrs?|o'?clock))?(?: ?[ap]\.? ?m\b\.?)?|noon|midday|midnight)"
SPAN = re.compile(
    rf"\b(?P<shift>[a-z]+)(?: shifts?)?(?: ?[:=,])?(?: (?:from|is|are|de|desde|las))* ?(?P<begins>{AT})"
    rf" ?(?:-|–|—|to|until|till|a|hasta)(?: las)? ?(?P<ends>{AT})"
)
BETWEEN_SPANS = re.compile(r"(?:[\s,;.+&/]|\b(?:and|y|e|my|mis?)\b)*")
MIDNIGHT = re.compile(r"^24\b")
OF_24 = re.compile(r"0|1[3-9]|2[0-4]")  # "07", "15:30"


def parse_hours(text: str) -> Hours | None:
    """When shifts begin and end: "day 6:30-14:30", "night 20-8", "LD 7am-7pm". None if they cannot be meant so.

    What may be in either half of the day ("late 3-11") is in the one that is nearer to the usual hours of the shift.
    """
    line = _line(text) if len(text) <= LONGEST else ""
    found = dict[Shift, tuple[time, time]]()
    for span in SPAN.finditer(line):
        shift = SHIFTS[WORDS[span["shift"]]] if span["shift"] in WORDS else "off"
        begins, ends = span["begins"], span["ends"]
        halves = 1 if OF_24.match(begins) or OF_24.match(ends) else 2
        spans = [both for both in product(_times(begins, halves), _times(ends, halves)) if is_workable(*both)]
        if shift == "off" or not spans:
            return None
        found[shift] = min(spans, key=lambda both: sum(map(_apart, both, HOURS[shift])))
    return found if found and BETWEEN_SPANS.fullmatch(SPAN.sub(" ", line)) else None


def _times(said: str, halves: int) -> list[time]:
    """The times that this may be, in one half of the day or in both."""
    at = parse_time(MIDNIGHT.sub("0", said))
    if at is None:
        return []
    return [at] if "m" in said else [at, at.replace(hour=(at.hour + 12) % 24)][:halves]


def _apart(one: time, other: time) -> int:
    """Minutes around the clock."""
    apart = (one.hour - other.hour) * 60 + one.minute - other.minute
    return min(apart % (24 * 60), -apart % (24 * 60))
