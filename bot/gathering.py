"""The turns of a group's own chat, a channel or group that is its home: the group's life, nothing personal. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from bot import journey
from bot.cohorts.classes import Post as ClassPost
from bot.cohorts.classes import class_posts
from bot.cohorts.model import Act, Cohort, Lost
from bot.cohorts.posts import has_thread, loss, opener, rhythm_of
from bot.conversations.joining import described_on
from bot.conversations.morning import written
from bot.model import (
    Carried,
    Changed,
    Choice,
    Event,
    Handled,
    Input,
    Kind,
    OneOf,
    Participant,
    Said,
    Touched,
    Turn,
    WokeUp,
)
from bot.timetable import Moment, day_begins, is_quiet, local_day, moments_between, next_moment, zone
from bot.walk import World

Post = Literal["theme", "morning", "weekly", "thread", "closing", "farewell"]

REMEMBERED = 8  # moments of the latest days, so that a date lived twice speaks once
LOOKS_AHEAD = 60  # moments: a month of two a day
A_DAY, A_SECOND = timedelta(days=1), timedelta(seconds=1)


# ---------------------------------------------------------------- its turns


def turn(home: Participant, given: Input, world: World) -> Turn:
    """What an alarm, or news of the chat, leads to."""
    visit = Gathering(home, world)
    match given:
        case WokeUp():
            visit.wake()
        case Changed():
            visit.change(given)
    return visit.turn()


def after(home: Participant, act: Act, world: World) -> Turn:
    """What the chat gets once something was done with its cohort, which `world` knows as it is now."""
    visit = Gathering(home, world)
    match act:
        case Act.SETTLE:
            visit.settle()
        case Act.OPEN | Act.REVOKE:
            visit.correct_invitation()
        case Act.UNSETTLE | Act.CLOSE:
            visit.take_leave()
    return visit.turn()


@dataclass(slots=True)
class Gathering:
    """A turn of a home chat in the making."""

    home: Participant
    world: World
    events: list[Event] = field(default_factory=list)

    def turn(self) -> Turn:
        """The finished turn."""
        return Turn(self.home, tuple(self.events), self.ahead())

    @property
    def cohort(self) -> Cohort | None:
        """The cohort that is at home here, if it is and goes on."""
        cohort = self.world.cohort
        here = cohort is not None and cohort.home == self.home.id and cohort.closed_on is None
        return cohort if here else None

    # ------------------------------------------------------------ alarms

    def wake(self) -> None:
        """The alarm rang: what has come up is said, what is past its window is missed in silence."""
        now, cohort = self.world.now, self.cohort
        if cohort is None:
            return
        rhythm, tz = rhythm_of(cohort.posts), zone(cohort.zone)
        for moment in moments_between(rhythm, tz, self.home.checked or now, now):
            post = self.brings(cohort, moment)
            if post is None:
                continue
            missed = now >= moment.until or is_quiet(rhythm, tz, now) or not self.home.reachable
            self.events.append(Touched(moment.kind, moment.on, missed))
            self.become(touched=(*self.home.touched, (moment.kind, moment.on))[-REMEMBERED:])
            if not missed:
                self.post(cohort, post, moment)
        while (about := self.class_post(cohort)) is not None and about.at <= now:
            if not is_quiet(rhythm, tz, now):
                self.events.append(replace(about.said, urgency="scheduled", expires=about.until))
            self.become(told=about.told)
        self.become(checked=max(now, self.home.checked or now))

    def class_post(self, cohort: Cohort) -> ClassPost | None:
        """The next that the chat is to get about a class."""
        return next(iter(class_posts(self.home, cohort, self.world.now)), None)

    def ahead(self) -> datetime | None:
        """When to wake next; None if nothing is left to say."""
        if (cohort := self.cohort) is None:
            return None
        about = self.class_post(cohort)
        moments = [max(about.at, self.world.now) if about else None, self.next_post(cohort)]
        return min((at for at in moments if at is not None), default=None)

    def next_post(self, cohort: Cohort) -> datetime | None:
        """When the next morning or evening comes that brings something."""
        tz = zone(cohort.zone)
        since = max(self.world.now, self.home.checked or self.world.now, day_begins(cohort.starts_on, tz) - A_SECOND)
        for _ in range(LOOKS_AHEAD):
            moment = next_moment(rhythm_of(cohort.posts), tz, since)
            if moment is None:
                return None
            if self.brings(cohort, moment):
                return moment.at
            since = moment.at
        return None

    def brings(self, cohort: Cohort, moment: Moment) -> Post | None:
        """What a morning or an evening brings; None where nothing is said, or was said already."""
        weeks, days = self.world.programme.length, (moment.on - cohort.starts_on).days
        if days < 0 or (moment.kind, moment.on) in self.home.touched:
            return None
        if moment.kind is Kind.EVENING:
            return "thread" if has_thread(cohort, moment.on, weeks) else None
        if not cohort.together:
            return "weekly" if days % journey.DAYS_IN_A_WEEK == 0 else None
        left = journey.DAYS_IN_A_WEEK * weeks - days  # days of the course, this one included
        if left <= 0:
            return "farewell" if _all_off(cohort, days + left, days) else None
        if _all_off(cohort, days + 1, days + left):
            return "closing"
        return "morning" if self.home.pinned == self.key("theme", days // journey.DAYS_IN_A_WEEK + 1) else "theme"

    # ------------------------------------------------------------ what is said

    def post(self, cohort: Cohort, post: Post, moment: Moment) -> None:
        """Says it; whoever reads it late reads it within its window."""
        number = min((moment.on - cohort.starts_on).days // journey.DAYS_IN_A_WEEK + 1, self.world.programme.length)
        match post:
            case "theme":
                said = Said("gathering/theme", {**self.lesson(cohort, moment.on), **written(cohort, number)})
                said = replace(said, key=self.key("theme", number))
            case "morning":
                said = Said("gathering/morning", self.lesson(cohort, moment.on), key=self.key("morning", moment.on))
            case "weekly":
                said = Said("gathering/weekly", {"cohort": cohort.name}, key=self.key("weekly", moment.on))
            case "thread":
                said = opener(cohort, moment.on)
            case "closing":
                facts = {"cohort": cohort.name, "weeks": self.world.programme.length}
                said = Said("gathering/closing", facts, key=self.key("closing", ""))
            case "farewell":
                said = Said("gathering/farewell", {"cohort": cohort.name}, key=self.key("farewell", ""))
        self.events.append(replace(said, urgency="scheduled", expires=moment.until))
        if post == "theme":
            self.pin(said.key)

    def lesson(self, cohort: Cohort, on: date) -> dict[str, Any]:
        """The week and the practice of the day; it is everybody's, so the words are the curriculum's own."""
        place = journey.place_of(cohort, on, self.world.programme.length)
        assert place is not None
        week = self.world.programme.week(place.week)
        practice = week.practice_on(place.day)
        invitation = OneOf(f"{practice.id} invitation", practice.invitations)
        return {"week_number": place.week, "week": week, "practice": practice, "invitation": invitation}

    def pin(self, key: str) -> None:
        """This message is pinned instead of the one before."""
        if self.home.pinned:
            self.events.append(Handled("unpin", of=self.home.pinned))
        self.events.append(Handled("pin", of=key))
        self.become(pinned=key)

    def invitation(self, cohort: Cohort) -> Said:
        """What the chat reads of the cohort, with a way in for whoever may come in by themselves."""
        open_ = cohort.posts.anybody and bool(cohort.code) and cohort.open_to == "link" and cohort.closed_on is None
        link = f"{self.world.link}{cohort.code}" if open_ and self.world.link else ""
        on = local_day(self.world.now, zone(cohort.zone))
        facts = {**described_on(cohort, on, self.world.programme.length), "open": open_, "link": link}
        said = Said("gathering/invitation", facts)
        button = open_ and not link
        return said.offering(Choice("join_here", command=f"/join {cohort.code}")) if button else said

    def key(self, post: str, of: object) -> str:
        """A key of this chat's."""
        cohort = self.world.cohort
        return f"{post}:{cohort.id if cohort else ''}:{self.home.id}:{of}"

    # ------------------------------------------------------------ news

    def settle(self) -> None:
        """A cohort is at home here from now on."""
        if (cohort := self.cohort) is None:
            return
        now, rhythm = self.world.now, rhythm_of(cohort.posts)
        self.become(home_of=cohort.id, zone=cohort.zone, rhythm=rhythm, checked=now, heard=now, reachable=True)
        self.invite(cohort)

    def invite(self, cohort: Cohort) -> None:
        """Says the invitation."""
        self.become(asked=self.home.asked + 1)
        self.events.append(replace(self.invitation(cohort), key=self.key("invitation", self.home.asked)))

    def correct_invitation(self) -> None:
        """The way in has changed: so does the message that shows it."""
        if (cohort := self.world.cohort) is not None:
            of = self.key("invitation", self.home.asked)
            self.events.append(replace(self.invitation(cohort), of=of, in_place=True))

    def take_leave(self) -> None:
        """The cohort is at home here no longer, or is over."""
        if (cohort := self.world.cohort) is None or self.home.home_of != cohort.id:
            return
        self.events.append(Handled("delete", of=self.key("invitation", self.home.asked)))
        if self.home.pinned:
            self.events.append(Handled("unpin", of=self.home.pinned))
        self.events.append(Said("gathering/goodbye", {"cohort": cohort.name}))
        self.become(home_of="", pinned="")

    def change(self, given: Changed) -> None:
        """We lost the chat, or have it again; those who lead hear of a loss once, and privately."""
        match given.what:
            case "kicked" | "left" | "blocked" | "deactivated":
                self.become(reachable=False)
                self.tell_those_who_lead(given.detail)
            case "came_back" | "moved":
                self.come_back()

    def come_back(self) -> None:
        """It goes on without a pile; where nothing was said so far, the invitation may not have arrived."""
        now, cohort = self.world.now, self.cohort
        if self.home.reachable or cohort is None:
            return
        self.become(reachable=True, checked=now, heard=now)
        if not self.home.touched:
            self.invite(cohort)

    def tell_those_who_lead(self, why: str) -> None:
        """What happened, and what they can do."""
        if (cohort := self.cohort) is not None:
            lost = Lost(cohort.id, self.home.id, self.home.heard)
            self.events.extend(Carried((one,), loss(cohort, lost, one, why)) for one in cohort.facilitators)

    def become(self, **updates: Any) -> None:
        """Replaces fields of the chat."""
        self.home = replace(self.home, **updates)


def _all_off(cohort: Cohort, first: int, end: int) -> bool:
    """Whether all days in [first, end) of the cohort's course are days off."""
    return all((cohort.starts_on + timedelta(days=day)).weekday() in cohort.posts.days_off for day in range(first, end))
