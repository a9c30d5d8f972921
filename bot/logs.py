"""Structured logs: ids and numbers, never what people write, their names, or secrets."""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


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
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s")


@contextmanager
def one_turn() -> Iterator[None]:
    """All lines logged inside share a random `turn`, which tells nothing of anybody; a turn under way goes on."""
    if "turn" in structlog.contextvars.get_contextvars():
        yield
        return
    with structlog.contextvars.bound_contextvars(turn=secrets.token_hex(6)):
        yield
