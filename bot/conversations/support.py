"""/support: people and numbers, at any time, also before consent, in a pause and after leaving.

And what somebody arranges there in calm: their country, a person they trust, and whether those who lead their cohort
are asked to get in touch. The coach calls nobody: it shows, and they call.
"""

from __future__ import annotations

from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    Words,
    again,
    ask,
    conversation,
    finish,
    for_an_hour,
    meant,
    typed,
)
from bot.conversations.finding import NO_PLACE
from bot.conversations.in_need import (
    ELSEWHERE,
    OUT_WORDS,
    agreed,
    asked_for,
    back,
    kept,
    leading,
    led_by,
    led_out,
    offered,
    spoken,
    stepping_out,
    understood,
    until_they_go_on,
    zone_of,
)
from bot.conversations.words import is_courtesy
from bot.countries import NAMES, country_in, country_of
from bot.model import Choice, Gazetteer, Said, Trusted

CLOSE = (
    *("close", "ok", "okay", "fine", "thanks", "thank you", "thanks a lot", "thank you so much", "thank you very much"),
    *("gracias", "muchas gracias", "vale", "eso es todo"),
)
SUPPORT: Words = {
    "right_country": ("that is right", "right", "es correcto"),
    "other_country": ("another country", "otro país"),
    "ground": ("steady", "ground", "calmarme"),
    "my_person": (),
    "my_plan": ("plan", "my plan", "safety plan", "mi plan", "plan de seguridad"),
    "tell_leader": (),
    "close_support": CLOSE,
}
LONGEST = 200  # characters of a name, or of a way to reach somebody
LONGEST_PLACE = 60  # characters; who writes more is telling something
LARGE = 150_000  # people; many an ordinary word is the name of a smaller place
CLEARLY = 10  # times as large as its namesakes in other countries: Paris is one, Valencia and Birmingham are not

support = conversation("support", first="show", open_for=for_an_hour, hears=SUPPORT, anytime=True)
country = conversation("country", first="which", open_for=for_an_hour, keeps=OUT_WORDS, anytime=True)
trusted = conversation(
    "trusted", first="show", open_for=until_they_go_on, keeps=OUT_WORDS, anytime=True, shut="keep_person"
)
telling = conversation("telling", first="preview", open_for=until_they_go_on, keeps=OUT_WORDS, anytime=True)


@support.named("show")
def show_support(ctx: Context, given: Given) -> Move | Said:
    """Where to find people; while the course is held, that is where we stay with them."""
    person = ctx.participant
    if person.sheltered is not None:
        return finish(then="staying", notes=leading(ctx))
    out = stepping_out(ctx, leads_back=False)
    guessed = country_of(zone_of(ctx)) if not person.country else None
    match understood(given, SUPPORT, meant):  # as it `hears` them: nobody is asked anything here
        case "right_country" if guessed is not None:
            return finish(spoken(ctx, "safety/country_saved"), country=guessed)
        case "other_country":
            return finish(then="country", notes=out)
        case "ground":
            return finish(then="grounding", notes=out)
        case "my_person" if agreed(person) or person.trusted is not None:
            return finish(then="trusted", notes=out)
        case "my_plan" if agreed(person) or person.safety_plan:
            return finish(then="safety_plan", notes=out)
        case "tell_leader" if led_by(person, ctx.cohort):
            return finish(then="telling", notes={**out, "calm": True})
        case "close_support":
            return finish(spoken(ctx, "safety/closed"))
        case _:
            by_itself = {support.name, *(timer.name for timer in person.timers)}  # a sit goes on, and waits for nothing
            waits = any(run.conversation not in by_itself for run in person.runs)
            said = spoken(ctx, "safety/support", asks=guessed is not None, waits=waits)
            return said.offering(*doors(ctx, guessed is not None), columns=1)


def doors(ctx: Context, asks: bool) -> tuple[Choice, ...]:
    """What else there is; first, whether the country that follows from their zone is theirs."""
    person = ctx.participant
    there = {
        "right_country": asks,
        "other_country": True,
        "ground": True,
        "my_person": agreed(person) or person.trusted is not None,
        "my_plan": agreed(person) or bool(person.safety_plan),
        "tell_leader": led_by(person, ctx.cohort) is not None,
        "close_support": True,
    }
    return offered(ctx, *(name for name, is_there in there.items() if is_there))


