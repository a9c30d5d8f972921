"""What is wrong with a field of a form, said while the form is still open: pure, and in the prompts' own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.conversations.announcing import flawed
from bot.conversations.convening import weeks_in, weeks_unclear
from bot.conversations.onboarding import clean_name
from bot.model import Participant, Said
from bot.ports import Renderer

LOCALE = "en"  # an acknowledgement has no time to look up who writes

TEXTS = {"broadcast": ("compose",), "themes": ("write_note", "write_text"), "classes": ("write_recap",)}
NAMES = {"cohorts": ("name", "host"), "settling": ("name", "host")}


@dataclass(frozen=True, slots=True)
class FieldChecks:
    """`weeks` is the course's length, for which a facilitator's text must say something."""

    renderer: Renderer
    weeks: int

    def __call__(self, form: str, field: str, value: str) -> str | None:
        """What is wrong with a value, as one line; None if nothing is, or if only the conversation can tell."""
        said: Said | None = None
        if field in TEXTS.get(form, ()):
            said = self._text(value)
        elif field in NAMES.get(form, ()):
            said = self._name(value)
        elif (form, field) == ("classes", "how_many"):
            said = None if weeks_in(value) else weeks_unclear()
        return None if said is None else self._line(said)

    def _text(self, value: str) -> Said | None:
        flaw = self.renderer.proofread(value, self.weeks)
        return None if flaw is None else flawed(flaw)

    def _name(self, value: str) -> Said | None:
        return None if clean_name(value) else Said("cohorts/name_unclear")

    def _line(self, said: Said) -> str:
        """Its first paragraph."""
        first = self.renderer.render(said, Participant("", locale=LOCALE), date.min).reply.text[0]
        return "".join(span.text for span in first.spans)
