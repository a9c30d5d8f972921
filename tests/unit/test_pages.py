"""The pages that people read: they name every command, and lead nowhere that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.__main__ import app
from bot.conversations.words import COHORT_COMMANDS, DESK_COMMANDS, MENU

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)|(?:src|href)=\"(?!https?:)([^\"#]+)\"")


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in an address (github.com's rule)."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_names_every_command_that_people_type() -> None:
    named = set(re.findall(r"/([a-z]+)\b", (ROOT / "README.md").read_text("utf-8")))
    assert {*MENU, *COHORT_COMMANDS, *DESK_COMMANDS, "start", "join"} <= named


def test_the_readme_names_every_command_of_the_terminal() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    groups = {group.name for group in app.registered_groups}
    single = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert not [name for name in single | groups if name and not re.search(rf"\b{name}\b", readme)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for path, anchor, source in LINK.findall(page.read_text("utf-8")):
        target = (page.parent / (path or source)).resolve() if path or source else page
        assert target.exists(), f"{page.name}: {path or source}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {path}#{anchor}"
