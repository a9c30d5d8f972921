"""may(actor, act, object): the one place that decides who may do what."""

from __future__ import annotations

from bot.cohorts.model import FACILITATOR, OWNER, Act, Actor, Cohort, Desk, Overview

OWNERS_ALONE = frozenset({Act.INVITE, Act.REMOVE, Act.READ_AUDIT})
WITH_A_COHORT = frozenset({Act.PULSE, Act.OPEN, Act.REVOKE, Act.CLOSE, Act.EDIT, Act.BROADCAST, Act.GO_ON, Act.PAIR})
HOMES = frozenset({Act.SETTLE, Act.UNSETTLE, Act.HOST})
CLASSES = frozenset({Act.PLAN_CLASS, Act.CHANGE_CLASS, Act.CANCEL_CLASS, Act.RECAP})
ALSO_CLOSED = frozenset({Act.SEE, Act.HOLD, Act.CANCEL})  # what stops messages is never out of reach


def may(actor: Actor, act: Act, cohort: Cohort | None = None) -> bool:
    """Whether somebody may do this, to this cohort where the act concerns one.

    An owner may do what a facilitator of every cohort may, and sees no more of anybody than a facilitator does.
    Whether an invitation is good is asked of the invitation; here it is asked whether the cohort still takes people in.
    """
    owns = OWNER in actor.roles
    leads = cohort is not None and FACILITATOR in actor.roles and actor.id in cohort.facilitators
    match act:
        case Act.JOIN | Act.KNOCK:
            return cohort is not None and cohort.closed_on is None and cohort.open_to == "link"
        case Act.ATTEND | Act.ASK_FOR_HUMAN:
            return cohort is not None and cohort.closed_on is None
        case Act.NOTE_CLASS:  # names, which were promised to those who lead, and to no other owner
            named = cohort is not None and actor.id in cohort.facilitators and cohort.closed_on is None
            return named and (owns or FACILITATOR in actor.roles)
        case Act.LEAVE | Act.BECOME | Act.CALL_OFF:
            return True
        case Act.CREATE:
            return owns or FACILITATOR in actor.roles
        case _ if act in ALSO_CLOSED:
            return leads or (owns and cohort is not None)
        case _ if act in WITH_A_COHORT | HOMES | CLASSES:
            return cohort is not None and cohort.closed_on is None and (owns or leads)
        case _ if act in OWNERS_ALONE:
            return owns and (cohort is None or cohort.closed_on is None)
    return False


def allowed(desk: Desk, act: Act) -> list[Overview]:
    """Those of the cohorts on somebody's desk with which they may do this."""
    return [overview for overview in desk.cohorts if may(desk.actor, act, overview.cohort)]
