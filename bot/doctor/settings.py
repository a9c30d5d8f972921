"""Settings: what is wrong with them, what was misspelt, who else can read them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError

from bot.doctor.finding import Finding
from bot.errors import SettingsError
from bot.settings import ENV_FILE, PREFIX, Settings, problems_in, read, secret_folders

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PROCESSES = Path("/proc")


def settings_there() -> tuple[Settings | None, list[Finding]]:
    """The settings if they can be used, and what is wrong with them."""
    try:
        settings = read()
        problems = list(settings.problems())
    except SettingsError as problem:
        settings, problems = None, [problem]
    except ValidationError as error:
        settings, problems = None, problems_in(error)
    if not problems:
        return settings, [Finding("✓", "settings can be read")]
    return None, [Finding("✗", problem.setting, problem.fix) for problem in problems]


def strange_names() -> Iterator[Finding]:
    """Variables that start like ours and are none: probably a slip of the hand."""
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    lines = _lines()
    for line in lines:
        if line.error:
            mend = "write HEARTSEASE_NAME=value there, with both quotation marks or none"
            yield Finding("!", f"line {line.original.line} of {ENV_FILE} is not understood", mend)
    written = {line.key for line in lines if line.key}
    files = _secrets()
    for name in sorted({*os.environ, *written, *files}):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1, cutoff=0.0)[0]
            yield Finding("!", f"{name} is no setting of this version", f"did you mean {near}? See docs/settings.md")
        elif name in written and f"{PREFIX}{name}".upper() in known:
            yield Finding("!", f"{name} in {ENV_FILE} is not read", f"call it {PREFIX}{name.upper()}")
        elif name in files and f"{PREFIX}{name}".upper() in known:
            yield Finding("!", f"the secret {name} is not read", f"call it {PREFIX.lower()}{name.lower()}")


def _secrets() -> set[str]:
    """The names of files in the folders of secrets, as far as they can be read."""
    try:
        return {file.name for folder in secret_folders() for file in folder.iterdir()}
    except OSError:  # that is told already
        return set()


def _lines() -> Sequence[Binding]:
    """The lines of .env, as far as they can be read."""
    try:
        with Path(ENV_FILE).open(encoding="utf-8") as file:
            return list(parse_stream(file))
    except (OSError, UnicodeDecodeError):  # there is none, or that is told already
        return ()


def read_by_others() -> Iterator[Finding]:
    """Whether other users of this machine can read the settings' file."""
    file = Path(ENV_FILE)
    if file.exists() and file.stat().st_mode & 0o077:
        yield Finding("✗", f"others can read {file}", f"run: chmod 600 {file}")


def told(settings: Settings) -> Iterator[Finding]:
    """Settings that can be used, and are seldom meant."""
    if not settings.owners_named:
        mend = f"set {PREFIX}OWNERS to your own id, as docs/settings.md says"
        yield Finding("!", "nobody can make groups or invite facilitators", mend)
    if settings.http_host not in LOOPBACK:
        where = f"health and metrics can be read from the network, at {settings.http_host}"
        yield Finding("!", where, "let a reverse proxy pass /telegram/ and /slack/ and nothing else")
    yield from _shown_to_all(settings)


def _shown_to_all(settings: Settings) -> Iterator[Finding]:
    """Arguments of programs can be read by every user of the machine."""
    slack = settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret
    secrets = [
        one.encode() for one in (*settings.tokens, *settings.keys, *slack, settings.telegram_webhook_secret) if one
    ]
    if any(secret in line for line in _command_lines() for secret in secrets):
        mend = "give secrets in .env, in the environment or in files, never as an argument; and renew that one"
        yield Finding("✗", "a token or key stands in the list of processes", mend)


def _command_lines() -> Sequence[bytes]:
    found = []
    for process in PROCESSES.glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes())
        except OSError:  # it ended, or is somebody else's
            continue
    return found
