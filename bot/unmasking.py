"""Text as people see it: how the safety screen takes off accents, styles, lookalikes and repeated letters. Pure."""

from __future__ import annotations

import re
import unicodedata

APOSTROPHES = re.compile("[’‘ʼ`´′＇]")
LOOKALIKES = str.maketrans("аеорсухіѕјкмтнзαεορνικτυ", "aeopcyxisjkmthsaeopviktu")
LEET = str.maketrans("!10345@$7", "iioeasast")
DOUBLED = re.compile(r"([a-z])\1+")


def unmasked(text: str) -> str:
    """Lower-case Latin letters where the text shows them: no accents, styles, invisible characters or lookalikes."""
    text = APOSTROPHES.sub("'", text)
    if text.isascii():  # most texts, five times as fast
        return text.lower().replace("...", " ")
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    shown = (mark for mark in decomposed if unicodedata.category(mark) not in ("Mn", "Cf", "Me"))
    return "".join(shown).translate(LOOKALIKES).replace("...", " ")


def squeezed(word: str) -> str:
    """The word with its repeated letters written once: "killll" and "kill" are the same."""
    return DOUBLED.sub(_once, word)


def _once(found: re.Match[str]) -> str:
    return found[1]  # the template r"\1" would be looked up for each word, which takes longer than to find nothing
