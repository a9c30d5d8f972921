"""Writing of one's own accord: the journal, a letter to oneself, and text that came without a question."""

from __future__ import annotations

from bot.conversations.base import (
    Context,
    Given,
    Move,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    stay,
    typed,
    until_the_day_turns,
    wholly,
)
from bot.conversations.words import ENOUGH
from bot.model import Choice, Recall, Recorded, Said

journal = conversation("journal", first="write", open_for=for_an_hour)
letter = conversation("letter", first="write", open_for=until_the_day_turns)
keeping = conversation("keeping", first="offer", open_for=for_an_hour)

READ = {"read_back": ("read", "read back")}
MORE = {"that_is_all": ("no", "nope", "no thanks", "no, thanks", "no thank you", "no, thank you", *ENOUGH)}
KEEP = {
    "keep": ("yes", "keep", "keep it", "ok", "y", "yes please", "please"),
    "let_go": ("no", "n", "let it go", "let go", "leave it", "no thanks", "no, thanks", "no thank you"),
}


@journal.step
def write(ctx: Context, given: Given) -> Move | Said:
    """An empty page, and the last ones on request."""
    text = typed(given)
    if meant(given, READ) == "read_back":
        kinds = ("journal", "reflection", "look_back", "intention", "plan")
        return stay(Said("journal/pages", {"entries": Recall(kinds, limit=5)}, writes=True, private=True))
    if text is not None:
        return finish(Recorded("journal", text), Said("journal/kept"))
    return Said("journal/write", writes=True).offering(Choice("read_back"))


@letter.named("write")
def write_letter(ctx: Context, given: Given) -> Move | Said:
    """A letter to oneself: week 3's practice, open at any time."""
    text = typed(given)
    if meant(given, READ) == "read_back":
        return stay(Said("letter/pages", {"entries": Recall(("letter",), limit=3)}, writes=True, private=True))
    if text is not None:
        return ask("more", Recorded("letter", text))
    return Said("letter/write", writes=True).offering(Choice("read_back"))


@letter.step
def more(ctx: Context, given: Given) -> Move | Said:
    """A letter may come in several messages."""
    text = typed(given)
    if wholly(given, MORE):  # a letter says all kinds of things
        return finish(Said("letter/kept"))
    if text is not None:
        part = int(ctx.run.notes.get("part", 0)) + 1
        return ask("more", Recorded("letter", text, slot=f"more/{part}"), notes={"part": part})
    return Said("letter/more", writes=True).offering(Choice("that_is_all"))


@keeping.step
def offer(ctx: Context, given: Given) -> Move | Said:
    """Nobody asked, and they wrote: it can go into the journal."""
    text = typed(given)
    waiting = str(ctx.run.notes["text"])
    match meant(given, KEEP):
        case "keep":
            return finish(Recorded("journal", waiting), Said("keeping/kept"))
        case "let_go":
            return finish(Said("keeping/let_go"))
        case None if text is not None:  # they go on writing: it belongs to the same page
            return ask("offer", notes={"text": f"{waiting}\n{text}"})
        case _:
            asks = {"asks": waiting.rstrip().endswith("?")}
            return Said("keeping/offer", asks, writes=True).offering(Choice("keep"), Choice("let_go"))
