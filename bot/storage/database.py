"""A database and its manners: engines, pragmas, transactions that write or only read, errors that say what to do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from bot.errors import SettingsError, StoreError, StoreProblem
from bot.storage import visiting

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
SETTING = "HEARTSEASE_DATABASE_URL"
BUSY_SECONDS = 10.0
PATIENT_SECONDS = 0.3  # how long emptying the log may keep writers waiting
NO_SCHEMA = "has no such schema; create it: CREATE SCHEMA and the name that search_path gives"
TLS = "is not reached as sslmode asks; see it and the certificates, in HEARTSEASE_DATABASE_URL"
CROWDED = "has no connection to spare; raise max_connections, or the CONNECTION LIMIT of this user or database"
HURRIED = "stops what takes longer than it allows; give this user more: ALTER ROLE … SET statement_timeout = '60s'"
UTF8 = {"client_encoding": "utf8"}  # a database in SQL_ASCII would say bytes
SECRETS = ("password", "sslpassword", "oauth_client_secret")  # what libpq takes behind the ? too
READING = "heartsease_reading"  # the execution option of transactions that only read

# What the drivers say, lower case, and what it means. The first that fits counts.
PROBLEMS: tuple[tuple[str, StoreProblem, str], ...] = (
    ("database is locked", "locked", "is locked by another program; close it or wait, then try again"),
    ("readonly database", "read_only", "is read-only; give this user the right to write to the file and its folder"),
    ("file is not a database", "damaged", "is not a database, or is damaged; nothing was changed. Restore a backup"),
    ("malformed", "damaged", "is damaged; nothing more is written to it. Restore a backup"),
    ("not decode to utf-8", "damaged", "holds text that nobody wrote, so it is damaged. Restore a backup"),
    ("unable to open", "missing", "cannot be opened; see that the folder exists and this user may write to it"),
    ("disk is full", "full", "cannot grow: the disk is full; make room"),
    ("no space left", "full", "cannot grow: its disk is full; make room"),
    ("no such table", "outdated", "lacks tables; run: python -m bot db upgrade"),
    ("undefined", "outdated", "lacks tables or columns; run: python -m bot db upgrade"),
    ("duplicatetable", "refused", "has tables of a restore that was cut off, or not of ours; name an empty database"),
    ("i/o error", "damaged", "cannot be read or written: the disk reports an error; check the disk"),
    ("querycanceled", "locked", HURRIED),
    ("sessiontimeout", "locked", HURRIED.replace("statement_timeout", "idle_in_transaction_session_timeout")),
    ("transactiontimeout", "locked", HURRIED.replace("statement_timeout", "transaction_timeout")),
    ("locknotavailable", "locked", "was busy with another transaction for longer than its lock_timeout; try again"),
    ("too many c", "unreachable", CROWDED),
    ("remaining connection slots", "unreachable", CROWDED),
    ("certificate", "missing", TLS),
    ("ssl was required", "missing", TLS),
    ("invalid connection option", "missing", "is not reached: HEARTSEASE_DATABASE_URL says something unknown after ?"),
    ("deadlock", "locked", "was busy with another transaction; try again"),
    ("authentication failed", "missing", "refuses this user or password; see HEARTSEASE_DATABASE_URL"),
    ("no password supplied", "missing", "wants a password; put it into HEARTSEASE_DATABASE_URL"),
    ("no pg_hba.conf entry", "missing", "lets nobody in from here; see its pg_hba.conf, and HEARTSEASE_DATABASE_URL"),
    ("insufficientprivilege", "missing", "does not allow that; let the user of HEARTSEASE_DATABASE_URL own its schema"),
    ("read-only transaction", "read_only", "is read-only; is it a standby? See HEARTSEASE_DATABASE_URL"),
    ("no schema has been selected", "missing", NO_SCHEMA),
    ("does not exist", "missing", "does not exist; create it, or see HEARTSEASE_DATABASE_URL"),
)


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # what the latter says may hold a part of the password
        fix = (
            "is not a database URL; write sqlite:///var/heartsease.db or postgresql://user:password@host/name,"
            " in a password %40 for @ and %2F for /"
        )
        raise SettingsError(SETTING, fix) from None
    kind = "postgresql" if parsed.get_backend_name() == "postgres" else parsed.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise SettingsError(SETTING, f"{kind} is not supported; use sqlite:///… or postgresql://…")
    if kind == "sqlite":
        if parsed.host or parsed.database in (None, "", ":memory:"):
            raise SettingsError(SETTING, "SQLite needs a file; write sqlite:///var/heartsease.db, with three slashes")
        if (parsed.query and not parsed.database.startswith("file:")) or parsed.database.startswith("~"):
            raise SettingsError(SETTING, "write the file's whole path: SQLite knows no ~, and nothing follows a ?")
        if Path(parsed.database).is_dir():
            raise SettingsError(SETTING, f"{parsed.database} is a folder; name a file in it")
    return parsed.set(drivername=kind)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL, None for PostgreSQL. Raises SettingsError if the URL is neither."""
    parsed = _parsed(url)
    if parsed.drivername != "sqlite":
        return None
    return Path((parsed.database or "").removeprefix("file:"))


