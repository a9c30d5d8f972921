"""The rules of prompts: declared facts, known lines, enough variants, lengths, and nothing said that has no words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.check_code import Said
from bot.check_templates import Template, as_shown, literal, targets
from bot.check_words import WORDS, Problem, Words, emoji, sameness, wording
from bot.errors import ContentError
from curriculum.source import Source, read_yaml

VARIANTS = 15  # of everything that is said daily
NUDGE = 450  # characters of a message that we start or ask with; the rule
MESSAGE = 4000  # characters; Telegram takes 4096, and names and answers are put in
LABEL = 40
MORNING = ("morning/invite", "morning/intention")
EVENING = ("evening/how_was_it",)
_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Voice:
    """All templates of one locale, and which rules they are held to."""

    folder: Path
    templates: dict[str, Template] = field(default_factory=dict)
    daily: dict[str, Source] = field(default_factory=dict)
    exempt: dict[str, Source] = field(default_factory=dict)
    labels: dict[str, Source] = field(default_factory=dict)
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

    def longest(self, name: str, within: frozenset[str] = frozenset()) -> int:
        """Characters of the longest thing that a prompt can say, the lines put into it included."""
        return max((self.length(reading, within | {name}) for reading in self.readings(name, within)), default=0)

    def length(self, reading: str, within: frozenset[str] = frozenset()) -> int:
        """Characters of one reading with its longest lines."""
        return len(literal(reading)) + sum(self.longest(target, within) for target in targets(reading))

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


@dataclass(frozen=True, slots=True)
class Longest:
    """The courses' longest texts in one locale, in characters."""

    invitation: int = 0
    evening: int = 0


def check_prompts(templates: Path, code: Path, course: Mapping[str, Longest]) -> list[Problem]:
    """Every problem of the templates, and of what the code says in them, with absolute file names."""
    said = Said.read(code)
    voices = [_voice(folder) for folder in sorted(templates.iterdir()) if folder.is_dir()]
    everything = {name for voice in voices for name in voice.templates}
    problems: list[Problem] = []
    for voice in voices:
        problems += _unwritten(voice, said, everything)
        problems += _unsaid(voice, said)
        problems += _labels(voice, said)
        problems += voice.problems
        if voice.locale not in WORDS:
            problems.append(Problem(str(voice.folder), 1, f"no word lists for the locale '{voice.locale}'"))
            continue
        for template in voice.templates.values():
            problems += _template(voice, template, WORDS[voice.locale])
        longest = course.get(voice.locale, Longest())
        problems += _touchpoint(voice, "morning", MORNING, longest.invitation)
        problems += _touchpoint(voice, "evening", EVENING, longest.evening)
    return problems


def _voice(folder: Path) -> Voice:
    voice = Voice(folder)
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
    length = max(voice.length(reading, frozenset({name})) for reading in readings)
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


def _touchpoint(voice: Voice, what: str, prompts: tuple[str, ...], course: int) -> Iterator[Problem]:
    """A touchpoint is said in one message, so its longest parts together must still be a nudge."""
    inside = {target for name in prompts if name in voice.templates for _, target in voice.templates[name].lines()}
    for name in prompts:
        if name not in voice.templates:
            yield Problem(str(voice.folder), 1, f"the prompt '{name}' is missing: the {what} cannot be measured")
    total = course + sum(voice.longest(name) for name in prompts if name not in inside)
    if total > NUDGE and prompts[0] in voice.templates:
        problem = f"the longest {what} has {total} characters, {course} of them the course's, not at most {NUDGE}"
        yield Problem(voice.templates[prompts[0]].file, 1, problem)
