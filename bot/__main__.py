"""The command line: python -m bot <command>."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import commands
from bot.command_line import clear_errors, complain, settings_here
from bot.errors import SettingsError
from bot.logs import configure
from bot.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
database = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(database, name="db")
commands.add_to(app)


@app.command()
def run() -> None:
    """Runs everything that the settings configure, until SIGTERM."""
    with clear_errors():
        settings = settings_here()
        gc.disable()  # what is loaded here stays: to look for garbage in it was a sixth of the start
        from bot.app import run as running
        from bot.safety_rules import load_screen

        load_screen()  # before the first text needs it; it keeps what it has built
        gc.freeze()
        gc.enable()
        asyncio.run(running(settings))


@app.command()
def demo(
    browser: Annotated[bool, typer.Option(help="Open the chat in a browser if there is one.")] = True,
) -> None:
    """The browser chat with a fresh database and buttons that jump in time; no account, no token.

    HEARTSEASE_HTTP_PORT takes another port than 8080.
    """
    with clear_errors(), _playground() as settings:
        from bot.playground import demo as playing

        def show(url: str) -> None:
            typer.echo(f"Heartsease listens at {url} (Ctrl+C ends it)")
            if browser and sys.stdout.isatty():
                webbrowser.open(url)

        asyncio.run(playing(settings, show))


@app.command()
def chat() -> None:
    """The same coach in the terminal."""
    with clear_errors(), _playground(http_port=0, log_level="error") as settings:
        from bot.playground import chat as chatting

        asyncio.run(chatting(settings))


@contextmanager
def _playground(**overrides: Any) -> Iterator[Settings]:
    """Settings for a fresh database in a temporary folder; .env, tokens and DATABASE_URL do not count."""
    folder = Path(tempfile.mkdtemp(prefix="heartsease-"))
    try:
        yield settings_here(
            _env_file=None,
            **{
                "database_url": f"sqlite:///{folder}/demo.db",
                "secret_keys": "",
                "telegram_token": "",
                "telegram_tokens": "",
                "telegram_webhook_url": "",
                "slack_bot_token": "",
                "slack_app_token": "",
                "slack_signing_secret": "",
                "owners": "web:*,terminal:*",  # whoever tries it may also lead
                "telegram_webhook_secret": "",
                "rehearsal": f"start={datetime.now(UTC).isoformat(timespec='seconds')},speed=1".replace("+00:00", "Z"),
                "log_level": "warning",
            }
            | overrides,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@app.command()
def rehearse(
    people: Annotated[int, typer.Option(min=1, max=10_000)] = 12,
    weeks: Annotated[int, typer.Option(min=1, max=52)] = 8,
    seed: int = 1,
    out: Annotated[Path, typer.Option(help="Folder for the transcripts and the summary.")] = Path("out"),
) -> None:
    """Synthetic participants walk the whole course on a manual clock, in seconds."""
    with clear_errors():
        settings_here()
        configure("error", "console")
        from bot.rehearse import rehearse as rehearsing

        summary = asyncio.run(rehearsing(people=people, weeks=weeks, seed=seed, out=out))
        typer.echo(summary)
        if "✗" in summary:  # a promise was broken
            raise typer.Exit(1)


@app.command()
def check() -> None:
    """Lints curriculum and prompts; exit 1 with file and line."""
    with clear_errors():
        settings_here()
        from bot.check import main

        raise typer.Exit(main())


@app.command()
def doctor() -> None:
    """Checks settings, database, clock, tokens and permissions, and says how to mend each."""
    with clear_errors():
        from bot.doctor import examine

        configure("error", "console")
        raise typer.Exit(0 if asyncio.run(examine()) else 1)


@app.command()
def screen(
    language: Annotated[str | None, typer.Option(help="Only this language (en, es).")] = None,
    why: Annotated[bool, typer.Option("--why", help="Also what weighed most: words of the text.")] = False,
) -> None:
    """Reads one text a line; prints urgent, concern or none, a tab, and the rule that fired."""
    with clear_errors():
        settings_here()
        from bot.safety_rules import LANGUAGES
        from bot.safety_rules.screen import screen_lines

        if language is not None and language not in LANGUAGES:
            raise SettingsError("--language", f"there are rules for {' and '.join(LANGUAGES)} only")
        lines = (raw.rstrip("\r\n") for raw in sys.stdin)
        for line in screen_lines(lines, (language,) if language else LANGUAGES, why):
            typer.echo(line)


@database.command()
def upgrade() -> None:
    """Brings the database to this version."""
    with clear_errors():
        settings = settings_here()
        from bot.storage import keys_for, open_store

        async def upgraded() -> None:
            keys = keys_for(settings.database_url, settings.keys)
            await (await open_store(settings.database_url, keys, migrate=True)).close()

        asyncio.run(upgraded())
        typer.echo("The database is up to date.")


def main() -> None:
    """Refuses to start where a foreign package shadows ours, then runs the command."""
    from bot.shadows import foreign

    shadowed = foreign()
    if shadowed:
        complain(shadowed)
        sys.exit(2)
    _leave_no_core()
    app()


def _leave_no_core() -> None:
    """A process that crashes leaves no copy of its memory on a disk: keys and texts are in it."""
    with suppress(ImportError, OSError, ValueError):  # no such limits here, or a sandbox that allows no change of them
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
