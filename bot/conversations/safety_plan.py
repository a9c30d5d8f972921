"""A safety plan: written in calm, step by step, and back in need.

The steps and their order are those of the Safety Planning Intervention (B. Stanley, G. K. Brown: Safety Planning
Intervention: A Brief Intervention to Mitigate Suicide Risk. Cognitive and Behavioral Practice 19 (2012) 256-264):
warning signs; what helps by oneself; people and places that distract; people to ask for help; professionals and
agencies; making the surroundings safer. The facts are theirs, the sentences are ours. It is meant to be written
together with a clinician, and the first message says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversations.base import Context, Given, Move, Words, ask, conversation, typed
from bot.conversations.in_need import OUT_WORDS, agreed, back, led_out, offered, spoken, understood, until_they_go_on
from bot.model import Participant, Said

STEPS = ("warnings", "alone", "distraction", "people", "professionals", "safer")
LONGEST = 1000  # characters of one step: it is read in need
PLAN: Words = {
    "begin_plan": ("begin", "yes", "empezar", "sí"),
    "change_plan": ("change", "cambiar"),
    "drop_plan": (),
    "close_plan": ("close", "later", "no", "thanks", "thank you", "más tarde", "gracias"),
}
WRITING: Words = {
    "skip_part": ("skip", "saltar"),
    "end_plan": ("stop", "enough", "that is enough", "basta", "para"),
}

safety_plan = conversation(
    "safety_plan", first="show", open_for=until_they_go_on, keeps=OUT_WORDS, anytime=True, shut="close_plan"
)


@safety_plan.step
def show(ctx: Context, given: Given) -> Move | Said:
    """The plan, or what one is."""
    plan = ctx.participant.safety_plan
    match understood(given, PLAN):
        case "begin_plan" | "change_plan" if agreed(ctx.participant):
            return ask("write", notes={"part": 0})
        case "drop_plan" if plan:
            return ask("drop")
        case "close_plan":
            return back(ctx, "safety/closed")
    if out := led_out(ctx, given):
        return out
    if not plan:
        return spoken(ctx, "safety/plan_intro").offering(*offered(ctx, "begin_plan", "close_plan"))
    parts = [{"part": part, "text": plan[part]} for part in STEPS if part in plan]
    ways = ("change_plan", "drop_plan", "close_plan") if agreed(ctx.participant) else ("drop_plan", "close_plan")
    said = spoken(ctx, "safety/plan", private=True, parts=parts)
    return said.offering(*offered(ctx, *ways), columns=1)


@safety_plan.step
def write(ctx: Context, given: Given) -> Move | Said:
    """One step; skipping leaves it as it is."""
    at, plan = int(ctx.run.notes["part"]), ctx.participant.safety_plan
    part, text = STEPS[at], typed(given)
    ahead = "show" if at + 1 == len(STEPS) else "write"
    match understood(given, WRITING):
        case "skip_part" if ahead == "show" and not plan:
            return back(ctx, "safety/closed")
        case "skip_part":
            return ask(ahead, notes={"part": at + 1})
        case "end_plan" if plan:
            return ask("show")
        case "end_plan" | "close_plan":  # the latter: they shut the window, and want no other
            return back(ctx, "safety/closed")
        case None if text is not None:
            written = ask(ahead, notes={"part": at + 1}, safety_plan=with_part(ctx.participant, at, text))
            return led_out(ctx, given) or written
        case _:
            facts = {"part": part, "number": at + 1, "parts": len(STEPS), "before": plan.get(part, "")}
            said = spoken(ctx, "safety/plan_part", writes=True, private=part in plan, **facts)
            return said.offering(*offered(ctx, *WRITING))


def with_part(person: Participant, at: int, text: str) -> Mapping[str, str]:
    """Their plan with these words in one step."""
    return {**person.safety_plan, STEPS[at]: text.strip()[:LONGEST]}


@safety_plan.step
def drop(ctx: Context, given: Given) -> Move | Said:
    """Asked once more: it may be missed on a bad day."""
    match understood(given, {"yes_drop": ("yes", "sí", "si"), "keep_plan": ("no", "keep")}):
        case "yes_drop":
            return back(ctx, "safety/plan_dropped", safety_plan={})
        case "keep_plan":
            return ask("show")
        case _:
            said = spoken(ctx, "safety/plan_drop")
            return led_out(ctx, given) or said.offering(*offered(ctx, "yes_drop", "keep_plan"))
