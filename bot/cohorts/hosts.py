"""Who leads a cohort, as those who are invited read it: a name that goes when whoever bears it leads no more."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.cohorts.model import FACILITATOR
from bot.cohorts.ports import Cohorts


def named_in(name: str, text: str) -> bool:
    """Whether this name is a word of the text."""
    return bool(name) and re.search(word(name), text) is not None


def word(name: str) -> str:
    """A pattern that finds a name where it is a word."""
    return rf"(?<!\w){re.escape(name)}(?!\w)"


async def hosted_by(person: str, cohorts: Cohorts) -> Mapping[str, str]:
    """The hosts of cohorts that they lead, by cohort, where it is they: named in it, or nobody else who leads is."""
    led = [cohort for role, cohort in await cohorts.roles(person) if role == FACILITATOR and cohort]
    found = {id_: known.cohort for id_, known in (await cohorts.look(led)).items() if known.cohort.host}
    names = await cohorts.names(sorted({person, *(one for cohort in found.values() for one in cohort.facilitators)}))
    hosted = {}
    for id_, cohort in found.items():
        named = {one for one in cohort.facilitators if named_in(names.get(one, ""), cohort.host)}
        if person in named or not named:
            hosted[id_] = cohort.host
    return hosted
