"""Synthetic people walk the course: the same for the same seed, and every promise watched."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.model import Block, Button, ChoiceMade, Journey, MessageReceived, Participant, Reply, Span, State
from bot.rehearse import rehearse
from bot.rehearse_people import HABITS, KINDS, PHRASES, Person, company
from bot.rehearse_report import COLUMNS, LEGEND, PROMISES, Promises, slug, summary
from curriculum.loader import Library

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
MOMENT = re.compile(r"^(?:---- (?P<day>.+), (?P<zone>\S+) ----|(?P<at>\d\d:\d\d)  (?P<who>.+))$", re.MULTILINE)
ANA = Participant("ana", zone="Europe/Madrid", journey=Journey(State.ACTIVE))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One person of every kind, two weeks."""
    out = tmp_path_factory.mktemp("rehearsal")
    asyncio.run(rehearse(people=len(KINDS), weeks=2, seed=1, out=out))
    return out


def spoken(out: Path, kind: str) -> list[tuple[datetime, str, str]]:
    """The conversation of the person of this kind: local time, who, and what."""
    text = next(out.glob(f"*-{kind}-*.txt")).read_text("utf-8")
    found, day, all_of_it = list(MOMENT.finditer(text)), "", []
    for one, after in zip(found, [*found[1:], None], strict=True):
        day = one["day"] or day
        if one["at"]:
            at = datetime.strptime(f"{day} {one['at']}", "%A %d %B %Y %H:%M").replace(tzinfo=UTC)
            all_of_it.append((at, one["who"], text[one.end() : after.start() if after else None].strip()))
    return all_of_it


def test_everybody_has_a_readable_transcript(walked: Path) -> None:
    assert sorted(one.name[:4] for one in walked.iterdir()) == ["01-d", "02-s", "03-s", "04-p", "05-m", "06-l", "summ"]
    mornings = [what for _, who, what in spoken(walked, "diligent") if who == "Heartsease" and "[Tell me more]" in what]
    assert len(mornings) >= 12
    assert any(what == "[I agree]" for _, who, what in spoken(walked, "diligent") if who == "Ana")


def test_every_promise_is_kept(walked: Path) -> None:
    summary = (walked / "summary.txt").read_text("utf-8")
    for promise, words in PROMISES.items():
        assert (f"- {words}: not seen" if promise == "whole" else f"✓ {words}: kept") in summary


def test_who_is_diligent_meets_the_whole_course(tmp_path: Path) -> None:
    summary = asyncio.run(rehearse(people=1, weeks=8, seed=1, out=tmp_path))
    row = next(line.split() for line in summary.splitlines() if line.startswith("diligent"))
    assert row[1:7] == ["graduated", "56", "0", "56", "0", "24"]
    assert f"✓ {PROMISES['whole']}: kept" in summary
    assert "✗" not in summary


def test_the_same_seed_writes_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    for folder in ("one", "other", "third"):
        asyncio.run(rehearse(people=2, weeks=1, seed=7 + (folder == "third"), out=tmp_path / folder))
    one, other, third = ({f.name: f.read_bytes() for f in (tmp_path / n).iterdir()} for n in ("one", "other", "third"))
    assert one == other
    assert one != third


def test_old_transcripts_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "01-diligent-ana.txt").write_text("of last week\n" * 10_000)
    asyncio.run(rehearse(people=1, weeks=1, seed=1, out=tmp_path))
    assert "of last week" not in (tmp_path / "01-diligent-ana.txt").read_text("utf-8")


def test_who_left_hears_nothing_more(walked: Path) -> None:
    said = spoken(walked, "leaver")
    left = next(n for n, (_, _, what) in enumerate(said) if what == "[Leave the course]")
    assert [who for _, who, _ in said[left + 1 :]] == ["Heartsease"]


def test_nothing_comes_during_a_pause(walked: Path) -> None:
    said = spoken(walked, "pauser")
    paused = next(n for n, (_, _, what) in enumerate(said) if what.startswith("Rest well."))
    began, until = said[paused][0], re.search(r"On \w+ (\d+ \w+) I write again", said[paused][2])
    assert until is not None
    back = datetime.strptime(f"{until[1]} 2026", "%d %B %Y").replace(tzinfo=UTC)
    assert timedelta(days=2) < back - began <= timedelta(days=7)
    back = min([back, *(at for at, _, what in said if what == "/resume")])
    asked = {at for at, who, _ in said if who != "Heartsease"}
    assert [at for at, who, _ in said if who == "Heartsease" and began < at < back and at not in asked] == []
    assert any(at > back for at, *_ in said)


