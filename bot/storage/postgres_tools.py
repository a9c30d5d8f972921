"""PostgreSQL's own programs for dumps. No password is ever an argument: other users can read those."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.errors import StoreError
from bot.storage.database import NO_SCHEMA, place

INSTALLED = Path("/usr/lib/postgresql")  # where Debian keeps each version's programs
# What pg_restore begins with since 17, and what no server knows that is older.
UNKNOWN, KNOWN_SINCE = b"SET transaction_timeout = 0;\n", 17
# https://www.postgresql.org/docs/current/libpq-envars.html
VARIABLES: Mapping[str, str] = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class PostgresTools:
    """PostgreSQL's programs for the server at this URL, and the schema of it that is ours: others may hold others.

    Raises:
        StoreError: the server cannot be reached, has no such schema, or the programs are missing or too old.
    """

    schema: str

    def __init__(self, url: str) -> None:
        known = conninfo_to_dict(_plain(url))
        self._environment = {VARIABLES[name]: str(value) for name, value in known.items() if name in VARIABLES}
        try:
            with psycopg.connect(_plain(url)) as connection:
                self._server = connection.info.server_version // 10000
                [found] = connection.execute("SELECT current_schema()").fetchone() or [None]
        except psycopg.OperationalError as error:
            raise StoreError("PostgreSQL cannot be reached; see HEARTSEASE_DATABASE_URL.", "unreachable") from error
        if found is None:
            raise StoreError(f"{place(url)} {NO_SCHEMA}.", "missing")
        self.schema = found

    def run(self, program: str, *arguments: str) -> str:
        """What the program prints. Raises StoreError with what it complains of."""
        command = [str(self._found(program)), *arguments]
        done = subprocess.run(  # noqa: S603 - the program is PostgreSQL's, the arguments are ours
            command, env={**os.environ, **self._environment}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _failed(program, done.stderr)
        return done.stdout

    def replay(self, dump: Path, *how: str) -> None:
        """Brings what `pg_restore` makes of a dump into the database, in one transaction. Raises StoreError."""
        read = [str(self._found("pg_restore")), "--single-transaction", *how, "--file=-", str(dump)]
        put = [str(self._found("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        environment = {**os.environ, **self._environment}
        with (
            tempfile.TemporaryFile("w+") as unread,
            tempfile.TemporaryFile("w+") as refused,
            Popen(read, env=environment, stdout=PIPE, stderr=unread) as reading,  # noqa: S603
            Popen(put, env=environment, stdin=PIPE, stdout=DEVNULL, stderr=refused) as putting,  # noqa: S603
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


def _plain(url: str) -> str:
    """The URL as libpq reads it."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)


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
