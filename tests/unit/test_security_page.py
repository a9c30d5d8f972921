"""SECURITY.md names tests that exist, and what it says of how we build is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda value: str(value).rpartition("/")[2])
def test_every_test_that_the_page_names_exists(file: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_threat_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [STRIDE] \|", line)]
    assert len(rows) > 40
    assert [row for row in rows if "::test_" not in row.split("|")[4]] == []
    assert {row[2] for row in rows} == set("STRIDE")
    assert len(NAMED) > 60
    assert PAGE.count("`tests/") == len(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE)) + PAGE.count("`tests/standin/`")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_every_link_of_the_page_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_its_hashes(file: Path) -> None:
    whole = file.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in whole.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [line[:60] for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_image_is_not_root_and_installs_what_was_pinned() -> None:
    image = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER \d{5}$", image, re.MULTILINE)
    installs = [line for line in image.splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
    installing = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "pip install" in line]
    assert installing
    assert all("--require-hashes" in line for line in installing)


def test_the_gate_looks_for_unsafe_habits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in project["select"]
    assert [rule for rule in project["ignore"] if rule.startswith("S") and rule != "S101"] == []
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "ruff check" in makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert "pip-audit" in makefile
