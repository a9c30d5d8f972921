"""The product as its operator runs it: `python -m bot run` in a process of its own, steered over HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from tests.standin.addresses import HeldPort

ROOT = Path(__file__).parents[2]
START = 60.0  # seconds that a start may take on a busy machine
STOP = 12.0  # seconds; `run` promises to exit within ten
SHORT = 8  # characters: what has fewer comes to stand in random ids and in times by chance


@dataclass(slots=True)
class Running:
    """One `run` process that can be killed and started again on the same database."""

    folder: Path
    settings: dict[str, str]
    command: tuple[str, ...] = ("run",)
    starts: int = 0
    patience: float = START
    _port: HeldPort = field(default_factory=HeldPort)
    _process: asyncio.subprocess.Process | None = None
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=90, trust_env=False))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            if self._process is not None and self._process.returncode is None:
                await self.kill()
            await self._http.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.terminate()
        finally:
            await self._http.aclose()

    @property
    def port(self) -> int:
        """The same at every start."""
        return self._port.number

    @property
    def url(self) -> str:
        """Where its HTTP side is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def start(self, until: int = 200) -> None:
        """Starts the process and waits until /readyz answers with this status."""
        await self.begin()
        await self.until_ready(until)

    async def begin(self) -> None:
        """Starts the process and waits for nothing."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("HEARTSEASE_")}
        mine = {"DATABASE_URL": f"sqlite:///{self.folder}/heartsease.db", "HTTP_PORT": str(self.port)}
        names = {f"HEARTSEASE_{key}": value for key, value in (mine | self.settings).items()}
        self.starts += 1
        with (self.folder / f"log-{self.starts}.txt").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *self.command, cwd=ROOT, env=plain | names, stdout=log, stderr=log
            )

    async def until_ready(self, status: int = 200) -> None:
        """Waits until /readyz answers with this status."""
        await self._until("/readyz", status)

    async def until_alive(self) -> None:
        """Waits until it answers at all."""
        await self._until("/healthz", 200)

    async def _until(self, path: str, status: int) -> None:
        async with asyncio.timeout(self.patience):
            while True:
                assert self._process is not None
                assert self._process.returncode is None, self.log()
                try:
                    if (await self._http.get(f"{self.url}{path}")).status_code == status:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9: no goodbye."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit code. What goes on all the same is killed, and that is a failure."""
        if self._process is None or self._process.returncode is not None:
            return self._process.returncode or 0 if self._process else 0
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"it went on for {STOP} s after SIGTERM:\n{self.log()[-4000:]}") from None

    def log(self) -> str:
        """All that it logged."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log-*.txt")))

    def tells(self, *secrets: str) -> list[str]:
        """Which of these stand in what it logged; a short one as a word of its own."""
        log = self.log()
        words = (rf"(?<![\w-]){re.escape(one)}(?![\w-])" if len(one) < SHORT else re.escape(one) for one in secrets)
        return [one for one, word in zip(secrets, words, strict=True) if re.search(word, log)]

    async def get(self, path: str) -> httpx.Response:
        """A GET to its HTTP side."""
        return await self._http.get(f"{self.url}{path}")

    async def status(self) -> dict[str, Any]:
        """GET /rehearsal."""
        answer: dict[str, Any] = (await self.get("/rehearsal")).raise_for_status().json()
        return answer

    async def rests(self, waiting: Callable[[], bool]) -> dict[str, Any]:
        """Waits until nothing is `waiting` at a platform and all is idle; the status then.

        It looks less and less often: each look takes its time from the work that it waits for.
        """
        pause = 0.005
        while True:
            if not waiting():
                status = await self.status()
                if status["idle"] and not waiting():
                    return status
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, 0.05)

    async def move(self, to: str) -> dict[str, Any]:
        """POST /rehearsal."""
        response = await self._http.post(f"{self.url}/rehearsal", json={"to": to})
        assert response.status_code == 200, (response.status_code, response.text, self.log()[-2000:])
        answer: dict[str, Any] = response.json()
        return answer
