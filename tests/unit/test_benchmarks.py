"""Every benchmark runs at its quick size and says what it promises; how fast is for `make bench` to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import broadcasting, burst, memory, mornings, pairing, talking
from benchmarks.candidates import DEFAULT, EAGER, ON_POSTGRES
from benchmarks.capacity import RATE, SPREADS, Load, bots_for, morning, most
from benchmarks.report import HEAD, OURS, Row, quantile, table

SEED = 1
PEOPLE = 300_000
REPORT = Path(talking.__file__).parent / "report.md"
DOCS = Path(talking.__file__).parents[1] / "docs"


def told(rows: list[Row]) -> list[str]:
    """What was measured, all of it with a figure."""
    assert all(row.ours for row in rows)
    return [row.what for row in rows]


def test_talking_tells_rates_waits_memory_and_first_polls_on_both_databases_beside_peers() -> None:
    rows = talking.measure(True, SEED, among=(OURS, ON_POSTGRES, DEFAULT, EAGER))
    measures = told(rows)
    for database in ("SQLite", "PostgreSQL"):
        assert f"updates a second, {database}: /today" in measures
        assert f"ms to a reply, {database}: 99 in 100 come within" in measures
    assert "s to the first poll, new database" in measures
    assert set(rows[0].peers) == {DEFAULT, EAGER}


def test_mornings_tell_idle_looks_claims_and_nudges_beside_a_job_each() -> None:
    rows = mornings.measure(True, SEED)
    measures = told(rows)
    for database in ("SQLite", "PostgreSQL"):
        assert f"ms to claim 100 due: {database}, among 1,000" in measures
        assert f"nudges a second of a core of ours: {database}, among 1,000" in measures
    beside = next(row for row in rows if row.what.startswith("nudges a second: ")).peers
    assert [name for name in beside if "APScheduler" in name]


def test_broadcasting_tells_the_share_of_the_rate_refusals_and_waits_of_replies() -> None:
    rows = broadcasting.measure(True, SEED)
    measures = told(rows)
    assert measures[-1] == "messages a second, a broadcast to 200 without limits"
    assert any(measure.endswith("messages refused (429)") for measure in measures)  # how many, a loaded machine decides
    assert set(rows[-1].peers) == set(broadcasting.LOOPS)


@pytest.mark.long
def test_a_burst_tells_seconds_waits_memory_and_rates_on_both_databases_and_what_a_flood_does_to_others() -> None:
    rows = burst.measure(True, SEED)
    measures = told(rows)
    for database in ("SQLite", "PostgreSQL"):
        for limits in ("as fast as it goes", "at 28 a second"):
            assert f"300 due in a minute, {database}, {limits}: s until all are committed" in measures
            assert f"300 due in a minute, {database}, {limits}: ms to a reply meanwhile, 99 in 100 within" in measures
            assert f"300 due in a minute, {database}, {limits}: resident MB at most" in measures
    assert [list(row.ours) for row in rows if "refused" in row.what] == [[0], [0]]
    assert measures[-1] == "100 messages at once by one person: ms to others' replies, 99 in 100 within"


def test_memory_is_told_with_nobody_and_with_a_crowd() -> None:
    measures = told(memory.measure(True, SEED))
    assert "resident MB at the start, 0 participants" in measures
    assert "processor s to the first poll, 1,000 participants" in measures
    assert "resident MB after a talk with 10, 1,000 participants" in measures


def test_partners_are_matched() -> None:
    assert told(pairing.measure(True, SEED)) == ["s to match 100 partners"]


# ---------------------------------------------------------------- the table


def test_a_row_says_how_many_times_a_peers_figure_ours_is() -> None:
    row = Row("apples a second", [4, 6, 5], {"a peer": [10], "another": [2.5]}, "more", True)
    assert list(row.lines()) == [
        ["apples a second", "5 (4–6)", "more ✓", "a peer", "10", "×0.50"],
        ["", "", "", "another", "2", "×2.00"],
    ]


def test_a_row_without_peers_is_one_line_of_the_table() -> None:
    first, _, line = table([Row("apples", [1])]).splitlines()
    assert [cell.strip() for cell in first.strip("|").split("|")] == HEAD
    assert line.count("|") == len(HEAD) + 1


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (0.99, 10), (0.1, 1)])
def test_a_quantile_is_one_of_the_samples(share: float, value: float) -> None:
    assert quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == value


def test_the_report_has_places_for_what_was_measured() -> None:
    text = REPORT.read_text("utf-8")
    assert (text.count("{table}"), text.count("{machine}")) == (1, 1)


# ---------------------------------------------------------------- capacity


def test_a_bot_wakes_at_most_what_its_rate_and_the_window_allow() -> None:
    assert most(Load(0, answered=0)) == 28 * 4 * 3600
    assert most(Load(0, bots=3)) == 3 * 28 * 4 * 3600 // 2


def test_everybody_at_once_waits_in_one_queue_that_the_rate_drains() -> None:
    day = morning(Load(28 * 60 * 10, answered=0))
    assert (day.longest_queue, day.longest_wait, day.missed) == (28 * 60 * 10, 9, 0)


def test_what_cannot_be_sent_within_the_window_is_missed() -> None:
    assert morning(Load(2 * most(Load(0)))).missed == pytest.approx(0.5, abs=0.01)


def test_zones_and_wake_up_times_shorten_the_queue() -> None:
    together, apart = morning(Load(100_000)), morning(Load(100_000, zones="world", spread=45))
    assert apart.longest_queue < together.longest_queue / 10


@pytest.mark.parametrize("zones", SPREADS)
def test_the_bots_found_are_enough_and_one_less_is_not(zones: str) -> None:
    bots = bots_for(Load(PEOPLE, zones=zones))
    assert not morning(Load(PEOPLE, bots, zones)).missed
    assert bots == 1 or morning(Load(PEOPLE, bots - 1, zones)).missed
    assert sum(SPREADS[zones].values()) == pytest.approx(1)


def said(text: str, pattern: str) -> float:
    """The one figure that stands where the pattern has a group."""
    [figure] = re.findall(pattern, text)
    return float(figure.replace(",", ""))


def test_the_page_on_scaling_reckons_with_what_was_measured() -> None:
    measured, scaling = (DOCS / "benchmarks.md").read_text("utf-8"), (DOCS / "scaling.md").read_text("utf-8")
    a_core = said(scaling, r"about ([\d,]+) a second a core")
    commits = said(scaling, r"at least ([\d,]+) nudges a second \(one replica")
    of_a_core = said(measured, r"nudges a second of a core of ours: SQLite, among 1,000,000 +\| ([\d,]+)")
    of_postgres = said(measured, r"\| nudges a second: PostgreSQL, among 1,000,000 +\| ([\d,]+)")
    assert a_core == pytest.approx(of_a_core, rel=0.1)
    assert commits == pytest.approx(of_postgres, rel=0.1)
    people = most(Load(0))
    assert f"**{people:,} people a bot**" in scaling
    assert said(scaling, r"composed in (\d+) seconds of a") == round(people / a_core)
    bots = int(commits / RATE)
    assert f"{commits:,.0f} / 28 = **{bots} bots** send at full rate: {bots} × {people:,} = " in scaling
    assert said(scaling, r"= ([\d.]+) million people") == round(bots * people / 1e6, 1)
