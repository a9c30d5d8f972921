"""The commands for whoever looks after the data: keys, backup, restore, and who was erased."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.command_line import clear_errors, settings_here
from bot.errors import SettingsError, StoreError
from bot.settings import Settings

keys = typer.Typer(no_args_is_help=True, help="The encryption keys.")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(keys, name="keys")
    app.command()(backup)
    app.command()(restore)
    app.command()(erased)


# ---------------------------------------------------------------- keys


@keys.command()
def new() -> None:
    """Makes a new key: on top of the key file of an SQLite database, else printed for HEARTSEASE_SECRET_KEYS."""
    with clear_errors():
        settings = settings_here()
        from bot.storage.vault import Vault, add_key, key_file

        beside = key_file(settings.database_url)
        if settings.keys or beside is None:
            typer.echo("Put this key before the others in HEARTSEASE_SECRET_KEYS, restart, then: keys rotate", err=True)
            typer.echo(Vault.make_key())
            return
        if not beside.exists():
            raise SettingsError("HEARTSEASE_SECRET_KEYS", f"{beside} is not there yet: the first run makes it")
        typer.echo(
            f"{add_key(beside)} is the newest key in {beside} now. Restart `run`, then: python -m bot keys rotate"
        )


@keys.command()
def rotate() -> None:
    """Brings everything under the newest key, while people write; says when the older keys may go."""
    with clear_errors():
        settings = settings_here()

        async def rotated() -> None:
            from bot.storage import keys_for
            from bot.storage.rotation import rotation

            known = keys_for(settings.database_url, settings.keys)
            async with rotation(settings.database_url, known) as work:
                changed = await work.rotate()
                typer.echo(f"{changed} rows are new. Everything is under {work.fingerprints[0]}, which opens it alone.")
                if older := work.fingerprints[1:]:
                    typer.echo(
                        f"{' and '.join(older)} may be removed, and `run` restarted. Keep it where you keep keys for as"
                        " long as you keep a backup from before now: that one needs it."
                    )

        asyncio.run(rotated())


@keys.command()
def check() -> None:
    """Opens every encrypted value, and says which key made how many; exit 1 unless the newest made all."""
    with clear_errors():
        settings = settings_here()

        async def checked() -> bool:
            from bot.storage import keys_for
            from bot.storage.rotation import NOBODY, rotation

            known = keys_for(settings.database_url, settings.keys)
            async with rotation(settings.database_url, known) as work:
                found = await work.census()
                for number, fingerprint in enumerate(work.fingerprints):
                    which = "the newest" if not number else "older"
                    typer.echo(f"{fingerprint} ({which}): {found[number]} values")
                if found[NOBODY]:
                    typer.echo(f"no key here: {found[NOBODY]} values")
                return not set(found) - {0}

        if not asyncio.run(checked()):
            raise typer.Exit(1)


# ---------------------------------------------------------------- copies


def backup(
    file: Annotated[Path, typer.Argument(help="A new file, or with --keep a folder; the keys are not in it.")],
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3650,
            metavar="DAYS",
            help="Writes a dated file into the folder, and deletes those that it wrote there more than DAYS ago.",
        ),
    ] = None,
) -> None:
    """Writes a whole copy of the database, while `run` is running."""
    with clear_errors():
        settings = settings_here()

        async def backed_up() -> None:
            from bot.storage.copies import back_up
            from bot.storage.shelf import Shelved, shelve

            if keep is None:
                done = Shelved(file, await back_up(settings.database_url, file), ())
            else:
                done = await shelve(settings.database_url, file, keep, datetime.now(UTC))
            keys_of = ", ".join(done.needed)
            typer.echo(f"{done.file} is written. It is of no use without: {keys_of} (python -m bot keys check)")
            if done.gone:
                which = "1 older one is" if len(done.gone) == 1 else f"{len(done.gone)} older ones are"
                typer.echo(f"{which} deleted.")

        asyncio.run(backed_up())


def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` wrote, or an SQLite database for PostgreSQL.")],
    replace: Annotated[bool, typer.Option("--replace", help="Even if there are people in the database.")] = False,
    erased: Annotated[Path | None, typer.Option(help="What `erased` printed: they are erased in the backup.")] = None,
) -> None:
    """Puts a backup in the place of the database, and erases in it again who was erased since.

    A backup of SQLite, or an SQLite database on which nobody runs, may be restored into PostgreSQL.
    """
    with clear_errors():
        settings = settings_here()

        async def restored() -> None:
            from bot.storage.restoring import restore as put_back

            known, buried = _keys_there(settings), _tombstones(erased)
            done = await put_back(settings.database_url, known, file, buried, replace=replace)
            people = "1 person" if done.people == 1 else f"{done.people} people"
            again = "1 was" if done.erased == 1 else f"{done.erased} were"
            typer.echo(f"Restored: {people}; {again} erased again.")
            if done.replaced:
                typer.echo(f"What was there before is in {done.replaced}: delete it when you need it no more.")

        asyncio.run(restored())


def erased() -> None:
    """Prints who was erased, in random ids that map to nobody: keep it apart from the backups, for `restore`."""
    with clear_errors():
        settings = settings_here()

        async def printed() -> None:
            from bot.storage import schema
            from bot.storage.copies import erased as buried
            from bot.storage.copies import listed

            schema.check(settings.database_url)
            found = await buried(settings.database_url)
            for person, at in found.items():
                sys.stdout.write(f"{person}\t{at.isoformat()}\n")
            sys.stdout.flush()
            await listed(settings.database_url, len(found))

        asyncio.run(printed())


def _keys_there(settings: Settings) -> tuple[str, ...]:
    """The keys, without making one: a new key would open no backup."""
    from bot.storage import keys_for
    from bot.storage.vault import key_file

    beside = key_file(settings.database_url)
    if not settings.keys and beside is None:
        fix = "set the keys that the backup was written with; those of an SQLite database are beside it, in <file>.key"
        raise SettingsError("HEARTSEASE_SECRET_KEYS", fix)
    if not settings.keys and beside is not None and not beside.exists():
        raise SettingsError("HEARTSEASE_SECRET_KEYS", f"put the key file back first, as {beside}, or set the key")
    return tuple(keys_for(settings.database_url, settings.keys))


def _tombstones(file: Path | None) -> Mapping[str, datetime]:
    """What `erased` printed. Raises StoreError."""
    if file is None:
        return {}
    try:
        printed = file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}).", "missing") from error
    found: dict[str, datetime] = {}
    with suppress(ValueError):
        for line in filter(None, printed.decode().splitlines()):
            person, _, at = line.partition("\t")
            found[person] = datetime.fromisoformat(at)
        if all(at.tzinfo for at in found.values()):
            return found
    raise StoreError(f"{file} is not what `python -m bot erased` prints.", "missing")
