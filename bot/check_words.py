"""What no text of ours says, whoever says it: the wording rules that content and prompts share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

_MARKUP = re.compile(r"^(inline|text|softbreak|hardbreak|(paragraph|em|strong|bullet_list|ordered_list|list_item"
                     r"|blockquote|link)_(open|close))$")  # fmt: skip
_PERHAPS_MARKUP = re.compile(r"[#`~=<!\\\t\r]|  |- ?$|(?:[*_] ?){3}$", re.MULTILINE)  # all outside it has one of these
_HTML = re.compile(r"</?[a-z!][^\n]*?>|&[a-z]+;|&#", re.IGNORECASE)
_JINJA = re.compile(r"\{[{%#]|[}%#]\}")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")
_SENTENCE = re.compile(r"[.?!…]+[\"')*]*(?=\s|$)")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, and where. `file` is relative to the project's root."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Words:
    """A language's word lists, as regular expressions."""

    forbidden: Mapping[str, str]
    suffering: str  # a cue with one of these needs a gentler text
    greeting: str  # what no invitation begins with
    open: str  # one of these makes a question an open one
    stirred: str  # what may come up instead of ease
    gentler: str  # names the gentler way
    no_less: str  # says that the gentler way counts as much


WORDS: Mapping[str, Words] = {
    "en": Words(
        forbidden={
            "lecture": r"(you|we) (must|should|need to|have to|ought to)|you had better|try to|make sure|be sure to"
            r"|(don't|do not) forget|remember to",
            "advice": r"(i|we) (advise|recommend|suggest)|(my|our) advice|it is important (to|that)",
            "praise": r"well done|(great|good|nice|amazing|excellent) (job|work)|proud of you|congratulations|bravo"
            r"|keep it up|way to go|you did (great|well)",
            "verdict": r"you (failed|succeeded)|(?<!no )(right|wrong|correct|good|bad) answer|score[ds]?|perfect",
            "guilt": r"you (missed|forgot|skipped|neglected)|disappoint\w*|no excuse|ashamed of you|at least you"
            r"|you (still )?(haven't|have not) (done|answered|practised|written|kept|replied)",
            "streak": r"streaks?|(days?|times|weeks?) in a row|break the chain",
            "religious word": r"god|pray(s|er|ers|ing)?|bless\w*|souls?|sacred|holy|divine|spiritual\w*|karma"
            r"|buddh\w*|sin(s|ful)?",
            "claim of effect": r"(proven|proved|guarantee\w*|clinically|cures?|heals?)",
        },
        suffering=r"pain\w*|hurts?|hurting|difficult\w*|grief|griev\w+|suffer\w*|troubles?|sad|sadness|sorrow\w*|shame"
        r"|ill|illness|sick|dying|die[sd]?|death|dead|los[st]|loss\w*|afraid|fears?|ache[sd]?|anger|angry|harsh"
        r"|worry|worries|worried|lonely|harm|abused?|hard (times?|days?|moments?|things?|voice)|what is hard|wounds?",
        greeting=r"good (morning|day|evening)|hello|hi|hey|dear|welcome",
        open=r"what|how|where|which|who|whom|when",
        stirred=r"grief|shame|fear",
        gentler=r"gentler",
        no_less=r"counts? as less",
    )
}


@cache
def found(pattern: str, text: str) -> str | None:
    """The first whole-word match of a word list, whatever its case and line breaks."""
    match = re.search(rf"\b(?:{pattern})\b", " ".join(text.split()), re.IGNORECASE)
    return str(match.group()) if match else None


def wording(text: str, words: Words) -> Iterator[str]:
    """What is wrong with the wording, the punctuation or the markup of a text, wherever it stands."""
    for what, pattern in words.forbidden.items():
        if hit := found(pattern, text):
            yield f"{what}: '{hit}'"
    if "!" in text:
        yield "an exclamation mark"
    if "’" in text or "‘" in text:
        yield "a typographic apostrophe: straight ones are used here"
    if _HTML.search(text):
        yield "HTML in the text"
    elif foreign := markup_outside_the_subset(text):
        yield f"markup outside the subset (bold, italic, lists, quotes, links): {foreign}"


def has_jinja(text: str) -> bool:
    """Whether a text that is data holds template syntax."""
    return bool(_JINJA.search(text))


def emoji(text: str) -> int:
    """How many emoji there are."""
    return len(_EMOJI.findall(text))


def words_in(text: str) -> int:
    """How many words a reader reads."""
    return len(_WORD.findall(text))


def sentences_in(text: str) -> int:
    """How many sentences there are."""
    return len(_SENTENCE.findall(text))


def sameness(text: str) -> str:
    """What is left of a text when case, punctuation and line breaks do not count."""
    return " ".join(_WORD.findall(text.casefold()))


def markup_outside_the_subset(text: str) -> str | None:
    """The first kind of markup that no platform of ours is asked to show."""
    if not _PERHAPS_MARKUP.search(text):
        return None  # a parse of every reading of every prompt was most of a check
    for token in _markdown().parse(text):
        for part in (token, *(token.children or ())):
            if not _MARKUP.match(part.type):
                return str(part.type)
    return None


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark")
