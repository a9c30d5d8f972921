"""Consent in layers: what counts, when somebody is asked again, and that a change of its words is a new version."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b

import pytest

from bot.cohorts.audience import takes_part
from bot.consent import VERSIONS, agrees, in_research, is_asked_again, is_due, is_outdated, with_answer, withdrawn
from bot.conversations.onboarding import is_too_young
from bot.model import Consent, Journey, Participant, Run, State
from bot.storage.codec import dump_participant, load_participant
from prompts.renderer import HERE
from tests.conversation_runner import Player

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = Participant("ana", journey=Journey(State.ACTIVE))

# The words of each layer, by a digest. If this fails: where the meaning changed, give bot/consent.py a new version and
# say what is new in renewal/*.j2; then write the new digest here. Before a release the digest alone is enough.
WORDS = {
    "coach": (
        ("onboarding/consent", "onboarding/more_kept", "onboarding/more_seen", "onboarding/more"),
        "2026-11-22",
        "7cbcf1067ed7877a",
    ),
    "group": (("onboarding/more_seen", "joining/card"), "2026-11-22", "fe737f12e6cd7388"),
    "research": (("evening/research", "mydata/consents"), "2026-11-22", "a0c72b35caa87f46"),
}


def digest(names: tuple[str, ...]) -> str:
    texts = "".join((HERE / "en" / f"{name}.j2").read_text(encoding="utf-8") for name in names)
    return blake2b(texts.encode(), digest_size=8).hexdigest()


@pytest.mark.parametrize("layer", WORDS)
def test_new_words_of_consent_are_a_new_version(layer: str) -> None:
    names, version, known = WORDS[layer]
    assert (VERSIONS[layer], digest(names)) == (version, known)  # type: ignore[index]


def test_the_latest_word_on_a_layer_counts() -> None:
    agreed = replace(ANA, consents=with_answer(ANA, NOW, True, "coach", "group"))
    assert agrees(agreed, "coach")
    assert not agrees(agreed, "research")
    left = replace(agreed, consents=withdrawn(agreed, NOW, "group", "research"))
    assert agrees(left, "coach")
    assert not agrees(left, "group")
    assert [one.given for one in left.consents] == [True, True, False]


def test_nobody_is_in_research_but_by_a_yes_to_those_who_do_it_and_the_words_of_today() -> None:
    school, firm = "the nursing school, on sleep", "a firm, on sales"
    assert not in_research(ANA, school)
    agreed = replace(ANA, consents=with_answer(ANA, NOW, True, "research", who=school))
    assert in_research(agreed, school)
    assert not in_research(agreed, firm)
    assert not in_research(agreed, "")
    assert not in_research(replace(ANA, consents=with_answer(ANA, NOW, False, "research", who=school)), school)
    assert not in_research(replace(ANA, consents=(Consent("research", "older", NOW),)), school)


def test_a_yes_to_research_is_taken_back_even_while_none_is_done() -> None:
    school = "the nursing school, on sleep"
    player = Player({"week": 3, "zone": "Europe/Madrid", "at": "2026-03-24T12:00", "research": school})
    player.says("/mydata")
    for choice in ("consents", "research_yes"):
        player.taps(choice)
    assert in_research(player.person, school)
    player.given = {**player.given, "research": ""}
    player.taps("research_no")
    assert not in_research(player.person, school)
    before = player.person.consents
    for word in ("no", "yes"):
        player.says(word)
    assert player.person.consents == before


@pytest.mark.parametrize("state", list(State))
def test_older_words_are_asked_about_again_while_somebody_walks(state: State) -> None:
    older = Participant("ana", journey=Journey(state), consents=(Consent("coach", "older", NOW),))
    walks = state in (State.ONBOARDING, State.ACTIVE, State.PAUSED, State.GRADUATED)
    assert is_due(older) is walks
    assert not is_due(replace(older, consents=with_answer(older, NOW, True, "coach")))
    assert not is_due(replace(older, consents=withdrawn(older, NOW, "coach")))


@pytest.mark.parametrize(("said", "now", "again"), [(0, 18, False), (0, 21, True), (18, 21, True), (21, 18, False)])
def test_who_agreed_under_a_lower_minimum_age_is_asked_again(said: int, now: int, again: bool) -> None:
    """A version that names no age is from when that was 18."""
    agreed = replace(ANA, consents=with_answer(ANA, NOW, True, "coach", "group", age=said))
    assert is_due(agreed, now) is again
    assert not is_due(replace(agreed, consents=with_answer(agreed, NOW, True, "coach", age=now)), now)
    assert load_participant(dump_participant(agreed)) == agreed


def test_no_broadcast_comes_while_consent_is_asked_anew() -> None:
    assert takes_part(ANA)
    asked = replace(ANA, runs=(Run("renewal", "coach"),))
    assert is_asked_again(asked)
    assert not takes_part(asked)


@pytest.mark.parametrize(
    ("text", "young"),
    [
        ("I am 16", True),
        ("yes, i'm 17!", True),
        ("I am 18", False),
        ("I am 44 and tired", False),
        ("tengo 15 años", True),
        ("yes", False),
        ("I am 5 minutes late", False),
        ("", False),
    ],
)
def test_an_age_below_the_limit_is_heard(text: str, young: bool) -> None:
    assert is_too_young(text, 18) is young


def older_document(version: str) -> bytes:
    """A person as they were kept until 2026-11-22."""
    document = json.loads(dump_participant(ANA))
    document["journey"] |= {"consent": version, "consent_at": "2026-03-01T08:00:00Z"}
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.mark.parametrize(("version", "layers"), [("2026-11", ["coach"]), ("2026-11 in a cohort", ["coach", "group"])])
def test_the_one_consent_of_older_documents_is_read_as_layers(version: str, layers: list[str]) -> None:
    person = load_participant(older_document(version))
    assert [one.layer for one in person.consents] == layers
    assert all(one.version == "2026-11" and one.given for one in person.consents)
    assert person.consents[0].at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert is_outdated(person, "coach")
    assert load_participant(dump_participant(person)) == person


def test_a_text_that_looks_like_an_older_document_is_a_text() -> None:
    odd = replace(ANA, intention='"consent":"2026-11"', consents=with_answer(ANA, NOW, True, "coach"))
    assert load_participant(dump_participant(odd)) == odd
