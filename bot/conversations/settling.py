"""Giving a group a channel or group chat of its own: /cohort, written there, asked about in private."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from hashlib import blake2b
from typing import Any

from bot.clock_text import parse_days
from bot.cohorts.model import Act, Cohort, Posts
from bot.cohorts.posts import rhythm_of
from bot.conversations import facilitating
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
from bot.conversations.facilitating import desk_of, drafted, ends, led
from bot.conversations.onboarding import MORNINGS, at_times, evening_given, time_given
from bot.model import Blank, Choice, Decided, Said

settling = conversation("settling", first="here", open_for=for_an_hour, act=Act.CREATE)

EVENINGS = ("17:00", "18:00", "20:00")
DAYS: Mapping[str, str] = {"none": "none", "weekend": "saturday, sunday"}
WHO: Mapping[str, tuple[str, ...]] = {"anybody_here": ("anybody",), "invited_only": ("invited", "by invitation")}
SETTLE: Mapping[str, tuple[str, ...]] = {"post_it": ("yes", "ok", "y"), "never_mind": ("no", "n", "never mind")}


def homeless(ctx: Context) -> list[Cohort]:
    """Those of their groups that have no chat of their own."""
    return [overview.cohort for overview in led(ctx, Act.SETTLE) if not overview.cohort.home]


@settling.step
def here(ctx: Context, given: Given) -> Move:
    """Where the command was written."""
    if ctx.chat is None:
        return finish(Said("settling/where"))
    if ctx.chat.home_of:
        mine = (one.cohort for one in desk_of(ctx).cohorts if one.cohort.id == ctx.chat.home_of)
        return finish(Said("settling/taken", {"cohort": next((cohort.name for cohort in mine), "")}))
    return ask("which", notes={"home": ctx.chat.id})


def groups(ctx: Context) -> tuple[Choice, ...]:
    """Those that could live here, and a new one."""
    return (*(Choice(cohort.id, label=cohort.name) for cohort in homeless(ctx)), Choice("new_cohort"))


def blanks(ctx: Context) -> tuple[Blank, ...]:
    """All of it as one form; what a group has already may stay empty."""
    known = bool(homeless(ctx))
    return (
        Blank("which", "choice", groups(ctx), value="" if known else "new_cohort"),
        *(replace(blank, required=not known) for blank in facilitating.blanks(ctx)),
        Blank("mornings", "time", value=MORNINGS[0]),
        Blank("days", "choice", tuple(map(Choice, DAYS)), value="none"),
        Blank("evenings", "time", required=False, default="no_thread"),
        Blank("who", "choice", tuple(map(Choice, WHO)), value="anybody_here"),
    )


@settling.step
def which(ctx: Context, given: Given) -> Move | Said:
    """A group that they lead already, or a new one."""
    known = homeless(ctx)
    match tapped(given):
        case "new_cohort":
            return ask("name", notes={"cohort": ""})
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
        case str() as chosen if any(chosen == cohort.id for cohort in known):
            return ask("mornings", notes={"cohort": chosen})
        case _:
            said = Said("settling/which", {"known": bool(known)}, blanks=blanks(ctx))
            return said.offering(*groups(ctx), Choice("never_mind"), columns=1)


for _step in ("name", "zone", "which_zone", "starts", "pacing", "host"):  # a new one is made as /cohorts makes it
    settling.named(_step)(facilitating.cohorts.steps[_step])


@settling.named("preview")
def made(ctx: Context, given: Given) -> Move:
    """The group is known; now its chat."""
    return ask("mornings")


# ---------------------------------------------------------------- what the chat gets


@settling.step
def mornings(ctx: Context, given: Given) -> Move | Said:
    """When the morning line, or the weekly one, is said."""
    together = chosen(ctx) is not None and subject(ctx).together
    if chosen(ctx) is None:
        return finish(Said("settling/gone"))
    if given is ENTERED:
        question = Said("settling/mornings", {"together": together}, picker="time", blanks=blanks(ctx))
        return question.offering(*at_times(MORNINGS), columns=4)
    at = time_given(given)
    if at is None:
        return again(Said("onboarding/time_unclear"))
    return ask("days" if together else "evenings", notes={"morning": at})


@settling.step
def days(ctx: Context, given: Given) -> Move | Said:
    """On which weekdays nothing is said there."""
    if given is ENTERED:
        return Said("settling/days", blanks=blanks(ctx)).offering(*map(Choice, DAYS))
    text = typed(given) or DAYS.get(tapped(given) or "")
    off = parse_days(text) if text else None
    if off is None or len(off) == 7:
        return again(Said("settings/days_unclear"))
    return ask("evenings", notes={"days_off": off})


@settling.step
def evenings(ctx: Context, given: Given) -> Move | Said:
    """When a thread for gratitudes opens, if one does."""
    if given is ENTERED:
        question = Said("settling/evenings", picker="time", blanks=blanks(ctx))
        return question.offering(Choice("no_thread"), *at_times(EVENINGS), columns=4)
    if meant(given, {"no_thread": ("no", "none", "never")}) == "no_thread":
        return ask("who", notes={"evening": None})
    at = evening_given(given)
    return ask("who", notes={"evening": at}) if at else again(Said("onboarding/time_unclear"))


@settling.step
def who(ctx: Context, given: Given) -> Move | Said:
    """Who may join: whoever is in the chat, or whoever is given the invitation."""
    answer = meant(given, WHO)
    if answer in WHO:
        return ask("confirm", notes={"anybody": answer == "anybody_here"})
    return Said("settling/who", blanks=blanks(ctx)).offering(*map(Choice, WHO), columns=1)


@settling.step
def confirm(ctx: Context, given: Given) -> Move | Said:
    """All of it, before anything is said in the chat."""
    if chosen(ctx) is None:
        return finish(Said("settling/gone"))
    match meant(given, SETTLE):
        case "post_it":
            return settled(ctx)
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
        case _:
            return Said("settling/preview", previewed(ctx)).offering(Choice("post_it"), Choice("never_mind"))


def settled(ctx: Context) -> Move:
    """The group is made if it is new, has its way in if it had none, and is at home in the chat."""
    cohort, notes = subject(ctx), ctx.run.notes
    events: list[Decided] = []
    link = {"code": ctx.token, "until": ends(ctx, cohort)}
    if not notes["cohort"]:
        events.append(Decided(Act.CREATE, "", {"cohort": cohort, **link}))
    elif notes["anybody"] and not cohort.code:
        events.append(Decided(Act.OPEN, cohort.id, link))
    events.append(Decided(Act.SETTLE, cohort.id, {"home": notes["home"], "posts": posts(notes)}))
    return finish(*events, Said("settling/settled", {"cohort": cohort.name, "slack": not desk_of(ctx).link}))


def chosen(ctx: Context) -> Cohort | None:
    """The group that this is about; None if it was closed meanwhile, or found a home elsewhere."""
    wanted = ctx.run.notes["cohort"]
    return next((cohort for cohort in homeless(ctx) if cohort.id == wanted), None) if wanted else subject(ctx)


def subject(ctx: Context) -> Cohort:
    """The group, also one that is not made yet: its id follows from this question's random code."""
    wanted = ctx.run.notes["cohort"]
    if wanted:
        return next(cohort for cohort in homeless(ctx) if cohort.id == wanted)
    digest = blake2b(f"cohort {ctx.token}".encode(), digest_size=12)
    return replace(drafted(ctx), id=digest.hexdigest())


def posts(notes: Mapping[str, Any]) -> Posts:
    """What the answers say about the chat's posts; a time inside the night moves the night's edge."""
    evening: time | None = notes["evening"]
    return Posts(notes["morning"], evening, notes.get("days_off", frozenset()), notes["anybody"])


def previewed(ctx: Context) -> dict[str, Any]:
    """The facts of the preview."""
    cohort, wanted = subject(ctx), posts(ctx.run.notes)
    starts: date = cohort.starts_on
    return {
        "cohort": cohort.name,
        "host": cohort.host,
        "starts": starts,
        "together": cohort.together,
        "zone": cohort.zone,
        "morning": rhythm_of(wanted).morning,
        "evening": wanted.evening,
        "off": sorted(wanted.days_off),
        "anybody": wanted.anybody,
    }
