"""Evening: how the practice went, and up to three gratitudes."""

from __future__ import annotations

from bot.consent import latest, with_answer
from bot.conversations import straining
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    begun_with,
    conversation,
    finish,
    meant,
    typed,
    until_the_day_turns,
)
from bot.conversations.gratitude import MOST, gratitudes
from bot.conversations.sharing import with_offer
from bot.conversations.words import ENOUGH, is_puzzled
from bot.model import Choice, MessageReceived, OneOf, Reacted, Recorded, Said
from bot.roster import is_night

evening = conversation("evening", first="how_was_it", open_for=until_the_day_turns)

WENT = {
    "did": ("yes", "y", "yep", "yup", "yeah", "i did", "did", "yes i did", "sí", "si", "👍"),
    "a_little": (
        *("a little", "a little bit", "just a little", "a bit", "some", "somewhat", "kind of", "kinda", "sort of"),
        *("half", "more or less", "almost", "i tried", "i think so", "un poco", "más o menos", "casi"),
    ),
    "not_today": (
        *("no", "n", "not today", "nope", "nah", "not really", "not yet", "i did not", "i didn't", "no i didn't", "👎"),
        *("i forgot", "forgot", "no time", "hoy no", "no mucho", "todavía no", "me olvidé"),
    ),
}
SHIFTS = {"next_shifts": ("yes", "shifts"), "not_tonight": ("no", "not tonight", "good night", "thanks", "thank you")}
NO, PASS = ("no", "nope", "nah"), ("skip", "pass")
NONE = ("not tonight", "none", "nothing", "nothing today", "nothing tonight", "nada")
UNSURE = ("idk", "dunno", "i don't know", "i do not know", "no idea", "no sé")
RATHER_NOT = ("i would rather not say", "i'd rather not say", "i'd rather not")
SKIP = {"skip": (*NO, *PASS, *UNSURE, *RATHER_NOT, "not sure", "nothing", "nada")}
NONE_AT_ALL = {"not_tonight": (*NO, *NONE)}  # what they begin is no gratitude; "Nothing special, just coffee" is one
HARDLY = ("n", "nothing comes", "nothing special", "nothing really", "not really")
NOTHING = {"not_tonight": (*NO, *PASS, *NONE, *UNSURE, *HARDLY)}
FULL = ("enough", "no more", "no más", "i'm good", "im good", "nah im good", "all good", "good night", "ya", "basta")
DONE = {"that_is_all": (*NOTHING["not_tonight"], *ENOUGH, *FULL)}


@evening.step
def how_was_it(ctx: Context, given: Given) -> Move | Said:
    """Asks about this morning's practice; not today is as good an answer as any."""
    practice = ctx.practice
    text = typed(given)
    match meant(given, WENT):
        case "not_today":
            return ask("look_back", Recorded("practice", about=practice.id, went="not_today"))
        case "did" | "a_little" as went:
            return ask("what_was_it_like", Recorded("practice", about=practice.id, went=went))
        case None if text is not None and is_puzzled(text):
            return again(Said("evening/what_i_mean", {"practice": practice}))
        case None if text is not None:  # they told us instead of tapping: that is an answer too
            told = Recorded("reflection", text, about=practice.id)
            began = begun_with(given, WENT)
            done = (Recorded("practice", about=practice.id, went=began),) if began else ()
            return ask("look_back", *done, told, notes={"told": True})
        case _:
            question = {"question": OneOf(f"{practice.id} evening", practice.evening)}
            recap = ctx.week.look_back.recap if ctx.closes_week else None
            intention = "" if ctx.intention.endswith("?") else ctx.intention  # a question was meant for us
            said = Said("evening/how_was_it", {**question, "intention": intention, "recap": recap}, writes=True)
            if ctx.run.offers:  # it comes back after something else
                said = Said("evening/again", question, writes=True)
            return said.offering(*map(Choice, WENT))


@evening.step
def what_was_it_like(ctx: Context, given: Given) -> Move | Said:
    """One open question on what happened."""
    text = typed(given)
    match meant(given, SKIP):
        case "skip":
            return ask("look_back")
        case None if text is not None and is_puzzled(text):
            return again(Said("evening/any_answer"))
        case None if text is not None:
            return ask("look_back", Recorded("reflection", text, about=ctx.practice.id), notes={"told": True})
        case _:
            question = OneOf(f"{ctx.practice.id} reflection", ctx.practice.reflections)
            return Said("evening/what_was_it_like", {"question": question}, writes=True).offering(Choice("skip"))


@evening.step
def look_back(ctx: Context, given: Given) -> Move | Said:
    """The last day of the week looks back on it; other days pass on."""
    text = typed(given)
    match meant(given, SKIP):
        case _ if not ctx.closes_week:
            return ask("strain")
        case "skip":
            return ask("research", notes={"told": False})
        case None if text is not None and is_puzzled(text):
            return again(Said("evening/any_answer"))
        case None if text is not None:
            return ask("research", Recorded("look_back", text, about=ctx.week.step), notes={"told": True})
        case _:
            facts = {"question": ctx.week.look_back.question}
            return Said("evening/look_back", facts, writes=True).offering(Choice("skip"))


