"""What happens to a group of twelve in eight weeks, week by week; each part checks what it alone can see."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.e2e.cast import InSlack, InTelegram, Walker
from tests.e2e.stage import MARK
from tests.e2e.ward import GROUP, MONDAY, PLACE, WARD, Ward

BROADCAST, CANCELLED = "we meet on Thursday", "There is cake"
RECAP = "We listened in pairs"
LOST = "I cannot reach the chat"
GONE = ("Hana", 4)  # whose account is deactivated, and in which week
ALONE, BY_MESSAGES = "Cleo", "Ivo"  # who leave the channel
UNPAIRED = "Lars"
PAGES = ("/metrics", "/readyz", "/healthz", "/rehearsal")
MADRID = ZoneInfo("Europe/Madrid")


def at(week: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of the course on Madrid's clock, in UTC: it begins in week 1, on day 1."""
    on = MONDAY + timedelta(days=7 * (week - 1) + day - 1)
    return datetime.combine(on, time(hour, minute), MADRID).astimezone(UTC)


async def before(ward: Ward) -> None:
    """Partners and classes are planned."""
    await ward.begins()
    ward.named(UNPAIRED).wishes["Yes, gladly"] = "No partner, please"
    ward.named(ALONE).wishes["Stay in the group, by messages"] = "Go on alone"
    for name, answer in (("Ana", "I'll be there"), ("Ben", "I'll be there"), ("Jane", "I can't")):
        ward.named(name).wishes["I'll be there"] = answer
    await ward.agnes.does("/pairs", "Begin with pairs", "2", "12:00", "Yes")
    assert ward.agnes.told("It is on"), [m.text for m in ward.agnes.messages[-5:]]
    await ward.bo.does("/class", "Plan a class every week", "2026-03-12", "18:00", "2 hours", PLACE, "4", "Yes")
    assert ward.bo.told("planned"), [m.text for m in ward.bo.messages[-9:]]


async def a_message_is_held_and_a_class_is_missed(ward: Ward) -> None:
    """Week 1. At three in the afternoon of each it is sent; Helsinki is first, New York last."""
    bo = ward.bo
    await ward.to(at(1, 3, 10))
    await ward.plans(bo, "Dear {{ name }}, we meet on **Thursday**.")
    await ward.to(at(1, 4, 14, 30))
    assert ward.readers(BROADCAST) == ["Fay"]
    await looks_at(bo, "Dear {{ name }}")
    await bo.does("Hold it")
    await ward.to(at(1, 4, 15, 30))
    assert ward.readers(BROADCAST) == ["Fay"]
    await bo.does("Let it go on")
    await ward.to(at(1, 4, 20, 30))
    assert ward.readers(BROADCAST) == sorted(one.name for one in ward.people)

    assert len(ward.named("Ana").told(f"the class of {GROUP} begins")) == 1  # an hour before, for those who come
    assert "Jane" not in ward.readers(f"the class of {GROUP} begins")
    assert ward.readers(f"The next class of {GROUP}") == sorted(one.name for one in ward.people)
    await bo.does("/class", "1", "Note who was there")
    names = [label for label in bo.labels(bo.messages[-1]) if label.startswith("✓")]
    assert {"✓ Ana", "✓ Ben"} <= set(names)
    assert "✓ Jane" not in names
    await bo.does("✓ Ben", "Keep it like this", "Write a recap", f"{RECAP}, {{{{ name }}}}.", "Yes")
    await ward.to(at(1, 5, 12))
    there = {label.removeprefix("✓ ") for label in names} - {"Ben"}
    assert ward.readers(RECAP) == sorted({one.name for one in ward.people} - there)


async def looks_at(leader: Walker, begins: str) -> None:
    """At a message of theirs, and how far it is."""
    await leader.does("/broadcast")
    await leader.does(next(label for label in leader.labels(leader.messages[-1]) if label.startswith(begins)))


