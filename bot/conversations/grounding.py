"""A short exercise for the feet, the eyes, the ears, the breath and the hand: step by step, at one's own pace.

The senses in turn, outwards first, are common knowledge of first aid for distress; the sentences are ours. No timers:
the next step comes when they ask for it, and stopping is a button of every step.
"""

from __future__ import annotations

from datetime import datetime

from bot.conversations.base import ENTERED, Context, Given, Move, Words, ask, conversation, for_an_hour
from bot.conversations.in_need import (
    NOT_SAFE,
    OWN_WORDS,
    QUIET,
    back,
    not_safe,
    offered,
    spoken,
    understood,
)
from bot.model import Participant, Said


def as_long_as_it_may_help(person: Participant, now: datetime) -> datetime | None:
    """While the course is held, or for an hour: on the next day nobody is in the middle of it any more."""
    return None if person.sheltered else for_an_hour(person, now)


grounding = conversation("grounding", first="moment", open_for=as_long_as_it_may_help, keeps=OWN_WORDS, anytime=True)

STEPS = 5
WAYS: Words = {
    "next_one": (),  # and whatever they write
    "end_ground": (
        *("end", "no", "parar", "resume", "go on with the course", "seguir con el curso"),
        *QUIET,
    ),
}


@grounding.step
def moment(ctx: Context, given: Given) -> Move | Said:
    """One thing to notice; what they name is theirs and is not kept."""
    at = int(ctx.run.notes.get("step", 1))
    if given is ENTERED:
        return spoken(ctx, "safety/ground", step=at, steps=STEPS).offering(*offered(ctx, *WAYS))
    match understood(given, {**WAYS, "not_safe": NOT_SAFE}):
        case "not_safe":
            return not_safe(ctx)
        case chosen if chosen == "end_ground" or at >= STEPS:
            return back(ctx, "safety/grounded", how="grounded")
        case _:
            return ask("moment", notes={"step": at + 1})
