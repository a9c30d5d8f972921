"""A facilitator's cohorts: looking at them, making one, its invitation link, closing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from bot import journey
from bot.access import allowed, may
from bot.clock_text import parse_date
from bot.cohorts.model import Act, Cohort, Desk, Overview
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
from bot.conversations.finding import asked_where, asked_which
from bot.conversations.onboarding import AS_SHOWN, LONGEST_NAME, clean_name, name_in
from bot.model import Blank, Choice, Decided, Said
from bot.timetable import day_begins, local_day, zone

cohorts = conversation("cohorts", first="list", open_for=for_an_hour, act=Act.CREATE)

FARTHEST = timedelta(weeks=26)  # that a cohort begins ahead; "1 March" said in April is a slip
YES_NO: Mapping[str, tuple[str, ...]] = {"yes": ("yes", "y", "ok"), "never_mind": ("no", "n", "never mind")}


def desk_of(ctx: Context) -> Desk:
    """What this facilitator may know; the engine begins no such conversation without it."""
    assert ctx.desk is not None
    return ctx.desk


def led(ctx: Context, act: Act) -> list[Overview]:
    """The cohorts with which they may do this."""
    return allowed(desk_of(ctx), act)


def about(ctx: Context, act: Act) -> Overview | None:
    """The cohort that their conversation is about, unless it was closed or they may not do this to it any more."""
    return next((one for one in led(ctx, act) if one.cohort.id == ctx.run.notes.get("cohort")), None)


def here(ctx: Context, cohort: Cohort) -> date:
    """The cohort's local date."""
    return local_day(ctx.now, zone(cohort.zone))


def link_facts(ctx: Context, name: str, code: str) -> dict[str, Any]:
    """An invitation as it is handed on: a link where the platform has such links, and the words that do the same."""
    desk = desk_of(ctx)
    here, elsewhere = (f"{link}{code}" if link else "" for link in (desk.link, desk.elsewhere))
    return {"cohort": name, "link": here, "elsewhere": elsewhere, "code": f"/join {code}"}


def seen(ctx: Context, overview: Overview) -> dict[str, Any]:
    """A cohort in counts."""
    cohort = overview.cohort
    on = here(ctx, cohort)
    place = journey.place_of(cohort, on, ctx.programme.length)
    return {
        "cohort": cohort.name,
        "host": cohort.host,
        "starts": cohort.starts_on,
        "week_number": place.week if place else 0,
        "begun": cohort.starts_on <= on,
        "together": cohort.together,
        "joined": overview.joined,
        "takes_in": cohort.open_to == "link",
    }


# ---------------------------------------------------------------- looking


@cohorts.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """The cohorts that are not over, each a tap away, and a new one."""
    open_ = led(ctx, Act.OPEN)
    match tapped(given):
        case "new_cohort":
            return ask("name")
        case "that_is_all":
            return finish(Said("cohorts/done"))
        case str() as chosen if any(chosen == overview.cohort.id for overview in open_):
            return ask("one", notes={"cohort": chosen})
        case _:
            named = [Choice(overview.cohort.id, label=overview.cohort.name) for overview in open_]
            said = Said("cohorts/list", {"cohorts": [seen(ctx, overview) for overview in open_]})
            return said.offering(*named, Choice("new_cohort"), Choice("that_is_all"), columns=1)


@cohorts.step
def one(ctx: Context, given: Given) -> Move | Said:
    """One cohort, and what can be done with it."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    cohort, desk = overview.cohort, desk_of(ctx)
    match tapped(given):
        case "show_link" if cohort.code:
            return again(Said("cohorts/link", link_facts(ctx, cohort.name, cohort.code)))
        case "renew_link" | "revoke_link" | "close_cohort" | "change_host" as wish:
            return ask(wish)
        case "take_home_away" if cohort.home:
            return ask("take_home_away")
        case "invite_leader" if may(desk.actor, Act.INVITE, cohort):
            return ask("invite_leader")
        case "all_cohorts":
            return ask("list")
        case "that_is_all":
            return finish(Said("cohorts/done"))
        case _:
            links = [Choice("show_link"), Choice("renew_link"), Choice("revoke_link")]
            offered = links if cohort.code else links[1:2]
            leader = [Choice("invite_leader")] if may(desk.actor, Act.INVITE, cohort) else []
            leader += [Choice("take_home_away")] if cohort.home else []
            last = [*map(Choice, ("change_host", "close_cohort", "all_cohorts", "that_is_all"))]
            return Said("cohorts/one", seen(ctx, overview)).offering(*offered, *leader, *last, columns=1)


def chosen(ctx: Context) -> Overview | None:
    """The cohort that this is about, unless it was closed, or is not theirs any more."""
    return about(ctx, Act.OPEN)


# ---------------------------------------------------------------- what reaches people, or cannot be undone


@cohorts.step
def renew_link(ctx: Context, given: Given) -> Move | Said:
    """A new link; the old one, if there is one, ends."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    cohort = overview.cohort
    facts = {"cohort": cohort.name, "takes_in": bool(cohort.code)}
    detail = {"code": ctx.token, "until": ends(ctx, cohort)}
    done = Said("cohorts/link", link_facts(ctx, cohort.name, ctx.token))
    return confirmed(given, Said("cohorts/renew", facts), Decided(Act.OPEN, cohort.id, detail), done)


