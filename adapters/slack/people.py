"""What Slack knows of people: their direct channel, name, language and zone. In memory only."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.cleaning import clean
from adapters.slack.client import Web
from adapters.slack.failures import NOT_ALLOWED, UNREACHABLE, meaning
from adapters.slack.inputs import zone_of
from bot.errors import Rejected

_T = TypeVar("_T")

KEPT = 10_000
TOGETHER = 8  # people in one group conversation, https://docs.slack.dev/reference/methods/conversations.open
_OTHERS_TROUBLE = NOT_ALLOWED | UNREACHABLE | {"invalid_user_combination"}  # the reader may well be reachable
PATIENCE = 1.0  # seconds that an acknowledgement, due within three, waits for a profile


@dataclass(frozen=True, slots=True)
class Profile:
    """Of a person; what is unknown is empty."""

    name: str = ""
    zone: str = ""
    language: str = ""
    gone: bool = False


class People:
    """A cache with two look-ups behind it: conversations.open and users.info."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._channels: OrderedDict[str, str] = OrderedDict()
        self._profiles: OrderedDict[str, Profile] = OrderedDict()

    def met(self, user: str) -> bool:
        """Whether this process wrote to them."""
        return user in self._channels

    async def channel(self, platform_id: str, company: Sequence[str] = ()) -> str:
        """Where to write: a person's direct channel, or the one with their company; any other id as it is.

        Raises:
            SlackApiError: Slack does not open it.
            Rejected: no such company can be had.
        """
        if not platform_id.startswith(("U", "W")):
            if company:
                raise Rejected("a channel has no company")
            return platform_id
        together = ",".join(sorted({platform_id, *company}))  # the same people have one conversation
        if together not in self._channels:
            if together.count(",") >= TOGETHER:
                raise Rejected("too many people for one conversation")
            with meaning(Rejected, _OTHERS_TROUBLE) if company else nullcontext():
                answer = await self._web.api.conversations_open(users=together)
            _keep(self._channels, together, str(answer["channel"]["id"]))
        return self._channels[together]

    async def profile(self, user: str) -> Profile:
        """Their profile; an empty one if Slack does not tell it in time."""
        if user not in self._profiles:
            with suppress(Exception):  # wanted, but no input waits for it
                async with asyncio.timeout(PATIENCE):
                    answer = await self._web.api.users_info(user=user, include_locale=True)
                self.learn(answer["user"])
        return self._profiles.get(user, Profile())

    def known(self, user: str) -> Profile | None:
        """Their profile if we have it, without asking."""
        return self._profiles.get(user)

    def learn(self, user: Mapping[str, Any]) -> None:
        """Takes in a profile as Slack writes it."""
        about, who = user.get("profile") or {}, str(user.get("id"))
        name = about.get("display_name") or user.get("real_name") or about.get("real_name") or user.get("name") or ""
        language = str(user.get("locale") or "").replace("_", "-")
        before = self._profiles.get(who)
        language = language or (before.language if before else "")  # an event's profile has none
        _keep(self._profiles, who, Profile(clean(str(name)), zone_of(user), language, bool(user.get("deleted"))))


def _keep(cache: OrderedDict[str, _T], key: str, value: _T) -> None:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > KEPT:
        cache.popitem(last=False)
