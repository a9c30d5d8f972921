"""A partner every week: whether and how to take part, who it is, whether they met, and words through the coach.

What partners talk about is asked nowhere, and what they pass on is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from bot.cohorts.meetings import Companion, Meeting
from bot.cohorts.model import Act
from bot.cohorts.schedule import A_WEEK, round_ahead
from bot.conversations.base import (
    ENTERED,
    Context,
    Given,
    Move,
    again,
    ask,
    conversation,
    finish,
    for_a_day,
    for_an_hour,
    meant,
    tapped,
    typed,
)
from bot.model import Carried, Choice, Decided, Recorded, Said, State
from bot.occasions import FALLEN_OUT, QUESTION, unanswered, wants_a_partner

WANTED: Mapping[str, tuple[str, ...]] = {"pair_me": ("yes", "y", "ok", "gladly"), "no_pairs": ("no", "n")}
WAYS: Mapping[str, Literal["coach", "username", "name"]] = {
    "by_coach": "coach",
    "by_username": "username",
    "by_name": "name",
}
IN_WORDS: Mapping[str, tuple[str, ...]] = {way: (word,) for way, word in WAYS.items()}
MET: Mapping[str, tuple[str, ...]] = {"met_yes": ("yes", "y"), "met_not_yet": ("not yet",), "met_no": ("no", "n")}
CLOSENESS = ("close_1", "close_2", "close_3", "close_4", "close_5")
A_DAYS_WORDS = 20  # that are passed on for one person
LONGEST = 1500  # characters of them

partner = conversation("partner", first="menu", open_for=for_an_hour)
pair = conversation("pair", first="about", open_for=for_a_day, hears={**WANTED, **IN_WORDS})
met = conversation("met", first="did_you", open_for=for_a_day, hears=MET)
tell = conversation("tell", first="words", open_for=for_an_hour)
hush = conversation("hush", first="at_once", open_for=for_an_hour)
never = conversation("never", first="whom", open_for=for_an_hour, shut="that_is_all")


def present(ctx: Context) -> Meeting | None:
    """Their meeting of this week, of which they were told, while somebody else is in it."""
    meeting, told = ctx.meeting, ctx.participant.pairing.told
    mine = meeting is not None and told is not None and told[0] == meeting.id and bool(meeting.mates)
    return meeting if mine and meeting is not None and ctx.now < meeting.at + A_WEEK else None


def ahead_meeting(ctx: Context) -> Meeting | None:
    """The same, if they have not met."""
    return present(ctx) if ctx.participant.pairing.met not in ("yes", "no") else None


def names_of(meeting: Meeting | None) -> list[str]:
    """The first names of the others."""
    return [mate.person.name for mate in meeting.mates] if meeting else []


def listens(mate: Companion, meeting: Meeting) -> bool:
    """Whether words may be passed to them."""
    person = mate.person
    willing = person.pairing.by != "name" and person.pairing.hushed != meeting.id
    return willing and person.reachable and person.journey.state is State.ACTIVE


# ---------------------------------------------------------------- taking part


@partner.step
def menu(ctx: Context, given: Given) -> Move | Said:
    """What stands, and what to change."""
    cohort, pairing = ctx.cohort, ctx.participant.pairing
    if cohort is None or cohort.pairs is None or cohort.closed_on is not None:
        return finish(Said("partner/none"))
    if not wants_a_partner(ctx.participant):
        return ask("wanted")
    ahead = round_ahead(cohort, ctx.now, ctx.programme.length)
    out = ahead is not None and pairing.sits_out == (cohort.id, ahead.week)
    meeting = present(ctx)
    match tapped(given):
        case "sit_out" if ahead_meeting(ctx) is not None:
            decided = Decided(Act.CALL_OFF, cohort.id)
            return finish(decided, Said("partner/called_off"), pairing=replace(pairing, met="no"))
        case "sit_out" if ahead is not None:
            return finish(Said("partner/sits_out"), pairing=replace(pairing, sits_out=(cohort.id, ahead.week)))
        case "back_in":
            return finish(Said("partner/in"), pairing=replace(pairing, sits_out=None))
        case "how_reached":
            return ask("how")
        case "never_with":
            return finish(then="never")
        case "no_pairs":
            return declined(ctx)
        case "that_is_all":
            return finish(Said("partner/kept"))
    offered = ["back_in" if out else "sit_out"] if out or ahead_meeting(ctx) or ahead else []
    offered += ["how_reached"] if not ctx.participant.discreet else []
    offered += ["never_with"] if ctx.meeting and ctx.meeting.before else []
    facts = {"mates": names_of(meeting), "out": out}
    return Said("partner/menu", facts).offering(*map(Choice, [*offered, "no_pairs", "that_is_all"]), columns=1)


@partner.step
def wanted(ctx: Context, given: Given) -> Move | Said:
    """Whether to be paired at all, or to go on being paired after silent weeks."""
    pairing = ctx.participant.pairing
    doubtful = pairing.wanted is True and not wants_a_partner(ctx.participant)
    match meant(given, WANTED):
        case "pair_me":
            yes = replace(pairing, wanted=True, silent=0, met="heard" if doubtful else pairing.met)
            if doubtful or ctx.participant.discreet:
                return finish(Said("partner/in"), pairing=yes)
            return ask("how", pairing=yes)
        case "no_pairs":
            return declined(ctx)
        case _:
            return Said("partner/go_on" if doubtful else "partner/wanted").offering(*map(Choice, WANTED))


pair.named("wanted")(wanted)


@partner.step
def how(ctx: Context, given: Given) -> Move | Said:
    """How a partner may reach them; the platform's name is kept only by this consent."""
    ways = [way for way in WAYS if way != "by_username" or ctx.handle]
    chosen = meant(given, IN_WORDS)
    if chosen is None or chosen not in ways:
        return Said("partner/how", {"handle": ctx.handle}).offering(*map(Choice, ways), columns=1)
    handle = ctx.handle if chosen == "by_username" else ""
    return finish(Said("partner/in"), pairing=replace(ctx.participant.pairing, by=WAYS[chosen], handle=handle))