def place(url: str) -> str:
    """The database in words for people; no password."""
    file = sqlite_file(url)
    parsed = _parsed(url)
    told = parsed.update_query_dict({name: "hidden" for name in SECRETS if name in parsed.query})
    return f"The database {file or told.render_as_string(hide_password=True)}"


@contextmanager
def writable(file: Path) -> Iterator[None]:
    """Makes the folder of an SQLite file for work beside it. Raises StoreError where the system does not allow it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(
            f"{file.parent} must be a folder that this user may write to ({reason}).", "missing"
        ) from error


@contextmanager
def clear_errors(url: str) -> Iterator[None]:
    """Turns what a driver raises into a StoreError that says what to do."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise StoreError("This was stored before, or belongs to nobody: a bug in the caller.", "conflict") from error
    except sa.exc.DBAPIError as error:
        said = f"{type(error.orig).__name__} {error.orig}".lower()
        for needle, kind, sentence in PROBLEMS:
            if needle in said:
                raise StoreError(f"{place(url)} {sentence}.", kind) from error
        if error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            fix = f"see that it runs, and {SETTING}"
            raise StoreError(f"{place(url)} cannot be reached; {fix}.", "unreachable") from error
        raise StoreError(f"{place(url)} refused a statement ({type(error.orig).__name__}).", "refused") from error
    except sa.exc.TimeoutError as error:
        raise StoreError(f"{place(url)} has no free connection; try again.", "locked") from error


def _mannered(engine: sa.Engine, busy: float) -> None:
    """Makes SQLite write with BEGIN IMMEDIATE, as else two writers lose updates, and read with a plain BEGIN."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={int(busy * 1000)}", *PRAGMAS):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _visiting(engine: sa.Engine) -> None:
    """Makes an engine for asyncio visit SQLite's thread once a statement."""

    @sa.event.listens_for(engine, "do_connect")
    def connecting(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        options["async_creator_fn"] = visiting.connect


def _server() -> dict[str, Any]:
    """What we rely on, whatever a role or a database of PostgreSQL has for a default."""
    return {"isolation_level": "READ COMMITTED", "connect_args": dict(UTF8)}


def libpq(url: str) -> Mapping[str, Any]:
    """What the URL of a PostgreSQL says, in libpq's words; as SQLAlchemy reads it, which knows several hosts."""
    parsed = _parsed(url).set(drivername="postgresql+psycopg")
    _, said = parsed.get_dialect()().create_connect_args(parsed)
    return {**said, **UTF8}


def plain_engine(url: str, *, busy: float = BUSY_SECONDS) -> sa.Engine:
    """An engine without asyncio, for migrations. Makes the folder of an SQLite file."""
    parsed = _parsed(url)
    if (file := sqlite_file(url)) is None:
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), hide_parameters=True, **_server())
    with writable(file):
        if not file.exists():
            file.touch(0o600)  # its owner's alone, as its key is; what SQLite puts beside it takes after it
        engine = sa.create_engine(parsed, hide_parameters=True)
    _mannered(engine, busy)
    return engine


