"""The locked page of an export, in a real browser without a network: open with its passphrase, and with no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.async_api import expect

from bot import locking
from prompts.renderer import Prompts
from tests.e2e.browser import browsing, page_at

SECRET = "the plum tree by the canal"
PAGE = f"<!doctype html><title>x</title><h1>{SECRET}</h1>"


async def sealed(folder: Path) -> tuple[Path, str]:
    """A locked page in a file, and its passphrase."""
    phrase = locking.new_passphrase()
    locked = await locking.locked(json.dumps({"page": PAGE, "data": json.dumps({"text": SECRET})}), phrase)
    file = folder / "locked.html"
    file.write_text(Prompts().document("locked", locked, "en"), encoding="utf-8")
    return file, phrase


async def test_a_locked_page_opens_offline_with_its_passphrase_and_with_no_other(tmp_path: Path) -> None:
    file, phrase = await sealed(tmp_path)
    assert SECRET not in file.read_text("utf-8")
    async with browsing() as browser, page_at(browser, "about:blank") as page:
        await page.context.set_offline(True)
        await page.goto(file.as_uri())
        await page.get_by_label("Passphrase").fill(locking.new_passphrase())
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("status")).to_contain_text("does not open it")
        await page.get_by_label("Passphrase").fill(f" {phrase.upper()} ")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("status")).to_have_text("It is open.")
        shown = page.frame_locator("#shown")
        await expect(shown.get_by_role("heading")).to_have_text(SECRET)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="JSON").click()
        assert json.loads((await (await download.value).path()).read_text("utf-8")) == {"text": SECRET}
        assert await page.locator("#shown").get_attribute("sandbox") == ""  # nothing in it could run


def test_a_passphrase_has_118_bits_and_no_letters_that_look_alike() -> None:
    phrases = {locking.new_passphrase() for _ in range(50)}
    assert len(phrases) == 50
    assert all(re.fullmatch(r"[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){5}", phrase) for phrase in phrases)
