"""One turn in the making: a person's stack of runs, and how a step's move changes it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from bot import journey
from bot.access import may
from bot.cohorts.meetings import Meeting
from bot.cohorts.model import Act, Attendance, Cohort, Desk, Welcome
from bot.consent import withdrawn
from bot.conversations import CONVERSATIONS, IN_NEED, LOOKING_ON, TOUCHPOINTS
from bot.conversations.base import ENTERED, Context, Given, Move, counted, nothing_wrong
from bot.filling import ANSWER, FILLED, Filled, from_step, given_by, next_given, offered, put, understood, without
from bot.labels import button_with, in_short, is_misread
from bot.model import (
    Backstep,
    ChoiceMade,
    Closed,
    Decided,
    Entry,
    Event,
    FormSubmitted,
    Gazetteer,
    Input,
    Kind,
    Layer,
    MessageReceived,
    Participant,
    Proofread,
    Recorded,
    Run,
    Said,
    State,
    Timer,
    Touched,
    Travelled,
    Urgency,
)
from bot.model.replacing import replace
from bot.safety import Finding
from curriculum.model import Programme

STEPS_AT_ONCE = 20  # a conversation that skips on for longer than this is a bug
STEPS_BACK = 12  # nobody wants to correct more; and a long letter is not kept in each of its parts
OPEN_AT_ONCE = 6  # a pile of interrupted conversations helps nobody: the oldest is let go
TOLD = tuple(one.name for one in fields(Context) if one.name not in ("participant", "run"))  # of the world, to a step
told_of = attrgetter(*TOLD)


def nameless(_: str) -> str:
    """No button has words."""
    return ""


@dataclass(frozen=True, slots=True)
class World:
    """What the engine is handed besides the person and the input. `now` is aware, `token` a fresh random code.

    `profile_zone` is the time zone by which their platform knows them, if it does.
    """

    now: datetime
    programme: Programme
    gazetteer: Gazetteer
    screen: Callable[[str], Finding | None]
    desk: Desk | None = None
    welcome: Welcome | None = None
    token: str = ""
    profile_zone: str = ""
    cohort: Cohort | None = None  # the one that they walk in
    meeting: Meeting | None = None  # their latest in it
    answers: Mapping[str, Attendance] = field(default_factory=dict)  # what they said about its classes
    handle: str = ""  # the name by which others can write to them on their platform
    proofread: Proofread = nothing_wrong
    chat: Participant | None = None  # the channel or group that the input came from, or is about
    reaches_home: bool = True  # whether the chat in which their cohort is at home can be written to
    link: str = ""  # brings somebody to us with the code behind it, where the platform has such links
    pages: tuple[Entry, ...] = ()  # all that they wrote and did, newest first, while they look at their data
    age: int = 18  # from which on people take part
    platform: str = ""  # where they are, such as "telegram"
    research: str = ""  # who does research here, and what on; empty if nobody does
    label: Callable[[str], str] = nameless  # the words on the button of a choice, in the person's language


@dataclass(slots=True)
class Walk:
    """The person, what has happened so far, and the stack of runs; lives no longer than the call of `advance`."""

    participant: Participant
    world: World
    events: list[Event] = field(default_factory=list)
    urgency: Urgency = "reply"
    expires: datetime | None = None
    refused: Filled = field(default_factory=dict)  # what a form said to the open question, until that moves on

    # ------------------------------------------------------------ beginning, answering, ending

    def begin(self, name: str, **notes: Any) -> None:
        """Starts a conversation on top of what is open; a second run of the same conversation replaces the first."""
        conversation = CONVERSATIONS[name]
        gone = next((family for family in (TOUCHPOINTS, IN_NEED) if name in family), {name})
        kept = [run for run in self.participant.runs if run.conversation not in gone]
        for run in [run for run in kept if run.until is not None][: max(0, len(kept) + 1 - OPEN_AT_ONCE)]:
            kept.remove(run)
        self.keep(kept)
        until = conversation.open_for(self.participant, self.world.now)
        number = self.participant.asked + 1
        run = Run(name, conversation.first, number=number, started=self.world.now, until=until, notes=notes)
        self.enter(run, self.participant.runs)

    def enter(self, run: Run, beneath: tuple[Run, ...], depth: int = 0) -> None:
        """A run comes to a step, on top: a new question with a new number, unless a form answered it already."""
        meaning, run = next_given(replace(run, asked=self.participant.asked + 1, offers=False))
        self.refused = {run.step: meaning} if meaning else {}
        self.become(asked=run.asked, runs=(*beneath, run))
        given = given_by(meaning, run.asked) or ENTERED
        self.follow(self.step(run, given), run, given, depth)

    def fill_in(self, form: FormSubmitted) -> None:
        """A form answers the open question and those after it, which are not put: the first that is left is asked.

        A step that does not understand its value says why and asks; what was filled in for later steps waits for them.
        """
        run = self.participant.runs[-1]
        if ANSWER in form.values:
            self.answer(MessageReceived(form.text))
            return
        blanks = from_step(offered(self.step(run, ENTERED)), run.step)
        waiting = {**without(run.notes.get(FILLED, {}), blanks), **understood(blanks, form.values)}
        meaning = waiting.pop(run.step, None)
        run = replace(run, notes={**run.notes, FILLED: waiting})
        self.become(runs=(*self.participant.runs[:-1], run))
        self.refused = {run.step: meaning} if meaning else {}
        given = given_by(meaning, run.asked)
        self.answer(given) if given else self.ask_again()

    def answer(self, given: Input) -> None:
        """The open question gets an answer."""
        run = self.participant.runs[-1]
        result = self.step(run, given)
        refused = isinstance(result, Move) and result.anew  # and said so itself
        if refused or (isinstance(result, Said) and result.choices and is_misread(given, result)):
            if tap := self.as_tap(given, run, misread=True):
                given, result = tap, self.step(run, tap)
            elif not refused:
                self.say(Said("onboarding/unclear"))
        if isinstance(result, Move) and result.answered:
            if isinstance(given, ChoiceMade):
                self.become(answered=(given.asked, given.choice))
                self.events.append(Closed(given.asked, given.choice, given.ref))
            elif run.offers and (result.end or result.to is not None):
                self.events.append(Closed(run.asked))
        self.follow(result, run, given)

    def as_tap(self, given: Input, run: Run | None, misread: bool = False) -> ChoiceMade | None:
        """The words of a button of that run's question, written out, are a tap on it.

        Where somebody works, and where the words are not ours, only what was `misread` as an answer is.
        """
        words = in_short(given)
        if not (words and run and run.offers and (misread or CONVERSATIONS[run.conversation].act is None)):
            return None
        chosen = button_with(words, self.question(run), self.world.label, every=misread)
        return ChoiceMade(chosen, run.asked) if chosen else None

    def follow(self, result: Move | Said, run: Run, given: Given, depth: int = 0) -> None:
        """Carries out what a step decided."""
        if depth > STEPS_AT_ONCE:
            raise RecursionError(f"{run.conversation}/{run.step} never asks")
        if isinstance(result, Said):
            self.become(runs=(*self.participant.runs[:-1], replace(run, offers=bool(result.choices))))
            self.say(put(result, run, self.refused), run.asked)
            return
        before = Backstep(run.step, run.notes, self.participant.ledger)
        self.become(**result.updates)
        for event in result.events:
            self.add(event, run)
        offers = run.offers or any(isinstance(event, Said) and event.choices for event in result.events)
        run = replace(run, notes={**run.notes, **result.notes}, offers=offers)
        if result.wake_in is not None:
            others = tuple(timer for timer in self.participant.timers if timer.name != run.conversation)
            self.become(timers=(*others, Timer(run.conversation, self.world.now + result.wake_in)))
        if result.end:
            self.end(result.then, result.notes)
        elif result.to is not None:
            trail = run.previous if given is ENTERED else (*run.previous, before)[-STEPS_BACK:]
            self.enter(replace(run, step=result.to, previous=trail), self.participant.runs[:-1], depth + 1)
        else:
            self.become(runs=(*self.participant.runs[:-1], run))
            if result.anew:
                self.ask_again()

    def end(self, then: str | None, notes: Mapping[str, Any]) -> None:
        """A conversation is over: the next begins with these notes, or what it interrupted comes back."""
        over = self.participant.runs[-1]
        self.keep(self.participant.runs[:-1])
        self.refused = {}
        if then is not None:
            self.begin(then, **notes)
        elif self.urgency == "reply" and not waits_aside(over) and not self.lies_on_the_desk(over):
            self.ask_again()  # what we began ourselves does not bring older questions along

    def lies_on_the_desk(self, over: Run) -> bool:
        """Whether what comes to the top after work with cohorts is such work too, and nothing was answered in it yet.

        A list that was only looked at is not put again: it would show the cohorts as they were before this turn.
        """
        run = self.participant.run
        if run is None or run.previous:
            return False
        return all(CONVERSATIONS[each.conversation].act is not None for each in (over, run))

    def ask_again(self) -> None:
        """Puts the open question once more, if there is one; its old buttons stay good, and may be tapped again."""
        run = self.participant.run
        if run is not None and not waits_aside(run):
            self.become(answered=None)
            self.follow(self.step(run, ENTERED), run, ENTERED)

    def step_aside(self) -> bool:
        """A question that waits aside goes beneath what was open before it; whether there was one."""
        run = self.participant.run
        if run is None or not waits_aside(run):
            return False
        self.become(runs=(run, *self.participant.runs[:-1]))
        return True

    def go_back(self) -> bool:
        """Undoes the last answer of the open run; False if there is none."""
        run = self.participant.run
        if run is None or not run.previous:
            return False
        if run.offers:
            self.events.append(Closed(run.asked))
        last = run.previous[-1]
        notes = {name: note for name, note in last.notes.items() if name != FILLED}
        run = replace(run, step=last.step, notes=notes, previous=run.previous[:-1])
        self.keep(self.participant.runs[:-1])
        self.become(ledger=last.ledger)
        self.enter(run, self.participant.runs)
        return True

    def step(self, run: Run, given: Given) -> Move | Said:
        """What the step that the run stands at makes of an input."""
        told = dict(zip(TOLD, told_of(self.world), strict=True))
        context = Context(participant=self.participant, run=run, **told)
        return CONVERSATIONS[run.conversation].steps[run.step](context, given)

    def is_in_need(self) -> bool:
        """Whether the answer to danger is still under way: what is heavy now is not asked about as if it were new."""
        run = self.participant.run
        return self.participant.sheltered is not None or (run is not None and run.conversation in IN_NEED)

    def question(self, run: Run) -> Said | None:
        """What the run's open question would be if it were put now; None where its step would pass on."""
        said = self.step(run, ENTERED)
        return said if isinstance(said, Said) else None

    # ------------------------------------------------------------ the stack

    def keep(self, runs: Iterable[Run]) -> None:
        """Only these runs stay open; the timers of the others go with them."""
        kept = tuple(runs)
        names = {run.conversation for run in kept}
        self.become(runs=kept, timers=tuple(timer for timer in self.participant.timers if timer.name in names))

    def let_go(self) -> None:
        """Open questions whose time is over, or which are not theirs to answer any more, close in silence.

        So do those that they never saw: what expired before it was sent, or was refused.
        """
        now, unseen = self.world.now, self.participant.unseen
        for run in [run for run in self.participant.runs if (run.asked, run.started) in unseen]:
            self.take_back(run)
        self.become(unseen=())
        runs = (run for run in self.participant.runs if run.until is None or now < run.until)
        self.keep(run for run in runs if self.may_have(run.conversation))

    def take_back(self, run: Run) -> None:
        """Nobody saw its question: the touchpoint was missed, and what it had begun has not begun."""
        person, kind = self.participant, run.conversation
        self.keep(other for other in person.runs if other is not run)
        if kind == "check_in":  # instead of the first touchpoint of a day
            kind = journey.first_kind(person.rhythm)
            self.become(fewer=False)
        elif kind == Kind.GRADUATION and person.journey.state is State.GRADUATED:
            self.travel(State.ACTIVE)
        if "on" in run.notes:
            self.events.append(Touched(Kind(kind), run.notes["on"], missed=True))

    def may_have(self, conversation: str) -> bool:
        """Whether this conversation is open to this person: some are for those who lead or own."""
        act, desk = CONVERSATIONS[conversation].act, self.world.desk
        return act is None or (desk is not None and may(desk.actor, act))

    def break_off(self) -> None:
        """What goes on by itself (a sit) stops in silence."""
        running = {timer.name for timer in self.participant.timers} - LOOKING_ON.keys()
        self.keep(run for run in self.participant.runs if run.conversation not in running)

    def raise_run(self, asked: int) -> bool:
        """Brings the run that put this question to the top; False if none is waiting for it."""
        for run in self.participant.runs:
            if run.asked == asked:
                self.become(runs=(*(other for other in self.participant.runs if other is not run), run))
                return True
        return False

    # ------------------------------------------------------------ small things

    def become(self, **updates: Any) -> None:
        """Replaces fields of the participant. A change of the journey's state, or of the cohort, is an event.

        What was asked about today is let go where a pause begins or the place in the course changes.
        """
        person, before = self.participant, self.participant.journey
        news = {
            name: value
            for name, value in updates.items()
            if (was := getattr(person, name)) is not value and was != value
        }
        if not news:
            return
        self.participant = replace(person, **news)
        after = self.participant.journey
        if after.state is State.WITHDRAWN:
            self.participant = replace(self.participant, cohort="", joining="", sheltered=None)
            if before.state is not State.WITHDRAWN:
                self.withdraw("coach")
        if person.cohort != self.participant.cohort:
            self.events.append(change_of_cohort(person, self.participant))
            anew = replace(self.participant.pairing, wanted=None, asked_for=0, sits_out=None)  # by other people
            self.participant = replace(self.participant, pairing=anew, calls_leader=False)
            if not self.participant.cohort:
                self.withdraw("group")
        if after is before:
            return
        if before.state is not after.state:
            self.events.append(Travelled(before.state, after.state))
        if after.state is State.PAUSED and before.state is not State.PAUSED:
            self.call_off()
        if before.anchor != after.anchor or (after.state is State.PAUSED and before.state is not State.PAUSED):
            self.keep(run for run in self.participant.runs if run.conversation not in TOUCHPOINTS)

    def withdraw(self, layer: Layer) -> None:
        """Who leaves does not agree any more."""
        consents = withdrawn(self.participant, self.world.now, layer)
        self.participant = replace(self.participant, consents=consents)

    def call_off(self) -> None:
        """Who pauses, or cannot be reached, does not let this week's partner wait: they hear that it falls out."""
        mine, meeting = self.participant.pairing, self.world.meeting
        told = meeting is not None and mine.told is not None and mine.told[0] == meeting.id
        if told and mine.met not in ("yes", "no") and self.participant.cohort:
            self.participant = replace(self.participant, pairing=replace(mine, met="no"))
            self.events.append(Decided(Act.CALL_OFF, self.participant.cohort))

    def travel(self, to: State) -> None:
        """Moves the journey along an arrow of the table."""
        on = journey.today(self.participant, self.world.now)
        self.become(journey=journey.travel(self.participant.journey, to, on))

    def say(self, said: Said, asked: int = 0) -> None:
        """Adds something to say, at the urgency of this turn; it puts question number `asked`, if it puts one."""
        self.events.append(replace(said, asked=asked or said.asked, urgency=self.urgency, expires=self.expires))

    def add(self, event: Event, run: Run) -> None:
        """Adds an event of a step."""
        if isinstance(event, Said):
            self.say(put(event, run, self.refused), event.asked or run.asked)
            return
        if isinstance(event, Recorded):
            place = event.slot or f"{run.step}/{sum(isinstance(e, Recorded) for e in self.events)}"
            event = replace(event, slot=f"{run.number} {run.conversation}/{place}")
            self.participant = counted(self.participant, event)
        self.events.append(event)


def waits_aside(run: Run) -> bool:
    """Whether its question neither interrupts nor comes back by itself."""
    return CONVERSATIONS[run.conversation].hears is not None


def change_of_cohort(before: Participant, after: Participant) -> Decided:
    """Joining, by the invitation that they were thinking about, or leaving."""
    met = before.pairing.met == "yes"
    if after.cohort:
        return Decided(Act.JOIN, after.cohort, {"invitation": before.joining, "met": met})
    return Decided(Act.LEAVE, before.cohort, {"met": met})
