"""Debian's Chromium through Playwright; a test without it is skipped loudly, and fails where CI=true."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SHOWN = 30_000  # milliseconds that what is expected may take on a busy machine; five seconds is its own
CLOSING = 30.0  # seconds that a browser has to close
PHONE = (390, 844)
DESKTOP = (1280, 800)

expect.set_options(timeout=SHOWN)


def chromium() -> str:
    """Where Chromium is. Skips the calling test where there is none, unless under CI, where that is a failure."""
    for found in (Path("/usr/bin/chromium"), shutil.which("chromium"), shutil.which("chromium-browser")):
        if found and Path(found).exists():
            return str(found)
    message = "no Chromium here: the browser tests did not run (apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(f"!!! {message} !!!")


def _is_fault(message: ConsoleMessage) -> bool:
    return message.type == "error" and "net::ERR_" not in message.text  # a lost connection is no fault of the page


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless browser."""
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(ARGS))
        try:
            yield browser
        finally:
            await closed(browser)


async def closed(what: Browser | BrowserContext) -> None:
    """Closes it; that has no limit of its own, and the driver ends a browser that does not answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING):
            await what.close()


@asynccontextmanager
async def page_at(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False, scale: float = 1
) -> AsyncIterator[Page]:
    """A page with its own cookies. Its block ends with a failure if the page met an error of its own."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=scale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        has_touch=size[0] < 600,
        is_mobile=size[0] < 600,
    )
    troubles: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if _is_fault(message) else None)
    try:
        await page.goto(url)
        yield page
    finally:
        await closed(context)
    assert troubles == []
