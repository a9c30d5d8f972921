"""What an erased person leaves in what belongs to others, and what becomes of it: the same for every store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from bot.cohorts import pulse
from bot.cohorts.hosts import named_in, word
from bot.cohorts.model import FACILITATOR, OWNER, Cohort
from bot.cohorts.ports import Cohorts
from bot.model import PRIORITY, Origin, Outgoing, Participant, Reply
from bot.storage.tables import Stage

PASSED = ("partner/", "gathering/shared", "desk/asked_for")  # prompts whose messages are about somebody else
NAMING = (*PASSED, "classes/who_was_there", "facilitators/", "audit/")  # and those in which others have their names
OVER = (Stage.SENT, Stage.DEAD, Stage.EXPIRED, Stage.UNREACHABLE, Stage.CANCELLED)
UNNAMED = "…"

Fate = Literal["stays", "emptied", "redacted", "dropped", "undone"]


@dataclass(frozen=True, slots=True)
class Traces:
    """What tells of somebody in messages to others; `keys` are those of messages that are about them."""

    names: frozenset[str] = field(repr=False)
    platform_ids: frozenset[str] = field(repr=False)
    keys: frozenset[str] = frozenset()

    def fate(self, reply: Reply, stage: Stage, dedup: str | None, *, copy: bool) -> Fate:
        """What becomes of a message to somebody near them; `copy`: of a broadcast, which belongs to its group."""
        if dedup not in self.keys and not self._shown_in(reply):
            return "stays"
        if stage in OVER and not (copy and stage is Stage.EXPIRED):  # that one may be planned anew
            return "emptied"
        if dedup in self.keys and stage is Stage.SENDING:  # it may arrive: its receipt is what deletes it
            return "undone"
        if dedup in self.keys or reply.prompt.startswith(PASSED):
            return "dropped"
        return "redacted" if copy or reply.prompt.startswith(NAMING) else "stays"

    @staticmethod
    def undone(dedup: str | None) -> Reply:
        """What stands in the place of a message that is on the wire: sent again, it says nothing."""
        return Reply("delete", of=dedup or "")

    def without(self, reply: Reply) -> Reply:
        """The same message without their names."""
        text = tuple(
            replace(block, spans=tuple(replace(span, text=self._unnamed(span.text)) for span in block.spans))
            for block in reply.text
        )
        rows = tuple(tuple(replace(one, label=self._unnamed(one.label)) for one in row) for row in reply.rows)
        return replace(reply, text=text, rows=rows)

    def named_in(self, text: str) -> bool:
        """Whether one of their names is a word of this text."""
        return any(named_in(name, text) for name in self.names)

    def _unnamed(self, text: str) -> str:
        for name in self.names:
            text = re.sub(word(name), UNNAMED, text)
        return text

    def _shown_in(self, reply: Reply) -> bool:
        nameless = not self.names and reply.prompt.startswith(PASSED)  # nothing to tell theirs from others'
        return nameless or not self.platform_ids.isdisjoint(reply.company) or any(map(self.named_in, _texts(reply)))


def traces(person: Participant, origins: Sequence[Origin], meetings: Sequence[str], hosts: Iterable[str]) -> Traces:
    """What tells of this person, who was in these meetings and leads as these hosts."""
    names = {person.name, person.pairing.handle, person.pairing.handle.lstrip("@")} - {""}
    names |= {host for host in hosts if not any(named_in(name, host) for name in names)}
    keys = {f"pair:{meeting}" for meeting in meetings} | {one.key for one in person.shared}
    return Traces(frozenset(names), frozenset(origin.platform_id for origin in origins), frozenset(keys))


async def near(person: Participant, cohorts: Cohorts, walked: Sequence[str], met: Sequence[str]) -> list[str]:
    """Who may have got messages that tell of this person: whom they `met`, who leads them, and whom they lead."""
    led = [cohort for role, cohort in await cohorts.roles(person.id) if role == FACILITATOR and cohort]
    found = await cohorts.look([*walked, *led])
    people = {*met, *person.pairing.partners, *(one.home for one in person.shared)}
    people |= {one for known in found.values() for one in (*known.cohort.facilitators, known.cohort.home)}
    people |= {*await cohorts.holders(OWNER), *await cohorts.holders(FACILITATOR)}
    if led:
        people |= {who.id for who, _ in await cohorts.broadcasts.census(led)}
    return sorted(people - {"", person.id})


async def deletions(person: Participant, cohorts: Cohorts, at: datetime) -> list[Outgoing]:
    """What takes back all of theirs that still stands in a group's chat; each has its key, so it is posted once."""
    chats = await cohorts.people([one.home for one in person.shared])
    homes = {chat.id: (chat.address, installation) for chat, installation in chats}
    return [
        Outgoing(*homes[one.home], Reply("delete", of=one.key), PRIORITY["scheduled"], at, dedup=one.undoing)
        for one in person.shared
        if not one.back and one.home in homes
    ]


async def forget(person: Participant, cohorts: Cohorts, told: Traces) -> tuple[str, ...]:
    """Takes this person out of every cohort's own state; the open ones that nobody else leads, by their ids.

    Their people are locked before; a cohort is locked only if it changes.
    """
    leaderless = []
    for id_, known in (await cohorts.look(await cohorts.ids())).items():
        leaders = known.cohort.facilitators
        if leaders == (person.id,) and known.cohort.closed_on is None:
            leaderless.append(id_)
        if without(known.cohort, person.id, told) != known.cohort:
            [fresh] = (await cohorts.load([id_])).values()
            await cohorts.save(replace(fresh, cohort=without(fresh.cohort, person.id, told)))
    return tuple(leaderless)


def without(cohort: Cohort, person: str, told: Traces) -> Cohort:
    """A cohort that knows nothing of them; what they wrote to it as its leader belongs to it."""
    changes: dict[str, Any] = {}
    if any(one.id == person for one in cohort.counted):
        changes["counted"] = pulse.forgotten(cohort.counted, person)
    if person in cohort.knocking:
        changes["knocking"] = tuple(one for one in cohort.knocking if one != person)
    if cohort.home == person:
        changes["home"] = ""
    if person in cohort.facilitators and told.named_in(cohort.host):
        changes["host"] = ""
    return replace(cohort, **changes) if changes else cohort


def _texts(reply: Reply) -> Iterator[str]:
    yield from (span.text for block in reply.text for span in block.spans)
    yield from (button.label for row in reply.rows for button in row)
    yield from (blank.value for blank in reply.form.fields) if reply.form else ()
    yield from (reply.file.name, reply.file.content) if reply.file else ()


def counted(**found: int) -> Mapping[str, int]:
    """Counts without those that are zero."""
    return {name: count for name, count in found.items() if count}
