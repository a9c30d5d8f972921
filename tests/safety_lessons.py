"""Teaches the safety screen's second listener: `make weights` reads the labelled examples and writes weights.tsv.

Thresholds come from sentences by authors whom the weights that judge them have not read. Runs in an environment of its
own: nothing of this is needed to listen.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from random import Random

import numpy
import yaml
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from bot.overtones import Overtones, Sequences, Weights, soft_mean, spans, words_of
from bot.rehearse_people import PHRASES
from bot.safety import Screen
from bot.safety_rules import HEAD, HERE, LANGUAGES, load_families, load_rules
from bot.unmasking import unmasked
from tests.safety_table import AUTHORS, DIARISTS, Taught, taught, tuned

ROOT = Path(__file__).parent.parent
AFTER_DANGER = ("crisis", "support", "safety_plan", "strain", "grounding")  # goldens in which danger may be typed
URGENT_SHARE, ANY_SHARE = 0.01, 0.02  # of the ordinary harmless texts may be called urgent, or anything at all
LONG_URGENT_SHARE, LONG_ANY_SHARE = 0.05, 0.10  # likewise, of the entries that are read in spans
CONCERN_WORTH = 0.3  # of an example of concern, beside 1 of an urgent or harmless one
WORTH = {
    "careless": 0.3,
    "foreign": 0.3,
    "denied": 8.0,
    "everyday": 3.0,
}  # of a copy with typing mistakes, another language …
RARE = 3  # examples in which a sequence has to stand
FOLDS = 5  # parts that the authors are cut into, each of which is judged by what the others teach
LIGHT = 0.05  # weights below are left out
LEVELS = ("urgent", "concern", "none")
MARK = re.compile(r"\[\[(.+?)\]\]")  # the words of danger in a long entry
RNG = 4  # seed of the typing mistakes and of the learner


def lessons(language: str) -> list[Taught]:
    """What this language is taught with: its examples, what people say in the tests, and the other languages' texts."""
    own = [one for author in AUTHORS for one in taught(language, author)]
    others = [one for other in LANGUAGES if other != language for author in AUTHORS for one in taught(other, author)]
    foreign = [replace(one, label="none", kind="foreign") for one in others]
    denied = [replace(one, kind="denied") for one in taught(language, "denials")]
    diaries = [part for one in diary(language) for part in read(one)]
    return [*own, *tuned(language), *denied, *taught(language, "replies"), *everyday(), *diaries, *foreign]


def diary(language: str) -> list[Taught]:
    """The long entries, in which the danger is marked."""
    entries = [one for author in DIARISTS[language] for one in taught(language, f"diary_{author}")]
    return [replace(one, author=one.author.removeprefix("diary_"), kind=f"{one.kind}, long") for one in entries]


def unmarked(text: str) -> str:
    """A long entry as its author wrote it."""
    return text.replace("[[", "").replace("]]", "")


def read(one: Taught) -> Iterator[Taught]:
    """What a long entry teaches: the danger alone, spans with half of it as danger, spans without it as harmless."""
    marks = list(marked(one.text))
    if one.label != "none":
        yield from (replace(one, text=text, kind="diary") for text in MARK.findall(one.text))
    words = words_of(unmasked(unmarked(one.text)))
    for start, end in spans(words):
        part = replace(one, text=" ".join(words[start:end]), kind="diary")
        shared = [(min(end, last) - max(start, first), last - first) for first, last in marks]
        if all(both <= 0 for both, _ in shared):
            yield replace(part, label="none")
        elif any(2 * both >= min(long, end - start) for both, long in shared):
            yield part


def marked(text: str) -> Iterator[tuple[int, int]]:
    """The first word of each marked danger, and the one behind its last, as `words_of` counts them."""
    for mark in MARK.finditer(text):
        before = unmarked(text[: mark.start()])
        yield _up_to(before), _up_to(f"{before}{mark[1]}")


def _up_to(text: str) -> int:
    return len(words_of(unmasked(f"{text} and"))) - 2  # without that word and the last stop


def cut(one: Taught) -> list[str]:
    """A text as the spans that it is read in, its own words if it is read whole."""
    words = words_of(unmasked(one.text))
    parts = sorted({" ".join(words[start:end]) for start, end in spans(words)})
    return parts if len(parts) > 1 else [one.text]


def everyday() -> Iterator[Taught]:
    """What participants write in goldens and rehearsals that are not about danger, a span each; and the buttons."""
    rules = Screen([load_rules(language) for language in LANGUAGES])
    for text in (*_in_goldens(), *_on_buttons(), *(phrase for pot in PHRASES.values() for phrase in pot)):
        if not rules(text):
            said = Taught("tests", "none", text, "everyday")
            yield from (replace(said, text=part) for part in cut(said))


