"""The rules of prompts: declared facts, known lines, enough variants, lengths, and nothing said that has no words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.check_code import Said
from bot.check_templates import Template, as_shown, literal, targets, values
from bot.check_words import WORDS, Problem, Words, emoji, sameness, wording
from bot.errors import ContentError
from curriculum.source import Source, read_yaml

VARIANTS = 15  # of everything that is said daily
NUDGE = 450  # characters of a message that we start or ask with; the rule
MESSAGE = 4000  # characters; Telegram takes 4096, and names and answers are put in
LABEL = 40
TITLE = 24  # of a window: https://docs.slack.dev/reference/views/modal-views
FIELD = 75

Facts = Mapping[str, int]
"""Characters of what a person, a week and a practice put into prompts: names, titles, the longest texts."""

_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Voice:
    """All templates of one locale, and which rules they are held to."""

    folder: Path
    course: Sequence[Facts]
    templates: dict[str, Template] = field(default_factory=dict)
    daily: dict[str, Source] = field(default_factory=dict)
    exempt: dict[str, Source] = field(default_factory=dict)
    labels: dict[str, Source] = field(default_factory=dict)
    forms: dict[str, dict[str, Source]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def locale(self) -> str:
        """Its folder's name."""
        return self.folder.name

    @contextmanager
    def noting_problems(self) -> Iterator[None]:
        """Goes on after a file that cannot be read, and keeps what is wrong with it."""
        try:
            yield
        except ContentError as error:
            self.problems.append(Problem(error.file, error.line, error.problem))

    def is_exempt(self, name: str) -> bool:
        """Whether length and questions are free; `exempt` names a prompt or a whole conversation."""
        return name in self.exempt or name.partition("/")[0] in self.exempt

    def length(self, reading: str, name: str) -> int:
        """Characters of one reading of a prompt with its longest lines, in the practice that makes it longest."""
        return max(self._length(reading, facts, frozenset({name})) for facts in self.course or ({},))

    def _length(self, reading: str, facts: Facts, within: frozenset[str]) -> int:
        inside = 0
        for target in targets(reading):
            lines = self.readings(target, within)
            inside += max((self._length(line, facts, within | {target}) for line in lines), default=0)
        return len(literal(reading)) + sum(facts.get(value, 0) for value in values(reading)) + inside

    def asks(self, reading: str, within: frozenset[str] = frozenset()) -> int:
        """Question marks of one reading with the lines that ask most."""
        inside = 0
        for target in targets(reading):
            inside += max((self.asks(r, within | {target}) for r in self.readings(target, within)), default=0)
        return literal(reading).count("?") + inside

    def readings(self, name: str, within: frozenset[str] = frozenset()) -> Iterator[str]:
        """Everything that a prompt can say; nothing where it would say itself for ever."""
        if name in self.templates and name not in within:
            for _, readings in self.templates[name].variants:
                yield from readings


def check_prompts(templates: Path, code: Path, course: Mapping[str, Sequence[Facts]]) -> list[Problem]:
    """Every problem of the templates, and of what the code says in them, with absolute file names.

    `course` has, for each locale, the facts of every practice, so that a prompt is measured with the longest of them.
    """
    said = Said.read(code)
    voices = [_voice(folder, course.get(folder.name, ())) for folder in sorted(templates.iterdir()) if folder.is_dir()]
    everything = {name for voice in voices for name in voice.templates}
    problems: list[Problem] = []
    for voice in voices:
        problems += _unwritten(voice, said, everything)
        problems += _unsaid(voice, said)
        problems += _labels(voice, said)
        problems += _forms(voice, said)
        problems += voice.problems
        if voice.locale not in WORDS:
            problems.append(Problem(str(voice.folder), 1, f"no word lists for the locale '{voice.locale}'"))
            continue
        for template in voice.templates.values():
            problems += _template(voice, template, WORDS[voice.locale])
        problems += _unmeasured(voice)
    return problems


def _voice(folder: Path, course: Sequence[Facts]) -> Voice:
    voice = Voice(folder, course)
    for path in sorted(folder.rglob("*.j2")):
        with voice.noting_problems():
            template = Template.read(path, folder)
            voice.templates[template.name] = template
    with voice.noting_problems():
        listed = read_yaml(folder / "daily.yaml").fields(("daily", "exempt"))
        voice.daily.update((item.text(), item) for item in listed["daily"].items())
        voice.exempt.update((item.text(), item) for item in listed["exempt"].items())
    with voice.noting_problems():
        voice.labels.update(read_yaml(folder / "choices.yaml").mapping())
    if (folder / "forms.yaml").exists():
        with voice.noting_problems():
            forms = read_yaml(folder / "forms.yaml").mapping()
            voice.forms.update((about, form.mapping()) for about, form in forms.items())
    return voice


def _template(voice: Voice, template: Template, words: Words) -> Iterator[Problem]:
    """A template's own problems: its head, its variables, its lines and each of its variants."""
    for line, problem in (*_head(template), *_lines(voice, template), *_variants(voice, template, words)):
        yield Problem(template.file, line, problem)


