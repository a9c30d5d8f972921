"""How typed words are read: whole, piece by piece, and by what they begin with."""

from __future__ import annotations

import pytest

from bot.conversations.base import begun_with, meant, wholly
from bot.conversations.evening import WENT
from bot.conversations.words import LONGEST_ANSWER, clauses, is_courtesy
from bot.model import MessageReceived
from tests.conversation_runner import Player


@pytest.mark.parametrize(
    ("text", "whole", "piece_by_piece", "beginning"),
    [
        ("Yes!", "did", "did", "did"),
        ("👎🏾", "not_today", "not_today", "not_today"),
        ("Yes, thank you", None, "did", "did"),
        ("Yes\nthanks", None, "did", "did"),
        ("Yes, at the sink", None, None, "did"),
        ("Yes\nit was hard", None, None, "did"),
        ("Yes, I did it at the sink", None, None, "did"),
        ("Yes and no", None, None, None),
        ("Yeah, no, I forgot", None, None, None),
        ("Of course, I forgot", None, None, None),
        ("no. well, a little at lunch", None, None, None),
        ("No, but I did it later", None, None, None),
        ("Not today, I'm afraid", None, None, "not_today"),
        ("", None, None, None),
    ],
)
def test_an_answer_is_read_whole_in_pieces_or_by_its_beginning(
    text: str, whole: str | None, piece_by_piece: str | None, beginning: str | None
) -> None:
    given = MessageReceived(text)
    assert (wholly(given, WENT), meant(given, WENT), begun_with(given, WENT)) == (whole, piece_by_piece, beginning)


@pytest.mark.parametrize(
    "text", ["sí", "Sí!", "SI", "si\u0301", "¡ sí !", "Sí, gracias", "Claro que sí", "Yes .", "Yes !"]
)
def test_a_yes_is_one_in_any_language_where_the_question_knows_the_english_word_alone(text: str) -> None:
    assert meant(MessageReceived(text), {"leave": ("yes",), "stay": ("no",)}) == "leave"


@pytest.mark.parametrize("text", ["yes?", "¿sí?", "si pudiera", "casi", "sí y no"])
def test_what_asks_or_says_more_than_yes_is_none(text: str) -> None:
    assert meant(MessageReceived(text), {"leave": ("yes",), "stay": ("no",)}) is None


@pytest.mark.parametrize("text", ["Yes, I'm afraid", "I am afraid, yes", "yes for now", "Yes, sorry", "No thanks"])
def test_in_danger_a_hedged_answer_is_neither_yes_nor_no(text: str) -> None:
    player = Player({"week": 3, "zone": "Europe/Madrid", "at": "2026-03-24T12:00"})
    player.says("I want to kill myself")
    player.log.clear()
    player.says(text)
    assert player.log[0].startswith("safety/unsaid ")
    assert player.entries == ["journal", "journal"]


def test_only_the_beginning_of_a_long_message_is_taken_apart() -> None:
    assert clauses("yes, sorry " * 4000) == clauses(("yes, sorry " * 4000)[:LONGEST_ANSWER])
    assert len(clauses("a, " * 40_000)) <= LONGEST_ANSWER
    assert meant(MessageReceived("yes, thank you" + " " * LONGEST_ANSWER + "sorry"), WENT) is None
    assert begun_with(MessageReceived("Yes, at the sink. " + "It was warm. " * 4000), WENT) == "did"


@pytest.mark.parametrize("text", ["Thanks!", "Thank you, bye", "ok. Good night 🙏", "👍🏽", "Gracias, buenas noches."])
def test_thanks_and_goodbyes_are_courtesies_side_by_side_too(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", ["", "...", "Thank you, but I cannot go on", "bye, all of you have been kind"])
def test_what_says_more_than_thanks_is_no_courtesy(text: str) -> None:
    assert not is_courtesy(text)
