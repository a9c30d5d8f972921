"""Erasing everything: what goes, what the platform and backups still hold, asked twice, and then goodbye."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot import journey
from bot.access import may
from bot.cohorts.model import Act, Cohort
from bot.conversations.base import Context, Given, Move, again, ask, conversation, finish, for_an_hour, meant
from bot.conversations.sharing import still_there
from bot.model import Carried, Choice, Decided, Event, Exported, Handled, Said, State

erasing = conversation("erasing", first="sure", open_for=for_an_hour, anytime=True)

SOON = timedelta(seconds=3)  # in which the last words can be on their way

SURE = {"erase_data": ("yes", "erase"), "export_data": ("export",), "never_mind": ("no", "never mind")}
GROUPS = {"close_and_erase": ("yes", "close", "erase"), "never_mind": ("no", "never mind")}
LAST = {"erase_now": ("erase", "erase everything"), "never_mind": ("no", "never mind")}


@erasing.step
def sure(ctx: Context, given: Given) -> Move | Said:
    """What is erased at once, and what is not ours to erase."""
    match meant(given, SURE):
        case "erase_data":
            return ask("groups" if left_alone(ctx) else "last")
        case "export_data":
            return again(Exported())
        case "never_mind":
            return finish(Said("erasing/unchanged"))
        case _:
            facts = {"platform": ctx.platform, "leads": ctx.desk is not None, "cohort": bool(ctx.participant.cohort)}
            return Said("erasing/sure", facts).offering(*map(Choice, SURE))


@erasing.step
def groups(ctx: Context, given: Given) -> Move | Said:
    """Groups that nobody else leads are closed; those who walk in them walk on."""
    match meant(given, GROUPS):
        case "close_and_erase":
            return ask("last")
        case "never_mind":
            return finish(Said("erasing/unchanged"))
        case _:
            names = [cohort.name for cohort in left_alone(ctx)]
            return Said("erasing/groups", {"groups": names}).offering(*map(Choice, GROUPS))


@erasing.step
def last(ctx: Context, given: Given) -> Move | Said:
    """Asked a second time: a tap, or the word."""
    match meant(given, LAST):
        case "erase_now":
            return gone(ctx, *(Decided(Act.CLOSE, cohort.id) for cohort in left_alone(ctx)))
        case "never_mind":
            return finish(Said("erasing/unchanged"))
        case _:
            return Said("erasing/last").offering(*map(Choice, LAST))


def gone(ctx: Context, *events: Event) -> Move:
    """They leave, what they shared with their group is taken back, and after a goodbye everything is deleted."""
    person = ctx.participant
    taken_back = (Carried((one.home,), Handled("delete", of=one.key)) for one in still_there(person))
    return forgotten(ctx, *events, *taken_back, Said("erasing/done", {"platform": ctx.platform}))


def forgotten(ctx: Context, *events: Event) -> Move:
    """These are the last words; nothing else of theirs stays open."""
    path = ctx.participant.journey
    if path.state not in (State.INVITED, State.WITHDRAWN):
        path = journey.travel(path, State.WITHDRAWN)
    ends: dict[str, Any] = {"runs": (ctx.run,), "timers": (), "journey": path, "erase_at": ctx.now + SOON}
    return finish(*events, **ends)


def left_alone(ctx: Context) -> list[Cohort]:
    """The groups that nobody would lead without them."""
    desk, me = ctx.desk, ctx.participant.id
    led = [one.cohort for one in desk.cohorts] if desk else []
    return [one for one in led if one.facilitators == (me,) and desk and may(desk.actor, Act.CLOSE, one)]
