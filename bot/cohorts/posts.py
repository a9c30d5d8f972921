"""When a cohort's home chat is spoken to, and the thread to which gratitudes are shared there. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.cohorts.model import Cohort, Lost, Posts
from bot.journey import DAYS_IN_A_WEEK
from bot.model import Kind, Rhythm, Said
from bot.timetable import fitted, moments_between, zone

AN_EVENING = timedelta(hours=20)  # how long what opened in the evening is that day's thread


def rhythm_of(posts: Posts) -> Rhythm:
    """When a home chat is spoken to."""
    evening = posts.evening or Rhythm().evening
    return fitted(Rhythm(posts.morning, evening, evenings=posts.evening is not None, days_off=posts.days_off))


def thread_key(cohort: Cohort, on: date) -> str:
    """The key of the message that opens the gratitudes of a local date."""
    return f"thread:{cohort.id}:{cohort.home}:{on}"


def open_thread(cohort: Cohort, now: datetime, weeks: int) -> date | None:
    """The date whose gratitudes are being shared at this moment; None where there is no such thread."""
    if not cohort.home or cohort.closed_on is not None:
        return None
    found = moments_between(rhythm_of(cohort.posts), zone(cohort.zone), now - AN_EVENING, now)
    dates = [one.on for one in found if one.kind is Kind.EVENING and has_thread(cohort, one.on, weeks)]
    return dates[-1] if dates else None


def opener(cohort: Cohort, on: date) -> Said:
    """Opens that date's thread, once for ever, whoever says it."""
    return Said("gathering/thread", {}, key=thread_key(cohort, on))


def loss(cohort: Cohort, lost: Lost, reader: str, why: str = "") -> Said:
    """To one of those who lead: the chat cannot be reached. Said once for as long as that lasts, whoever finds out."""
    since = f"{lost.since:%Y%m%d%H%M%S}" if lost.since else ""
    said = Said("gathering/lost", {"cohort": cohort.name, "why": why}, urgency="scheduled")
    return replace(said, key=f"lost:{lost.home}:{since}:{reader}")


def has_thread(cohort: Cohort, on: date, weeks: int) -> bool:
    """Whether gratitudes are shared on this date, if the chat has evenings at all."""
    days = (on - cohort.starts_on).days
    return 0 <= days < DAYS_IN_A_WEEK * weeks if cohort.together else days >= 0
