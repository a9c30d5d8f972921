"""The safety rules as grammar: every beginning with every ending, so that a family has no holes."""

from __future__ import annotations

from itertools import product

import pytest

from bot.safety_rules import load_screen

SCREEN = load_screen()

WISH = (
    "i want to",
    "i just wanna",
    "im planning to",
    "ive decided to",
    "i would like to",
    "im about to",
    "i'm ready to",
)
ENDS = ("kill myself", "end it all", "hang myself", "die", "not wake up", "take my own life", "disappear forever")
MEANS = ("slit my wrists", "jump off a bridge", "step in front of a train", "drive into a tree", "overdose")
THINK = ("im thinking of", "i keep thinking about", "i can't stop thinking about", "i feel like", "i fantasise about")
ENDING = ("killing myself", "ending it all", "not waking up", "jumping off the roof", "suicide", "driving into a wall")
CLOSE = ("my husband", "my ex", "my dad", "my mum", "he", "she", "my boss", "a colleague", "my partner")
BLOWS = ("hits me", "hit me last night", "strangled me", "grabbed me by the throat", "keeps hurting me", "raped me")
HARM = ("i want to", "im going to", "i feel like i will", "i'm scared i will", "i am planning to")
SOMEBODY = ("kill my boss", "stab my husband", "smother the baby", "hurt someone", "shoot my colleague", "poison him")
QUIERO = ("quiero", "me gustaria", "voy a", "tengo ganas de", "estoy pensando en", "no paro de pensar en", "pienso en")
FIN = ("matarme", "suicidarme", "quitarme la vida", "acabar con todo", "tirarme por la ventana", "cortarme las venas")
ME_QUIERO = ("me quiero", "me voy a", "me gustaria", "me dan ganas de")
CLITIC = ("matar", "morir", "suicidar", "quitar la vida", "ahorcar", "pegar un tiro")
CERCANO = ("mi marido", "mi novio", "mi ex", "mi papá", "mi hermano", "mi mujer", "mi vieja", "él", "ella", "mi jefe")
GOLPES = ("me pega", "me pegó anoche", "me empuja contra la pared", "me agarró del cuello", "me dio una paliza")
DANAR = ("quiero", "voy a", "tengo ganas de", "tengo miedo de", "pienso en")
ALGUIEN = ("matar a mi jefe", "apuñalar a mi marido", "hacerle daño a mi bebé", "ahogarla", "estrangularlo")

FAMILIES = {
    "wish": (WISH, ENDS + MEANS),
    "thought": (THINK, ENDING),
    "harmed": (CLOSE, BLOWS),
    "harm": (HARM, SOMEBODY),
    "deseo": (QUIERO, FIN),
    "clítico": (ME_QUIERO, CLITIC),
    "daño sufrido": (CERCANO, GOLPES),
    "daño a otros": (DANAR, ALGUIEN),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_beginning_goes_with_every_ending(family: str) -> None:
    sentences = [f"{beginning} {ending}" for beginning, ending in product(*FAMILIES[family])]
    missed = [text for text in sentences if (found := SCREEN(text)) is None or found.level != "urgent"]
    assert missed == []


@pytest.mark.parametrize("beginning", ["the patient wanted to", "she said she wanted to", "i don't want to"])
def test_the_same_endings_said_of_a_patient_or_denied_are_no_alarm(beginning: str) -> None:
    assert [end for end in ENDS[:4] if SCREEN(f"{beginning} {end}")] == []