def _in_goldens() -> Iterator[str]:
    for path in sorted((ROOT / "tests" / "conversations").glob("*.yaml")):
        if not path.stem.startswith(AFTER_DANGER):
            for said in re.findall(r"^ *- says: (.+)$", path.read_text("utf-8"), re.MULTILINE):
                yield said.strip("'\"")


def _on_buttons() -> Iterator[str]:
    for path in sorted((ROOT / "prompts" / "templates").glob("*/choices.yaml")):
        for choice, label in yaml.safe_load(path.read_text("utf-8")).items():
            if choice.removesuffix("_es") != "not_safe":
                yield label


def careless(text: str, rng: Random) -> str:
    """The text as somebody types it in a hurry: lower case, few stops, letters left out or swapped."""
    words = re.sub(r"[.,;:!?'’]", " " if rng.random() < 0.3 else "", text.lower()).split()
    return " ".join(_mistyped(word, rng) if len(word) > 3 and rng.random() < 0.15 else word for word in words)


def _mistyped(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


# ---------------------------------------------------------------- learning


class Reader:
    """Reads examples as rows of numbers, each text once."""

    def __init__(self, families: Mapping[str, Sequence[str]]) -> None:
        self._sequences = Sequences(families)
        self._rows = dict[str, dict[str, float]]()

    def row(self, text: str) -> dict[str, float]:
        """How often each sequence stands in the text, by the root of their number."""
        if text not in self._rows:
            heard = self._sequences.of(words_of(unmasked(text)))
            counted = Counter(sequence for sequences in heard for sequence in sequences)
            root = sqrt(counted.total())
            self._rows[text] = {sequence: count / root for sequence, count in counted.items()}
        return self._rows[text]


def learn(language: str, examples: Sequence[Taught], reader: Reader) -> Weights:
    """The weights that these examples teach: the mean of urgent against none, and of both levels against none."""
    common = Counter(
        sequence for one in examples if one.kind not in ("foreign", "diary") for sequence in reader.row(one.text)
    )
    columns = {sequence: at for at, sequence in enumerate(sorted(key for key, n in common.items() if n >= RARE))}
    examples = [*examples, *_hurried(examples)]
    table = _table([reader.row(one.text) for one in examples], columns)
    weight = numpy.array([WORTH.get(one.kind, 1.0) for one in examples])
    label = numpy.array([one.label for one in examples])
    sure = label != "concern"
    first = _fitted(table[sure], label[sure] == "urgent", weight[sure])
    second = _fitted(table, label != "none", weight * numpy.where(sure, 1, CONCERN_WORTH))
    mean = (first.coef_[0] + second.coef_[0]) / 2
    of = {sequence: round(float(mean[at]), 3) for sequence, at in columns.items() if abs(mean[at]) >= LIGHT}
    bias = round(float(first.intercept_[0] + second.intercept_[0]) / 2, 3)
    return Weights(language, bias, 0.0, 0.0, 0.0, 0.0, of, load_families(language))


def _hurried(examples: Sequence[Taught]) -> list[Taught]:
    rng = Random(RNG)
    own = (one for one in examples if one.author in AUTHORS and one.kind != "foreign")
    copies = [replace(one, text=careless(one.text, rng), kind="careless") for one in own]
    return [one for one in copies if one.text]


def _table(rows: Sequence[Mapping[str, float]], columns: Mapping[str, int]) -> csr_matrix:
    kept = [[(columns[key], value) for key, value in row.items() if key in columns] for row in rows]
    flat = [pair for row in kept for pair in row]
    starts = numpy.cumsum([0, *map(len, kept)])
    return csr_matrix(([value for _, value in flat], [at for at, _ in flat], starts), shape=(len(rows), len(columns)))


def _fitted(table: csr_matrix, positive: numpy.ndarray, weight: numpy.ndarray) -> LinearSVC:
    learner = LinearSVC(C=1, class_weight="balanced", max_iter=3000, random_state=RNG)
    return learner.fit(table, positive, sample_weight=weight)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text with what each of its spans weighs to somebody whom its author did not teach."""

    one: Taught
    spans: list[float]


def unheard(language: str, examples: Sequence[Taught], reader: Reader) -> list[Weighed]:
    """Each author's texts in this language, and each diarist's entries, weighed by what the others teach."""
    weighed, entries = list[Weighed](), diary(language)
    for first in range(FOLDS):
        apart = {*AUTHORS[first::FOLDS], *DIARISTS[language][first::FOLDS]}
        listener = Overtones(learn(language, [one for one in examples if one.author not in apart], reader))
        theirs = [one for one in examples if one.author in apart and one.kind not in ("foreign", "diary")]
        for one in (*theirs, *(replace(one, text=unmarked(one.text)) for one in entries if one.author in apart)):
            weighed.append(Weighed(one, listener.each(words_of(unmasked(one.text)))))
    return weighed


def with_thresholds(weights: Weights, weighed: Sequence[Weighed], rules: Screen) -> Weights:
    """The weights with the lowest thresholds that leave no more alarms on ordinary texts than may be."""
    ordinary = [each for each in weighed if each.one.kind == "ordinary" and len(each.spans) == 1]
    diaries = [each for each in weighed if each.one.kind == "ordinary, long"]

    def lowest(texts: Sequence[Weighed], share: float, levels: Container[str]) -> float:
        """The weight above which, with what the rules find anyway, no more than this share is."""
        found = [(soft_mean(each.spans), rules(each.one.text)) for each in texts]
        quiet = [weight for weight, ruled in found if not ruled or ruled.level not in levels]
        may_be = int(share * len(texts)) - (len(texts) - len(quiet))
        return round(sorted(quiet, reverse=True)[max(0, may_be)] + 0.001, 3)

    concern, long_concern = lowest(ordinary, ANY_SHARE, LEVELS), lowest(diaries, LONG_ANY_SHARE, LEVELS)
    return replace(
        weights,
        urgent=max(concern, lowest(ordinary, URGENT_SHARE, ("urgent",))),
        concern=concern,
        long_urgent=max(long_concern, lowest(diaries, LONG_URGENT_SHARE, ("urgent",))),
        long_concern=long_concern,
    )


# ---------------------------------------------------------------- telling and writing


def told(language: str, weighed: Sequence[Weighed], rules: Screen, weights: Weights) -> Iterator[str]:
    """What both listeners make of sentences by authors whom the weights have not read, as lines of a table."""
    by_kind = dict[tuple[str, str], list[tuple[str, str]]]()
    for each in weighed:
        one, found = each.one, rules(each.one.text)
        ruled, heard = found.level if found else "none", weights.level(each.spans) or "none"
        by_kind.setdefault((one.label, one.kind), []).append((ruled, min(ruled, heard, key=LEVELS.index)))
    for (label, kind), said in sorted(by_kind.items(), key=lambda one: (LEVELS.index(one[0][0]), one[0][1])):
        shares = (
            f"{sum(level in levels for level in each) / len(said):.1%}"
            for levels in (("urgent",), ("urgent", "concern"))
            for each in zip(*said, strict=True)
        )
        yield f"| {language} | {label}, {kind} | {len(said)} | {' | '.join(shares)} |"


def write(weights: Weights, examples: Sequence[Taught], path: Path) -> None:
    """Writes weights.tsv, which a person can read and a review can compare."""
    own = Counter(one.label for one in examples if one.kind not in ("foreign", "everyday", "diary"))
    head = (
        f"# What the second listener has learned (bot/overtones.py, docs/safety.md): a sequence, a tab, its weight.\n"
        f"# From {own['urgent']} urgent, {own['concern']} concern and {own['none']} harmless examples by `make weights`"
        f" on {datetime.now(UTC).date().isoformat()}; {len(weights.of)} sequences.\n"
    )
    numbers = zip(
        HEAD, (weights.bias, weights.urgent, weights.concern, weights.long_urgent, weights.long_concern), strict=True
    )
    lines = [f"{name}\t{number:.3f}" for name, number in (*numbers, *sorted(weights.of.items()))]
    path.write_text(head + "\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Learns every language, says how well it does with unheard authors, and writes what was learned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-tell", action="store_true", help="writes nothing")
    only_tell = parser.parse_args().only_tell
    print(
        "| language | sentences by authors not read | number | rules: urgent | both: urgent | rules: any | both: any |"
    )
    print("|---|---|---|---|---|---|---|")
    for language in LANGUAGES:
        examples, reader = lessons(language), Reader(load_families(language))
        rules = Screen([load_rules(each) for each in LANGUAGES])
        weighed = unheard(language, examples, reader)
        weights = with_thresholds(learn(language, examples, reader), weighed, rules)
        print("\n".join(told(language, weighed, rules, weights)), flush=True)
        if not only_tell:
            write(weights, examples, HERE / language / "weights.tsv")


if __name__ == "__main__":
    main()
