"""SQLite's connections in their threads, with one visit a statement.

aiosqlite visits a connection's thread four times a statement: for a cursor, to execute, to fetch, to close. Each visit
wakes two threads, and of a reply's time to somebody who is alone with the bot, a third went into them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite

_ROWS_IN_A_CHUNK = 64  # of an iteration over a cursor, which nobody does here


class Cursor:
    """What SQLAlchemy asks of a cursor. Rows are fetched where the statement runs: it would ask for them all next."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: Sequence[Any] = ()
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Runs a statement."""
        await self._visit(lambda connection: connection.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Runs a statement for each of these parameters."""
        await self._visit(lambda connection: connection.executemany(statement, parameters))

    async def _visit(self, run: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> None:
        self._cursor, self._rows = await self._connection.visit(run)

    async def fetchall(self) -> Sequence[Any]:
        """The rows."""
        return self._rows

    async def close(self) -> None:
        """Nothing is left to do: a statement whose rows were all fetched is over."""

    @property
    def description(self) -> Any:
        """The columns, None where there are no rows to expect."""
        return self._cursor.description if self._cursor else None

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._cursor.rowcount if self._cursor else -1

    @property
    def lastrowid(self) -> int | None:
        """The key of the row that was added last."""
        return self._cursor.lastrowid if self._cursor else None


class Connection(aiosqlite.Connection):
    """A connection whose cursors do all at once."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        """A new cursor."""
        return Cursor(self)

    async def visit(self, run: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> tuple[sqlite3.Cursor, Sequence[Any]]:
        """Runs something in the connection's thread; the cursor it used and all of its rows."""

        def whole() -> tuple[sqlite3.Cursor, Sequence[Any]]:
            cursor = run(self._conn)
            return cursor, cursor.fetchall() if cursor.description else ()

        found: tuple[sqlite3.Cursor, Sequence[Any]] = await self._execute(whole)  # type: ignore[no-untyped-call]
        return found

    async def rollback(self) -> None:
        """Takes back what is open; SQLAlchemy asks for it after every commit too."""
        if self.in_transaction:
            await super().rollback()


def connect(*args: Any, **kwargs: Any) -> Connection:
    """As aiosqlite.connect; its thread does not keep the process alive."""
    connection = Connection(lambda: sqlite3.connect(*args, **kwargs), _ROWS_IN_A_CHUNK)
    connection._thread.daemon = True  # as SQLAlchemy does with aiosqlite's own
    return connection
