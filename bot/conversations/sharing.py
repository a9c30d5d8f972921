"""Sharing a gratitude with the group: offered once an evening, by a deliberate tap, and to be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

from bot.cohorts.model import Cohort
from bot.cohorts.posts import open_thread, opener, thread_key
from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    meant,
    typed,
    until_the_day_turns,
)
from bot.keeping import Keep
from bot.model import Carried, Choice, Event, Handled, Participant, Recorded, Said, Shared, State

sharing = conversation("sharing", first="offer", open_for=until_the_day_turns, shut="keep_it")

REMEMBERED = Keep().keyed  # as long as the outbox knows which message it was
OFFERED_BACK = 7  # shared lines that can be taken back one by one in the chat with us
ALL = "all_of_them"
KEEP = ("no", "n", "keep", "keep it")
OFFERED: Mapping[str, tuple[str, ...]] = {"share_it": ("yes", "y", "share"), "keep_it": KEEP}
SHOWN: Mapping[str, tuple[str, ...]] = {"without_name": ("without",), "with_name": ("with",), "keep_it": KEEP}
AFTER: Mapping[str, tuple[str, ...]] = {"that_is_all": ("ok", "fine"), "take_back": ("take back", "take it back")}


def thread_tonight(ctx: Context) -> date | None:
    """The date of the group's thread to which they may share now; None where nothing is offered."""
    here = ctx.participant.journey.state in (State.ACTIVE, State.GRADUATED)
    held = ctx.participant.sheltered is not None
    if ctx.cohort is None or not ctx.reaches_home or not here or held or ctx.participant.offered == ctx.today:
        return None
    return open_thread(ctx.cohort, ctx.now, ctx.programme.length)


def with_offer(ctx: Context, texts: Sequence[str], *events: Event, thanks: Said) -> Move:
    """Ends a conversation in which these gratitudes were written, with the offer where there is a thread for them."""
    on = thread_tonight(ctx) if texts else None
    if on is None:
        return finish(*events, thanks)
    notes = {"texts": tuple(texts), "on": on, "thanks": thanks.prompt}
    return finish(*events, then="sharing", notes=notes, offered=ctx.today)


@sharing.step
def offer(ctx: Context, given: Given) -> Move | Said:
    """Whether to share at all; nothing private is said here."""
    match meant(given, OFFERED):
        case "share_it":
            return ask("which") if len(texts(ctx)) > 1 else ask("shown", notes={"text": texts(ctx)[0]})
        case "keep_it":
            return finish(Said(ctx.run.notes["thanks"]))
        case None if (text := typed(given)) is not None:  # they go on writing, and nobody asked: it is theirs
            return finish(Recorded("journal", text), Said("journal/kept"))
        case _:
            return Said("sharing/offer").offering(*map(Choice, OFFERED))


@sharing.step
def which(ctx: Context, given: Given) -> Move | Said:
    """Which of the things that they wrote."""
    several = texts(ctx)
    numbers = {str(n): text for n, text in enumerate(several, 1)}
    match meant(given, {**{n: (n,) for n in numbers}, ALL: ("all",), "keep_it": KEEP}):
        case "keep_it":
            return finish(Said(ctx.run.notes["thanks"]))
        case str() as one if one == ALL or one in numbers:
            return ask("shown", notes={"text": numbers.get(one) or "\n".join(several)})
        case _:
            said = Said("sharing/which", {"texts": list(several)}, private=True)
            named = [Choice(n, label=n) for n in numbers]
            return said.offering(*named).offering(Choice(ALL), Choice("keep_it"))


@sharing.step
def shown(ctx: Context, given: Given) -> Move | Said:
    """Exactly what the others would read, with and without a name."""
    text, name = str(ctx.run.notes["text"]), ctx.participant.name
    offered = {choice: words for choice, words in SHOWN.items() if name or choice != "with_name"}
    match meant(given, offered):
        case "with_name" | "without_name" as answer if ctx.cohort is not None and ctx.cohort.home:
            return shared(ctx, ctx.cohort, text, name if answer == "with_name" else "")
        case "keep_it" | "with_name" | "without_name":
            return finish(Said(ctx.run.notes["thanks"]))
        case _:
            return Said("sharing/shown", {"text": text, "who": name}, private=True).offering(*map(Choice, offered))


def shared(ctx: Context, cohort: Cohort, text: str, who: str) -> Move:
    """It goes to the group's chat, into that day's thread, which is there by then."""
    on: date = ctx.run.notes["on"]
    key = f"share:{blake2b(f'{ctx.participant.id} {ctx.run.asked}'.encode(), digest_size=12).hexdigest()}"
    until = ctx.now + timedelta(days=1)
    said = Said("gathering/shared", {"text": text, "who": who}, key=key, of=thread_key(cohort, on))
    said, opened = (replace(one, urgency="scheduled", expires=until) for one in (said, opener(cohort, on)))
    known = (one for one in ctx.participant.shared if ctx.today - one.on < REMEMBERED)
    kept = (*known, Shared(key, cohort.home, ctx.today))
    home = (cohort.home,)
    return ask("after", Carried(home, opened), Carried(home, said), shared=kept)


@sharing.step
def after(ctx: Context, given: Given) -> Move | Said:
    """It is there; it need not stay."""
    match meant(given, AFTER):
        case "take_back" if still_there(ctx.participant):
            return taken_back(ctx.participant, still_there(ctx.participant)[-1])
        case "that_is_all" | "take_back":
            return finish(Said(ctx.run.notes["thanks"]))
        case None if (text := typed(given)) is not None:
            return finish(Recorded("journal", text), Said("journal/kept"))
        case _:
            return Said("sharing/after").offering(*map(Choice, AFTER))


def taken_back(person: Participant, one: Shared) -> Move:
    """The message goes from the group's chat."""
    kept = tuple(replace(other, back=True) if other == one else other for other in person.shared)
    return finish(Carried((one.home,), Handled("delete", of=one.key)), Said("sharing/taken_back"), shared=kept)


def texts(ctx: Context) -> tuple[str, ...]:
    """What they wrote."""
    written: Any = ctx.run.notes["texts"]
    return tuple(written)


def still_there(person: Participant) -> tuple[Shared, ...]:
    """What of theirs stands in the group's chat."""
    return tuple(one for one in person.shared if not one.back)


def labelled(person: Participant) -> list[Choice]:
    """A button for each of the latest lines that can be taken back, the latest first, by its date."""
    return [Choice(one.key, label=f"{one.on:%d %b}") for one in reversed(still_there(person)[-OFFERED_BACK:])]