@country.step
def which(ctx: Context, given: Given) -> Move | Said:
    """In their own words, or by a large city in it; of one without known numbers, what holds everywhere is shown."""
    text = typed(given)
    if text is None:
        return spoken(ctx, "safety/which_country")
    if out := led_out(ctx, given):
        return out
    if is_courtesy(text) or meant(given, NO_PLACE):
        return back(ctx, "safety/closed")
    if len(text) > LONGEST_PLACE:
        said = spoken(ctx, "safety/listened", kept=bool(kept(ctx, given)))
        return Move(events=(*kept(ctx, given), said), answered=False)
    where = country_with(ctx.gazetteer, text)
    return ask("saved", country=where) if where else again(spoken(ctx, "safety/country_unclear"))


def country_with(gazetteer: Gazetteer, text: str) -> str | None:
    """The country that they named, or that the large city lies in; None where that would be a guess."""
    if named := country_in(text):
        return named
    found = [(country_of(city.zone), city.population) for city in gazetteer.cities(text, nearly=False)]
    where, people = found[0] if found else (None, 0)
    if people < LARGE or any(other != where and people < CLEARLY * theirs for other, theirs in found):
        return None
    return where if where in NAMES else ELSEWHERE


@country.step
def saved(ctx: Context, given: Given) -> Move:
    """The numbers of that country, at once."""
    return back(ctx, "safety/country_saved")


PERSON: Words = {"change_person": (), "drop_person": (), "keep_person": CLOSE}


@trusted.named("show")
def show_person(ctx: Context, given: Given) -> Move | Said:
    """Whom they would call: shown to be called, or named for the first time."""
    if ctx.participant.trusted is None:
        return ask("name")
    match understood(given, PERSON):
        case "change_person":
            return ask("name")
        case "drop_person":
            return back(ctx, "safety/person_dropped", trusted=None)
        case "keep_person":
            return back(ctx, "safety/closed")
        case _:
            who = ctx.participant.trusted
            said = spoken(ctx, "safety/person", private=True, who=who.name, reach=who.reach)
            return led_out(ctx, given) or said.offering(*offered(ctx, *PERSON), columns=1)


@trusted.step
def name(ctx: Context, given: Given) -> Move | Said:
    """Who it is."""
    text = typed(given)
    if text is None:
        return spoken(ctx, "safety/person_name", writes=True)
    return led_out(ctx, given) or ask("reach", notes={"who": text[:LONGEST]})


@trusted.step
def reach(ctx: Context, given: Given) -> Move | Said:
    """How they would reach them: a number, or where to find them."""
    text = typed(given)
    if text is None:
        return spoken(ctx, "safety/person_reach", writes=True)
    return led_out(ctx, given) or ask("show", trusted=Trusted(ctx.run.notes["who"], text[:LONGEST]))


TELL: Words = {"tell_now": (), "tell_if": (), "tell_if_not": (), "tell_not": ("no", "nobody", "a nadie")}


@telling.step
def preview(ctx: Context, given: Given) -> Move | Said:
    """Exactly what would be read, before it is sent; in calm it can be arranged beforehand."""
    person, cohort = ctx.participant, led_by(ctx.participant, ctx.cohort)
    if cohort is None:
        return back(ctx, "safety/not_told")
    match understood(given, TELL):
        case "tell_now" if given is not ENTERED:
            return back(ctx, "safety/told", *asked_for(person, cohort, ctx.now))
        case "tell_if":
            return back(ctx, "safety/tells_then", calls_leader=True)
        case "tell_if_not":
            return back(ctx, "safety/tells_not", calls_leader=False)
        case "tell_not":
            return back(ctx, "safety/not_told")
        case _:
            beforehand = ("tell_if_not" if person.calls_leader else "tell_if",) if ctx.run.notes.get("calm") else ()
            said = spoken(ctx, "safety/tell_preview", who=person.name, cohort=cohort.name, host=cohort.host)
            return led_out(ctx, given) or said.offering(*offered(ctx, "tell_now", *beforehand, "tell_not"), columns=1)
