"""Gratitude at any hour: up to three things, one a line or all at once."""

from __future__ import annotations

from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    stay,
    tapped,
    typed,
)
from bot.conversations.sharing import labelled, still_there, taken_back, with_offer
from bot.model import Choice, MessageReceived, Reacted, Recall, Recorded, Said

MOST = 3
KEEP_GRATITUDE = "keep_gratitude"  # the form that brings somebody else's message

gratitude = conversation("gratitude", first="write", open_for=for_an_hour)
shared = conversation("shared_gratitude", first="keep", open_for=for_an_hour)


def gratitudes(given: Given, had: int) -> tuple[Recorded, ...]:
    """The gratitudes of one message, a line each, of those that are left; a longer list stays whole in the last."""
    text = typed(given)
    lines = [line.strip(" \t-•*") for line in text.splitlines()] if text else []
    lines = [line for line in lines if line]
    room = MOST - had
    if len(lines) > room > 0:
        lines = [*lines[: room - 1], "\n".join(lines[room - 1 :])]
    return tuple(Recorded("gratitude", line, slot=f"gratitude/{had + n}") for n, line in enumerate(lines))


@gratitude.step
def write(ctx: Context, given: Given) -> Move | Said:
    """Asks; keeps; offers to read the last ones again."""
    if meant(given, {"read_back": ("read", "read back")}) == "read_back":
        entries = {"entries": Recall(("gratitude",), limit=9)}
        return stay(Said("gratitude/pages", entries, writes=True, private=True))
    if tapped(given) == "take_back":
        return ask("shared_lines")
    records = gratitudes(given, 0)
    if records:
        reaction = (Reacted(given.ref, "❤"),) if isinstance(given, MessageReceived) and given.ref else ()
        texts = [record.text for record in records]
        return with_offer(ctx, texts, *records, *reaction, thanks=Said("gratitude/kept"))
    question = Said("gratitude/write", writes=True).offering(Choice("read_back"))
    return question.offering(Choice("take_back")) if still_there(ctx.participant) else question


@gratitude.step
def shared_lines(ctx: Context, given: Given) -> Move | Said:
    """Which of the lines that stand in a group's chat comes back."""
    one = next((one for one in still_there(ctx.participant) if one.key == tapped(given)), None)
    if one is not None:
        return taken_back(ctx.participant, one)
    if meant(given, {"keep": ("keep", "no")}) == "keep" or not still_there(ctx.participant):
        return finish(Said("sharing/left"))
    return Said("sharing/lines").offering(*labelled(ctx.participant), Choice("keep"))


@shared.step
def keep(ctx: Context, given: Given) -> Move:
    """A message that somebody was glad of, whole and for their eyes only."""
    return finish(Recorded("gratitude", str(ctx.run.notes["text"])), Said("gratitude/kept"))