@evening.step
def research(ctx: Context, given: Given) -> Move | Said:
    """Where research is done, they are asked once, after their first look back: a no is the first button."""
    if not ctx.research or latest(ctx.participant, "research") is not None:
        return ask("strain")
    match meant(given, {"no": ("no", "n", "not now"), "yes": ("yes", "y")}):
        case "no" | "yes" as answer:
            consents = with_answer(ctx.participant, ctx.now, answer == "yes", "research", who=ctx.research)
            return ask("strain", notes={"told": False}, consents=consents)
        case _:
            return Said("evening/research", {"who": ctx.research}).offering(Choice("no"), Choice("yes"))


def after_strain(ctx: Context) -> Move:
    """On to the gratitudes; what they told before the question about strain has been thanked by it."""
    return ask("gratitude", notes={"told": False} if straining.is_due(ctx) else None)


straining.add_to(evening, onward=after_strain)


@evening.step
def gratitude(ctx: Context, given: Given) -> Move | Said:
    """Up to three things, on the evenings that the person's dial says."""
    told = bool(ctx.run.notes.get("told")) and not ctx.run.offers
    question = Said("evening/gratitude", {"told": told}, writes=True).offering(Choice("not_tonight"))
    if given is ENTERED:
        return question if asks_tonight(ctx) else good_night(ctx)
    if meant(given, NOTHING):
        return good_night(ctx)
    text = typed(given)
    if text is not None and is_puzzled(text):
        return again(Said("evening/any_answer"))
    if text is not None and begun_with(given, NONE_AT_ALL):  # "Nothing today, it was a miserable day"
        return good_night(ctx, Recorded("reflection", text, about=ctx.practice.id))
    return receive(ctx, given) or question


@evening.step
def another_gratitude(ctx: Context, given: Given) -> Move | Said:
    """What comes after the first, until there are three or the day turns."""
    if meant(given, DONE):
        return good_night(ctx, texts=written_so_far(ctx))
    return receive(ctx, given) or Said("evening/another_gratitude", writes=True).offering(Choice("that_is_all"))


def receive(ctx: Context, given: Given) -> Move | None:
    """Keeps the gratitudes of one message; None if there were none in it."""
    had = int(ctx.run.notes.get("gratitudes", 0))
    records = gratitudes(given, had)
    if not records:
        return None
    reaction = (Reacted(given.ref, "❤"),) if isinstance(given, MessageReceived) and given.ref else ()
    total, texts = had + len(records), (*written_so_far(ctx), *(record.text for record in records))
    if total >= MOST:
        return good_night(ctx, *records, *reaction, texts=texts)
    return ask("another_gratitude", *records, *reaction, notes={"gratitudes": total, "texts": texts})


def written_so_far(ctx: Context) -> tuple[str, ...]:
    """This evening's gratitudes."""
    return tuple(ctx.run.notes.get("texts", ()))


def asks_tonight(ctx: Context) -> bool:
    """Nightly at first, then as often as the person likes."""
    every = ctx.participant.rhythm.gratitude_every
    anchor = ctx.participant.journey.anchor
    return every > 0 and (anchor is None or (ctx.today - anchor).days % every == 0)


def good_night(ctx: Context, *events: Recorded | Reacted, texts: tuple[str, ...] = ()) -> Move:
    """The evening ends, perhaps with what could be shared; the last one of the course goes on to its close."""
    place = ctx.place
    if place is not None and place.week == ctx.programme.length and ctx.closes_week:
        return finish(*events, then="graduation")
    if ctx.participant.roster and ctx.participant.roster[-1][0] == ctx.today:
        return ask("next_shifts", *events, notes={"texts": texts})
    return with_offer(ctx, texts, *events, thanks=farewell(ctx))


def farewell(ctx: Context) -> Said:
    """Good night; or a quiet one, to somebody whose shift it is."""
    return Said("evening/before_night" if is_night(ctx.participant, ctx.today) else "evening/thanks")


@evening.step
def next_shifts(ctx: Context, given: Given) -> Move | Said:
    """The last evening whose shift we know asks for those to come, once; silence is fine."""
    text = typed(given)
    match meant(given, SHIFTS):
        case "next_shifts":
            return finish(then="shifts")
        case "not_tonight":
            return with_offer(ctx, written_so_far(ctx), thanks=farewell(ctx))
        case None if text is not None:  # one more thing of their day
            return finish(Recorded("reflection", text, about=ctx.practice.id), farewell(ctx))
    return Said("evening/next_shifts").offering(Choice("next_shifts"), Choice("not_tonight"))
