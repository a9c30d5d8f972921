"""Settings: what is wrong is named, with its fix and never with its value."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.settings import PREFIX, Settings, load

TOKEN = "123456789:AAHk3n5secret5secret5secret5secret5"
OTHER = "987654321:AAHk3n5second5second5second5second5"
SECRET = "a-long-random-secret"
BOT, APP = "xoxb-12345-s3cret5ecret", "xapp-1-A1-s3cret5ecret"
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(HEARTSEASE_\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, and no .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name}".upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return


# the setting that is named, what is set, and a piece of the fix
WRONG: list[tuple[str, dict[str, str], str]] = [
    ("TELEGRAM_TOKEN", {"telegram_token": "my-t0ken-of-sorts"}, "BotFather"),
    ("TELEGRAM_TOKENS", {"telegram_token": TOKEN, "telegram_tokens": f"{OTHER},n0nsense"}, "BotFather"),
    ("TELEGRAM_API_URL", {"telegram_api_url": "botserver:8081"}, "write a whole address"),
    ("TELEGRAM_API_URL", {"telegram_api_url": "ftp://files.invalid"}, "write a whole address"),
    ("TELEGRAM_WEBHOOK_URL", {"telegram_webhook_url": "coach.invalid/hook"}, "such as https://coach.example.org"),
    (
        "TELEGRAM_WEBHOOK_URL",
        {"telegram_webhook_url": "http://coach.invalid", "telegram_webhook_secret": SECRET},
        "begin with https",
    ),
    ("TELEGRAM_WEBHOOK_SECRET", {"telegram_webhook_url": "https://coach.invalid"}, "is missing"),
    ("TELEGRAM_WEBHOOK_SECRET", {"telegram_webhook_secret": "sh0rt"}, "16 to 256"),
    ("TELEGRAM_WEBHOOK_SECRET", {"telegram_webhook_secret": "not all of these fit!"}, "letters, digits"),
    ("SLACK_BOT_TOKEN", {"slack_bot_token": "xoxp-a-pers0ns-token", "slack_app_token": APP}, "looks like xoxb-"),
    ("SLACK_APP_TOKEN", {"slack_bot_token": BOT, "slack_app_token": "xoxb-n0t-for-this"}, "begins with xapp-"),
    ("SLACK_APP_TOKEN", {"slack_bot_token": BOT}, "or set HEARTSEASE_SLACK_SIGNING_SECRET"),
    ("SLACK_BOT_TOKEN", {"slack_app_token": APP}, "is missing"),
    ("SLACK_BOT_TOKEN", {"slack_signing_secret": SECRET}, "is missing"),
    ("SLACK_API_URL", {"slack_api_url": "slack:8081"}, "write a whole address"),
    ("SLACK_RATE", {"slack_rate": "0"}, "greater than 0"),
    ("TELEGRAM_RATE", {"telegram_rate": "fast"}, "number"),
    ("TELEGRAM_RATE", {"telegram_rate": "0"}, "greater than 0"),
    ("TELEGRAM_CHAT_RATE", {"telegram_chat_rate": "-1"}, "greater than 0"),
    ("TELEGRAM_CHAT_RATE", {"telegram_chat_rate": "nan"}, "finite"),
    ("TELEGRAM_RATE", {"telegram_rate": "inf"}, "finite"),
    ("OWNERS", {"owners": "Agnes"}, "write telegram:"),
    ("OWNERS", {"owners": "telegram:7, telegram:*"}, "write telegram:"),
    ("OWNERS", {"owners": "slack:T1"}, "slack:<team>/<user>"),
    ("HTTP_PORT", {"http_port": "eighty"}, "integer"),
    ("HTTP_PORT", {"http_port": "65536"}, "less than or equal to 65535"),
    ("HTTP_PORT", {"http_port": "-80"}, "greater than or equal to 0"),
    ("HTTP_HOST", {"http_host": " "}, "is empty; write 127.0.0.1"),
    ("REHEARSAL", {"rehearsal": "tomorrow"}, "write start="),
    ("REHEARSAL", {"rehearsal": "speed=5"}, "write start="),
    ("REHEARSAL", {"rehearsal": "start=2026-03-02T05:00:00"}, "with Z"),
    ("REHEARSAL", {"rehearsal": "start=2026-13-02T05:00:00Z"}, "write start="),
    ("REHEARSAL", {"rehearsal": "start=2026-04-02T05:00:00Z,speed=quick"}, "write start="),
    ("REHEARSAL", {"rehearsal": "start=2026-03-02T05:00:00Z,speed=-7"}, "0 or more"),
    ("REHEARSAL", {"rehearsal": "start=9999-12-31T23:00:00-02:00"}, "outside the years"),
    ("REHEARSAL", {"rehearsal": "start=0001-01-01T00:00:00+02:00"}, "outside the years"),
    ("REHEARSAL", {"rehearsal": "start=2026-03-02T05:00:00Z,sped=1"}, "nothing else"),
    (
        "REHEARSAL",
        {"rehearsal": "start=2026-03-02T05:00:00Z", "telegram_token": TOKEN},
        "set HEARTSEASE_TELEGRAM_API_URL",
    ),
    (
        "REHEARSAL",
        {"rehearsal": "start=2026-03-02T05:00:00Z", "slack_bot_token": BOT, "slack_app_token": APP},
        "set HEARTSEASE_SLACK_API_URL, or HEARTSEASE_REHEARSAL_CONFIRM=yes",
    ),
    (
        "REHEARSAL",
        {"rehearsal": "start=2026-03-02T05:00:00Z", "telegram_token": TOKEN, "telegram_api_url": ""},
        "API_URL",
    ),
    (
        "REHEARSAL",
        {
            "rehearsal": "start=2026-03-02T05:00:00Z",
            "slack_bot_token": BOT,
            "slack_app_token": APP,
            "slack_api_url": " ",
        },
        "API_URL",
    ),
    ("TELEGRAM_TOKEN", {"telegram_token": "my-t0ken-of-sorts", "telegram_api_url": "http://127.0.0.1:1"}, "BotFather"),
    ("TRACES_URL", {"traces_url": "collector:4318"}, "write a whole address"),
    ("LOG_LEVEL", {"log_level": "loud"}, "debug, info, warning or error"),
    ("LOG_FORMAT", {"log_format": "xml"}, "console or json"),
]


@pytest.mark.parametrize(("setting", "wrong", "fix"), WRONG, ids=[f"{s}-{n}" for n, (s, *_) in enumerate(WRONG)])
def test_a_wrong_value_is_named_with_its_fix_and_never_shown(
    setting: str, wrong: dict[str, str], fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    with pytest.raises(SettingsError, match=re.escape(fix)) as caught:
        load()
    assert caught.value.setting == f"{PREFIX}{setting}"
    said = str(caught.value).removeprefix(f"{PREFIX}{setting}")
    assert not any(part in said for value in wrong.values() for part in value.split(",") if len(part) > 5)


GOOD: list[dict[str, Any]] = [
    {},
    {"telegram_token": TOKEN},
    {"telegram_webhook_url": "https://coach.invalid/", "telegram_webhook_secret": SECRET, "telegram_token": TOKEN},
    {"rehearsal": "start=2026-03-02T05:00:00Z,speed=0"},
    {"rehearsal": "start=2026-03-02T05:00:00Z", "telegram_token": TOKEN, "telegram_api_url": "http://127.0.0.1:1"},
    {"rehearsal": "start=2026-03-02T05:00:00Z", "telegram_token": TOKEN, "rehearsal_confirm": "yes"},
    {"http_port": "0", "log_level": "DEBUG", "log_format": "Json"},
    {"slack_bot_token": BOT, "slack_app_token": APP, "slack_signing_secret": SECRET, "telegram_token": TOKEN},
    {"slack_bot_token": BOT, "slack_signing_secret": SECRET},
    {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "slack_api_url": "http://127.0.0.1:1/api/"},
    {"telegram_token": "1:x", "telegram_tokens": "2:y", "telegram_api_url": "http://127.0.0.1:1"},
    {
        "telegram_webhook_url": "http://127.0.0.1:1",
        "telegram_webhook_secret": "s",
        "telegram_api_url": "http://127.0.0.1:1",
    },
    {
        "rehearsal": "start=2026-03-02T05:00:00Z",
        "slack_bot_token": BOT,
        "slack_app_token": APP,
        "slack_api_url": "http://127.0.0.1:1/api/",
    },
]


@pytest.mark.parametrize("good", GOOD)
def test_good_settings_are_taken(good: dict[str, Any]) -> None:
    assert list(load(**good).problems()) == []


def test_blanks_around_a_value_do_not_count_and_an_empty_address_is_the_platforms_own() -> None:
    settings = load(
        log_level=" INFO ", slack_api_url="", telegram_api_url="  ", rehearsal=" ", telegram_tokens=f" {TOKEN} "
    )
    assert (settings.log_level, settings.rehearsing, settings.tokens) == ("info", None, (TOKEN,))
    assert (settings.telegram_api_url, settings.slack_api_url) == (load().telegram_api_url, load().slack_api_url)


def test_every_wrong_setting_is_found_not_only_the_first() -> None:
    settings = Settings(telegram_token="x", telegram_tokens="y", telegram_webhook_secret="z", rehearsal="now")
    named = [problem.setting.removeprefix(PREFIX) for problem in settings.problems()]
    assert named == ["TELEGRAM_TOKEN", "TELEGRAM_TOKENS", "TELEGRAM_WEBHOOK_SECRET", "REHEARSAL"]


def test_a_line_in_dotenv_counts_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HEARTSEASE_HTTP_PORT=9000\nHEARTSEASE_LOG_LEVEL=error\nOTHER=1\n")
    monkeypatch.setenv("HEARTSEASE_HTTP_PORT", "9001")
    assert (load().http_port, load().log_level) == (9001, "error")
    assert load(_env_file=None).log_level == "info"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_dotenv_that_windows_saved_is_named_with_the_fix(encoding: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(f"HEARTSEASE_TELEGRAM_TOKEN={TOKEN}\nHEARTSEASE_RESEARCH=café\n".encode(encoding))
    with pytest.raises(SettingsError, match=r"^\.env: is not text in UTF-8") as refused:
        load()
    assert refused.value.__cause__ is None


def test_a_dotenv_that_this_user_may_not_read_is_named_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / ".env").touch(0o000)
    us = os.geteuid()
    try:
        os.seteuid(us or 65534)  # root may read everything, nobody may not
        with pytest.raises(SettingsError, match=r"^\.env: may not be read by this user"):
            load()
    finally:
        os.seteuid(us)


def test_a_secret_may_be_a_file_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "heartsease_telegram_token").write_text(f"{TOKEN}\n")
    (tmp_path / "heartsease_secret_keys").write_text("kept")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("HEARTSEASE_SECRET_KEYS", "given")
    assert (load().tokens, load().keys) == ((TOKEN,), ("given",))


def test_the_lines_of_a_key_file_are_keys_as_they_stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Joined by line ends, base64 would read the first and take no notice of the others."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "heartsease_secret_keys").write_text("new=\nold=\n")
    assert load().keys == ("new=", "old=")


def test_a_secrets_file_that_windows_saved_is_named_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "heartsease_telegram_token").write_bytes(TOKEN.encode("utf-16"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SettingsError, match=r"^HEARTSEASE_TELEGRAM_TOKEN: its file is not text in UTF-8") as refused:
        load()
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("shut", ["secrets", "secrets/heartsease_telegram_token"])
def test_secrets_that_this_user_may_not_read_are_named_with_the_fix(
    shut: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "heartsease_telegram_token").write_text(TOKEN)
    tmp_path.chmod(0o755)  # we stand in it, and what is above is not asked
    (tmp_path / shut).chmod(0o000)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "secrets")
    us = os.geteuid()
    try:
        os.seteuid(us or 65534)  # root may read everything, nobody may not
        with pytest.raises(SettingsError, match=rf"{shut}: may not be read by this user"):
            load()
    finally:
        os.seteuid(us)
        (tmp_path / shut).chmod(0o700)


def test_tokens_and_keys_are_told_apart_each_once() -> None:
    settings = load(telegram_token=TOKEN, telegram_tokens=f" {OTHER} ,{TOKEN},", secret_keys="new, old ,")
    assert settings.tokens == (TOKEN, OTHER)
    assert settings.keys == ("new", "old")


def test_the_rehearsal_is_read_in_utc() -> None:
    settings = load(rehearsal="start=2026-03-02T06:00:00+01:00, speed=60")
    assert settings.rehearsing == (datetime(2026, 3, 2, 5, tzinfo=UTC), 60.0)


def test_no_secret_is_in_the_settings_shown() -> None:
    key, url = "k3y" * 10, "postgresql://ana:pa55word@db/x"
    settings = load(
        telegram_token=TOKEN, secret_keys=key, database_url=url, telegram_webhook_secret=SECRET, telegram_tokens=OTHER
    )
    assert not any(secret in repr(settings) + str(settings) for secret in (TOKEN, OTHER, key, "pa55word", SECRET))
    settings = load(slack_bot_token=BOT, slack_app_token=APP, slack_signing_secret=SECRET)
    assert not any(secret in repr(settings) + str(settings) for secret in (BOT, APP, SECRET))


def test_the_settings_in_the_docs_are_the_settings_that_exist() -> None:
    documented = [
        (name, default.strip("`"), meaning) for name, default, meaning in ROW.findall(DOCS.read_text("utf-8"))
    ]
    assert documented == [
        (f"{PREFIX}{name.upper()}", "none" if field.default == "" else str(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]
