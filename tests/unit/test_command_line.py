"""The command line as its users meet it: a process with an environment, an exit code, and two streams."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer

import pytest

from bot.storage.schema import migrate
from bot.storage.vault import Vault

ROOT = Path(__file__).parents[2]
TOKEN = "123456789:AAHk3n5secret5secret5secret5secret5"
KEY = Vault.make_key()
REHEARSAL = "start=2026-03-02T05:00:00Z,speed=0"
DATABASE_URL = "HEARTSEASE_DATABASE_URL"
Settings = Mapping[str, str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database of a test is, if it makes one."""
    return tmp_path / "var" / "heartsease.db"


def environment(file: Path, settings: Settings) -> dict[str, str]:
    """The test's own settings and none from outside; the database is never the developer's."""
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("HEARTSEASE_")}
    ours = {DATABASE_URL: f"sqlite:///{file}", "HEARTSEASE_HTTP_PORT": "0", "HEARTSEASE_TELEGRAM_TOKEN": ""}
    return clean | ours | {"COLUMNS": "200"} | dict(settings)


def heartsease(*arguments: str, file: Path, text: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """A whole command; `settings` are added to the environment."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=environment(file, settings),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that refuses says: exit 2, on stderr, without a traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    return " ".join(done.stderr.split())


WRONG = [
    ({"HEARTSEASE_HTTP_PORT": "eighty"}, "HEARTSEASE_HTTP_PORT: Input should be a valid integer"),
    ({"HEARTSEASE_LOG_LEVEL": "[loud]"}, "HEARTSEASE_LOG_LEVEL: write debug, info, warning or error"),
    ({"HEARTSEASE_TELEGRAM_TOKEN": "s3cret"}, "HEARTSEASE_TELEGRAM_TOKEN: is not a bot token; copy it from BotFather"),
    ({"HEARTSEASE_REHEARSAL": "s3cret"}, "HEARTSEASE_REHEARSAL: write start="),
    (
        {"HEARTSEASE_REHEARSAL": REHEARSAL, "HEARTSEASE_TELEGRAM_TOKEN": TOKEN},
        "HEARTSEASE_REHEARSAL: would speak to real people",
    ),
    ({DATABASE_URL: "mysql://ana:s3cret@db/x", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, f"{DATABASE_URL}: mysql is not"),
    ({DATABASE_URL: "postgresql://ana:@s3cret@db:x/y", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, f"{DATABASE_URL}: is not"),
    ({DATABASE_URL: "sqlite://:memory:", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, f"{DATABASE_URL}: is not a database"),
    ({DATABASE_URL: "sqlite:////tmp", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, f"{DATABASE_URL}: /tmp is a folder"),
    ({DATABASE_URL: "sqlite:///x.db?mode=ro", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, f"{DATABASE_URL}: write the file's"),
    ({"HEARTSEASE_SECRET_KEYS": "s3cret", "HEARTSEASE_TELEGRAM_TOKEN": TOKEN}, "HEARTSEASE_SECRET_KEYS: key 1 of 1"),
    ({}, "HEARTSEASE_TELEGRAM_TOKEN: is missing"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[said.partition(":")[0] for _, said in WRONG])
def test_a_wrong_setting_ends_run_with_its_name_and_the_fix(wrong: Settings, said: str, file: Path) -> None:
    told = refused(heartsease("run", file=file, **wrong))
    assert said in told
    assert "s3cret" not in told
    assert TOKEN not in told
    assert not file.exists()


@pytest.mark.parametrize(
    "command", ["db upgrade", "check", "screen", "rehearse", "chat", "demo", "keys check", "erased"]
)
def test_other_commands_refuse_wrong_settings_too(command: str, file: Path) -> None:
    said = refused(heartsease(*command.split(), file=file, HEARTSEASE_LOG_FORMAT="xml"))
    assert "HEARTSEASE_LOG_FORMAT: write console or json" in said


@pytest.mark.parametrize("arguments", [["walk"], ["db", "downgrade"], ["run", "--fast"], ["rehearse", "--people", "0"]])
def test_an_unknown_command_or_option_is_refused_with_help(arguments: list[str], file: Path) -> None:
    assert "--help" in refused(heartsease(*arguments, file=file))


def test_help_names_every_command(file: Path) -> None:
    done = heartsease("--help", file=file)
    assert done.returncode == 0
    for command in ("run", "demo", "chat", "rehearse", "check", "doctor", "screen", "db"):
        assert re.search(rf"\b{command}\b", done.stdout)


# ---------------------------------------------------------------- databases


def run(file: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`run`, in a rehearsal: it needs no platform."""
    return heartsease("run", file=file, HEARTSEASE_REHEARSAL=REHEARSAL, **settings)


@contextmanager
def running(file: Path) -> Iterator[subprocess.Popen[str]]:
    """A `run` that listens; it is stopped at the end."""
    settings = {"HEARTSEASE_REHEARSAL": REHEARSAL}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        cwd=ROOT,
        env=environment(file, settings),
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    late = Timer(60, process.kill)  # also the end of its output
    late.start()
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "running" in line:
                break
        yield process
        process.terminate()
        process.wait(15)
    finally:
        late.cancel()
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_a_second_run_on_the_same_file_is_refused_and_the_first_stops_cleanly(file: Path) -> None:
    with running(file) as first:
        assert f"Another `run` uses {file}" in refused(run(file))
        assert first.poll() is None
    assert first.returncode == 0
    with running(file) as again:
        assert again.poll() is None


def test_a_damaged_database_is_refused_and_not_touched(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is a letter to myself, and no database\n" * 200)
    before = file.read_bytes()
    for command in (["run"], ["db", "upgrade"]):
        said = refused(heartsease(*command, file=file, HEARTSEASE_REHEARSAL=REHEARSAL, HEARTSEASE_SECRET_KEYS=KEY))
        assert f"{file} is not a database, or is damaged; nothing was changed. Restore a backup" in said
    assert file.read_bytes() == before


def test_data_without_its_key_is_refused_and_not_touched(file: Path) -> None:
    assert heartsease("db", "upgrade", file=file).returncode == 0
    file.with_name(file.name + ".key").unlink()
    before = file.read_bytes()
    assert "HEARTSEASE_SECRET_KEYS:" in refused(run(file))
    assert file.read_bytes() == before
    assert not file.with_name(file.name + ".key").exists()


def test_a_newer_database_is_refused_and_not_touched(file: Path) -> None:
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = list(connection.iterdump())
        assert "is from a newer version of Heartsease; update the program" in refused(
            run(file, HEARTSEASE_SECRET_KEYS=KEY)
        )
        assert list(connection.iterdump()) == before


def test_a_database_that_may_not_be_written_is_refused(file: Path) -> None:
    migrate(f"sqlite:///{file}")
    read_only = {DATABASE_URL: f"sqlite:///file:{file}?mode=ro&uri=true", "HEARTSEASE_SECRET_KEYS": KEY}
    assert "is read-only; give this user the right to write" in refused(run(file, **read_only))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    said = refused(run(tmp_path / "taken" / "heartsease.db", HEARTSEASE_SECRET_KEYS=KEY))
    assert str(tmp_path / "taken") in said


# ---------------------------------------------------------------- commands that answer


def test_db_upgrade_makes_a_database_and_may_be_repeated(file: Path) -> None:
    for _ in range(2):
        done = heartsease("db", "upgrade", file=file)
        assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")
    for mine in (file, file.with_name(file.name + ".key")):
        assert mine.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", ["somebody\t2026-01-01", "somebody\tyesterday", "somebody"])
def test_restore_refuses_a_list_of_the_erased_that_is_none(line: str, file: Path, tmp_path: Path) -> None:
    heartsease("db", "upgrade", file=file)
    (tmp_path / "erased").write_text(f"{line}\n")
    said = refused(heartsease("restore", "backup", "--erased", str(tmp_path / "erased"), file=file))
    assert "is not what `python -m bot erased` prints" in said
    said = refused(heartsease("restore", "backup", "--erased", str(tmp_path / "nowhere"), file=file))
    assert f"{tmp_path}/nowhere cannot be read (No such file or directory)." in said


def test_backup_into_a_folder_is_dated_and_the_old_ones_of_its_own_go(file: Path, tmp_path: Path) -> None:
    heartsease("db", "upgrade", file=file)
    folder = tmp_path / "backups"
    assert "backups is no folder; make it first" in refused(
        heartsease("backup", str(folder), "--keep", "14", file=file)
    )
    folder.mkdir()
    others = ["heartsease-20200102T000000Z.backup", "heartsease-20200103T000000Z.backup", "mine"]
    for name in ("heartsease-20200101T000000Z.backup", *others):
        (folder / name).touch()
    done = heartsease("backup", str(folder), "--keep", "14", file=file)
    assert done.returncode == 0, done.stderr
    [new] = [path for path in folder.iterdir() if path.name not in others]
    assert re.fullmatch(r"heartsease-\d{8}T\d{6}Z\.backup", new.name)
    written, deleted = done.stdout.splitlines()
    assert written.startswith(f"{new} is written. It is of no use without: ")
    assert deleted == "1 older one is deleted."
    assert "name a new file in it, or say --keep DAYS" in refused(heartsease("backup", str(folder), file=file))
    assert "--help" in refused(heartsease("backup", str(folder), "--keep", "0", file=file))


def test_a_postgresql_that_is_away_takes_no_backup_of_sqlite_and_no_word_shows_its_password(
    file: Path, tmp_path: Path
) -> None:
    heartsease("db", "upgrade", file=file)
    away = {DATABASE_URL: "postgresql://ana:s3cret@127.0.0.1:1/heartsease"}
    said = refused(heartsease("restore", str(file), file=file, **away))
    assert "HEARTSEASE_SECRET_KEYS: set the keys that the backup was written with" in said
    (key,) = file.with_name(file.name + ".key").read_text().split()
    said = refused(heartsease("restore", str(file), file=file, HEARTSEASE_SECRET_KEYS=key, **away))
    assert "The database postgresql://ana:***@127.0.0.1:1/heartsease cannot be reached; see that it runs" in said
    assert "see that it runs, and HEARTSEASE_DATABASE_URL." in said
    assert "s3cret" not in said
    said = refused(heartsease("restore", str(file), file=file, HEARTSEASE_SECRET_KEYS=KEY, **away))
    assert "HEARTSEASE_SECRET_KEYS: the backup needs" in said


def test_a_backup_of_postgresql_is_not_put_into_a_file(file: Path, tmp_path: Path) -> None:
    heartsease("db", "upgrade", file=file)
    (tmp_path / "dump").write_bytes(b"PGDMP")
    said = refused(heartsease("restore", str(tmp_path / "dump"), "--replace", file=file))
    assert "is of PostgreSQL, and HEARTSEASE_DATABASE_URL names an SQLite file: there is no way back" in said


def test_screen_answers_every_line_even_an_empty_one(file: Path) -> None:
    done = heartsease("screen", file=file, text="I want to kill myself\n\nThis ward is killing me with paperwork\n")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.partition("\t")[0] for line in lines] == ["urgent", "none", "none"]
    assert all("\t" in line for line in lines)


def test_rehearse_writes_transcripts_and_says_what_happened(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    done = heartsease("rehearse", "--people", "1", "--weeks", "1", "--seed", "3", "--out", str(out), file=file)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(one.name for one in out.iterdir()) == ["01-diligent-ana.txt", "summary.txt"]
    assert done.stdout.strip() == (out / "summary.txt").read_text("utf-8").strip()
    assert not file.exists()


def test_rehearse_refuses_a_file_for_its_folder(file: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    assert "--out: " in refused(heartsease("rehearse", "--people", "1", "--out", str(tmp_path / "out"), file=file))


def test_doctor_says_how_to_mend_and_ends_with_one(file: Path) -> None:
    done = heartsease("doctor", file=file, HEARTSEASE_TELEGRAM_TOKEN="s3cret")
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ HEARTSEASE_TELEGRAM_TOKEN: is not a bot token; copy it from BotFather" in done.stdout
    assert "s3cret" not in done.stdout
    assert not file.parent.exists()
