"""A peer: nothing but calls of sendMessage, so many in flight.

Arguments: httpx or aiohttp, base URL, token, people, in flight. When it is done it waits for SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import httpx

TEXT = "Dear all, we meet on Friday at noon in the garden. Bring nothing but yourselves."
Post = Callable[[Mapping[str, str]], Awaitable[int]]


@asynccontextmanager
async def by_httpx(url: str, in_flight: int) -> AsyncIterator[Post]:
    """A client of httpx; gives the status of a call."""
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def post(data: Mapping[str, str]) -> int:
            return (await client.post(url, data=dict(data))).status_code

        yield post


@asynccontextmanager
async def by_aiohttp(url: str, in_flight: int) -> AsyncIterator[Post]:
    """A session of aiohttp; gives the status of a call."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def post(data: Mapping[str, str]) -> int:
            async with session.post(url, data=data) as response:
                await response.read()
                return response.status

        yield post


async def main(kind: str, base: str, token: str, people: int, in_flight: int) -> None:
    """Writes to everybody once."""
    numbers = iter(range(1, people + 1))
    client = by_httpx if kind == "httpx" else by_aiohttp
    async with client(f"{base}/bot{token}/sendMessage", in_flight) as post:

        async def work() -> None:
            for number in numbers:
                status = await post({"chat_id": str(number), "text": TEXT})
                if status != 200:
                    raise RuntimeError(f"status {status}")

        await asyncio.gather(*(work() for _ in range(in_flight)))
    await asyncio.Event().wait()


if __name__ == "__main__":
    kind, base, token, *counts = sys.argv[1:]
    asyncio.run(main(kind, base, token, *map(int, counts)))