pair.named("how")(how)


def declined(ctx: Context) -> Move:
    """No partner from now on; who expects them this week hears that the meeting falls out."""
    pairing, meeting = ctx.participant.pairing, ahead_meeting(ctx)
    off = [Decided(Act.CALL_OFF, meeting.cohort)] if meeting else []
    gone = replace(pairing, wanted=False, silent=0, met=pairing.met or "heard")
    return finish(*off, Said("partner/out"), pairing=gone)


# ---------------------------------------------------------------- who it is


@pair.step
def about(ctx: Context, given: Given) -> Move | Said:
    """Before a round, a question; after it, who they meet and what they might do together."""
    pairing, cohort, meeting = ctx.participant.pairing, ctx.cohort, ctx.meeting
    if ctx.run.notes["about"] == QUESTION:
        ahead = round_ahead(cohort, ctx.now, ctx.programme.length) if cohort else None
        return ask("wanted", pairing=replace(pairing, asked_for=ahead.week if ahead else 1))
    assert meeting is not None
    ids = tuple(mate.person.id for mate in meeting.mates)
    told = replace(
        pairing,
        told=(meeting.id, ctx.run.notes["on"]),
        mates=ids,
        partners=tuple(sorted({*pairing.partners, *ids})),
        silent=unanswered(pairing),
        asked_met=(),
        met="",
        hushed="",
    )
    if not ids:
        return finish(Said("partner/nobody_free"), pairing=told)
    return finish(together(ctx, meeting) if meeting.gathers else introduced(ctx, meeting), pairing=told)


def introduced(ctx: Context, meeting: Meeting) -> Said:
    """To one of them, in private: the first names, and the ways that each agreed to."""
    by_username = ctx.participant.pairing.by == "username"
    mates = [
        {
            "name": mate.person.name,
            "handle": mate.person.pairing.handle if by_username and mate.person.pairing.by == "username" else "",
            "listens": listens(mate, meeting),
        }
        for mate in meeting.mates
    ]
    said = Said("partner/meet", {"mates": mates, "exercise": ctx.week.exercise})
    return said.offering(Choice("write_partner", command="/tell")) if any(mate["listens"] for mate in mates) else said


def together(ctx: Context, meeting: Meeting) -> Said:
    """To all of them, in one conversation, by whoever's alarm rings first."""
    names = [*names_of(meeting), ctx.participant.name]
    company = tuple(mate.platform_id for mate in meeting.mates)
    return Said(
        "partner/together", {"names": names, "exercise": ctx.week.exercise}, key=f"pair:{meeting.id}", company=company
    )


# ---------------------------------------------------------------- whether they met


