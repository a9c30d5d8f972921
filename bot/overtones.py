"""The safety screen's second listener: how heavy a text is, by the weights of its words and of what stands together.

Pure: the weights are handed in as data (`bot/safety_rules/<language>/weights.tsv`), learned from labelled examples
(docs/safety.md). A text is read as sequences: a word, two words, two with one between (`want _ die`), pieces of a word
(`~uicid`), and families in the place of words (`<pills>`, `counted <pills>`, `<kin> .. <pills>`: at most four words
apart). What the sequences of a span weigh is added up and divided by the root of their number. In a long text one span
is heavy by chance, so a soft mean of all of them counts, in which heavy ones count most. It works in time linear in
the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt
from statistics import fmean
from typing import Literal, NamedTuple

from bot.unmasking import LEET, squeezed, unmasked

STOP = "."  # stands for the end of a sentence, and of the text
PIECE = re.compile(r"[a-z0-9']+|[.?!\n;]+|,")
PIECES = (4, 5)  # letters of a piece of a word; shorter words are read whole only
REACH = 4  # words: how far apart two families are still read together
WHOLE = 40  # words: a longer text is read in spans
SPAN = 20  # words of a span
KEEN = 2.0  # how much more heavy spans of a text count than light ones: 0 is their mean, infinity the heaviest alone

Level = Literal["urgent", "concern"]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned in one language.

    `families` are lists of words that are read alike, a star standing for any ending. A text that weighs `urgent` or
    more is urgent, one that weighs `concern` or more is a concern; of several spans `long_urgent` and `long_concern`.
    """

    language: str
    bias: float
    urgent: float
    concern: float
    long_urgent: float
    long_concern: float
    of: Mapping[str, float] = field(repr=False)
    families: Mapping[str, Sequence[str]] = field(repr=False)

    def beyond(self, spans: Sequence[float]) -> tuple[float, float]:
        """How far a text whose spans weigh so much is above the thresholds of urgent and of concern."""
        urgent, concern = (self.urgent, self.concern) if len(spans) == 1 else (self.long_urgent, self.long_concern)
        weight = soft_mean(spans)
        return weight - urgent, weight - concern

    def level(self, spans: Sequence[float]) -> Level | None:
        """How severe that text is."""
        urgent, concern = self.beyond(spans)
        return "urgent" if urgent >= 0 else "concern" if concern >= 0 else None


def soft_mean(weights: Sequence[float]) -> float:
    """The mean of weights in which heavy ones count more: between their mean and the heaviest."""
    heaviest = max(weights)
    if len(weights) == 1:
        return heaviest
    return heaviest + log(fmean(exp(KEEN * (one - heaviest)) for one in weights)) / KEEN


class Heard(NamedTuple):
    """What a word weighs by itself, as how many sequences, and the families that it belongs to."""

    weight: float
    sequences: int
    families: tuple[str, ...]


class Overtones:
    """Weighs texts in one language, handed in as `words_of` reads them. Never raises.

    `beside` are the weights of the others who listen: what a word weighs is kept if it stands in any of these files, as
    it is then no secret; whatever else people write is read anew each time.
    """

    def __init__(self, weights: Weights, beside: Sequence[Weights] = ()) -> None:
        self.weights = weights
        self._sequences = Sequences(weights.families)
        self._files = (weights.of, *(one.of for one in beside))
        self._ours: dict[str, Heard] = {}

    def known(self, words: Sequence[str]) -> int:
        """How many of the words are known: few of a text in another language."""
        return sum(word in self.weights.of for word in words)

    def level(self, words: Sequence[str]) -> Level | None:
        """How severe the text is."""
        return self.weights.level(self.each(words))

    def each(self, words: Sequence[str]) -> list[float]:
        """What each span of the text weighs."""
        return [weight for weight, _, _ in self._spans(said_once(words))]

    def why(self, words: Sequence[str], most: int = 8) -> list[tuple[str, float]]:
        """What weighed most in the heaviest span, and how much of its weight that is."""
        words = said_once(words)
        _, start, end = max(self._spans(words))
        heard = list(self._sequences.of(words))[start:end]
        counted = Counter(sequence for sequences in heard for sequence in sequences)
        root = sqrt(counted.total())
        weighed = ((sequence, self.weights.of.get(sequence, 0.0) * n / root) for sequence, n in counted.items())
        return sorted((one for one in weighed if one[1] > 0), key=lambda one: (-one[1], one[0]))[:most]

    def _spans(self, words: Sequence[str]) -> list[tuple[float, int, int]]:
        """The weight, beginning and end of each span."""
        of, known = self.weights.of, {word: self._ours.get(word) or self._heard(word) for word in set(words)}
        families = {word: heard.families for word, heard in known.items()}
        weight, count = [0.0], [0]
        for word, together in zip(words, self._sequences.together(words, families), strict=True):
            heard = known[word]
            weight.append(weight[-1] + heard.weight + sum([of[sequence] for sequence in together if sequence in of]))
            count.append(count[-1] + heard.sequences + len(together))
        return [
            (self.weights.bias + (weight[end] - weight[start]) / sqrt(count[end] - count[start]), start, end)
            for start, end in spans(words)
        ]

    def _heard(self, word: str) -> Heard:
        """What a word weighs by itself."""
        of, (alone, families) = self.weights.of, self._sequences.alone(word)
        heard = Heard(sum([of[sequence] for sequence in alone if sequence in of]), len(alone), families)
        if any(word in one for one in self._files):
            self._ours[word] = heard
        return heard


