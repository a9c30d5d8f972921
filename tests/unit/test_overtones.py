"""The second listener of the safety screen: what weights of words hear, and that they were learned as they say."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import exp, log, sqrt
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.overtones import (
    KEEN,
    REACH,
    SPAN,
    STOP,
    WHOLE,
    Overtones,
    Sequences,
    Weights,
    said_once,
    soft_mean,
    spans,
    words_of,
)
from bot.rehearse_people import PHRASES
from bot.safety import WEIGHED, Finding, Screen
from bot.safety_rules import HERE, LANGUAGES, load_families, load_rules, load_screen, load_weights
from bot.safety_rules.screen import screen_lines
from bot.unmasking import unmasked
from tests.safety_table import AUTHORS, taught

SCREEN = load_screen()
RULES = Screen([load_rules(language) for language in LANGUAGES])
LISTENERS = {language: Overtones(load_weights(language)) for language in LANGUAGES}
OTHER = {"en": "es", "es": "en"}
DAYS = {
    "en": (
        "Long day on the ward. The lift was broken, so we all took the stairs. Had porridge at ten. Kim brought her "
        "photos from Wales and we looked at them. It rained. The new printer works, to everyone's surprise.",
        "Then the bus was late. I listened to the radio at home and watered plants. Rice for dinner, with peas. "
        "Tried the breathing for a few minutes and noticed my shoulders. I start at nine. That was my Tuesday.",
    ),
    "es": (
        "Día largo en la planta. El ascensor no funcionaba y subimos todos a pie. Carmen trajo fotos "
        "de Galicia y las miramos. Llovió. La impresora nueva funciona, para sorpresa de todos.",
        "Luego el autobús llegó tarde. En casa escuché la radio y regué los tomates. De cenar, arroz con guisantes. "
        "Probé la respiración unos minutos y noté los hombros. Empiezo a las nueve. Así fue mi martes.",
    ),
}


def level(text: str) -> str:
    found = SCREEN(text)
    return found.level if found else "none"


@cache
def only_weighed(language: str) -> list[str]:
    """Urgent teaching sentences that no rule hears and that the weights do."""
    examples = [one.text for author in AUTHORS for one in taught(language, author) if one.label == "urgent"]
    return [text for text in examples if not RULES(text) and SCREEN(text) == Finding("urgent", WEIGHED, language)]


def test_what_no_rule_lists_is_heard_by_its_weight() -> None:
    assert all(len(only_weighed(language)) > 100 for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_crisis_in_the_middle_of_a_long_entry_is_heard(language: str) -> None:
    before, after = DAYS[language]
    assert level(f"{before} {after}") == "none"
    crises = only_weighed(language)[:200]
    heard = sum(level(f"{before} {text}. {after}") != "none" for text in crises)
    assert heard >= len(crises) / 4  # docs/safety.md, "Long entries": most of what no rule lists is missed there


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_the_other_language_weigh_nothing(language: str) -> None:
    texts = [one.text for author in AUTHORS for one in taught(OTHER[language], author)]
    assert sum(LISTENERS[language].level(words_of(unmasked(text))) is not None for text in texts) <= 0.002 * len(texts)


@pytest.mark.parametrize("pot", PHRASES)
def test_simulated_people_raise_no_alarm(pot: str) -> None:
    assert [text for text in PHRASES[pot] if SCREEN(text)] == []


@pytest.mark.parametrize("text", ["I'm done with this course", "ya no sigo con este curso", "stop writing to me", "no"])
def test_leaving_the_course_is_no_alarm(text: str) -> None:
    assert level(text) == "none"


def test_a_rule_is_named_before_a_weight() -> None:
    assert SCREEN("I want to die") == Finding("urgent", "wish-to-die", "en")


def test_a_heavy_text_is_urgent_even_where_a_rule_is_only_concerned() -> None:
    said = " ".join(only_weighed("en")[:3])
    assert SCREEN(f"I can't cope anymore. {said}") == Finding("urgent", WEIGHED, "en")


def test_an_explanation_names_what_was_said_and_a_finding_does_not() -> None:
    text = only_weighed("en")[0]
    heard = {sequence for each in LISTENERS["en"]._sequences.of(words_of(unmasked(text))) for sequence in each}
    why = SCREEN.why(text)
    assert why
    assert {sequence for sequence, _ in why} <= heard
    assert [weight for _, weight in why] == sorted((weight for _, weight in why), reverse=True)
    assert "weighed" in repr(SCREEN(text))
    assert not any(word in repr(SCREEN(text)) for word in text.split() if len(word) > 4)


def test_screen_explains_when_asked() -> None:
    text = only_weighed("en")[0]
    (line,) = screen_lines([text])
    (explained,) = screen_lines([text], why=True)
    assert line == "urgent\tweighed"
    assert explained.startswith(f"{line}\t")
    assert re.search(r" \d\.\d\d", explained)


# ---------------------------------------------------------------- reading

FAMILIES = {"kin": ("mum", "sister"), "pills": ("pill*",)}
SMALL = Weights("en", -1.0, 1.0, 0.5, 2.0, 0.9, {"counted <pills>": 4.0, "<kin> .. <pills>": 1.0}, FAMILIES)


def test_words_are_read_alone_together_in_pieces_and_as_families() -> None:
    heard = list(Sequences(FAMILIES).of(words_of(unmasked("Mum counted my PILLS"))))
    assert heard[1] == ["mum", "<kin>", ". mum", ". <kin>"]
    assert {"pils", "~^pil", "~ils$", "~^pils", "<pills>", "my pils", "my <pills>", "counted _ pils"} <= set(heard[4])
    assert "<kin> .. <pills>" in heard[4]
    assert "<kin> my" not in heard[3]


def weight(heard: list[list[str]]) -> float:
    """What `SMALL` makes of some words."""
    counted = Counter(sequence for each in heard for sequence in each)
    return sum(SMALL.of.get(sequence, 0) * n for sequence, n in counted.items()) / sqrt(counted.total()) - 1


def test_what_is_weighed_is_what_was_taught() -> None:
    text = words_of("mum counted pills and pills. then tea")
    assert Overtones(SMALL).each(text) == pytest.approx([weight(list(Sequences(FAMILIES).of(text)))])


def test_each_span_of_a_long_text_is_weighed_and_their_soft_mean_counts() -> None:
    text = words_of("mum counted pills. " + " ".join(f"then tea at {hour} and toast." for hour in range(9)))
    heard = list(Sequences(FAMILIES).of(text))
    each = [weight(heard[start:end]) for start, end in spans(text)]
    assert len(each) > 3
    assert Overtones(SMALL).each(text) == pytest.approx(each)
    assert fmean(each) < soft_mean(each) < max(each)
    assert soft_mean(each) == pytest.approx(log(fmean(exp(KEEN * one) for one in each)) / KEEN)
    assert soft_mean([0.7]) == 0.7


def test_two_thresholds_part_urgent_concern_and_nothing_and_two_others_in_a_long_text() -> None:
    for bias, said in ((1.0, "urgent"), (0.7, "concern"), (0.2, None)):
        assert Overtones(Weights("en", bias, 1.0, 0.5, 2.0, 0.9, {}, {})).level(words_of("tea")) == said
    for weight, said in ((2.1, "urgent"), (1.0, "concern"), (0.8, None)):
        assert SMALL.level([weight] * 3) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_weights_fit_their_families_and_their_header(language: str) -> None:
    weights, families = load_weights(language), load_families(language)
    named = {name for sequence in weights.of for name in re.findall(r"<([a-z]+)>", sequence)}
    assert named <= set(families)
    head = (HERE / language / "weights.tsv").read_text("utf-8").split("(bias)")[0]
    labels = [one.label for author in AUTHORS for one in taught(language, author)]
    assert f"; {len(weights.of)} sequences." in head
    assert all(int(re.findall(rf"(\d+) {said}", head)[0]) >= labels.count(said) for said in ("urgent", "concern"))
    assert weights.concern <= weights.urgent
    assert (HERE / language / "weights.tsv").stat().st_size < 1_400_000


@pytest.mark.parametrize(
    "text",
    ["ha ha ha ha ha ha ha ha ha", "la la la la la la la", "You did what you could. " * 5, "no no no no", "line " * 20],
)
def test_saying_it_again_adds_no_weight(text: str) -> None:
    assert SCREEN(text) is None


def test_what_is_said_again_is_heard_once() -> None:
    assert said_once(words_of("no no no. tea, tea! help me. help me.")) == words_of("no. tea, tea! help me.")
    assert said_once([STOP, STOP]) == [STOP]
    assert said_once([]) == []


@given(st.lists(st.sampled_from([STOP, "a", "tea"]), min_size=1, max_size=300))
def test_spans_cover_every_word_and_are_few(words: list[str]) -> None:
    found = list(spans(words))
    assert set(range(len(words))) == {at for start, end in found for at in range(start, end)}
    assert all(0 < end - start <= (SPAN if len(words) > WHOLE else WHOLE) for start, end in found)
    assert len(found) <= len(words)


def test_the_work_grows_with_the_length_of_the_text_and_no_faster() -> None:
    sequences = Sequences(load_families("en"))

    def read(times: int) -> int:
        return sum(map(len, sequences.of(words_of("mother hit hand and counted pills " * times))))

    assert read(200) <= 2.1 * read(100)
    assert all(len(each) < 20 * REACH for each in sequences.of(["hand"] * 50))


@settings(deadline=None)
@given(
    st.text()
    | st.text(st.characters(codec=None))
    | st.lists(st.sampled_from(["pills", "my", ".", "'", "é"])).map(" ".join)
)
def test_no_text_is_an_error(text: str) -> None:
    assert level(text) in ("urgent", "concern", "none")
    assert SCREEN.why(text) is not None
