"""Carries out what was decided about pairs; and what those who lead may know of them: a count, rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.cohorts.model import Desk, Overview, Pairs
from bot.cohorts.ports import Cohorts
from bot.cohorts.pulse import rounded
from bot.cohorts.schedule import A_WEEK, round_begun
from bot.conversations.words import command_in
from bot.model import Input, MessageReceived, Participant

if TYPE_CHECKING:
    from bot.cohorts.acts import Doing


async def pair(doing: Doing) -> Mapping[str, str]:
    """Members are paired every week from now on, or no longer."""
    pairs: Pairs | None = doing.detail["pairs"]
    await doing.save(wake=True, pairs=replace(pairs, since=doing.now) if pairs else None)
    return {"detail": f"day {pairs.day}, {pairs.at:%H:%M}" if pairs else "off"}


async def call_off(doing: Doing) -> None:
    """Somebody does not come to their meeting of this week."""
    await out_of(doing, doing.decided.object)


async def out_of(doing: Doing, cohort: str) -> None:
    """Somebody's meeting in this cohort falls out, unless it was; the others are woken, and hear of it."""
    meetings = doing.cohorts.meetings
    latest = await meetings.latest(doing.actor.id, cohort)
    if latest is not None and not doing.detail.get("met") and doing.now < latest.at + A_WEEK:
        await meetings.call_off(doing.actor.id, cohort)
        await meetings.stir(latest.id, doing.now)


def is_about_pairs(person: Participant, given: Input) -> bool:
    """Whether a turn has to do with the pairs of those whom somebody leads."""
    begins = isinstance(given, MessageReceived) and command_in(given.text) == "pairs"
    return begins or any(run.conversation == "pairs" for run in person.runs)


async def with_meetings(cohorts: Cohorts, desk: Desk, now: datetime, weeks: int) -> Desk:
    """The desk with how many meetings there are in each cohort's present round."""
    return replace(desk, cohorts=tuple([await _counted(cohorts, one, now, weeks) for one in desk.cohorts]))


async def _counted(cohorts: Cohorts, overview: Overview, now: datetime, weeks: int) -> Overview:
    begun = round_begun(overview.cohort, now, weeks)
    if begun is None:
        return overview
    rows = await cohorts.meetings.rows(overview.cohort.id)
    people = Counter(row.meeting for row in rows if row.week == begun.week)
    return replace(overview, meetings=rounded(sum(number > 1 for number in people.values())))
