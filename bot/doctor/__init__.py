"""`python -m bot doctor`: looks at settings, database, clock, content and tokens, and says how to mend each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from rich.console import Console
from rich.text import Text

from bot.doctor import machine, platforms
from bot.doctor.database import database
from bot.doctor.finding import Finding, Mark
from bot.doctor.settings import read_by_others, settings_there, strange_names, told
from bot.settings import Settings

__all__ = ["Finding", "around", "examine", "findings", "settings_there", "strange_names"]

COLOURS: Mapping[Mark, str] = {"✓": "green", "!": "yellow", "✗": "bold red"}


async def examine(console: Console | None = None) -> bool:
    """Prints a line for every finding; False if anything must be mended. Makes no database where there is none."""
    console = console or Console(highlight=False, soft_wrap=True)
    well = True
    async for found in findings():
        well = well and found.mark != "✗"
        line = Text.assemble((found.mark, COLOURS[found.mark]), f" {found.what}")
        console.print(line.append(f": {found.mend}" if found.mend else ""))
    return well


async def findings() -> AsyncIterator[Finding]:
    """Everything that is looked at, in order."""
    settings, wrong = settings_there()
    ours = (*machine.packages(), *machine.rights(), *machine.content(), *machine.zones())
    for found in (*ours, *strange_names(), *read_by_others(), *wrong):
        yield found
    if settings is None:
        yield Finding("!", "database, tokens and port were not looked at", "mend the settings first")
        return
    async for found in around(settings):
        yield found


async def around(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the world is as these settings say."""
    async for found in database(settings):
        yield found
    async for found in platforms.telegram(settings):
        yield found
    async for found in platforms.slack(settings):
        yield found
    here = await machine.port_free(settings), machine.rehearsed(settings)
    for found in (*platforms.webhook(settings), *told(settings), *here):
        yield found
