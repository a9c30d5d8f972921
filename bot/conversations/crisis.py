"""After danger: help at once, "are you safe?", staying with them while the course is held. Concern: asking with care.

Nothing here asks twice in a row, diagnoses or promises. Every question carries the numbers again, every text in these
conversations has passed the safety screen before, and any answer, or none, is a good one.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    Words,
    ask,
    conversation,
    finish,
    for_an_hour,
    stay,
    typed,
)
from bot.conversations.in_need import (
    NOT_SAFE,
    OWN_WORDS,
    QUIET,
    gone_on,
    kept,
    language_of,
    leading,
    led_by,
    not_safe,
    offered,
    sheltered,
    spoken,
    stepping_out,
    understood,
    until_they_go_on,
)
from bot.conversations.words import HERE_AGAIN
from bot.model import Choice, Said, State

crisis = conversation("crisis", first="safe", open_for=until_they_go_on, keeps=OWN_WORDS, anytime=True)
staying = conversation("staying", first="here", open_for=until_they_go_on, keeps=OWN_WORDS, anytime=True)
concern = conversation("concern", first="care", open_for=for_an_hour, keeps=OWN_WORDS, anytime=True)
going_on = conversation("going_on", first="back", open_for=for_an_hour, anytime=True)

AGAIN: Words = {"again": HERE_AGAIN}  # who comes back to the chat is asked the same again
ON = ("go on with the course", "go on", "resume", "continue", "seguir con el curso", "seguir", "sigamos")

AM_SAFE = (
    *("safe", "i am safe", "i'm safe", "i am safe now", "i'm safe now", "i'm safe for now", "i am safe for now"),
    *("yes i am", "yes, i am", "yes i am safe", "yes, i am safe", "yes i'm safe", "yes, i'm safe"),
    *("estoy a salvo", "sí, estoy a salvo", "si estoy a salvo", "sí estoy a salvo", "por ahora estoy a salvo"),
)
SAFE: Words = {
    "safe_now": ("yes", "y", "sí", "si", *AM_SAFE),
    "not_safe": ("no", "n", *NOT_SAFE),
    "rather_not_say": ("i do not want to say", "i don't want to say", "i don't know", "no lo sé", "no sé", *QUIET),
}
HERE: Words = {
    "ground": ("steady", "ground", "calmarme"),
    "my_person": (),
    "my_plan": ("plan", "my plan", "mi plan"),
    "tell_leader": (),
    "go_on_course": ON,
    "carry_on": (),
    "no_more_now": (*QUIET, "thanks", "thank you", "gracias"),
    "not_safe": NOT_SAFE,
    "safe_now": AM_SAFE,
}
CARE: Words = {
    "carry_on": ("fine", "i am fine", "i'm fine", "estoy bien", *ON, *QUIET),
    "ground": (),
    "with_people": ("support", "apoyo"),
    "not_safe": NOT_SAFE,
}
# what has just happened -> how the next message begins
BEGINNINGS: Mapping[str, str] = {
    "safe_now": "safety/safe_now",
    "not_safe": "safety/not_safe",
    "rather_not_say": "safety/unsaid",
    "next_day": "safety/next_day",
    "grounded": "safety/grounded",
}


@crisis.step
def safe(ctx: Context, given: Given) -> Move | Said:
    """Warmth, the numbers, and whether they are safe right now."""
    match understood(given, {**SAFE, **AGAIN, "go_on_course": ON}):
        case "not_safe":  # held also where the screen had failed and nothing was held yet
            return not_safe(ctx)
        case "go_on_course":
            return finish(then="going_on", notes=stepping_out(ctx, leads_back=False))
        case "safe_now" | "rather_not_say" as how:
            return finish(then="staying", notes=leading(ctx, how))
        case None if typed(given) is not None:
            return finish(*kept(ctx, given), then="staying", notes=leading(ctx, "rather_not_say"))
        case _:
            told, held = bool(ctx.run.notes.get("told")), ctx.participant.sheltered is not None
            said = spoken(ctx, "safety/urgent", told=told, held=held, again=ctx.run.started != ctx.now)
            return said.offering(*offered(ctx, *SAFE), columns=1)


@staying.step
def here(ctx: Context, given: Given) -> Move | Said:
    """What can be done now, a tap away, in the order of need; nothing has to be done."""
    person = ctx.participant
    match understood(given, {**HERE, **AGAIN}):
        case "ground":
            return finish(then="grounding", notes=stepping_out(ctx, leads_back=True))
        case "my_person" if person.trusted is not None:
            return finish(then="trusted", notes=stepping_out(ctx, leads_back=True))
        case "my_plan" if person.safety_plan:
            return finish(then="safety_plan", notes=stepping_out(ctx, leads_back=True))
        case "tell_leader" if led_by(person, ctx.cohort):
            return finish(then="telling", notes=stepping_out(ctx, leads_back=True))
        case "not_safe" | "safe_now" as how:
            held = sheltered(person, ctx.now, language_of(ctx)) if how == "not_safe" else person.sheltered
            return ask("here", notes=leading(ctx, how), sheltered=held)
        case "go_on_course" if person.sheltered is not None:
            return finish(then="going_on", notes=stepping_out(ctx, leads_back=False))
        case "carry_on" if person.sheltered is None:
            return finish(spoken(ctx, "safety/closed"))
        case "no_more_now":
            return stay(spoken(ctx, "safety/quiet")) if person.sheltered else finish(spoken(ctx, "safety/quiet"))
        case None if typed(given) is not None:
            said = spoken(ctx, "safety/listened", kept=bool(kept(ctx, given)))
            return Move(events=(*kept(ctx, given), said.offering(*ways(ctx), columns=1)), answered=False)
        case _:
            return staying_with(ctx).offering(*ways(ctx), columns=1)


def staying_with(ctx: Context) -> Said:
    """What has just happened, said once; after that only that we are here."""
    fresh = ctx.run.notes.get("at") == ctx.now
    beginning = BEGINNINGS.get(ctx.run.notes.get("how", "")) if fresh else None
    return spoken(ctx, beginning or "safety/here", held=ctx.participant.sheltered is not None)


def ways(ctx: Context) -> tuple[Choice, ...]:
    """The buttons: people before exercises, and going on last."""
    person = ctx.participant
    there = {
        "my_person": person.trusted is not None,
        "my_plan": bool(person.safety_plan),
        "tell_leader": led_by(person, ctx.cohort) is not None,
        "ground": True,
        "not_safe": ctx.run.notes.get("how") != "not_safe",
        "no_more_now": True,
        "go_on_course": person.sheltered is not None,
        "carry_on": person.sheltered is None,
    }
    return offered(ctx, *(name for name, is_there in there.items() if is_there))


@going_on.named("back")
def goes_on(ctx: Context, given: Given) -> Move:
    """The course goes on where it was held; a pause that was there before is still one."""
    person = ctx.participant
    if person.sheltered is None:
        return finish(spoken(ctx, "safety/closed"))
    said = spoken(ctx, "safety/going_on", paused=person.journey.state is State.PAUSED)
    left = tuple(run for run in person.runs if run.conversation not in (crisis.name, staying.name))
    return finish(said, sheltered=None, journey=gone_on(person, ctx.now), checked=ctx.now, runs=left)


@concern.step
def care(ctx: Context, given: Given) -> Move | Said:
    """May be heavy, may be nothing: asked with care, and they go on as they wish."""
    match understood(given, {**CARE, **AGAIN}):
        case "carry_on":
            return finish(spoken(ctx, "safety/closed"))
        case "ground":
            return finish(then="grounding", notes=stepping_out(ctx, leads_back=False))
        case "with_people":
            return finish(then="support", notes=stepping_out(ctx, leads_back=False))
        case "not_safe":
            return not_safe(ctx)
        case None if given is not ENTERED and typed(given) is not None:
            said = spoken(ctx, "safety/listened", kept=bool(kept(ctx, given)))
            return Move(events=(*kept(ctx, given), said.offering(*offered(ctx, *CARE), columns=1)), answered=False)
        case _:
            return spoken(ctx, "safety/concern").offering(*offered(ctx, *CARE), columns=1)
