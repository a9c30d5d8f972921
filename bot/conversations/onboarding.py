"""Onboarding: what this is, consent, and the few things that the coach must know to begin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from bot import journey
from bot.clock_text import parse_date, parse_time
from bot.consent import with_answer
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    meant,
    stay,
    tapped,
    typed,
    without_end,
)
from bot.conversations.erasing import forgotten
from bot.conversations.finding import asked_where, asked_which, clock_in
from bot.conversations.joining import agreed_to, described, in_consent, joined
from bot.conversations.words import is_greeting, plain
from bot.model import Choice, Kind, Layer, MessageReceived, Participant, Rhythm, Said, State
from bot.timetable import day_begins, fitted, moments, zone

LONGEST_NAME = 40
MOST_MARKS = 4  # on one letter; Tibetan and pointed Hebrew have up to four
BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that show nothing

onboarding = conversation("onboarding", first="welcome", open_for=without_end)

CONSENTING: Mapping[str, tuple[str, ...]] = {
    "agree": ("yes", "y", "ok", "okay", "i agree", "agree", "sure", "yes please", "si", "sí"),
    "more": ("more", "tell me more"),
    "younger": ("i am younger", "i'm younger", "no, i am younger"),
    "not_now": ("no", "n", "not now", "not yet", "later", "no thanks"),
}
YES_NO: Mapping[str, tuple[str, ...]] = {
    "no": ("no", "n", "nope", "i do not", "i don't", "not really"),
    "yes": ("yes", "y", "yep", "yeah", "i do", "si", "sí"),
}
INTRODUCED = re.compile(  # behind "I'm", a name has a capital: "I'm tired" is none
    r"(?i:(?:(?:hi|hello|hola)[,!.]? )?)(?:"
    r"(?i:my name(?: is|'s|’s)|(?:you can |please |just )?call me|me llamo|mi nombre es|llámame) (\S.*?)"
    r"|(?i:i am|i'm|i’m|im|soy) ((?!I\b)[^\W\d_a-z]\w*(?: [^\W\d_a-z]\w*)?))[.!]?"
)
AS_SHOWN: Mapping[str, tuple[str, ...]] = {  # the name that stands below, and no name of their own
    "as_shown": ("yes", "yep", "yeah", "ok", "okay", "sure", "fine", "that's fine", "right", "that's right", "vale"),
}
IN_CARE = {**YES_NO, "yes": (*YES_NO["yes"], "nurse", "i am a nurse", "i'm a nurse", "doctor", "i am a doctor")}
MORNINGS = ("08:00", "06:30", "07:00", "09:00")
YEARS = re.compile(
    r"\b(?:i am|i'm|i’m|im|tengo) (over |at least |más de )?(\d{1,2})\b(?! ?(?:min|hour|day|week|hora|d[ií]a))"
    r"(?: (?:years old|or older|años))?",
    re.IGNORECASE,
)
EXACT = re.compile(r"^\d\d[:.]\d\d$|a\.? ?m\b|morning|mañana|madrugada")
EVENINGS = ("20:00", "19:00", "21:00", "22:00")


@onboarding.step
def welcome(ctx: Context, given: Given) -> Move:
    """What this is and is not comes before any question."""
    cohort = ctx.invited_to
    return ask(
        "consent", Said("onboarding/welcome"), *([Said("joining/invited", described(ctx, cohort))] if cohort else [])
    )


@onboarding.step
def consent(ctx: Context, given: Given) -> Move | Said:
    """Nothing is kept before somebody agrees."""
    person = ctx.participant
    match "younger" if is_too_young(typed(given), ctx.age) else agreeing(given, ctx.age):
        case "younger":
            facts = {"zone": person.zone, "language": person.locale, "age": ctx.age}
            return forgotten(ctx, Said("safety/too_young", facts))
        case "agree":
            layers: tuple[Layer, ...] = ("coach", "group") if ctx.invited_to else ("coach",)
            once_more = person.journey.state is State.ONBOARDING  # they came back to this question
            path = person.journey if once_more else journey.travel(person.journey, State.ONBOARDING)
            return ask("name", journey=path, consents=with_answer(person, ctx.now, True, *layers, age=ctx.age))
        case "more":
            return stay(*details(ctx, Choice("agree"), Choice("not_now"), Choice("younger")))
        case "not_now":
            return finish(Said("onboarding/not_now"), journey=journey.travel(person.journey, State.WITHDRAWN))
        case "old_enough":
            return again()
        case _:
            offered = (Choice("agree"), Choice("more"), Choice("not_now"), Choice("younger"))
            return Said("onboarding/consent", in_consent(ctx)).offering(*offered)


def details(ctx: Context, *choices: Choice) -> tuple[Said, ...]:
    """What is kept, who sees what, for how long and what one can do about it, in short messages."""
    kept, seen, last = (Said(f"onboarding/{name}", in_consent(ctx)) for name in ("more_kept", "more_seen", "more"))
    return kept, seen, last.offering(*choices)


def is_too_young(text: str | None, age: int) -> bool:
    """Whether they wrote an age ("I am 16") below the one from which on people take part."""
    return any(not said[1] and int(said[2]) < age for said in YEARS.finditer(text or ""))


def agreeing(given: Given, age: int) -> str | None:
    """What they mean by it. To be old enough is no yes yet, and takes nothing from one: "Yes, I am 25"."""
    text = typed(given)
    if not isinstance(given, MessageReceived) or text is None:
        return meant(given, CONSENTING)
    left = YEARS.sub(lambda said: "" if int(said[2]) >= age else said[0], text)
    return "old_enough" if left != text and not plain(left) else meant(replace(given, text=left), CONSENTING)


@onboarding.step
def name(ctx: Context, given: Given) -> Move | Said:
    """What to call them: any name, as they write it."""
    known = ctx.participant.name
    if known and meant(given, AS_SHOWN):
        return ask("zone")
    text = typed(given)
    if text is None or is_greeting(text):
        question = Said("onboarding/name")
        return question.offering(Choice("as_shown", label=known)) if known else question
    called = name_in(text)
    if called is None:
        return again(Said("onboarding/name_unclear"))
    return ask("zone", name=called)


def name_in(text: str) -> str | None:
    """The name in "My name is Ana" and "I'm Ana", as `clean_name` makes it; else all that they wrote."""
    said = INTRODUCED.fullmatch(text.strip())
    return clean_name(said[1] or said[2]) if said else clean_name(text)


def clean_name(text: str) -> str | None:
    """A name as anybody may be shown it; None if nothing visible is left or it is longer than a name.

    Without control and direction characters, blanks that look like nothing, and more marks on a letter than any script
    puts there.
    """
    kept, marks = "", 0
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        if character.isspace() or character in BLANK:
            kept, marks = f"{kept} ", 0
        elif kind[0] != "C":
            marks = marks + 1 if kind in ("Mn", "Me") else 0
            kept += character if marks <= MOST_MARKS else ""
    called = " ".join(kept.split())
    seen = any(unicodedata.category(character)[0] not in "MZ" for character in called)
    return called if seen and len(called) <= LONGEST_NAME else None


@onboarding.named("zone")
def where(ctx: Context, given: Given) -> Move | Said:
    """Where they are, for the clock only; not asked where their platform says it."""
    if given is ENTERED and ctx.profile_zone:
        return settled(ctx.profile_zone)
    return asked_where(ctx, given, Said("onboarding/zone", {"ask_location": True}), settled)


@onboarding.step
def which_zone(ctx: Context, given: Given) -> Move | Said:
    """Several places bear that name."""
    return asked_which(ctx, given, settled)


def settled(place: str) -> Move:
    """The zone is known."""
    return ask("morning", zone=place)


@onboarding.step
def morning(ctx: Context, given: Given) -> Move | Said:
    """When the morning message comes."""
    if given is ENTERED:
        facts = {"clock": clock_in(ctx.participant.zone, ctx.now), "profile_zone": ctx.profile_zone}
        return Said("onboarding/morning", facts, picker="time").offering(*at_times(MORNINGS), columns=4)
    at = time_given(given)
    if at is None:
        return again(Said("onboarding/time_unclear"))
    return ask("evening", rhythm=fitted(replace(ctx.participant.rhythm, morning=at)))


@onboarding.step
def evening(ctx: Context, given: Given) -> Move | Said:
    """When the evening message comes."""
    if given is ENTERED:
        return Said("onboarding/evening", picker="time").offering(*at_times(EVENINGS), columns=4)
    at = evening_given(given)
    if at is None:
        return again(Said("onboarding/time_unclear"))
    return ask("health_care", rhythm=fitted(replace(ctx.participant.rhythm, evening=at)))


@onboarding.step
def health_care(ctx: Context, given: Given) -> Move | Said:
    """A flavour of wording, nothing else."""
    match in_care(given):
        case "yes" | "no" as answer:
            return ask("start", health_care=answer == "yes")
        case _:
            return Said("onboarding/health_care").offering(Choice("no"), Choice("yes"))


def in_care(given: Given) -> str | None:
    """Yes or no to working in health care, also with more behind it: "yes, I am a nurse"."""
    first = re.split(r"[\s,.;:!]", typed(given) or "", maxsplit=1)[0]
    return meant(given, IN_CARE) or (meant(MessageReceived(first), YES_NO) if first else None)


@onboarding.step
def start(ctx: Context, given: Given) -> Move | Said:
    """Day 1: today while the morning's window is open, else tomorrow; in a cohort, the cohort's own."""
    soonest = first_day(ctx.participant, ctx.now)
    cohort = agreed_to(ctx)
    if ctx.participant.joining and ctx.invited_to is None:
        return ask("start", Said("joining/gone"), joining="")
    if cohort is not None and (cohort.together or cohort.starts_on > soonest):
        return begin(ctx, cohort.starts_on)
    monday = soonest + timedelta(days=(7 - soonest.weekday()) % 7 or 7)
    text = typed(given) or tapped(given)
    match tapped(given):
        case "today" | "tomorrow" | "soonest":
            return begin(ctx, soonest)
        case "monday":
            return begin(ctx, monday)
        case _ if text is not None:
            on = parse_date(text, ctx.today)
            return begin(ctx, max(on, soonest)) if on else again(Said("onboarding/date_unclear"))
        case _:
            first = Choice("today" if soonest == ctx.today else "tomorrow")
            return Said("onboarding/start", picker="date").offering(first, Choice("monday"))


def begin(ctx: Context, on: date) -> Move:
    """The course begins on the local date `on`."""
    person, cohort = ctx.participant, agreed_to(ctx)
    soonest = first_day(person, ctx.now)
    first = max(on, soonest)  # somebody who comes late to a cohort begins where the others are
    begun = journey.travel(replace(person.journey, anchor=on), State.ACTIVE)
    facts = {
        "morning": person.rhythm.morning,
        "evening": person.rhythm.evening,
        "date": first,
        "is_today": first == ctx.today,
        "late": on < first,
    }
    done = Said("onboarding/done", facts)
    since = day_begins(soonest, zone(person.zone)) - timedelta(seconds=1)
    if cohort is None:
        return finish(done, journey=begun, checked=since)
    begun = replace(begun, pacing=cohort.pacing)
    return finish(joined(ctx, cohort, begun, first), done, journey=begun, checked=since, cohort=cohort.id, joining="")


def first_day(person: Participant, now: datetime) -> date:
    """Today while this morning's message would still be useful, else tomorrow; nobody gets a morning twice."""
    on = journey.today(person, now)
    always: Rhythm = replace(person.rhythm, days_off=frozenset())
    mornings = [m for m in moments(always, zone(person.zone), on) if m.kind is Kind.MORNING]
    had = (Kind.MORNING, on) in person.touched
    return on if mornings and now < mornings[0].until and not had else on + timedelta(days=1)


def at_times(times: tuple[str, ...]) -> tuple[Choice, ...]:
    """Buttons for clock times."""
    return tuple(Choice(at, label=at) for at in times)


def evening_given(given: Given) -> time | None:
    """As time_given, but "8" and "half past nine" mean the evening; "09:30" and "9 am" mean what they say."""
    at, text = time_given(given), (typed(given) or "").casefold()
    if at is None or not 4 <= at.hour < 12 or not text or EXACT.search(text):
        return at
    return at.replace(hour=at.hour + 12)


def time_given(given: Given) -> time | None:
    """A time that was tapped or typed; None for nonsense such as 25:99."""
    text = typed(given) or tapped(given)
    return parse_time(text) if text else None