class Sequences:
    """Reads words as sequences, for each word those that end with it."""

    def __init__(self, families: Mapping[str, Sequence[str]]) -> None:
        self._whole, self._begins = dict[str, set[str]](), dict[str, set[str]]()
        for name, words in families.items():
            for word in words:
                kept = self._begins if word.endswith("*") else self._whole
                kept.setdefault(squeezed(unmasked(word.rstrip("*"))), set()).add(f"<{name}>")
        self._longest = max(map(len, self._begins), default=0)

    def of(self, words: Sequence[str]) -> Iterator[list[str]]:
        """For each word all sequences that end with it."""
        known = {word: self.alone(word) for word in set(words)}
        families = {word: own for word, (_, own) in known.items()}
        for word, together in zip(words, self.together(words, families), strict=True):
            yield [*known[word][0], *together]

    def alone(self, word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a word is by itself, and its families."""
        begun = [word[:end] for end in range(1, min(len(word), self._longest) + 1) if word[:end] in self._begins]
        families = tuple(sorted(self._whole.get(word, set()).union(*(self._begins[one] for one in begun))))
        marked = f"^{word}$"
        lengths = PIECES if len(word) >= min(PIECES) else ()
        pieces = [f"~{marked[at : at + size]}" for size in lengths for at in range(len(marked) - size + 1)]
        return (word, *pieces, *families), families

    def together(self, words: Sequence[str], families: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
        """For each word the sequences that it makes with what stands before it."""
        near, two_before, before = list[tuple[str, ...]](), "", ""  # `near` has the families of the words before
        for word in words:
            own = families[word]
            sequences = [f"{before} {word}"] if before else []
            if two_before:
                sequences.append(f"{two_before} _ {word}")
            if near and near[-1]:
                sequences += [f"{one} {word}" for one in near[-1]]
            if own:
                if before:
                    sequences += [f"{before} {one}" for one in own]
                sequences += [f"{one} .. {other}" for some in near for one in some for other in own]
            near = [*near[1 - REACH :], own]
            two_before, before = before, word
            yield sequences


def words_of(plain: str) -> list[str]:
    """The words and stops of an unmasked text; it begins and ends with a stop."""
    words = [STOP]
    for piece in PIECE.findall(plain):
        if piece[0] in ".?!\n;":
            if words[-1] != STOP:
                words.append(STOP)
        elif word := piece.replace("'", ""):
            words.append(squeezed(word if word.isdecimal() or word.isalpha() else word.translate(LEET)))
    return words if words[-1] == STOP and len(words) > 1 else [*words, STOP]


def said_once(words: Sequence[str]) -> list[str]:
    """The words without those, and without whole sentences, that only say again what was said: "ha ha ha", a chorus."""
    once, sentence, said = list[str](), list[str](), set[tuple[str, ...]]()
    for word in words:
        if sentence and word == sentence[-1]:
            continue
        sentence.append(word)
        if word == STOP:
            if tuple(sentence) not in said:
                once += sentence
            said.add(tuple(sentence))
            sentence = []
    return [*once, *sentence]


def spans(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where spans begin and end: at each sentence, in a long one also midway; they end with a sentence if they can."""
    if len(words) <= WHOLE:
        yield 0, len(words)
        return
    last_stop, stop = list[int](), 0
    for at, word in enumerate(words):
        stop = at if word == STOP else stop
        last_stop.append(stop)
    begun = 0
    for start, word in enumerate(words):
        if start and word != STOP and start - begun < SPAN // 2:
            continue
        begun = start
        end = min(start + SPAN, len(words))
        whole = last_stop[end - 1] + 1
        yield start, whole if whole - start > SPAN // 2 else end
        if end == len(words):
            return
