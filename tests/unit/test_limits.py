"""The limits are exact, on a monotonic clock that the tests move."""

from bisect import bisect_right
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import CATCH_UP, LATE, WINDOW, Limits
from bot.model import Delivery, Reply

MESSAGE = Reply()
CLOSE = Reply(act="close", ref="1")


def to(address: str, reply: Reply = MESSAGE, platform_id: str = "42") -> Delivery:
    return Delivery(1, address, platform_id, reply)


def drained(limits: Limits, until: float, t: float = 0.0) -> list[float]:
    """When messages begin, each to another chat, if there are always more of them."""
    sends: list[float] = []
    while t <= until:
        for _ in range(limits.room(t)):
            limits.spent(to(f"a{len(sends)}"), t)
            sends.append(t)
        t += max(limits.opening(t), 1e-6)
    return sends


def to_one_chat(limits: Limits, until: float, platform_id: str = "42") -> list[float]:
    """When messages begin, if they are all for one chat."""
    sends: list[float] = []
    t = 0.0
    while t <= until:
        while limits.room(t) and "ana" not in limits.busy(t):
            limits.spent(to("ana", platform_id=platform_id), t)
            sends.append(t)
        t += max(limits.opening(t), 1e-6)
    return sends


def most_within(seconds: float, sends: list[float]) -> int:
    return max(bisect_right(sends, begin + seconds) - at for at, begin in enumerate(sends))


def test_a_broadcast_goes_out_at_the_rate_and_no_faster() -> None:
    sends = drained(Limits(rate=28), until=10)
    assert 280 <= len(sends) <= 280 + 28 * CATCH_UP
    assert most_within(WINDOW - 1e-3, sends) <= 30


@given(
    rate=st.floats(0.5, 500),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60),
    window=st.floats(0, 5),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(rate: float, pauses: list[float], window: float) -> None:
    limits, sends, t = Limits(rate=rate), list[float](), 0.0
    for pause in pauses:
        t += pause
        for _ in range(limits.room(t)):
            limits.spent(to(f"a{len(sends)}"), t)
            sends.append(t)
    assert most_within(window, sends) <= rate * window + max(1, rate * CATCH_UP) + 1e-3
    assert most_within(WINDOW - 1e-3, sends) <= rate * WINDOW + 1


def test_what_a_busy_process_let_pass_is_made_up_for_and_no_second_holds_more_than_thirty() -> None:
    limits, sends, t = Limits(rate=28), list[float](), 0.0
    for turn in range(400):  # held up for a fifth of a second again and again
        for _ in range(limits.room(t)):
            limits.spent(to(f"a{len(sends)}"), t)
            sends.append(t)
        t += 0.2 if turn % 8 == 0 else max(limits.opening(t), 1e-6)
    assert len(sends) >= 0.99 * 28 * t
    assert most_within(1, sends) <= 30


@given(ways=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=200))
def test_no_second_holds_more_than_thirty_arrivals_however_late_some_of_them_are(ways: list[float]) -> None:
    limits, arrivals, t = Limits(rate=28), list[float](), 0.0
    under_way = list[tuple[float, float]]()  # when each is answered, and began
    for way in [0.05, *ways, *ways]:  # out and back; what was late is late on its way out
        while not limits.room(t) or (under_way and under_way[0][0] <= t):
            answered, began = min([*under_way, (t + max(limits.opening(t), 1e-6), -1.0)])
            t = max(t, answered)
            if began >= 0:
                limits.answered(began, answered)
                under_way.remove((answered, began))
        limits.spent(to(f"a{len(arrivals)}"), t)
        arrivals.append(t + way)
        under_way.append((t + way, t))
        under_way.sort()
    assert most_within(1 - 1e-3, sorted(arrivals)) <= 30


def test_after_a_stall_of_the_platform_there_is_room_as_soon_as_a_second_has_passed() -> None:
    limits, began = Limits(rate=28), [at / 28 for at in range(84)]
    for t in began:
        limits.spent(to(f"a{t}"), t)
        limits.answered(t, t + 0.05)
    late = [3 + at / 28 for at in range(56)]
    for t in late:
        limits.spent(to(f"b{t}"), t)
    for t in late:
        limits.answered(t, 5.0)
    assert limits.room(5.0) == 0
    assert 0 < limits.opening(5.0) < WINDOW
    assert limits.room(5.0 + limits.opening(5.0)) > 0


