"""Renders prompts: a template's name plus facts becomes a reply.

A template holds its variants; which one is said follows from how often it was said before, so that the same words come
back as late as they can. Everything printed is taken as typed by a person, and kept from the Markdown parser, unless it
comes from the curriculum or from another template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError, pass_context
from jinja2.runtime import Context, Undefined

from bot.cohorts.model import Pulse
from bot.errors import ContentError
from bot.model import Block, Button, Choice, Field, Flaw, Form, OneOf, Participant, Reply, Said, Written
from bot.ports import Rendered
from curriculum.model import Text
from prompts import picturing
from prompts.facilitator_text import flaw_in, sandbox
from prompts.markup import blocks, placeholder

HERE = Path(__file__).parent / "templates"
PAGES = Path(__file__).parent / "pages"  # whole documents, a folder for each locale
FAR = timedelta(days=300)
VARIANT = re.compile(r"\{%-?\s*variant\s*-?%\}(.*?)\{%-?\s*endvariant\s*-?%\}", re.DOTALL)


class Markdown(str):
    """Text of ours, which the Markdown parser may read."""

    __slots__ = ()


@dataclass(slots=True)
class Telling:
    """One rendering under way: for whom, what they typed, and which variants were used."""

    to: Participant
    on: date
    typed: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Whether the day's texts may be about a shift: not where their roster says that it is a day off."""
        return self.to.health_care and (self.on, "off") not in self.to.roster

    def keep(self, text: str) -> str:
        """A placeholder for what somebody typed."""
        self.typed.append(text)
        return placeholder(len(self.typed) - 1)

    def turn_of(self, key: str, variants: int) -> int:
        """Whose turn it is among the variants: they go round, from a place that differs from person to person."""
        said = self.to.history.get(key, 0) + self.used.get(key, 0)
        self.used[key] = self.used.get(key, 0) + 1
        return (crc32(f"{self.to.id} {key}".encode()) + said) % variants


@pass_context
def printed(context: Context, value: object) -> object:
    """What Jinja prints for a value (its `finalize` hook)."""
    telling: Telling = context["telling"]
    match value:
        case Markdown() | Undefined():
            return value
        case Text():
            return value.flavour(telling.to.health_care)
        case OneOf():
            return value.texts[telling.turn_of(value.key, len(value.texts))].flavour(telling.at_work)
        case Written():
            facts = {"name": telling.to.name, "week": value.week, "telling": telling}
            return Markdown(_compiled_text(value.text).render(facts).strip())
        case bool() | int():
            return value
        case time():
            return value.strftime("%H:%M")
        case date():
            return day_in_words(value, telling.on)
        case None:
            return ""
        case _:
            return telling.keep(str(value))


def day_in_words(on: date, seen_from: date | None = None) -> str:
    """Monday 2 March; with its year where that is most of a year away, and would be taken for a nearer one."""
    year = f" {on.year}" if seen_from and abs(on - seen_from) > FAR else ""
    return f"{on:%A} {on.day} {on:%B}{year}"


_SANDBOX = sandbox(printed)


@lru_cache(maxsize=64)
def _compiled_text(text: str) -> Template:
    """A facilitator's text, checked once more: what was stored before the rules changed is not run either."""
    if flaw := flaw_in(text, 0):
        raise ContentError("a facilitator's text", flaw.line, flaw.kind)
    return _SANDBOX.from_string(text)


