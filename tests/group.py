"""Cohorts, roles and invitations around one person of a golden conversation: the real looking-up and the real acts,
over the store in memory, which never waits."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from bot.cohorts.acts import carry_out
from bot.cohorts.desk import FrontDesk, Seen
from bot.cohorts.model import FACILITATOR, OWNER, Act, Actor, Cohort, Invitation, Lesson, Posts, Theme
from bot.model import Amended, Decided, Entry, Event, Input, Journey, Origin, Participant, Recorded, State, WokeUp
from bot.ports import Known
from bot.storage.memory import MemoryUnitOfWork
from bot.storage.memory_data import Data
from bot.timetable import zone
from tests.partners import paired, pairs_of

BOT = "telegram:1"
HOME = Origin(BOT, "4815162342")

CLASSES: Mapping[str, tuple[Act, Mapping[str, Any]]] = {
    "the class moves": (Act.CHANGE_CLASS, {"changes": {"starts": datetime(2026, 3, 19, 17, tzinfo=UTC)}}),
    "the class is called off": (Act.CANCEL_CLASS, {}),
    "the recap is written": (Act.RECAP, {"text": "We listened in pairs."}),
}


def _classes(told: Mapping[str, Any], now: datetime) -> tuple[Lesson, ...]:
    """Classes at these local times of the cohort; the first may have a recap."""
    starts = [datetime.fromisoformat(at).replace(tzinfo=zone("Europe/Madrid")) for at in told.get("classes", ())]
    planned = now - timedelta(days=7)
    recap = told.get("recap", "")
    return tuple(
        Lesson(
            f"class {number}",
            "Loving-kindness",
            at.astimezone(UTC),
            place="Room 4",
            changed=planned,
            recap=recap if number == 1 else "",
            recapped=planned if recap and number == 1 else None,
        )
        for number, at in enumerate(starts, 1)
    )


def done(act: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        act.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class Group:
    """`given` may name a `role` (owner, facilitator), `cohorts` and what the person `walks_in`.

    A cohort's code is its id in capital letters, unless it says its `code`, and LEAD is the code of a facilitator's
    invitation.
    """

    def __init__(self, given: Mapping[str, Any], person: Participant, now: datetime) -> None:
        self.work, codes, self.ids = MemoryUnitOfWork(Data()), count(1), count(1)
        self.cohorts, self.role = self.work.cohorts, given.get("role", "")
        owners = frozenset({f"telegram:{HOME.platform_id}"} if self.role == OWNER else ())
        self.front = FrontDesk(owners, lambda _: "https://t.me/coach?start=", lambda: f"CODE{next(codes)}")
        self.person = person.id
        self._know(person)
        for told in given.get("cohorts", ()):
            done(self._found(told, now))
        if self.role == FACILITATOR:
            done(self.cohorts.grant(person.id, FACILITATOR))
        if "walks_in" in given:
            done(self.cohorts.enter(person.id, given["walks_in"], now))
            done(paired(self.work, given, person, now))
        lead = Invitation("lead", "facilitator", "", "somebody", now, now + timedelta(days=7), uses_left=1)
        done(self.cohorts.invite(lead, "LEAD"))

    def _know(self, person: Participant) -> None:
        data = self.work._data
        data.put(data.people, person.id, Known(person, BOT, None, 0))

    async def _found(self, told: Mapping[str, Any], now: datetime) -> None:
        code = told.get("code", told["id"].upper())
        cohort = Cohort(
            id=told["id"],
            name=told["name"],
            programme="compassion",
            pacing="own" if told.get("pacing") == "own" else "calendar",
            starts_on=date.fromisoformat(told["starts"]),
            zone="Europe/Madrid",
            host=told.get("host", "Agnes"),
            code="" if code == "none" else code,
            knocking=tuple(f"{told['id']} guest {number}" for number in range(int(told.get("invited", 0)))),
            pairs=pairs_of(told),
            themes=tuple(Theme(int(week), note) for week, note in told.get("themes", {}).items()),
        )
        if "home" in told:
            cohort = replace(cohort, home=await self._chat(told), posts=Posts(evening=time(18)))
        cohort = replace(cohort, classes=_classes(told, now))
        await self.cohorts.add(cohort, None)
        await self.cohorts.invite(Invitation(told["id"], "cohort", told["id"], "agnes", now), code)
        if "leader" in told:
            self._know(Participant(told["leader"], address="hers"))
            await self.cohorts.grant(told["leader"], FACILITATOR, told["id"])
        if told.get("led") != "no" and self.role == FACILITATOR:
            await self.cohorts.grant(self.person, FACILITATOR, told["id"])
        for person in cohort.knocking:
            self._know(Participant(person, journey=Journey(State.CONSENTING), joining=cohort.id))
        walking = Journey(State.ACTIVE, anchor=cohort.starts_on)
        for number in range(int(told.get("joined", 0))):
            who = Participant(f"{told['id']} {number}", name=f"N{number}", journey=walking, heard=now)
            self._know(replace(who, cohort=cohort.id))
            await self.cohorts.enter(f"{told['id']} {number}", told["id"], now)
            if number < int(told.get("coming", 0)):
                await self.cohorts.attendance.answer(f"{told['id']} {number}", told["id"], "class 1", True)

    async def _chat(self, told: Mapping[str, Any]) -> str:
        """The channel at which a cohort is at home, by its platform's id."""
        origin = Origin(BOT, told["home"])
        chat = (await self.work.persons([origin]))[origin]
        home = self.work._data.people[chat]
        self.work._data.put(
            self.work._data.people, chat, replace(home, participant=replace(home.participant, home_of=told["id"]))
        )
        return chat

    async def _close(self, now: datetime) -> None:
        for known in (await self.cohorts.load(await self.cohorts.ids())).values():
            await self.cohorts.save(replace(known, cohort=replace(known.cohort, closed_on=now.date())))

    async def _edit(self) -> None:
        for known in (await self.cohorts.load(await self.cohorts.ids())).values():
            await self.cohorts.save(replace(known, cohort=replace(known.cohort, themes=(Theme(3, text="We rest."),))))

    @property
    def pages(self) -> tuple[Entry, ...]:
        """What the person wrote and did, newest first."""
        return tuple(done(self.work.entries(self.person)))

    def keep(self, events: Sequence[Event], person: Participant, now: datetime) -> None:
        """What the coach would write down of a turn; `asked` numbers them."""
        for number, event in enumerate(events):
            if isinstance(event, Recorded):
                on = now.astimezone(zone(person.zone)).date()
                entry = Entry(event.slot or f"{person.asked} {number}", person.id, event.kind, now, on, text=event.text)
                done(self.work.record([entry]))
            if isinstance(event, Amended):
                done(self.work.amend(person.id, event.entry, event.text))

    def look(self, person: Participant, given: Input, now: datetime) -> Seen:
        """What the coach would look up before this turn."""
        origin = None if isinstance(given, WokeUp) else HOME
        return done(self.front.look(self.work, Known(person, BOT, None, 0), given, now, origin))  # type: ignore[no-any-return]

    def carry_out(self, decided: Decided, actor: Actor, now: datetime) -> None:
        """What the coach would do with a decision."""
        done(carry_out(decided, actor, self.cohorts, now, lambda: f"id{next(self.ids)}"))

    def meanwhile(self, what: str, now: datetime) -> None:
        """Something that others do: the links end, or the person's role."""
        match what:
            case "the links end":
                for cohort in done(self.cohorts.ids()):
                    done(self.cohorts.revoke(cohort, now))
            case "the role ends":
                done(self.cohorts.withdraw(self.person, FACILITATOR))
                self.front = replace(self.front, owners=frozenset())
            case "the partner leaves":
                (mate, *_) = done(self.cohorts.meetings.latest(self.person, done(self.cohorts.ids())[0])).mates
                self.carry_out(Decided(Act.LEAVE, mate.person.cohort, {"met": False}), Actor(mate.person.id), now)
            case "the group is closed":
                done(self._close(now))
            case "the theme changes":
                done(self._edit())
            case _ if what in CLASSES:
                (cohort,) = done(self.cohorts.look(done(self.cohorts.ids()))).values()
                act, detail = CLASSES[what]
                decided = Decided(act, cohort.cohort.id, {"lesson": cohort.cohort.classes[0].id, **detail})
                self.carry_out(decided, Actor("somebody", frozenset({OWNER})), now)
            case _:
                raise AssertionError(f"nobody does {what!r}")

    def stirred(self) -> bool:
        """Whether what others did wakes the person."""
        data = self.work._data
        known = data.people[self.person]
        data.put(data.people, self.person, replace(known, wake_at=None))
        return known.wake_at is not None
