"""The safety screen, measured on labelled sentences, and where help is."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.safety import Finding, Rule, Rules, Screen
from bot.safety_rules import LANGUAGES, load_rules, load_screen
from bot.safety_rules.help import country_of, help_for
from bot.safety_rules.screen import screen_lines

DATA = Path(__file__).parents[1] / "data" / "safety"
SCREEN = load_screen()

# what was measured: "" are sentences that rules were written for, "held" a third that was set aside before the rules
# by the same author, "unseen" were written after the last change of a rule (least share found, most false alarms)
AT_LEAST = {"": 0.97, "held": 0.97, "unseen": 0.85}
AT_MOST = {"": 0.02, "held": 0.02, "unseen": 0.07}


def corpus(language: str, part: str) -> list[tuple[str, str]]:
    lines = (DATA / f"{language}.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [(label, text) for label, text, each in rows if each == part]


def level(text: str) -> str:
    found = SCREEN(text)
    return found.level if found else "none"


@pytest.mark.parametrize("part", ["", "held", "unseen"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_crises_are_found_and_hospital_talk_is_let_through(language: str, part: str) -> None:
    rows = corpus(language, part)
    said, right = Counter(label for label, _ in rows), Counter(label for label, text in rows if level(text) == label)
    share = {label: right[label] / said[label] for label in said}
    print(f"{language} {part or 'tuned':<7}" + "".join(f" {each} {right[each]}/{said[each]}" for each in sorted(said)))
    assert share["urgent"] >= AT_LEAST[part]
    assert 1 - share["none"] <= AT_MOST[part]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_is_large_and_half_of_it_is_everyday_talk(language: str) -> None:
    rows = [row for part in ("", "held") for row in corpus(language, part)]
    assert len(rows) >= 200
    assert sum(label == "none" for label, _ in rows) >= 0.4 * len(rows)


DISGUISES = (
    *("k!ll my self", "k i l l  m y s e l f", "I want to D I E", "su1cide is all I think about", "s.u.i.c.i.d.e"),
    *(
        "I want to d\u200bi\u00ade",
        "i wаnt tо diе",
        "ｋｉｌｌ ｍｙｓｅｌｆ",
        "kiiiill myseeelf",
        "k*ll myself",
        "sui cide is on my mind",
    ),
    *("I am thinking of sucide", "quiero suisidarme", "i want to die 😭😭", "I’m suicidal"),
    *("dont want to live", "don't want to live", "don’t want to live"),
)


@pytest.mark.parametrize("text", DISGUISES)
def test_disguises_and_typing_mistakes_do_not_hide_a_crisis(text: str) -> None:
    assert level(text) == "urgent"


@pytest.mark.parametrize(
    "text", ["I don't want to die", "I am not suicidal", "no quiero morir", "nunca he pensado en suicidarme"]
)
def test_a_negation_takes_it_back(text: str) -> None:
    assert level(text) == "none"


@pytest.mark.parametrize(
    "text", ["I don't want to live", "I don't want to wake up", "no quiero vivir", "ya no quiero despertar"]
)
def test_a_negation_can_also_be_the_crisis(text: str) -> None:
    assert level(text) == "urgent"


def test_an_idiom_lets_through_only_what_stands_near_it() -> None:
    assert level("That joke killed me. Now I want to kill myself.") == "urgent"
    assert level("my patient said I want to die, and later at home I want to die too") == "urgent"


def test_the_most_severe_finding_is_said() -> None:
    assert SCREEN("I can't cope anymore. I want to die.") == Finding("urgent", "wish-to-die", "en")


def test_one_language_can_be_asked_alone() -> None:
    assert SCREEN.only("en")("quiero morir") is None
    assert SCREEN.only("es")("quiero morir") == Finding("urgent", "wish-to-die", "es")
    with pytest.raises(KeyError):
        SCREEN.only("xx")


def test_a_pattern_reads_as_it_is_written() -> None:
    rule = Rule("r", "concern", ("(lost|out of) [my] <thing> .. today $",), unless=("today only",))
    small = Screen([Rules("en", (rule,), words={"thing": "keys|phone"}, negations=frozenset({"not"}))])
    said = [
        "Lost my keys again today.",
        "out of phone today",
        "lost keys today again",
        "lost keys not today",
        "not lost keys today",
    ]
    assert [small(text) is not None for text in said] == [True, True, False, False, False]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_an_id_of_its_own_and_fires_on_some_sentence(language: str) -> None:
    rules = load_rules(language)
    ids = [rule.id for rule in rules.rules]
    assert len(ids) == len(set(ids))
    alone = {rule.id: Screen([_only(rules, rule)]) for rule in rules.rules}
    texts = [text for part in ("", "held", "unseen") for _, text in corpus(language, part)]
    assert [name for name, check in alone.items() if not any(map(check, texts))] == []


def _only(rules: Rules, rule: Rule) -> Rules:
    return Rules(
        rules.language,
        (rule,),
        rules.words,
        rules.same,
        rules.ignored,
        (),
        (),
        rules.negations,
        rules.subjects,
        rules.reach,
    )


@pytest.mark.parametrize(
    "text",
    [
        "i want to die ",
        "i want to ",
        "k i l l m y s e l f ",
        "a b c ",
        "no me quiero ",
        "took a whole ",
        "a",
        " ",
        "...",
        "*",
    ],
)
def test_ten_thousand_characters_take_milliseconds(text: str) -> None:
    long = (text * 10_000)[:10_000]
    spent = []
    for _ in range(3):
        began = time.process_time()
        SCREEN(long)
        spent.append(time.process_time() - began)
    print(f"{text!r}: {min(spent) * 1000:.1f} ms")
    assert min(spent) < 0.1  # measured below 0.02; a busy machine is no reason to fail


PIECES = (
    "i",
    "want",
    "to",
    "die",
    "not",
    "kill",
    "myself",
    "k",
    "l",
    "*",
    "!",
    ".",
    "\n",
    "no",
    "quiero",
    "morir",
    "\u200b",
    "ﬁ",
)


@settings(deadline=None)
@given(st.text() | st.text(st.characters(codec=None)) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_no_text_is_an_error(text: str) -> None:
    assert level(text) in ("urgent", "concern", "none")


def test_screen_answers_every_line_an_empty_one_too() -> None:
    lines = ["I want to die", "", "este turno me está matando", "no puedo más"]
    assert list(screen_lines(lines)) == ["urgent\twish-to-die", "none\t", "none\t", "concern\tcan-not-go-on"]
    assert list(screen_lines(["quiero morir"], ["en"])) == ["none\t"]


@pytest.mark.parametrize(
    ("country", "number"), [("ES", "112"), ("us", "911"), ("GB", "999"), ("AU", "000"), ("NZ", "111")]
)
def test_a_country_has_its_emergency_number(country: str, number: str) -> None:
    assert help_for(country).emergency == number


@pytest.mark.parametrize("country", [None, "", "XX"])
def test_an_unknown_country_has_directories_and_no_number(country: str | None) -> None:
    found = help_for(country)
    assert found.emergency is None
    assert found.directories


def test_every_line_of_help_says_where_we_read_it() -> None:
    found = help_for("US")
    assert all(line.source.startswith("https://") for line in (*found.helplines, *found.directories))


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/Madrid", "ES"), ("Europe/Oslo", "NO"), ("America/New_York", "US"), ("UTC", None), (None, None)],
)
def test_a_zone_lies_in_a_country(zone: str | None, country: str | None) -> None:
    assert country_of(zone) == country
