"""What is looked up before a turn: who owns and leads, what a facilitator's turn may know, what a code led to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.access import allowed, may
from bot.cohorts.audience import head_of, takes_part
from bot.cohorts.broadcasts import Head, Press, Progress
from bot.cohorts.homes import chat_of, reaches_home
from bot.cohorts.meetings import Meeting
from bot.cohorts.model import (
    FACILITATOR,
    OWNER,
    Act,
    Actor,
    Attendance,
    Audited,
    Cohort,
    Colleague,
    Desk,
    Invitation,
    Lost,
    Overview,
    Welcome,
)
from bot.cohorts.pairing_up import is_about_pairs, with_meetings
from bot.cohorts.ports import Cohorts
from bot.cohorts.pulse import rounded
from bot.cohorts.rollcall import is_about_classes, own_answers, with_register
from bot.cohorts.taking import wanted, with_pulse
from bot.cohorts.waiting import waiting
from bot.conversations.words import code_in, command_in
from bot.model import Input, MessageReceived, Origin, Participant, WokeUp
from bot.model.replacing import replace
from bot.ports import Known, UnitOfWork

TRIES = 5  # wrong codes of one person within AN_HOUR; then no code of theirs is looked at
TRIES_OF_ALL = 200  # wrong codes of everybody together in one hour of the clock: a guesser may have many accounts
TRIED = "codes.tried"  # the fact that counts these; what an erased account tried stays in it
AN_HOUR = timedelta(hours=1)
AUDIT_LINES = 20
LATEST = 8  # broadcasts that are shown
log = structlog.get_logger()
COUNTING = frozenset({"look", "whom", "which_week", "how_silent", "when", "date", "clock", "summary"})


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
    cohort: Cohort | None = None
    meeting: Meeting | None = None
    answers: Mapping[str, Attendance] = field(default_factory=dict)
    chat: Participant | None = None  # the channel or group that this is about
    link: str = ""  # of the installation, without a code
    reaches_home: bool = True  # whether their group's chat, if it has one, can be written to

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
    rate: Callable[[str], float] = lambda _: 28.0  # messages a second, by installation
    weeks: int = 8  # of the course
    gathers: Callable[[str], bool] = lambda _: False  # whether an installation has conversations of several people
    elsewhere: Callable[[str], str] = lambda _: ""  # a link to another installation, where this one has none

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
            desk = replace(desk, elsewhere=self.elsewhere(known.installation))
            if is_about_broadcasts(person, given):
                desk = replace(desk, press=await self._press(cohorts, desk, person, now))
            if is_about_pairs(person, given):
                desk = await with_meetings(cohorts, desk, now, self.weeks)
            if is_about_classes(person, given):
                desk = await with_register(cohorts, desk, person, now)
            if (cohort := wanted(person, given, desk)) is not None:
                desk = await with_pulse(cohorts, desk, cohort, now)
            seen = replace(seen, desk=desk, token=self.token())
        if walks_in := person.cohort or person.home_of:
            walking = (await cohorts.look([walks_in])).get(walks_in)
            seen = replace(seen, cohort=walking.cohort if walking else None)
            seen = replace(seen, reaches_home=await reaches_home(work, seen.cohort, given))
            if walking is not None and walking.cohort.classes and person.cohort:
                seen = replace(seen, answers=await own_answers(cohorts, person.id, walking.cohort, now))
            if walking is not None and walking.cohort.pairs is not None and person.cohort:
                seen = replace(seen, meeting=await self._meeting(cohorts, known, person.cohort, given))
        chat = await chat_of(work, known, given, leads=seen.desk is not None)
        welcome = await _welcome(work, person, given, now)
        return replace(seen, chat=chat, link=self.link(known.installation), welcome=welcome)

    async def _meeting(self, cohorts: Cohorts, known: Known, cohort: str, given: Input) -> Meeting | None:
        """Their latest meeting, and whether their platform can bring all of them together."""
        meeting = await cohorts.meetings.latest(known.participant.id, cohort)
        if meeting is None:
            return None
        here = {known.installation, *(mate.installation for mate in meeting.mates)}
        names = await cohorts.names(known.participant.pairing.partners) if is_about_partners(known, given) else {}
        gathers = len(here) == 1 and self.gathers(known.installation)
        return replace(meeting, gathers=gathers, before=tuple(sorted(names.items())))

    async def _press(self, cohorts: Cohorts, desk: Desk, person: Participant, now: datetime) -> Press:
        """How far broadcasts are; and while recipients are counted, who there is to count."""
        led = [overview.cohort.id for overview in desk.cohorts]
        progress = [
            Progress(known.broadcast, await cohorts.broadcasts.tally(known.broadcast.id))
            for known in await cohorts.broadcasts.latest(led, LATEST)
            if set(known.broadcast.cohorts) <= set(led)
        ]
        if not any(run.conversation == "broadcast" and run.step in COUNTING for run in person.runs):
            return Press(progress=tuple(progress))
        open_ = [one.cohort for one in allowed(desk, Act.BROADCAST)]
        heads = tuple(
            head_of(who, installation, now, self.weeks)
            for who, installation in await cohorts.broadcasts.census([cohort.id for cohort in open_])
            if takes_part(who)
        )
        on_their_way = await waiting(cohorts, open_, now)
        heads += tuple(Head(one.cohort.id, 0, 0, one.installation, joined=False) for one in on_their_way)
        return Press(heads, tuple(progress), {name: self.rate(name) for name in {head.installation for head in heads}})


def is_about_broadcasts(person: Participant, given: Input) -> bool:
    """Whether a turn has to do with broadcasts."""
    begins = isinstance(given, MessageReceived) and command_in(given.text) == "broadcast"
    return begins or any(run.conversation == "broadcast" for run in person.runs)


def is_about_partners(known: Known, given: Input) -> bool:
    """Whether a turn has to do with those whom one has met, by their names."""
    names = {"partner", "never"}
    begins = isinstance(given, MessageReceived) and command_in(given.text) in names
    return begins or any(run.conversation in names for run in known.participant.runs)


async def _desk(cohorts: Cohorts, actor: Actor, led: list[str], link: str) -> Desk:
    reads_all = may(actor, Act.READ_AUDIT)
    found = [known.cohort for known in (await cohorts.look(await cohorts.ids() if reads_all else led)).values()]
    seen = sorted((one for one in found if may(actor, Act.SEE, one)), key=lambda one: (one.starts_on, one.id))
    sizes = await cohorts.sizes([one.id for one in seen])
    overviews = tuple(Overview(one, rounded(sizes[one.id])) for one in seen)
    homes = [one.home for one in seen if one.home and one.closed_on is None]
    chats = [chat for chat, _ in await cohorts.people(homes)] if homes else []
    lost = tuple(Lost(chat.home_of, chat.id, chat.heard) for chat in chats if not chat.reachable)
    if not reads_all:
        return Desk(actor, overviews, link=link, lost=lost)
    facilitators = await cohorts.holders(FACILITATOR)
    audit = await cohorts.audit(AUDIT_LINES)
    names = await cohorts.names(sorted({*facilitators, *_people(audit)}))
    colleagues = tuple(Colleague(one, names.get(one, "")) for one in facilitators)
    return Desk(actor, overviews, colleagues, tuple(audit), tuple(sorted(names.items())), link, lost=lost)


def _people(audit: Sequence[Audited]) -> set[str]:
    return {line.actor for line in audit} | {line.object for line in audit if line.act is Act.REMOVE}


async def _welcome(work: UnitOfWork, person: Participant, given: Input, now: datetime) -> Welcome | None:
    """What the code of this input, or the invitation that somebody is thinking about, leads to."""
    cohorts = work.cohorts
    code = code_in(given.text) if isinstance(given, MessageReceived) and not given.edited else None
    if code is None:
        if not person.joining or isinstance(given, WokeUp):
            return None
        return await _led_to(cohorts, await cohorts.invited(invitation=person.joining), person, now)
    hour = f"{now:%Y-%m-%dT%H} "
    tried = int(((await work.remembered(TRIED)) or "").partition(hour)[2] or 0)
    if tried >= TRIES_OF_ALL or await cohorts.tries(person.id, now - AN_HOUR) >= TRIES:
        return Welcome(why_not="too_many", just_now=True)
    welcome = await _led_to(cohorts, await cohorts.invited(code=code), person, now)
    if welcome.why_not:
        await cohorts.tried(person.id, now)
        await work.remember(TRIED, f"{hour}{tried + 1}")
        if tried + 1 == TRIES_OF_ALL:
            log.warning("codes.guessed", tried=TRIES_OF_ALL)
    return replace(welcome, just_now=True)


async def _led_to(cohorts: Cohorts, invitation: Invitation | None, person: Participant, now: datetime) -> Welcome:
    if invitation is None or not invitation.good(now):
        return Welcome(why_not="unknown")
    known = (await cohorts.look([invitation.cohort])).get(invitation.cohort) if invitation.cohort else None
    cohort = known.cohort if known else None
    if invitation.kind == "cohort" and not may(Actor(person.id), Act.JOIN, cohort):
        return Welcome(why_not="unknown")
    return Welcome(invitation, cohort)
