"""What `pg_dump` wrote, put back: on a server older than the programs; torn, of a newer version, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from bot.errors import StoreError
from bot.storage import open_store, schema
from bot.storage.copies import back_up
from bot.storage.database import plain_engine
from bot.storage.postgres_tools import PostgresTools
from bot.storage.restoring import NAMES, restore
from tests.contracts.conftest import KEY
from tests.contracts.test_backup import counted
from tests.contracts.test_backup import programs as programs
from tests.contracts.test_erasing import everything, plant
from tests.standin.postgresql import serving


@pytest.fixture(scope="module")
def older() -> Iterator[str]:
    """A PostgreSQL 16, where the programs are of 17 or newer: as in our image, beside somebody's own server."""
    with serving(postgres_version=16) as server:
        yield server.get_uri()


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


def cut(dump: Path, part: float) -> None:
    dump.write_bytes(dump.read_bytes()[: int(dump.stat().st_size * part) - 1])


@pytest.mark.parametrize("part", [0.5, 0.8, 0.9, 0.95, 1])
async def test_a_dump_that_ends_in_the_middle_changes_nothing(elsewhere: str, dump: Path, part: float) -> None:
    before = everything(elsewhere)
    cut(dump, part)
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
    tools.dump("--format=custom", f"--file={files['newer']}")
    with psycopg.connect(elsewhere) as server:
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")
    tools.dump("--format=custom", f"--file={files['else']}")
    for kind, said in {"newer": "is from a newer version of Heartsease", "else": "is no backup of Heartsease"}.items():
        with pytest.raises(StoreError, match=f"^{files[kind]} {said}"):
            await restore(elsewhere, [KEY], files[kind], {}, replace=False)
    engine = sa.create_engine(sa.make_url(elsewhere).set(drivername="postgresql+psycopg"))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_restore_knows_by_name_all_that_any_version_ever_made(elsewhere: str) -> None:
    """What a later migration renames or drops still stands in older dumps: its name has to stay in NAMES."""
    made = sa.text("""
        SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = pg_class.oid)
    """)
    engine = plain_engine(elsewhere)
    revision: str | None = None
    with engine.begin() as connection:
        while revision != schema.HEAD:
            command.upgrade(schema.configuration(connection), "+1")
            revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            assert set(connection.scalars(made)) - NAMES == set(), revision
    engine.dispose()
