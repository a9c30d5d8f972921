"""The safety screen measured on the labelled sentences of tests/data/safety: `make safety` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.safety import Screen
from bot.safety_rules import LANGUAGES, load_rules, load_screen

DATA = Path(__file__).parent / "data" / "safety"
HEARD = DATA / "heard"  # what the weights are taught with: label, tab, text, tab, kind
AUTHORS = tuple("abcdefghijklmnopq")
DIARISTS = {  # authors of long entries
    "en": ("one", "three", "four", "five", "six"),
    "es": ("one", "three", "four", "five", "six", "seven"),
}
CORPORA = (
    *("first", "second", "while_tuning", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
    *("long", "long_second"),
)
# the parts of "fifth" to "eighth" and of the long ones, all of which were held back
KINDS = ("plain", "roundabout", "hidden", "hard", "ordinary")
PARTS = ("", "held", "unseen", *KINDS)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many sentences bear each label, and what the screen made of them."""

    urgent: int
    urgent_as_urgent: int
    urgent_found: int
    concern: int
    concern_found: int
    none: int
    false_alarms: int
    false_urgent: int

    @property
    def precision(self) -> float:
        """The share of sentences labelled urgent among those labelled urgent or none that were called urgent."""
        return self.urgent_as_urgent / max(1, self.urgent_as_urgent + self.false_urgent)


@dataclass(frozen=True, slots=True)
class Taught:
    """An example that the weights are taught with: how plainly a crisis is told, how hard a harmless text is."""

    author: str
    label: str
    text: str
    kind: str


def taught(language: str, author: str) -> list[Taught]:
    """The examples by one author."""
    lines = (HEARD / f"{language}_{author}.tsv").read_text("utf-8").splitlines()
    return [Taught(author, label, text, kind) for label, text, kind in (line.split("\t") for line in lines)]


def tuned(language: str) -> list[Taught]:
    """The project's own sentences, in so far as they were never held back."""
    return [Taught("project", label, text, "tuned") for corpus in CORPORA for label, text in rows(language, corpus, "")]


def rows(language: str, corpus: str, part: str) -> list[tuple[str, str]]:
    """The (label, text) pairs of one part of a corpus; empty if it has no such part."""
    name = language if corpus == "first" else f"{language}_{corpus}"
    lines = (line.split("\t") for line in (DATA / f"{name}.tsv").read_text("utf-8").splitlines())
    return [(label, text) for label, text, each in lines if each == part]


def count(screen: Screen, sentences: Iterable[tuple[str, str]]) -> Counted:
    """What the screen makes of labelled sentences."""
    said = list[tuple[str, str]]()
    for label, text in sentences:
        found = screen(text)
        said.append((label, found.level if found else "none"))
    labels = [label for label, _ in said]
    return Counted(
        urgent=labels.count("urgent"),
        urgent_as_urgent=said.count(("urgent", "urgent")),
        urgent_found=labels.count("urgent") - said.count(("urgent", "none")),
        concern=labels.count("concern"),
        concern_found=labels.count("concern") - said.count(("concern", "none")),
        none=labels.count("none"),
        false_alarms=labels.count("none") - said.count(("none", "none")),
        false_urgent=said.count(("none", "urgent")),
    )


@cache
def counted(screen: Screen, language: str, corpus: str, part: str) -> Counted:
    """The same of one part of a corpus, counted once."""
    return count(screen, rows(language, corpus, part))


def table_lines() -> Iterator[str]:
    """A Markdown table, a line for each language, corpus and part: what the rules alone say, and what both say."""
    yield "| language | corpus | part | urgent: rules | both | found | concern | false: rules | both | precision |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for language in LANGUAGES:
        for corpus in CORPORA:
            for part in PARTS:
                if rows(language, corpus, part):
                    both = (counted(screen, language, corpus, part) for screen in _screens())
                    yield _line(f"{language} | {corpus} | {part or 'tuned'}", *both)


def taught_lines() -> Iterator[str]:
    """The same of each author's examples: a measure of nothing but memory. `make weights` prints the honest figures."""
    for language in LANGUAGES:
        for author in AUTHORS:
            sentences = [(one.label, one.text) for one in taught(language, author)]
            yield _line(f"{language} | {author} | taught", *(count(screen, sentences) for screen in _screens()))


def _line(name: str, r: Counted, b: Counted) -> str:
    return (
        f"| {name} | {_share(r.urgent_as_urgent, r.urgent)} | {_share(b.urgent_as_urgent, b.urgent)}"
        f" | {_share(b.urgent_found, b.urgent)} | {_share(b.concern_found, b.concern)}"
        f" | {_share(r.false_alarms, r.none)} | {_share(b.false_alarms, b.none)} | {b.precision:.3f} |"
    )


@cache
def _screens() -> tuple[Screen, Screen]:
    return Screen([load_rules(language) for language in LANGUAGES]), load_screen()


def _share(some: int, of: int) -> str:
    return f"{some}/{of} ({some / of:.0%})" if of else "–"


if __name__ == "__main__":
    print("\n".join((*table_lines(), *taught_lines())))