class Prompts:
    """The templates of a folder: implements ports.Renderer.

    Raises:
        ContentError: a template is unknown or does not compile.
    """

    def __init__(self, root: Path = HERE) -> None:
        self.root = root
        self.environment = Environment(
            undefined=StrictUndefined,
            finalize=printed,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 - Markdown, not HTML; `printed` keeps typed text from its parser
        )
        self._pages = Environment(
            loader=FileSystemLoader(PAGES),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=True,
        )
        self._pages.filters["day"] = day_in_words
        self.environment.globals["line"] = self._line
        self.environment.filters["short"] = shortened
        self.environment.filters["md"] = Markdown
        self._variants = cache(self._load)
        self._labels = cache(partial(self._load_yaml, "choices.yaml"))
        self._windows = cache(partial(self._load_yaml, "forms.yaml"))

    def render(self, said: Said, to: Participant, on: date) -> Rendered:
        """The reply for this reader on their local date."""
        telling = Telling(to, on)
        facts = dict(said.facts)
        asks_location = bool(facts.pop("ask_location", False))
        label = partial(self.label, locale=to.locale)
        pulse: Pulse | None = facts.pop("pulse", None)
        if pulse is not None:
            facts["figures"] = picturing.figures(pulse, label)
        reader = {"name": to.name, "health_care": to.health_care, "discreet": to.discreet}
        text = self._tell(telling, said.prompt, {**reader, **facts, "telling": telling})
        rows = tuple(
            tuple(Button(c.command or f"{said.asked}:{c.id}", self._worded(c, to.locale)) for c in row)
            for row in said.choices
        )
        shown = blocks(text, telling.typed)
        reply = Reply(
            text=shown,
            rows=rows,
            ask_location=asks_location and not rows,
            asked=said.asked if rows else 0,
            form=self._form(said, shown, to.locale) if said.writes or said.blanks else None,
            private=said.private,
            picker=said.picker,
            of=said.of,
            company=said.company,
            file=said.file,
            prompt=said.prompt,
            image=picturing.picture(pulse, shown, label) if pulse is not None else None,
        )
        return Rendered(reply, telling.used)

    def _form(self, said: Said, shown: Sequence[Block], locale: str) -> Form:
        """A field for each blank, or one for the answer, under what was asked last."""
        if not said.blanks:
            question = "".join(span.text for span in shown[-1].spans) if shown else ""
            return Form("write", self.label("form_title", locale), (Field("text", question),), said.asked)
        about = said.prompt.partition("/")[0]
        labels = self._windows(locale)[about]
        fields = tuple(
            Field(
                blank.step,
                labels[blank.step],
                blank.kind,
                tuple(Button(each.id, self._worded(each, locale)) for each in blank.choices),
                blank.value,
                blank.most,
                blank.required and not blank.default,
            )
            for blank in said.blanks
        )
        return Form(about, labels["title"], fields, said.asked)

    def _worded(self, choice: Choice, locale: str) -> str:
        return choice.label if choice.label is not None else self.label(choice.id, locale)

    def label(self, choice: str, locale: str) -> str:
        """The words on a button; the id itself where it needs none (a time)."""
        return str(self._labels(locale).get(choice, choice))

    def knows(self, choice: str, locale: str) -> bool:
        """Whether this choice has words of its own."""
        return choice in self._labels(locale)

    def document(self, name: str, facts: Mapping[str, Any], locale: str) -> str:
        """A page of its own, in HTML: whatever is printed in it is text, and no markup."""
        try:
            return self._pages.get_template(f"{locale}/{name}.html").render(facts)
        except TemplateError as error:
            raise ContentError(f"{PAGES}/{locale}/{name}.html", 1, error.message or "cannot render") from error

    def proofread(self, text: str, weeks: int) -> Flaw | None:
        """What keeps a facilitator's text from being sent in a course of so many weeks; None if nothing does."""
        return flaw_in(text, weeks)

    def _tell(self, telling: Telling, prompt: str, known: Mapping[str, Any]) -> str:
        variants = self._variants(telling.to.locale, prompt)
        template = variants[telling.turn_of(prompt, len(variants)) if len(variants) > 1 else 0]
        try:
            return template.render(known).strip()
        except TemplateError as error:
            raise ContentError(
                str(self._file(telling.to.locale, prompt)), 1, error.message or "cannot render"
            ) from error

    @pass_context
    def _line(self, context: Context, prompt: str) -> Markdown:
        """Another prompt's words, in its own turn of variants."""
        return Markdown(self._tell(context["telling"], prompt, context.get_all()))

    def _file(self, locale: str, prompt: str) -> Path:
        return self.root / locale / f"{prompt}.j2"

    def _load(self, locale: str, prompt: str) -> tuple[Template, ...]:
        file = self._file(locale, prompt)
        try:
            source = file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ContentError(str(file), 1, "there is no such prompt") from error
        return tuple(self._compiled(file, one) for one in variants_in(source))

    def _compiled(self, file: Path, source: str) -> Template:
        try:
            template = self.environment.from_string(source)
        except TemplateError as error:
            raise ContentError(str(file), getattr(error, "lineno", 1), str(error)) from error
        template.globals = dict(template.globals)  # copied at each rendering, which a ChainMap does slowly
        return template

    def _load_yaml(self, name: str, locale: str) -> Mapping[str, Any]:
        return yaml.safe_load((self.root / locale / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def variants_in(source: str) -> tuple[str, ...]:
    """The template once for each of its variants, with what stands around them; as it is if it has none."""
    found = list(VARIANT.finditer(source))
    if not found:
        return (source,)
    before, after = source[: found[0].start()], source[found[-1].end() :]
    return tuple(before + one.group(1) + after for one in found)


def shortened(text: str, most: int = 140) -> str:
    """A typed text cut at a word, for quoting it back."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= most else flat[: most - 1].rsplit(" ", 1)[0] + "…"
