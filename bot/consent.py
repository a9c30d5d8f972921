"""What people agreed to: layer by layer, in which version of its words, and since when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.model import Consent, Layer, Participant, State

# A change of meaning in the words of a layer is a new version here, and everybody who agreed is asked again.
VERSIONS: Mapping[Layer, str] = {"coach": "2026-11-22", "group": "2026-11-22", "research": "2026-11-22"}

ADULT = 18  # years: the minimum age where a version does not name it

RENEWAL = "renewal"  # the conversation that asks again
WALKING = frozenset({State.ONBOARDING, State.ACTIVE, State.PAUSED, State.GRADUATED})


def latest(person: Participant, layer: Layer) -> Consent | None:
    """What they said to this layer last."""
    return next((one for one in reversed(person.consents) if one.layer == layer), None)


def agrees(person: Participant, layer: Layer) -> bool:
    """Whether they agree to this layer, in whatever version."""
    said = latest(person, layer)
    return said is not None and said.given


def version(layer: Layer, who: str = "", age: int = 0) -> str:
    """The words of a layer today, with what an installation puts into them.

    Those of research name `who` does it: a yes to them is none to whoever comes next. Those of the course name the
    minimum `age`, in years.
    """
    named = {"research": who, "coach": str(age or "")}.get(layer)
    return f"{VERSIONS[layer]}, {named}" if named else VERSIONS[layer]


def in_research(person: Participant, who: str) -> bool:
    """Whether any export for the research that `who` does may count them: only by the words of today."""
    said = latest(person, "research")
    return bool(who) and said is not None and said.given and said.version == version("research", who)


def with_answer(
    person: Participant, now: datetime, given: bool, *layers: Layer, who: str = "", age: int = 0
) -> tuple[Consent, ...]:
    """Their consents with what they said just now to these layers; `who` does research, from `age` on people join."""
    return (*person.consents, *(Consent(layer, version(layer, who, age), now, given) for layer in layers))


def withdrawn(person: Participant, now: datetime, *layers: Layer) -> tuple[Consent, ...]:
    """Their consents without those of these layers that they gave."""
    return with_answer(person, now, False, *(layer for layer in layers if agrees(person, layer)))


def is_outdated(person: Participant, layer: Layer, age: int = 0) -> bool:
    """Whether they agreed to words that have changed since, or said that they are of a lower age than this one."""
    said = latest(person, layer)
    if said is None or not said.given:
        return False
    words, _, named = said.version.partition(", ")
    return words != VERSIONS[layer] or (layer == "coach" and int(named or ADULT) < age)


def is_due(person: Participant, age: int = 0) -> bool:
    """Whether they are to be asked again before the course, for people of this age or older, goes on."""
    if person.journey.state not in WALKING:
        return False
    return is_outdated(person, "coach", age) or is_outdated(person, "group")


def is_asked_again(person: Participant) -> bool:
    """Whether that question is open; the course waits for its answer."""
    return any(run.conversation == RENEWAL for run in person.runs)
