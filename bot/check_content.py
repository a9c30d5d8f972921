"""The countable rules of the course's texts: how many, how long, how they ask, and what each sit adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.check_words import (
    WORDS,
    Problem,
    Words,
    emoji,
    found,
    has_jinja,
    sameness,
    sentences_in,
    wording,
    words_in,
)
from bot.errors import ContentError
from curriculum.loader import Library, Plan
from curriculum.model import LENGTHS, Exercise, Length, Practice, Sit, Text, Week


class Located(str):
    """A text that remembers where it was read."""

    file: str
    line: int

    @classmethod
    def read(cls, text: str, file: str, line: int) -> Located:
        """The loader's `Keep`."""
        located = cls(text)
        located.file, located.line = file, line
        return located


def about(text: str, problem: str) -> Problem:
    """A problem of a text that the check has read."""
    assert isinstance(text, Located)
    return Problem(text.file, text.line, problem)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of text is made. `asks` is the number of question marks (None: any), the last one at the end."""

    name: str
    longest: int
    shortest: int = 1
    sentences: tuple[int, int] | None = None
    asks: int | None = 0
    open: bool = False

    def problems(self, text: str, words: Words) -> Iterator[str]:
        """What is wrong with the shape of a text of this kind."""
        length = len(text)
        if not self.shortest <= length <= self.longest:
            yield f"{self.name} has {length} characters, not {self.shortest} to {self.longest}"
        if self.sentences and not self.sentences[0] <= sentences_in(text) <= self.sentences[1]:
            yield f"{self.name} has {sentences_in(text)} sentences, not {self.sentences[0]} to {self.sentences[1]}"
        if self.asks is not None and text.count("?") != self.asks:
            yield f"{self.name} has {text.count('?')} question marks, not {self.asks}"
        elif self.asks and not text.endswith("?"):
            yield f"{self.name} does not end with its question"
        if self.open and not found(words.open, text):
            yield f"{self.name} asks no open question"


TITLE = Shape("the title", 60)
IN_SHORT = Shape("in_short", 140, sentences=(1, 1))
QUESTION = Shape("the question", 140, asks=1, open=True)
RECAP = Shape("the recap", 220, sentences=(1, 3))
PRACTICE_TITLE = Shape("the title", 48)
WHAT = Shape("what", 420, sentences=(2, 4))
WHY = Shape("why", 300, sentences=(1, 3))
INVITATION = Shape("an invitation", 260, shortest=90)
EVENING = Shape("an evening question", 170, asks=1)
REFLECTION = Shape("a reflection", 200, asks=1, open=True)
ABOUT = Shape("about", 220, sentences=(1, 2))
GENTLER = Shape("the gentler way", 240)
EASE = Shape("ease", 240)
TOGETHER = Shape("a step of the exercise", 300, shortest=30, asks=None)
CUE = Shape("a cue", 320, shortest=40, asks=None)

THEME_WORDS = (120, 220)  # with the week's question
THEME_PARAGRAPHS = (2, 4)
PAUSE = (15, 180)
TOTAL: Mapping[Length, tuple[int, int]] = {"short": (270, 330), "middle": (555, 645), "long": (1110, 1290)}
CUES: Mapping[Length, tuple[int, int]] = {"short": (6, 9), "middle": (9, 13), "long": (13, 18)}
STEPS_TOGETHER = (3, 5)
MINUTES_TOGETHER = (10, 40)
STIRRING = frozenset({"self-compassion", "self-kindness"})  # programme.md, safety: these say what may come up


def check_content(programmes: Path) -> list[Problem]:
    """Every problem of every programme under this folder, with absolute file names."""
    library = Library(programmes, keep=Located.read)
    problems: list[Problem] = []
    for slug in library.slugs():
        try:
            plan = library.plan(slug)
        except ContentError as error:
            problems.append(Problem(error.file, error.line, error.problem))
            continue
        problems += _strays(library, slug, plan)
        for locale in plan.locales:
            problems += _check_locale(library, slug, plan, locale)
    return problems


def _strays(library: Library, slug: str, plan: Plan) -> Iterator[Problem]:
    """Folders that no programme.yaml mentions: a language or a week that nobody would ever see."""
    for locale in sorted(path for path in library.folder(slug, "").iterdir() if path.is_dir()):
        if locale.name not in plan.locales:
            yield Problem(str(locale), 1, f"programme.yaml does not name the locale '{locale.name}'")
        for step in sorted(path for path in locale.iterdir() if path.name not in plan.weeks):
            yield Problem(str(step), 1, f"programme.yaml does not name the week '{step.name}'")


def _check_locale(library: Library, slug: str, plan: Plan, locale: str) -> Iterator[Problem]:
    if locale not in WORDS:
        yield about(next(name for name in plan.locales if name == locale), f"no word lists for the locale '{locale}'")
        return
    words, weeks = WORDS[locale], []
    for step, practices in plan.weeks.items():
        try:
            week = library.week(slug, locale, step, practices)
        except ContentError as error:
            yield Problem(error.file, error.line, error.problem)
            continue
        weeks.append(week)
        yield from check_week(week, words)
        yield from _width(library.folder(slug, locale) / step)
    yield from _repeated(text for week in weeks for text in texts_of(week))


def check_week(week: Week, words: Words) -> Iterator[Problem]:
    """Every problem of one week but repetition, which only the whole course can show."""
    texts = list(texts_of(week))
    for text in texts:
        yield from (about(text, problem) for problem in wording(text, words))
        if has_jinja(text):
            yield about(text, "template syntax in the text")
    smiling = [text for text in texts if emoji(text)]
    if sum(map(emoji, smiling)) > 1:
        yield about(smiling[-1], "more than one emoji in the week")
    yield from _shaped(TITLE, words, Text(week.title))
    yield from _shaped(IN_SHORT, words, Text(week.in_short))
    yield from _shaped(QUESTION, words, week.question, week.look_back.question)
    yield from _shaped(RECAP, words, week.look_back.recap)
    yield from _theme(week, words)
    for practice in week.practices:
        yield from _practice(practice, words)
    yield from _sit(week, week.sit, words)
    yield from _exercise(week, week.exercise, words)


def _theme(week: Week, words: Words) -> Iterator[Problem]:
    for theme in flavours(week.theme):
        for question in flavours(week.question):
            count = words_in(theme) + words_in(question)
            if not THEME_WORDS[0] <= count <= THEME_WORDS[1]:
                yield about(theme, f"the theme has {count} words with its question, not 120 to 220")
        if "?" in theme:
            yield about(theme, "the theme asks: its one question stands in week.yaml")
        paragraphs = theme.count("\n\n") + 1
        if not THEME_PARAGRAPHS[0] <= paragraphs <= THEME_PARAGRAPHS[1]:
            yield about(theme, f"the theme has {paragraphs} paragraphs, not 2 to 4")
        if week.step in STIRRING and not (found(words.stirred, theme) and found(words.gentler, theme)):
            yield about(theme, "the theme does not say what may come instead of ease, and that there is a gentler way")


def _practice(practice: Practice, words: Words) -> Iterator[Problem]:
    yield from _shaped(PRACTICE_TITLE, words, Text(practice.title))
    if practice.title.endswith("."):
        yield about(practice.title, "the title ends with a full stop")
    yield from _shaped(WHAT, words, practice.what)
    yield from _shaped(WHY, words, practice.why)
    for shape, texts, number, paired in (
        (INVITATION, practice.invitations, 5, 2),
        (EVENING, practice.evening, 5, 1),
        (REFLECTION, practice.reflections, 3, 1),
    ):
        yield from _shaped(shape, words, *texts)
        if len(texts) != number:
            yield about(texts[0].plain, f"{practice.id}: {len(texts)} texts, not {number}: {shape.name} each")
        if sum(text.health_care is not None for text in texts) < paired:
            yield about(texts[0].plain, f"{practice.id}: fewer than {paired} flavours for health care: {shape.name}")
    for invitation in practice.invitations:
        for text in flavours(invitation):
            if found(rf"\A(?:{words.greeting})", text):
                yield about(text, "an invitation greets: a greeting stands before it already")


def _sit(week: Week, sit: Sit, words: Words) -> Iterator[Problem]:
    if sit.id != f"{week.step}/sit":
        yield about(sit.id, f"the sit's id is '{sit.id}', not '{week.step}/sit'")
    yield from _shaped(TITLE, words, Text(sit.title))
    yield from _shaped(ABOUT, words, sit.about)
    yield from _shaped(GENTLER, words, sit.gentler)
    yield from _shaped(EASE, words, sit.ease)
    for text in flavours(sit.gentler):
        if not found(words.no_less, text):
            yield about(text, "the gentler way does not say that it counts as much")
    for cue in sit.cues:
        yield from _shaped(CUE, words, cue.say, *([cue.gentler] if cue.gentler else []))
        for text in flavours(cue.say):
            if cue.gentler is None and (hit := found(words.suffering, text)):
                yield about(text, f"the cue turns to suffering ('{hit}') and has no gentler text")
        for length, pause in cue.pause.items():
            if not PAUSE[0] <= pause <= PAUSE[1]:
                yield about(cue.say.plain, f"the {length} pause has {pause} seconds, not {PAUSE[0]} to {PAUSE[1]}")
    for length in LENGTHS:
        yield from _length(sit, length)


def _exercise(week: Week, exercise: Exercise, words: Words) -> Iterator[Problem]:
    if not exercise.id.startswith(f"{week.step}/") or exercise.id in {practice.id for practice in week.practices}:
        yield about(exercise.id, f"the exercise's id is '{exercise.id}', not one of its own after '{week.step}/'")
    yield from _shaped(PRACTICE_TITLE, words, Text(exercise.title))
    yield from _shaped(WHAT, words, exercise.what)
    yield from _shaped(TOGETHER, words, *exercise.steps)
    if exercise.what.health_care is None:
        yield about(exercise.what.plain, "the exercise has no flavour for health care")
    for number, (least, most), what in (
        (len(exercise.steps), STEPS_TOGETHER, "steps"),
        (exercise.minutes, MINUTES_TOGETHER, "minutes"),
    ):
        if not least <= number <= most:
            yield about(exercise.id, f"the exercise has {number} {what}, not {least} to {most}")


def _length(sit: Sit, length: Length) -> Iterator[Problem]:
    cues = sit.cues_of(length)
    fewest, most = CUES[length]
    if not fewest <= len(cues) <= most:
        yield about(sit.id, f"the {length} sit has {len(cues)} cues, not {fewest} to {most}")
    total = sum(cue.pause[length] for cue in cues)
    least, longest = TOTAL[length]
    if not least <= total <= longest:
        yield about(sit.id, f"the {length} sit's pauses sum to {total} seconds, not {least} to {longest}")
    for place, cue in (("first", sit.cues[0]), ("last", sit.cues[-1])):
        if length not in cue.pause:
            yield about(cue.say.plain, f"the {place} cue does not belong to the {length} sit")


def _shaped(shape: Shape, words: Words, *texts: Text) -> Iterator[Problem]:
    for text in texts:
        for flavour in flavours(text):
            yield from (about(flavour, problem) for problem in shape.problems(flavour, words))


def _repeated(texts: Iterable[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for text in texts:
        first = seen.setdefault(sameness(text), text)
        if first is not text and isinstance(first, Located):
            where = f"{Path(first.file).parent.name}/{Path(first.file).name}:{first.line}"
            yield about(text, f"the same text stands in {where}")


def _width(folder: Path) -> Iterator[Problem]:
    for file in sorted(folder.iterdir()):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > 120:
                yield Problem(str(file), number, f"the line has {len(line)} characters, not at most 120")


def flavours(text: Text) -> tuple[str, ...]:
    """The wordings that there are."""
    return (text.plain,) if text.health_care is None else (text.plain, text.health_care)


def texts_of(week: Week) -> Iterator[str]:
    """Everything that somebody may read in this week."""
    yield from (week.title, week.in_short, week.sit.title, week.exercise.title)
    rest = [week.theme, week.question, week.look_back.recap, week.look_back.question]
    for practice in week.practices:
        yield practice.title
        rest += [practice.what, practice.why, *practice.invitations, *practice.evening, *practice.reflections]
    rest += [week.sit.about, week.sit.gentler, week.sit.ease]
    rest += [week.exercise.what, *week.exercise.steps]
    for cue in week.sit.cues:
        rest += [cue.say, *([cue.gentler] if cue.gentler else [])]
    for text in rest:
        yield from flavours(text)
