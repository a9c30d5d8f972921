"""What every command of the command line shares: settings, and errors that name the fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console

from bot.errors import ContentError, SettingsError, StoreError
from bot.logs import configure
from bot.settings import Settings, load

errors = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Wrong settings, and a database that cannot be used, end any command with exit code 2 and the fix."""
    try:
        yield
    except (SettingsError, StoreError) as error:
        complain(str(error))
        raise typer.Exit(2) from None
    except ContentError as error:
        errors.print(f"[bold red]Error in the content:[/] {_escaped(str(error))}")
        raise typer.Exit(1) from None


def complain(problem: str) -> None:
    """Says what is wrong, on standard error."""
    errors.print(f"[bold red]Error:[/] {_escaped(problem)}")


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def settings_here(**overrides: Any) -> Settings:
    """The settings of this process; logs go as they say. Raises SettingsError."""
    settings = load(**overrides)
    configure(settings.log_level, settings.log_format)
    return settings