@cohorts.step
def revoke_link(ctx: Context, given: Given) -> Move | Said:
    """The link ends and nobody comes in."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    facts = {"cohort": overview.cohort.name}
    decided = Decided(Act.REVOKE, overview.cohort.id)
    return confirmed(given, Said("cohorts/revoke", facts), decided, Said("cohorts/revoked", facts))


@cohorts.step
def close_cohort(ctx: Context, given: Given) -> Move | Said:
    """The cohort is over for those who lead it; who walks in it walks on."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    decided, facts = Decided(Act.CLOSE, overview.cohort.id), seen(ctx, overview)
    return confirmed(given, Said("cohorts/close", facts), decided, Said("cohorts/closed", facts))


@cohorts.step
def take_home_away(ctx: Context, given: Given) -> Move | Said:
    """The group has no chat of its own any more; everybody walks on."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    facts = {"cohort": overview.cohort.name}
    decided = Decided(Act.UNSETTLE, overview.cohort.id)
    return confirmed(given, Said("cohorts/unsettle", facts), decided, Said("cohorts/unsettled", facts))


@cohorts.step
def change_host(ctx: Context, given: Given) -> Move | Said:
    """Who leads it now, as everybody reads it from here on."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    if meant(given, YES_NO) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    cohort, text = overview.cohort, typed(given)
    if text is None:
        facts = {"cohort": cohort.name, "host": cohort.host}
        return Said("cohorts/change_host", facts, writes=True).offering(Choice("never_mind"))
    called = clean_name(text)
    if not called:
        return again(Said("onboarding/name_unclear"))
    return finish(
        Decided(Act.HOST, cohort.id, {"host": called}),
        Said("cohorts/host_changed", {"cohort": cohort.name, "host": called}),
    )


@cohorts.step
def invite_leader(ctx: Context, given: Given) -> Move | Said:
    """A link for one person, who then leads this cohort too."""
    overview = chosen(ctx)
    if overview is None:
        return ask("list")
    cohort = overview.cohort
    done = Said("facilitators/invited", link_facts(ctx, cohort.name, ctx.token))
    decided = Decided(Act.INVITE, cohort.id, {"code": ctx.token})
    return confirmed(given, Said("facilitators/invite", {"cohort": cohort.name}), decided, done)


def confirmed(given: Given, question: Said, decided: Decided, done: Said) -> Move | Said:
    """Asks before anything is done."""
    match meant(given, YES_NO):
        case "yes":
            return finish(decided, done)
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
        case _:
            return question.offering(Choice("yes"), Choice("never_mind"))


# ---------------------------------------------------------------- making one


def blanks(ctx: Context) -> tuple[Blank, ...]:
    """A new cohort as one form."""
    where = (Blank("zone", "line", value=ctx.profile_zone),) if not ctx.participant.zone else ()
    return (
        Blank("name", "line", most=LONGEST_NAME),
        *where,
        Blank("starts", "date", value=next_monday(ctx).isoformat()),
        Blank("pacing", "choice", (Choice("together"), Choice("own_pace")), value="together"),
        Blank("host", "line", value=ctx.participant.name, most=LONGEST_NAME),
    )


def next_monday(ctx: Context) -> date:
    """The soonest Monday after today."""
    return ctx.today + timedelta(days=7 - ctx.today.weekday())


