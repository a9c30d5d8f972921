"""Structured logs: ids and numbers, never what people write, their names, or secrets."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

import structlog

from bot.cohorts.model import Act
from bot.model import Alerted, Carried, Event, Participant

# also what turns the direction of the text around it, and separates lines in JSON's eyes only
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class _Forgiving:
    """A stream that loses what it cannot write: a log on a disk that is full must not stop the work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(level: str, form: str) -> None:
    """Sets up structlog and quiets libraries, some of which would log addresses with tokens in them."""
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    render: structlog.typing.Processor = structlog.processors.JSONRenderer() if form == "json" else console
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_nothing,
            in_one_line,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Forgiving(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s")


def without_nothing(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What there is nothing to say of (no advice, no address) is left out."""
    return {name: value for name, value in line.items() if value is not None}


def in_one_line(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A log line stays one line, and a terminal that shows it is told nothing: control characters are spelled out."""
    return {
        name: _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], value)
        if isinstance(value, str) and name != "exception"
        else value
        for name, value in line.items()
    }


def marks(event: Event, person: Participant) -> dict[str, str]:
    """The parts of an event that may be logged: states, levels and rules, never text, and not who was in danger."""
    if isinstance(event, Alerted):
        return {"danger": event.level, "rule": event.rule}
    if isinstance(event, Carried):  # it shares the turn of such an alarm, where those who lead are asked for
        return {}
    found = {name: str(getattr(event, name)) for name in ("before", "after", "act") if hasattr(event, name)}
    return found if found.get("act") == Act.ASK_FOR_HUMAN else {"person": person.id, **found}


@contextmanager
def one_turn() -> Iterator[None]:
    """All lines logged inside share a random `turn`, which tells nothing of anybody; a turn under way goes on."""
    if "turn" in structlog.contextvars.get_contextvars():
        yield
        return
    tokens = structlog.contextvars.bind_contextvars(turn=secrets.token_hex(6))
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**tokens)
