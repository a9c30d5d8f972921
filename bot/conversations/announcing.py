"""A message to many: writing it, seeing it, to whom and when; under_way.py goes on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil

from bot import journey
from bot.clock_text import parse_date, parse_time
from bot.cohorts.audience import counted
from bot.cohorts.broadcasts import Broadcast, Head, Press, Segment
from bot.cohorts.model import Act, Cohort, Overview
from bot.cohorts.waiting import reminded_lately
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    meant,
    stay,
    tapped,
    typed,
    until_the_day_turns,
)
from bot.conversations.facilitating import desk_of, here, led
from bot.conversations.joining import described_on
from bot.model import Blank, Choice, Decided, Flaw, Said, Written

broadcast = conversation("broadcast", first="list", open_for=until_the_day_turns, act=Act.CREATE)

FARTHEST = timedelta(days=60)  # that a message is planned ahead
SHORT = 40  # characters on a button
MOST_SILENT = 90  # days
HOURS = ("09:00", "12:30", "18:00")
EXAMPLES: Mapping[str, str] = {
    "italic": "*word*",
    "bold": "**word**",
    "name": "{{ name }}",
    "week": "{{ week }}",
    "condition": "{% if week == 3 %}",
    "otherwise": "{% else %}",
    "end": "{% endif %}",
}
NO = ("no", "n", "never mind")
WHOM = ("everybody", "in_a_week", "active_lately", "silent_for", "not_yet_joined")
WHEN = ("send_now", "at_a_time")


def press_of(ctx: Context) -> Press:
    """How far broadcasts are, and who there is to count."""
    return desk_of(ctx).press or Press()


def open_cohorts(ctx: Context) -> list[Overview]:
    """The cohorts that they may write to."""
    return led(ctx, Act.BROADCAST)


def chosen_cohorts(ctx: Context) -> list[Overview]:
    """Those of this message, unless one was closed or is not theirs any more."""
    wanted = ctx.run.notes["cohorts"]
    found = [overview for overview in open_cohorts(ctx) if overview.cohort.id in wanted]
    return found if len(found) == len(wanted) else []


# ---------------------------------------------------------------- which, and what it says


@broadcast.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """The latest messages, each a tap away, and a new one, which begins at once where there was none yet."""
    sent, to = press_of(ctx).progress, open_cohorts(ctx)
    match tapped(given):
        case "new_broadcast" if to:
            return ask("which")
        case "that_is_all":
            return finish(Said("broadcast/done"))
        case str() as wanted if any(wanted == one.broadcast.id for one in sent):
            return ask("progress", notes={"broadcast": wanted})
    if not sent:
        return ask("which") if to else finish(Said("broadcast/nobody"))
    named = [Choice(one.broadcast.id, label=shortened(one.broadcast.text)) for one in sent]
    new = [Choice("new_broadcast")] if to else []
    return Said("broadcast/list").offering(*new, *named, Choice("that_is_all"), columns=1)


@broadcast.step
def which(ctx: Context, given: Given) -> Move | Said:
    """To which cohort, or to all; first, since the preview shows its week."""
    to = [overview.cohort for overview in open_cohorts(ctx)]
    wanted = {cohort.id: [cohort.id] for cohort in to} | {"all_my_cohorts": [cohort.id for cohort in to]}
    if tapped(given) in wanted:
        return ask("compose", notes={"cohorts": wanted[tapped(given) or ""]})
    if tapped(given) == "never_mind" or not to:
        return finish(Said("cohorts/unchanged"))
    if len(to) == 1 and given is ENTERED:
        return ask("compose", notes={"cohorts": [to[0].id]})
    return Said("broadcast/which", blanks=blanks(ctx)).offering(*groups(ctx), Choice("never_mind"), columns=1)


def groups(ctx: Context) -> tuple[Choice, ...]:
    """The cohorts that they may write to, and all of them at once."""
    return (*(Choice(one.cohort.id, label=one.cohort.name) for one in open_cohorts(ctx)), Choice("all_my_cohorts"))


def blanks(ctx: Context) -> tuple[Blank, ...]:
    """A message as one form; a date and a time count where it is to go out later."""
    return (
        Blank("which", "choice", groups(ctx)),
        Blank("compose", value=ctx.run.notes.get("text", "")),
        Blank("whom", "choice", tuple(map(Choice, WHOM)), value="everybody"),
        Blank("when", "choice", tuple(map(Choice, WHEN)), value="send_now"),
        Blank("date", "date", required=False),
        Blank("clock", "time", required=False),
    )


@broadcast.step
def compose(ctx: Context, given: Given) -> Move | Said:
    """The text; what is wrong with it is said here, and nowhere else."""
    text = typed(given)
    if tapped(given) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    if text is None:
        return Said("broadcast/compose", {"examples": EXAMPLES}, blanks=blanks(ctx)).offering(Choice("never_mind"))
    flaw = ctx.proofread(text)
    if flaw is not None:
        return again(flawed(flaw))
    return ask("look", notes={"text": text})


def flawed(flaw: Flaw) -> Said:
    """What is wrong with a text, in words for whoever wrote it."""
    return Said("broadcast/flaw", {"kind": flaw.kind, "line": flaw.line, "word": flaw.word, "examples": EXAMPLES})


@broadcast.step
def look(ctx: Context, given: Given) -> Move | Said:
    """The message as it will look, and whether it may stay so."""
    match meant(given, {"use_it": ("yes", "ok", "use it"), "write_again": ("again",), "never_mind": NO}):
        case "use_it":
            return ask("whom")
        case "write_again":
            return ask("compose")
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    to = chosen_cohorts(ctx)
    if not to:
        return ask("which")
    cohort = to[0].cohort
    seen = Said("broadcast/text", {"host": cohort.host, "text": Written(ctx.run.notes["text"], week_of(ctx, cohort))})
    asked = Said("broadcast/look").offering(Choice("use_it"), Choice("write_again"), Choice("never_mind"), columns=1)
    return stay(seen, asked)


def week_of(ctx: Context, cohort: Cohort) -> int:
    """The week in which the cohort is; at one's own pace there is none, so the first stands for all."""
    if not cohort.together:
        return 1
    place = journey.place_of(cohort, here(ctx, cohort), ctx.programme.length)
    return place.week if place else 0


