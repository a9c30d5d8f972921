"""A group of twelve at home in a Slack channel, three of them in Telegram, and those who lead it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from tests.e2e.cast import InSlack, InTelegram, Walker, answered
from tests.e2e.stage import Stage
from tests.standin.slack import Channel

WARD, GROUP = "C1", "Ward 4, spring"
OWNERS = "slack:T1/U1"
FRIDAY = datetime(2026, 3, 6, 9, tzinfo=UTC)  # before the first Monday
MONDAY = date(2026, 3, 9)
PLACE = "Room 4, https://meet.example/ward?x=1&y=2"
INTRODUCED = re.compile(r"This week you and (.+?) are partners|^([A-Z][\w, ]+): you are partners this week")
MEMBERS: Sequence[tuple[str, str, time, time]] = (
    ("Ana", "Europe/Madrid", time(8), time(20)),
    ("Ben", "Europe/Madrid", time(8), time(20)),
    ("Cleo", "Europe/Madrid", time(8), time(20)),
    ("Dora", "Europe/Madrid", time(8), time(18)),
    ("Emil", "Europe/London", time(7), time(19)),
    ("Fay", "Europe/Helsinki", time(9), time(21)),
    ("Gus", "America/New_York", time(8), time(20)),
    ("Hana", "Europe/Madrid", time(8), time(20)),
    ("Ivo", "Europe/Madrid", time(8), time(20)),
)
BY_LINK: Sequence[tuple[str, str, time, time]] = (
    ("Jane", "Europe/Madrid", time(8), time(20)),
    ("Kim", "Atlantic/Canary", time(7), time(19)),
    ("Lars", "Europe/Madrid", time(8), time(20)),
)


@dataclass(slots=True)
class Ward:
    """`agnes` owns the installation and leads; `bo` is invited to lead too; `people` are the twelve."""

    stage: Stage
    channel: Channel
    agnes: InSlack
    bo: InSlack
    people: list[Walker] = field(default_factory=list)

    @classmethod
    def of(cls, stage: Stage) -> Ward:
        """Everybody is there, and nobody has done anything."""
        agnes, bo = (
            InSlack(stage, name, "Europe/Madrid", member=stage.slack.member(f"U{number}", name))
            for number, name in ((1, "Agnes"), (2, "Bo"))
        )
        ids = [f"U{number}" for number in (1, 2, *range(11, 11 + len(MEMBERS)))]
        return cls(stage, stage.slack.channel(WARD, "ward", people=ids), agnes, bo)

    def named(self, name: str) -> Walker:
        """One of the twelve."""
        return next(one for one in self.people if one.name == name)

    # ------------------------------------------------------------ how it begins

    async def begins(self) -> None:
        """Agnes settles the group, Bo leads it with her, and twelve come in."""
        agnes, bo = self.agnes, self.bo
        agnes.member.runs("/heartsease cohort", WARD)
        await self.stage.settle()
        await agnes.does("Make a new group", GROUP, "Next Monday", "Together, in the same week", "Agnes")
        await agnes.does("08:00", "No days off", "18:00", "Everybody in the chat", "Post it")
        await agnes.does("/cohorts", GROUP, "Invite somebody to lead it too", "Yes")
        await bo.does(f"/join {code_in(agnes)}")
        await agnes.does("/cohorts", GROUP, "Show the invitation link")
        assert agnes.told(f"https://t.me/heartsease_bot?start={code_in(agnes)}")
        await self.come_in(code_in(agnes))

    async def come_in(self, code: str) -> None:
        """Nine by the button in the channel, three by the link; the same few questions for each, in private."""
        stage = self.stage
        for number, (name, zone, morning, evening) in enumerate(MEMBERS, 11):
            member = stage.slack.member(f"U{number}", name, zone)
            self.people.append(InSlack(stage, name, zone, morning, evening, member=member))
            member.taps_in(WARD, "Join in private")
        for number, (name, zone, morning, evening) in enumerate(BY_LINK, 21):
            person = stage.telegram.person(number, name)
            self.people.append(InTelegram(stage, name, zone, morning, evening, person=person))
            person.says(f"/start {code}")
        stage.acting |= {one.room for one in self.people}
        await self.together(["I agree"] * len(self.people))
        await self.together([one.name for one in self.people])
        await self.together(["" if isinstance(one, InSlack) else one.zone for one in self.people])
        await self.together([f"{one.morning:%H:%M}" for one in self.people])
        await self.together([f"{one.evening:%H:%M}" for one in self.people])
        await self.together(["No"] * len(self.people))
        for one in self.people:
            assert one.told(f"You are in {GROUP} now"), (one.name, [m.text for m in one.messages])
            one.catch_up()

    async def together(self, acts: Sequence[str]) -> None:
        """Each does one thing, all at once."""
        await self.stage.settle()
        for one, act in zip(self.people, acts, strict=True):
            if not act:
                continue
            self.stage.acting.add(one.room)
            if act in one.labels(one.messages[-1]):
                one.tap(act, one.messages[-1])
            else:
                one.say(act)
        await self.stage.settle()

    # ------------------------------------------------------------ how it goes

    async def to(self, until: datetime) -> None:
        """Until this moment, everybody answering as they go."""
        await self.stage.walk(until, lambda: answered(self.stage, self.people))

    async def plans(self, leader: Walker, text: str) -> None:
        """A message to everybody, tomorrow at three in the afternoon of each."""
        await leader.does("/broadcast")
        if "Write a new message" in leader.labels(leader.messages[-1]):
            await leader.does("Write a new message")
        await leader.does(text, "It can stay like this", "Everybody", "At a time of theirs", "Tomorrow", "15:00")
        await leader.does("Send it")

    def met_in(self, week: int) -> set[frozenset[str]]:
        """Who were told of each other in a week; each reader's own account counts."""
        return self.meetings().get(week, set())

    def meetings(self) -> dict[int, set[frozenset[str]]]:
        """The same of every week."""
        found: dict[int, set[frozenset[str]]] = {}
        for one in self.people:
            for room in (one.room, *one.rooms_together):
                for each in self.stage.to(room):
                    if (told := INTRODUCED.search(each.text)) is not None:
                        names = {*re.findall(r"[A-Z]\w+", told[1] or told[2]), one.name}
                        week = (each.at.date() - MONDAY).days // 7 + 1
                        found.setdefault(week, set()).add(frozenset(names))
        return dict(sorted(found.items()))

    def readers(self, words: str) -> list[str]:
        """Who has been told this, once for each time."""
        return sorted(one.name for one in self.people for _ in one.told(words))


def code_in(leader: Walker) -> str:
    """The invitation that they were shown last."""
    codes: list[str] = re.findall(r"join (\S{22})", "\n".join(message.text for message in leader.messages))
    return codes[-1]
