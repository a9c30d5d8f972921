"""All that is kept of somebody, as files to take along: JSON for machines, a page for people (docs/data_export.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Protocol

from bot import locking
from bot.cohorts.model import Attendance
from bot.model import Document, Entry, Participant, Said
from bot.ports import Known, Renderer, UnitOfWork
from curriculum.model import Programme

FORMAT, VERSION = "heartsease-export", 1
NAME = "heartsease-my-data"


class Library(Protocol):
    """What an export needs to put things into words."""

    renderer: Renderer

    def in_locale(self, locale: str) -> Programme:
        """The course in this locale."""
        ...


async def files(work: UnitOfWork, known: Known, person: Participant, library: Library, now: datetime) -> Sequence[Said]:
    """The messages that bring it. Where others may export messages, one locked page, and its key in a window."""
    everything = await gathered(work, known, person, now)
    titles = {p.id: p.title for week in library.in_locale(person.locale).weeks for p in week.practices}
    page = library.renderer.document("export", {**everything, "titles": titles}, person.locale)
    data = json.dumps(everything, ensure_ascii=False, indent=1, default=plainly)
    if person.discreet:
        phrase = locking.new_passphrase()
        locked = await locking.locked(json.dumps({"page": page, "data": data}), phrase)
        sealed = library.renderer.document("locked", locked, person.locale)
        return (
            Said("mydata/locked_file", file=Document(f"{NAME}.html", "text/html", sealed)),
            Said("mydata/passphrase", {"passphrase": phrase}, private=True),
        )
    return (
        Said("mydata/page_file", file=Document(f"{NAME}.html", "text/html", page)),
        Said("mydata/data_file", file=Document(f"{NAME}.json", "application/json", data)),
    )


async def gathered(work: UnitOfWork, known: Known, person: Participant, now: datetime) -> dict[str, Any]:
    """All of it, in the shape of docs/data_export.schema.json."""
    entries, touched = await work.entries(person.id), await work.touchpoints(person.id)
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now,
        "person": about(person, known),
        "consents": [
            {"layer": one.layer, "version": one.version, "at": one.at, "given": one.given} for one in person.consents
        ],
        "course": course(person),
        "rhythm": rhythm(person),
        "support": support(person),
        "ledger": {
            "practised": dict(person.ledger.practised),
            "sits": person.ledger.sits,
            "minutes": person.ledger.minutes,
            "gratitudes": person.ledger.gratitudes,
            "letters": person.ledger.letters,
            "reflections": person.ledger.reflections,
        },
        "group": await group(work, person),
        "roles": [{"role": role, "group": cohort} for role, cohort in await work.cohorts.roles(person.id)],
        "entries": [written(entry) for entry in reversed(entries)],
        "messages_due": [{"kind": one.kind.value, "on": one.on, "missed": one.missed, "at": one.at} for one in touched],
        "open_questions": [
            {"conversation": run.conversation, "step": run.step, "since": run.started} for run in person.runs
        ],
    }


def about(person: Participant, known: Known) -> dict[str, Any]:
    """Who they are to us."""
    return {
        "id": person.id,
        "name": person.name,
        "language": person.locale,
        "platform": known.installation.partition(":")[0],
        "zone": person.zone,
        "country": person.country,
        "health_care_wording": person.health_care,
        "last_heard": person.heard,
        "reachable": person.reachable,
    }


def course(person: Participant) -> dict[str, Any]:
    """Where they are in it, and what they took along last."""
    path, taken = person.journey, person.taken
    return {
        "state": path.state.value,
        "pacing": path.pacing,
        "week_1_day_1": path.anchor,
        "paused_on": path.paused_on,
        "resumes_on": path.resume_on,
        "graduated_on": path.graduated_on,
        "boosters_every_days": path.boosters_every,
        "latest_practice": {"on": taken[0], "practice": taken[1], "intention": person.intention} if taken else None,
        "asked_whether_to_go_on": person.checked_in,
    }


def rhythm(person: Participant) -> dict[str, Any]:
    """When they want to be spoken to."""
    times = person.rhythm
    return {
        "morning": times.morning if times.mornings else None,
        "evening": times.evening if times.evenings else None,
        "quiet_from": times.quiet_from,
        "quiet_until": times.quiet_until,
        "days_off": sorted(times.days_off),
        "gratitude_every_days": times.gratitude_every,
        "shifts": [{"on": on, "shift": shift} for on, shift in person.roster],
        "shift_hours": [{"shift": shift, "begins": begins, "ends": ends} for shift, begins, ends in times.hours],
    }


def support(person: Participant) -> dict[str, Any]:
    """What they arranged for hard days."""
    return {
        "trusted_person": {"name": person.trusted.name, "reach": person.trusted.reach} if person.trusted else None,
        "safety_plan": dict(person.safety_plan),
        "asks_those_who_lead": person.calls_leader,
        "course_held_since": person.sheltered.since if person.sheltered else None,
    }


async def group(work: UnitOfWork, person: Participant) -> dict[str, Any] | None:
    """Their group, and what they said to it; the names of others are not theirs to take along."""
    found = (await work.cohorts.look([person.cohort])).get(person.cohort) if person.cohort else None
    if found is None:
        return None
    cohort, pairing = found.cohort, person.pairing
    lessons = {lesson.id: lesson for lesson in cohort.classes}
    answers: Mapping[str, Attendance] = await work.cohorts.attendance.answers(person.id, sorted(lessons))
    return {
        "name": cohort.name,
        "led_by": cohort.host,
        "begins": cohort.starts_on,
        "partners": {
            "takes_part": pairing.wanted,
            "reached_by": pairing.by,
            "platform_name": pairing.handle,
            "met_so_far": len(pairing.partners),
            "not_paired_with": len(pairing.never_with),
        },
        "classes": [
            {"starts": lessons[id_].starts, "coming": said.coming, "noted_present": said.present}
            for id_, said in sorted(answers.items())
        ],
        "shared_in_its_chat": [{"on": one.on} for one in person.shared],
    }


def written(entry: Entry) -> dict[str, Any]:
    """Something that they wrote or did."""
    return {
        "kind": entry.kind,
        "at": entry.at,
        "on": entry.on,
        "week": entry.week,
        "day": entry.day,
        "about": entry.about,
        "answer": entry.went,
        "minutes": entry.minutes,
        "text": entry.text,
    }


def plainly(value: object) -> str:
    """Dates and times as ISO 8601 has them; instants in UTC."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
    raise TypeError(type(value).__name__)