# ---------------------------------------------------------------- to whom


@broadcast.step
def whom(ctx: Context, given: Given) -> Move | Said:
    """Everybody, or a part that is large enough to be nobody in particular."""
    match tapped(given):
        case "everybody":
            return narrowed(ctx, Segment())
        case "in_a_week":
            return ask("which_week")
        case "active_lately":
            return narrowed(ctx, Segment("active"))
        case "silent_for":
            return ask("how_silent")
        case "not_yet_joined":
            return reminded(ctx)
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    return Said("broadcast/whom", blanks=blanks(ctx)).offering(*map(Choice, WHOM), Choice("never_mind"), columns=1)


@broadcast.step
def which_week(ctx: Context, given: Given) -> Move | Said:
    """Those who are in one week."""
    numbers = range(1, ctx.programme.length + 1)
    wanted = meant(given, {str(n): (str(n), f"week {n}") for n in numbers})
    if wanted is not None and wanted.isdecimal() and int(wanted) in numbers:
        return narrowed(ctx, Segment("week", int(wanted)))
    named = [Choice(str(n), label=f"{n}. {ctx.programme.week(n).title}"[:40]) for n in numbers]
    return Said("broadcast/which_week").offering(*named, columns=1)


@broadcast.step
def how_silent(ctx: Context, given: Given) -> Move | Said:
    """Those who were not heard of for so many days."""
    days = {"days_3": 3, "days_7": 7, "days_14": 14}
    text = typed(given)
    number = days.get(tapped(given) or "", 0)
    if text is not None and text.isdecimal() and len(text) < 4:
        number = int(text)
    if 1 <= number <= MOST_SILENT:
        return narrowed(ctx, Segment("silent", number))
    return Said("broadcast/how_silent").offering(Choice("days_3"), Choice("days_7"), Choice("days_14"))


def narrowed(ctx: Context, segment: Segment) -> Move:
    """On with this segment, unless it holds too few."""
    if segment.kind != "everybody" and counted(to_choose_from(ctx), segment) is None:
        return ask("whom", Said("broadcast/too_few"))
    return ask("when", notes={"segment": [segment.kind, segment.number]})


def reminded(ctx: Context) -> Move:
    """Who has not joined agreed to nothing yet, so there is one text for them, at once, and rarely."""
    to, segment = chosen_cohorts(ctx), Segment("not_joined")
    if not to:
        return ask("which")
    sent = [one.broadcast for one in press_of(ctx).progress]
    if reminded_lately(sent, ctx.run.notes["cohorts"], ctx.now):
        return ask("whom", Said("broadcast/reminded"))
    if counted(to_choose_from(ctx), segment) is None:
        return ask("whom", Said("broadcast/too_few"))
    cohort = to[0].cohort
    notes = {"segment": [segment.kind, 0], "text": cohort.name, "on": None, "at": None}
    preview = Said("joining/still_open", described_on(cohort, ctx.today, ctx.programme.length))
    return ask("summary", Said("broadcast/one_text"), preview, notes=notes)


