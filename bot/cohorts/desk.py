"""What is looked up before a turn: who owns and leads, what a facilitator's turn may know, what a code led to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.access import may
from bot.cohorts.model import (
    FACILITATOR,
    OWNER,
    Act,
    Actor,
    Audited,
    Colleague,
    Desk,
    Invitation,
    Overview,
    Welcome,
    crowd,
)
from bot.cohorts.ports import Cohorts
from bot.conversations.words import code_in
from bot.model import Input, MessageReceived, Origin, Participant, WokeUp
from bot.ports import Known, UnitOfWork

TRIES = 5  # wrong codes of one person within AN_HOUR; then no code of theirs is looked at
AN_HOUR = timedelta(hours=1)
AUDIT_LINES = 20


def new_code() -> str:
    """128 random bits that fit into a link."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Seen:
    """A person with the roles that they hold at this moment, and what their turn may know."""

    person: Participant
    desk: Desk | None = None
    welcome: Welcome | None = None
    token: str = ""

    @property
    def actor(self) -> Actor:
        """As whom they act in this turn."""
        return self.desk.actor if self.desk else Actor(self.person.id)


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """`owners` are the setting's ("telegram:4242", "slack:T1/U1"); `link` is an installation's, without the code."""

    owners: frozenset[str] = frozenset()
    link: Callable[[str], str] = lambda _: ""
    token: Callable[[], str] = new_code

    def owns(self, origin: Origin) -> bool:
        """Whether the setting names whoever writes from there."""
        platform = origin.installation.partition(":")[0]
        names = {f"{platform}:{origin.platform_id}", f"{origin.installation}/{origin.platform_id}", f"{platform}:*"}
        return not self.owners.isdisjoint(names)

    async def look(self, work: UnitOfWork, known: Known, given: Input, now: datetime, origin: Origin | None) -> Seen:
        """Everything for one turn; `origin` is where an input came from, None for an alarm."""
        cohorts, person = work.cohorts, known.participant
        roles = person.roles
        if origin is not None:
            roles = (roles - {OWNER}) | ({OWNER} if self.owns(origin) else set())
        held = await cohorts.roles(person.id) if roles else ()
        roles = (roles & {OWNER}) | ({FACILITATOR} if (FACILITATOR, "") in held else set())
        seen = Seen(replace(person, roles=roles) if roles != person.roles else person)
        if roles:
            led = [cohort for _, cohort in held if cohort]
            desk = await _desk(cohorts, Actor(person.id, roles), led, self.link(known.installation))
            seen = replace(seen, desk=desk, token=self.token())
        return replace(seen, welcome=await _welcome(cohorts, person, given, now))


async def _desk(cohorts: Cohorts, actor: Actor, led: list[str], link: str) -> Desk:
    reads_all = may(actor, Act.READ_AUDIT)
    found = [known.cohort for known in (await cohorts.look(await cohorts.ids() if reads_all else led)).values()]
    seen = sorted((one for one in found if may(actor, Act.SEE, one)), key=lambda one: (one.starts_on, one.id))
    sizes = await cohorts.sizes([one.id for one in seen])
    overviews = tuple(Overview(one, crowd(sizes[one.id])) for one in seen)
    if not reads_all:
        return Desk(actor, overviews, link=link)
    facilitators = await cohorts.holders(FACILITATOR)
    audit = await cohorts.audit(AUDIT_LINES)
    names = await cohorts.names(sorted({*facilitators, *_people(audit)}))
    colleagues = tuple(Colleague(one, names.get(one, "")) for one in facilitators)
    return Desk(actor, overviews, colleagues, tuple(audit), tuple(sorted(names.items())), link)


def _people(audit: Sequence[Audited]) -> set[str]:
    return {line.actor for line in audit} | {line.object for line in audit if line.act is Act.REMOVE}


async def _welcome(cohorts: Cohorts, person: Participant, given: Input, now: datetime) -> Welcome | None:
    """What the code of this input, or the invitation that somebody is thinking about, leads to."""
    code = code_in(given.text) if isinstance(given, MessageReceived) and not given.edited else None
    if code is None:
        if not person.joining or isinstance(given, WokeUp):
            return None
        return await _led_to(cohorts, await cohorts.invited(invitation=person.joining), person, now)
    if await cohorts.tries(person.id, now - AN_HOUR) >= TRIES:
        return Welcome(why_not="too_many", just_now=True)
    welcome = await _led_to(cohorts, await cohorts.invited(code=code), person, now)
    if welcome.why_not:
        await cohorts.tried(person.id, now)
    return replace(welcome, just_now=True)


async def _led_to(cohorts: Cohorts, invitation: Invitation | None, person: Participant, now: datetime) -> Welcome:
    if invitation is None or not invitation.good(now):
        return Welcome(why_not="unknown")
    known = (await cohorts.look([invitation.cohort])).get(invitation.cohort) if invitation.cohort else None
    cohort = known.cohort if known else None
    if invitation.kind == "cohort" and not may(Actor(person.id), Act.JOIN, cohort):
        return Welcome(why_not="unknown")
    return Welcome(invitation, cohort)
