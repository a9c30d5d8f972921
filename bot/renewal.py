"""Where the words that somebody agreed to have changed, they are asked again before anything goes on. Pure.

What they write or tap meanwhile is not lost: it waits in the run that asks, and goes on once they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot import consent
from bot.conversations import CONVERSATIONS, IN_NEED
from bot.conversations.base import meant, needs_no_consent
from bot.conversations.renewing import with_another
from bot.conversations.words import (
    BEFORE_CONSENT,
    DESK_COMMANDS,
    SAID_TO_US,
    SENTENCES,
    WITH_A_CODE,
    bare,
    code_in,
    command_in,
    tells_more,
)
from bot.model import ChoiceMade, FormSubmitted, Input, MessageReceived, Run, State
from bot.refuge import Refuge
from bot.safety import screened
from bot.timetable import local_day, zone

STILL = frozenset({*BEFORE_CONSENT, *DESK_COMMANDS, *WITH_A_CODE, "pause", "back"})  # what goes on all the same


@dataclass(slots=True)
class Renewal(Refuge):
    """The part of a turn that stands before the course."""

    def holds(self, given: Input) -> bool:
        """Whether this waits until they have agreed to the new words; then these are what is asked."""
        in_need = self.participant.sheltered is not None
        if in_need or not consent.is_due(self.participant, self.world.age) or self.goes_on(given):
            return False
        run = self.renewing
        waiting = with_another(run.notes.get("waiting", ()) if run else (), packed(given))
        if run is None:
            self.begin(consent.RENEWAL, waiting=waiting)
        else:
            self.raise_run(run.asked)
            self.become(runs=(*self.participant.runs[:-1], replace(run, notes={**run.notes, "waiting": waiting})))
            self.ask_again()
        return True

    def goes_on(self, given: Input) -> bool:
        """Help, work with cohorts, looking at one's data, and leaving need no agreement to the new words."""
        match given:
            case MessageReceived():
                if given.edited or given.kind != "text" or screened(self.world.screen, given.text) is not None:
                    return True
                command = None if self.is_written(given) else command_in(given.text)
                return command in STILL if command is not None else is_free(self.hearing(given))
            case ChoiceMade() | FormSubmitted():
                asked = next((run for run in self.participant.runs if run.asked == given.asked), None)
                if asked is None:
                    return isinstance(given, ChoiceMade)
                return is_free(asked)
        return is_free(self.participant.run)

    def hearing(self, given: MessageReceived) -> Run | None:
        """The run whose question a text answers: the latest, but one that waits aside takes its own words alone.

        Those on its buttons are among them.
        """
        for run in reversed(self.participant.runs):
            hears = CONVERSATIONS[run.conversation].hears
            if hears is None or meant(given, hears) is not None or self.as_tap(given, run) is not None:
                return run
        return None

    def is_written(self, given: MessageReceived) -> bool:
        """Whether this sentence is no command: a part of what they write, or "I'm back" from who was not away.

        Words of their own around an invitation's code are such a part, too, and so is the code itself in a text that
        somebody writes for others.
        """
        command, run = SENTENCES.get(bare(given.text)), self.hearing(given)
        if command == "resume":
            early = self.participant.journey.state in (State.CONSENTING, State.ONBOARDING)
            return not early and not self.rests()
        invites = command is None and is_invitation(given.text)
        tells = invites and tells_more(given.text)
        if run is None or not (invites or (command is not None and run.conversation not in SAID_TO_US)):
            return False
        if tells and run.conversation in IN_NEED:  # what is written there is heard, and kept
            return True
        question = self.question(run)
        if question is None:
            return False
        for_others = any((blank.step, blank.kind) == (run.step, "text") for blank in question.blanks)
        return (question.writes and (tells or not invites)) or (for_others and invites)

    def go_on(self, hear: Callable[[Input], None]) -> None:
        """They have agreed: what waited goes on, else what the question had interrupted comes back."""
        run = self.renewing
        if run is None or consent.is_due(self.participant, self.world.age):
            return
        self.keep(other for other in self.participant.runs if other is not run)
        for one in run.notes.get("waiting", ()):
            hear(unpacked(one))
        if not run.notes.get("waiting"):
            self.ask_again()

    def remind(self, on: date) -> None:
        """A later day's first message says once, in its place, what it waits for; then all is quiet."""
        run = self.renewing
        asked_on = local_day(run.started, zone(self.participant.zone)) if run and run.started else on
        if run is not None and asked_on < on and not run.notes.get("reminded"):
            self.raise_run(run.asked)
            self.become(runs=(*self.participant.runs[:-1], replace(run, notes={**run.notes, "reminded": True})))
            self.ask_again()

    @property
    def renewing(self) -> Run | None:
        """The run that asks."""
        return next((run for run in self.participant.runs if run.conversation == consent.RENEWAL), None)


def is_invitation(text: str) -> bool:
    """Whether a message gives a code, and is no command with a slash, as a platform makes of a link that is tapped."""
    return not text.lstrip().startswith("/") and code_in(text) is not None


def is_free(run: Run | None) -> bool:
    """Whether answering this question keeps nothing that the course would."""
    return run is not None and needs_no_consent(CONVERSATIONS[run.conversation])


def packed(given: Input) -> tuple[Any, ...]:
    """An input as a run's notes can hold it."""
    match given:
        case MessageReceived():
            return "says", given.text
        case ChoiceMade():
            return "taps", given.choice, given.asked, given.ref
        case FormSubmitted():
            return "fills", given.form, dict(given.values), given.asked
    return ("nothing",)


def unpacked(one: tuple[Any, ...]) -> Input:
    """The input that was packed; of any other, an empty message."""
    match one:
        case "taps", choice, asked, ref:
            return ChoiceMade(choice, asked, ref)
        case "fills", form, values, asked:
            return FormSubmitted(form, values, asked)
        case "says", text:
            return MessageReceived(text)
    return MessageReceived("")
