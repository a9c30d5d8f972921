"""/pulse through the whole coach, on the store in memory: what a facilitator sees of a week, and when it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from bot.conversations.words import DESK_COMMANDS
from bot.model import Entry, Origin, Reply
from tests.unit.test_cohort_coach import BOT, ONBOARDING, OWNER, House

MONDAY = date(2026, 3, 9)
OVER = datetime(2026, 3, 17, 12, tzinfo=UTC)  # the first week is over everywhere
SECRET = "the queue at the pharmacy"
WHOLE = """\
Ward 4, the week from Monday 9 March: at least 10 people are counted.

• did something here: at least 5
• have paused: fewer than five
• set themselves an intention: fewer than five
• practised at least once: at least 5
• practised on three days or more: fewer than five
• answered "Yes" to a practice: at least 5
• answered "A little": fewer than five
• answered "Not today": fewer than five
• found something in the practice hard: fewer than five

Counts are rounded down to fives, and somebody can be in several of them. They change once a week."""


async def walking(house: House, people: int) -> None:
    """A cohort of so many, all of whom joined before its first day."""
    code = await house.cohort()
    for number in range(people):
        await house.says(f"9{number:02}", f"/start {code}", *ONBOARDING)


async def practised(house: House, who: str, on: date) -> None:
    """Somebody did the day's practice, and wrote about it."""
    person = (await house.person(who)).id
    at = datetime(on.year, on.month, on.day, 20, tzinfo=UTC)
    async with house.store.writing() as work:
        await work.record([Entry(f"{who} {on}", person, "practice", at, on, text=SECRET, went="did")])


def lines(text: str) -> list[str]:
    """The lines that have words."""
    return [line for line in text.splitlines() if line]


def latest(house: House, who: str) -> Reply:
    """The reply that somebody got last."""
    rows = [row.out for row in house.store._data.outbox.values()]
    return [out.reply for out in rows if house.store._data.addresses[out.address].origin == Origin(BOT, who)][-1]


async def test_a_cohort_of_twelve_is_seen_at_a_glance_and_nobody_in_it() -> None:
    house = House()
    await walking(house, 12)
    assert "no finished week yet" in await house.says(OWNER, "/pulse")
    for number in range(9):
        await practised(house, f"9{number:02}", MONDAY)
    house.clock.at = OVER - timedelta(days=1)
    assert "no finished week yet" in await house.says(OWNER, "/pulse")
    house.clock.at = OVER
    assert lines(await house.says(OWNER, "/pulse")) == lines(WHOLE)
    image = latest(house, OWNER).image
    assert image is not None
    assert image.alternative.splitlines()[0] == WHOLE.splitlines()[0]
    assert "practised at least once: at least 5" in image.alternative
    assert SECRET not in str(latest(house, OWNER))


async def test_a_week_is_counted_once_and_shown_until_the_next_one_is_over() -> None:
    house = House()
    await walking(house, 12)
    house.clock.at = OVER
    before = await house.says(OWNER, "/pulse")
    assert "practised at least once: fewer than five" in before
    for number in range(9):
        await practised(house, f"9{number:02}", MONDAY)
        await practised(house, f"9{number:02}", MONDAY + timedelta(days=7))
    await house.says("911", "/leave", "alone")
    assert await house.says(OWNER, "/pulse") == before
    house.clock.at = OVER + timedelta(days=7)
    after = await house.says(OWNER, "/pulse")
    assert "the week from Monday 16 March: at least 10 people" in after
    assert "practised at least once: at least 5" in after


async def test_fewer_than_nine_people_have_no_figures_and_no_picture() -> None:
    house = House()
    await walking(house, 8)
    house.clock.at = OVER
    assert "has no figures" in await house.says(OWNER, "/pulse")
    assert latest(house, OWNER).image is None


async def test_with_several_cohorts_one_is_chosen_and_others_are_not_shown() -> None:
    house = House()
    await walking(house, 12)
    await house.cohort()
    house.clock.at = OVER
    assert "Which group" in await house.says(OWNER, "/pulse")
    async with house.store.writing() as work:
        sizes = await work.cohorts.sizes(await work.cohorts.ids())
    large, empty = sorted(sizes, key=lambda cohort: -sizes[cohort])
    assert "at least 10 people" in await house.taps(OWNER, large)
    assert "do not know" not in await house.says(OWNER, "/pulse")
    assert "has no figures" in await house.taps(OWNER, empty)


async def test_who_does_not_lead_a_cohort_sees_none_of_it() -> None:
    house = House()
    await walking(house, 9)
    await house.facilitator("7")
    house.clock.at = OVER
    assert "no open group of yours" in await house.says("7", "/pulse")
    assert "do not know" in await house.says("900", "/pulse")
    assert "pulse" in DESK_COMMANDS


async def test_a_look_is_not_in_the_audit() -> None:
    house = House()
    await walking(house, 9)
    house.clock.at = OVER
    await house.says(OWNER, "/pulse")
    async with house.store.writing() as work:
        assert [line.act.value for line in await work.cohorts.audit(5)] == ["create"]


async def test_whom_the_figures_counted_is_forgotten_when_the_cohort_is_closed() -> None:
    house = House()
    await walking(house, 9)
    house.clock.at = OVER
    await house.says(OWNER, "/pulse", "/cohorts")
    (kept,) = house.store._data.cohorts.values()
    assert len(kept.cohort.counted) == 9
    await house.taps(OWNER, kept.cohort.id)
    await house.taps(OWNER, "close_cohort")
    await house.says(OWNER, "yes")
    (closed,) = house.store._data.cohorts.values()
    assert (closed.cohort.counted, closed.cohort.pulse) == ((), None)
    assert "no open group of yours" in await house.says(OWNER, "/pulse")
