"""Correcting what is kept: the name, the place, and what stands on a page."""

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
    tapped,
    typed,
)
from bot.conversations.mydata import AT_ONCE, written
from bot.conversations.settings import settings
from bot.model import Amended, Choice, Entry, Said

mending = conversation("mending", first="which", open_for=for_an_hour, anytime=True, shut="never_mind")

WHICH = {"name": ("name",), "zone": ("place", "zone", "city"), "a_page": ("page", "a page"), "never_mind": ("no",)}
WITH_A_PAGE = {"rewrite": ("rewrite", "write anew"), "delete_page": ("delete",), "never_mind": ("no", "never mind")}
SURE = {"delete_page": ("yes", "delete"), "never_mind": ("no", "never mind")}


@mending.step
def which(ctx: Context, given: Given) -> Move | Said:
    """What is to be put right."""
    match meant(given, WHICH):
        case "name" | "zone" as wish:
            return ask(wish)
        case "a_page":
            return ask("pages", notes={"from": 0})
        case "never_mind":
            return finish(Said("mydata/closed"))
        case _:
            return Said("mending/which").offering(*map(Choice, WHICH), columns=2)


for _step in ("name", "zone", "which_zone"):  # as /settings puts them right
    mending.named(_step)(settings.steps[_step])


# ---------------------------------------------------------------- pages


@mending.step
def pages(ctx: Context, given: Given) -> Move | Said:
    """Which page: they are numbered, and a button carries a number alone."""
    first, all_of_them = int(ctx.run.notes.get("from", 0)), written(ctx)
    shown = all_of_them[first : first + AT_ONCE]
    chosen = meant(given, {entry.id: (str(n),) for n, entry in enumerate(shown, 1)})
    match chosen:
        case "earlier" if first + AT_ONCE < len(all_of_them):
            return ask("pages", notes={"from": first + AT_ONCE})
        case "never_mind":
            return finish(Said("mydata/closed"))
        case str() if any(entry.id == chosen for entry in all_of_them):
            return ask("one", notes={"page": chosen})
        case _ if not shown:
            return finish(Said("mending/no_pages"))
        case _:
            said = Said("mending/pages", {"entries": shown}, private=True)
            numbered = [Choice(entry.id, label=str(n)) for n, entry in enumerate(shown, 1)]
            more = [Choice("earlier")] if first + AT_ONCE < len(all_of_them) else []
            return said.offering(*numbered, columns=AT_ONCE).offering(*more, Choice("never_mind"))


def page(ctx: Context) -> Entry | None:
    """The page that this is about, while it is there."""
    return next((entry for entry in ctx.pages if entry.id == ctx.run.notes.get("page")), None)


@mending.step
def one(ctx: Context, given: Given) -> Move | Said:
    """A page, and what to do with it."""
    entry = page(ctx)
    if entry is None:
        return ask("pages", notes={"from": 0})
    match meant(given, WITH_A_PAGE):
        case "rewrite":
            return ask("rewrite")
        case "delete_page":
            return ask("sure")
        case "never_mind":
            return finish(Said("mending/unchanged"))
        case _:
            return Said("mending/one", {"entry": entry}, private=True).offering(*map(Choice, WITH_A_PAGE))


@mending.step
def rewrite(ctx: Context, given: Given) -> Move | Said:
    """The new words take the place of the old ones, which are gone then."""
    text = typed(given)
    if page(ctx) is None:
        return ask("pages", notes={"from": 0})
    if tapped(given) == "never_mind":
        return finish(Said("mending/unchanged"))
    if text is not None:
        return finish(Amended(ctx.run.notes["page"], text), Said("mending/rewritten"))
    return Said("mending/rewrite", writes=True).offering(Choice("never_mind"))


@mending.step
def sure(ctx: Context, given: Given) -> Move | Said:
    """A deleted page does not come back."""
    if page(ctx) is None:
        return ask("pages", notes={"from": 0})
    match meant(given, SURE):
        case "delete_page":
            return finish(Amended(ctx.run.notes["page"]), Said("mending/deleted"))
        case "never_mind":
            return finish(Said("mending/unchanged"))
        case _:
            return Said("mending/sure").offering(*map(Choice, SURE))
