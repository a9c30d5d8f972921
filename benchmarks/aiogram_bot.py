"""A peer: aiogram's finite state machine with its MemoryStorage, the same journal in three states.

Arguments: base URL, token. Runs in the peers' own environment: aiogram wants another pydantic than we do.
"""

from __future__ import annotations

import asyncio
import sys

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import Message

WRITING, KEPT = State("writing", "journal"), State("kept", "journal")
PAGES = 5


async def today(message: Message) -> None:
    """Where they are; the conversation stays as it is."""
    await message.answer("Week 3, day 2. Today's practice: a kind word to yourself.")


async def ask(message: Message, state: FSMContext) -> None:
    """An empty page."""
    await state.set_state(WRITING)
    await message.answer("An empty page. Write as much or as little as you like.")


async def keep(message: Message, state: FSMContext) -> None:
    """Keeps what they wrote, the latest pages only."""
    pages = [*(await state.get_data()).get("pages", ()), message.text]
    await state.update_data(pages=pages[-PAGES:])
    await state.set_state(KEPT)
    await message.answer("It is in your journal.")


async def main(base: str, token: str) -> None:
    """Polls until SIGTERM."""
    dispatcher = Dispatcher(storage=MemoryStorage())
    dispatcher.message.register(today, Command("today"))
    dispatcher.message.register(ask, Command("journal"))
    dispatcher.message.register(keep, StateFilter(WRITING, KEPT), F.text)
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(base)))
    await dispatcher.start_polling(bot)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