@met.step
def did_you(ctx: Context, given: Given) -> Move | Said:
    """One question, the day after; or the news that it falls out."""
    pairing, meeting = ctx.participant.pairing, ctx.meeting
    mates = names_of(meeting)
    if ctx.run.notes["about"] == FALLEN_OUT:
        left = tuple(mate.person.id for mate in meeting.mates) if meeting else ()
        news = replace(pairing, mates=left, met=pairing.met if left else "no")
        return finish(Said("partner/fallen_out", {"mates": mates}), pairing=news)
    match meant(given, MET):
        case "met_yes":
            return ask("how_close", noted(ctx, "yes"), pairing=replace(pairing, met="yes"))
        case "met_not_yet":
            return finish(noted(ctx, "not_yet"), Said("partner/not_yet"), pairing=replace(pairing, met="not_yet"))
        case "met_no":
            return finish(noted(ctx, "no"), Said("partner/not_met"), pairing=replace(pairing, met="no"))
    if given is ENTERED and ctx.run.notes["on"] not in pairing.asked_met:
        return ask("did_you", pairing=replace(pairing, asked_met=(*pairing.asked_met, ctx.run.notes["on"])))
    return Said("partner/did_you", {"mates": mates}).offering(*map(Choice, MET))


@met.step
def how_close(ctx: Context, given: Given) -> Move | Said:
    """How close they felt, in five words; the talk itself is theirs."""
    thanks = Said("partner/thanks").offering(Choice("not_again", command="/never"))
    match tapped(given):
        case str() as chosen if chosen in CLOSENESS:
            return finish(noted(ctx, chosen), thanks)
        case "rather_not":
            return finish(thanks)
    return Said("partner/how_close").offering(*map(Choice, CLOSENESS), Choice("rather_not"), columns=2)


def noted(ctx: Context, went: str) -> Recorded:
    """What is kept of a meeting: whether it was, and how close they felt."""
    return Recorded("met", about=ctx.week.exercise.id, went=went, slot="met")


# ---------------------------------------------------------------- words through the coach


@tell.step
def words(ctx: Context, given: Given) -> Move | Said:
    """What they write next goes to this week's partner, and is not kept."""
    meeting, pairing = present(ctx), ctx.participant.pairing
    mates = [mate for mate in meeting.mates if listens(mate, meeting)] if meeting else []
    if not mates:
        return finish(Said("partner/nobody", {"mates": names_of(meeting)}))
    today = pairing.passed[1] if pairing.passed and pairing.passed[0] == ctx.today else 0
    if today >= A_DAYS_WORDS:
        return finish(Said("partner/enough"))
    text = ctx.run.notes.get("words") if given is ENTERED else typed(given)
    names = [mate.person.name for mate in mates]
    if tapped(given) == "never_mind":
        return finish(Said("partner/kept"))
    if text is None:
        return Said("partner/tell", {"mates": names}, writes=True).offering(Choice("never_mind"))
    if len(text) > LONGEST:
        return again(Said("partner/too_long", {"most": LONGEST}), notes={"words": None})
    buttons = Choice("write_back", command="/tell"), Choice("hush", command="/hush")
    carried = Said("partner/passed", {"sender": ctx.participant.name, "text": text}, private=True)
    carried = replace(carried, urgency="scheduled").offering(*buttons)
    heard = replace(pairing, passed=(ctx.today, today + 1), met=pairing.met or "heard")
    to = tuple(mate.person.id for mate in mates)
    return finish(Carried(to, carried), Said("partner/sent", {"mates": names}), pairing=heard)


@hush.step
def at_once(ctx: Context, given: Given) -> Move:
    """No more words of this week's partner."""
    meeting = present(ctx)
    if meeting is None:
        return finish(Said("partner/nobody", {"mates": []}))
    return finish(Said("partner/hushed"), pairing=replace(ctx.participant.pairing, hushed=meeting.id))


# ---------------------------------------------------------------- a private list


@never.step
def whom(ctx: Context, given: Given) -> Move | Said:
    """With whom never again, of those whom they have met: nobody else is named, and nobody is told."""
    pairing, before = ctx.participant.pairing, ctx.meeting.before if ctx.meeting else ()
    chosen, ids = tapped(given), {id_ for id_, _ in before}
    if chosen in ids:
        return ask("whom", pairing=replace(pairing, never_with=pairing.never_with ^ {chosen}))
    if chosen == "that_is_all" or not before:
        return finish(Said("partner/kept" if before else "partner/nobody_met"))
    names = [name for id_, name in before if id_ in pairing.never_with]
    offered = [Choice(id_, label=f"{'✓ ' if id_ in pairing.never_with else ''}{name or '…'}") for id_, name in before]
    return Said("partner/never", {"names": names}, private=True).offering(*offered, Choice("that_is_all"), columns=1)
