"""The safety screen, measured on labelled sentences, and where help is."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.safety import Finding, Rule, Rules, Screen
from bot.safety_rules import LANGUAGES, load_rules, load_screen
from bot.safety_rules.help import country_of, help_for
from bot.safety_rules.screen import screen_lines
from bot.unmasking import unmasked
from tests.safety_table import counted, rows, table_lines

SCREEN = load_screen()

# exactly what was measured (docs/safety.md): how many urgent sentences are at least called urgent and at least found at
# all, how many of concern are at least found, and how many harmless ones at most raise an alarm
MEASURED = {
    ("en", "first", ""): (157, 158, 49, 1),
    ("en", "first", "held"): (41, 41, 15, 4),
    ("en", "first", "unseen"): (20, 20, 4, 2),
    ("en", "second", ""): (61, 62, 14, 0),
    ("en", "second", "held"): (29, 30, 6, 2),
    ("en", "while_tuning", ""): (154, 155, 10, 8),
    ("en", "third", "unseen"): (22, 24, 4, 1),
    ("en", "fourth", ""): (91, 92, 57, 3),
    ("en", "fourth", "held"): (37, 41, 15, 5),
    ("en", "fifth", "plain"): (57, 57, 20, 0),
    ("en", "fifth", "roundabout"): (43, 44, 9, 0),
    ("en", "fifth", "hidden"): (16, 19, 6, 0),
    ("en", "fifth", "hard"): (0, 0, 0, 10),
    ("en", "fifth", "ordinary"): (0, 0, 0, 3),
    ("en", "sixth", "plain"): (57, 58, 24, 0),
    ("en", "sixth", "roundabout"): (43, 45, 11, 0),
    ("en", "sixth", "hidden"): (17, 17, 9, 0),
    ("en", "sixth", "hard"): (0, 0, 0, 12),
    ("en", "sixth", "ordinary"): (0, 0, 0, 2),
    ("en", "seventh", "plain"): (59, 60, 26, 0),
    ("en", "seventh", "roundabout"): (42, 47, 16, 0),
    ("en", "seventh", "hidden"): (11, 13, 3, 0),
    ("en", "seventh", "hard"): (0, 0, 0, 11),
    ("en", "seventh", "ordinary"): (0, 0, 0, 4),
    ("en", "eighth", "plain"): (57, 58, 23, 0),
    ("en", "eighth", "roundabout"): (47, 53, 14, 0),
    ("en", "eighth", "hidden"): (19, 21, 6, 0),
    ("en", "eighth", "hard"): (0, 0, 0, 18),
    ("en", "eighth", "ordinary"): (0, 0, 0, 5),
    ("en", "long", "plain"): (14, 14, 6, 0),
    ("en", "long", "roundabout"): (12, 12, 4, 0),
    ("en", "long", "hidden"): (11, 11, 5, 0),
    ("en", "long", "hard"): (0, 0, 0, 7),
    ("en", "long", "ordinary"): (0, 0, 0, 3),
    ("en", "long_second", "plain"): (13, 14, 8, 0),
    ("en", "long_second", "roundabout"): (11, 11, 5, 0),
    ("en", "long_second", "hidden"): (8, 10, 5, 0),
    ("en", "long_second", "hard"): (0, 0, 0, 12),
    ("en", "long_second", "ordinary"): (0, 0, 0, 4),
    ("es", "first", ""): (150, 150, 48, 1),
    ("es", "first", "held"): (39, 39, 15, 2),
    ("es", "first", "unseen"): (20, 20, 4, 2),
    ("es", "second", ""): (64, 64, 14, 1),
    ("es", "second", "held"): (28, 31, 6, 3),
    ("es", "while_tuning", ""): (148, 149, 10, 5),
    ("es", "third", "unseen"): (22, 23, 3, 0),
    ("es", "fourth", ""): (98, 98, 62, 2),
    ("es", "fourth", "held"): (39, 42, 18, 4),
    ("es", "fifth", "plain"): (52, 53, 27, 0),
    ("es", "fifth", "roundabout"): (48, 53, 10, 0),
    ("es", "fifth", "hidden"): (17, 23, 4, 0),
    ("es", "fifth", "hard"): (0, 0, 0, 16),
    ("es", "fifth", "ordinary"): (0, 0, 0, 0),
    ("es", "sixth", "plain"): (57, 58, 21, 0),
    ("es", "sixth", "roundabout"): (50, 55, 11, 0),
    ("es", "sixth", "hidden"): (14, 18, 5, 0),
    ("es", "sixth", "hard"): (0, 0, 0, 12),
    ("es", "sixth", "ordinary"): (0, 0, 0, 2),
    ("es", "seventh", "plain"): (59, 59, 22, 0),
    ("es", "seventh", "roundabout"): (38, 44, 13, 0),
    ("es", "seventh", "hidden"): (13, 14, 6, 0),
    ("es", "seventh", "hard"): (0, 0, 0, 18),
    ("es", "seventh", "ordinary"): (0, 0, 0, 1),
    ("es", "eighth", "plain"): (57, 59, 23, 0),
    ("es", "eighth", "roundabout"): (35, 44, 16, 0),
    ("es", "eighth", "hidden"): (14, 17, 4, 0),
    ("es", "eighth", "hard"): (0, 0, 0, 15),
    ("es", "eighth", "ordinary"): (0, 0, 0, 1),
    ("es", "long", "plain"): (12, 13, 7, 0),
    ("es", "long", "roundabout"): (8, 8, 5, 0),
    ("es", "long", "hidden"): (7, 10, 5, 0),
    ("es", "long", "hard"): (0, 0, 0, 13),
    ("es", "long", "ordinary"): (0, 0, 0, 6),
    ("es", "long_second", "plain"): (14, 14, 8, 0),
    ("es", "long_second", "roundabout"): (11, 12, 4, 0),
    ("es", "long_second", "hidden"): (8, 10, 6, 0),
    ("es", "long_second", "hard"): (0, 0, 0, 10),
    ("es", "long_second", "ordinary"): (0, 0, 0, 2),
}
PARTS = sorted({(corpus, part) for _, corpus, part in MEASURED})


def level(text: str) -> str:
    found = SCREEN(text)
    return found.level if found else "none"


@pytest.mark.parametrize(("language", "corpus", "part"), MEASURED)
def test_crises_are_found_and_hospital_talk_is_let_through(language: str, corpus: str, part: str) -> None:
    found = counted(SCREEN, language, corpus, part)
    least_urgent, least_found, least_concern, most_false = MEASURED[language, corpus, part]
    assert found.urgent_as_urgent >= least_urgent
    assert found.urgent_found >= least_found
    assert found.concern_found >= least_concern
    assert found.false_alarms <= most_false


def test_the_table_names_every_corpus_and_part() -> None:
    table = "\n".join(table_lines())
    print(table)
    assert all(f"| {language} | {corpus} | {part or 'tuned'} |" in table for language, corpus, part in MEASURED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_is_large_and_half_of_it_is_everyday_talk(language: str) -> None:
    labels = [label for corpus, part in PARTS for label, _ in rows(language, corpus, part)]
    assert len(labels) >= 800
    assert labels.count("none") >= 0.45 * len(labels)


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, "urgent") for text in ("I'm not safe.", "I don't feel safe", "no estoy a salvo", "estoy en peligro")),
        *((text, "none") for text in ("I am not safe to drive after nights", "the ward is not safe")),
        *((text, "none") for text in ("el paciente está en peligro", "no estoy en peligro", "no estoy segura")),
    ],
)
def test_who_says_that_they_are_not_safe_is_believed(text: str, expected: str) -> None:
    assert level(text) == expected


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
    texts = [text for corpus, part in PARTS for _, text in rows(language, corpus, part)]
    assert [name for name, check in alone.items() if not any(map(check, texts))] == []


def _only(rules: Rules, rule: Rule) -> Rules:
    return replace(rules, rules=(rule,), forgiven=(), other_words=())


TOKEN = r"(?:[a-z0-9']+|\^|\$)"
PLAIN = re.compile(rf"(?:{TOKEN}(?: {TOKEN})*)?|<[a-z-]+>")  # an alternative, or the name of a list alone


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_is_well_formed(language: str) -> None:
    rules = load_rules(language)
    of_rules = [pattern for rule in rules.rules for pattern in (*rule.patterns, *rule.unless)]
    patterns = [*of_rules, *rules.unless, *rules.own_unless]
    for pattern in patterns:
        for part in re.findall(r"\([^()]*\)|\[[^\[\]]*\]|\S+", unmasked(pattern)):
            inside = part[1:-1].split("|") if part[0] in "([" else [part]
            assert part == ".." or all(PLAIN.fullmatch(each.strip()) for each in inside), pattern


def test_what_somebody_else_wants_is_not_what_the_writer_wants() -> None:
    assert level("she wanted to end it all and we sat together") == "none"
    assert level("el paciente quiere morir en casa") == "none"
    assert level("he died dont want to live") == "urgent"


def test_a_quotation_is_somebody_elses_unless_the_writer_says_it() -> None:
    assert level('"I wish I was dead," said the man in bed 4, and then asked for jelly') == "none"
    assert level("«No quiero vivir así», me dijo don Luis, y hablamos del dolor") == "none"
    assert level('i told my sister "I want to die" and she laughed') == "urgent"
    assert level('He said "sleep well". I want to die.') == "urgent"
    assert level('woke up crying and told my husband "I want to die"') == "urgent"
    assert level("a veces grito «me quiero morir» en el coche") == "urgent"


def test_a_threat_that_is_told_is_a_threat() -> None:
    assert level("she says she'll stab me in my sleep") == "urgent"
    assert level("the patient said he would kill himself") != "urgent"


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
