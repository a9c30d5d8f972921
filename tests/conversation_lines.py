"""How a golden conversation writes what the coach says: a prompt's name, its short facts and its buttons."""

from __future__ import annotations

import re
from datetime import date, time

import yaml

from bot.model import (
    Amended,
    Carried,
    Choice,
    Decided,
    Event,
    Exported,
    Handled,
    Place,
    Reacted,
    Recall,
    Reply,
    Rhythm,
    Said,
    Shelter,
)
from curriculum.model import Exercise, Practice, Sit, Week

LONGEST_FACT = 40


def line_of(said: Said) -> str:
    """ "evening/how_was_it {practice = …} [did, a_little]": a prompt's name, its short facts and its buttons."""
    facts = ", ".join(
        f"{name} = {value}" for name, fact in said.facts.items() if (value := shown(fact)) and fact is not False
    )
    choices = [choice.id for row in said.choices for choice in row if isinstance(choice, Choice)]
    urgent = "" if said.urgency == "reply" else f" ({said.urgency})"
    urgent += " (in place)" if said.in_place else ""
    return said.prompt + (f" {{{facts}}}" if facts else "") + (f" [{', '.join(choices)}]" if choices else "") + urgent


def deed_of(event: Event) -> str:
    """What happens besides talking; empty for what is no line of a conversation."""
    match event:
        case Reacted():
            return f"reacts {event.emoji}"
        case Carried(event=Handled(act=act)):
            return f"carries handled {act}"
        case Decided():
            return f"decides to {event.act.value}"
        case Amended():
            return "deletes a page" if event.text is None else "writes a page anew"
        case Exported():
            return "exports everything"
    return ""


def marks_of(said: Said) -> str:
    """What a discreet platform makes of it: a window to write in, a window to read in."""
    fields = ", ".join(f"{blank.step} = {blank.value}" if blank.value else blank.step for blank in said.blanks)
    form = f" (form: {fields})" if fields else ""
    return (" (to write)" if said.writes else "") + form + (" (private)" if said.private else "")


def shown(fact: object) -> str:
    """A fact in a few characters; empty for texts, which are free to change."""
    match fact:
        case Practice() | Sit() | Exercise():
            return fact.id
        case Week():
            return fact.step
        case Place():
            return f"week {fact.week} day {fact.day}"
        case Rhythm():
            return rhythm_in_words(fact)
        case bool():
            return "yes" if fact else "no"
        case time():
            return f"{fact:%H:%M}"
        case int() | date():
            return str(fact)
        case str() if len(fact) <= LONGEST_FACT:
            return " ".join(fact.split())
        case Recall():
            return " ".join(fact.kinds)
        case _:
            return roster_in_words(fact)


def roster_in_words(fact: object) -> str:
    """Shifts by date, the hours of shifts, or since when the course is held; empty for anything else."""
    if isinstance(fact, Shelter):
        return f"since {fact.since}" + (", asked" if fact.asked else "")
    return ", ".join(filter(None, map(shift_in_words, fact if isinstance(fact, tuple) else ())))


def shift_in_words(entry: object) -> str:
    """One of these."""
    match entry:
        case (date() as on, shift):
            return f"{on:%m-%d} {shift}"
        case (shift, time() as begins, time() as ends):
            return f"{shift} {begins:%H:%M}-{ends:%H:%M}"
        case _:
            return ""


def rhythm_in_words(rhythm: Rhythm) -> str:
    """Its times, and what differs from the usual."""
    off = f" off {sorted(rhythm.days_off)}" if rhythm.days_off else ""
    kinds = [(rhythm.morning, rhythm.mornings), (rhythm.evening, rhythm.evenings)]
    times = " ".join(f"{at:%H:%M}" for at, wanted in kinds if wanted)
    dial = "" if rhythm.gratitude_every == 1 else f" gratitude {rhythm.gratitude_every}"
    dial += f" shifts {roster_in_words(rhythm.roster)}" if rhythm.roster else ""
    dial += f" hours {roster_in_words(rhythm.hours)}" if rhythm.hours else ""
    return f"{times} quiet {rhythm.quiet_from:%H:%M}-{rhythm.quiet_until:%H:%M}{off}{dial}"


def text_of(reply: Reply) -> str:
    """What the reader sees."""
    return "\n".join("".join(span.text for span in block.spans) for block in reply.text)


def in_yaml(value: object) -> str:
    """A scalar or a list on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


def documents(text: str) -> list[str]:
    """The conversations of a file, each ending in a line break."""
    return [part.strip("\n") + "\n" for part in re.split(r"^---\n", text, flags=re.MULTILINE) if part.strip()]