def recipients(ctx: Context, segment: Segment) -> list[Head]:
    """Those who would get it at this moment."""
    return [head for head in to_choose_from(ctx) if head.within(segment)]


def to_choose_from(ctx: Context) -> list[Head]:
    """Those of the chosen cohorts."""
    return [head for head in press_of(ctx).heads if head.cohort in ctx.run.notes["cohorts"]]


def segment_of(ctx: Context) -> Segment:
    """What was chosen."""
    kind, number = ctx.run.notes["segment"]
    return Segment(kind, number)


# ---------------------------------------------------------------- when


@broadcast.step
def when(ctx: Context, given: Given) -> Move | Said:
    """At once, or at a local time of each reader."""
    match meant(given, {"send_now": ("now",), "at_a_time": ("later",), "never_mind": NO}):
        case "send_now":
            return ask("summary", notes={"on": None, "at": None})
        case "at_a_time":
            return ask("date")
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    return Said("broadcast/when", blanks=blanks(ctx)).offering(*map(Choice, WHEN), Choice("never_mind"), columns=1)


@broadcast.step
def date(ctx: Context, given: Given) -> Move | Said:
    """On which day."""
    offered = {"today": ctx.today, "tomorrow": ctx.today + timedelta(days=1)}
    text = typed(given)
    on = parse_date(text, ctx.today) if text else offered.get(tapped(given) or "")
    if on is not None and ctx.today <= on <= ctx.today + FARTHEST:
        return ask("clock", notes={"on": on})
    if text:
        return again(Said("broadcast/date_unclear"))
    return Said("broadcast/date", blanks=blanks(ctx)).offering(Choice("today"), Choice("tomorrow"))


@broadcast.step
def clock(ctx: Context, given: Given) -> Move | Said:
    """At what time on each reader's clock."""
    text = typed(given) or tapped(given)
    at = parse_time(text) if text else None
    if at is not None:
        return ask("summary", notes={"at": at})
    if text:
        return again(Said("broadcast/time_unclear"))
    return Said("broadcast/clock", blanks=blanks(ctx)).offering(*(Choice(hour, label=hour) for hour in HOURS))


# ---------------------------------------------------------------- the last look


@broadcast.step
def summary(ctx: Context, given: Given) -> Move | Said:
    """Everything at once, before anything is sent."""
    to, segment = chosen_cohorts(ctx), segment_of(ctx)
    if not to:
        return ask("which")
    heads, count = recipients(ctx, segment), counted(to_choose_from(ctx), segment)
    if segment.kind != "everybody" and count is None:
        return ask("whom", Said("broadcast/too_few"))
    match meant(given, {"send_it": ("yes", "send", "send it"), "never_mind": NO}):
        case "send_it":
            message = drafted(ctx, to)
            decided = Decided(Act.BROADCAST, message.cohorts[0], {"broadcast": message})
            return ask("progress", decided, notes={"broadcast": message.id})
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    facts = {
        "cohorts": ", ".join(overview.cohort.name for overview in to),
        "segment": segment.kind,
        "number": segment.number,
        "week": ctx.programme.week(segment.number if segment.kind == "week" else 1).title,
        "count": everybody(to) if segment.kind == "everybody" else count,
        "on": ctx.run.notes["on"],
        "at": ctx.run.notes["at"],
        "minutes": minutes(heads, press_of(ctx).rates),
    }
    return Said("broadcast/summary", facts).offering(Choice("send_it"), Choice("never_mind"))


def everybody(to: Iterable[Overview]) -> int | None:
    """How many walk in these cohorts at least; None where one of them is too small to be counted."""
    sizes = [overview.joined for overview in to]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def minutes(heads: Iterable[Head], rates: Mapping[str, float]) -> int:
    """How long the sending takes; installations send side by side."""
    counts: dict[str, int] = {}
    for head in heads:
        counts[head.installation] = counts.get(head.installation, 0) + 1
    return max((ceil(count / rates[name] / 60) for name, count in counts.items()), default=1)


def drafted(ctx: Context, to: Iterable[Overview]) -> Broadcast:
    """The message that the answers describe."""
    notes = ctx.run.notes
    return Broadcast(
        id=ctx.token,
        cohorts=tuple(overview.cohort.id for overview in to),
        text=notes["text"],
        segment=segment_of(ctx),
        created_by=ctx.participant.id,
        created_at=ctx.now,
        on=notes["on"],
        at=notes["at"],
    )


def shortened(text: str) -> str:
    """The beginning of a message or a title, for a button: whole words, unless the first is too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SHORT else (flat[:SHORT].rpartition(" ")[0] or flat[: SHORT - 1]) + "…"
