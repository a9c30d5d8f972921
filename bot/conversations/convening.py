"""A facilitator's classes: which there are, planning one or one every week, another time or place, calling one off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot import journey
from bot.access import may
from bot.clock_text import parse_date, parse_time
from bot.cohorts.classes import LAST, class_of, coming, held, on_wall, place_and_link, posted
from bot.cohorts.model import Act, Cohort, Lesson, Register
from bot.conversations.announcing import shortened
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    Words,
    again,
    ask,
    conversation,
    finish,
    meant,
    tapped,
    typed,
    until_the_day_turns,
)
from bot.conversations.facilitating import YES_NO, about, confirmed, desk_of, here, led
from bot.model import Blank, Choice, Decided, Said
from bot.timetable import local_day, zone

classes = conversation("classes", first="list", open_for=until_the_day_turns, act=Act.CREATE)

FARTHEST = timedelta(days=365)  # that a class is planned ahead
HOURS = ("18:00", "12:00", "17:00", "19:00")
LENGTHS = {"hours_2": 120, "hour_and_half": 90, "hour_1": 60}
LENGTH_WORDS: Words = {
    "hours_2": ("two hours", "2h"),
    "hour_and_half": ("1.5", "1.5 hours", "1.5h", "one and a half hours", "an hour and a half"),
    "hour_1": ("one hour", "an hour", "1h"),
}
TOLD_LATER: Words = {"told_later": ("i'll say so later", "later", "not yet", "no", "none", "i don't know", "tbd")}
SHORTEST, LONGEST = 15, 480  # minutes
MOST_HOURS = 8  # a number up to it means hours
MOST_SHOWN = 20  # classes ahead
MOST_WEEKS = 30
LONGEST_PLACE = 200  # characters


def open_cohorts(ctx: Context) -> list[Cohort]:
    """The cohorts whose classes they may plan."""
    return [overview.cohort for overview in led(ctx, Act.PLAN_CLASS)]


def chosen(ctx: Context) -> Cohort | None:
    """The one that this is about, unless it was closed or is not theirs any more."""
    return overview.cohort if (overview := about(ctx, Act.PLAN_CLASS)) else None


def chosen_class(ctx: Context) -> tuple[Cohort, Lesson] | None:
    """The class that this is about, with its cohort, unless it was called off."""
    cohort = chosen(ctx)
    lesson = class_of(cohort, ctx.run.notes.get("lesson"))
    return (cohort, lesson) if cohort and lesson and not lesson.cancelled else None


def register_of(ctx: Context) -> Register:
    """How many come, and who said so of a class that has begun."""
    return desk_of(ctx).register or Register()


# ---------------------------------------------------------------- which


@classes.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """Whose classes; one cohort needs no choosing. Who leads none asks about their own."""
    there, wanted = open_cohorts(ctx), tapped(given)
    if not there and ctx.participant.cohort:
        return finish(then="class")
    if any(wanted == cohort.id for cohort in there):
        return ask("coming", notes={"cohort": wanted})
    if wanted == "never_mind" or not there:
        return finish(Said("cohorts/unchanged") if there else Said("broadcast/nobody"))
    if len(there) == 1 and given is ENTERED:
        return ask("coming", notes={"cohort": there[0].id})
    named = [Choice(cohort.id, label=cohort.name) for cohort in there]
    return Said("classes/list").offering(*named, Choice("never_mind"), columns=1)


@classes.named("coming")
def what_is_planned(ctx: Context, given: Given) -> Move | Said:
    """The classes to come and the latest ones, each a tap away, and new ones."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    ahead, begun = coming(cohort, ctx.now)[:MOST_SHOWN], held(cohort, ctx.now)[:LAST]
    listed = sorted({*ahead, *begun}, key=lambda lesson: (lesson.starts, lesson.id))
    wanted = meant(given, {str(n): (str(n),) for n in range(1, len(listed) + 1)})
    match wanted:
        case "plan_series" | "plan_one":
            return ask("date", notes={"weekly": wanted == "plan_series", "lesson": None})
        case "that_is_all":
            return finish(Said("classes/done"))
        case str() if wanted.isdecimal() and 0 < int(wanted) <= len(listed):
            return ask("one", notes={"lesson": listed[int(wanted) - 1].id, "absent": None})
    known = [{**counted(ctx, cohort, one), "number": n} for n, one in enumerate(listed, 1)]
    named = [Choice(str(n), label=shortened(f"{n}. {one.title or cohort.name}")) for n, one in enumerate(listed, 1)]
    said = Said("classes/coming", {"cohort": cohort.name, "classes": known})
    return said.offering(*named, Choice("plan_series"), Choice("plan_one"), Choice("that_is_all"), columns=1)


def counted(ctx: Context, cohort: Cohort, lesson: Lesson) -> dict[str, Any]:
    """A class in counts, on the cohort's clock."""
    count = register_of(ctx).counts.get(lesson.id)
    return {**posted(cohort, lesson), "coming": count, "begun": lesson.starts <= ctx.now}


