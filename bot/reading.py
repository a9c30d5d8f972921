"""What somebody writes, taps or fills in, and what it means. Pure; a turn goes through it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import journey
from bot.conversations import CONVERSATIONS
from bot.conversations.gratitude import KEEP_GRATITUDE
from bot.conversations.words import (
    BEFORE_CONSENT,
    COHORT_COMMANDS,
    COMMANDS,
    FAREWELLS,
    WITH_WORDS,
    bare,
    command_in,
    is_courtesy,
    is_greeting,
    is_puzzled,
    tells_more,
    words_after,
)
from bot.filling import ANSWER
from bot.model import (
    ChoiceMade,
    FormSubmitted,
    Input,
    LocationShared,
    MessageReceived,
    Pairing,
    Reacted,
    Said,
    State,
)
from bot.renewal import Renewal
from bot.safety import screened


@dataclass(slots=True)
class Reading(Renewal):
    """The part of a turn that reads what came in."""

    def heard(self, given: Input) -> None:
        """Somebody wrote or tapped."""
        self.tell_of_losses()
        self.become(heard=self.world.now, fewer=False, reachable=True, pairing=self.pairing())
        if not (isinstance(given, MessageReceived) and self.hearing(given) is self.participant.run):
            self.step_aside()  # what said something beside the open question hears the next word, if that is its own
        if not self.holds(given):
            self.hear(given)
            self.go_on(self.hear)

    def hear(self, given: Input) -> None:
        """What it means."""
        match given:
            case MessageReceived():
                self.read(given)
            case ChoiceMade():
                self.tap(given)
            case FormSubmitted():
                self.take_form(given)
            case LocationShared() if not self.participant.runs:
                self.say(Said("unasked/location"))
            case _ if self.participant.runs:
                self.answer(given)

    def pairing(self) -> Pairing:
        """Who agreed to be written to by their platform's name is known by the present one."""
        mine, handle = self.participant.pairing, self.world.handle
        return replace(mine, handle=handle) if mine.by == "username" and handle else mine

    def read(self, given: MessageReceived) -> None:
        """A message: help for a crisis first, then commands, then the open question, then the journal.

        What stands on a button of the open question is in our words: no sign of danger, unless it says that they are.
        """
        finding = screened(self.world.screen, given.text)
        tap = self.as_tap(given, self.hearing(given))
        command = self.command(given)
        if tap is not None and (finding is None or not tap.choice.startswith("not_safe")):
            self.raise_run(tap.asked)
            self.answer(tap)
            self.step_aside()
        elif finding is not None:
            self.help_first(finding, given)
        elif given.edited:
            self.tell_of_edits()
        elif command is not None:
            if command == "join" and tells_more(given.text):
                self.put_aside(given.text)
            self.obey(command, words_after(given.text) if command in WITH_WORDS else "")
        elif given.ref and self.is_farewell(given):
            self.events.append(Reacted(given.ref, "❤"))
        elif self.participant.journey.state in (State.INVITED, State.WITHDRAWN) and not (
            self.at_work() and self.hearing(given)
        ):
            self.say_what_they_lead() if self.world.desk else self.welcome()
        elif given.kind != "text":
            self.say(Said("unasked/not_text", {"kind": given.kind}))
        elif (run := self.hearing(given)) is not None:
            self.tell_of_invitation(run)
            self.raise_run(run.asked)
            self.answer(given)
        else:
            self.read_unasked(given)

    def is_farewell(self, given: MessageReceived) -> bool:
        """Whether who has left only says thank you or goodbye; a welcome would be no answer to that."""
        left = self.participant.journey.state is State.WITHDRAWN and self.hearing(given) is None
        return left and is_courtesy(given.text, FAREWELLS)

    def tell_of_edits(self) -> None:
        """That an edit changes nothing is said once a day: some people mend every message. In need it is not said."""
        today, run = journey.today(self.participant, self.world.now), self.participant.run
        if self.participant.told_of_edits != today and not self.is_in_need():
            self.become(told_of_edits=today)
            self.say(Said("unasked/edited", {"back": run is not None and bool(run.previous)}))

    def read_unasked(self, given: MessageReceived) -> None:
        """They wrote, and nothing was asked."""
        if is_greeting(given.text):
            self.begin("today")
        elif is_puzzled(given.text):
            self.begin("help")
        elif given.ref and is_courtesy(given.text):
            self.events.append(Reacted(given.ref, "❤"))
        elif given.text.strip():
            self.begin("keeping", text=given.text)

    def take_form(self, given: FormSubmitted) -> None:
        """A form answers its questions as typed text would, and no word in it is a command; late, it is not lost."""
        text = given.text
        finding = screened(self.world.screen, text)
        stage = self.participant.journey.paused_from or self.participant.journey.state
        if finding is not None:
            self.help_first(finding, MessageReceived(text))
        elif self.raise_run(given.asked):
            self.fill_in(given)
        elif ANSWER not in given.values:
            self.say(Said("unasked/late_form", {"text": text}, private=True))
            self.ask_again()
        elif stage in (State.INVITED, State.WITHDRAWN):
            self.welcome()
        elif stage in (State.CONSENTING, State.ONBOARDING):
            self.say(Said("unasked/after_onboarding"))
            self.ask_again()
        elif given.form == KEEP_GRATITUDE:
            self.begin("shared_gratitude", text=text)
        elif text:
            self.say(Said("unasked/late"))
            self.begin("keeping", text=text)

    def command(self, given: MessageReceived) -> str | None:
        """The command that this message is, unless the open conversation keeps these words to itself."""
        if given.kind != "text" or self.is_written(given):
            return None
        run = self.participant.run
        mine = run is not None and bare(given.text) in CONVERSATIONS[run.conversation].keeps
        return None if mine else command_in(given.text)

    def obey(self, command: str, words: str = "") -> None:
        """A command, wherever the conversation stands, with the words that it carries."""
        path = self.participant.journey
        stage = path.paused_from or path.state
        outside = path.state in (State.INVITED, State.WITHDRAWN) and not self.at_work()
        if self.obey_about_cohorts(command):
            return
        if command == "start" or (command == "back" and outside):
            self.welcome()
        elif command == "back":
            if not self.go_back():
                self.say(Said("unasked/no_way_back"))
                self.ask_again()
        elif command not in COMMANDS and command not in COHORT_COMMANDS:
            self.say(Said("unasked/unknown_command"))
            self.ask_again()
        elif command in BEFORE_CONSENT or (command == "resume" and self.rests()):
            self.begin(self.conversation_of(command))
        elif stage in (State.INVITED, State.WITHDRAWN):
            self.welcome()
        elif stage in (State.CONSENTING, State.ONBOARDING):
            self.say(Said("unasked/after_onboarding"))
            self.ask_again()
        else:
            self.begin(COMMANDS.get(command) or COHORT_COMMANDS[command], **({"words": words} if words else {}))

    def tap(self, given: ChoiceMade) -> None:
        """A button. One that was answered already changes nothing (design.md §7)."""
        if self.participant.answered == (given.asked, given.choice):
            return
        if self.raise_run(given.asked):
            self.answer(given)
            self.step_aside()
        else:
            held = self.participant.sheltered is not None
            early = self.participant.journey.state in (State.CONSENTING, State.ONBOARDING) and not held
            leads = self.world.desk is not None and self.participant.journey.state in (State.INVITED, State.WITHDRAWN)
            self.say(Said("unasked/stale_early") if early else Said("unasked/stale", {"leads": leads, "held": held}))
            self.ask_again()
