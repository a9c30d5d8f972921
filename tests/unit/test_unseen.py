"""A question that waited while the platform was away, and expired: nobody saw it, so nobody is taken to answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from bot.model import Event, Kind, Touched
from tests.conversation_runner import Player

TUESDAY = {"week": "3", "day": "2", "zone": "Europe/Madrid"}
BEFORE_THE_MORNING = TUESDAY | {"at": "2026-03-24T07:59"}
BEFORE_THE_EVENING = TUESDAY | {"at": "2026-03-24T19:59"}
MORNING, EVENING = (Kind.MORNING, date(2026, 3, 24)), (Kind.EVENING, date(2026, 3, 24))
AFTER = {MORNING: "2026-03-24T12:00", EVENING: "2026-03-24T22:00"}


@dataclass
class Away(Player):
    """What is said may expire on its way."""

    touched: list[Touched] = field(default_factory=list)

    def take_event(self, event: Event, at_local: bool) -> None:
        if isinstance(event, Touched):
            self.touched.append(event)
        super().take_event(event, at_local)

    def expires(self) -> None:
        """The open question did: the store notes it, and wakes them."""
        run = self.person.runs[-1]
        assert run.started is not None
        self.person = replace(self.person, unseen=((run.asked, run.started),))
        self.touched.clear()
        self.log.clear()
        self.wake()
        assert self.person.unseen == ()

    def hears(self, *texts: str) -> list[str]:
        """What they read after each of these."""
        self.log.clear()
        for text in texts:
            self.says(text)
        return self.log


@pytest.mark.parametrize(("given", "moment"), [(BEFORE_THE_MORNING, MORNING), (BEFORE_THE_EVENING, EVENING)])
def test_all_is_as_if_it_had_been_missed(given: Mapping[str, str], moment: tuple[Kind, date]) -> None:
    one, other = Away(given), Away(given)
    one.after("1m")
    assert [run.conversation for run in one.person.runs] == [moment[0]]
    one.at(AFTER[moment])
    one.expires()
    assert (one.touched, one.log) == ([Touched(*moment, missed=True)], [])
    other.outage(f"{(one.now - other.now).total_seconds()}s")
    assert other.touched == one.touched
    texts = "It rained.", "yes", "/today", "/progress"
    assert one.hears(*texts) == other.hears(*texts)
    assert (one.leaves(), one.wake_at) == (other.leaves(), other.wake_at)


def test_it_is_read_where_they_write_before_they_are_woken() -> None:
    ana = Away(BEFORE_THE_MORNING)
    ana.after("1m")
    (run,) = ana.person.runs
    assert run.started is not None
    ana.person = replace(ana.person, unseen=((run.asked, run.started),))
    assert "keeping/offer" in ana.hears("It rained.")[0]
    assert ana.touched[-1] == Touched(*MORNING, missed=True)


def test_a_question_that_they_saw_and_that_was_put_again_stays_open() -> None:
    ana = Away(BEFORE_THE_MORNING)
    ana.after("1m")
    (run,) = ana.person.runs
    ana.person = replace(ana.person, unseen=((run.asked, ana.now.replace(hour=11)), (run.asked - 1, ana.now)))
    ana.wake()
    assert (ana.person.runs, ana.person.unseen) == ((run,), ())


def test_what_they_answered_in_time_stays_answered() -> None:
    ana = Away(BEFORE_THE_MORNING)
    ana.after("1m")
    (run,) = ana.person.runs
    assert run.started is not None
    ana.says("I will walk.")
    ana.person = replace(ana.person, unseen=((run.asked, run.started),))
    ana.wake()
    assert ana.touched == [Touched(*MORNING, missed=False)]
    assert ana.person.intention == "I will walk."


def test_the_gentle_question_after_silent_days_comes_another_day() -> None:
    ana = Away(BEFORE_THE_MORNING)
    while "check_in" not in [run.conversation for run in ana.person.runs]:
        ana.after("12h")
    asked_on = ana.person.checked_in
    assert asked_on is not None
    ana.expires()
    assert (ana.touched, ana.person.fewer) == ([Touched(Kind.MORNING, asked_on, missed=True)], False)
    ana.after("1d")
    assert ana.person.checked_in is not None
    assert ana.person.checked_in > asked_on


def test_the_end_of_the_course_is_told_another_day() -> None:
    ana = Away({"week": "8", "day": "7", "zone": "Europe/Madrid", "at": "2026-03-24T21:00"})
    ana.after("12h")
    assert ana.person.runs[-1].conversation == "graduation"
    ana.expires()
    assert ana.touched == [Touched(Kind.GRADUATION, date(2026, 3, 25), missed=True)]
    ana.after("1d")
    assert "graduation/close" in ana.log[0]
    assert ana.person.journey.graduated_on == date(2026, 3, 26)
