"""Carries out what was decided about themes and broadcasts; bot/cohorts/acts.py asks first whether they may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bot.access import may
from bot.cohorts.audience import begins
from bot.cohorts.broadcasts import Broadcast, KnownBroadcast
from bot.cohorts.model import Audited, Cohort, Theme
from bot.cohorts.waiting import reminded_lately
from bot.errors import NotAllowedError

if TYPE_CHECKING:
    from bot.cohorts.acts import Doing


A_WEEKS_WORTH = 100  # broadcasts


async def edit(doing: Doing) -> Mapping[str, str]:
    """A week's theme gets a note or a text of the facilitator's, or is as the course has it."""
    theme: Theme = doing.detail["theme"]
    others = [other for other in doing.cohort.themes if other.week != theme.week]
    kept = [*others, theme] if theme.note or theme.text else others
    await doing.save(themes=tuple(sorted(kept, key=lambda one: one.week)))
    return {"detail": f"week {theme.week}"}


async def broadcast(doing: Doing) -> Mapping[str, str]:
    """A message sets out to every cohort that it names, each of which they must be allowed to write to."""
    message: Broadcast = doing.detail["broadcast"]
    cohorts = await doing.cohorts.look(message.cohorts)
    if set(cohorts) != set(message.cohorts) or not message.cohorts:
        raise NotAllowedError(doing.decided.act)
    _check(doing, [known.cohort for known in cohorts.values()])
    kept = doing.cohorts.broadcasts
    sent = [one.broadcast for one in await kept.latest(message.cohorts, A_WEEKS_WORTH)]
    if message.segment.kind == "not_joined" and reminded_lately(sent, message.cohorts, doing.now):
        raise NotAllowedError(doing.decided.act)
    message = replace(message, created_by=doing.actor.id, created_at=doing.now)
    await kept.add(KnownBroadcast(message, begins(message, doing.now)))
    return await _audited(doing, message)


async def hold(doing: Doing) -> Mapping[str, str]:
    """What is unsent of a broadcast waits."""
    return await _turn(doing, "held", from_stages=("sending",))


async def go_on(doing: Doing) -> Mapping[str, str]:
    """A broadcast that was held goes on; the alarm clock finds each copy its next moment."""
    return await _turn(doing, "sending", from_stages=("held",))


async def cancel(doing: Doing) -> Mapping[str, str]:
    """What is unsent of a broadcast is never sent."""
    return await _turn(doing, "cancelled", from_stages=("sending", "held"))


async def _turn(
    doing: Doing, stage: Literal["sending", "held", "cancelled"], from_stages: tuple[str, ...]
) -> Mapping[str, str]:
    kept, wanted = doing.cohorts.broadcasts, doing.detail["broadcast"]
    known = (await kept.load([wanted])).get(wanted)
    if known is None:
        raise NotAllowedError(doing.decided.act)
    cohorts = await doing.cohorts.look(known.broadcast.cohorts)
    _check(doing, [one.cohort for one in cohorts.values()])
    if known.broadcast.stage in from_stages:
        at = begins(known.broadcast, doing.now) if stage == "sending" else doing.now
        await kept.save(replace(known, broadcast=replace(known.broadcast, stage=stage), wake_at=at))
        if stage == "held":
            await kept.hold(wanted)
        elif stage == "cancelled":
            await kept.drop(wanted)
    return await _audited(doing, known.broadcast)


async def _audited(doing: Doing, message: Broadcast) -> Mapping[str, str]:
    """A line of the audit for each cohort; the first is written by whoever asked for the act."""
    first, *others = message.cohorts
    for other in others:
        await doing.cohorts.note(Audited(doing.now, doing.actor.id, doing.decided.act, other, message.id))
    return {"object": first, "detail": message.id}


def _check(doing: Doing, cohorts: Sequence[Cohort]) -> None:
    if not cohorts or not all(may(doing.actor, doing.decided.act, cohort) for cohort in cohorts):
        raise NotAllowedError(doing.decided.act)
