"""The one text that is not in prompts/: what somebody in danger reads when everything that words it has failed.

It needs no file, no template and no store, and it is in every language of the safety screen at once.
"""

from __future__ import annotations

from bot.model import Block, Reply, Span

WORDS = (
    "Thank you for writing this. I am a program, and no human is reading this chat. If you are in danger, please call "
    "the emergency number of the place where you are now, or go to somebody who is near. Free helplines by country:",
    "Gracias por escribirlo. Soy un programa, y ninguna persona lee este chat. Si estás en peligro, llama ahora al "
    "número de emergencias de donde estés, o ve con alguien que esté cerca. Líneas de ayuda gratuitas por país:",
)
DIRECTORIES = ("https://findahelpline.com", "https://befrienders.org")


def last_resort(prompt: str) -> Reply:
    """The answer in place of a safety prompt that could not be rendered; /support and typed words work as ever."""
    pages = tuple(Block((Span(page, link=page),), "bullet") for page in DIRECTORIES)
    blocks = tuple(block for words in WORDS for block in (Block((Span(words),)), *pages))
    return Reply(text=blocks, prompt=prompt)
