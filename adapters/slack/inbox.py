"""From a payload to the door: what is kept, what is answered at once, what is none of our business."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from adapters.slack import views
from adapters.slack.inputs import Heard, heard, key_of
from adapters.slack.markup import Json
from adapters.slack.people import People
from adapters.slack.private import Private
from adapters.slack.words import Words
from bot.model import Changed, Incoming, MessageReceived, Origin
from bot.ports import Door

KEPT = 2000  # keys

log = structlog.get_logger()


class Inbox:
    """Takes payloads of one workspace, each once. `revoked` is called when our token is; `check` sees every field."""

    def __init__(
        self,
        installation: str,
        people: People,
        private: Private,
        words: Words,
        *,
        knows: Callable[[Origin], Awaitable[bool]] | None,
        revoked: Callable[[], None],
        check: views.Check,
    ) -> None:
        self._installation, self._people, self._private, self._words = installation, people, private, words
        self._knows, self._revoked, self._check = knows, revoked, check
        self._taken: OrderedDict[str, None] = OrderedDict()  # keys whose retries need nothing more

    async def take(self, door: Door, body: Json, *, me: str, retry: bool) -> Json:
        """Makes a payload durable; what its acknowledgement says. Raises what the door raises: Slack sends again."""
        try:
            key = key_of(body)
            if key in self._taken:
                return {}
            if not self._is_ours(body):
                log.warning("slack.other_workspace", installation=self._installation)
                return {}
            if body.get("type") == "view_submission" and (wrong := self._wrong(body)):
                return {"response_action": "errors", "errors": wrong}
            found = None if self._answered_at_once(body, me) else heard(body, me)
        except Exception as error:  # what we cannot read today would otherwise come again for ever
            log.error("slack.unreadable", installation=self._installation, error=type(error).__name__)
            return {}
        answer: Json = {}
        incoming = await self._incoming(found, body) if found else None
        if found and incoming:
            await self._keep(door, incoming)
            answer = self._beside(found, body, retry)
        self._taken[key] = None
        if len(self._taken) > KEPT:
            self._taken.popitem(last=False)
        return answer

    def _is_ours(self, body: Json) -> bool:
        """Whether this was meant for this workspace: the same app, with the same secret, may be in another one."""
        if body.get("type") == "event_callback":
            teams = [each.get("team_id") for each in body.get("authorizations") or ()]
        else:  # in a channel that two workspaces share, only `app_installed_team_id` is sure to be ours
            view, team = body.get("view") or {}, body.get("team") or {}
            teams = [view.get("app_installed_team_id") or team.get("id") or body.get("team_id")]
        return not any(teams) or self._installation in [f"slack:{team}" for team in teams]

    def _wrong(self, body: Json) -> dict[str, str]:
        return views.problems(body["view"], self._words, self._check)

    async def _keep(self, door: Door, incoming: Incoming) -> None:
        try:
            await door.keep([incoming])
        except Exception as error:
            log.error("slack.not_kept", installation=self._installation, error=type(error).__name__)
            raise

    def _beside(self, found: Heard, body: Json, retry: bool) -> Json:
        """Notice and windows; a retry's trigger has expired."""
        if body.get("type") == "event_callback":
            self._private.noticed_typing(found.platform_id, found.given)
        elif not retry and not isinstance(found.given, Changed):
            answer = self._private.expect(body, found.platform_id, found.given)
            channel = str((body.get("channel") or {}).get("id") or "")
            if body.get("type") == "block_actions" and channel.startswith(("C", "G")):
                self._private.answers_apart(channel, found.platform_id)
            in_channel = isinstance(found.given, MessageReceived) and found.given.chat
            return {"response_type": "ephemeral", "text": self._words.in_private} if in_channel else answer
        return {}

    def _answered_at_once(self, body: Json, me: str) -> bool:
        """Acts on what needs nothing of the coach; whether this was such."""
        event = body.get("event") or {}
        match body.get("type"), event.get("type"):
            case "event_callback", "app_home_opened":
                if event.get("tab") == "home":
                    self._private.home_opened(str(event["user"]), event.get("view"))
                return True
            case "event_callback", "app_uninstalled":
                self._revoked()
                return True
            case "event_callback", "tokens_revoked":
                if not me or me in ((event.get("tokens") or {}).get("bot") or []):
                    self._revoked()
                return True
            case "event_callback", "channel_rename" | "group_rename":
                log.info("slack.channel_renamed", installation=self._installation)
                return True  # we know channels by their ids
            case "block_actions", _:
                return self._private.opens_by_itself(body, str(body["user"]["id"]))
        return False

    async def _incoming(self, found: Heard, body: Json) -> Incoming | None:
        """None for changes of people who are not with us, and for those that change nothing."""
        origin = Origin(self._installation, found.platform_id)
        incoming = Incoming(origin, found.key, found.given)
        if not found.platform_id.startswith(("U", "W")):
            return incoming
        if isinstance(found.given, Changed):
            given = self._news(found.platform_id, found.given, (body.get("event") or {}).get("user"))
            if given is None or not await self._with_us(origin):
                return None
            incoming = replace(incoming, given=given)
        about = await self._people.profile(found.platform_id)
        return replace(incoming, first_name=about.name, language=about.language, zone=about.zone)

    def _news(self, user: str, given: Changed, profile: object) -> Changed | None:
        """What a changed profile changes for us: Slack tells of every new status line."""
        if not isinstance(profile, Mapping):
            return given
        before = self._people.known(user)
        self._people.learn(profile)
        if given.what == "moved_zone" and before is not None:
            if before.gone:
                return Changed("came_back")
            return given if before.zone != given.detail else None
        return given

    async def _with_us(self, origin: Origin) -> bool:
        return self._people.met(origin.platform_id) or (self._knows is not None and await self._knows(origin))
