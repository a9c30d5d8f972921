"""The weeks' themes of a cohort: a note beside one, or a text in its place, seen as those who get it see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bot.cohorts.model import Act, Cohort, Theme
from bot.conversations.announcing import EXAMPLES, flawed, shortened, week_of
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
from bot.conversations.facilitating import YES_NO, about, here, led
from bot.conversations.morning import daily_beside, written
from bot.model import Blank, Choice, Decided, OneOf, Said

themes = conversation("themes", first="list", open_for=until_the_day_turns, act=Act.CREATE)


def open_cohorts(ctx: Context) -> list[Cohort]:
    """The cohorts whose themes they may edit."""
    return [overview.cohort for overview in led(ctx, Act.EDIT)]


def chosen(ctx: Context) -> Cohort | None:
    """The one that this is about, unless it was closed or is not theirs any more."""
    return overview.cohort if (overview := about(ctx, Act.EDIT)) else None


def first_day(cohort: Cohort, week: int) -> date | None:
    """The date on which a week begins for everybody; None at one's own pace."""
    return cohort.starts_on + timedelta(days=7 * (week - 1)) if cohort.together else None


def coming(ctx: Context, cohort: Cohort) -> range:
    """The weeks that are not over: the present one and those after it."""
    last = ctx.programme.length
    if not cohort.together:
        return range(1, last + 1)
    over = cohort.starts_on + timedelta(days=7 * last) <= here(ctx, cohort)
    return range(last + 1 if over else max(1, week_of(ctx, cohort)), last + 1)


# ---------------------------------------------------------------- which


@themes.named("list")
def all_of_them(ctx: Context, given: Given) -> Move | Said:
    """Whose themes; one cohort needs no choosing."""
    there = open_cohorts(ctx)
    wanted = tapped(given)
    if any(wanted == cohort.id for cohort in there):
        return ask("weeks", notes={"cohort": wanted})
    if wanted == "never_mind" or not there:
        return finish(Said("cohorts/unchanged") if there else Said("broadcast/nobody"))
    if len(there) == 1 and given is ENTERED:
        return ask("weeks", notes={"cohort": there[0].id})
    named = [Choice(cohort.id, label=cohort.name) for cohort in there]
    return Said("themes/list").offering(*named, Choice("never_mind"), columns=1)


@themes.step
def weeks(ctx: Context, given: Given) -> Move | Said:
    """The weeks to come with their dates, and what was written for them."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    numbers = coming(ctx, cohort)
    if not numbers:
        return finish(Said("themes/over", {"cohort": cohort.name}))
    wanted = meant(given, {str(n): (str(n), f"week {n}") for n in numbers})
    if wanted == "that_is_all":
        return finish(Said("themes/done"))
    if wanted is not None and wanted.isdecimal() and int(wanted) in numbers:
        return ask("one", notes={"week": int(wanted)})
    titled = [(n, ctx.programme.week(n).title) for n in numbers]
    listed = [
        {
            "number": number,
            "title": title,
            "date": first_day(cohort, number),
            "noted": bool(cohort.theme(number).note),
            "edited": bool(cohort.theme(number).text),
        }
        for number, title in titled
    ]
    named = [Choice(str(number), label=shortened(f"{number}. {title}")) for number, title in titled]
    return Said("themes/weeks", {"cohort": cohort.name, "weeks": listed}).offering(
        *named, Choice("that_is_all"), columns=1
    )


# ---------------------------------------------------------------- one week


@themes.step
def one(ctx: Context, given: Given) -> Move | Said:
    """The week's theme as it is now, and what can be done with it."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    week: int = ctx.run.notes["week"]
    theme = cohort.theme(week)
    match tapped(given):
        case "write_note" | "write_text" as wish:
            return ask(wish)
        case "drop_note" if theme.note:
            return ask("keep", notes={"note": "", "text": theme.text})
        case "drop_text" if theme.text:
            return ask("keep", notes={"note": theme.note, "text": ""})
        case "all_weeks":
            return ask("weeks")
        case "that_is_all":
            return finish(Said("themes/done"))
    drops = [Choice(drop) for drop, there in (("drop_note", theme.note), ("drop_text", theme.text)) if there]
    said = Said("themes/one", {"week_number": week, "gone": gone(ctx, cohort, week)})
    ways = (Choice("write_note"), Choice("write_text"), *drops, Choice("all_weeks"), Choice("that_is_all"))
    return stay(preview(ctx, cohort, week), said.offering(*ways, columns=1))


@themes.step
def write_note(ctx: Context, given: Given) -> Move | Said:
    """Some words of the facilitator's own beside the theme."""
    return written_anew(ctx, given, Said("themes/write_note", {"examples": EXAMPLES}), "note")


@themes.step
def write_text(ctx: Context, given: Given) -> Move | Said:
    """A text in place of the theme's."""
    return written_anew(ctx, given, Said("themes/write_text", {"examples": EXAMPLES}), "text")


def written_anew(ctx: Context, given: Given, question: Said, part: str) -> Move | Said:
    """Asks for a text, and says what is wrong with it."""
    text, cohort = typed(given), chosen(ctx)
    if cohort is None:
        return ask("list")
    theme = cohort.theme(ctx.run.notes["week"])
    if tapped(given) == "never_mind":
        return finish(Said("cohorts/unchanged"))
    if text is None:
        blank = Blank(ctx.run.step, value=theme.note if part == "note" else theme.text)
        return replace(question, blanks=(blank,)).offering(Choice("never_mind"))
    flaw = ctx.proofread(text)
    if flaw is not None:
        return again(flawed(flaw))
    return ask("keep", notes={"note": theme.note, "text": theme.text} | {part: text})


@themes.step
def keep(ctx: Context, given: Given) -> Move | Said:
    """The theme as everybody will get it, before it is kept."""
    cohort = chosen(ctx)
    if cohort is None:
        return ask("list")
    notes = ctx.run.notes
    week: int = notes["week"]
    theme = Theme(week, notes["note"], notes["text"])
    facts = {"week_number": week, "gone": gone(ctx, cohort, week)}
    match meant(given, YES_NO):
        case "yes":
            return finish(Decided(Act.EDIT, cohort.id, {"theme": theme}), Said("themes/kept", facts))
        case "never_mind":
            return finish(Said("cohorts/unchanged"))
    draft = replace(cohort, themes=(theme,))
    question = Said("themes/keep", facts).offering(Choice("yes"), Choice("never_mind"))
    return stay(preview(ctx, draft, week), question)


def gone(ctx: Context, cohort: Cohort, week: int) -> str:
    """Whether the theme went out: "today" to those whose morning is over, "past" to everybody, "" to nobody."""
    on = first_day(cohort, week)
    if on is None or on > here(ctx, cohort):
        return ""
    return "today" if on == here(ctx, cohort) else "past"


def preview(ctx: Context, cohort: Cohort, number: int) -> Said:
    """The first morning of the week, as somebody of this cohort gets it."""
    week = ctx.programme.week(number)
    practice = week.practice_on(1)
    facts: dict[str, Any] = {
        "practice": practice,
        "invitation": OneOf(f"{practice.id} invitation", practice.invitations),
        "daily": daily_beside(ctx.programme, week, practice),
        "returning": False,
        "week_number": number,
        "week": week,
        "late": False,
    }
    return Said("morning/theme", facts | written(cohort, number))
