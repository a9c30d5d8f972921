"""Danger comes before everything: the answer to what the screen found, and the course held until they go on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from bot.conversations import IN_NEED, LOOKING_ON, TOUCHPOINTS
from bot.conversations.in_need import NOT_SAFE, agreed, asked_for, led_by, sheltered, understood
from bot.conversations.safety_plan import with_part
from bot.conversations.words import COMMANDS
from bot.doorstep import PARTED, Doorstep
from bot.model import Alerted, Kind, MessageReceived, Participant, Recorded, State
from bot.roster import rostered
from bot.safety import Finding
from bot.timetable import Moment, day_begins, instant, moments, quiet_begins, quiet_ends, zone
from bot.walk import waits_aside

SCREEN_FAILED = "screen/failed"  # bot/safety.py: our fault, and no sign that the course has to wait
A_DAY = timedelta(days=1)
BUSY = timedelta(minutes=10)  # somebody in the middle of a letter is not interrupted by a nudge
ECHO = timedelta(seconds=20)  # in which nobody reads the answer to a concern and says the same to it
FINDING_PEOPLE = frozenset({"support", "country"})  # the answer to danger has the numbers: these are done with
ASKED_IF_SAFE = IN_NEED | {"grounding"}  # in these, not being safe is one of the answers
HELD = frozenset({PARTED})  # conversations that we begin ourselves by an alarm: they wait as well


@dataclass(slots=True)
class Refuge(Doorstep):
    """The part of a turn that answers danger, and keeps quiet afterwards. `rang`: a timer of theirs, in this turn."""

    rang: bool = False

    def help_first(self, finding: Finding, given: MessageReceived) -> None:
        """A warm answer with numbers, before and instead of any conversation; what they wrote is kept for them.

        Who was asked whether they are safe, and says that they are not, has answered, and is not asked again; unless
        this is when those who lead are told, which they have to hear.
        """
        self.break_off()
        run = self.participant.run
        if run is not None and run.conversation in ASKED_IF_SAFE and understood(given, {"not_safe": NOT_SAFE}):
            if self.participant.sheltered is None:
                self.events.append(Alerted(finding.level, finding.rule))
            if self.hold_the_course(finding.language):
                self.begin("crisis", language=finding.language, told=True)
            else:
                self.answer(given)
            return
        if self.is_echo(finding, given.text):
            self.ask_again()
            return
        self.events.append(Alerted(finding.level, finding.rule))
        if agreed(self.participant):
            self.become(asked=self.participant.asked + 1)
            self.events.append(Recorded("journal", given.text, slot=f"{self.participant.asked} safety"))
            self.keep_the_plan(given.text)
        self.keep(one for one in self.participant.runs if one.conversation not in FINDING_PEOPLE)
        if given.edited and finding.level == "concern" and run is not None and run.conversation in IN_NEED:
            self.ask_again()  # milder words in place of what is asked about already are no second sign
        elif finding.level == "urgent" or self.is_in_need():
            told = finding.rule != SCREEN_FAILED and self.hold_the_course(finding.language)
            self.begin("crisis", language=finding.language, told=told)
        else:
            self.begin("concern", language=finding.language, said=digest(given.text))

    def is_echo(self, finding: Finding, text: str) -> bool:
        """Whether these are the very words that were just asked about with care, sent twice: no second sign, once.

        A third time is one, and so is the same said later: that may be the answer to how they are.
        """
        run = self.participant.run
        if run is None or run.conversation != "concern" or finding.level != "concern" or run.started is None:
            return False
        if run.notes.get("said") != digest(text) or self.world.now - run.started > ECHO:
            return False
        heard = replace(run, notes={**run.notes, "said": ""})
        self.become(runs=(*self.participant.runs[:-1], heard))
        return True

    def keep_the_plan(self, text: str) -> None:
        """A safety plan names danger: its words get help first as well, and stand in the plan nevertheless."""
        run = self.participant.run
        if run is not None and (run.conversation, run.step) == ("safety_plan", "write"):
            self.become(safety_plan=with_part(self.participant, int(run.notes["part"]), text))

    def hold_the_course(self, language: str) -> bool:
        """Nothing of the course comes any more; whether those who lead were asked to get in touch, as they chose."""
        before, person = self.participant.sheltered, self.participant
        self.become(sheltered=sheltered(person, self.world.now, language))
        cohort = led_by(person, self.world.cohort)
        if before is not None or cohort is None or not person.calls_leader:
            return False
        self.events += asked_for(person, cohort, self.world.now)
        return True

    def rests(self) -> bool:
        """Whether the course waits for their word, be it a pause or held."""
        return self.participant.sheltered is not None or self.participant.journey.state is State.PAUSED

    def conversation_of(self, command: str) -> str:
        """What a command begins: /resume means the course where that is held."""
        return "going_on" if command == "resume" and self.participant.sheltered is not None else COMMANDS[command]

    # ------------------------------------------------------------ while the course is held

    def held_moments(self) -> list[datetime]:
        """When to wake while the course is held: for what they began themselves, and for the one question."""
        ours = [timer.at for timer in self.participant.timers if timer.name not in HELD]
        question = gentle_question(self.participant)
        return ours if question is None else [*ours, max(question.at, min(self.busy_until(), question.until))]

    def stay_near(self) -> None:
        """The day after, one gentle question with the numbers; then silence, for as long as they want."""
        now, question = self.world.now, gentle_question(self.participant)
        held = self.participant.sheltered
        if question is None or held is None or now < question.at or now < min(self.busy_until(), question.until):
            return
        self.become(sheltered=replace(held, asked=True))
        if now < question.until and self.participant.reachable:
            self.urgency, self.expires = "scheduled", question.until
            self.begin("staying", how="next_day", at=now, language=held.language)
            self.urgency, self.expires = "reply", None

    def busy_until(self) -> datetime:
        """Until when a nudge would interrupt something that the person began themselves."""
        now, heard = self.world.now, self.participant.heard
        run = next((run for run in reversed(self.participant.runs) if not waits_aside(run)), None)
        if self.rang or any(timer.name not in LOOKING_ON for timer in self.participant.timers):
            return now + BUSY
        if run is None or heard is None or run.conversation in TOUCHPOINTS:
            return now
        return max(now, heard + BUSY)


def digest(text: str) -> str:
    """By which the same words are known again, without keeping them."""
    return blake2b(text.strip().encode("utf-8", "replace"), digest_size=8).hexdigest()


def gentle_question(person: Participant) -> Moment | None:
    """When to ask on the day after; None if it was asked, if they were here that day, or where no course was running.

    It comes at the time of their first message of an ordinary day, days off included, and never in quiet hours.
    """
    held = person.sheltered
    if held is None or held.asked or person.journey.state not in (State.ACTIVE, State.GRADUATED):
        return None
    tz, on = zone(person.zone), held.since + A_DAY
    if person.heard is not None and person.heard >= day_begins(on, tz):
        return None
    first = next(iter(moments(person.rhythm, tz, on)), None)
    at = first.at if first else instant(on, rostered(person.rhythm, on).morning, tz)
    at = quiet_ends(person.rhythm, tz, at)
    turn = day_begins(on + A_DAY, tz)
    return Moment(Kind.MORNING, on, at, min(turn, quiet_begins(person.rhythm, tz, at) or turn))