@classes.step
def one(ctx: Context, given: Given) -> Move | Said:
    """One class, and what can be done with it."""
    found = chosen_class(ctx)
    if found is None:
        return ask("coming")
    cohort, lesson = found
    begun = lesson.starts <= ctx.now
    match tapped(given):
        case "change_time" if not begun:
            return ask("date")
        case "change_place" if lesson.ends > ctx.now:
            return ask("place", notes={"at": None})
        case "call_off" if not begun:
            return ask("call_off")
        case "note_attendance" if begun and may(desk_of(ctx).actor, Act.NOTE_CLASS, cohort):
            return ask("who_was_there")
        case "write_recap" if begun:
            return ask("write_recap")
        case "all_classes":
            return ask("coming")
        case "that_is_all":
            return finish(Said("classes/done"))
    ways = [*(("note_attendance",) if begun and may(desk_of(ctx).actor, Act.NOTE_CLASS, cohort) else ())]
    ways += ["write_recap"] if begun else ["change_time", "change_place", "call_off"]
    facts = {**counted(ctx, cohort, lesson), "recapped": bool(lesson.recap)}
    return Said("classes/one", facts).offering(
        *map(Choice, ways), Choice("all_classes"), Choice("that_is_all"), columns=1
    )


@classes.named("call_off")
def calling_off(ctx: Context, given: Given) -> Move | Said:
    """A class does not take place."""
    found = chosen_class(ctx)
    if found is None or found[1].starts <= ctx.now:
        return ask("coming")
    cohort, lesson = found
    decided = Decided(Act.CANCEL_CLASS, cohort.id, {"lesson": lesson.id})
    facts = posted(cohort, lesson)
    return confirmed(given, Said("classes/call_off", facts), decided, Said("classes/called_off", facts))


# ---------------------------------------------------------------- when and where, for new ones and for another time


def blanks(ctx: Context, cohort: Cohort) -> tuple[Blank, ...]:
    """A class, or its other time or place, as one form."""
    found = chosen_class(ctx)
    if found is not None:
        lesson = found[1]
        before = lesson.starts.astimezone(zone(cohort.zone))
        if ctx.run.step == "place":
            where_now = f"{lesson.place} {lesson.link}".strip()
            return (Blank("place", "line", value=where_now, required=False, most=500, default="told_later"),)
        return (
            Blank("date", "date", value=before.date().isoformat()),
            Blank("clock", "time", value=f"{before:%H:%M}"),
        )
    on = Blank("date", "date", value=(here(ctx, cohort) + timedelta(days=7)).isoformat())
    hour = Blank("clock", "time", value=HOURS[0])
    place = Blank("place", "line", required=False, most=500, default="told_later")
    length = Blank("length", "choice", tuple(map(Choice, LENGTHS)), value="hours_2")
    weeks = Blank("how_many", "line", required=False, most=2, default="until_the_end")
    return (on, hour, length, place, *((weeks,) if ctx.run.notes.get("weekly") else ()))


@classes.named("date")
def on_which_day(ctx: Context, given: Given) -> Move | Said:
    """The first day, or the new one."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    today = here(ctx, cohort)
    offered = {"tomorrow": today + timedelta(days=1), "week_from_now": today + timedelta(days=7)}
    if cohort.starts_on > today and not ctx.run.notes.get("lesson"):
        offered = {"first_day": cohort.starts_on} | offered
    if tapped(given) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    text = typed(given)
    on = parse_date(text, today) if text else offered.get(tapped(given) or "")
    if on is not None and today <= on <= today + FARTHEST:
        return ask("clock", notes={"on": on})
    if text:
        return again(Said("broadcast/date_unclear"))
    said = Said("classes/date", {"weekly": bool(ctx.run.notes.get("weekly"))}, picker="date")
    said = replace(said, blanks=blanks(ctx, cohort))
    return said.offering(*map(Choice, offered), Choice("never_mind"))


@classes.step
def clock(ctx: Context, given: Given) -> Move | Said:
    """At what time on the cohort's clock."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    text = typed(given) or tapped(given)
    at = parse_time(text) if text else None
    if at is not None:
        if starting(ctx, cohort, at) <= ctx.now:
            return again(Said("classes/past"))
        return ask("keep_change" if ctx.run.notes.get("lesson") else "length", notes={"at": at})
    if text:
        return again(Said("broadcast/time_unclear"))
    said = Said("classes/clock", {"zone": cohort.zone}, picker="time", blanks=blanks(ctx, cohort))
    return said.offering(*(Choice(hour, label=hour) for hour in HOURS), columns=4)


def starting(ctx: Context, cohort: Cohort, at: time, weeks: int = 0) -> datetime:
    """When the class begins that was described, so many weeks on."""
    on: date = ctx.run.notes["on"]
    return on_wall(on + timedelta(weeks=weeks), at, cohort.zone)