def _head(template: Template) -> Iterator[tuple[int, str]]:
    if not _NAME.fullmatch(template.name):
        yield 1, f"'{template.name}' is no prompt's name: <conversation>/<prompt>"
    if template.head is None:
        yield 1, "the file does not begin with {#- name: when it is used. fact, fact -#}"
    elif template.head[0] != template.name:
        yield 1, f"the comment names '{template.head[0]}', the file is '{template.name}'"
    for line, variable in template.undeclared(template.head[1] if template.head else ()):
        yield line, f"the variable '{variable}' is not declared in the comment"


def _lines(voice: Voice, template: Template) -> Iterator[tuple[int, str]]:
    for line, target in template.lines():
        if target not in voice.templates:
            yield line, f"the line '{target}' has no template"


def _variants(voice: Voice, template: Template, words: Words) -> Iterator[tuple[int, str]]:
    if template.name in voice.daily and len(template.variants) < VARIANTS:
        yield 1, f"{len(template.variants)} variants: what is said daily has at least {VARIANTS}"
    seen: dict[tuple[str, ...], int] = {}
    for line, readings in template.variants:
        first = seen.setdefault(tuple(sameness(reading) for reading in readings), line)
        if first != line:
            yield line, f"the same variant stands in line {first}"
        problems = {problem: None for reading in readings for problem in wording(as_shown(reading), words)}
        yield from ((line, problem) for problem in (*problems, *_measured(voice, template.name, readings)))


def _measured(voice: Voice, name: str, readings: list[str]) -> Iterator[str]:
    """What is too much in a variant, in the reading that has most of it."""
    length = max(voice.length(reading, name) for reading in readings)
    asked = max(voice.asks(reading, frozenset({name})) for reading in readings)
    if max(map(emoji, readings)) > 1:
        yield "more than one emoji"
    if length > MESSAGE:
        yield f"{length} characters: no platform's message is that long (at most {MESSAGE})"
    elif length > NUDGE and not voice.is_exempt(name):
        yield f"{length} characters: a nudge has at most {NUDGE}"
    if asked > 1 and not voice.is_exempt(name):
        yield f"{asked} question marks: one message asks one thing"


def _unwritten(voice: Voice, said: Said, everything: set[str]) -> Iterator[Problem]:
    """What the code says and this locale has no words for."""
    conversations = {name.partition("/")[0] for name in everything}
    for name, (file, line) in said.prompts.items():
        if name not in voice.templates:
            yield Problem(file, line, f"the prompt '{name}' has no template in '{voice.locale}'")
    for name in sorted(everything - voice.templates.keys() - said.prompts.keys()):
        yield Problem(str(voice.folder), 1, f"the prompt '{name}' is missing: another locale has it")
    for name, (file, line) in said.literals.items():
        known = name in everything or name in said.prompts
        if not known and _NAME.fullmatch(name) and name.partition("/")[0] in conversations:
            yield Problem(file, line, f"'{name}' looks like a prompt and has no template")
    for pattern, (file, line) in said.patterns.items():
        if not any(re.fullmatch(pattern, name) for name in voice.templates):
            yield Problem(file, line, f"no template in '{voice.locale}' has a name that this can make")


def _unsaid(voice: Voice, said: Said) -> Iterator[Problem]:
    """Words that nothing leads to."""
    inside = {target for template in voice.templates.values() for _, target in template.lines()}
    for name, template in voice.templates.items():
        if name not in inside and not said.mentions(name):
            yield Problem(template.file, 1, f"nobody says '{name}'")
    conversations = {name.partition("/")[0] for name in voice.templates}
    for name, source in (*voice.daily.items(), *voice.exempt.items()):
        if name not in voice.templates and (name in voice.daily or name not in conversations):
            yield Problem(source.file, source.line, f"the prompt '{name}' has no template")


def _labels(voice: Voice, said: Said) -> Iterator[Problem]:
    with voice.noting_problems():
        for source in voice.labels.values():
            if len(label := source.text()) > LABEL:
                yield Problem(source.file, source.line, f"the label has {len(label)} characters, not at most {LABEL}")
    for choice, (file, line) in said.choices.items():
        if choice not in voice.labels:
            yield Problem(file, line, f"the choice '{choice}' has no label in '{voice.locale}'")


def _forms(voice: Voice, said: Said) -> Iterator[Problem]:
    """Every field has a label, every form a title that fits into a window's head, and no label waits in vain."""
    labelled = {step for form in voice.forms.values() for step in form}
    for step, (file, line) in said.blanks.items():
        if step not in labelled:
            yield Problem(file, line, f"the field '{step}' has no label in '{voice.locale}': forms.yaml")
    for about, form in voice.forms.items():
        for step, source in form.items():
            most = TITLE if step == "title" else FIELD
            with voice.noting_problems():
                if len(label := source.text()) > most:
                    yield Problem(source.file, source.line, f"{len(label)} characters, not at most {most}")
            if step != "title" and not said.mentions(step):
                yield Problem(source.file, source.line, f"no field is called '{step}'")
        if "title" not in form:
            at = next(iter(form.values()))
            yield Problem(at.file, at.line, f"the form '{about}' has no title")


def _unmeasured(voice: Voice) -> Iterator[Problem]:
    """A fact of the course that no prompt shows under its name would be left out of every length."""
    used = {value for name in voice.templates for reading in voice.readings(name) for value in values(reading)}
    for fact in sorted({fact for facts in voice.course for fact in facts} - used):
        yield Problem(str(voice.folder), 1, f"no prompt shows {{{{ {fact} }}}}: its length cannot be measured")
