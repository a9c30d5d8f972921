"""Settings: environment (HEARTSEASE_…), .env or secrets' files -> one frozen value, or an error that names the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from bot.errors import SettingsError
from bot.keeping import Keep
from bot.rehearsal import LAST_YEAR

PREFIX = "HEARTSEASE_"
ENV_FILE = ".env"
NO_TEXT = "is not text in UTF-8, as Windows may save it; save it as UTF-8"
TELEGRAM_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}")
SLACK_BOT_TOKEN, SLACK_APP_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,}"), re.compile(r"xapp-[A-Za-z0-9-]{10,}")
# Another server than the platform's own may give out shorter ones.
ANY_TELEGRAM_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
ANY_SLACK_BOT_TOKEN, ANY_SLACK_APP_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]+"), re.compile(r"xapp-[A-Za-z0-9-]+")
OWNER = re.compile(r"telegram:\d+|slack:[^\s/*]+/[^\s/*]+|(web|terminal):\S+")
TELEGRAM_URL = "https://api.telegram.org"
SLACK_URL = "https://slack.com/api/"
WHOLE_ADDRESSES = {  # settings that are one, each with an example
    "telegram_api_url": "http://127.0.0.1:8081",
    "telegram_webhook_url": "https://coach.example.org",
    "slack_api_url": SLACK_URL,
    "traces_url": "http://127.0.0.1:4318",
}


class Settings(BaseSettings):
    """Every setting, with its meaning; docs/settings.md shows the same table and a test compares them."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    database_url: str = Field("sqlite:///var/heartsease.db", repr=False, description="SQLite file, or postgresql://…")
    secret_keys: str = Field(
        "", repr=False, description="comma-separated Fernet keys, newest first; made beside a new SQLite file"
    )
    telegram_token: str = Field("", repr=False, description="the bot's token, from BotFather")
    telegram_tokens: str = Field("", repr=False, description="several bots' tokens, comma-separated")
    telegram_api_url: str = Field(TELEGRAM_URL, description="base of a Bot API server, e.g. a self-hosted one")
    telegram_webhook_url: str = Field("", description="public https address: webhook instead of polling")
    telegram_webhook_secret: str = Field("", repr=False, description="Telegram sends it back with every update")
    telegram_rate: float = Field(28, gt=0, allow_inf_nan=False, description="messages a second for one bot")
    telegram_chat_rate: float = Field(
        1, gt=0, allow_inf_nan=False, description="messages a second in one private chat (burst 3)"
    )
    slack_bot_token: str = Field("", repr=False, description="the installed app's bot token, xoxb-…")
    slack_app_token: str = Field("", repr=False, description="its app-level token, xapp-…: Socket Mode")
    slack_signing_secret: str = Field("", repr=False, description="its signing secret: HTTP mode at /slack/events")
    slack_api_url: str = Field(SLACK_URL, description="base of the Web API, /api/ included")
    slack_rate: float = Field(1, gt=0, allow_inf_nan=False, description="messages a second in one channel")
    owners: str = Field(
        "", repr=False, description="who invites facilitators: telegram:<user id>, slack:<team>/<user>, comma-separated"
    )
    minimum_age: int = Field(
        18, ge=13, le=99, description="from which age on people take part: they say so when they agree"
    )
    research: str = Field(
        "", description="who does research with figures of those who allow it, and on what; empty: nobody is asked"
    )
    http_host: str = Field("127.0.0.1", description="address of health, metrics, webhooks and the browser chat")
    http_port: int = Field(8080, ge=0, le=65535, description="port of the same; 0 takes a free one")
    rehearsal: str = Field("", description="start=2026-03-02T05:00:00Z,speed=1: a settable clock")
    rehearsal_confirm: str = Field("", description="yes: rehearse although real platforms are configured")
    keep_sent_days: int = Field(30, ge=1, le=3650, description="days for which messages are kept once they were sent")
    keep_received_days: int = Field(
        8, ge=3, le=3650, description="days for which an input is known again; longer than any platform repeats it"
    )
    keep_left_days: int = Field(
        0, ge=0, le=3650, description="days after which those who left the course are erased; 0: when they say so"
    )
    keep_audit_days: int = Field(730, ge=1, le=3650, description="days for which the audit is kept")
    log_level: str = Field("info", description="debug, info, warning or error")
    log_format: str = Field("console", description="console, or json for machines")
    traces_url: str = Field("", description="an OpenTelemetry collector (OTLP over HTTP), e.g. http://127.0.0.1:4318")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given wins, then the environment, .env, and files such as /run/secrets/heartsease_secret_keys."""
        files = _SecretFiles(settings_cls, secrets_dir=secret_folders())
        return init_settings, env_settings, dotenv_settings, files

    @field_validator(*WHOLE_ADDRESSES)
    @classmethod
    def _is_url(cls, value: str, info: ValidationInfo) -> str:
        name = str(info.field_name)
        value = value or str(cls.model_fields[name].default)  # left empty, a platform's address is its own
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError(f"write a whole address such as {WHOLE_ADDRESSES[name]}")
        return value.rstrip("/")

    @field_validator("http_host")
    @classmethod
    def _is_meant(cls, value: str) -> str:
        if not value:  # to a socket it would mean every network
            raise ValueError("is empty; write 127.0.0.1, or 0.0.0.0 if every network shall reach it")
        return value

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, value: str) -> str:
        if value.lower() not in ("debug", "info", "warning", "error"):
            raise ValueError("write debug, info, warning or error")
        return value.lower()

    @field_validator("log_format")
    @classmethod
    def _is_format(cls, value: str) -> str:
        if value.lower() not in ("console", "json"):
            raise ValueError("write console or json")
        return value.lower()

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The Telegram bots' tokens, each once."""
        both = f"{self.telegram_token},{self.telegram_tokens}"
        return tuple(dict.fromkeys(token.strip() for token in both.split(",") if token.strip()))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The encryption keys, newest first; a key file's lines will do as well as commas."""
        return tuple(self.secret_keys.replace(",", " ").split())

    @cached_property
    def owners_named(self) -> frozenset[str]:
        """The owners, each as platform:id."""
        return frozenset(name.strip() for name in self.owners.split(",") if name.strip())

    @cached_property
    def rehearsing(self) -> tuple[datetime, float] | None:
        """Start (UTC) and speed of the rehearsal clock; None where time is real."""
        if not self.rehearsal:
            return None
        parts = dict(part.partition("=")[::2] for part in self.rehearsal.replace(" ", "").split(","))
        try:
            start, speed = datetime.fromisoformat(parts.pop("start")), float(parts.pop("speed", "1"))
        except (KeyError, ValueError) as error:
            raise SettingsError(f"{PREFIX}REHEARSAL", "write start=2026-03-02T05:00:00Z,speed=1") from error
        if not 1970 < start.year < LAST_YEAR:
            raise SettingsError(f"{PREFIX}REHEARSAL", f"starts outside the years 1971 to {LAST_YEAR - 1}")
        if parts or start.tzinfo is None or not 0 <= speed <= 1_000_000:
            raise SettingsError(f"{PREFIX}REHEARSAL", "write start=<ISO time with Z>,speed=<0 or more>, nothing else")
        return start.astimezone(UTC), speed

    @cached_property
    def keep(self) -> Keep:
        """How long what is kept."""
        left = timedelta(days=self.keep_left_days) if self.keep_left_days else None
        sent, received = timedelta(days=self.keep_sent_days), timedelta(days=self.keep_received_days)
        return Keep(sent=sent, received=received, left=left, audit=timedelta(days=self.keep_audit_days))

    def checked(self) -> Settings:
        """Itself, after the rules that concern several settings.

        Raises:
            SettingsError: names the setting and the fix.
        """
        for problem in self.problems():
            raise problem
        return self

    def problems(self) -> Iterator[SettingsError]:
        """What the rules that concern several settings find."""
        shape, shortest = (TELEGRAM_TOKEN, 16) if self._telegrams_own else (ANY_TELEGRAM_TOKEN, 1)
        for token in self.tokens:
            if not shape.fullmatch(token):
                name = "TELEGRAM_TOKEN" if token == self.telegram_token else "TELEGRAM_TOKENS"
                fix = "is not a bot token; copy it from BotFather, it looks like 123456789:AA…"
                yield SettingsError(f"{PREFIX}{name}", fix)
        if not all(OWNER.fullmatch(name) for name in self.owners_named):
            fix = "write telegram:<user id> or slack:<team>/<user>, several with commas between them"
            yield SettingsError(f"{PREFIX}OWNERS", fix)
        secret = self.telegram_webhook_secret
        if self.telegram_webhook_url and not secret:
            fix = f"is missing; with {PREFIX}TELEGRAM_WEBHOOK_URL set, choose a long random word of letters and digits"
            yield SettingsError(f"{PREFIX}TELEGRAM_WEBHOOK_SECRET", fix)
        if self.telegram_webhook_url.startswith("http:") and self._telegrams_own:
            yield SettingsError(f"{PREFIX}TELEGRAM_WEBHOOK_URL", "must begin with https: Telegram calls nothing else")
        if secret and not re.fullmatch(rf"[A-Za-z0-9_-]{{{shortest},256}}", secret):
            yield SettingsError(f"{PREFIX}TELEGRAM_WEBHOOK_SECRET", f"use {shortest} to 256 letters, digits, - and _")
        yield from self._slack_problems()
        try:
            rehearsing = self.rehearsing
        except SettingsError as problem:
            yield problem
            return
        if rehearsing and self._real_platform and self.rehearsal_confirm.lower() != "yes":
            fix = f"would speak to real people; set {PREFIX}{self._real_platform}, or {PREFIX}REHEARSAL_CONFIRM=yes"
            yield SettingsError(f"{PREFIX}REHEARSAL", fix)

    def _slack_problems(self) -> Iterator[SettingsError]:
        bot, app, secret = self.slack_bot_token, self.slack_app_token, self.slack_signing_secret
        of_bot, of_app = (
            (SLACK_BOT_TOKEN, SLACK_APP_TOKEN) if self._slacks_own else (ANY_SLACK_BOT_TOKEN, ANY_SLACK_APP_TOKEN)
        )
        if bot and not of_bot.fullmatch(bot):
            fix = "is not a bot token; copy it from Install App, it looks like xoxb-…"
            yield SettingsError(f"{PREFIX}SLACK_BOT_TOKEN", fix)
        if app and not of_app.fullmatch(app):
            fix = (
                "is not an app-level token; make one with connections:write in Basic Information, it begins with xapp-"
            )
            yield SettingsError(f"{PREFIX}SLACK_APP_TOKEN", fix)
        if bot and not (app or secret):
            fix = f"is missing; make one in Basic Information (or set {PREFIX}SLACK_SIGNING_SECRET for HTTP mode)"
            yield SettingsError(f"{PREFIX}SLACK_APP_TOKEN", fix)
        if (app or secret) and not bot:
            fix = "is missing; install the app in its Install App page, and copy the token that begins with xoxb-"
            yield SettingsError(f"{PREFIX}SLACK_BOT_TOKEN", fix)

    @property
    def _real_platform(self) -> str:
        """The setting by which a configured platform's own servers would be spoken to; empty if there is none."""
        if self.tokens and self._telegrams_own:
            return "TELEGRAM_API_URL"
        if self.slack_bot_token and self._slacks_own:
            return "SLACK_API_URL"
        return ""

    @property
    def _telegrams_own(self) -> bool:
        """Whether the Bot API is Telegram's own, and no server of somebody else."""
        return _host(self.telegram_api_url).endswith("telegram.org")

    @property
    def _slacks_own(self) -> bool:
        """Whether the Web API is Slack's own."""
        return _host(self.slack_api_url).endswith("slack.com")


