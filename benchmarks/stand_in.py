"""The stand-in Bot API server of the tests, which moreover talks to bots by itself and notes when their replies come.

`python -m benchmarks.stand_in --port N [--bots B] [--strict]`: strict is Telegram's own limits and every check.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from random import Random
from typing import Any

import typer
from aiohttp import web

from tests.standin.telegram import TOKEN, BotLine, Limits, Person, StandIn

PATIENCE = 60.0  # seconds that a reply may take


class Talkative(StandIn):
    """`sent` are the messages that were taken: their monotonic times and chats.

    POST /standin/says {text, people, first, each}: all of them write to every bot at once, so many times each.
    POST /standin/converse {text, people, first, each, every, seed}: every one writes, and again once the reply is
    there, or with `every` once so many seconds, on average, have passed between two messages of anybody's. Answers with
    the milliseconds that each reply took.
    POST /standin/people {people, first} makes them known. /standin/sent: what was sent, /standin/taken: how much,
    /standin/refused: why, for each call that was.
    """

    def __init__(self, *, strict: bool, tokens: tuple[str, ...], port: int) -> None:
        limits = Limits() if strict else Limits.raised()
        super().__init__(checks="full" if strict else "off", limits=limits, tokens=tokens, port=port)
        self.sent: list[tuple[float, int]] = []
        self._awaited: dict[tuple[str, int], asyncio.Future[float]] = {}

    async def _serve(self, line: BotLine, method: str, params: Mapping[str, str]) -> web.Response:
        response = await super()._serve(line, method, params)
        if method == "sendMessage" and response.status == 200:
            now, chat = time.monotonic(), int(params["chat_id"])
            self.sent.append((now, chat))
            if (waiting := self._awaited.pop((line.token, chat), None)) is not None:
                waiting.set_result(now)
        return response

    async def _control(self, request: web.BaseRequest) -> web.Response:
        asked: dict[str, Any] = {"people": 1, "first": 1, "text": "hello", "each": 1, "every": 0.0, "seed": 1}
        asked |= json.loads(await request.read() or b"{}")
        people = range(int(asked["first"]), int(asked["first"]) + int(asked["people"]))
        match request.path.removeprefix("/standin/"):
            case "people":
                self._known(people)
            case "says":
                for person in self._known(people) * asked["each"]:
                    person.says(asked["text"])
            case "converse":
                hold = self._paced if asked["every"] else self._eager
                replies = await hold(people, asked["text"], asked["each"], asked["every"], asked["seed"])
                return web.json_response(replies)
            case "sent":
                return web.json_response(self.sent)
            case "refused":
                return web.json_response([call.problem for call in self.refusals])
            case "taken":
                return web.json_response(len(self.sent))
            case _:
                return await super()._control(request)
        return web.json_response({})

    def _known(self, people: range) -> list[Person]:
        """These people, as each bot knows them."""
        return [self.person(number, token=token) for number in people for token in self.bots]

    async def _eager(self, people: range, text: str, each: int, *_: float) -> list[float]:
        async def talk(number: int) -> list[float]:
            return [await self._reply(number, text) for _ in range(each)]

        return [one for some in await asyncio.gather(*map(talk, people)) for one in some]

    async def _paced(self, people: range, text: str, each: int, every: float, seed: int) -> list[float]:
        random, replies = Random(seed), []
        for turn in range(len(people) * each):
            replies.append(asyncio.create_task(self._reply(people[turn % len(people)], text)))
            await asyncio.sleep(random.expovariate(1 / every))
        return list(await asyncio.gather(*replies))

    async def _reply(self, number: int, text: str) -> float:
        """Milliseconds until the first bot answered."""
        key = self.line.token, number
        self._awaited[key] = asyncio.get_running_loop().create_future()
        began = time.monotonic()
        waiting = self._awaited[key]
        self.person(number).says(text)
        return 1000 * (await asyncio.wait_for(waiting, PATIENCE) - began)


def token(number: int) -> str:
    """The token of a bot, the first of which is 0."""
    own = TOKEN.partition(":")
    return f"{int(own[0]) + number}:{own[2]}"


def main(port: int = 0, bots: int = 1, strict: bool = False) -> None:
    """Serves until stopped; says its address and the tokens."""

    async def serve() -> None:
        tokens = tuple(token(number) for number in range(bots))
        async with Talkative(strict=strict, tokens=tokens, port=port) as server:
            print(server.url, *tokens, flush=True)
            await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    typer.run(main)
