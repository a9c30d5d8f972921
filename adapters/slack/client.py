"""Slack's Web API: slack_sdk's client on one aiohttp session, without its retry handlers and without its log lines."""

from __future__ import annotations

import logging

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.proxy import environment_proxy

API = "https://slack.com/api/"
FAILED = (SlackApiError, aiohttp.ClientError, TimeoutError)  # what a call may end with

SILENT = logging.getLogger("heartsease.slack.silent")  # slack_sdk and bolt log payloads, in which people speak
SILENT.setLevel(logging.CRITICAL + 1)


class Web:
    """A client for one token. Must be used inside a running event loop; `patience` is seconds for any call."""

    def __init__(self, token: str, api_url: str | None, patience: float) -> None:
        base = (api_url or API).rstrip("/") + "/"
        self.proxy = environment_proxy(base)
        self._patience = patience
        self._client = AsyncWebClient(token, base, logger=SILENT, retry_handlers=[], timeout=max(1, int(patience)))
        self._client.proxy = self.proxy  # its own look at the environment forgets NO_PROXY
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, opened when first asked for."""
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=self._patience)
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    @property
    def api(self) -> AsyncWebClient:
        """The methods. They raise SlackApiError, or aiohttp's errors and TimeoutError where no answer came."""
        self._client.session = self.session
        return self._client

    async def upload(self, url: str, content: bytes) -> None:
        """Hands over a file's content. Raises aiohttp's errors, for a refusal too, and TimeoutError."""
        async with self.session.post(url, data=content, proxy=self.proxy) as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
