"""The conversation engine: an input comes in, a turn goes out. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot import journey
from bot.conversations import CONVERSATIONS, TOUCHPOINTS
from bot.conversations.base import ENTERED, Context, Given, Move, counted
from bot.conversations.words import BEFORE_CONSENT, COMMANDS, command_in, is_back
from bot.model import (
    Alerted,
    Backstep,
    Changed,
    ChoiceMade,
    Closed,
    Event,
    Gazetteer,
    Input,
    Kind,
    LocationShared,
    MessageReceived,
    Participant,
    Recorded,
    Run,
    Said,
    State,
    Timer,
    Touched,
    Travelled,
    Turn,
    Urgency,
    WokeUp,
)
from bot.safety import Finding
from bot.timetable import Moment, is_quiet, local_day, zone
from curriculum.model import Programme

BUSY = timedelta(minutes=10)  # somebody in the middle of a letter is not interrupted by a nudge
SILENT_DAYS = 3  # after so many, one gentle question (design.md §3)
STEPS_AT_ONCE = 20  # a conversation that skips on for longer than this is a bug
REMEMBERED_TOUCHPOINTS = 8  # enough for a local date lived twice


@dataclass(frozen=True, slots=True)
class World:
    """What the engine is handed besides the person and the input. `now` is aware."""

    now: datetime
    programme: Programme
    gazetteer: Gazetteer
    screen: Callable[[str], Finding | None]


def advance(participant: Participant, given: Input, world: World) -> Turn:
    """The next turn of this person's conversation.

    The whole participant is the state (their journey and their stack of runs), since an interruption touches more
    than one run. The same arguments give the same turn.

    Raises:
        ValueError: `world.now` is naive.
    """
    walk = Walk(participant, world)
    match given:
        case WokeUp():
            walk.wake()
        case Changed():
            walk.change(given)
        case _:
            walk.heard(given)
    return walk.turn()


@dataclass(slots=True)
class Walk:
    """One turn in the making; lives no longer than the call of `advance`."""

    participant: Participant
    world: World
    events: list[Event] = field(default_factory=list)
    urgency: Urgency = "reply"
    expires: datetime | None = None
    again_at: datetime | None = None

    def turn(self) -> Turn:
        """The finished turn."""
        ahead = journey.moment_ahead(self.participant, self.world.now, self.world.programme.length)
        moments = [timer.at for timer in self.participant.timers]
        moments += [ahead.at] if ahead else []
        moments += [self.again_at] if self.again_at else []
        return Turn(self.participant, tuple(self.events), min(moments, default=None))

    # ------------------------------------------------------------ what comes in

    def heard(self, given: Input) -> None:
        """Somebody wrote or tapped."""
        self.let_go()
        self.become(heard=self.world.now, fewer=False, reachable=True)
        match given:
            case MessageReceived():
                self.read(given)
            case ChoiceMade():
                self.tap(given)
            case LocationShared() if not self.participant.runs:
                self.say(Said("unasked/location"))
            case _ if self.participant.runs:
                self.answer(given)

    def read(self, given: MessageReceived) -> None:
        """A message: help for a crisis first, then commands, then the open question, then the journal."""
        finding = self.screened(given.text)
        command = self.command(given)
        if finding is not None:
            self.help_first(finding, given)
        elif given.edited:
            self.say(Said("unasked/edited"))
        elif given.kind != "text":
            self.say(Said("unasked/not_text", {"kind": given.kind}))
        elif command is not None:
            self.obey(command)
        elif self.participant.journey.state in (State.INVITED, State.WITHDRAWN):
            self.welcome()
        elif is_back(given.text) and self.go_back():
            pass
        elif self.participant.runs:
            self.answer(given)
        elif given.text.strip():
            self.begin("keeping", text=given.text)

    def command(self, given: MessageReceived) -> str | None:
        """The command that this message is, unless the open conversation keeps the word to itself."""
        command = command_in(given.text) if given.kind == "text" else None
        run = self.participant.run
        mine = run is not None and command in CONVERSATIONS[run.conversation].keeps
        return None if mine and not given.text.strip().startswith("/") else command

    def screened(self, text: str) -> Finding | None:
        """What the safety screen says; if the screen itself fails, the safe answer is given (issue 4)."""
        try:
            return self.world.screen(text) if text else None
        except Exception:
            return Finding("urgent", "screen/failed", "en")

    def help_first(self, finding: Finding, given: MessageReceived) -> None:
        """A warm answer with numbers, before and instead of any conversation; what they wrote is kept for them."""
        self.events.append(Alerted(finding.level, finding.rule))
        self.say(Said(f"safety/{finding.level}", {"language": finding.language, "zone": self.participant.zone}))
        if self.participant.journey.consent is not None and self.participant.journey.state is not State.WITHDRAWN:
            self.become(asked=self.participant.asked + 1)
            self.events.append(Recorded("journal", given.text, slot=f"{self.participant.asked} safety"))

    def obey(self, command: str) -> None:
        """A command, wherever the conversation stands."""
        state = self.participant.journey.state
        if command == "start":
            self.welcome()
        elif command == "back":
            if not self.go_back():
                self.say(Said("unasked/no_way_back"))
                self.ask_again()
        elif command not in COMMANDS:
            self.say(Said("unasked/unknown_command"))
            self.ask_again()
        elif state in (State.INVITED, State.WITHDRAWN) and command not in BEFORE_CONSENT:
            self.welcome()
        elif state in (State.CONSENTING, State.ONBOARDING) and command not in BEFORE_CONSENT:
            self.say(Said("unasked/after_onboarding"))
            self.ask_again()
        else:
            self.begin(COMMANDS[command])

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

    def tap(self, given: ChoiceMade) -> None:
        """A button. One that was answered already changes nothing (design.md §7)."""
        if self.raise_run(given.asked):
            self.answer(given)
        elif self.participant.answered != (given.asked, given.choice):
            self.say(Said("unasked/stale"))
            self.ask_again()

    def change(self, given: Changed) -> None:
        """The platform told us something about the person."""
        match given.what:
            case "blocked" | "deactivated" | "kicked" | "left":
                self.become(reachable=False)
            case "came_back":
                self.become(reachable=True)
            case "moved_zone":
                self.become(zone=given.detail)

    def wake(self) -> None:
        """The alarm rang: timers, then touchpoints, oldest first; what is past its window is missed in silence."""
        self.let_go()
        self.ring_timers()
        for moment in list(journey.moments_due(self.participant, self.world.now, self.world.programme.length)):
            if self.busy_until() > self.world.now and self.world.now < moment.until:
                self.again_at = min(self.busy_until(), moment.until)
                self.become(checked=moment.at - timedelta(seconds=1))
                return
            self.touch(moment)
        self.become(checked=self.world.now)

    # ------------------------------------------------------------ the stack of runs

    def begin(self, name: str, **notes: Any) -> None:
        """Starts a conversation on top of what is open; a second run of the same conversation replaces the first."""
        conversation = CONVERSATIONS[name]
        gone = TOUCHPOINTS if name in TOUCHPOINTS else {name}
        kept = tuple(run for run in self.participant.runs if run.conversation not in gone)
        until = conversation.open_for(self.participant, self.world.now)
        run = Run(
            name,
            conversation.first,
            number=self.participant.asked + 1,
            started=self.world.now,
            until=until,
            notes=notes,
        )
        self.become(runs=(*kept, run))
        self.enter(run)

    def enter(self, run: Run) -> None:
        """A run comes to a step: a new question with a new number."""
        number = self.participant.asked + 1
        run = replace(run, asked=number)
        self.become(asked=number, runs=(*self.participant.runs[:-1], run))
        self.follow(self.step(run, ENTERED), run, ENTERED)

    def answer(self, given: Input) -> None:
        """The open question gets an answer."""
        run = self.participant.runs[-1]
        result = self.step(run, given)
        if isinstance(given, ChoiceMade) and not (isinstance(result, Said) or not result.answered):
            self.become(answered=(given.asked, given.choice))
            if given.ref:
                self.events.append(Closed(given.ref, given.choice))
        self.follow(result, run, given)

    def follow(self, result: Move | Said, run: Run, given: Given, depth: int = 0) -> None:
        """Carries out what a step decided."""
        if depth > STEPS_AT_ONCE:
            raise RecursionError(f"{run.conversation}/{run.step} never asks")
        if isinstance(result, Said):
            self.say(replace(result, asked=run.asked))
            return
        before = Backstep(run.step, run.notes, self.participant.ledger)
        self.become(**result.updates)
        for event in result.events:
            self.add(event, run)
        run = replace(run, notes={**run.notes, **result.notes})
        if result.wake_in is not None:
            self.become(timers=(*self.participant.timers, Timer(run.conversation, self.world.now + result.wake_in)))
        if result.end:
            self.end(run, result.then)
        elif result.to is not None:
            trail = run.previous if given is ENTERED else (*run.previous, before)
            self.become(runs=(*self.participant.runs[:-1], replace(run, step=result.to, previous=trail)))
            run = replace(self.participant.runs[-1], asked=self.participant.asked + 1)
            self.become(asked=run.asked, runs=(*self.participant.runs[:-1], run))
            self.follow(self.step(run, ENTERED), run, ENTERED, depth + 1)
        else:
            self.become(runs=(*self.participant.runs[:-1], run))
            if result.anew:
                self.ask_again()

    def end(self, run: Run, then: str | None) -> None:
        """A conversation is over: the next begins, or what it interrupted comes back with its question."""
        self.become(
            runs=self.participant.runs[:-1],
            timers=tuple(timer for timer in self.participant.timers if timer.name != run.conversation),
        )
        if then is not None:
            self.begin(then)
        else:
            self.ask_again()

    def ask_again(self) -> None:
        """Puts the open question once more, if there is one; its old buttons stay good."""
        if self.participant.runs:
            run = self.participant.runs[-1]
            self.follow(self.step(run, ENTERED), run, ENTERED)

    def go_back(self) -> bool:
        """Undoes the last answer of the open run; False if there is none."""
        run = self.participant.run
        if run is None or not run.previous:
            return False
        last = run.previous[-1]
        run = replace(run, step=last.step, notes=last.notes, previous=run.previous[:-1])
        self.become(ledger=last.ledger, runs=(*self.participant.runs[:-1], run))
        self.enter(run)
        return True

    def raise_run(self, asked: int) -> bool:
        """Brings the run that put this question to the top; False if none is waiting for it."""
        for run in self.participant.runs:
            if run.asked == asked:
                others = tuple(other for other in self.participant.runs if other is not run)
                self.become(runs=(*others, run))
                return True
        return False

    def step(self, run: Run, given: Given) -> Move | Said:
        context = Context(self.world.now, self.participant, self.world.programme, self.world.gazetteer, run)
        return CONVERSATIONS[run.conversation].steps[run.step](context, given)

    def let_go(self) -> None:
        """Open questions whose time is over close in silence."""
        now = self.world.now
        self.become(runs=tuple(r for r in self.participant.runs if r.until is None or now < r.until))

    # ------------------------------------------------------------ alarms

    def ring_timers(self) -> None:
        due = sorted((t for t in self.participant.timers if t.at <= self.world.now), key=lambda t: t.at)
        for timer in due:
            self.become(timers=tuple(t for t in self.participant.timers if t != timer))
            for run in self.participant.runs:
                if run.conversation == timer.name:
                    self.raise_run(run.asked)
                    self.follow(self.step(run, WokeUp()), run, WokeUp())
                    break

    def busy_until(self) -> datetime:
        """Until when a nudge would interrupt something that the person began themselves."""
        run, heard = self.participant.run, self.participant.heard
        if run is None or heard is None or run.conversation in TOUCHPOINTS:
            return self.world.now
        if any(timer.name == run.conversation for timer in self.participant.timers):
            return self.world.now + BUSY
        return heard + BUSY

    def touch(self, moment: Moment) -> None:
        """A touchpoint came up."""
        person = self.participant
        resting = is_quiet(person.rhythm, zone(person.zone), self.world.now)
        missed = self.world.now >= moment.until or resting or not person.reachable
        self.events.append(Touched(moment.kind, moment.on, missed))
        touched = (*person.touched, (moment.kind, moment.on))[-REMEMBERED_TOUCHPOINTS:]
        self.become(touched=touched)
        if person.journey.state is State.PAUSED:
            self.travel(person.journey.paused_from or State.ACTIVE)
        if moment.kind is Kind.BOOSTER:
            self.become(journey=replace(self.participant.journey, boosted_on=moment.on))
        if not missed:
            self.urgency, self.expires = "scheduled", moment.until
            self.speak(moment, returning=person.journey.state is State.PAUSED)
            self.urgency, self.expires = "reply", None

    def speak(self, moment: Moment, returning: bool) -> None:
        """Begins the touchpoint's conversation."""
        if self.participant.journey.state is State.ONBOARDING or self.participant.journey.state is State.CONSENTING:
            self.say(Said("pause/back"))
            self.ask_again()
        elif self.participant.journey.state is State.GRADUATED and moment.kind is not Kind.BOOSTER:
            self.say(Said("pause/back"))
        elif moment.kind is Kind.MORNING and not returning and self.should_check_in(moment):
            self.become(checked_in=moment.on, fewer=True)
            self.begin("check_in")
        else:
            self.begin(moment.kind.value, returning=returning)

    def should_check_in(self, moment: Moment) -> bool:
        """After three silent days one gentle question, once, and never instead of a week's theme."""
        person = self.participant
        if person.heard is None or person.fewer:
            return False
        place = journey.place_on(person.journey, moment.on, self.world.programme.length)
        last = local_day(person.heard, zone(person.zone))
        return place is not None and place.day != 1 and (moment.on - last).days > SILENT_DAYS

    # ------------------------------------------------------------ small things

    def become(self, **updates: Any) -> None:
        """Replaces fields of the participant; a change of the journey's state is an event."""
        before = self.participant.journey.state
        self.participant = replace(self.participant, **updates)
        after = self.participant.journey.state
        if before is not after:
            self.events.append(Travelled(before, after))

    def travel(self, to: State) -> None:
        """Moves the journey along an arrow of the table."""
        on = journey.today(self.participant, self.world.now)
        self.become(journey=journey.travel(self.participant.journey, to, on))

    def say(self, said: Said) -> None:
        """Adds something to say, at the urgency of this turn."""
        self.events.append(replace(said, urgency=self.urgency, expires=self.expires))

    def add(self, event: Event, run: Run) -> None:
        """Adds an event of a step."""
        if isinstance(event, Said):
            self.say(replace(event, asked=event.asked or run.asked))
            return
        if isinstance(event, Recorded):
            place = event.slot or f"{run.step}/{sum(isinstance(e, Recorded) for e in self.events)}"
            event = replace(event, slot=f"{run.number} {run.conversation}/{place}")
            self.participant = counted(self.participant, event)
        self.events.append(event)