def test_a_silent_person_gets_fewer_messages(walked: Path) -> None:
    said = spoken(walked, "silent")
    check_in = next(n for n, (_, _, what) in enumerate(said) if "[Fewer messages]" in what)
    days = (said[-1][0] - said[check_in][0]).days
    assert len(said) - check_in - 1 <= days


def test_the_mover_travels_over_the_date_line(walked: Path) -> None:
    text = next(walked.glob("*-mover-*.txt")).read_text("utf-8")
    assert {"Pacific/Auckland", "Pacific/Honolulu"} <= {found["zone"] for found in MOMENT.finditer(text)}


@pytest.mark.parametrize("where", ["file", "file/below"])
async def test_a_file_is_no_folder_for_transcripts(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(SettingsError, match=r"--out: .* name a folder"):
        await rehearse(people=1, weeks=1, seed=1, out=tmp_path / where)
    assert (tmp_path / "file").read_text() == "kept"


# ---------------------------------------------------------------- the watch that is kept


def reply(text: str, prompt: str = "morning/invite") -> Reply:
    return Reply(text=(Block((Span(text),)),), prompt=prompt)


def watched() -> Promises:
    return Promises(Library().programme("compassion", "en"))


NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)


def test_a_fourth_unsolicited_message_breaks_a_promise() -> None:
    promises = watched()
    for n in range(4):
        promises.sent(reply(f"{n}"), ANA, NOON, woken=True)
        promises.sent(reply(f"{n}", "sit/cue"), ANA, NOON, woken=True)
        promises.sent(reply(f"{n}"), ANA, NOON, woken=False)
    assert list(promises.broken) == ["often"]


@pytest.mark.parametrize(
    ("local", "broken"), [("21:59", []), ("22:00", ["night"]), ("06:59", ["night"]), ("07:00", [])]
)
def test_a_nudge_at_night_breaks_a_promise(local: str, broken: list[str]) -> None:
    promises = watched()
    promises.sent(reply("x"), ANA, datetime.fromisoformat(f"2026-03-04T{local}+01:00"), woken=True)
    assert list(promises.broken) == broken


@pytest.mark.parametrize(("days", "broken"), [(6, ["again"]), (7, [])])
def test_the_same_nudge_within_a_week_breaks_a_promise(days: int, broken: list[str]) -> None:
    promises = watched()
    promises.sent(reply("x"), ANA, NOON, woken=True)
    promises.sent(reply("x"), ANA, NOON + timedelta(days=days), woken=True)
    assert list(promises.broken) == broken


@pytest.mark.parametrize(("state", "broken"), [(State.PAUSED, "paused"), (State.WITHDRAWN, "left")])
def test_a_nudge_to_somebody_who_is_away_breaks_a_promise(state: State, broken: str) -> None:
    promises = watched()
    promises.sent(reply("x"), Participant("ana", journey=Journey(state)), NOON, woken=True)
    assert list(promises.broken) == [broken]


def test_overlong_messages_and_failed_turns_break_promises_too() -> None:
    promises = watched()
    promises.sent(reply("x" * 4097, "help/show"), ANA, NOON, woken=False)
    promises.sent(reply("Sorry", "unasked/sorry"), ANA, NOON, woken=False)
    promises.ended()
    assert list(promises.broken) == ["long", "failed", "whole"]


def test_the_summary_explains_its_columns() -> None:
    assert set(LEGEND) <= set(COLUMNS)
    page = summary([], "nobody").splitlines()
    assert [f"{column}: {meaning}" in page for column, meaning in LEGEND.items()] == [True] * len(LEGEND)


# ---------------------------------------------------------------- the people


def person(kind: str = "diligent") -> Person:
    return next(one for one in company(len(KINDS), 1, START, 56) if one.kind == kind)


def test_people_tap_the_buttons_that_they_see() -> None:
    ana = person()
    begin = ana.next_act()
    assert begin is not None
    assert ana.acts(begin) == ("/start", MessageReceived("/start", ref="1-1"))
    ana.reads("onboarding/more", [[Button("7:agree", "I agree"), Button("7:not_now", "Not now")]], "m1", begin)
    later = ana.next_act()
    assert later is not None
    assert begin < later <= begin + timedelta(minutes=3)
    assert ana.acts(later) == ("[I agree]", ChoiceMade("agree", 7, "m1"))


def test_every_pot_of_phrases_is_there() -> None:
    pots = {habit[1:] for habits in HABITS.values() for habit in habits if habit.startswith("=")}
    assert pots == set(PHRASES)


@pytest.mark.parametrize(("name", "file"), [("Zoë O’Hara", "zoe-ohara"), ("李小龍", "person"), ("../../etc", "etc")])
def test_any_name_makes_a_file_name(name: str, file: str) -> None:
    assert slug(name) == file
