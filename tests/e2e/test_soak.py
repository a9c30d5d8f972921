"""A slice of `make soak`: a few kills and faults on each database."""

from __future__ import annotations

import pytest

from benchmarks.soak import soak


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
async def test_kills_and_faults_at_random_moments_lose_nothing(store: str) -> None:
    findings = await soak(store, 12, seed=7, people=4)
    assert findings.whole, findings
    assert findings.kills > 0
    assert findings.duplicated <= sum(kind["times"] for kind in findings.by_fault.values()) * 8  # what was in flight
