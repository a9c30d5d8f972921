"""Eight weeks of a group of twelve: at home in a Slack channel, three of them in Telegram, led by two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import eight_weeks, findings
from tests.e2e.eight_weeks import ALONE, GONE, UNPAIRED, at, lost_days
from tests.e2e.findings import MADRID, PROGRAMME, days_of_the_course, local
from tests.e2e.stage import staged
from tests.e2e.ward import FRIDAY, GROUP, OWNERS, WARD, Ward

WEEKS = range(1, PROGRAMME.length + 1)


@pytest.mark.parametrize("mode", ["socket", pytest.param("http", marks=pytest.mark.long)])
async def test_twelve_people_walk_eight_weeks(tmp_path: Path, mode: str) -> None:
    async with staged(tmp_path, FRIDAY, mode, OWNERS=OWNERS) as stage:
        ward = Ward.of(stage)
        await eight_weeks.before(ward)
        await eight_weeks.a_message_is_held_and_a_class_is_missed(ward)
        await eight_weeks.words_are_written_and_a_message_is_called_off(ward)
        await eight_weeks.two_leave_the_channel(ward)
        await eight_weeks.an_account_is_gone(ward)
        await eight_weeks.the_channel_is_lost_twice(ward)
        await ward.to(at(9, 1, 7, 30))
        pages = await eight_weeks.as_its_leaders_see_it(ward)
        assert await stage.product.terminate() == 0
        log = stage.product.log()
        data = findings.stored(tmp_path)
    assert len(stage.wrote) > 100
    assert set(stage.shared.values()) == {"named", "unnamed", "back"}
    assert findings.leaks(ward, log, pages, data) == []
    assert not any(secret in log for secret in (GROUP, "Agnes", "Hana", "Jane"))
    everybody_was_met_at_their_minute_and_once(ward)
    the_channel_had_the_groups_life(ward)
    everybody_met_somebody_new(ward)


def everybody_was_met_at_their_minute_and_once(ward: Ward) -> None:
    assert findings.said_at_night(ward) == []
    assert findings.said_twice(ward) == []
    for one in ward.people:
        name, last = GONE
        days = days_of_the_course(0, 7 * last - 5 if one.name == name else 56)
        assert findings.minutes_missed(ward, one, days) == [], one.name
        assert findings.themes_told(ward, one.room) == [n for n in WEEKS if one.name != name or n <= last], one.name
    gone = ward.named(GONE[0])
    assert max(each.at for each in ward.stage.to(gone.room)) < at(GONE[1], 3, 10)


def the_channel_had_the_groups_life(ward: Ward) -> None:
    posts = [each for each in ward.stage.to(f"slack:{WARD}") if findings.SHARED not in each.text]
    classes = [each for each in posts if each.text.startswith("The next class")]
    came = [(when.date(), when.hour) for when in (local(each, MADRID) for each in posts[1:] if each not in classes)]
    assert len(classes) == 4
    assert sorted(came) == sorted({(day, hour) for day in days_of_the_course() for hour in (8, 18)} - lost_days())
    assert findings.themes_told(ward, f"slack:{WARD}") == list(WEEKS)
    assert [PROGRAMME.week(8).title in one.text for one in ward.channel.pinned] == [True]
    assert findings.named_in_the_channel(ward) == []
    standing = findings.leaks_in("\n".join(one.everything for one in ward.channel.messages))
    assert standing == {mark for mark, how in ward.stage.shared.items() if how != "back"}


def everybody_met_somebody_new(ward: Ward) -> None:
    rounds = ward.meetings()
    assert list(rounds) == list(WEEKS)
    for week, groups in rounds.items():
        names = [name for group in groups for name in group]
        assert len(names) == len(set(names)), (week, groups)
        absent = {UNPAIRED, *({ALONE} if week > 3 else ()), *({GONE[0]} if week > GONE[1] else ())}
        assert set(names) == {one.name for one in ward.people} - absent, week
    assert findings.needless_repeats(rounds) == []


@pytest.mark.long
async def test_twelve_people_begin_at_the_official_rates(tmp_path: Path) -> None:
    async with staged(tmp_path, FRIDAY, "socket", official=True, OWNERS=OWNERS) as stage:
        ward = Ward.of(stage)
        await ward.begins()
        await ward.to(at(1, 1, 20, 30))
        early = [one for one in ward.people if one.name != "Gus"]
        for one in early:
            assert findings.minutes_missed(ward, one, days_of_the_course(0, 1)) == []
        assert findings.said_twice(ward) == []
        assert [one.text for one in ward.channel.feed if "Week 1" in one.text] != []