async def words_are_written_and_a_message_is_called_off(ward: Ward) -> None:
    """Week 2. Journals, a message kept as a gratitude, words for a partner; and who has not read it yet never does."""
    agnes, stage = ward.agnes, ward.stage
    await ward.to(at(2, 3, 10))
    for one in ward.people:
        await one.pens("journal")
    ana = ward.named("Ana")
    assert isinstance(ana, InSlack)
    ana.member.keeps(stage.mark(ana.name))
    await stage.settle()
    for one in (each for each in ward.people if each.name != UNPAIRED and isinstance(each, InTelegram)):
        mates = set().union(*(group for group in ward.met_in(2) if one.name in group)) - {one.name}
        await one.does("/tell")
        text = stage.mark(one.name)
        stage.passed[MARK.findall(text)[0]] = mates
        await one.does(text)
        assert one.told("Passed on to") or one.told("It is on its way to"), [m.text for m in one.messages[-3:]]
    await ward.plans(agnes, CANCELLED)
    await ward.to(at(2, 4, 15, 30))
    early = ward.readers(CANCELLED)
    assert {"Fay", "Ana"} <= set(early)
    await looks_at(agnes, CANCELLED)
    await agnes.does("Call it off", "Yes")
    await ward.to(at(2, 5, 12))
    assert ward.readers(CANCELLED) == early
    assert not {"Emil", "Gus", "Kim"} & set(early)


async def two_leave_the_channel(ward: Ward) -> None:
    """Week 3. Leaving a chat is not leaving a group: each is asked, once."""
    await ward.to(at(3, 3, 10))
    for name in (ALONE, BY_MESSAGES):
        one = ward.named(name)
        assert isinstance(one, InSlack)
        one.member.leaves(WARD)
    await ward.stage.settle()
    await ward.to(at(3, 3, 11))
    assert ward.readers(f"You are no longer in the chat of {GROUP}") == [ALONE, BY_MESSAGES]


async def an_account_is_gone(ward: Ward) -> None:
    """Week 4. To somebody who was deactivated nothing more is said."""
    await ward.to(at(GONE[1], 3, 10))
    hana = ward.named(GONE[0])
    assert isinstance(hana, InSlack)
    hana.away = True
    hana.member.deactivated()
    await ward.stage.settle()


async def the_channel_is_lost_twice(ward: Ward) -> None:
    """Weeks 5 and 6. Those who lead hear of it, once; it goes on by itself when the chat is there again."""
    slack, stage = ward.stage.slack, ward.stage
    await ward.to(at(5, 2, 10))
    slack.kick(WARD)
    await stage.settle()
    await ward.to(at(5, 4, 10))
    slack.invite(WARD)
    await stage.settle()
    await ward.to(at(6, 2, 10))
    slack.archive(WARD)
    await stage.settle()
    await ward.to(at(6, 4, 10))
    slack.archive(WARD, False)
    await stage.settle()
    for leader in (ward.agnes, ward.bo):
        assert len(leader.told(LOST)) == 2


def lost_days() -> set[tuple[date, int]]:
    """The local dates and hours at which the channel could get nothing."""
    return {
        (MONDAY + timedelta(days=7 * (week - 1) + day - 1), hour)
        for week in (5, 6)
        for day, hour in ((2, 18), (3, 8), (3, 18), (4, 8))
    }


async def as_its_leaders_see_it(ward: Ward) -> dict[str, str]:
    """They look at everything that there is for them; what was answered over HTTP is returned."""
    for leader in (ward.agnes, ward.bo):
        await leader.does("/cohorts", GROUP, "/pulse", "/class", "/pairs", "/broadcast", "/themes")
    await ward.agnes.does("/audit")
    (audit,) = ward.agnes.told("The latest acts, newest first")
    assert "called off a message" in audit, audit
    assert "noted who was in a class" in audit, audit
    await ward.agnes.does("/facilitators")
    return {
        path: (await ward.stage.product.get(path)).text for path in ("/metrics", "/readyz", "/healthz", "/rehearsal")
    }
