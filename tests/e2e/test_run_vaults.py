"""What an operator does with the data of a coach that is running: backup, keys, restore, in processes of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.storage.vault import fingerprint
from tests.e2e.course import quiet, settings_of
from tests.e2e.replicas import postgres
from tests.e2e.running import ROOT, Running
from tests.e2e.test_run_secrets import ANA, PLANTED, SECRETS, files_with, onboarded
from tests.standin.telegram import Limits, Person, StandIn


async def command(product: Running, *words: str, **more: str) -> tuple[int, str, str]:
    """Runs a command with the product's settings: its exit code, and what it printed."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("HEARTSEASE_")}
    mine = {"DATABASE_URL": f"sqlite:///{product.folder}/heartsease.db"} | more
    names = {f"HEARTSEASE_{key}": value for key, value in mine.items()}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        env=plain | names,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, " ".join(done.stderr.split())


async def test_backup_a_change_of_keys_and_restore_while_somebody_walks(tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    async with StandIn(limits=Limits.raised()) as server:
        product = Running(tmp_path, settings_of(server, LOG_LEVEL="debug"))
        async with product:
            ana = server.person(ANA, "Zephyrine")
            await onboarded(server, ana)
            await product.move("2026-03-03T07:00:00Z")
            ana.says("the kingfisher by the canal")
            await quiet(server, product)
            key_file = tmp_path / "heartsease.db.key"
            (first,) = key_file.read_text().split()

            code, out, _ = await command(product, "backup", backup)
            assert (code, fingerprint(first) in out, first in out) == (0, True, False)
            assert (await command(product, "backup", backup))[0] == 2
            code, _, err = await command(product, "restore", backup, "--replace")
            assert code == 2
            assert "Another `run` uses" in err

            code, out, _ = await command(product, "keys", "new")
            newest = key_file.read_text().split()[0]
            assert (code, out.startswith(fingerprint(newest))) == (0, True)
            code, _, err = await command(product, "keys", "rotate")  # the one that runs does not know it yet
            assert code == 2
            assert "restart it, then try again" in err
            assert await product.terminate() == 0
            await product.start()
            assert (await command(product, "keys", "check"))[0] == 1
            code, out, _ = await command(product, "keys", "rotate")
            assert code == 0
            assert f"{fingerprint(first)} may be removed" in out
            key_file.write_text(newest)
            code, out, _ = await command(product, "keys", "check")
            assert (code, out.count("\n")) == (0, 1)
            assert await product.terminate() == 0
            await product.start()
            ana.says("/journal")
            await quiet(server, product)
            assert await product.terminate() == 0

        code, _, err = await command(product, "restore", backup, "--replace")
        assert (code, f"the backup needs {fingerprint(first)}" in err) == (2, True)
        code, _, err = await command(product, "restore", backup, SECRET_KEYS=f"{newest},{first}")
        assert (code, "holds 1 person" in err) == (2, True)
        code, out, _ = await command(product, "restore", backup, "--replace", SECRET_KEYS=f"{newest},{first}")
        assert (code, out.startswith("Restored: 1 person; 0 were erased again.")) == (0, True)
        key_file.write_text(f"{newest}\n{first}\n")
        restored = Running(tmp_path, product.settings, starts=product.starts)
        async with restored:
            ana.says("/today")
            await quiet(server, restored)
        assert (await command(product, "erased"))[:2] == (0, "")
    assert files_with(tmp_path, (*PLANTED, *SECRETS)) == []


def mornings(person: Person) -> int:
    return sum(one.button("Tell me more") is not None for one in person.messages)


async def test_a_coach_that_has_outgrown_its_file_goes_on_on_postgresql(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        product = Running(tmp_path, settings_of(server))
        async with product:
            ana = server.person(ANA, "Zephyrine")
            await onboarded(server, ana)
            await product.move("2026-03-03T07:00:00Z")
            ana.says("/journal")
            ana.says("the kingfisher by the canal")
            await quiet(server, product)
            (key,) = (tmp_path / "heartsease.db.key").read_text().split()
            file = str(tmp_path / "heartsease.db")
            with postgres() as there:
                there.drop()
                moving = {"DATABASE_URL": there.url, "SECRET_KEYS": key}
                code, _, err = await command(product, "restore", file, **moving)
                assert (code, "Another `run` uses" in err) == (2, True)
                assert await product.terminate() == 0
                code, _, err = await command(product, "restore", file, DATABASE_URL=there.url)
                assert (code, "set the keys that the backup was written with" in err) == (2, True)
                code, out, err = await command(product, "restore", file, **moving)
                assert (code, out) == (0, "Restored: 1 person; 0 were erased again.\n"), err
                heard, before = len(ana.messages), mornings(ana)
                moved = Running(tmp_path, product.settings | moving, starts=product.starts)
                async with moved:
                    await quiet(server, moved)
                    assert len(ana.messages) == heard
                    ana.says("/mydata")
                    await quiet(server, moved)
                    assert len(ana.messages) > heard
                    await moved.move("2026-03-04T07:00:00Z")
                    await quiet(server, moved)
                    assert mornings(ana) == before + 1
                assert (await command(product, "keys", "check", **moving))[0] == 0
        assert server.refusals == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("backup", "nowhere/at/all"), "does not exist yet"),
        (("restore", "nowhere"), "put the key file back first"),
        (("keys", "new"), "the first run makes it"),
        (("keys", "rotate"), "does not exist yet"),
        (("erased",), "does not exist yet"),
    ],
)
async def test_what_cannot_be_done_ends_with_code_2_and_makes_nothing(
    tmp_path: Path, words: tuple[str, ...], problem: str
) -> None:
    code, _, err = await command(Running(tmp_path, {}), *words)
    assert (code, problem in err) == (2, True), err
    assert made(tmp_path) == []


def made(folder: Path) -> list[str]:
    """What there is but a key."""
    return [path.name for path in folder.iterdir() if path.suffix != ".key"]
