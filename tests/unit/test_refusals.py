"""What a PostgreSQL refuses, in words for whoever looks after it: the setting, and what to do."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage.database import clear_errors, place

URL = "postgresql://ana:s3cret@db.example/heartsease"
REFUSALS = [
    (psycopg.OperationalError("fe_sendauth: no password supplied"), "missing", "wants a password; put it into HEART"),
    (
        psycopg.OperationalError('FATAL: no pg_hba.conf entry for host "10.0.0.7", user "ana", no encryption'),
        "missing",
        "lets nobody in from here; see its pg_hba.conf, and HEARTSEASE_DATABASE_URL",
    ),
    (
        psycopg.errors.InsufficientPrivilege("permission denied for schema public"),
        "missing",
        "does not allow that; let the user of HEARTSEASE_DATABASE_URL own its schema",
    ),
    (
        psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"),
        "read_only",
        "is read-only; is it a standby? See HEARTSEASE_DATABASE_URL",
    ),
    (
        psycopg.errors.DiskFull('could not extend file "base/5/1": No space left on device'),
        "full",
        "cannot grow: its disk is full; make room",
    ),
    (
        psycopg.errors.DuplicateTable('relation "person" already exists'),
        "refused",
        "has tables of a restore that was cut off, or not of ours; name an empty database",
    ),
    (
        psycopg.errors.QueryCanceled("canceling statement due to statement timeout"),
        "locked",
        "stops what takes longer than it allows; give this user more: ALTER ROLE … SET statement_timeout = '60s'",
    ),
    (
        psycopg.errors.IdleInTransactionSessionTimeout("terminating connection due to idle-in-transaction timeout"),
        "locked",
        "stops what takes longer than it allows; give this user more: ALTER ROLE … SET idle_in_transaction_session_t",
    ),
    (
        psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"),
        "locked",
        "was busy with another transaction for longer than its lock_timeout; try again",
    ),
    (
        psycopg.OperationalError('FATAL: too many connections for role "ana"'),
        "unreachable",
        "has no connection to spare; raise max_connections, or the CONNECTION LIMIT of this user or database",
    ),
    (
        psycopg.OperationalError('root certificate file "/home/coach/.postgresql/root.crt" does not exist'),
        "missing",
        "is not reached as sslmode asks; see it and the certificates, in HEARTSEASE_DATABASE_URL",
    ),
    (
        psycopg.ProgrammingError('invalid connection option "nonsense"'),
        "missing",
        "is not reached: HEARTSEASE_DATABASE_URL says something unknown after ?",
    ),
    (psycopg.OperationalError("Connection refused"), "unreachable", "cannot be reached; see that it runs, and HEART"),
]


@pytest.mark.parametrize(("error", "kind", "said"), REFUSALS, ids=[said for _, _, said in REFUSALS])
def test_a_refusal_says_what_to_do_and_no_password(error: psycopg.Error, kind: str, said: str) -> None:
    with pytest.raises(StoreError) as raised, clear_errors(URL):
        raise sa.exc.DBAPIError.instance(None, None, error, psycopg.Error)
    assert raised.value.kind == kind
    assert str(raised.value).startswith(f"The database postgresql://ana:***@db.example/heartsease {said}")


@pytest.mark.parametrize("secret", ["password", "sslpassword"])
def test_a_secret_behind_the_question_mark_is_not_said(secret: str) -> None:
    assert (
        place(f"postgresql://db/name?{secret}=s3cret&user=ana")
        == f"The database postgresql://db/name?{secret}=hidden&user=ana"
    )
