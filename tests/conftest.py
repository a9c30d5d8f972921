"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden conversations and generated docs")
    parser.addoption("--long", action="store_true", help="also what takes minutes and that shorter tests show in part")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden files shall be rewritten rather than compared."""
    return bool(request.config.getoption("--update"))
