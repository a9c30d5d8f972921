"""The safety screen: finds statements of crisis in what somebody wrote, before any conversation reads it.

Two listeners: the rules, here, and the weights of words (bot/overtones.py). The most severe finding is the answer, of
two alike the rule's. Pure: both are handed in as data (`bot/safety_rules/<language>/`). A pattern is a sequence of
words, in which `(a|b c)` stands for alternatives, `[a|b]` for what may be missing, `<name>` for a list of words, `..`
for up to two words that are no negation, `^` and `$` for the ends of a clause. It works in time linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from bot.overtones import Level, Overtones, words_of
from bot.patterns import ANY, END, HIT, PART, START, Option, any_of, graph, options_of
from bot.unmasking import LEET, squeezed, unmasked

SEVERITY: Mapping[Level, int] = {"concern": 1, "urgent": 2}

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST_ING = 5  # letters: "kin" and "sin" are words of their own
LONGEST = 14  # letters of a word that may be spaced out
FROM_SUBJECT = 3  # words between "she" and what she wants: "she wanted to end it"
WEIGHED = "weighed"  # the rule that is named where the weights alone spoke: names go into logs, words never
NEAR = 2  # words: how close an idiom must stand to what it lets through


@dataclass(frozen=True, slots=True)
class Finding:
    """What the screen found: the level, the rule's id (or `weighed`), and the language that it was found in."""

    level: Level
    rule: str
    language: str


