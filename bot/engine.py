"""The conversation engine: an input comes in, a turn goes out. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import gathering, journey
from bot.clock_text import parse_zone
from bot.cohorts.classes import knowing, news
from bot.cohorts.meetings import Meeting
from bot.cohorts.model import Act, Attendance, Cohort
from bot.conversations import CONVERSATIONS, LOOKING_ON
from bot.model import (
    Changed,
    ChoiceMade,
    Decided,
    Input,
    Kind,
    Participant,
    Run,
    Said,
    State,
    Touched,
    Turn,
    WokeUp,
)
from bot.occasions import OCCASIONS, Answers, moment_ahead, moment_due
from bot.reading import Reading
from bot.refuge import HELD
from bot.roster import without_past
from bot.timetable import Moment, is_quiet, local_day, zone
from bot.walk import World

__all__ = ["World", "advance"]

SILENT_DAYS = 3  # after so many, one gentle question (design.md §3)
REMEMBERED_TOUCHPOINTS = 16  # enough for a local date lived twice, and for the silent days
AN_INSTANT = timedelta(microseconds=1)
CONVENING = frozenset({Act.PLAN_CLASS, Act.CHANGE_CLASS, Act.CANCEL_CLASS, Act.RECAP})


def advance(participant: Participant, given: Input, world: World) -> Turn:
    """The next turn of this person's conversation.

    The whole participant is the state (their journey and their stack of runs), since an interruption touches more
    than one run. The same arguments give the same turn.

    Raises:
        ValueError: `world.now` is naive.
    """
    if participant.home_of:
        return gathering.turn(participant, given, world)
    visit = Visit(participant, world)
    visit.let_go()
    match given:
        case WokeUp():
            visit.wake()
        case Changed():
            visit.change(given)
        case _:
            visit.heard(given)
    return visit.turn()


@dataclass(slots=True)
class Visit(Reading):
    """A turn with its beginning and its end: what an input or an alarm means, and when to wake next."""

    def turn(self) -> Turn:
        """The finished turn. Who wants to be forgotten is woken for that alone."""
        if self.participant.erase_at is not None:
            return Turn(self.participant, tuple(self.events), self.participant.erase_at)
        held = self.participant.sheltered is not None
        moments = self.held_moments() if held else self.planned_moments()
        return Turn(self.participant, tuple(self.events), min(moments, default=None))

    def planned_moments(self) -> list[datetime]:
        """When to wake next, for whatever is planned."""
        now, plans = self.world.now, self.plans
        moments = [timer.at for timer in self.participant.timers]
        due, ahead = moment_due(self.participant, *plans), moment_ahead(self.participant, *plans)
        moments += [min(self.busy_until(), due.until) if now < due.until else now] if due else []
        moments += [ahead.at] if ahead else []
        moments += [max(new.at, self.busy_until()) for new in news(self.participant, self.world.cohort, now)]
        moments += [now for event in self.events if isinstance(event, Decided) and self.concerns_me(event)]
        return moments

    def concerns_me(self, decided: Decided) -> bool:
        """Whether they changed what is planned for themselves, which they have to look at once it is done."""
        return decided.act in CONVENING and decided.object == self.participant.cohort

    @property
    def plans(self) -> tuple[Cohort | None, Meeting | None, datetime, int, Answers]:
        """What is planned for them beside their own journey, and what they said about classes, in this turn too."""
        answers = dict(self.world.answers)
        for event in self.events:
            if isinstance(event, Decided) and event.act is Act.ATTEND:
                lesson, coming = event.detail["lesson"], event.detail["coming"]
                answers[lesson] = Attendance(lesson, self.participant.id, coming)
        return self.world.cohort, self.world.meeting, self.world.now, self.world.programme.length, answers

    # ------------------------------------------------------------ what the platform says

    def change(self, given: Changed) -> None:
        """The platform told us something about the person."""
        match given.what:
            case "left" | "came_back" if given.detail:
                self.depart() if given.what == "left" else self.arrive()
            case "blocked" | "deactivated" | "kicked" | "left":
                self.break_off()
                self.become(reachable=False)
                self.call_off()
                if given.what == "deactivated":
                    self.vanish()
            case "came_back":
                self.become(reachable=True, heard=self.world.now)
                self.ask_at_last()
            case "moved_zone":
                self.become(zone=parse_zone(given.detail) or self.participant.zone)
            case "shut":
                self.shut(given.detail)

    def shut(self, asked: str) -> None:
        """Who shuts a window has read it: what it asked is over, and what comes after it has its buttons again."""
        run = self.participant.run
        if run is not None and asked == str(run.asked) and (choice := CONVERSATIONS[run.conversation].shut):
            self.answer(ChoiceMade(choice, run.asked))

    # ------------------------------------------------------------ alarms

    def wake(self) -> None:
        """The alarm rang: timers, then touchpoints, oldest first; what is past its window is missed in silence."""
        now = self.world.now
        self.ring_timers()
        if self.participant.sheltered is not None:
            self.stay_near()
            return
        self.hear_news()
        while (moment := moment_due(self.participant, *self.plans)) is not None:
            self.become(checked=max(moment.at - AN_INSTANT, self.participant.checked or moment.at))
            if now < min(self.busy_until(), moment.until):
                return
            self.touch(moment)
        person = self.participant
        rhythm = without_past(person.rhythm, journey.today(person, now))
        self.become(checked=max(now, person.checked or now), rhythm=rhythm)

    def hear_news(self) -> None:
        """A class that they know of was moved or called off: they are told, but not in quiet hours, nor much later."""
        for new in news(self.participant, self.world.cohort, now := self.world.now):
            if now >= new.until:
                self.become(told=knowing(self.participant, new.lesson))
            elif now >= max(new.at, self.busy_until()):
                self.urgency, self.expires = "scheduled", new.until
                self.begin("class", about=new.lesson.id)
                self.step_aside()
                self.urgency, self.expires = "reply", None

    def ring_timers(self) -> None:
        """The runs whose timers are due go on; their question is then the open one."""
        held = HELD if self.participant.sheltered is not None else ()
        due = (t for t in self.participant.timers if t.at <= self.world.now and t.name not in held)
        for timer in sorted(due, key=lambda t: t.at):
            self.become(timers=tuple(t for t in self.participant.timers if t != timer))
            run = next((run for run in self.participant.runs if run.conversation == timer.name), None)
            if run is not None and timer.name in LOOKING_ON:
                self.look_on(run)
            elif run is not None and self.raise_run(run.asked):
                self.rang = True
                self.follow(self.step(run, WokeUp()), run, WokeUp())

    def look_on(self, run: Run) -> None:
        """A message is brought up to date; its run stays where it lies, and takes no word that is meant for another."""
        if run.step == LOOKING_ON[run.conversation]:
            order = [other.number for other in self.participant.runs]
            self.raise_run(run.asked)
            self.follow(self.step(run, WokeUp()), run, WokeUp())
            self.become(runs=tuple(sorted(self.participant.runs, key=lambda other: order.index(other.number))))

    def touch(self, moment: Moment) -> None:
        """A touchpoint came up. A pause ends, and a booster counts, with a message that can be said."""
        person = self.participant
        resting = is_quiet(person.rhythm, zone(person.zone), self.world.now)
        missed = self.world.now >= moment.until or resting or not person.reachable
        self.events.append(Touched(moment.kind, moment.on, missed))
        self.become(touched=(*person.touched, (moment.kind, moment.on))[-REMEMBERED_TOUCHPOINTS:])
        if not missed:
            self.urgency, self.expires = "scheduled", moment.until
            self.remind(moment.on) if self.renewing else self.speak(moment)
            self.urgency, self.expires = "reply", None

    def speak(self, moment: Moment) -> None:
        """Begins the touchpoint's conversation."""
        if moment.kind in OCCASIONS:
            self.begin(moment.kind.value, about=moment.about, on=moment.on)
            self.step_aside()
            return
        person, returning = self.participant, self.participant.journey.state is State.PAUSED
        if returning:
            self.travel(person.journey.paused_from or State.ACTIVE)
        path = self.participant.journey
        early = path.anchor is not None and moment.on < path.anchor
        if (early or path.state is not State.ACTIVE) and moment.kind is not Kind.BOOSTER:
            self.say(Said("pause/back"))
            self.ask_again()
        elif not returning and self.should_check_in(moment):
            self.become(checked_in=moment.on, fewer=True)
            self.begin("check_in", on=moment.on)
        else:
            if moment.kind is Kind.BOOSTER:
                self.become(journey=replace(person.journey, boosted_on=moment.on))
            self.begin(moment.kind.value, on=moment.on, returning=returning)

    def should_check_in(self, moment: Moment) -> bool:
        """After three silent days one gentle question, once, and never instead of a week's theme."""
        person = self.participant
        if person.heard is None or person.fewer or moment.kind is not journey.first_kind(person.rhythm):
            return False
        heard = local_day(person.heard, zone(person.zone))
        silent = {on for _, on in person.touched if heard < on < moment.on}
        return len(silent) >= SILENT_DAYS and not journey.opens_week(person, moment.on)
