"""The prompts as people read them: every one renders, nothing typed is read as markup, and nothing comes back soon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time

import pytest
import yaml

from bot.cohorts.acts import ACTS
from bot.cohorts.model import PRIVATE
from bot.model import OneOf, Participant, Reply, Rhythm, Said, Shift, Span
from curriculum.model import Text
from prompts.markup import plain
from prompts.renderer import HERE, Prompts, variants_in
from tests.unit.prompt_facts import COURSE, FACTS, Facts, entries, evening, morning
from tests.unit.safety_facts import LANGUAGES, SAYS_NOBODY_WATCHES, WITH_NUMBERS

EN = HERE / "en"
NAMES = sorted(path.relative_to(EN).with_suffix("").as_posix() for path in EN.rglob("*.j2"))
DAILY: list[str] = yaml.safe_load((EN / "daily.yaml").read_text(encoding="utf-8"))["daily"]
TUESDAY = date(2026, 3, 3)
ODD = "<b>*Ana*</b> _{{ 7*7 }}_ {% if %} [x](y) & \\"
LEFT_OVER = re.compile(r"\{\{|\{%|\n\n\n|  |\s$|[\ue000-\uf8ff]")
NUDGE = 450  # characters, the rule

ANA = Participant("ana", name="Ana")
PROMPTS = Prompts()


def variants(name: str) -> int:
    """How many variants a prompt has."""
    return len(variants_in((EN / f"{name}.j2").read_text(encoding="utf-8")))


def told(name: str, to: Participant = ANA, turns: int | None = None) -> Iterator[Reply]:
    """Every case of a prompt in every variant and both flavours."""
    for facts in FACTS.get(name, ({},)):
        for health_care in (False, True):
            for turn in range(turns or variants(name)):
                reader = replace(to, health_care=health_care, discreet=health_care, history={name: turn})
                yield PROMPTS.render(Said(name, facts), reader, TUESDAY).reply


def words(name: str, facts: Facts, to: Participant = ANA) -> str:
    """What one reader reads."""
    return plain(PROMPTS.render(Said(name, facts), to, TUESDAY).reply.text)


def one_after_another(name: str, facts: Facts, times: int) -> list[str]:
    """What the same person reads, time after time."""
    person, heard = ANA, []
    for _ in range(times):
        rendered = PROMPTS.render(Said(name, facts), person, TUESDAY)
        heard.append(plain(rendered.reply.text))
        counts = {key: person.history.get(key, 0) + more for key, more in rendered.used.items()}
        person = replace(person, history={**person.history, **counts})
    return heard


@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_says_something_in_every_case_and_variant(name: str) -> None:
    for reply in told(name):
        said = plain(reply.text)
        assert said
        assert not LEFT_OVER.search(said)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_markup_comes_out_as_it_was_typed(name: str) -> None:
    usually, odd = replace(ANA, name="Noor"), replace(ANA, name=ODD)
    for usual, strange in zip(told(name, usually), told(name, odd), strict=True):
        assert plain(strange.text) == plain(usual.text).replace("Noor", ODD)
        named = [span for block in strange.text for span in block.spans if ODD in span.text]
        assert named == [Span(ODD)] * len(named)


@pytest.mark.parametrize("name", ["journal/pages", "letter/pages", "gratitude/pages"])
@pytest.mark.parametrize(
    "text", [ODD, "# no title\n- no list\n\n> no quote\n", "{% variant %}{{ name }}", "\ue000\ue100"]
)
def test_a_page_is_given_back_as_it_was_written(name: str, text: str) -> None:
    reply = PROMPTS.render(Said(name, {"entries": entries("journal", text)}), ANA, TUESDAY).reply
    assert Span(text) in [span for block in reply.text for span in block.spans]


def test_an_intention_is_quoted_back_shortened_and_plain() -> None:
    reply = PROMPTS.render(Said("evening/how_was_it", evening(f"{ODD}\n" + "kindly " * 50)), ANA, TUESDAY).reply
    quoted = next(span for block in reply.text for span in block.spans if ODD in span.text)
    assert quoted == Span(quoted.text)
    assert len(quoted.text) <= 140
    assert quoted.text.endswith("kindly…")


@pytest.mark.parametrize("name", DAILY)
def test_the_same_words_come_back_only_after_all_variants(name: str) -> None:
    count = variants(name)
    heard = one_after_another(name, FACTS.get(name, ({},))[0], 2 * count)
    assert len(set(heard[:count])) == count
    assert heard[count:] == heard[:count]


def test_no_morning_is_like_another_in_two_weeks() -> None:
    assert len(set(one_after_another("morning/invite", morning(), 15))) == 15


@pytest.mark.parametrize(
    ("on", "words"), [(date(2026, 12, 25), "Friday 25 December."), (date(2027, 3, 1), "Monday 1 March 2027.")]
)
def test_a_day_most_of_a_year_away_is_said_with_its_year(on: date, words: str) -> None:
    facts = {"morning": time(8), "evening": time(20), "date": on, "is_today": False, "late": False}
    reply = PROMPTS.render(Said("onboarding/done", facts), ANA, TUESDAY).reply
    assert words in plain(reply.text)


def test_people_begin_at_different_variants() -> None:
    first = {words("evening/thanks", {}, Participant(str(n))) for n in range(50)}
    assert len(first) > 5


@pytest.mark.parametrize("practice", [p for week in COURSE.weeks for p in week.practices], ids=lambda p: p.id)
def test_a_morning_and_an_evening_stay_short_for_the_longest_name(practice: object) -> None:
    week = next(week for week in COURSE.weeks if practice in week.practices)
    which = week.practices[list(week.practices).index(practice)]  # type: ignore[arg-type]
    daily = max((p for p in week.practices if p.id in COURSE.daily), key=lambda p: len(p.title), default=None)
    offer = morning(practice=which, invitation=OneOf("i", which.invitations), daily=daily, week=week)
    asked = {**evening("kindly " * 50), "question": OneOf("q", which.evening)}
    cases = [("morning/invite", offer), ("morning/invite", {**offer, "returning": True})]
    cases += [("evening/how_was_it", asked), ("evening/how_was_it", {**asked, "recap": week.look_back.recap})]
    for health_care in (False, True):
        reader = Participant("ana", name="N" * 40, health_care=health_care)
        for turn in range(15):
            history = dict.fromkeys(("morning/greeting", "morning/intention", "evening/how_was_it", "i", "q"), turn)
            for name, facts in cases:
                said = words(name, facts, replace(reader, history=history))
                assert len(said) <= NUDGE, said
                assert said.count("?") == 1
                assert said.endswith("?")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("onboarding/")])
def test_an_onboarding_question_stands_last_and_alone(name: str) -> None:
    for reply in told(name):
        said = plain(reply.text)
        assert said.count("?") == 0 or (said.count("?") == 1 and said.endswith("?") and len(said) <= 350)


@pytest.mark.parametrize("name", WITH_NUMBERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_said_in_danger_has_the_numbers(name: str, language: str) -> None:
    for facts in FACTS[name]:
        if facts["language"] != language:
            continue
        reply = PROMPTS.render(Said(name, facts), ANA, TUESDAY).reply
        said = plain(reply.text)
        known, unknown = "112" in said and "024" in said, "where you are" in said or "donde est" in said
        assert known if facts["numbers"] else unknown
        assert len(said) <= (2000 if name == "safety/plan" else 1000)
        links = [span.link for block in reply.text for span in block.spans if span.link]
        assert links == [place.url for place in facts["directories"]]


@pytest.mark.parametrize("name", SAYS_NOBODY_WATCHES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_to_danger_says_plainly_that_no_human_is_watching(name: str, language: str) -> None:
    facts = next(facts for facts in FACTS[name] if facts["language"] == language)
    said = plain(PROMPTS.render(Said(name, facts), ANA, TUESDAY).reply.text)
    assert ("no human" if language == "en" else "programa") in said


@pytest.mark.parametrize("number", range(1, COURSE.length + 1))
def test_a_theme_asks_one_question_last(number: int) -> None:
    week = COURSE.week(number)
    first = week.practice_on(1)
    invitation = OneOf("i", first.invitations)
    facts = morning(practice=first, invitation=invitation, daily=None, week=week, week_number=number)
    for health_care in (False, True):
        said = words("morning/theme", facts, replace(ANA, health_care=health_care))
        assert said.count("?") == 1
        assert said.endswith("?")


@pytest.mark.parametrize("what", ["Ward 4", ""])
def test_every_act_of_the_audit_has_words_of_its_own(what: str) -> None:
    audited = [act for act in ACTS if act not in PRIVATE]
    line = {"date": TUESDAY, "time": time(9), "who": "Agnes", "what": what}
    assert len({words("audit/show", {"lines": [{**line, "act": act.value}]}) for act in audited}) == len(audited)


def test_on_a_day_off_nothing_is_asked_about_a_shift() -> None:
    asked = {"question": OneOf("q", (Text("Was it there today?", "Was it there on your shift?"),))}
    days: tuple[tuple[Shift, str], ...] = (("off", "Was it there today?"), ("night", "Was it there on your shift?"))
    for shift, expected in days:
        nurse = replace(ANA, health_care=True, rhythm=Rhythm(roster=((TUESDAY, shift),)))
        assert words("evening/again", asked, nurse) == expected
