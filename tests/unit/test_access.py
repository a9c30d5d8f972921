"""Who may do what: every role, every act, one's own cohort and another's, open and closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from bot.access import may
from bot.cohorts.model import Act, Actor, Cohort

OWN = Cohort("own", "Ward 4", "compassion", "calendar", date(2026, 3, 9), "UTC", facilitators=("me", "her"))
OTHERS = replace(OWN, id="others", facilitators=("her",))
SHUT, SHUT_OTHERS = (replace(cohort, closed_on=date(2026, 4, 1)) for cohort in (OWN, OTHERS))
REVOKED = replace(OWN, open_to="closed")

NOBODY, FACILITATOR, OWNER = Actor("me"), Actor("me", frozenset({"facilitator"})), Actor("me", frozenset({"owner"}))
EVERYTHING = tuple(Act)
MINE = {Act.LEAVE, Act.BECOME, Act.CALL_OFF}  # what anybody may do for themselves
CLOSED = {Act.SEE, Act.HOLD, Act.CANCEL}  # what stops messages is never out of reach
CLASSES = {Act.PLAN_CLASS, Act.CHANGE_CLASS, Act.CANCEL_CLASS, Act.RECAP}
TAKE_PART = {Act.ATTEND, Act.ASK_FOR_HUMAN}  # what anybody may in an open cohort, whose link may be closed
WALK = {Act.JOIN, Act.KNOCK} | TAKE_PART  # what anybody may in an open cohort
LEAD = CLOSED | CLASSES | {Act.PULSE, Act.OPEN, Act.REVOKE, Act.CLOSE, Act.EDIT, Act.BROADCAST, Act.GO_ON, Act.PAIR}
LEAD |= {Act.SETTLE, Act.UNSETTLE, Act.HOST}
OWNERS = {Act.INVITE, Act.REMOVE, Act.READ_AUDIT}

TABLE: list[tuple[str, Actor, Cohort | None, set[Act]]] = [
    ("nobody, no cohort", NOBODY, None, MINE),
    ("nobody, a cohort that names them", NOBODY, OWN, MINE | WALK),
    ("nobody, another's", NOBODY, OTHERS, MINE | WALK),
    ("nobody, a closed one", NOBODY, SHUT, MINE),
    ("nobody, a revoked link", NOBODY, REVOKED, MINE | TAKE_PART),
    ("facilitator, no cohort", FACILITATOR, None, MINE | {Act.CREATE}),
    ("facilitator, their own", FACILITATOR, OWN, MINE | LEAD | WALK | {Act.CREATE, Act.NOTE_CLASS}),
    ("facilitator, a revoked link", FACILITATOR, REVOKED, MINE | LEAD | TAKE_PART | {Act.CREATE, Act.NOTE_CLASS}),
    ("facilitator, another's", FACILITATOR, OTHERS, MINE | WALK | {Act.CREATE}),
    ("facilitator, their own closed", FACILITATOR, SHUT, MINE | CLOSED | {Act.CREATE}),
    ("facilitator, another's closed", FACILITATOR, SHUT_OTHERS, MINE | {Act.CREATE}),
    ("owner, no cohort", OWNER, None, MINE | OWNERS | {Act.CREATE}),
    ("owner, any", OWNER, OTHERS, MINE | LEAD | OWNERS | WALK | {Act.CREATE}),
    ("owner, their own", OWNER, OWN, MINE | LEAD | OWNERS | WALK | {Act.CREATE, Act.NOTE_CLASS}),
    ("owner, a closed one", OWNER, SHUT_OTHERS, MINE | CLOSED | {Act.CREATE}),
]


@pytest.mark.parametrize(
    ("actor", "cohort", "allowed", "act"),
    [pytest.param(a, c, allowed, act, id=f"{n}: {act}") for (n, a, c, allowed), act in product(TABLE, EVERYTHING)],
)
def test_everybody_may_do_what_the_table_says_and_nothing_else(
    actor: Actor, cohort: Cohort | None, allowed: set[Act], act: Act
) -> None:
    assert may(actor, act, cohort) is (act in allowed)


@pytest.mark.parametrize(("actor", "cohort"), [(a, c) for _, a, c, _ in TABLE])
def test_whoever_holds_both_roles_may_do_what_either_may(actor: Actor, cohort: Cohort | None) -> None:
    both = Actor("me", frozenset({"facilitator", "owner"}))
    either = {act for act in Act if may(FACILITATOR, act, cohort) or may(OWNER, act, cohort)}
    assert {act for act in Act if may(both, act, cohort)} == either
