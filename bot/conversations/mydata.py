"""/mydata: what is kept of somebody, read back; as files to take along; and what they agreed to. At any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot import consent
from bot.conversations.base import (
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
)
from bot.conversations.onboarding import details
from bot.model import Choice, Consent, Entry, Exported, Layer, Said, State
from bot.timetable import local_day, zone

mydata = conversation("mydata", first="menu", open_for=for_an_hour, anytime=True, shut="close")

MENU: Mapping[str, tuple[str, ...]] = {
    "see_data": ("see", "show", "look"),
    "correct_data": ("correct", "change"),
    "export_data": ("export", "download", "take along"),
    "consents": ("consent", "consents"),
    "erase_data": ("erase", "delete", "forget me"),
    "close": ("no", "nothing", "fine", "close"),
}
LEADS_TO = {"correct_data": "mending", "erase_data": "erasing"}
AT_ONCE = 5  # pages that are read back in one message


@mydata.step
def menu(ctx: Context, given: Given) -> Move | Said:
    """What can be done with it."""
    match meant(given, MENU):
        case "see_data":
            return ask("see")
        case "export_data":
            return finish(Exported())
        case "consents":
            return ask("consents")
        case "correct_data" | "erase_data" as wish:
            return finish(then=LEADS_TO[wish])
        case "close":
            return finish(Said("mydata/closed"))
        case _:
            return Said("mydata/menu").offering(*map(Choice, MENU), columns=2)


# ---------------------------------------------------------------- seeing


@mydata.step
def see(ctx: Context, given: Given) -> Move | Said:
    """What there is, by kind and in counts."""
    match meant(given, {"read_back": ("read",), "mydata_menu": (), "close": ("no", "close")}):
        case "read_back":
            return ask("pages", notes={"from": 0})
        case "mydata_menu":
            return ask("menu")
        case "close":
            return finish(Said("mydata/closed"))
        case _:
            offered = [Choice("read_back")] if written(ctx) else []
            said = Said("mydata/see", in_counts(ctx), private=True)
            return said.offering(*offered, Choice("mydata_menu"), Choice("close"), columns=2)


@mydata.step
def pages(ctx: Context, given: Given) -> Move | Said:
    """What they wrote, a few pages at a time, newest first."""
    first = int(ctx.run.notes.get("from", 0))
    all_of_them = written(ctx)
    match meant(given, {"earlier": ("earlier", "more"), "mydata_menu": (), "close": ("no", "close", "enough")}):
        case "earlier" if first + AT_ONCE < len(all_of_them):
            return ask("pages", notes={"from": first + AT_ONCE})
        case "mydata_menu":
            return ask("menu")
        case "close":
            return finish(Said("mydata/closed"))
        case _:
            shown = all_of_them[first : first + AT_ONCE]
            said = Said("mydata/pages", {"entries": shown}, private=True)
            more = [Choice("earlier")] if first + AT_ONCE < len(all_of_them) else []
            return said.offering(*more, Choice("mydata_menu"), Choice("close"))


def written(ctx: Context) -> list[Entry]:
    """The pages with words on them, newest first."""
    return [entry for entry in ctx.pages if entry.text]


def in_counts(ctx: Context) -> dict[str, Any]:
    """What is kept of somebody, without the words of it."""
    person = ctx.participant
    counts = Counter(entry.kind for entry in ctx.pages)
    return {
        "zone": person.zone,
        "rhythm": person.rhythm if person.journey.state not in (State.INVITED, State.CONSENTING) else None,
        "cohort": ctx.cohort.name if ctx.cohort and person.cohort else "",
        "counts": sorted(counts.items()),
        "shifts": len(person.roster),
        "trusted": person.trusted is not None,
        "leads": ctx.desk is not None,
    }


# ---------------------------------------------------------------- what they agreed to

CHANGES: Mapping[str, tuple[str, ...]] = {
    "research_yes": ("yes",),
    "research_no": ("no",),
    "leave_group": (),
    "leave": (),
    "more": ("more", "tell me more"),
    "mydata_menu": (),
    "close": ("close", "fine"),
}


@mydata.step
def consents(ctx: Context, given: Given) -> Move | Said:
    """Each layer with its date; taking one back is as easy as giving it."""
    person = ctx.participant
    coach, group, allowed = (current(ctx, layer) for layer in ("coach", "group", "research"))
    research = allowed if consent.in_research(person, ctx.research) else None
    match meant(given, CHANGES):
        case "research_yes" | "research_no" as answer if coach and ctx.research:
            given_now = answer == "research_yes"
            news = consent.with_answer(person, ctx.now, given_now, "research", who=ctx.research)
            return ask("consents", Said("mydata/research_changed", {"given": given_now}), consents=news)
        case "research_no" if allowed:  # a no counts even while no research is done: their yes would be back with it
            news = consent.withdrawn(person, ctx.now, "research")
            return ask("consents", Said("mydata/research_changed", {"given": False}), consents=news)
        case "leave_group" if person.cohort:
            return finish(then="parting")
        case "leave" if coach:
            return finish(then="leaving")
        case "more":
            return again(*details(ctx))
        case "mydata_menu":
            return ask("menu")
        case "close":
            return finish(Said("mydata/closed"))
        case _:
            facts = {"coach": on(ctx, coach), "group": on(ctx, group), "research": on(ctx, research)}
            counted = [Choice("research_no" if research else "research_yes")] if coach and ctx.research else []
            layers = [Choice("leave_group")] if person.cohort else []
            layers += [Choice("leave")] if coach else []
            said = Said("mydata/consents", {**facts, "who": ctx.research, "cohort": bool(person.cohort)})
            return said.offering(*counted, *layers, Choice("more"), Choice("mydata_menu"), Choice("close"), columns=2)


def current(ctx: Context, layer: Layer) -> Consent | None:
    """What they agree to in this layer, if they do."""
    said = consent.latest(ctx.participant, layer)
    return said if said is not None and said.given else None


def on(ctx: Context, said: Consent | None) -> object:
    """The local date of a consent."""
    return local_day(said.at, zone(ctx.participant.zone)) if said else None
