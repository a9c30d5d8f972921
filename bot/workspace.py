"""Slack's part of the composition root: a workspace is known by its token, so it is asked before anything is wired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.conversations.words import COHORT_COMMANDS, DESK_COMMANDS, MENU
from bot.http import Answer, Webhook
from bot.limits import Limits
from bot.model import Origin, Reply
from bot.settings import SLACK_URL, Settings

if TYPE_CHECKING:
    from adapters.slack import SlackAdapter
    from bot.app import App

PATH = "/slack/events"
WORKSPACE_RATE = 50.0  # messages a second; Slack's own limit is "several hundred a minute" and in each channel one
COMMANDS = (*MENU, *COHORT_COMMANDS, *DESK_COMMANDS, "join", "start")
OPENS = frozenset({"read_back", "/journal", "/gratitude", "/letter", "/progress"})  # their answers are private


@dataclass(slots=True)
class Workspace:
    """An adapter that is connected, and the app once there is one: a Home tab and who takes part are asked of it."""

    _adapter: list[SlackAdapter] = field(default_factory=list)
    _app: list[App] = field(default_factory=list)

    @property
    def installation(self) -> str:
        """Its name."""
        return self._adapter[0].installation

    def add_to(self, app: App) -> Mapping[str, Webhook]:
        """Takes it into the app; the webhook by path, if there is one."""
        self._app.append(app)
        [adapter], settings = self._adapter, app.settings
        rate = max(WORKSPACE_RATE, settings.slack_rate)
        app.add(adapter, Limits(rate, settings.slack_rate, chat_burst=1, is_group=lambda _: False))

        async def accept(headers: Mapping[str, str], body: bytes) -> Answer:
            return Answer(*await adapter.accept(app.coach, headers, body))

        return {} if settings.slack_app_token else {PATH: accept}

    async def home(self, origin: Origin) -> Reply:
        """Somebody's Home tab."""
        return await self._app[0].home(origin)

    async def knows(self, origin: Origin) -> bool:
        """Whether somebody takes part, or did."""
        async with self._app[0].store.reading() as queries:
            return await queries.person_at(origin) is not None


async def connected(settings: Settings) -> Workspace:
    """The workspace that the bot token belongs to; waits while Slack cannot be reached.

    Raises:
        SettingsError: Slack does not know the token.
    """
    from adapters.slack import connect  # bolt and slack_sdk are loaded only where a token asks for them

    workspace = Workspace()
    adapter = await connect(
        settings.slack_bot_token,
        api_url=None if settings.slack_api_url == SLACK_URL else settings.slack_api_url,
        app_token=settings.slack_app_token,
        signing_secret=settings.slack_signing_secret,
        home=workspace.home,
        knows=workspace.knows,
        opens=OPENS,
        commands=COMMANDS,
    )
    workspace._adapter.append(adapter)
    return workspace
