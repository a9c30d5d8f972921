"""Groups of the stand-in: who is in them, what the bot is there, and how one becomes a supergroup."""

from __future__ import annotations

from typing import Literal

from tests.standin.telegram_chats import Chat, Clock, Json

SUPERGROUPS = -1_000_000_000_000  # their ids are below: -100 and the channel's number

BotIs = Literal["member", "administrator", "left", "kicked"]


class Group(Chat):
    """A group, or a supergroup where its id says so. `members` are the ids of people; `bot` is what our bot is there.

    `said` is what people wrote, by the message's id. `moved_to` is the supergroup that it became.
    """

    def __init__(self, clock: Clock, chat_id: int, title: str, bot: BotIs) -> None:
        super().__init__(clock)
        self.id, self.title, self.bot = chat_id, title, bot
        self.members: set[int] = set()
        self.said: dict[int, str] = {}
        self.moved_to: int | None = None

    @property
    def kind(self) -> Literal["group", "supergroup"]:
        """What it is."""
        return "supergroup" if self.id < SUPERGROUPS else "group"

    @property
    def wire(self) -> Json:
        """As the Bot API writes the Chat."""
        return {"id": self.id, "type": self.kind, "title": self.title}
