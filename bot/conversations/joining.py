"""Joining a cohort by its invitation, and leaving it: to go on alone, or to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bot import journey
from bot.cohorts.model import Cohort
from bot.consent import agrees, with_answer
from bot.conversations.base import (
    Context,
    Given,
    Move,
    again,
    conversation,
    finish,
    for_an_hour,
    meant,
    typed,
    without_end,
)
from bot.conversations.words import is_courtesy
from bot.model import Choice, Journey, Said, State
from bot.timetable import day_begins, zone

joining = conversation("joining", first="card", open_for=without_end)
parting = conversation("parting", first="sure", open_for=for_an_hour, anytime=True)
parted = conversation("parted", first="asked", open_for=without_end, anytime=True)

JOINING: Mapping[str, tuple[str, ...]] = {
    "join": ("yes", "y", "join", "ok", "sure"),
    "alone": ("no", "n", "not now", "not yet", "later"),
}
PARTED: Mapping[str, tuple[str, ...]] = {"by_messages": ("stay",), "go_alone": ("alone",), "stop_all": ()}
PARTING: Mapping[str, tuple[str, ...]] = {"go_alone": ("alone",), "stop_all": (), "stay": ("no", "stay")}


# ---------------------------------------------------------------- what onboarding and joining share


def described(ctx: Context, cohort: Cohort) -> dict[str, Any]:
    """A cohort as those read it who are invited."""
    return described_on(cohort, ctx.today, ctx.programme.length)


def described_on(cohort: Cohort, on: date, weeks: int) -> dict[str, Any]:
    """A cohort as it is read on a local date."""
    return {
        "cohort": cohort.name,
        "host": cohort.host,
        "starts": cohort.starts_on,
        "begun": cohort.starts_on <= on,
        "together": cohort.together,
        "weeks": weeks,
    }


def in_consent(ctx: Context) -> dict[str, Any]:
    """Whether the consent that is asked for is one to walking in a cohort, too, and from which age one may give it."""
    return {"cohort": ctx.invited_to is not None, "age": ctx.age}


def agreed_to(ctx: Context) -> Cohort | None:
    """The cohort that they are invited to and agreed to walk in."""
    return ctx.invited_to if agrees(ctx.participant, "group") else None


def joined(ctx: Context, cohort: Cohort, path: Journey, first: date) -> Said:
    """They are in. `first` is the date of the first message; late, it comes with the week that the others are in."""
    place = journey.place_on(path, first, ctx.programme.length)
    late = cohort.together and place is not None and path.anchor is not None and path.anchor < first
    week = place.week if place is not None and late else 0
    facts = {"week_number": week, "week": ctx.programme.week(week or 1), "late": late}
    return Said("joining/joined", {**described(ctx, cohort), **facts})


# ---------------------------------------------------------------- somebody who walks already


@joining.step
def card(ctx: Context, given: Given) -> Move | Said:
    """Whether to walk with them from now on; what was written stays one's own."""
    cohort = ctx.invited_to
    if cohort is None:
        return finish(Said("joining/gone"), joining="")
    match meant(given, JOINING):
        case "join":
            return from_now_on(ctx, cohort)
        case "alone":
            return finish(Said("joining/not_joined", {"elsewhere": bool(ctx.participant.cohort)}), joining="")
        case _:
            facts = {**described(ctx, cohort), "elsewhere": bool(ctx.participant.cohort)}
            return Said("joining/card", facts).offering(Choice("join"), Choice("alone"))


def from_now_on(ctx: Context, cohort: Cohort) -> Move:
    """In the cohort's week from now on; at one's own pace, at the place where they are."""
    path = ctx.participant.journey
    if path.state is State.PAUSED:
        path = journey.travel(path, path.paused_from or State.ACTIVE, ctx.today)
    agreed = with_answer(ctx.participant, ctx.now, True, "group")
    if path.state is not State.ACTIVE and path.state is not State.GRADUATED:  # onboarding goes on and ends in it
        return finish(Said("joining/soon", {"cohort": cohort.name}), journey=path, consents=agreed)
    anchor, checked, tomorrow = path.anchor, ctx.now, ctx.today + timedelta(days=1)
    if path.state is State.GRADUATED:  # the rest of today is free
        path = replace(journey.travel(path, State.ACTIVE), graduated_on=None, boosted_on=None)
        anchor = max(cohort.starts_on, tomorrow)
        checked = day_begins(tomorrow, zone(ctx.participant.zone)) - timedelta(seconds=1)
    path = replace(path, pacing=cohort.pacing, anchor=cohort.starts_on if cohort.together else anchor)
    elsewhere = {"graduation", "week"}  # questions about the course as it was
    runs = tuple(run for run in ctx.participant.runs if run.conversation not in elsewhere)
    said = joined(ctx, cohort, path, max(path.anchor or tomorrow, ctx.today))
    news: dict[str, Any] = {"journey": path, "cohort": cohort.id, "joining": "", "consents": agreed}
    return finish(said, checked=checked, runs=runs, **news)


# ---------------------------------------------------------------- leaving


@parting.step
def sure(ctx: Context, given: Given) -> Move | Said:
    """Leaving the group is not leaving the course."""
    if not ctx.participant.cohort:
        return finish(Said("parting/not_in"))
    match meant(given, PARTING):
        case "go_alone":
            return finish(Said("parting/alone"), journey=alone(ctx), cohort="")
        case "stop_all":
            return finish(then="leaving")
        case "stay":
            return finish(Said("parting/stayed"))
        case _:
            return Said("parting/sure").offering(*map(Choice, PARTING))


@parted.step
def asked(ctx: Context, given: Given) -> Move | Said:
    """They left the chat of their group: perhaps it was only the chat that was too much."""
    cohort, text = ctx.cohort, typed(given)
    if cohort is None:
        return finish(Said("parting/not_in"))
    match meant(given, PARTED):
        case "by_messages":
            return finish(Said("parted/stayed", {"cohort": cohort.name}))
        case "go_alone":
            return finish(Said("parting/alone"), journey=alone(ctx), cohort="")
        case "stop_all":
            return finish(then="leaving")
        case None if text is not None and is_courtesy(text):
            return again()
        case None if text is not None:  # something else is on their mind; nobody is dropped without their word
            return finish(then="keeping", notes={"text": text})
        case _:
            return Said("parted/asked", {"cohort": cohort.name}).offering(*map(Choice, PARTED), columns=1)


def alone(ctx: Context) -> Journey:
    """From here on at one's own pace, from the same place; a pause stands still from now on."""
    path = ctx.participant.journey
    paused_on = ctx.today if path.state is State.PAUSED and path.pacing == "calendar" else path.paused_on
    return replace(path, pacing="own", paused_on=paused_on)