def screened(screen: Callable[[str], Finding | None], text: str) -> Finding | None:
    """What the screen says; if the screen itself fails, the safe answer is given (issue 4)."""
    try:
        return screen(text) if text else None
    except Exception:
        return Finding("urgent", "screen/failed", "en")


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of statement: any of its patterns means it, unless one of the idioms stands at the same place.

    `own` is one about the person who writes: it is dropped as well where somebody else is the subject of its verb.
    """

    id: str
    level: Level
    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one language, and how its words are written.

    `same` spells out contractions and slang, `ignored` are words that change nothing, `forgiven` are words in which
    one typing mistake is understood (unless that makes one of `other_words`), `words` are the lists that patterns
    name. A match is dropped if a negation stands at most `reach` words before it with no subject in between, where
    `auxiliaries` ("nunca he pensado") do not count; a negation right before one of `undoing` ("can't stop") is none.
    A match of a rule about oneself is dropped too if one of the `others` stands at most `FROM_SUBJECT` words before;
    after one of `clause_ends` ("he died, don't want to live") nobody else is the subject any more. `unless` are the
    idioms that let any rule's match through, `own_unless` those of the rules about oneself. What stands in quotation
    marks beside one of `reporting` ("said", "dijo"), with none of `subjects` there, is somebody else's and not read.
    """

    language: str
    rules: tuple[Rule, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    forgiven: tuple[str, ...] = ()
    other_words: tuple[str, ...] = ()
    negations: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    reach: int = 1
    auxiliaries: frozenset[str] = frozenset()
    undoing: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    clause_ends: frozenset[str] = frozenset()
    unless: tuple[str, ...] = ()
    own_unless: tuple[str, ...] = ()
    reporting: frozenset[str] = frozenset()


class Screen:
    """Says of a text what is most severe in it. Never raises for a str."""

    def __init__(self, rules: Iterable[Rules], overtones: Iterable[Overtones] = ()) -> None:
        self._languages = tuple(_Compiled(each) for each in rules)
        self._overtones = tuple(overtones)

    def __call__(self, text: str) -> Finding | None:
        """The most severe finding, of two alike the rule's; None if there is nothing."""
        plain = unmasked(text)
        found = [finding for language in self._languages for finding in language.findings(plain)]
        if not any(finding.level == "urgent" for finding in found):
            words = words_of(plain)
            levels = [(each.level(words), each.weights.language) for each in self._listening(words)]
            found += [Finding(level, WEIGHED, language) for level, language in levels if level]
        return max(found, key=lambda finding: SEVERITY[finding.level], default=None)

    def why(self, text: str) -> list[tuple[str, float]]:
        """What weighed most in the text, whether or not it was enough. Holds words of the text: never for a log."""
        words = words_of(unmasked(text))
        weighed = ((each.weights.beyond(each.each(words))[1], each) for each in self._listening(words))
        heaviest = max(weighed, key=lambda one: one[0], default=None)
        return heaviest[1].why(words) if heaviest else []

    def _listening(self, words: Sequence[str]) -> list[Overtones]:
        """Those who know the text's language: at least half as many of its words as who knows most of them."""
        known = [each.known(words) for each in self._overtones]
        return [each for each, some in zip(self._overtones, known, strict=True) if 2 * some >= max(known)]

    def only(self, language: str) -> Screen:
        """The same screen with the rules and weights of one language.

        Raises:
            KeyError: there are no rules for it.
        """
        chosen = Screen((), (each for each in self._overtones if each.weights.language == language))
        chosen._languages = tuple(each for each in self._languages if each.rules.language == language)
        if not chosen._languages:
            raise KeyError(language)
        return chosen


# ---------------------------------------------------------------- text

SPACED = re.compile(r"(?<![a-z0-9'])[a-z](?:[ .\-_*,/|]{1,3}[a-z]){2,}(?![a-z0-9'])")
PIECE = re.compile(r"[a-z0-9](?:[a-z0-9'@$!*]*[a-z0-9*])?|[.?!\n;]+|[,:()]+")
QUOTED = re.compile(r'["“”«„][^"“”«»„\n]{1,300}["“”»]')
BESIDE = 40  # characters of a quotation's either side that tell who says it


@dataclass(slots=True)
class _Words:
    """A text as words. `sentence` numbers each word's sentence; `pause` holds the words that punctuation precedes."""

    words: list[str] = field(default_factory=list)
    sentence: list[int] = field(default_factory=list)
    pause: set[int] = field(default_factory=set)


class _Compiled:
    """One language's patterns as a graph of words."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._same = {key: tuple(squeezed(word) for word in value.split()) for key, value in rules.same.items()}
        self._ignored = frozenset(map(squeezed, rules.ignored))
        self._negations = frozenset(map(squeezed, rules.negations))
        self._subjects = frozenset(map(squeezed, rules.subjects))
        self._undoing = frozenset(map(squeezed, rules.undoing))
        self._others = frozenset(map(squeezed, rules.others))
        self._clause_ends = self._subjects | set(map(squeezed, rules.clause_ends))
        self._forgiven = frozenset(map(squeezed, rules.forgiven))
        self._everywhere = len(rules.rules)  # stands for the idioms of all rules, as if they were one more rule's
        idioms_of_all = Rule("", "concern", (), rules.unless)
        options = cache(self._options)  # the same lists stand in many patterns
        planted = [
            ([options(part) for part in PART.findall(pattern)], (at, idiom))
            for at, rule in enumerate((*rules.rules, idioms_of_all))
            for idiom, patterns in (
                (False, rule.patterns),
                (True, (*rule.unless, *rules.own_unless) if rule.own else rule.unless),
            )
            for pattern in patterns
        ]
        self._tree = any_of([graph(parts, meaning) for parts, meaning in planted])
        self._vocabulary = {word for parts, _ in planted for part in parts for option in part for word in option}
        self._mistyped = dict(self._typing_mistakes())

    def findings(self, plain: str) -> Iterator[Finding]:
        """What stands in an unmasked text, once for each rule."""
        text = self._read(plain)
        matches, let_through = list[tuple[int, int, int]](), dict[int, bytearray]()
        for at, idiom, start, end in self._matches(text):
            if idiom:
                _cover(let_through.setdefault(at, bytearray(len(text.words))), text, start, end)
            else:
                matches.append((at, start, end))
        everywhere = let_through.get(self._everywhere, b"")
        seen = set[int]()
        for at, start, end in matches:
            rule = self.rules.rules[at]
            if at in seen or any(everywhere[start:end]) or any(let_through.get(at, b"")[start:end]):
                continue
            if self._negated(text, start) or (rule.own and self._of_another(text, start)):
                continue
            seen.add(at)
            yield Finding(rule.level, rule.id, self.rules.language)

    def _options(self, part: str) -> list[Option]:
        """What may stand for a part of a pattern, without the words that are ignored in a text too."""
        written = options_of(part, self.rules.words)
        read = [tuple(word for word in option if word not in self._ignored) for option in written]
        return [left for left, option in zip(read, written, strict=True) if left or not option] or [()]

    def _typing_mistakes(self) -> Iterator[tuple[str, str]]:
        known = self._vocabulary | set(map(squeezed, self.rules.other_words))
        for word in self._vocabulary:  # "thinkin", "hurtin"
            if word.endswith("ing") and len(word) > SHORTEST_ING and word[:-1] not in known:
                yield word[:-1], word
        for word in map(squeezed, self.rules.forgiven):
            yield from ((other, word) for other in one_mistake(word) if other not in known)

    # reading

    def _read(self, plain: str) -> _Words:
        text, sentence = _Words(), 0
        unquoted = QUOTED.sub(self._unless_reported, plain)
        for piece in PIECE.findall(SPACED.sub(self._joined, unquoted)):
            if not piece[0].isalnum():
                text.pause.add(len(text.words))
                sentence += piece[0] in ".?!;\n" and (piece[0] != "\n" or len(piece) > 1)
                continue
            for word in self._word(piece):
                if text.words and text.words[-1] + word in self._forgiven:  # "sui cide", "my self"
                    text.words[-1] += word
                elif word not in self._ignored:
                    text.words.append(word)
                    text.sentence.append(sentence)
        return text

    def _unless_reported(self, found: re.Match[str]) -> str:
        """A quotation, or a word in its place if somebody else is said to say it."""
        before = found.string[max(0, found.start() - BESIDE) : found.start()].split()
        after = re.split(r"[.?!\n]", found.string[found.end() : found.end() + BESIDE])[0].split()[:3]
        beside = {word.strip(",:;") for word in (*before[-3:], *after)}
        own = self.rules.subjects & {*before, *after}
        return " . quoted . " if beside & self.rules.reporting and not own else found[0]

    def _word(self, piece: str) -> tuple[str, ...]:
        """A piece of text as the words that it stands for."""
        if (meant := self._same.get(piece)) is not None:
            return meant
        if not piece.isalpha() and (meant := self._same.get(piece := self._spelled(piece))) is not None:
            return meant
        word = squeezed(piece)
        return (self._mistyped.get(word, word),)

    def _spelled(self, piece: str) -> str:
        """A piece that is not letters alone as the letters that its signs and digits stand for."""
        piece = piece.replace("'", "")
        if not piece.isdecimal():
            piece = piece.translate(LEET)
        if piece.count("*") == 1:
            guesses = (squeezed(piece.replace("*", letter)) for letter in "iueaonst")
            piece = next((guess for guess in guesses if guess in self._vocabulary), piece)
        return piece

    def _joined(self, found: re.Match[str]) -> str:
        """Letters that were spaced out, as the words they make if they make any."""
        letters = squeezed(re.sub("[^a-z]", "", found[0]))
        begins = {0: 0}  # where a word that ends here begins
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - LONGEST), end):
                word = letters[start:end]
                if start in begins and (word in self._vocabulary or word in self._mistyped):
                    begins[end] = start
                    break
        words, end = list[str](), len(letters)
        while end in begins and end:
            words.append(letters[begins[end] : end])
            end = begins[end]
        return letters if end else " ".join(reversed(words))

    # matching

    def _matches(self, text: _Words) -> Iterator[tuple[int, bool, int, int]]:
        """Each rule or idiom that matches, with its first word and the one behind its last."""
        words, sentence, count = text.words, text.sentence, len(text.words)
        at_start = self._tree.get(START, {})
        for first, word in enumerate(words):
            places = [(self._tree[word], first + 1)] if word in self._tree else []
            if first == 0 or first in text.pause:
                places.append((at_start, first))
            while places:
                node, at = places.pop()
                for rule, idiom in node.get(HIT, ()):
                    yield rule, idiom, first, at
                if END in node and (at == count or at in text.pause):
                    places.append((node[END], at))
                if at == count:
                    continue
                if (follows := node.get(words[at])) is not None:
                    places.append((follows, at + 1))
                if ANY in node and words[at] not in self._negations and sentence[at] == sentence[first]:
                    places.append((node[ANY], at + 1))

    def _negated(self, text: _Words, start: int) -> bool:
        for _ in range(FROM_SUBJECT):
            if start and start not in text.pause and text.words[start - 1] in self.rules.auxiliaries:
                start -= 1
        at = _before(text, start, self._negations, self._subjects, self.rules.reach)
        return at is not None and text.words[at + 1] not in self._undoing

    def _of_another(self, text: _Words, start: int) -> bool:
        return _before(text, start, self._others, self._clause_ends, FROM_SUBJECT) is not None


def _before(text: _Words, start: int, words: frozenset[str], ends: frozenset[str], reach: int) -> int | None:
    """Where one of the words stands at most `reach` words before, with no pause and none of `ends` in between."""
    if text.words[start] in ends:
        return None
    for at in range(start - 1, max(start - 1 - reach, -1), -1):
        if at + 1 in text.pause or text.words[at] in ends:
            return None
        if text.words[at] in words:
            return at
    return None


def _cover(covered: bytearray, text: _Words, start: int, end: int) -> None:
    """Marks an idiom and the words near it in the same sentence."""
    here = text.sentence[start]
    for at in range(max(0, start - NEAR), min(len(covered), end + NEAR)):
        if text.sentence[at] == here or start <= at < end:
            covered[at] = 1


def one_mistake(word: str) -> frozenset[str]:
    """What one letter too many, too few, other or swapped makes of a word."""
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    made = {left + right[1:] for left, right in splits if right}
    made |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    made |= {left + letter + right[1:] for left, right in splits if right for letter in LETTERS}
    made |= {left + letter + right for left, right in splits for letter in LETTERS}
    return frozenset(map(squeezed, made)) - {word}
