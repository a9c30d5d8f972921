"""A message to many that is on its way: how far it is, holding it, letting it go on, calling it off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.cohorts.broadcasts import Progress, Tally
from bot.cohorts.model import Act
from bot.cohorts.pulse import rounded
from bot.conversations.announcing import NO, broadcast, chosen_cohorts, drafted, press_of, shortened
from bot.conversations.base import Context, Given, Move, ask, finish, meant, stay, tapped
from bot.model import Choice, ChoiceMade, Decided, Said, WokeUp
from bot.timetable import zone

__all__ = ["broadcast"]

SOON = timedelta(seconds=3)  # after which a message about a broadcast looks again by itself
LONG = timedelta(minutes=10)  # for which it does


@broadcast.step
def progress(ctx: Context, given: Given) -> Move | Said:
    """How far it is; the message that shows it changes in its place."""
    one = under_way(ctx)
    if one is None:
        return stay() if isinstance(given, WokeUp) else ask("list")
    stage, over = one.broadcast.stage, one.over
    if isinstance(given, WokeUp):
        return looked_again(ctx, one)
    match tapped(given):
        case "hold_it" if stage == "sending" and not over:
            return in_place(ctx, given, staged(one, "held"), decided(Act.HOLD, one))
        case "go_on" if stage == "held":
            return in_place(ctx, given, staged(one, "sending"), decided(Act.GO_ON, one))
        case "call_off" if not over:
            return ask("call_off")
        case "all_broadcasts":
            return ask("list")
        case "that_is_all":
            return finish(Said("broadcast/done"))
        case str():
            return in_place(ctx, given, one)
    return stay(shown(ctx, one), notes=noted(ctx, one, ctx.now), wake_in=looks_after(ctx, one, ctx.now))


@broadcast.step
def call_off(ctx: Context, given: Given) -> Move | Said:
    """What is unsent is never sent."""
    one = under_way(ctx)
    if one is None:
        return ask("list")
    match meant(given, {"yes": ("yes", "y"), "no": NO}):
        case "yes":
            return ask("progress", decided(Act.CANCEL, one), notes={"called_off": one.broadcast.id})
        case "no":
            return ask("progress")
    return Said("broadcast/call_off").offering(Choice("yes"), Choice("no"))


def under_way(ctx: Context) -> Progress | None:
    """The message that this is about; one that was decided in this very turn is known from the notes alone."""
    notes = ctx.run.notes
    found = next((one for one in press_of(ctx).progress if one.broadcast.id == notes["broadcast"]), None)
    if found is None and "text" in notes:
        message = replace(drafted(ctx, chosen_cohorts(ctx)), id=notes["broadcast"])
        found = Progress(message, Tally())
    return staged(found, "cancelled") if found and notes.get("called_off") == found.broadcast.id else found


def staged(one: Progress, stage: Literal["sending", "held", "cancelled"]) -> Progress:
    """As it is once what was just decided is done."""
    return replace(one, broadcast=replace(one.broadcast, stage=stage))


def decided(act: Act, one: Progress) -> Decided:
    """An act on this message."""
    return Decided(act, one.broadcast.cohorts[0], {"broadcast": one.broadcast.id})


def in_place(ctx: Context, given: Given, one: Progress, *events: Decided) -> Move:
    """The tapped message says it anew, and its buttons can be tapped again."""
    ref = given.ref if isinstance(given, ChoiceMade) else None
    said = replace(shown(ctx, one), in_place=True, ref=ref, asked=ctx.run.asked)
    again_in = looks_after(ctx, one, ctx.now)
    return Move(events=(*events, said), notes=noted(ctx, one, ctx.now), wake_in=again_in, answered=False)


def looked_again(ctx: Context, one: Progress) -> Move:
    """The message says it anew by itself, if there is anything new."""
    since = ctx.run.notes["since"]
    said = replace(shown(ctx, one), in_place=True, asked=ctx.run.asked)
    notes, again_in = noted(ctx, one, since), looks_after(ctx, one, since)
    return stay(*(() if notes == noted_before(ctx) else (said,)), notes=notes, wake_in=again_in)


def looks_after(ctx: Context, one: Progress, since: datetime) -> timedelta | None:
    """When the message looks again: soon, then ever more rarely; never once nothing moves, or nobody looks for long."""
    passed = ctx.now - since
    moving = stage_of(one) in ("preparing", "sending")
    return max(SOON, passed / 6) if moving and passed < LONG else None


def noted(ctx: Context, one: Progress, since: datetime) -> dict[str, Any]:
    """Since when the message looks by itself, and what it shows."""
    return {"since": since, "shows": repr(facts_of(ctx, one))}


def noted_before(ctx: Context) -> dict[str, Any]:
    """The same, as of the last look."""
    return {name: ctx.run.notes.get(name) for name in ("since", "shows")}


def stage_of(one: Progress) -> str:
    """Where it is, for a reader: what is to be sent is planned or prepared first, and over at some time."""
    broadcast = one.broadcast
    if broadcast.stage != "sending":
        return broadcast.stage
    if one.over:
        return "over"
    if broadcast.composed:
        return "sending"
    return "planned" if broadcast.on else "preparing"


def facts_of(ctx: Context, one: Progress) -> dict[str, Any]:
    """How far it is, in counts that give nobody away."""
    tally = one.tally
    return {
        "stage": stage_of(one),
        "sent": rounded(tally.sent),
        "waiting": rounded(tally.waiting),
        "failed": [(reason, count) for reason, n in tally.failed.items() if (count := rounded(n))],
        "begun": shortened(one.broadcast.text),
        "time": ctx.now.astimezone(zone(ctx.participant.zone)).time().replace(second=0, microsecond=0),
    }


def shown(ctx: Context, one: Progress) -> Said:
    """How far it is, and what can be done about it."""
    turns = {"sending": ("hold_it", "call_off", "refresh"), "held": ("go_on", "call_off", "refresh")}
    offered = () if one.over else turns.get(one.broadcast.stage, ())
    last = (Choice("all_broadcasts"), Choice("that_is_all"))
    return Said("broadcast/progress", facts_of(ctx, one)).offering(*map(Choice, offered)).offering(*last, columns=2)
