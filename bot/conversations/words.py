"""The words that are heard at any point of any conversation. Data, and the smallest reading of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from unicodedata import normalize

# command -> the conversation it begins; the menu shows MENU's in this order
COMMANDS: Mapping[str, str] = {
    "today": "today",
    "practice": "practice",
    "sit": "sit",
    "journal": "journal",
    "gratitude": "gratitude",
    "letter": "letter",
    "progress": "progress",
    "week": "week",
    "settings": "settings",
    "mydata": "mydata",
    "pause": "pause",
    "resume": "resume",
    "help": "help",
    "support": "support",
    "stop": "leaving",
}
MENU = tuple(COMMANDS)

SETTLING = "cohort"  # written in the channel or group that a cohort shall be at home in

# not in the menu: for those who walk in a cohort, and for those who lead; to everybody else the latter are unknown
COHORT_COMMANDS: Mapping[str, str] = {
    "partner": "partner",
    "tell": "tell",
    "hush": "hush",
    "never": "never",
    "class": "class",
    "leave": "parting",
}
DESK_COMMANDS: Mapping[str, str] = {
    "cohorts": "cohorts",
    SETTLING: "settling",
    "themes": "themes",
    "broadcast": "broadcast",
    "class": "classes",
    "pulse": "pulse",
    "pairs": "pairs",
    "facilitators": "facilitators",
    "audit": "audit",
}
WITH_WORDS = frozenset({"tell"})  # what stands behind them is what is meant
WITH_A_CODE = frozenset({"start", "join"})
# 128 bits as bot/cohorts/desk.py makes them: the last of 22 letters has but two of them, and no word looks like that
_CODE = r"((?=[\w-]*[a-z])(?=[\w-]+[A-Z])[A-Za-z0-9_-]{21}[AQgw])"
AS_LONG_AS_A_CODE = re.compile(r"[A-Za-z0-9_-]{22}")  # no word of most messages is: these need no closer look
CODE_ALONE = re.compile(
    rf"(?i:/?join |(?:my |the )?(?:invitation )?code(?: is)?:? |(?:mi |el )?código(?: es)?:? )?{_CODE}[.!]?"
)
# in a sentence: behind the word, in quotes or not, or in a link
CODE_NAMED = re.compile(rf"(?:[?&]start=|(?i:\b(?:join|code|código)(?: is| es)?:?) [\"'“‘«`(]?){_CODE}(?![\w-])")
CODE_AMONG = re.compile(rf"(?<![\w/=-]){_CODE}(?![\w-])")  # beside words that only hand it over
CODE_LAST = re.compile(rf"{_CODE}[.!]?$")
LONGEST_INVITATION = 400  # characters: one that is passed on whole; who writes more is telling something
# what only hands a code over, our own invitation's words (cohorts/link) among it
HANDING_OVER = frozenset(
    {
        *("hi", "hello", "hey", "hola", "dear", "good", "morning", "evening", "please", "thanks", "thank", "gracias"),
        *("i", "i'm", "i've", "am", "my", "mi", "me", "you", "it", "it's", "is", "es", "are", "us", "her", "his"),
        *("the", "la", "el", "a", "an", "un", "una", "this", "these", "este", "esta", "that", "here", "here's"),
        *("for", "from", "to", "of", "with", "de", "para", "con", "and", "y", "in", "yes", "no", "ok", "right"),
        *("code", "código", "link", "enlace", "invitation", "invitación", "invite", "invited", "group", "grupo"),
        *("have", "got", "tengo", "gave", "given", "sent", "send", "would", "like", "want", "can", "join", "correct"),
        *("opens", "open", "door", "where", "does", "do", "not", "work", "works", "words", "private", "chat", "until"),
        *("close", "their", "team", "ward"),
    }
)
A_NAME = 1  # word of their own before a code: "Thanks Eva, …"
TELLING = 3  # words of their own: who writes so many beside a code is telling something
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
AROUND_A_CODE = re.compile(rf"\S*{_CODE}\S*")  # a link, too

BEFORE_CONSENT = frozenset({"help", "support", "stop", "mydata"})

HERE_AGAIN = ("i am back", "i'm back", "im back")

# what one may as well write to somebody else, or of them
SENTENCES: Mapping[str, str] = {
    **dict.fromkeys(("stop writing to me", "leave me alone"), "stop"),
    **dict.fromkeys(("what can you do", "who are you", "what are you"), "help"),
    **dict.fromkeys(("are you human", "are you a human", "are you a bot", "are you real"), "help"),
    **dict.fromkeys(("is anyone there", "is anybody there", "hay alguien ahí"), "support"),
    **dict.fromkeys(HERE_AGAIN, "resume"),
}
# where such a sentence is said to us, although text is taken: no page is being written there
SAID_TO_US = frozenset({"morning", "booster", "keeping", "trusted", "safety_plan"})

# said as a whole message, without a slash
PLAIN_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("stop", "quit", "unsubscribe", "stop messaging me"), "stop"),
    **dict.fromkeys(("pause", "pausa"), "pause"),
    **dict.fromkeys(("help", "ayuda", "menu"), "help"),
    **dict.fromkeys(("i need help", "i need support", "necesito ayuda"), "support"),
    "resume": "resume",
    "back": "back",
    "go back": "back",
    **SENTENCES,
}
STOPPING = tuple(words for words, command in PLAIN_WORDS.items() if command in ("stop", "pause"))


FAREWELLS = frozenset(
    {
        *("thanks", "thank you", "thank you so much", "many thanks", "thx", "gracias", "muchas gracias"),
        *("thank you for everything", "thanks for everything", "gracias por todo"),
        *("good night", "goodnight", "buenas noches", "bye", "ok", "okay", "vale"),
    }
)
# what needs no answer but a sign that it was read, where nothing was asked
COURTESIES = FAREWELLS | frozenset(
    {
        *("good morning", "buenos días"),
        *("yes", "no", "sí", "si", "yep", "nope", "k", "sure", "great", "nice", "cool", "lol"),  # an echo of something
        *HERE_AGAIN,
    }
)
SHADES = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")  # of skin, and of how signs are drawn
SIGNS = re.compile(f"[👍❤🙏🙂😊]|{SHADES.pattern}")


def is_courtesy(text: str, known: frozenset[str] = COURTESIES) -> bool:
    """Whether a whole message is a thank you, a good night or a thumb, or some of them: "Thank you, bye"."""
    words = SIGNS.sub("", text).strip()
    pieces = [piece for piece in map(bare, BETWEEN_CLAUSES.split(words)) if piece]
    return all(piece in known for piece in pieces) if pieces else not words and bool(text.strip())


# what adds nothing to the words beside it
POLITE = frozenset(
    {
        *("please", "thanks", "thank you", "thank you very much", "thank you so much", "thanks a lot", "many thanks"),
        *("por favor", "gracias", "muchas gracias", "dear", "sorry", "lol", "haha"),
        *("good night", "goodnight", "buenas noches", "for now", "for today", "for tonight", "por hoy"),
    }
)
ENDINGS = tuple(f" {words}" for words in sorted(POLITE, key=len, reverse=True))
BEGINNINGS = re.compile(r"^(?:(?:lol|haha|oh|ah|well|um|hmm|so|but|pero|actually) )+")
BETWEEN_CLAUSES = re.compile(r"[,.;:!\n]|\band\b|\by\b")
MOST_CLAUSES = 5
LONGEST_ANSWER = 200  # characters; who writes more is telling something

ENOUGH = (  # of writing
    *("that's all", "that is all", "thats all", "that's it", "that is it", "thats it", "that'll do", "that will do"),
    *("done", "i'm done", "im done", "finished", "close", "that is enough", "that's enough"),
    *("that is everything", "that's everything", "nothing more", "nothing else"),
    *("eso es todo", "es todo", "ya está", "nada más"),
)

PUZZLED = frozenset(
    {
        *(
            "",
            "what",
            "huh",
            "how",
            "why",
            "why do you ask",
            "what do you mean",
            "what does that mean",
            "what is that",
            "sorry",
        ),
        *("i don't understand", "i do not understand", "i don't get it", "i do not get it", "don't understand"),
        *("qué", "que", "cómo", "no entiendo", "no comprendo", "qué quieres decir", "qué significa"),
    }
)
GREETINGS = frozenset({"hi", "hello", "hey", "hello there", "hi there", "hola", "good evening", "buenas tardes"})


# yes and no in the other languages that are heard, wherever the word counts
SAME: Mapping[str, str] = {
    **dict.fromkeys(("sí", "si", "claro", "sí claro", "claro que sí", "por supuesto"), "yes"),
    "claro que no": "no",
}


def clauses(text: str) -> tuple[str, ...]:
    """What a message says, piece by piece, without its courtesies: "Yes, I agree, thank you." is "yes", "i agree".

    Of a long one, what it begins with.
    """
    whole = BETWEEN_CLAUSES.split(SIGNS.sub("", text[:LONGEST_ANSWER].casefold()))
    pieces = (plain(BEGINNINGS.sub("", _without_endings(plain(piece)))) for piece in whole)
    return tuple(piece for piece in pieces if piece and piece not in POLITE)


def _without_endings(said: str) -> str:
    while said.endswith(ENDINGS):
        said = said.removesuffix(next(words for words in ENDINGS if said.endswith(words)))
    return said


def is_puzzled(text: str) -> bool:
    """Whether a whole message asks what was meant: "??", "What do you mean?"."""
    return bare(text) in PUZZLED and bool(text.strip(" .!"))


def is_greeting(text: str) -> bool:
    """Whether a whole message is a hello."""
    return bare(text) in GREETINGS


def command_in(text: str) -> str | None:
    """The command that a whole message is, without its slash: "/sit", "/sit@our_bot 5", "Stop!"; None otherwise.

    An invitation's code by itself, or behind that word ("my code is …"), is said to join.
    Plain words mean with a slash what they mean without: in Slack all that is said by our command begins with one.
    """
    message = text.strip()
    if _invitation(message):
        return "join"
    said = PLAIN_WORDS.get(bare(message.removeprefix("/")))
    if said is not None or not message.startswith("/"):
        return said
    return message[1:].split(maxsplit=1)[0].split("@")[0].lower() if len(message) > 1 else ""


def code_in(text: str) -> str | None:
    """The invitation code in "/start CODE", "/join CODE" or a link, alone, or behind that word; None without one."""
    if code := _invitation(text.strip()):
        return code
    words = text.split()
    carries = len(words) > 1 and words[0].startswith("/") and command_in(words[0]) in WITH_A_CODE
    return words[1] if carries else None


def _invitation(message: str) -> str | None:
    """The code, where nothing else can be meant."""
    if AS_LONG_AS_A_CODE.search(message) is None:
        return None
    found = CODE_ALONE.fullmatch(message)
    if found is None and not message.startswith("/") and len(message) <= LONGEST_INVITATION:
        found = CODE_NAMED.search(message)
        own = _words_of_their_own(message)
        if found is None and (own == 0 or (own == A_NAME and CODE_LAST.search(message))):
            found = CODE_AMONG.search(message)
    return found[1] if found else None


def tells_more(text: str) -> bool:
    """Whether an invitation's code only stands in what somebody tells: beside it are words that do not hand it over."""
    if text.startswith("/") or _invitation(text.strip()) is None:
        return False
    return _words_of_their_own(text) >= TELLING


def _words_of_their_own(text: str) -> int:
    """How many words stand beside a code that do not hand it over."""
    beside = WORD.findall(AROUND_A_CODE.sub(" ", text).casefold())
    return sum(word.replace("’", "'") not in HANDING_OVER for word in beside)


def words_after(text: str) -> str:
    """What stands behind a command in the same message."""
    return text.strip().partition(" ")[2].strip()


def plain(text: str) -> str:
    """A whole message as its words are known: " Stop it! " is "stop it". A question stays one: "yes?" is no yes."""
    whole = normalize("NFC", SHADES.sub("", text))  # some keyboards send the accent of "sí" by itself
    return " ".join(whole.split()).strip(" .!¡").casefold().replace("’", "'")  # phones curl it


def is_one_of(said: str, known: Collection[str]) -> bool:
    """Whether plain words are among those that are known, a yes and a no in each language that is heard."""
    return said in known or SAME.get(said) in known


def bare(text: str) -> str:
    """The same without question marks, where to ask is to say it: "Is anyone there?" is "is anyone there"."""
    return plain(text.strip(" \n.!?¿¡"))
