"""The page of one's own that some platforms have: looked at, not asked for. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import journey
from bot.conversations.base import Context
from bot.conversations.looking import at_home
from bot.model import Button, Gazetteer, Origin, Participant, Reply, Run
from bot.ports import Clock, Curriculum, Renderer, Store


@dataclass(frozen=True, slots=True)
class Home:
    """Renders it. A button's data is a command, such as "/sit"."""

    store: Store
    clock: Clock
    curriculum: Curriculum
    renderer: Renderer
    gazetteer: Gazetteer
    programme: str

    async def __call__(self, origin: Origin) -> Reply:
        """The page of whoever is there; strangers are told what this is."""
        async with self.store.reading() as queries:
            known = await queries.person_at(origin)
            person = await queries.participant(known) if known else None
        person, now = replace(person or Participant(id=""), discreet=True), self.clock.now()
        programme = self.curriculum.programme(self.programme, person.locale)
        said = at_home(Context(now, person, programme, self.gazetteer, Run("home", "show")))
        reply = self.renderer.render(said, person, journey.today(person, now)).reply
        return replace(reply, rows=tuple(tuple(map(_command, row)) for row in reply.rows), asked=0)


def _command(button: Button) -> Button:
    """The command that a choice stands for, in whichever language ("0:home_sit", "0:home_support_es")."""
    return replace(button, data=f"/{button.data.split('_')[1]}")
