"""Slack's part of the composition root: a workspace is known by its token, so it is asked before anything is wired."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.conversations.words import (
    COHORT_COMMANDS,
    DESK_COMMANDS,
    MENU,
    command_in,
    is_courtesy,
    is_greeting,
    tells_more,
)
from bot.http import Answer, Webhook
from bot.limits import Limits
from bot.model import Origin, Reply
from bot.safety import screened
from bot.safety_rules import load_screen
from bot.settings import SLACK_URL, Settings

if TYPE_CHECKING:
    from adapters.slack import SlackAdapter
    from bot.app import App

PATH = "/slack/events"
# messages a second; Slack allows "several hundred per minute", https://docs.slack.dev/apis/web-api/rate-limits
WORKSPACE_RATE = 10.0
COMMANDS = (*MENU, *COHORT_COMMANDS, *DESK_COMMANDS, "join", "start")
PRIVATE = frozenset({"read_back", "/journal", "/gratitude", "/letter", "/progress", "share_it"})  # their answers are
OWN_DATA = frozenset({"see_data", "a_page", "earlier", "export_data"})  # as are these
FORMS = frozenset({"new_cohort", "/cohort", "/broadcast", "new_broadcast", "write_again", "write_note", "write_text"})
MORE_FORMS = frozenset(
    {"plan_series", "plan_one", "change_time", "change_place", "write_recap", "pairs_on", "pairs_when"}
)
NEEDED = ("my_person", "change_person", "my_plan", "begin_plan", "change_plan")
IN_NEED = frozenset(NEEDED) | {f"{name}_es" for name in NEEDED}  # in danger nobody looks for a second button
OPENS = PRIVATE | OWN_DATA | FORMS | MORE_FORMS | IN_NEED  # a window opens at once


@dataclass(slots=True)
class Workspace:
    """An adapter that is connected, and the app once there is one: a Home tab and who takes part are asked of it."""

    adapter: SlackAdapter = field(init=False)
    app: App = field(init=False)

    @property
    def installation(self) -> str:
        """Its name."""
        return self.adapter.installation

    def add_to(self, app: App) -> Mapping[str, Webhook]:
        """Takes it into the app; the webhook by path, if there is one."""
        self.app, settings = app, app.settings
        rate = max(WORKSPACE_RATE, settings.slack_rate)
        app.add(self.adapter, Limits(rate, settings.slack_rate, chat_burst=1, is_group=lambda _: False))

        async def accept(headers: Mapping[str, str], body: bytes) -> Answer:
            answer = Answer(*await self.adapter.accept(app.door, headers, body))
            app.work_soon(self.installation)
            return answer

        return {} if settings.slack_app_token else {PATH: accept}

    async def home(self, origin: Origin) -> Reply:
        """Somebody's Home tab."""
        return await self.app.home(origin)

    def check(self, form: str, field: str, value: str) -> str | None:
        """What is wrong with a field of a form."""
        return self.app.check_field(form, field, value)

    async def knows(self, origin: Origin) -> bool:
        """Whether somebody takes part, or did."""
        return await self.app.knows(origin)


async def connected(settings: Settings, stop: asyncio.Event) -> Workspace | None:
    """The workspace that the bot token belongs to; waits while Slack cannot be reached. None if `stop` is set.

    Raises:
        SettingsError: Slack does not know the token.
    """
    connecting, stopping = asyncio.create_task(_connected(settings)), asyncio.create_task(stop.wait())
    done, late = await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return connecting.result() if connecting in done else None


def is_personal(text: str) -> bool:
    """Whether a message has words that somebody might not want to be exported: no command, hello or thank you."""
    commands = command_in(text) is not None and not tells_more(text)
    return bool(text) and not commands and not (is_greeting(text) or is_courtesy(text))


async def _connected(settings: Settings) -> Workspace:
    from adapters.slack import connect  # bolt and slack_sdk are loaded only where a token asks for them

    workspace, screen = Workspace(), load_screen()
    workspace.adapter = await connect(
        settings.slack_bot_token,
        api_url=None if settings.slack_api_url == SLACK_URL else settings.slack_api_url,
        app_token=settings.slack_app_token,
        signing_secret=settings.slack_signing_secret,
        home=workspace.home,
        knows=workspace.knows,
        opens=OPENS,
        check=workspace.check,
        in_need=lambda text: screened(screen, text) is not None,
        personal=is_personal,
        commands=COMMANDS,
    )
    return workspace