def test_a_way_that_is_long_every_time_slows_nothing_down() -> None:
    limits, sends, t = Limits(rate=28), list[float](), 0.0
    while t < 30:
        for _ in range(limits.room(t)):
            limits.spent(to(f"a{len(sends)}"), t)
            sends.append(t)
            limits.answered(t, t + 0.3)
        t += max(limits.opening(t), 1e-6)
    assert len(sends) >= 28 * 30


@given(rate=st.floats(0.5, 5000), spent=st.integers(1, 50))
def test_there_is_room_when_the_limits_said_so(rate: float, spent: int) -> None:
    limits = Limits(rate=rate)
    for _ in range(spent):
        limits.spent(to("ana"), 5.0)
    assert limits.room(5.0 + limits.opening(5.0)) >= 1 or limits.room(5.0)


def test_a_slow_installation_still_sends_one_at_a_time() -> None:
    assert drained(Limits(rate=1), until=3) == pytest.approx([0, 1, 2, 3], abs=1e-4)


def test_a_chat_gets_three_at_once_and_then_one_a_second() -> None:
    sends = to_one_chat(Limits(rate=1000), until=5)
    assert sends == pytest.approx([0, 0, 0, 1 + LATE, 2 + LATE, 3 + LATE, 4 + LATE], abs=1e-4)


def test_a_chat_that_was_quiet_has_its_burst_again() -> None:
    limits = Limits(rate=1000)
    for t in (0.0, 0.0, 0.0, 10.0, 10.0):
        limits.spent(to("ana"), t)
    assert not limits.busy(10.0)
    limits.spent(to("ana"), 10.0)
    assert limits.busy(10.0) == {"ana"}


def test_a_group_gets_twenty_a_minute() -> None:
    sends = to_one_chat(Limits(rate=1000), until=180, platform_id="-100")
    assert most_within(59.99, sends) == 20
    assert len(sends) == 60 + 3  # the first three of the fourth minute


def test_a_chat_in_private_knows_no_minute() -> None:
    assert len(to_one_chat(Limits(rate=1000), until=60 + LATE + 1e-3)) == 63


def test_closing_a_keyboard_spends_the_installations_allowance_but_not_the_chats() -> None:
    limits = Limits(rate=100)
    while limits.room(0.0):
        limits.spent(to("ana", CLOSE), 0.0)
    assert not limits.busy(0.0)
    assert limits.opening(0.0) > 0


def test_a_429_cools_that_chat_only() -> None:
    limits = Limits()
    limits.throttled("ana", 7, 0.0)
    assert limits.busy(6.9) == {"ana"}
    assert limits.room(0.0) > 0
    assert not limits.busy(7.0)


def test_two_chats_with_a_429_within_a_second_cool_all() -> None:
    limits = Limits()
    limits.throttled("ana", 7, 0.0)
    limits.throttled("ben", 5, 0.9)
    assert limits.room(5.8) == 0
    assert limits.opening(0.9) == pytest.approx(5)
    assert limits.room(5.9) > 0


def test_two_429s_of_one_chat_or_far_apart_cool_no_other() -> None:
    limits = Limits()
    limits.throttled("ana", 7, 0.0)
    limits.throttled("ana", 7, 0.5)
    limits.throttled("ben", 7, 1.6)
    assert limits.room(1.6) > 0


def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    limits = Limits()
    limits.cool("ana", 60, 0.0)
    limits.cool("ana", 1, 0.0)
    limits.cool_all(60, 0.0)
    limits.cool_all(1, 0.0)
    assert limits.busy(59.0) == {"ana"}
    assert limits.room(59.0) == 0


def test_what_is_over_is_forgotten() -> None:
    limits = Limits(rate=1e6)
    for number in range(1000):
        limits.spent(to(f"a{number}", platform_id="-1"), 0.0)
    assert limits.opening(0.0) == inf
    limits.busy(100.0)
    assert not limits._arrivals
    assert not limits._groups
