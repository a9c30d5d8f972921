"""The platforms: whether they know our tokens, agree with our clock, and can reach us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from bot.doctor.finding import Finding
from bot.settings import PREFIX, TELEGRAM_URL, Settings

PATIENCE = 5.0  # seconds for a platform's answer
APART = 60.0  # seconds that our clock and Telegram's may differ
WAITING = 100  # updates at Telegram that nobody fetches
WEBHOOK_PORTS = (443, 80, 88, 8443)  # https://core.telegram.org/bots/api#setwebhook


async def telegram(settings: Settings) -> AsyncIterator[Finding]:
    """Every bot, as Telegram sees it. Without a token of any platform `run` does not start, but in a rehearsal."""
    if not settings.tokens and not settings.slack_bot_token and settings.rehearsing is None:
        mend = f"nobody would be written to; put BotFather's token here, or set {PREFIX}SLACK_BOT_TOKEN"
        yield Finding("✗", f"{PREFIX}TELEGRAM_TOKEN is not set", mend)
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for token in settings.tokens:
            async for found in _bot(client, settings.telegram_api_url, token):
                yield found
            async for found in _updates(client, settings, token):
                yield found


async def _bot(client: httpx.AsyncClient, base: str, token: str) -> AsyncIterator[Finding]:
    number, host = token.partition(":")[0], urlsplit(base).hostname
    try:
        answer = await client.get(f"{base}/bot{token}/getMe")
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:  # their texts hold the address, and with it the token
        mend = f"see the network, or {PREFIX}TELEGRAM_API_URL ({type(error).__name__})"
        yield Finding("!", f"bot {number}: {host} cannot be asked", mend)
        return
    match said:
        case {"ok": True, "result": {"username": str(name)}}:
            yield Finding("✓", f"bot {number} is @{name}")
        case _ if answer.status_code in (401, 404):
            yield Finding("✗", f"bot {number}: {host} does not know this token", "copy it from BotFather once more")
        case _:
            yield Finding("!", f"bot {number}: {host} answers {answer.status_code}", "try again in a while")
    for found in _clock(answer.headers.get("Date")):
        yield found


async def _updates(client: httpx.AsyncClient, settings: Settings, token: str) -> AsyncIterator[Finding]:
    """How Telegram brings a bot's updates, if it brings them."""
    number, ours = token.partition(":")[0], urlsplit(settings.telegram_webhook_url).hostname
    try:
        said = (await client.get(f"{settings.telegram_api_url}/bot{token}/getWebhookInfo")).json()
    except (httpx.HTTPError, ValueError):  # it was told already
        return
    match said:
        case {"ok": True, "result": {"url": str(url), **info}}:
            theirs = urlsplit(url).hostname
        case _:
            return
    if ours and not url:
        mend = "`run` tells it at its start; if it runs, another program polls with this token"
        yield Finding("!", f"bot {number}: Telegram does not know where to bring its updates", mend)
    if url and theirs != ours:
        mend = (
            f"it is set anew at the next start; does another program use this token, or is {PREFIX}TELEGRAM_WEBHOOK_URL"
        )
        yield Finding("!", f"bot {number}: Telegram brings its updates to {theirs}", f"{mend} missing?")
    waiting = info.get("pending_update_count")
    if isinstance(waiting, int) and waiting > WAITING:
        yield Finding("!", f"bot {number}: {waiting} updates wait at Telegram", "is `run` running with this token?")
    if url and theirs == ours and info.get("last_error_message"):
        yield Finding(
            "!", f"bot {number}: Telegram could not bring updates", "see the certificate and the reverse proxy"
        )


def _clock(date: str | None) -> Iterator[Finding]:
    """Our clock beside that of the server that sent this Date header."""
    try:
        apart = (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return
    if abs(apart) > APART:
        where = "ahead of" if apart > 0 else "behind"
        yield Finding("!", f"our clock is {abs(apart):.0f} s {where} the server's", "run: timedatectl set-ntp true")
    else:
        yield Finding("✓", "our clock agrees with the server's")


async def slack(settings: Settings) -> AsyncIterator[Finding]:
    """Whether Slack takes the tokens."""
    asked = [("SLACK_BOT_TOKEN", "auth.test", settings.slack_bot_token)]
    asked += [("SLACK_APP_TOKEN", "apps.connections.open", settings.slack_app_token)]
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for name, method, token in asked:
            if token:
                yield await _slack_token(client, settings.slack_api_url, f"{PREFIX}{name}", method, token)
    if settings.slack_bot_token and not settings.slack_app_token:
        yield Finding("✓", "Slack's events come to /slack/events, which Slack must reach over https")


async def _slack_token(client: httpx.AsyncClient, base: str, name: str, method: str, token: str) -> Finding:
    """Whether Slack takes a token. The address of a connection, if it gives one, is not used and runs out."""
    host = urlsplit(base).hostname
    try:
        answer = await client.post(f"{base.rstrip('/')}/{method}", headers={"Authorization": f"Bearer {token}"})
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Finding("!", f"{name}: {host} cannot be asked", f"see the network ({type(error).__name__})")
    match said:
        case {"ok": True, "team_id": str(team)}:
            return Finding("✓", f"the bot token is good in the workspace {team}")
        case {"ok": True}:
            return Finding("✓", "the app token opens a Socket Mode connection")
        case {"error": "missing_scope" | "not_allowed_token_type"}:
            return Finding("✗", f"{name} may not do that", "make it as deploy/slack-manifest.yaml says")
        case {"error": "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive"}:
            return Finding("✗", f"{name}: {host} does not know this token", "copy it from the app's pages once more")
    return Finding("!", f"{name}: {host} answers {answer.status_code}", "try again in a while")


def webhook(settings: Settings) -> Iterator[Finding]:
    """Whether Telegram can reach us where it is told to."""
    if not settings.telegram_webhook_url:
        return
    parts, name = urlsplit(settings.telegram_webhook_url), f"{PREFIX}TELEGRAM_WEBHOOK_URL"
    if not settings.tokens:
        yield Finding("!", f"{name} is set, and no token", f"set {PREFIX}TELEGRAM_TOKEN, or remove it")
    if settings.telegram_api_url == TELEGRAM_URL and parts.scheme != "https":
        yield Finding("✗", name, "Telegram wants an address that begins with https://")
    elif settings.telegram_api_url == TELEGRAM_URL and (parts.port or 443) not in WEBHOOK_PORTS:
        yield Finding("✗", name, f"Telegram reaches these ports only: {', '.join(map(str, WEBHOOK_PORTS))}")
    else:
        yield Finding("✓", f"updates come to {parts.scheme}://{parts.netloc.rpartition('@')[2]}")
