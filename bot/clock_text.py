"""What people mean when they write a time, a zone, a date or days of the week, in English and Spanish.

Pure: the present is an argument. Every function answers None for what it does not understand and raises for no text.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

LONGEST = 100  # characters: nobody writes a time or a date in more
FURTHEST = timedelta(days=2 * 366)  # a pause that lasts longer is a slip of the finger

EDGES = " .!?¡¿,;"
PLEASE = re.compile(r"[ ,.!]+(?:please|por favor|thanks|thank you|gracias)$")


def numbered(words: str, first: int = 0) -> Mapping[str, int]:
    """Synonyms separated by spaces, things by bars: each word and the place of its thing."""
    return {word: at for at, group in enumerate(words.split("|"), first) for word in group.split()}


NUMBERS = numbered(
    "one a an un uno una|two dos|three tres|four cuatro|five cinco|six seis|seven siete|eight ocho|nine nueve"
    "|ten diez|eleven once|twelve doce",
    first=1,
)
MONTHS = numbered(
    "january jan enero ene|february feb febrero|march mar marzo|april apr abril abr|may mayo|june jun junio"
    "|july jul julio|august aug agosto ago|september sep sept septiembre setiembre|october oct octubre"
    "|november nov noviembre|december dec diciembre dic",
    first=1,
)
WEEKDAYS = numbered(
    "monday mondays mon lunes lun|tuesday tuesdays tue tues martes mar"
    "|wednesday wednesdays wed weds miercoles mie|thursday thursdays thu thur thurs jueves jue"
    "|friday fridays fri viernes vie|saturday saturdays sat sabado sabados sab|sunday sundays sun domingo domingos dom"
)


def plain(text: str) -> str:
    """Lower case, without accents, with single spaces; empty if it is too long to be meant."""
    if len(text) > LONGEST:
        return ""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    said = " ".join("".join(mark for mark in decomposed if not unicodedata.combining(mark)).split()).strip(EDGES)
    return PLEASE.sub("", said)


def in_digits(text: str) -> str:
    """With the numbers from one to twelve in digits."""
    return " ".join(str(NUMBERS.get(word, word)) for word in text.split())


# ---------------------------------------------------------------- times

WHOLE = {"noon": 12, "midday": 12, "mediodia": 12, "midnight": 0, "medianoche": 0}
ABOUT = r"(?:(?:at|around|about|by|from|between|it is|it's|its|sobre|hacia|desde|entre|a|al|son|es|las?) )*"
ROUGHLY = re.compile(r"[ -]?ish\b")
MINUTES = {"fifteen": 15, "twenty five": 25, "twenty": 20, "thirty": 30, "forty five": 45, "forty": 40, "fifty": 50}
MINUTES_SAID = re.compile("|".join(rf"\b{said.replace(' ', '[ -]')}\b" for said in MINUTES))
HALF = (
    r"(?: ?(?:(?P<am>a\.? ?m)|(?P<pm>p\.? ?m))\.?"
    r"| (?:(?P<early>in the morning|de la manana|por la manana|de la madrugada)"
    r"|(?P<late>in the afternoon|in the evening|de la tarde|por la tarde|del mediodia|this evening)"
    r"|(?P<night>at night|tonight|de la noche|por la noche)))?"
)
UNIT = r"(?: ?(?:h|hs|hrs?|hours?|horas?|o'? ?clock|en punto))?"
CLOCK = re.compile(ABOUT + r"(?P<hour>[0-9]{1,2})(?:(?: ?[:.h] ?| )(?P<minute>[0-5][0-9]))?" + UNIT + HALF)
PACKED = re.compile(ABOUT + r"(?P<hour>[0-2]?[0-9])(?P<minute>[0-5][0-9])" + UNIT + HALF)
PARTED = re.compile(
    ABOUT + r"(?P<part>half|1 quarter|quarter|[0-9]{1,2}) (?P<side>past|to) (?P<hour>[0-9]{1,2})" + HALF
)
SPANISH = re.compile(ABOUT + r"(?P<hour>[0-9]{1,2}) (?P<side>y|menos) (?P<part>media|cuarto|[0-9]{1,2})" + HALF)
PARTS = {"half": 30, "media": 30, "quarter": 15, "1 quarter": 15, "cuarto": 15}


def parse_time(text: str) -> time | None:
    """A wall time: "8", "8:30", "08.30", "8h30", "7 am", "8ish", "half past eight", "six thirty", "las 8 y media"."""
    said = re.sub(r"\d", lambda digit: str(int(digit[0])), re.sub(ABOUT, "", plain(text), count=1))
    said = MINUTES_SAID.sub(lambda found: str(MINUTES[found[0].replace("-", " ")]), ROUGHLY.sub("", said))
    said = re.sub(r"\bhalf (?=\d)", "half past ", in_digits(said))  # "half six", as Britain and Ireland say it
    if (hour := WHOLE.get(re.sub(r"^12 ", "", said))) is not None:
        return time(hour)
    for pattern in (CLOCK, PACKED):
        if found := pattern.fullmatch(said):
            return _wall(found, int(found["minute"] or 0))
    for pattern in (PARTED, SPANISH):
        if found := pattern.fullmatch(said):
            minutes = PARTS[found["part"]] if found["part"] in PARTS else int(found["part"])
            return _wall(found, -minutes if found["side"] in ("to", "menos") else minutes)
    return None


def _wall(found: re.Match[str], minutes: int) -> time | None:
    """The hour as it stands, with its half of the day, and so many minutes later."""
    hour = int(found["hour"])
    half = next((name for name in ("am", "pm", "early", "late", "night") if found[name]), "")
    if half and not 1 <= hour <= 12 and not (half in ("pm", "late", "night") and 13 <= hour <= 23):
        return None
    if half in ("am", "early") or (half == "night" and hour == 12):
        hour %= 12
    elif (half in ("pm", "late") or (half == "night" and hour >= 6)) and hour < 12:
        hour += 12
    if hour > 23 or abs(minutes) > 59:
        return None
    return time(*divmod((hour * 60 + minutes) % (24 * 60), 60))


# ---------------------------------------------------------------- zones

OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-5][0-9]))?")
UNEVEN = {  # offsets in minutes that Etc/ lacks, by a zone that keeps them all year
    210: "Asia/Tehran",
    270: "Asia/Kabul",
    330: "Asia/Kolkata",
    345: "Asia/Kathmandu",
    390: "Asia/Yangon",
    525: "Australia/Eucla",
    570: "Australia/Darwin",
    -570: "Pacific/Marquesas",
}
NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})

# well-known zones, roughly by how many people live by each
KNOWN: Sequence[str] = (
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Europe/Madrid",
    "America/New_York",
    "Africa/Lagos",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "Asia/Jakarta",
    "Asia/Dhaka",
    "Asia/Karachi",
    "Asia/Tokyo",
    "Africa/Nairobi",
    "Europe/Istanbul",
    "Europe/London",
    "America/Bogota",
    "America/Chicago",
    "Africa/Johannesburg",
    "Africa/Cairo",
    "Asia/Manila",
    "America/Los_Angeles",
    "America/Argentina/Buenos_Aires",
    "Asia/Tehran",
    "Africa/Accra",
    "Asia/Yangon",
    "Europe/Athens",
    "Asia/Kabul",
    "Africa/Casablanca",
    "Australia/Sydney",
    "Asia/Dubai",
    "Asia/Kathmandu",
    "America/Caracas",
    "Australia/Brisbane",
    "America/Santiago",
    "Asia/Jerusalem",
    "America/Denver",
    "America/Phoenix",
    "Europe/Lisbon",
    "Australia/Perth",
    "Pacific/Auckland",
    "Australia/Adelaide",
    "Australia/Darwin",
    "America/Halifax",
    "America/St_Johns",
    "America/Anchorage",
    "Pacific/Honolulu",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "America/Noronha",
    "America/Nuuk",
    "Pacific/Guam",
    "Pacific/Noumea",
    "Pacific/Fiji",
    "Pacific/Norfolk",
    "Pacific/Tongatapu",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Marquesas",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "America/Adak",
    "Etc/GMT+12",
)


@cache
def _zones() -> Mapping[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones() - NOT_ZONES)}


def parse_zone(text: str) -> str | None:
    """An IANA zone by its name in any case ("europe/madrid", "america/new york"), or a fixed one ("UTC+2")."""
    said = plain(text)
    if found := OFFSET.fullmatch(said.replace("−", "-").replace("±", "+")):
        minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
        return _fixed(-minutes if found["sign"] == "-" else minutes)
    return _zones().get(said.replace(" / ", "/").replace(" ", "_"))


def _fixed(minutes: int) -> str | None:
    """The zone that is always so far ahead of UTC. POSIX turns the sign round: two hours ahead is Etc/GMT-2."""
    if minutes in UNEVEN or minutes % 60:
        return UNEVEN.get(minutes)
    hours = minutes // 60
    if not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"


def zones_showing(now: datetime, wall: time, most: int = 4) -> list[str]:
    """Well-known zones whose clocks show this time now, give or take ten minutes; each by other rules.

    `now` is aware. The most populous comes first.
    """
    seen = dict[tuple[timedelta | None, ...], str]()
    for name in KNOWN:
        zone = ZoneInfo(name)
        local = now.astimezone(zone)
        apart = (local.hour - wall.hour) * 60 + local.minute - wall.minute
        if min(apart % 1440, -apart % 1440) <= 10:
            seasons = (now + timedelta(days=days) for days in range(0, 365, 14))
            seen.setdefault(tuple(moment.astimezone(zone).utcoffset() for moment in seasons), name)
    return list(seen.values())[:most]


# ---------------------------------------------------------------- dates

LEAD = re.compile(
    r"(?:(?:until|till|til|on|by|from|for|back|the|in|after|hasta|el|la|los|desde|a partir de|en|dentro de|por) )+"
)
NEXT = re.compile(
    r"(?:(?:next|this|coming|proximo|proxima|este|esta) )?(?P<what>[a-z]+)(?: (?:que viene|proximo|proxima))?"
)
AHEAD = re.compile(
    r"(?P<count>[0-9]{1,3}) (?:(?P<day>days?|dias?)|(?P<week>weeks?|semanas?)|(?P<month>months?|mes|meses))"
    r"(?: (?:from now|from today|mas|time))?"
)
ISO = re.compile(r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})")
SLASHED = re.compile(r"(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})(?:[-/.](?P<year>[0-9]{4}|[0-9]{2}))?")
DAY_FIRST = re.compile(
    r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?: of| de)? (?P<month>[a-z]+)\.?,?(?:(?: de| del)? (?P<year>[0-9]{4}))?"
)
MONTH_FIRST = re.compile(r"(?P<month>[a-z]+)\.? (?:the )?(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>[0-9]{4}))?")
SAID = {"today": 0, "hoy": 0, "tomorrow": 1, "manana": 1, "day after tomorrow": 2, "pasado manana": 2, "pasado": 2}


def parse_date(text: str, today: date) -> date | None:
    """A day from today on: "2026-12-24", "24/12", "24 December", "tomorrow", "in 3 days", "next monday", "a week".

    Without a year it is the next such day. None for the past, for more than two years ahead and for nonsense.
    """
    said = LEAD.sub("", plain(text), count=1)
    try:
        day = _relative(said, today) or _dated(said, today)
    except (ValueError, OverflowError):  # the 31st of February
        return None
    return day if day is not None and today <= day <= today + FURTHEST else None


def _relative(said: str, today: date) -> date | None:
    if said in SAID:
        return today + timedelta(days=SAID[said])
    if found := AHEAD.fullmatch(in_digits(said)):
        count = int(found["count"])
        return (
            _months_on(today, count) if found["month"] else today + timedelta(days=count * (7 if found["week"] else 1))
        )
    if found := NEXT.fullmatch(said):
        what = found["what"]
        if what in WEEKDAYS:
            return today + timedelta(days=(WEEKDAYS[what] - today.weekday() - 1) % 7 + 1)
        if what != said and what in ("week", "semana"):
            return today + timedelta(days=7)
        if what != said and what in ("month", "mes"):
            return _months_on(today, 1)
    return None


def _dated(said: str, today: date) -> date | None:
    for pattern in (ISO, SLASHED, DAY_FIRST, MONTH_FIRST):
        if not (found := pattern.fullmatch(said)):
            continue
        day, month = int(found["day"]), MONTHS.get(found["month"], 0) or _number(found["month"])
        if pattern is SLASHED and month > 12 >= day:
            day, month = month, day
        if found["year"]:
            return date(int(found["year"]) + (2000 if len(found["year"]) == 2 else 0), month, day)
        return _next_such(day, month, today)
    return None


def _next_such(day: int, month: int, today: date) -> date | None:
    for year in range(today.year, min(today.year + 9, date.max.year + 1)):  # 29 February can be eight years off
        if 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1] and (such := date(year, month, day)) >= today:
            return such
    return None


def _months_on(day: date, count: int) -> date:
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


# ---------------------------------------------------------------- days of the week

GROUPS = {
    **{
        word: frozenset({5, 6})
        for word in ("weekend", "weekends", "finde", "findes", "fin de semana", "fines de semana")
    },
    **{word: frozenset(range(5)) for word in ("weekdays", "weekday", "entre semana", "dias laborables")},
    **{word: frozenset(range(7)) for word in ("every day", "everyday", "all", "todos los dias", "todos")},
    **{word: frozenset[int]() for word in ("none", "no", "nope", "never", "no days", "no days off", "nothing")},
    **{word: frozenset[int]() for word in ("ninguno", "ningun dia", "nunca", "nada", "ninguna")},
}
BETWEEN = re.compile(r"(?P<first>[a-z]+)(?: ?[-–] ?| (?:to|through|thru|until|a|al|hasta) )(?P<last>[a-z]+)")


def parse_days(text: str) -> frozenset[int] | None:
    """Days of the week, 0 is Monday: "sunday", "sat, sun", "mon to wed", "weekends", "none", "lunes y martes"."""
    said = re.sub(r"\b(?:the|on|los|las|el|la|every|cada|off|libres?|days off)(?= |$)|^de ", " ", plain(text))
    said = " ".join(said.split())
    if plain(text) in GROUPS or said in GROUPS:
        return GROUPS.get(plain(text), GROUPS.get(said))
    days = set[int]()
    for part in re.split(r" ?(?:[,;/&+]| and | y | e ) ?", said):
        if group := GROUPS.get(part):
            days |= group
        elif found := BETWEEN.fullmatch(part):
            first, last = WEEKDAYS.get(found["first"]), WEEKDAYS.get(found["last"])
            if first is None or last is None:
                return None
            days |= {(first + more) % 7 for more in range((last - first) % 7 + 1)}
        else:
            words = part.split()
            if not all(word in WEEKDAYS for word in words):
                return None
            days |= {WEEKDAYS[word] for word in words}
    return frozenset(days) or None