@classes.step
def length(ctx: Context, given: Given) -> Move | Said:
    """How long it takes."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    text = typed(given)
    minutes = LENGTHS.get(meant(given, LENGTH_WORDS) or "", 0)
    if text is not None and not minutes:
        number = text.split()[0]
        minutes = int(number) if number.isdecimal() and len(number) < 4 else 0
        minutes *= 60 if minutes <= MOST_HOURS else 1
    if SHORTEST <= minutes <= LONGEST:
        return ask("place", notes={"minutes": minutes})
    if text:
        return again(Said("classes/length_unclear"))
    return Said("classes/length", blanks=blanks(ctx, cohort)).offering(*map(Choice, LENGTHS))


@classes.named("place")
def where(ctx: Context, given: Given) -> Move | Said:
    """A room, a link, or both."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    text = typed(given) if meant(given, TOLD_LATER) is None else ""
    if text is None:
        return Said("classes/place", blanks=blanks(ctx, cohort)).offering(Choice("told_later"))
    place, link = place_and_link(text or "")
    if len(place) > LONGEST_PLACE:
        return again(Said("classes/place_unclear"))
    step = "keep_change" if ctx.run.notes.get("lesson") else "how_many" if ctx.run.notes.get("weekly") else "keep_plan"
    return ask(step, notes={"place": place, "link": link})


@classes.step
def how_many(ctx: Context, given: Given) -> Move | Said:
    """For how many weeks."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    text, left = typed(given), weeks_left(ctx, cohort)
    weeks = left if tapped(given) == "until_the_end" else weeks_in(text or "")
    if weeks:
        return ask("keep_plan", notes={"weeks": weeks})
    if text:
        return again(weeks_unclear())
    return Said("classes/how_many", {"weeks": left}, blanks=blanks(ctx, cohort)).offering(Choice("until_the_end"))


def weeks_in(text: str) -> int:
    """The number of weeks that was written; 0 if that is none, or too many."""
    written = text.strip()
    return int(written) if written.isdecimal() and len(written) < 3 and 1 <= int(written) <= MOST_WEEKS else 0


def weeks_unclear() -> Said:
    """Which numbers of weeks there are."""
    return Said("classes/weeks_unclear", {"most": MOST_WEEKS})


def weeks_left(ctx: Context, cohort: Cohort) -> int:
    """How many classes there are until the course ends; at one's own pace, as many as it has weeks."""
    last = cohort.starts_on + timedelta(weeks=ctx.programme.length, days=-1)
    on: date = ctx.run.notes["on"]
    return max(1, (last - on).days // 7 + 1) if cohort.together else ctx.programme.length


# ---------------------------------------------------------------- seen before it is kept


@classes.named("keep_plan")
def before_it_is_planned(ctx: Context, given: Given) -> Move | Said:
    """All of it, before anything is planned."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    planned = drafted(ctx, cohort)
    match meant(given, YES_NO):
        case "yes":
            done = Said("classes/planned", {"cohort": cohort.name, "count": len(planned)})
            return finish(Decided(Act.PLAN_CLASS, cohort.id, {"classes": planned}), done)
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    first = posted(cohort, planned[0])
    said = Said("classes/keep_plan", {**first, "zone": cohort.zone, "classes": [posted(cohort, it) for it in planned]})
    return said.offering(Choice("yes"), Choice("never_mind"))


def drafted(ctx: Context, cohort: Cohort) -> tuple[Lesson, ...]:
    """The classes that the answers describe; they get their ids when they are planned."""
    notes = ctx.run.notes
    starts = [starting(ctx, cohort, notes["at"], week) for week in range(notes["weeks"] if notes["weekly"] else 1)]
    fixed = {"minutes": notes["minutes"], "place": notes["place"], "link": notes["link"]}
    return tuple(Lesson("", titled(ctx, cohort, at), at, **fixed) for at in starts)


def titled(ctx: Context, cohort: Cohort, starts: datetime) -> str:
    """The title of the week that all are in then; none where everybody is in a week of their own."""
    on = local_day(starts, zone(cohort.zone))
    place = journey.place_of(cohort, on, ctx.programme.length) if cohort.together else None
    return ctx.programme.week(place.week).title if place else ""


@classes.named("keep_change")
def before_it_is_changed(ctx: Context, given: Given) -> Move | Said:
    """The class as it is and as it would be, before anybody hears of it."""
    found = chosen_class(ctx)
    if found is None:
        return ask("coming")
    cohort, lesson = found
    changes = changed(ctx, cohort)
    match meant(given, YES_NO):
        case "yes":
            decided = Decided(Act.CHANGE_CLASS, cohort.id, {"lesson": lesson.id, "changes": changes})
            return finish(decided, Said("classes/changed", posted(cohort, replace(lesson, **changes))))
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    after = posted(cohort, replace(lesson, **changes))
    facts = {**after, "before": posted(cohort, lesson), "moved": "starts" in changes}
    return Said("classes/keep_change", facts).offering(Choice("yes"), Choice("never_mind"))


def changed(ctx: Context, cohort: Cohort) -> dict[str, Any]:
    """What is to be another time, or another place."""
    notes = ctx.run.notes
    if notes.get("at") is not None:
        starts = starting(ctx, cohort, notes["at"])
        return {"starts": starts, "title": titled(ctx, cohort, starts)}
    return {"place": notes["place"], "link": notes["link"]}
