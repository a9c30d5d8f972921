"""An owner's work: who facilitates, and what was done."""

from __future__ import annotations

from typing import Any

from bot.cohorts.model import Act, Audited, Colleague
from bot.conversations.base import Context, Given, Move, ask, conversation, finish, for_an_hour, tapped
from bot.conversations.facilitating import confirmed, desk_of, link_facts
from bot.model import Choice, Decided, Said
from bot.timetable import zone

facilitators = conversation("facilitators", first="list", open_for=for_an_hour, act=Act.REMOVE)
audit = conversation("audit", first="show", open_for=for_an_hour, act=Act.READ_AUDIT)


@facilitators.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """Who facilitates, a link for somebody new, and taking the role away."""
    there = desk_of(ctx).facilitators
    match tapped(given):
        case "invite_one":
            return ask("invite")
        case "remove_one" if there:
            return ask("which")
        case "that_is_all":
            return finish(Said("cohorts/done"))
        case _:
            removing = [Choice("remove_one")] if there else []
            said = Said("facilitators/list", {"facilitators": [called(colleague) for colleague in there]})
            return said.offering(Choice("invite_one"), *removing, Choice("that_is_all"), columns=1)


@facilitators.step
def invite(ctx: Context, given: Given) -> Move | Said:
    """A link for one person."""
    done = Said("facilitators/invited", link_facts(ctx, "", ctx.token))
    decided = Decided(Act.INVITE, "", {"code": ctx.token})
    return confirmed(given, Said("facilitators/invite", {"cohort": ""}), decided, done)


@facilitators.step
def which(ctx: Context, given: Given) -> Move | Said:
    """Whose role it is about."""
    there = desk_of(ctx).facilitators
    chosen = tapped(given)
    if chosen == "never_mind":
        return finish(Said("cohorts/unchanged"))
    if any(chosen == colleague.id for colleague in there):
        return ask("sure", notes={"colleague": chosen})
    named = [Choice(colleague.id, label=called(colleague)) for colleague in there]
    return Said("facilitators/which").offering(*named, Choice("never_mind"), columns=1)


@facilitators.step
def sure(ctx: Context, given: Given) -> Move | Said:
    """They lose access at once; their cohorts stay."""
    wanted = ctx.run.notes["colleague"]
    colleague = next((one for one in desk_of(ctx).facilitators if one.id == wanted), None)
    if colleague is None:
        return ask("list")
    facts = {"who": called(colleague)}
    decided = Decided(Act.REMOVE, colleague.id)
    return confirmed(given, Said("facilitators/remove", facts), decided, Said("facilitators/removed", facts))


def called(colleague: Colleague) -> str:
    """A facilitator's name, else the beginning of their id."""
    return colleague.name or colleague.id[:6]


@audit.step
def show(ctx: Context, given: Given) -> Move:
    """The latest acts, in words."""
    return finish(Said("audit/show", {"lines": [told(ctx, line) for line in desk_of(ctx).audit]}))


def told(ctx: Context, line: Audited) -> dict[str, Any]:
    """A line of the audit with names in place of ids; who was erased has none."""
    desk = desk_of(ctx)
    names = {id_: called(Colleague(id_, name)) for id_, name in desk.names}
    names |= {overview.cohort.id: overview.cohort.name for overview in desk.cohorts}
    at = line.at.astimezone(zone(ctx.participant.zone))
    return {
        "date": at.date(),
        "time": at.time(),
        "who": names.get(line.actor, ""),
        "act": line.act.value,
        "what": names.get(line.object, ""),
    }