@cohorts.step
def name(ctx: Context, given: Given) -> Move | Said:
    """What those who are invited read."""
    text = typed(given)
    if tapped(given) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    if text is None:
        return Said("cohorts/name", blanks=blanks(ctx)).offering(Choice("never_mind"))
    called = clean_name(text)
    if called is None:
        return again(Said("cohorts/name_unclear"))
    return ask("starts" if ctx.participant.zone else "zone", notes={"name": called})


@cohorts.named("zone")
def where(ctx: Context, given: Given) -> Move | Said:
    """Where the facilitator is, if neither we nor their platform knows: the cohort's dates are counted there."""
    if given is ENTERED and ctx.profile_zone:
        return counted_there(ctx.profile_zone)
    return asked_where(ctx, given, Said("cohorts/zone", {"ask_location": True}, blanks=blanks(ctx)), counted_there)


@cohorts.step
def which_zone(ctx: Context, given: Given) -> Move | Said:
    """Several places bear that name."""
    return asked_which(ctx, given, counted_there)


def counted_there(place: str) -> Move:
    """The zone is known."""
    return ask("starts", zone=place)


@cohorts.step
def starts(ctx: Context, given: Given) -> Move | Said:
    """The date of week 1, day 1: the soonest Monday first."""
    monday = next_monday(ctx)
    offered = {"monday": monday, "monday_after": monday + timedelta(days=7)}
    text = typed(given)
    on = parse_date(text, ctx.today) if text else offered.get(tapped(given) or "")
    if on is not None and ctx.today <= on <= ctx.today + FARTHEST:
        return ask("pacing", notes={"starts": on})
    if text:
        return again(Said("cohorts/date_unclear"))
    question = Said("cohorts/starts", {"date": monday}, blanks=blanks(ctx))
    return question.offering(Choice("monday"), Choice("monday_after"))


@cohorts.step
def pacing(ctx: Context, given: Given) -> Move | Said:
    """Everybody in the same week, or each at their own pace."""
    match meant(given, {"together": ("together",), "own_pace": ("own", "own pace")}):
        case "together":
            return ask("host", notes={"pacing": "calendar"})
        case "own_pace":
            return ask("host", notes={"pacing": "own"})
        case _:
            question = Said("cohorts/pacing", blanks=blanks(ctx))
            return question.offering(Choice("together"), Choice("own_pace"), columns=1)


@cohorts.step
def host(ctx: Context, given: Given) -> Move | Said:
    """Who leads it, as those who are invited read it."""
    known, text = ctx.participant.name, typed(given)
    if known and meant(given, AS_SHOWN):
        return ask("preview", notes={"host": known})
    if text is None:
        question = Said("cohorts/host", {"known": bool(known)}, blanks=blanks(ctx))
        return question.offering(Choice("as_shown", label=known)) if known else question
    called = name_in(text)
    return ask("preview", notes={"host": called}) if called else again(Said("onboarding/name_unclear"))


@cohorts.step
def preview(ctx: Context, given: Given) -> Move | Said:
    """The whole of it, before it is made."""
    cohort = drafted(ctx)
    facts = {"cohort": cohort.name, "host": cohort.host, "starts": cohort.starts_on, "together": cohort.together}
    match meant(given, {"make_it": ("yes", "make it", "ok"), "never_mind": ("no", "never mind")}):
        case "make_it":
            detail = {"cohort": cohort, "code": ctx.token, "until": ends(ctx, cohort)}
            made = Said("cohorts/made", link_facts(ctx, cohort.name, ctx.token))
            return finish(Decided(Act.CREATE, "", detail), made)
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
        case _:
            return Said("cohorts/preview", facts).offering(Choice("make_it"), Choice("never_mind"))


def drafted(ctx: Context) -> Cohort:
    """The cohort that the answers describe; it gets its id when it is made."""
    notes = ctx.run.notes
    starts_on: date = notes["starts"]
    return Cohort(
        id="",
        name=notes["name"],
        programme=ctx.programme.slug,
        pacing=notes["pacing"],
        starts_on=starts_on,
        zone=ctx.participant.zone or "UTC",
        host=notes["host"],
    )


def ends(ctx: Context, cohort: Cohort) -> datetime | None:
    """When there is nothing left to join: after the last day, where all walk together."""
    if not cohort.together:
        return None
    last = cohort.starts_on + timedelta(days=7 * ctx.programme.length)
    return day_begins(last, zone(cohort.zone))
