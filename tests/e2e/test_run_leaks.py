"""A full rehearsal of eight weeks, and then everything that it wrote, shows or answers: no secret is in it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from bot.settings import PREFIX, Settings
from bot.storage.vault import Vault
from tests.e2e.course import quiet, settings_of
from tests.e2e.running import ROOT, Running
from tests.e2e.test_cohort_telegram import does, joins, robot
from tests.e2e.test_run_secrets import files_with
from tests.standin.telegram import TOKEN, Limits, StandIn

OWNER, ANA, BEN = 987_654_321, 876_543_219, 765_432_198
KEY = Vault.make_key()
TEXTS = (
    "the kingfisher by the canal",
    "my sister's violoncello case",
    "plum jam on the stove",
    "I want to kill myself",
)
NAMES = ("Zephyrine", "Quillfeather", "Benvolio", "Ottoline", "Peregrine", "Marigold", "copper kettle")
PLANTED = (*TEXTS, "kingfisher", "violoncello", "plum jam", *NAMES, str(OWNER), str(ANA), str(BEN))
SECRETS = (TOKEN, TOKEN.partition(":")[2], KEY)


async def said_by(command: str, environment: dict[str, str]) -> str:
    """What a command prints that has the product's settings, its exit code first."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def arguments_of(process: int) -> bytes:
    """What the process list shows of a process."""
    return Path(f"/proc/{process}/cmdline").read_bytes()


async def test_nothing_that_eight_weeks_leave_or_show_holds_a_name_a_text_an_id_or_a_secret(tmp_path: Path) -> None:
    async with StandIn(limits=Limits.raised()) as server:
        settings = settings_of(server, OWNERS=f"telegram:{OWNER}", LOG_LEVEL="debug", SECRET_KEYS=KEY)
        async with Running(tmp_path, settings) as product:
            people = ((OWNER, "Peregrine"), (ANA, "Zephyrine"), (BEN, "Benvolio"))
            leader, ana, ben = (robot(server, product, *who) for who in people)
            await does(leader, "/cohorts", "Make a new group", "Ward of the copper kettle", "Europe/Madrid")
            await does(leader, "Next Monday", "Together, in the same week", "Marigold", "Make this group")
            link = re.search(r"https://t\.me/\w+\?start=([\w-]{22})", leader.person.messages[-1].text)
            assert link is not None
            for one, name in ((ana, "Quillfeather"), (ben, "Ottoline")):
                one.person.first_name = name  # what they are called by themselves
                await joins(one, link[0], "Europe/Madrid")
            for moment in ("2026-03-11T10:00:00Z", "2026-04-01T10:00:00Z", "2026-05-05T10:00:00Z"):
                await product.move(moment)
                for text in TEXTS[:3]:
                    await does(ana, "/journal", text)
                    await does(ben, "/gratitude", text)
                server.fault("sendMessage", 400, chat=ANA, description=f"Bad Request: {TEXTS[0]}")
                await does(leader, "/broadcast", "Never mind", f"/join {TEXTS[0]}")
            ana.person.sends("photo", caption=TEXTS[1])
            await does(ana, TEXTS[3], "/letter", TEXTS[2], "/mydata", "/audit", "/partner")
            await quiet(server, product)
            for path in ("metrics", "readyz", "healthz", "rehearsal", "nowhere"):
                (tmp_path / f"{path}.txt").write_text((await product.get(f"/{path}")).text, "utf-8")
            (tmp_path / "argv.txt").write_bytes(arguments_of(product.pid))
            environment = {f"{PREFIX}{name}": value for name, value in settings.items()}
            environment[f"{PREFIX}DATABASE_URL"] = f"sqlite:///{tmp_path}/heartsease.db"
            (tmp_path / "doctor.txt").write_text(await said_by("doctor", environment), "utf-8")
            refused = await said_by("run", environment)  # the file is in use
            (tmp_path / "run.txt").write_text(refused, "utf-8")
            other_key = environment | {f"{PREFIX}SECRET_KEYS": Vault.make_key()}
            (tmp_path / "other.txt").write_text(await said_by("doctor", other_key), "utf-8")
            assert server.count("getFile") == 0  # what people upload is never downloaded
        assert product.log().count("\n") > 10
    assert "heartsease_" in (tmp_path / "metrics.txt").read_text("utf-8")
    assert refused.startswith("2\n")
    assert files_with(tmp_path, (*PLANTED, *SECRETS, link[1])) == []


def test_nobody_can_print_the_settings_secrets_by_accident() -> None:
    secret = {
        "secret_keys": KEY,
        "telegram_token": TOKEN,
        "telegram_tokens": TOKEN,
        "telegram_webhook_secret": "planted-webhook-secret",
        "slack_bot_token": "xoxb-planted-secret-1",
        "slack_app_token": "xapp-planted-secret-2",
        "slack_signing_secret": "planted-signing-secret",
        "database_url": "postgresql://coach:planted-password@db/heartsease",
        "owners": f"telegram:{OWNER}",
    }
    shown = repr(Settings(_env_file=None, **secret)) + str(Settings(_env_file=None, **secret))  # type: ignore[arg-type]
    assert [name for name, value in secret.items() if value in shown] == []
    assert not [
        name
        for name in Settings.model_fields
        if name.endswith(("_secret", "_token", "_tokens", "_keys")) and name not in secret
    ]
    vault = Vault([KEY])
    assert KEY not in repr(vault) + str(vars(vault))
