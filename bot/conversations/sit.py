"""A guided sit, cue by cue at real pace; the gentler way and the end are one tap away at any moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    stay,
    typed,
)
from bot.conversations.words import STOPPING
from bot.model import Choice, Recorded, Said, WokeUp
from curriculum.model import LENGTHS, MINUTES, Cue, Length, Sit

TOO_LATE = timedelta(minutes=5)  # a cue that comes this late breaks the sit rather than guides it

sit = conversation("sit", first="length", open_for=for_an_hour, keeps=frozenset(STOPPING))

LENGTH_WORDS = {
    "short": ("5", "five", "5 minutes", "five minutes", "short"),
    "middle": ("10", "ten", "10 minutes", "ten minutes"),
    "long": ("20", "twenty", "20 minutes", "twenty minutes", "long"),
    "not_now": ("no", "not now", "not yet", "later", "close", "never mind", "end", "enough", *STOPPING),
}
IN_A_SIT = {"gentler": ("gentler", "softer", "easier"), "end_sit": ("end", "enough", "finish", *STOPPING)}
AFTER = {"skip": ("skip", "no", *STOPPING)}


@sit.step
def length(ctx: Context, given: Given) -> Move | Said:
    """Says what comes and where the gentler way is, then asks how long."""
    chosen = meant(given, LENGTH_WORDS)
    if chosen in LENGTHS:
        return ask("cues", notes={"length": chosen, "week": ctx.week.step, "at": 0, "began": ctx.now.isoformat()})
    if chosen == "not_now":
        return finish(Said("sit/another_time"))
    return Said("sit/length", {"sit": ctx.week.sit}).offering(*map(Choice, LENGTHS), Choice("not_now"))


@sit.step
def cues(ctx: Context, given: Given) -> Move | Said:
    """Every cue is followed by its silence; the alarm brings the next."""
    match given:
        case WokeUp():
            return next_cue(ctx)
        case _ if given is ENTERED and not resting(ctx):
            return stay(cue_said(ctx), wake_in=pause_after(ctx))
    text = typed(given)
    match meant(given, IN_A_SIT):
        case "gentler":
            return stay(
                Said("sit/ease", {"ease": sitting(ctx).ease}).offering(Choice("end_sit")), notes={"gentle": True}
            )
        case "end_sit":
            return close(ctx, "sit/ended_early")
        case None if text is not None:
            texts = int(ctx.run.notes.get("texts", 0)) + 1
            record = Recorded("reflection", text, about=sitting(ctx).id, slot=f"text/{texts}")
            return stay(record, Said("sit/noted"), notes={"texts": texts})
        case _:
            return cue_said(ctx)


@sit.step
def after(ctx: Context, given: Given) -> Move | Said:
    """One open question, and silence is an answer."""
    text = typed(given)
    match meant(given, AFTER):
        case "skip":
            return finish(Said("sit/thanks"))
        case None if text is not None:
            return finish(Recorded("reflection", text, about=sitting(ctx).id), Said("sit/thanks"))
        case _:
            return Said("sit/after", writes=True).offering(Choice("skip"))


def next_cue(ctx: Context) -> Move:
    """The next cue, the end, or a kind word when the alarm came much too late."""
    at = int(ctx.run.notes["at"]) + 1
    if minutes_so_far(ctx) > MINUTES[length_of(ctx)] + TOO_LATE.total_seconds() / 60:
        return close(ctx, "sit/interrupted")
    if at >= len(all_cues(ctx)):
        return close(ctx, "sit/close")
    return stay(cue_said(ctx, at), notes={"at": at}, wake_in=pause_after(ctx, at))


def close(ctx: Context, prompt: str) -> Move:
    """The sit is over and its minutes are kept; a shorter sit counts no less. No further cue is on its way."""
    minutes = max(1, min(round(minutes_so_far(ctx)), MINUTES[length_of(ctx)]))
    kept = Recorded("sit", about=sitting(ctx).id, minutes=minutes)
    others = tuple(timer for timer in ctx.participant.timers if timer.name != sit.name)
    return ask("after", kept, Said(prompt, {"minutes": minutes}), timers=others)


def cue_said(ctx: Context, at: int | None = None) -> Said:
    """A cue in the wording of the way that was chosen."""
    cue = all_cues(ctx)[int(ctx.run.notes["at"]) if at is None else at]
    gentle = bool(ctx.run.notes.get("gentle"))
    text = cue.gentler if gentle and cue.gentler else cue.say
    choices = (Choice("end_sit"),) if gentle else (Choice("gentler"), Choice("end_sit"))
    return Said("sit/cue", {"cue": text}).offering(*choices)


def pause_after(ctx: Context, at: int | None = None) -> timedelta:
    """The silence after a cue."""
    cue = all_cues(ctx)[int(ctx.run.notes["at"]) if at is None else at]
    return timedelta(seconds=cue.pause[length_of(ctx)])


def resting(ctx: Context) -> bool:
    """Whether the next cue is already on its way."""
    return any(timer.name == sit.name for timer in ctx.participant.timers)


def minutes_so_far(ctx: Context) -> float:
    """How long this sit has lasted."""
    began = datetime.fromisoformat(ctx.run.notes["began"])
    return (ctx.now - began).total_seconds() / 60


def length_of(ctx: Context) -> Length:
    """The length that was chosen."""
    chosen: Length = ctx.run.notes["length"]
    return chosen


def sitting(ctx: Context) -> Sit:
    """The sit of the week in which it was begun, even if midnight turns the week."""
    return next((week.sit for week in ctx.programme.weeks if week.step == ctx.run.notes.get("week")), ctx.week.sit)


def all_cues(ctx: Context) -> tuple[Cue, ...]:
    """The cues of this sit in the chosen length."""
    return sitting(ctx).cues_of(length_of(ctx))
