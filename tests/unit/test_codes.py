"""Codes of invitations: they cannot be guessed, are good once and for a time, and few are looked at in vain."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import blake2b

import pytest
from structlog.testing import capture_logs

from bot.cohorts.desk import AN_HOUR, TRIED, TRIES, TRIES_OF_ALL, FrontDesk
from bot.conversations import words
from bot.model import Incoming, MessageReceived, Origin
from bot.workspace import is_personal
from tests.unit.test_cohort_coach import BOT, OWNER, House, code_in

RESTS = "rest from them"


async def exhausted(house: House) -> None:
    """As many wrong codes as are looked at in an hour, by people of whom nobody tried too often."""
    for number in range(TRIES_OF_ALL // TRIES):
        for _ in range(TRIES):
            await house.says(f"66{number:03}", "/join nonsense")


async def test_many_accounts_together_try_no_more_than_a_few_hundred_codes_an_hour() -> None:
    house = House()
    code = await house.cohort()
    with capture_logs() as lines:
        await exhausted(house)
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["codes.guessed"]
    assert RESTS in await house.says("7", f"/start {code}")  # not looked at, good as it is
    house.clock.at += AN_HOUR
    assert "Ward 4" in await house.says("7", f"/start {code}")


async def test_a_code_alone_is_tried_as_often_as_one_behind_join() -> None:
    house = House()
    code = await house.cohort()
    assert "Ward 4" in await house.says("7", f"my code is {code}")
    for number in range(TRIES):
        await house.says("6", token(number))
    assert RESTS in await house.says("6", code)


def token(number: int) -> str:
    """A code as `new_code` makes them."""
    return urlsafe_b64encode(blake2b(b"%d" % number, digest_size=16).digest()).rstrip(b"=").decode()


def test_every_code_that_is_made_is_known_by_its_looks() -> None:
    for code in map(token, range(2000)):
        assert words.code_in(code) == words.code_in(f"Code: {code}") == words.code_in(f"/join {code}") == code
        assert words.command_in(f" my invitation code is {code}. ") == "join"


@pytest.mark.parametrize(
    "text",
    [
        "Hello, my code is {}",
        "i have this code: {} thanks",
        "Hola, mi código es “{}”",
        "https://t.me/heartsease_bot?start={}",
        "hello {}",
        "Thanks Eva, {}",
        "Hola, here it is:\n{} Thanks!",
        "Eva sent me this: https://t.me/heartsease_bot?start={} Is that right?",
        "Where a link does not work, these words do, sent to me: /join {}\n\nIt works until you close it.",
    ],
)
def test_a_code_is_found_behind_its_word_in_a_link_or_where_the_other_words_only_hand_it_over(text: str) -> None:
    assert words.code_in(text.format(token(1))) == token(1)
    assert words.command_in(text.format(token(1))) == "join"


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("{}", False),
        ("/join {}", False),
        ("Hi, join: {}", False),
        ("Hola, mi código es {}, gracias", False),
        ("Hello, Maria gave me this code: {} Is that right?", False),
        (
            "This invitation opens Night team: https://t.me/b?start={} Where a link does not work, this does: /join {}",
            False,
        ),
        ("My code is {}. My father died today", True),
        ("Maria gave me her code {} but I am so tired of it all, my father died on Tuesday", True),
        ("mi padre murió el martes, y el código es {}", True),
        ("My father died today, and there is no code here", False),
    ],
)
def test_words_that_do_not_hand_the_code_over_tell_more(text: str, tells: bool) -> None:
    assert words.tells_more(text.replace("{}", token(1))) is tells
    assert is_personal(text.replace("{}", token(1))) is (tells or "{}" not in text)


@pytest.mark.parametrize(
    "text",
    [f"/tell my code is {token(1)}", f"my code is {token(1)}, " + "and so " * 60, f"https://a.b/?v={token(1)}"],
)
def test_a_code_among_other_things_is_left_alone(text: str) -> None:
    assert words.code_in(text) is None
    assert words.command_in(text) != "join"


@pytest.mark.parametrize(
    "text",
    ["Electroencephalography", "abcdefghijklmnopqrstuB", "our code is kindness", f"{token(1)} from Eva", "join us"],
)
def test_words_are_no_code(text: str) -> None:
    assert words.code_in(text) is None
    assert words.command_in(text) is None


async def test_who_is_let_in_costs_nobody_a_try() -> None:
    house = House()
    code = await house.cohort()
    for number in range(2 * TRIES):
        assert RESTS not in await house.says(f"{number}", f"/start {code}")
    async with house.store.writing() as work:
        assert await work.remembered(TRIED) is None


async def test_what_an_erased_account_tried_still_counts() -> None:
    house = House()
    await house.says("7", "/join nonsense")
    async with house.store.writing() as work:
        assert (await work.remembered(TRIED) or "").endswith(" 1")
        await work.erase((await house.person("7")).id, house.clock.at)
    await house.says("7", "/join nonsense")
    async with house.store.writing() as work:
        assert (await work.remembered(TRIED) or "").endswith(" 2")


async def test_one_account_is_stopped_long_before_the_others_are() -> None:
    house = House()
    code = await house.cohort()
    for _ in range(3 * TRIES):
        answer = await house.says("6", "/join nonsense")
    assert RESTS in answer
    async with house.store.writing() as work:
        assert (await work.remembered(TRIED) or "").endswith(f" {TRIES}")
    assert "Ward 4" in await house.says("7", f"/start {code}")


async def invitation(house: House) -> str:
    """A code that makes one person a facilitator."""
    await house.says(OWNER, "/facilitators")
    await house.taps(OWNER, "invite_one")
    return code_in(await house.says(OWNER, "yes"))


async def test_a_facilitators_invitation_is_good_once() -> None:
    house = House()
    code = await invitation(house)
    await house.says("7", f"/start {code}")
    assert "group" in await house.says("7", "/cohorts")
    await house.says("8", f"/start {code}")
    assert "do not know" in await house.says("8", "/cohorts")


async def test_of_two_who_use_it_at_once_one_becomes_a_facilitator() -> None:
    house = House()
    code = await invitation(house)
    both = [Incoming(Origin(BOT, who), f"{who} at once", MessageReceived(f"/start {code}")) for who in ("7", "8")]
    await house.coach.receive(both)
    lead = ["do not know" not in await house.says(who, "/cohorts") for who in ("7", "8")]
    assert sorted(lead) == [False, True]


@pytest.mark.parametrize(("days", "good"), [(6, True), (8, False)])
async def test_a_facilitators_invitation_is_good_for_a_week(days: int, good: bool) -> None:
    house = House()
    code = await invitation(house)
    house.clock.at += timedelta(days=days)
    await house.says("7", f"/start {code}")
    assert ("do not know" not in await house.says("7", "/cohorts")) is good


async def test_an_invitation_that_was_withdrawn_and_one_that_never_was_are_answered_alike() -> None:
    house = House()
    code = await house.cohort()
    async with house.store.writing() as work:
        (cohort,) = await work.cohorts.ids()
        await work.cohorts.revoke(cohort, house.clock.at)
    assert await house.says("7", f"/join {code}") == await house.says("7", f"/join {FrontDesk().token()}")


async def test_no_code_is_kept_in_clear() -> None:
    house = House()
    code = await invitation(house)
    async with house.store.writing() as work:
        lines = await work.cohorts.audit(5)
    assert code not in repr(lines)
    assert code not in repr(await house.person(OWNER))
