"""The close of the course: what to keep, when, and how often we write after it. And the boosters themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot import journey
from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    meant,
    typed,
    without_end,
)
from bot.model import Choice, OneOf, Recorded, Said, State

graduation = conversation("graduation", first="close", open_for=without_end)
booster = conversation("booster", first="invite", open_for=without_end)

SKIP = {"skip": ("skip", "no", "nothing")}
BOOSTER_WORDS = {"carry": ("ok", "yes", "thanks", "thank you"), "no_more": ("never", "no more", "no thanks")}
BOOSTERS: Mapping[str, int] = {"monthly": 30, "fortnightly": 14, "quarterly": 91, "never": 0}


@graduation.step
def close(ctx: Context, given: Given) -> Move:
    """The course ends here, whatever was practised."""
    path = ctx.participant.journey
    if path.state is State.ACTIVE:
        path = journey.travel(path, State.GRADUATED, ctx.today)
    favourites = sorted(ctx.participant.ledger.practised.items(), key=lambda pair: -pair[1])[:3]
    titles = [ctx.programme.practice(key).title for key, _ in favourites]
    facts = {"ledger": ctx.participant.ledger, "favourites": titles}
    return ask("keep", Said("graduation/close", facts), journey=path)


@graduation.step
def keep(ctx: Context, given: Given) -> Move | Said:
    """Which practices they want to keep."""
    text = typed(given)
    match meant(given, SKIP):
        case "skip":
            return ask("when")
        case None if text is not None:
            return ask("when", Recorded("plan", text, about="keep"), notes={"keep": text})
        case _:
            return Said("graduation/keep", writes=True).offering(Choice("skip"))


@graduation.step
def when(ctx: Context, given: Given) -> Move | Said:
    """Where in their days it can live."""
    text = typed(given)
    match meant(given, SKIP):
        case "skip":
            return ask("boosters")
        case None if text is not None:
            return ask("boosters", Recorded("plan", text, about="when"), notes={"when": text})
        case _:
            return Said("graduation/when", writes=True).offering(Choice("skip"))


@graduation.step
def boosters(ctx: Context, given: Given) -> Move | Said:
    """As rare as they want, or never."""
    words = {"monthly": ("monthly",), "fortnightly": (), "quarterly": (), "never": ("never", "no")}
    chosen = meant(given, words)
    if chosen is not None and chosen in BOOSTERS:
        every = BOOSTERS[chosen]
        facts = {"keep": ctx.run.notes.get("keep", ""), "when": ctx.run.notes.get("when", ""), "every": every}
        path = replace(ctx.participant.journey, boosters_every=every)
        return finish(Said("graduation/plan", facts, private=True), journey=path, checked=ctx.now)
    return Said("graduation/boosters").offering(*map(Choice, BOOSTERS), columns=2)


@booster.step
def invite(ctx: Context, given: Given) -> Move | Said:
    """A practice from the course, for old times' sake; those of its last week speak of an end that is behind them."""
    text = typed(given)
    match meant(given, BOOSTER_WORDS):
        case "carry":
            return finish(Said("booster/thanks"))
        case "no_more" | "never":  # as the button was called on messages that still stand in chats
            return finish(Said("booster/no_more"), journey=replace(ctx.participant.journey, boosters_every=0))
        case None if text is not None:
            return finish(Recorded("journal", text), Said("booster/thanks"))
    practices = [practice for week in ctx.programme.weeks[:-1] or ctx.programme.weeks for practice in week.practices]
    practice = practices[ctx.today.toordinal() % len(practices)]
    facts = {"practice": practice, "invitation": OneOf(f"{practice.id} invitation", practice.invitations)}
    return Said("booster/invite", facts, writes=True).offering(Choice("carry"), Choice("no_more"))
