"""Carries out what a turn decided about cohorts and roles, in the turn's own transaction, and audits it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.access import may
from bot.cohorts import announcing, convening, pairing_up
from bot.cohorts.hosts import hosted_by
from bot.cohorts.model import FACILITATOR, PRIVATE, Act, Actor, Audited, Cohort, Invitation
from bot.cohorts.ports import Cohorts, KnownCohort
from bot.cohorts.waiting import KEPT
from bot.errors import NotAllowedError
from bot.model import Decided
from bot.timetable import local_day, zone

A_WEEK = timedelta(days=7)  # how long a facilitator's invitation is good


@dataclass(frozen=True, slots=True)
class Doing:
    """An act under way: by whom, on which cohort (or person), and when."""

    decided: Decided
    actor: Actor
    known: KnownCohort | None
    cohorts: Cohorts
    now: datetime
    new_id: Callable[[], str]

    @property
    def detail(self) -> Mapping[str, Any]:
        """What was decided besides."""
        return self.decided.detail

    @property
    def cohort(self) -> Cohort:
        """The cohort that the act concerns. Raises NotAllowedError if there is none."""
        return self._known.cohort

    async def save(self, *, wake: bool = False, **changes: Any) -> None:
        """Writes the cohort with these changes; to `wake` it is to let it plan anew."""
        at = self.now if wake else self._known.wake_at
        await self.cohorts.save(replace(self._known, cohort=replace(self.cohort, **changes), wake_at=at))

    @property
    def _known(self) -> KnownCohort:
        if self.known is None:
            raise NotAllowedError(self.decided.act)
        return self.known


def random_id() -> str:
    """An id that maps to nothing."""
    return secrets.token_urlsafe(12)


async def carry_out(
    decided: Decided, actor: Actor, cohorts: Cohorts, now: datetime, new_id: Callable[[], str] = random_id
) -> None:
    """Asks once more whether they may, does it, and writes the audit.

    Raises:
        NotAllowedError: they may not, or not any more.
    """
    person = decided.act is Act.REMOVE  # the only act whose object is no cohort
    changes = decided.act not in PRIVATE or decided.act is Act.KNOCK
    find = cohorts.load if changes else cohorts.look  # who joins or leaves changes no cohort: no lock
    loaded = {} if person or not decided.object else await find([decided.object])
    known = loaded.get(decided.object)
    if not may(actor, decided.act, known.cohort if known else None):
        raise NotAllowedError(decided.act)
    more = await ACTS[decided.act](Doing(decided, actor, known, cohorts, now, new_id)) or {}
    if decided.act not in PRIVATE:
        of, detail = more.get("object", decided.object), more.get("detail", "")
        await cohorts.note(Audited(now, more.get("actor", actor.id), decided.act, of, detail))


async def create(doing: Doing) -> Mapping[str, str]:
    """A new cohort, led by whoever made it, with its first invitation."""
    drafted: Cohort = doing.detail["cohort"]
    cohort = replace(drafted, id=drafted.id or doing.new_id())
    await doing.cohorts.add(replace(cohort, code=doing.detail["code"]), None)
    await doing.cohorts.grant(doing.actor.id, FACILITATOR, cohort.id)
    await _invite(doing, cohort.id)
    return {"object": cohort.id}


async def open_(doing: Doing) -> None:
    """A new invitation in place of the old one."""
    await doing.cohorts.revoke(doing.cohort.id, doing.now)
    await _invite(doing, doing.cohort.id)
    await doing.save(code=doing.detail["code"], open_to="link")


async def revoke(doing: Doing) -> None:
    """The invitation ends; nobody comes in until there is a new one."""
    await doing.cohorts.revoke(doing.cohort.id, doing.now)
    await doing.save(code="", open_to="closed")


async def close(doing: Doing) -> None:
    """The cohort takes nobody in any more and is led no more, its figures go; who walks in it walks on."""
    await doing.cohorts.revoke(doing.cohort.id, doing.now)
    on = local_day(doing.now, zone(doing.cohort.zone))
    await doing.save(code="", open_to="closed", closed_on=on, pulse=None, counted=())


async def settle(doing: Doing) -> None:
    """The cohort is at home in a channel or group, and in no other."""
    if doing.cohort.home not in ("", doing.detail["home"]):
        raise NotAllowedError(doing.decided.act)
    await doing.save(home=doing.detail["home"], posts=doing.detail["posts"])


async def unsettle(doing: Doing) -> None:
    """The cohort is at home nowhere; everybody walks on."""
    await doing.save(home="")


async def host(doing: Doing) -> None:
    """Another name is read as that of who leads the cohort: colleagues hand over."""
    await doing.save(host=doing.detail["host"])


async def invite(doing: Doing) -> Mapping[str, str]:
    """A link that makes one person a facilitator."""
    invitation = Invitation(
        id=doing.new_id(),
        kind="facilitator",
        cohort=doing.decided.object,
        created_by=doing.actor.id,
        created_at=doing.now,
        expires_at=doing.now + A_WEEK,
        uses_left=1,
    )
    await doing.cohorts.invite(invitation, doing.detail["code"])
    return {"detail": invitation.id}


async def remove(doing: Doing) -> None:
    """A facilitator is none any more, at once and everywhere; no group says any longer that they lead it."""
    hosted = await hosted_by(doing.decided.object, doing.cohorts)
    await doing.cohorts.withdraw(doing.decided.object, FACILITATOR)
    for known in (await doing.cohorts.load(list(hosted))).values():
        await doing.cohorts.save(replace(known, cohort=replace(known.cohort, host="")))


async def become(doing: Doing) -> Mapping[str, str]:
    """Somebody becomes a facilitator by an invitation, which is used up."""
    invitation = await _good(doing, "facilitator")
    await doing.cohorts.grant(doing.actor.id, FACILITATOR)
    if invitation.cohort:
        await doing.cohorts.grant(doing.actor.id, FACILITATOR, invitation.cohort)
    return {"detail": invitation.id}


async def knock(doing: Doing) -> None:
    """Somebody opened the invitation, and may be reminded of it once."""
    if doing.actor.id not in doing.cohort.knocking:
        await doing.save(knocking=(*doing.cohort.knocking, doing.actor.id)[-KEPT:])


async def join(doing: Doing) -> None:
    """Somebody walks in this cohort from now on."""
    invitation = await _good(doing, "cohort")
    if invitation.cohort != doing.cohort.id:
        raise NotAllowedError(doing.decided.act)
    if (before := await doing.cohorts.membership(doing.actor.id)) is not None:
        await pairing_up.out_of(doing, before)
    await doing.cohorts.enter(doing.actor.id, doing.cohort.id, doing.now)


async def leave(doing: Doing) -> None:
    """Somebody walks in no cohort from now on."""
    await pairing_up.out_of(doing, doing.decided.object)
    await doing.cohorts.exit(doing.actor.id, doing.now)


async def ask_for_human(doing: Doing) -> Mapping[str, str]:
    """That somebody asked is noted; who it was is for those who lead alone, and they read it in their own chat."""
    return {"actor": ""}


async def _good(doing: Doing, kind: str) -> Invitation:
    """The invitation that the act goes by, used once more. Raises NotAllowedError if it opens no door any more."""
    invitation = await doing.cohorts.invited(invitation=doing.detail["invitation"])
    fits = invitation is not None and invitation.kind == kind and invitation.good(doing.now)
    if invitation is None or not fits or not await doing.cohorts.use(invitation.id):
        raise NotAllowedError(doing.decided.act)
    return invitation


async def _invite(doing: Doing, cohort: str) -> None:
    invitation = Invitation(doing.new_id(), "cohort", cohort, doing.actor.id, doing.now, doing.detail["until"])
    await doing.cohorts.invite(invitation, doing.detail["code"])


ACTS: Mapping[Act, Callable[[Doing], Awaitable[Mapping[str, str] | None]]] = {
    Act.CREATE: create,
    Act.OPEN: open_,
    Act.REVOKE: revoke,
    Act.CLOSE: close,
    Act.SETTLE: settle,
    Act.UNSETTLE: unsettle,
    Act.HOST: host,
    Act.INVITE: invite,
    Act.REMOVE: remove,
    Act.BECOME: become,
    Act.JOIN: join,
    Act.KNOCK: knock,
    Act.LEAVE: leave,
    Act.EDIT: announcing.edit,
    Act.BROADCAST: announcing.broadcast,
    Act.HOLD: announcing.hold,
    Act.GO_ON: announcing.go_on,
    Act.CANCEL: announcing.cancel,
    Act.PAIR: pairing_up.pair,
    Act.CALL_OFF: pairing_up.call_off,
    Act.PLAN_CLASS: convening.plan,
    Act.CHANGE_CLASS: convening.change,
    Act.CANCEL_CLASS: convening.cancel,
    Act.ATTEND: convening.attend,
    Act.ASK_FOR_HUMAN: ask_for_human,
    Act.NOTE_CLASS: convening.note,
    Act.RECAP: convening.recap,
}
