"""A cohort at a glance, for those who lead it: a finished week in figures, and nothing about anybody."""

from __future__ import annotations

from bot.cohorts.model import Act, Overview
from bot.cohorts.taking import readable
from bot.conversations.base import ENTERED, Context, Given, Move, conversation, finish, for_an_hour, tapped
from bot.conversations.facilitating import desk_of
from bot.model import Choice, Said

pulse = conversation("pulse", first="list", open_for=for_an_hour, act=Act.CREATE)


@pulse.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """Whose figures; one cohort needs no choosing."""
    there = readable(desk_of(ctx))
    chosen = tapped(given)
    found = next((overview for overview in there if overview.cohort.id == chosen), None)
    if len(there) == 1 and given is ENTERED:
        found = there[0]
    if found is not None:
        return finish(glance(found))
    if chosen == "never_mind" or not there:
        return finish(Said("cohorts/done") if there else Said("pulse/nobody"))
    named = [Choice(overview.cohort.id, label=overview.cohort.name) for overview in there]
    return Said("pulse/list").offering(*named, Choice("never_mind"), columns=1)


def glance(overview: Overview) -> Said:
    """The figures of the latest week that was counted, or why there are none."""
    cohort, pulse_ = overview.cohort, overview.cohort.pulse
    facts = {"cohort": cohort.name}
    if pulse_ is None:
        return Said("pulse/too_soon", facts)
    if not pulse_.figures:
        return Said("pulse/too_few", facts)
    return Said("pulse/figures", {**facts, "week": pulse_.week, "people": pulse_.people, "pulse": pulse_})
