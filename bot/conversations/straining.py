"""Once a week, whether the practice itself was hard on them: it can be, and then less of it is right.

It is asked in the evening. Who gets no evenings is asked in the morning, where its answer would have been thanked: in
nothing that comes unasked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from bot.conversations.base import ENTERED, Context, Conversation, Given, Move, ask, begun_with, finish, meant, typed
from bot.conversations.in_need import led_by
from bot.model import Choice, Recorded, Said

FINE = (
    "fine",
    "all fine",
    "all good",
    "i'm fine",
    "it was fine",
    "it has been fine",
    "it was good",
    "it has been good",
)
STRAIN = {
    "no_strain": ("no", "n", "nope", "nah", "nothing", "not really", "not at all", "nada", *FINE),
    "some_strain": ("a little", "a bit", "a little bit", "some", "kind of", "kinda", "sort of", "un poco"),
    "much_strain": ("yes", "y", "yes it has", "yeah", "sí", "si"),
}
EASES = {"carry_on": ("go on", "ok", "skip"), "pause": (), "home_support": ("support",), "tell_leader": ()}
LAST_DAY = 6  # of a week: the seventh has its look back

Onward = Callable[[Context], Move]


def is_due(ctx: Context) -> bool:
    """From the second week on, on its sixth day or the last one before that on which they want to hear from us."""
    if ctx.place is None or ctx.place.week < 2 or ctx.day > LAST_DAY:
        return False
    later = (ctx.today + timedelta(days=n) for n in range(1, LAST_DAY - ctx.day + 1))
    return all(on.weekday() in ctx.participant.rhythm.days_off for on in later)


def is_due_in_the_morning(ctx: Context) -> bool:
    """Whether no evening will ask."""
    return not ctx.participant.rhythm.evenings and is_due(ctx)


def add_to(conversation: Conversation, onward: Onward) -> None:
    """Adds the question and what follows from its answer; `onward` is where the conversation goes from there."""
    conversation.named("strain")(partial(question, f"{conversation.name}/strain", onward))
    conversation.named("strained")(partial(gentler, onward))
    conversation.named("after_strain")(lambda ctx, _: onward(ctx))


def question(prompt: str, onward: Onward, ctx: Context, given: Given) -> Move | Said:
    """Whether anything in it was hard; where it is not the day for that, it passes on."""
    if given is ENTERED and not is_due(ctx):
        return onward(ctx)
    text, chosen = typed(given), meant(given, STRAIN)
    if chosen in STRAIN or (chosen is None and text is not None):
        began = begun_with(given, STRAIN)  # "Not really, but I cried all week" is no no
        went = chosen or (began if began != "no_strain" else None) or "some_strain"
        record = Recorded("strain", "" if chosen else text or "", about=ctx.week.step, went=went)
        return ask("after_strain" if went == "no_strain" else "strained", record)
    return Said(prompt, writes=True).offering(*map(Choice, STRAIN))


def gentler(onward: Onward, ctx: Context, given: Given) -> Move | Said:
    """Gentler ways, a pause, people; and words for it, if they like. Stopping is right where it is too much."""
    text = typed(given)
    match meant(given, EASES):
        case "pause":
            return finish(then="pause")
        case "home_support":
            return finish(then="support")
        case "tell_leader" if led_by(ctx.participant, ctx.cohort):
            return finish(then="telling", notes={"calm": True})
        case "carry_on":
            return onward(ctx)
        case None if text is not None:
            return ask("after_strain", Recorded("strain", text, about=ctx.week.step))
        case _:
            offered = [name for name in EASES if name != "tell_leader" or led_by(ctx.participant, ctx.cohort)]
            return Said("evening/strained", writes=True).offering(*(Choice(name) for name in offered), columns=2)
