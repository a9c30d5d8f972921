"""Where a restore works: a killed one leaves a copy of everything, which does not stay."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from bot.storage.workshop import workshop

KILLED = """
import os, signal, sys
from pathlib import Path
from bot.storage.workshop import workshop
with workshop(Path(sys.argv[1])) as folder:
    (folder / "heartsease.db").write_text("everybody")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_restore_left_goes_with_the_next(tmp_path: Path) -> None:
    file = tmp_path / "heartsease.db"
    assert subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False).returncode == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    with workshop(file) as folder:
        assert list(tmp_path.iterdir()) == [folder] != [left]
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_one_that_is_at_work_and_what_is_none_of_ours_stay(tmp_path: Path) -> None:
    (tmp_path / ".restoring.note").touch()
    (tmp_path / ".restoring.link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    with workshop(tmp_path / "one") as first:
        with workshop(tmp_path / "two") as second:
            assert first.is_dir()
            assert second.stat().st_mode & 0o777 == 0o700
        assert first.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".restoring.link", ".restoring.note", "elsewhere"]
