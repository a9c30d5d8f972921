"""The composition root at work: what runs side by side begins and ends together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app import opened
from bot.settings import Settings
from bot.spread import Spread


class Lost(Spread):
    """Fails as only a bug of ours makes it fail."""

    async def run(self, stop: asyncio.Event) -> None:
        raise ArithmeticError


async def test_what_fails_beside_the_outboxes_ends_the_process_and_is_not_swallowed(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/a.db", log_level="error")
    async with opened(settings) as app:
        app.spread = Lost(app.store.outbox, app.owner)
        with pytest.raises(ArithmeticError):
            async with asyncio.timeout(5):
                await app.run(asyncio.Event())
