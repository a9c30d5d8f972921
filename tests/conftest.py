"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden conversations and generated docs")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files shall be rewritten rather than compared."""
    return bool(request.config.getoption("--update"))