class _SecretFiles(SecretsSettingsSource):
    """Secrets that are files; one that is no text is named by its setting."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        try:
            return super().get_field_value(field, field_name)
        except UnicodeDecodeError:
            raise SettingsError(f"{PREFIX}{field_name.upper()}", f"its file {NO_TEXT}") from None


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def secret_folders() -> list[Path]:
    """Where containers and systemd (LoadCredential) put secrets: a file for each, named like its setting."""
    folders = ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return [Path(folder) for folder in folders if folder and Path(folder).is_dir()]


def load(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` win.

    Raises:
        SettingsError: a setting is wrong; says its name and the fix, never its value.
    """
    try:
        return read(**overrides).checked()
    except ValidationError as error:
        raise problems_in(error)[0] from None


def read(**overrides: Any) -> Settings:
    """The settings before the rules that concern several of them.

    Raises:
        SettingsError: a file of settings cannot be read.
        ValidationError: settings are wrong, each by itself.
    """
    try:
        return Settings(**overrides)
    except UnicodeDecodeError:
        raise SettingsError(ENV_FILE, NO_TEXT) from None
    except PermissionError as error:
        raise _forbidden(error) from None
    except SourceError as error:  # around what went wrong with the file of a secret
        match error.__cause__:
            case SettingsError() as problem:
                raise problem from None
            case PermissionError() as problem:
                raise _forbidden(problem) from None
        raise


def _forbidden(error: PermissionError) -> SettingsError:
    return SettingsError(str(error.filename), "may not be read by this user; make it its own: chown")


def problems_in(error: ValidationError) -> list[SettingsError]:
    """Each wrong setting's name and fix."""
    return [
        SettingsError(f"{PREFIX}{str(one['loc'][0]).upper()}", str(one["msg"]).removeprefix("Value error, "))
        for one in error.errors(include_input=False, include_url=False)
    ]
