"""Asking again, where the words that somebody agreed to have changed. Layer by layer; a no is as good as a yes."""

from __future__ import annotations

from typing import Any

from bot import consent
from bot.conversations.base import (
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    meant,
    stay,
    typed,
    without_end,
)
from bot.conversations.joining import alone, in_consent
from bot.conversations.onboarding import CONSENTING, agreeing, details
from bot.model import Choice, Said

renewal = conversation(consent.RENEWAL, first="coach", open_for=without_end, anytime=True)

GROUP = {"agree": CONSENTING["agree"], "go_alone": ("alone", "no", "leave the group")}


@renewal.step
def coach(ctx: Context, given: Given) -> Move | Said:
    """What the coach keeps. Who does not agree is asked whether to leave, to pause or to erase."""
    person, offered = ctx.participant, tuple(map(Choice, ("agree", "not_now", "younger")))
    if not consent.is_outdated(person, "coach", ctx.age):
        return ask("group")
    words = consent.is_outdated(person, "coach")
    match agreeing(given, ctx.age):
        case "old_enough" if words:
            return again()
        case "agree" | "old_enough":  # where the age alone is new, they have said what is asked
            return ask("group", consents=consent.with_answer(person, ctx.now, True, "coach", age=ctx.age))
        case "more":
            return stay(*details(ctx, *offered))
        case "not_now":
            return finish(then="leaving")
        case "younger":
            return finish(then="erasing")
        case None if (text := typed(given)) is not None:
            return again(notes=waiting_too(ctx, text))
        case _:
            facts = {"age": ctx.age, "words": words}
            return Said("renewal/coach", facts).offering(offered[0], Choice("more"), *offered[1:])


@renewal.step
def group(ctx: Context, given: Given) -> Move | Said:
    """Walking in a group. Who does not agree walks on alone. The engine ends this once nothing is left to ask."""
    person = ctx.participant
    if not consent.is_outdated(person, "group"):
        return stay()
    match meant(given, GROUP):
        case "agree":
            return stay(consents=consent.with_answer(person, ctx.now, True, "group"))
        case "go_alone" if person.cohort:
            return stay(Said("parting/alone"), journey=alone(ctx), cohort="")
        case "go_alone":
            return stay(consents=consent.withdrawn(person, ctx.now, "group"))
        case None if (text := typed(given)) is not None:
            return again(notes=waiting_too(ctx, text))
        case _:
            name = ctx.cohort.name if ctx.cohort else ""
            return Said("renewal/group", {**in_consent(ctx), "cohort": name}).offering(*map(Choice, GROUP))


def waiting_too(ctx: Context, text: str) -> dict[str, object]:
    """Another text waits behind what waits already."""
    return {"waiting": with_another(ctx.run.notes.get("waiting", ()), ("says", text))}


def with_another(waiting: tuple[Any, ...], one: tuple[Any, ...]) -> tuple[Any, ...]:
    """What waits for their agreement; texts one after the other are one answer."""
    match waiting, one:
        case (*before, ("says", str(text))), ("says", str(more)):
            return (*before, ("says", f"{text}\n{more}"))
    return (*waiting, one)
