"""Who comes to the door: newcomers, those who bring a code, those who lead. Pure; a turn goes through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.access import may
from bot.cohorts.model import FACILITATOR, Act, Invitation, Welcome
from bot.cohorts.posts import loss
from bot.consent import withdrawn
from bot.conversations import CONVERSATIONS
from bot.conversations.base import needs_no_consent, until_the_day_turns
from bot.conversations.words import DESK_COMMANDS, SETTLING, WITH_A_CODE
from bot.model import Decided, Run, Said, State, Timer
from bot.timetable import quiet_ends, zone
from bot.walk import Walk

SEEN_OF_LATE = timedelta(hours=1)
PARTED = "parted"  # the conversation after somebody left their group's chat


@dataclass(slots=True)
class Doorstep(Walk):
    """The part of a turn in which somebody comes in, or takes up a role."""

    def welcome(self) -> None:
        """/start: a newcomer is welcomed, somebody who left may return, everybody else hears where they are."""
        match self.participant.journey.state:
            case State.INVITED | State.WITHDRAWN:
                self.travel(State.CONSENTING)
                self.begin("onboarding")
            case State.PAUSED:
                self.begin("resume")
            case _ if self.participant.runs:
                self.say(Said("unasked/here_again"))
                self.ask_again()
            case _:
                self.begin("today")

    def obey_about_cohorts(self, command: str) -> bool:
        """An invitation's code, or a command of those who lead; False if it is none of these."""
        welcome = self.world.welcome
        if command in WITH_A_CODE and welcome is not None and welcome.just_now:
            self.knock(welcome, command)
        elif command == "join":
            self.say(Said("joining/no_code"))
            self.ask_again()
        elif command in DESK_COMMANDS and self.may_have(DESK_COMMANDS[command]):
            self.begin(DESK_COMMANDS[command])
        elif command == SETTLING:
            self.say(Said("settling/not_yours"))
            self.ask_again()
        else:
            return False
        return True

    def at_work(self) -> bool:
        """Whether the open question needs no consent: it belongs to somebody's work with cohorts, or to their data."""
        run = self.participant.run
        return run is not None and needs_no_consent(CONVERSATIONS[run.conversation])

    def knock(self, welcome: Welcome, command: str) -> None:
        """A code was given: it opens a cohort, or makes a facilitator, or nothing; /start begins the course anyway."""
        invitation, cohort = welcome.invitation, welcome.cohort
        if invitation is None:
            self.say(Said("joining/too_many" if welcome.why_not == "too_many" else "joining/unknown_code"))
            outside = self.participant.journey.state in (State.INVITED, State.WITHDRAWN)
            self.welcome() if command == "start" and outside and not self.world.desk else self.ask_again()
        elif cohort is None or invitation.kind == "facilitator":
            self.lead(invitation)
        elif cohort.id == self.participant.cohort:
            self.say(Said("joining/already", {"cohort": cohort.name}))
            self.ask_again()
        else:
            self.consider(invitation)

    def put_aside(self, text: str) -> None:
        """What they told beside a code waits beneath the invitation: they are asked then whether it is to be kept."""
        person, now = self.participant, self.world.now
        outside = (State.INVITED, State.WITHDRAWN, State.CONSENTING, State.ONBOARDING)
        if (person.journey.paused_from or person.journey.state) not in outside:
            known, number = CONVERSATIONS["keeping"], person.asked + 1
            until = until_the_day_turns(person, now)  # the invitation may be looked at first for longer than an hour
            before = [run.notes["text"] for run in person.runs if run.conversation == known.name]
            page = {"text": "\n".join((*before, text))}
            run = Run(known.name, known.first, number, number, started=now, until=until, notes=page)
            self.keep(run for run in person.runs if run.conversation != known.name)
            self.become(asked=number, runs=(*self.participant.runs, run))

    def tell_of_invitation(self, run: Run) -> None:
        """What the code opens that stands in an answer to something else: one line, and no question more.

        Nothing of it where somebody at work with cohorts writes: they may well write of an invitation.
        """
        welcome, at_work = self.world.welcome, CONVERSATIONS[run.conversation].act is not None
        if welcome is None or not welcome.just_now or at_work or self.is_in_need():
            return
        if welcome.invitation is None:
            self.say(Said("joining/too_many" if welcome.why_not == "too_many" else "joining/unknown_code"))
        elif welcome.cohort is None or welcome.cohort.id != self.participant.cohort:
            self.say(Said("joining/named", {"cohort": welcome.cohort.name if welcome.cohort else ""}))

    def consider(self, invitation: Invitation) -> None:
        """Newcomers hear of the cohort within their onboarding; everybody else is asked. A second tap says no more."""
        path = self.participant.journey
        if invitation.id == self.participant.joining and self.considers():
            self.ask_again()
            return
        if path.state is State.ONBOARDING:  # what they agreed to was another cohort
            self.become(consents=withdrawn(self.participant, self.world.now, "group"))
        self.become(joining=invitation.id)
        if path.state in (State.INVITED, State.WITHDRAWN):
            self.travel(State.CONSENTING)
        if self.participant.journey.state in (State.CONSENTING, State.ONBOARDING):
            self.events.append(Decided(Act.KNOCK, invitation.cohort))
        self.begin("onboarding" if self.participant.journey.state is State.CONSENTING else "joining")

    def considers(self) -> bool:
        """Whether what an invitation led to is still open, and was seen of late; it is the open question then."""
        young = self.world.now - SEEN_OF_LATE
        runs = (run for run in self.participant.runs if run.conversation in ("onboarding", "joining"))
        return any(run.started is not None and run.started > young and self.raise_run(run.asked) for run in runs)

    def lead(self, invitation: Invitation) -> None:
        """Somebody becomes a facilitator; who leads all that this opens already does not use it up."""
        desk = self.world.desk
        led = {overview.cohort.id for overview in desk.cohorts} if desk else set()
        if FACILITATOR not in self.participant.roles or invitation.cohort not in {"", *led}:
            self.become(roles=self.participant.roles | {FACILITATOR})
            self.events.append(Decided(Act.BECOME, invitation.cohort, {"invitation": invitation.id}))
        self.say_what_they_lead()
        self.ask_again()

    # ------------------------------------------------------------ the group's chat

    def depart(self) -> None:
        """They left the chat of their group: what that means is asked, once and not at night."""
        now, person, chat = self.world.now, self.participant, self.world.chat
        if chat is None or chat.id != self.home or self.is_asked(PARTED):
            return
        at = quiet_ends(person.rhythm, zone(person.zone), now)
        if at <= now and self.participant.sheltered is None:
            self.begin(PARTED)
        else:
            self.prepare(PARTED)
            self.become(timers=(*self.participant.timers, Timer(PARTED, at)))

    def arrive(self) -> None:
        """They are in a chat; if that was what we asked about, the question falls away."""
        if self.world.chat is not None and self.world.chat.id == self.home:
            self.keep(run for run in self.participant.runs if run.conversation != PARTED)

    def vanish(self) -> None:
        """Their account is gone, and with it their place in the chat: asked when they are back."""
        if self.home and not self.is_asked(PARTED):
            self.prepare(PARTED)

    def ask_at_last(self) -> None:
        """Puts the question that waited for their return; while the course is held it waits on."""
        for run in self.participant.runs:
            held = self.participant.sheltered is not None
            if run.conversation == PARTED and not held and self.raise_run(run.asked):
                self.ask_again()

    @property
    def home(self) -> str:
        """The chat of the group that they walk in; empty for none."""
        cohort = self.world.cohort
        return cohort.home if cohort is not None and cohort.closed_on is None else ""

    def is_asked(self, conversation: str) -> bool:
        """Whether this question is open."""
        return any(run.conversation == conversation for run in self.participant.runs)

    def prepare(self, name: str) -> None:
        """Has a conversation's first question ready, for later."""
        number = self.participant.asked + 1
        run = Run(name, CONVERSATIONS[name].first, number=number, asked=number, started=self.world.now)
        above = self.participant.runs if self.participant.sheltered else ()
        self.become(asked=number, runs=(*(() if above else self.participant.runs), run, *above))

    def tell_of_losses(self) -> None:
        """A chat of theirs that cannot be reached, in case no event told of it."""
        if (desk := self.world.desk) is None:
            return
        for lost in desk.lost:
            for one in desk.cohorts:
                if one.cohort.id == lost.cohort and self.participant.id in one.cohort.facilitators:
                    self.say(loss(one.cohort, lost, self.participant.id))

    def say_what_they_lead(self) -> None:
        """Where somebody with a role finds their work."""
        desk = self.world.desk
        owns = desk is not None and may(desk.actor, Act.INVITE)
        self.say(Said("desk/here", {"owns": owns, "course": self.participant.journey.state is State.INVITED}))
