"""All that is kept of somebody, as files to take along: JSON for machines, a page for people (docs/data_export.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Protocol

from bot import locking
from bot.cohorts.model import Attendance
from bot.model import Document, Entry, Participant, Run, Said
from bot.ports import Known, Renderer, UnitOfWork
from bot.renewal import unpacked
from curriculum.model import Programme

FORMAT, VERSION = "heartsease-export", 1
NAME = "heartsease-my-data"
# Bytes of a file. A bot may send 50 MB on Telegram (core.telegram.org/bots/api#senddocument); Slack tells of no figure,
# but a workspace may restrict it (files.getUploadURLExternal: file_upload_size_restricted). This much opens on an old
# phone, and a slow line takes it while an adapter waits.
MOST = 4_000_000
LOCK = 10_000  # what a locked page has around its content


class Library(Protocol):
    """What an export needs to put things into words."""

    renderer: Renderer

    def in_locale(self, locale: str) -> Programme:
        """The course in this locale."""
        ...


async def files(
    work: UnitOfWork, known: Known, person: Participant, library: Library, now: datetime, most: int = MOST
) -> Sequence[Said]:
    """The messages that bring it, in files of at most so many bytes, each of which can be read by itself.

    Where others may export messages, pages that are locked, and their key in a window.
    """
    everything = await gathered(work, known, person, now)
    titles = {p.id: p.title for week in library.in_locale(person.locale).weeks for p in week.practices}
    entries = everything["entries"]

    def contents(first: int, last: int) -> tuple[str, ...]:
        """A page and data with the entries from `first` to before `last`."""
        apart = {"entries": entries[first:last], "entries_before": first, "entries_after": len(entries) - last}
        page = library.renderer.document("export", {**everything, **apart, "titles": titles}, person.locale)
        data = json.dumps({**everything, **apart}, ensure_ascii=False, indent=1, default=plainly)
        both = json.dumps({"page": page, "data": data}, ensure_ascii=False)
        return (both,) if person.discreet else (page, data)

    room = most * 3 // 4 - LOCK if person.discreet else most  # base64 makes four bytes of three
    parts = await asyncio.to_thread(cut, contents, 0, len(entries), room)
    if not person.discreet:
        pages = numbered("mydata/page_file", "html", "text/html", [page for page, _ in parts])
        return (*pages, *numbered("mydata/data_file", "json", "application/json", [data for _, data in parts]))
    phrase = locking.new_passphrase()
    locked = [await locking.locked(both, phrase) for (both,) in parts]
    sealed = [library.renderer.document("locked", one, person.locale) for one in locked]
    shown = Said("mydata/passphrase", {"passphrase": phrase}, private=True)
    return (*numbered("mydata/locked_file", "html", "text/html", sealed), shown)


def cut(contents: Callable[[int, int], tuple[str, ...]], first: int, last: int, room: int) -> list[tuple[str, ...]]:
    """The contents of as many parts as are needed for each to have room; what is one entry's is not cut."""
    made = contents(first, last)
    if last - first < 2 or all(len(one.encode()) <= room for one in made):
        return [made]
    half = (first + last) // 2
    return [*cut(contents, first, half, room), *cut(contents, half, last, room)]


def numbered(prompt: str, ending: str, media_type: str, contents: Sequence[str]) -> Iterator[Said]:
    """A message with each of these files; where there are several, their names and words count them."""
    parts = len(contents)
    for part, content in enumerate(contents, 1):
        name = f"{NAME}.{ending}" if parts == 1 else f"{NAME}-{part}-of-{parts}.{ending}"
        yield Said(prompt, {"part": part, "parts": parts}, file=Document(name, media_type, content))


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
        "entries_before": 0,
        "entries_after": 0,
        "messages_due": [{"kind": one.kind.value, "on": one.on, "missed": one.missed, "at": one.at} for one in touched],
        "open_questions": [
            {"conversation": run.conversation, "step": run.step, "since": run.started, "words": waiting(run)}
            for run in person.runs
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
        "shared_in_its_chat": [{"on": one.on} for one in person.shared if not one.back],
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


def waiting(run: Run) -> list[str]:
    """What they wrote that is kept nowhere else yet: it waits in an open question for their yes."""
    held = (getattr(unpacked(one), "text", "") for one in run.notes.get("waiting", ()))
    said = (run.notes.get("text"), run.notes.get("words"), *held)
    return [text for text in said if isinstance(text, str) and text]


def plainly(value: object) -> str:
    """Dates and times as ISO 8601 has them; instants in UTC."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
    raise TypeError(type(value).__name__)
