"""What the conversations around a crisis have in common: their language, their buttons, and where they lead back to.

They answer in the language of the rule that fired, whatever the language of the course is. Every button has its words
in each of LANGUAGES (a test holds that), and words are understood in all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot import journey
from bot.cohorts.model import Act, Cohort
from bot.consent import agrees
from bot.conversations.base import Context, Given, Move, Words, finish, wholly
from bot.conversations.words import HERE_AGAIN, bare
from bot.model import (
    Carried,
    Choice,
    ChoiceMade,
    Decided,
    Event,
    Journey,
    MessageReceived,
    Participant,
    Recorded,
    Said,
    Shelter,
    State,
)

LANGUAGES = ("en", "es")
NOT_SAFE = (
    *("not safe", "i am not safe", "i'm not safe", "no, i am not safe", "no, i'm not safe"),
    *("help", "help me", "i need help"),
    *("no estoy a salvo", "no, no estoy a salvo", "no me siento a salvo", "ayuda", "ayúdame", "necesito ayuda"),
)
QUIET = (
    *("stop", "pause", "enough", "leave me alone", "that is all", "that's all", "close"),
    *("basta", "para", "pausa", "déjame", "es todo"),
)
LEADING_OUT: Words = {"quiet": (*QUIET, *HERE_AGAIN), "in_need": NOT_SAFE}  # of what one looks at or writes meanwhile
OUT_WORDS = frozenset(words for known in LEADING_OUT.values() for words in known)
OWN_WORDS = OUT_WORDS | {"resume"}  # here they mean what is being talked about
ELSEWHERE = "ZZ"  # a country that they named and that we have no numbers of


def until_they_go_on(participant: Participant, now: datetime) -> datetime | None:
    """As long as the course is held; without a course to hold, for a day."""
    return None if participant.sheltered else now + timedelta(days=1)


def language_of(ctx: Context) -> str:
    """In which to answer: that of the rule that fired, else that of the course."""
    held = ctx.participant.sheltered
    language = ctx.run.notes.get("language") or (held.language if held else ctx.participant.locale)
    return language if language in LANGUAGES else LANGUAGES[0]


def spoken(ctx: Context, prompt: str, *, writes: bool = False, private: bool = False, **facts: Any) -> Said:
    """A safety prompt in the language of this conversation."""
    known = {"language": language_of(ctx), "zone": zone_of(ctx), **facts}
    return Said(prompt, known, writes=writes, private=private)


def zone_of(ctx: Context) -> str | None:
    """Where they are: who has not told us is where their platform says, for this answer alone."""
    return ctx.participant.zone or ctx.profile_zone or None


def offered(ctx: Context, *ids: str) -> tuple[Choice, ...]:
    """These buttons in the language of this conversation."""
    language = language_of(ctx)
    return tuple(Choice(one if language == LANGUAGES[0] else f"{one}_{language}") for one in ids)


def understood(given: Given, words: Words, read: Callable[[Given, Words], str | None] = wholly) -> str | None:
    """The choice that was tapped, in whichever language, or typed; in danger in one of its words and no others."""
    chosen = read(replace(given, text=bare(given.text)) if isinstance(given, MessageReceived) else given, words)
    if isinstance(given, ChoiceMade) and chosen is not None:
        for language in LANGUAGES[1:]:
            chosen = chosen.removesuffix(f"_{language}")
    return chosen


def agreed(person: Participant) -> bool:
    """Whether they agreed to what is kept of them, and have not left: before that no text is kept."""
    return agrees(person, "coach") and person.journey.state not in (State.INVITED, State.WITHDRAWN)


def kept(ctx: Context, given: Given) -> tuple[Event, ...]:
    """What they wrote goes where all goes that they write unasked, once they agreed to anything being kept."""
    text = given.text.strip() if isinstance(given, MessageReceived) else ""
    return (Recorded("journal", text),) if text and agreed(ctx.participant) else ()


def leading(ctx: Context, how: str = "") -> dict[str, Any]:
    """Notes for "staying": what has just happened, which is said once."""
    return {"how": how, "at": ctx.now, "language": language_of(ctx)}


def stepping_out(ctx: Context, leads_back: bool) -> dict[str, Any]:
    """Notes for a conversation that may lead back to "staying"."""
    return {"language": language_of(ctx), "back": leads_back}


def back(ctx: Context, prompt: str, *events: Event, how: str = "", **updates: Any) -> Move:
    """Out of such a conversation: back to "staying", which says how it went, or with this prompt to what was open."""
    if ctx.run.notes.get("back") or ctx.participant.sheltered:
        here = () if how else (spoken(ctx, prompt),)
        return finish(*events, *here, then="staying", notes=leading(ctx, how), **updates)
    return finish(*events, spoken(ctx, prompt), **updates)


def not_safe(ctx: Context) -> Move:
    """Who is not safe is stayed with, and the course is held."""
    held = sheltered(ctx.participant, ctx.now, language_of(ctx))
    return finish(then="staying", notes=leading(ctx, "not_safe"), sheltered=held)


def led_out(ctx: Context, given: Given) -> Move | None:
    """Where words lead that are no answer to what is looked at or written here: to people, or back to the quiet."""
    match understood(given, LEADING_OUT):
        case "in_need" if ctx.participant.sheltered is not None:
            return not_safe(ctx)
        case "in_need":
            return finish(then="support")
        case "quiet":
            return back(ctx, "safety/closed")
    return None


# ---------------------------------------------------------------- holding the course


def sheltered(person: Participant, now: datetime, language: str) -> Shelter | None:
    """The course held from now on; there is none to hold before the beginning and after leaving."""
    if person.journey.state in (State.INVITED, State.WITHDRAWN):
        return None
    held = person.sheltered or Shelter(journey.today(person, now))
    return replace(held, language=language)


def gone_on(person: Participant, now: datetime) -> Journey:
    """The journey once the course goes on: at one's own pace the days in which it was held do not count."""
    path, held = person.journey, person.sheltered
    if held is None or path.state is not State.ACTIVE or path.pacing == "calendar" or path.anchor is None:
        return path
    away = journey.today(person, now) - max(held.since, path.anchor)
    return replace(path, anchor=path.anchor + max(away, timedelta(0)))


# ---------------------------------------------------------------- telling somebody, by their choice


def led_by(person: Participant, cohort: Cohort | None) -> Cohort | None:
    """The cohort whose facilitators can be asked to get in touch; None where there is nobody to ask."""
    there = cohort is not None and cohort.closed_on is None and bool(cohort.facilitators) and bool(person.cohort)
    return cohort if there else None


def asked_for(person: Participant, cohort: Cohort, now: datetime) -> tuple[Event, ...]:
    """Those who lead read the first name and the wish to hear from them, and nothing else; once a day at most."""
    said = Said("desk/asked_for", {"who": person.name, "cohort": cohort.name})
    key = f"asked:{person.id}:{journey.today(person, now)}"
    carried = (Carried((one,), replace(said, key=f"{key}:{one}")) for one in cohort.facilitators)
    return *carried, Decided(Act.ASK_FOR_HUMAN, cohort.id)
