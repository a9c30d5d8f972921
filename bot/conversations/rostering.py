"""Shifts: the coming days in a few taps or one line, shown back before they count; correcting one, clearing all.

When each kind of shift begins and ends can be said once, at any of these questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from bot.clock_text import parse_date
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    tapped,
    typed,
)
from bot.conversations.onboarding import YES_NO
from bot.model import Choice, Rhythm, Said, Shift
from bot.roster import hours as hours_of
from bot.roster import with_hours
from bot.roster_text import FURTHEST, parse_hours, parse_shifts

shifts = conversation("shifts", first="overview", open_for=for_an_hour)

A_DAY = timedelta(days=1)
AT_ONCE = 7  # days that are asked for, one after the other
KINDS: Mapping[str, Shift] = {
    "shift_day": "day",
    "shift_late": "late",
    "shift_night": "night",
    "shift_long_day": "long_day",
    "shift_long_night": "long_night",
    "shift_off": "off",
}
OVERVIEW: Mapping[str, tuple[str, ...]] = {
    "next_days": ("next",),
    "change_one": ("change",),
    "shift_hours": ("hours", "my hours"),
    "clear_shifts": ("clear",),
    "close": ("no", "fine", "nothing"),
}
DAY: Mapping[str, tuple[str, ...]] = {
    "same_again": ("same", "the same", "same again"),
    "shifts_done": ("done", "that is all"),
    "shift_hours": OVERVIEW["shift_hours"],
}
HOURS: Mapping[str, tuple[str, ...]] = {
    "hours_fine": ("yes", "y", "ok", "fine", "no", "done", "close"),
    "usual_hours": ("usual", "usual hours"),
}
CONFIRM: Mapping[str, tuple[str, ...]] = {
    "keep": ("yes", "y", "ok", "keep", "keep it", "right", "sí", "si", "thanks", "thank you", "gracias"),
    "change_one": ("change", "no"),
}
WEEKDAYS = ("on_0", "on_1", "on_2", "on_3", "on_4", "on_5", "on_6")

Draft = Mapping[date, Shift]


@shifts.step
def overview(ctx: Context, given: Given) -> Move | Said:
    """What stands; where nothing is known after today, the days ahead are asked for at once."""
    known = upcoming(ctx)
    if given is ENTERED and max(known, default=ctx.today) <= ctx.today:
        return ask("day")
    match meant(given, OVERVIEW):
        case "next_days":
            return ask("day")
        case "shift_hours":
            return to_hours(ctx)
        case "change_one":
            return ask("which")
        case "clear_shifts":
            return ask("clear")
        case "close":
            return finish(Said("settings/closed"))
    if typed(given) is not None:
        return in_one_line(ctx, given)
    return listed("shifts/overview", known).offering(*map(Choice, OVERVIEW), columns=2)


@shifts.step
def day(ctx: Context, given: Given) -> Move | Said:
    """One date after the other, until there are seven or that is all; or several in one line."""
    known, on = draft(ctx), following(ctx)
    since: date = ctx.run.notes.get("since", on)
    before, text = known.get(on - A_DAY), typed(given)
    match meant(given, DAY):
        case "shift_hours":
            return to_hours(ctx)
        case "same_again" if before is not None:
            return entered(ctx, since, {on: before})
        case "shifts_done":
            return ask("confirm", notes={"since": since}) if on > since else finish(Said("settings/closed"))
        case str(kind) if kind in KINDS:
            return entered(ctx, since, {on: KINDS[kind]})
        case None if text is not None:
            found = parse_shifts(text, on, ctx.today)
            return entered(ctx, since, found) if found else no_shifts(ctx, text)
    question = Said("shifts/day", {"on": on, "is_today": on == ctx.today, "first": on == since})
    question = question.offering(*map(Choice, KINDS))
    question = question.offering(Choice("same_again")) if before is not None else question
    return question.offering(Choice("shifts_done" if on > since else "shift_hours"))


@shifts.step
def confirm(ctx: Context, given: Given) -> Move | Said:
    """Everything from today on as it would stand."""
    match meant(given, CONFIRM):
        case "keep":
            return kept(ctx, draft(ctx), Said("shifts/kept"))
        case "change_one":
            return ask("which")
        case "write_again":
            return ask("day", notes={"draft": tuple(upcoming(ctx).items())})
    if typed(given) is not None:
        return in_one_line(ctx, given)
    offered = ("keep", "change_one", "write_again")
    return listed("shifts/confirm", draft(ctx)).offering(*map(Choice, offered))


@shifts.step
def which(ctx: Context, given: Given) -> Move | Said:
    """The date that is to be another shift: a day of the coming week, or any date that they write."""
    week = [ctx.run.notes.get("since", ctx.today) + days * A_DAY for days in range(AT_ONCE)]
    chosen, text = tapped(given), typed(given)
    on = next((on for on in week if chosen == WEEKDAYS[on.weekday()]), None)
    if on is None and text is not None:
        on = parse_date(text, ctx.today)
        if on is None or on > ctx.today + FURTHEST:
            return in_one_line(ctx, given)
    if on is not None:
        return ask("one_day", notes={"which": on})
    offered = (Choice(WEEKDAYS[on.weekday()]) for on in week if on in draft(ctx))
    return Said("shifts/which").offering(*offered, columns=4)


@shifts.step
def one_day(ctx: Context, given: Given) -> Move | Said:
    """What this date is."""
    on: date = ctx.run.notes["which"]
    chosen, text = tapped(given), typed(given)
    found: Draft | None = parse_shifts(text or "", on, ctx.today)
    if chosen is not None and chosen in KINDS:
        found = {on: KINDS[chosen]}
    if found:
        return ask("confirm", notes=merged(ctx, found))
    if text is not None:
        return no_shifts(ctx, text)
    return Said("shifts/one_day", {"on": on}).offering(*map(Choice, KINDS))


@shifts.step
def hours(ctx: Context, given: Given) -> Move | Said:
    """When each shift begins and ends, for good; then on to where they were."""
    rhythm, text = ctx.participant.rhythm, typed(given)
    match meant(given, HOURS):
        case "hours_fine":
            return ask(ctx.run.notes["asked_at"])
        case "usual_hours":
            return ask("hours", rhythm=replace(rhythm, hours=()))
    if text is not None:
        found = parse_hours(text)
        return ask("hours", rhythm=with_hours(rhythm, found)) if found else again(Said("shifts/hours_unclear"))
    known = tuple((shift, *span) for shift, span in hours_of(rhythm).items())
    offered = HOURS if rhythm.hours else ("hours_fine",)
    return Said("shifts/hours", {"hours": known}).offering(*map(Choice, offered))


@shifts.step
def clear(ctx: Context, given: Given) -> Move | Said:
    """Ordinary days again, from today on."""
    match meant(given, YES_NO):
        case "yes":
            return kept(ctx, {}, Said("shifts/cleared"))
        case "no":
            return finish(Said("settings/closed"))
    return Said("shifts/clear").offering(Choice("yes"), Choice("no"))


def upcoming(ctx: Context) -> Draft:
    """The shifts that stand, from today on."""
    return {on: shift for on, shift in ctx.participant.roster if on >= ctx.today}


def draft(ctx: Context) -> Draft:
    """The shifts as they would stand, from today on."""
    noted = ctx.run.notes.get("draft")
    return upcoming(ctx) if noted is None else {on: shift for on, shift in noted if on >= ctx.today}


def following(ctx: Context) -> date:
    """The first date of which nothing is known yet."""
    return max((on + A_DAY for on in draft(ctx)), default=ctx.today)


def merged(ctx: Context, found: Draft) -> Mapping[str, object]:
    """The notes once these shifts are among them."""
    return {"draft": tuple(sorted({**draft(ctx), **found}.items()))}


def entered(ctx: Context, since: date, found: Draft) -> Move:
    """On to the next date after a single one; what was written in one line is complete."""
    notes = {**merged(ctx, found), "since": since}
    (last, *others) = sorted(found, reverse=True)
    complete = others or last != following(ctx) or last + A_DAY >= since + AT_ONCE * A_DAY
    return ask("confirm" if complete or last >= ctx.today + FURTHEST else "day", notes=notes)


def in_one_line(ctx: Context, given: Given) -> Move:
    """Shifts that were written where something else was asked: "tue night"."""
    text = typed(given) or ""
    found = parse_shifts(text, ctx.run.notes.get("since", ctx.today), ctx.today)
    return ask("confirm", notes=merged(ctx, found)) if found else no_shifts(ctx, text)


def no_shifts(ctx: Context, text: str) -> Move:
    """What they wrote names no shifts by date; perhaps it says when shifts begin and end."""
    found = parse_hours(text)
    return to_hours(ctx, rhythm=with_hours(ctx.participant.rhythm, found)) if found else again(Said("shifts/unclear"))


def to_hours(ctx: Context, **updates: Rhythm) -> Move:
    """When shifts begin and end; this question comes again after it."""
    return ask("hours", notes={"asked_at": ctx.run.step}, **updates)


def listed(prompt: str, known: Draft) -> Said:
    """Says the shifts, a line each."""
    return Said(prompt, {"shifts": tuple(known.items())})


def kept(ctx: Context, known: Draft, said: Said) -> Move:
    """Messages follow these shifts from now on; those of the past stay until they are slept off."""
    past = tuple(each for each in ctx.participant.roster if each[0] < ctx.today)
    return finish(said, rhythm=replace(ctx.participant.rhythm, roster=(*past, *known.items())))
