"""PostgreSQL's own programs for dumps. No password is ever an argument: other users can read those."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from bot.errors import StoreError
from bot.storage.database import NO_SCHEMA, SECRETS, clear_errors, libpq, place, plain_engine

INSTALLED = Path("/usr/lib/postgresql")  # where Debian keeps each version's programs
# What pg_restore begins with since 17, and what no server knows that is older.
UNKNOWN, KNOWN_SINCE = b"SET transaction_timeout = 0;\n", 17
HERE = sa.text("SELECT current_setting('server_version_num')::int / 10000, current_schema()")


class PostgresTools:
    """PostgreSQL's programs for the server at this URL, and the schema of it that is ours: others may hold others.

    Raises:
        StoreError: the server cannot be reached, has no such schema, or the programs are missing or too old.
    """

    schema: str

    def __init__(self, url: str) -> None:
        said = libpq(url)
        password = {"PGPASSWORD": str(said["password"])} if "password" in said else {}
        self._environment = {**os.environ, **password}
        shown = {name: value for name, value in said.items() if name not in SECRETS}
        self._address = f"--dbname={make_conninfo(**shown)}"
        engine = plain_engine(url)
        try:
            with clear_errors(url), engine.connect() as connection:
                self._server, found = connection.execute(HERE).one()
        finally:
            engine.dispose()
        if found is None:
            raise StoreError(f"{place(url)} {NO_SCHEMA}.", "missing")
        self.schema = found

    def run(self, program: str, *arguments: str) -> str:
        """What the program prints. Raises StoreError with what it complains of."""
        command = [str(self._found(program)), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise _failed(program, done.stderr)
        return done.stdout

    def dump(self, *arguments: str) -> None:
        """Runs `pg_dump`. Raises StoreError with what it complains of."""
        self.run("pg_dump", self._address, *arguments)

    def replay(self, dump: Path, *how: str) -> None:
        """Brings what `pg_restore` makes of a dump into the database, in one transaction. Raises StoreError."""
        read = [str(self._found("pg_restore")), "--single-transaction", *how, "--file=-", str(dump)]
        put = [str(self._found("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", self._address]
        with (
            tempfile.TemporaryFile("w+") as unread,
            tempfile.TemporaryFile("w+") as refused,
            Popen(read, env=self._environment, stdout=PIPE, stderr=unread) as reading,  # noqa: S603
            Popen(put, env=self._environment, stdin=PIPE, stdout=DEVNULL, stderr=refused) as putting,  # noqa: S603
        ):
            assert reading.stdout is not None
            assert putting.stdin is not None
            with suppress(BrokenPipeError), putting.stdin as into:  # whoever ends early says why
                known = self._server >= KNOWN_SINCE
                into.writelines(line for line in reading.stdout if known or line != UNKNOWN)
                reading.wait()
            for program, code, said in (("pg_restore", reading.returncode, unread), ("psql", putting.wait(), refused)):
                if code:
                    said.seek(0)
                    raise _failed(program, said.read())

    def _found(self, program: str) -> Path:
        """The first of this name that is not older than the server: an older one refuses to dump it."""
        versions: dict[str, None] = {}  # a program and the link to it are one
        for candidate in _candidates(program):
            said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
            number = re.search(r"(\d+)(\.\d+)*", said)
            if number and int(number[1]) >= self._server:
                return candidate
            versions[said.strip()] = None
        there = f"; here is {', '.join(versions)}" if versions else ""
        need = f"{program} {self._server} or newer is needed{there}"
        raise StoreError(f"{need}; install postgresql-client-{self._server}, or put its folder into PATH.", "missing")


def _failed(program: str, said: str) -> StoreError:
    """With the line that names the trouble: some programs add what they were doing."""
    lines = said.strip().splitlines() or ["it does not say why"]
    problem = next((line for line in lines if "error:" in line.lower()), lines[-1])
    return StoreError(f"{program} failed: {problem.rstrip('.')}.", "refused")


def _candidates(program: str) -> Iterator[Path]:
    if found := shutil.which(program):
        yield Path(found)
    yield from sorted(INSTALLED.glob(f"*/bin/{program}"), reverse=True)


def rows_in(tools: PostgresTools, dump: Path, table: str) -> Sequence[Sequence[str]]:
    """The rows of a table of our schema in a dump, as text."""
    which = [f"--schema={tools.schema}", f"--table={table}"]
    said = tools.run("pg_restore", "--data-only", *which, "--file=-", str(dump))
    found: list[list[str]] = []
    inside = False
    for line in said.splitlines():
        if line.startswith("COPY "):
            inside = True
        elif line == "\\.":
            inside = False
        elif inside:
            found.append(line.split("\t"))
    return found
