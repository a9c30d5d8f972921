"""Addresses: ports that are asked for by number later or again and again, and a name that nobody has."""

from __future__ import annotations

import socket

# longer than a name may be (RFC 1035), so it is refused here and now: no network is asked, which may be slow to answer
NO_HOST = ".".join(["nowhere" * 9] * 4) + ".invalid"


class HeldPort:
    """A port of 127.0.0.1 that nobody else is given while this lives: bound, and never listened on.

    A server that asks for it by number gets it, as long as it sets SO_REUSEADDR, as asyncio's and uvicorn's do.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def __del__(self) -> None:
        self._socket.close()
