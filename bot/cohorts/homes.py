"""The chats at which cohorts are at home: which one a decision concerns, and which one an input came from."""

from __future__ import annotations

from bot.cohorts.model import PRIVATE, Act, Cohort
from bot.conversations.words import SETTLING, command_in
from bot.errors import NotAllowedError
from bot.model import Changed, Decided, Input, MessageReceived, Origin, Participant, WokeUp
from bot.ports import Known, UnitOfWork


async def concerned(work: UnitOfWork, decided: Decided) -> Known | None:
    """The home chat of the cohort that a decision is about, locked before the cohort is.

    Raises:
        NotAllowedError: another cohort is at home in that chat.
    """
    home = str(decided.detail["home"]) if decided.act is Act.SETTLE else ""
    if not home and decided.object and decided.act not in PRIVATE:
        known = (await work.cohorts.look([decided.object])).get(decided.object)
        home = known.cohort.home if known else ""
    chat = (await work.load([home])).get(home) if home else None
    if chat is not None and chat.participant.home_of not in ("", decided.object):
        raise NotAllowedError(decided.act)
    return chat


async def reaches_home(work: UnitOfWork, cohort: Cohort | None, given: Input) -> bool:
    """Whether the chat in which this cohort is at home, if there is one, can be written to; an alarm need not know."""
    if cohort is None or not cohort.home or isinstance(given, WokeUp):
        return True
    return all(chat.reachable for chat, _ in await work.cohorts.people([cohort.home]))


async def chat_of(work: UnitOfWork, known: Known, given: Input, *, leads: bool) -> Participant | None:
    """The channel or group in which a group is set up, or which a member left or joined; read without a lock."""
    found: str | None = None
    match given:
        case MessageReceived(chat=chat) if chat and leads and command_in(given.text) == SETTLING:
            origin = Origin(known.installation, chat)
            found = (await work.persons([origin]))[origin]
        case Changed(what="left" | "came_back", detail=chat) if chat and known.participant.cohort:
            found = await work.person_at(Origin(known.installation, chat))
    people = await work.cohorts.people([found]) if found else ()
    return people[0][0] if people else None