class Database:
    """An engine with its two kinds of transaction. `busy` is how many seconds SQLite waits for another process."""

    def __init__(self, url: str, *, busy: float = BUSY_SECONDS) -> None:
        self.url = url
        parsed, file = _parsed(url), sqlite_file(url)
        if file is None:
            drivername, more = "postgresql+psycopg", {"pool_pre_ping": True} | _server()
        else:
            drivername, more = "sqlite+aiosqlite", {}
        self._engine = create_async_engine(parsed.set(drivername=drivername), hide_parameters=True, **more)
        self.is_sqlite = file is not None
        # SQLite's own waiting sleeps up to 100 ms; writers of one process take turns here without sleeping.
        self._turn: asyncio.Lock | nullcontext[None] = asyncio.Lock() if file else nullcontext()
        # This database's own INSERT, which knows ON CONFLICT.
        self.insert: Callable[[sa.Table], Any] = sqlite.insert if file else postgresql.insert
        if file:
            _mannered(self._engine.sync_engine, busy)
            _visiting(self._engine.sync_engine)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes. Raises StoreError."""
        with clear_errors(self.url):
            async with self._turn, self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads; it never waits for a writer. Raises StoreError."""
        with clear_errors(self.url):
            async with self._engine.connect() as connection:
                await connection.execution_options(**{READING: True})
                async with connection.begin():
                    yield connection

    async def tidy(self, tables: Sequence[str]) -> bool:
        """Overwrites what deleted rows left in the files; False if somebody is reading just now. Raises StoreError."""
        with clear_errors(self.url):
            if (file := sqlite_file(self.url)) is not None:
                return await asyncio.to_thread(_emptied_log, file)
            async with self._engine.connect() as connection:
                alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await alone.execute(sa.text("SET statement_timeout = 0"))  # a large table takes its time
                await alone.execute(sa.text("VACUUM " + ", ".join(f'"{table}"' for table in tables)))
                await alone.execute(sa.text("RESET statement_timeout"))
            return True

    async def close(self) -> None:
        """Lets go of all connections."""
        await self._engine.dispose()


def _emptied_log(file: Path) -> bool:
    """Brings all that is in the write-ahead log into the file, where deleted rows are zeros, and empties the log."""
    try:
        uri = f"{file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENT_SECONDS)) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:  # it is tried again
        return False
    return not busy


class DatabaseNow(sa.sql.functions.FunctionElement[int]):
    """The database's own clock at this very moment, in microseconds since 1970."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(DatabaseNow, "sqlite")
def _sqlite_now(_element: DatabaseNow, _compiler: SQLCompiler, **_: object) -> str:
    # unixepoch('subsec') would do from SQLite 3.42 on; Debian 12 carries 3.40
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(DatabaseNow, "postgresql")
def _postgresql_now(_element: DatabaseNow, _compiler: SQLCompiler, **_: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


class FileLock:
    """The operating system's lock on `<file>.lock`: one `run` an SQLite file. Gone when the process is."""

    def __init__(self, file: Path) -> None:
        file = Path(os.path.realpath(file))  # as SQLite does: two links to one file are one database
        self._path = file.with_name(file.name + ".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises StoreError if another process holds it."""
        with writable(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            file = self._path.with_suffix("")
            raise StoreError(f"Another `run` uses {file}; stop it first, or set another file.", "in_use") from error
        self._descriptor = descriptor

    def was_ever_taken(self) -> bool:
        """Whether a `run` was ever on this file: a backup is nobody's."""
        return self._path.exists()

    def release(self) -> None:
        """Lets another process have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds it for as long as a block lasts. Raises StoreError if another process does."""
        self.take()
        try:
            yield
        finally:
            self.release()
