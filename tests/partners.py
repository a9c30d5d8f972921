"""A partner, or two, for the person of a golden conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.cohorts.model import Pairs
from bot.cohorts.schedule import round_begun
from bot.model import Journey, Pairing, Participant, State
from bot.ports import Known
from bot.storage.memory import MemoryUnitOfWork

BOT = "telegram:1"


def pairs_of(told: Mapping[str, Any]) -> Pairs | None:
    """`pairs: 2 12:00`: the day and hour of a cohort's rounds."""
    if "pairs" not in told:
        return None
    day, at = told["pairs"].split()
    return Pairs(int(day), time.fromisoformat(at))


def pairing_of(given: Mapping[str, Any]) -> Pairing:
    """`pairing: {wanted: yes, by: username, handle: ana_s, silent: 1, told: 2026-03-10, met: not_yet}`, all of it free.

    Who was `told` has already heard of the meeting that the group makes.
    """
    facts: Mapping[str, Any] = given.get("pairing", {})
    names = tuple(given.get("meets", ()))
    told = date.fromisoformat(facts["told"]) if "told" in facts else None
    return Pairing(
        wanted={"yes": True, "no": False}.get(facts.get("wanted", "")),
        by=facts.get("by", "coach"),
        handle=facts.get("handle", ""),
        silent=int(facts.get("silent", 0)),
        asked_met=tuple(map(date.fromisoformat, facts.get("asked_met", ()))),
        told=("meeting", told) if told else None,
        mates=names if told else (),
        partners=names if told else (),
        met=facts.get("met", ""),
    )


async def paired(work: MemoryUnitOfWork, given: Mapping[str, Any], person: Participant, now: datetime) -> None:
    """`meets: [ben, eve]`: with whom in the latest round; `they: {by: username, …}` says what these wish."""
    names = given.get("meets", ())
    if not names:
        return
    cohort = given["walks_in"]
    data, wishes = work._data, pairing_of({"pairing": {"wanted": "yes", **given.get("they", {})}})
    walking = Journey(State.ACTIVE, anchor=person.journey.anchor)
    for name in names:
        handle = f"{name}_s" if wishes.by == "username" else ""
        who = Participant(name, name=name.title(), journey=walking, cohort=cohort, discreet=person.discreet)
        data.put(data.people, name, Known(replace(who, pairing=replace(wishes, handle=handle)), BOT, None, 0))
        await work.cohorts.enter(name, cohort, now)
    known = (await work.cohorts.look([cohort]))[cohort]
    begun = round_begun(known.cohort, now + timedelta(days=1), 8)
    assert begun is not None, "no round is near"
    await work.cohorts.meetings.arrange(cohort, {"meeting": [person.id, *names]}, begun.week, begun.at)
