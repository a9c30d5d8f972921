"""The proxy of the environment is taken for what is outside, and not for what NO_PROXY names."""

from __future__ import annotations

import pytest

from adapters.proxy import environment_proxy

PROXY = "http://proxy.invalid:3128"


def test_a_platform_is_reached_by_the_proxy_and_what_no_proxy_names_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, PROXY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "inside.invalid,127.0.0.1")
    assert environment_proxy("https://api.telegram.org") == PROXY
    assert environment_proxy("https://inside.invalid:8081") is None
    assert environment_proxy("https://127.0.0.1:8081") is None


def test_without_a_proxy_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert environment_proxy("https://api.telegram.org") is None
