"""What every store does alike with cohorts, roles, invitations and the audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.cohorts.model import Act, Audited, Cohort, Counted, Figure, Invitation, Pulse
from bot.errors import StoreError
from bot.model import Entry, Origin
from bot.ports import Saved, Store

NOW = datetime(2026, 3, 2, 7, 0, 0, 123456, tzinfo=UTC)
BOT = "telegram:1"
CODE = "tIOlaQ8v0n3mC5mPqGvW1A"
WARD = Cohort(
    id="ward-4",
    name="The night shift of ward four",
    programme="compassion",
    pacing="calendar",
    starts_on=date(2026, 3, 9),
    zone="Europe/Madrid",
    host="Sister Agnes",
    code=CODE,
)
PULSE = Pulse(date(2026, 3, 9), 10, (Figure("active", 5), Figure("paused", None)))
COUNTED = (Counted("ana", frozenset({"active", "did"})), Counted("", frozenset(), left=True))
OPEN = Invitation("inv", "cohort", WARD.id, "agnes", NOW, NOW + timedelta(days=60))
SINGLE = Invitation("one", "facilitator", "", "agnes", NOW, NOW + timedelta(days=7), uses_left=1)


async def people(store: Store, count: int = 2) -> list[str]:
    """The ids of so many people."""
    origins = [Origin(BOT, str(number)) for number in range(count)]
    async with store.writing() as work:
        ids = await work.persons(origins)
    return [ids[origin] for origin in origins]


async def furnished(store: Store) -> None:
    """One cohort."""
    async with store.writing() as work:
        await work.cohorts.add(WARD, NOW)


async def test_a_cohort_comes_back_as_it_was_saved(store: Store) -> None:
    await furnished(store)
    async with store.writing() as work:
        known = (await work.cohorts.load([WARD.id, "unknown"]))[WARD.id]
        assert (known.cohort, known.wake_at, known.revision) == (WARD, NOW, 0)
        closed = replace(WARD, closed_on=date(2026, 4, 1), code="", open_to="closed", pulse=PULSE, counted=COUNTED)
        await work.cohorts.save(replace(known, cohort=closed, wake_at=None))
    async with store.writing() as work:
        assert await work.cohorts.ids() == [WARD.id]
        known = (await work.cohorts.load([WARD.id]))[WARD.id]
        assert (known.cohort, known.wake_at, known.revision) == (closed, None, 1)


async def test_a_cohort_that_changed_meanwhile_is_not_overwritten(store: Store) -> None:
    await furnished(store)
    async with store.writing() as work:
        known = (await work.cohorts.load([WARD.id]))[WARD.id]
        await work.cohorts.save(known)
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.cohorts.save(known)


async def test_a_cohort_is_added_once(store: Store) -> None:
    await furnished(store)
    with pytest.raises(StoreError):
        await furnished(store)


async def test_somebody_walks_in_one_cohort_at_a_time(store: Store) -> None:
    await furnished(store)
    ana, ben = await people(store)
    async with store.writing() as work:
        await work.cohorts.add(replace(WARD, id="ward-5"), None)
        await work.cohorts.enter(ana, WARD.id, NOW)
        await work.cohorts.enter(ben, WARD.id, NOW)
        await work.cohorts.enter(ana, "ward-5", NOW)
        assert await work.cohorts.membership(ana) == "ward-5"
        assert await work.cohorts.sizes([WARD.id, "ward-5", "none"]) == {WARD.id: 1, "ward-5": 1, "none": 0}
        await work.cohorts.exit(ana, NOW)
        await work.cohorts.exit(ana, NOW)
        assert await work.cohorts.membership(ana) is None
        await work.cohorts.enter(ana, WARD.id, NOW)
        assert await work.cohorts.sizes([WARD.id]) == {WARD.id: 2}


async def test_those_who_walk_are_seen_with_what_they_did_on_some_dates_and_without_their_texts(store: Store) -> None:
    await furnished(store)
    ana, ben, eve = sorted(await people(store, 3))
    done = [
        Entry(f"{who}{on}", who, "practice", NOW + timedelta(days=on), (NOW + timedelta(days=on)).date(), went="did")
        for who in (ana, ben, eve)
        for on in (0, 1, 7, 8)
    ]
    async with store.writing() as work:
        await work.record([replace(entry, text="secret") for entry in done])
        await work.cohorts.enter(ana, WARD.id, NOW)
        await work.cohorts.exit(ana, NOW)
        await work.cohorts.enter(ana, WARD.id, NOW + timedelta(days=1))
        await work.cohorts.enter(ben, WARD.id, NOW)
        await work.cohorts.enter(eve, WARD.id, NOW)
        await work.cohorts.exit(eve, NOW)
    async with store.writing() as work:
        first, second = await work.cohorts.walkers(WARD.id, date(2026, 3, 3), date(2026, 3, 9))
        assert [first.person.id, second.person.id] == [ana, ben]
        assert [first.joined_at, second.joined_at] == [NOW + timedelta(days=1), NOW]
        assert [list(first.entries), list(second.entries)] == [done[1:3], done[5:7]]
        assert await work.cohorts.walkers("nowhere", date(2026, 3, 3), date(2026, 3, 9)) == []


async def test_nobody_walks_in_a_cohort_that_is_not_there(store: Store) -> None:
    (ana,) = await people(store, 1)
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.cohorts.enter(ana, "nowhere", NOW)


async def test_roles_are_held_at_large_and_in_cohorts_and_go_at_once(store: Store) -> None:
    await furnished(store)
    ana, ben = sorted(await people(store))
    async with store.writing() as work:
        for cohort in ("", "", WARD.id):
            await work.cohorts.grant(ana, "facilitator", cohort)
        await work.cohorts.grant(ben, "facilitator", WARD.id)
        assert await work.cohorts.roles(ana) == [("facilitator", ""), ("facilitator", WARD.id)]
        assert await work.cohorts.holders("facilitator") == [ana]
        assert (await work.cohorts.load([WARD.id]))[WARD.id].cohort.facilitators == (ana, ben)
        await work.cohorts.withdraw(ana, "facilitator")
        assert await work.cohorts.roles(ana) == []
        assert (await work.cohorts.load([WARD.id]))[WARD.id].cohort.facilitators == (ben,)


async def test_people_are_called_by_their_names(store: Store) -> None:
    ana, ben = await people(store)
    async with store.writing() as work:
        known = (await work.load([ana]))[ana]
        await work.save([Saved(replace(known.participant, name="Ana"), None, known.revision)])
        assert await work.cohorts.names([ana, ben, "nobody"]) == {ana: "Ana", ben: ""}


async def test_an_invitation_is_found_by_its_code_and_by_its_id(store: Store) -> None:
    async with store.writing() as work:
        await work.cohorts.invite(OPEN, CODE)
        assert await work.cohorts.invited(code=CODE) == OPEN
        assert await work.cohorts.invited(invitation="inv") == OPEN
        assert await work.cohorts.invited(code=CODE.lower()) is None
        assert await work.cohorts.invited(code="inv") is None
        assert await work.cohorts.invited(invitation=CODE) is None
        assert await work.cohorts.invited() is None


async def test_a_code_stands_for_one_invitation(store: Store) -> None:
    async with store.writing() as work:
        await work.cohorts.invite(OPEN, CODE)
    with pytest.raises(StoreError):
        async with store.writing() as work:
            await work.cohorts.invite(SINGLE, CODE)


async def test_a_single_use_is_used_once_and_an_open_one_for_ever(store: Store) -> None:
    async with store.writing() as work:
        await work.cohorts.invite(OPEN, CODE)
        await work.cohorts.invite(SINGLE, "another")
        assert [await work.cohorts.use("one") for _ in range(2)] == [True, False]
        assert [await work.cohorts.use("inv") for _ in range(2)] == [True, True]
        assert not await work.cohorts.use("unknown")
        used = await work.cohorts.invited(code="another")
        assert used is not None
        assert used.uses_left == 0
        assert not used.good(NOW)


async def test_revoking_ends_a_cohorts_invitations_for_participants(store: Store) -> None:
    leader = replace(SINGLE, cohort=WARD.id)
    async with store.writing() as work:
        await work.cohorts.invite(OPEN, CODE)
        await work.cohorts.invite(leader, "another")
        await work.cohorts.revoke(WARD.id, NOW)
        await work.cohorts.revoke(WARD.id, NOW + timedelta(1))
        assert await work.cohorts.invited(code=CODE) == replace(OPEN, revoked_at=NOW)
        assert await work.cohorts.invited(code="another") == leader


async def test_wrong_codes_are_counted_a_person(store: Store) -> None:
    ana, ben = await people(store)
    async with store.writing() as work:
        for minutes in (0, 10, 70):
            await work.cohorts.tried(ana, NOW + timedelta(minutes=minutes))
        assert await work.cohorts.tries(ana, NOW + timedelta(minutes=10)) == 2
        assert await work.cohorts.tries(ben, NOW) == 0


async def test_the_audit_is_read_newest_first(store: Store) -> None:
    lines = [Audited(NOW, "agnes", act, WARD.id, "detail") for act in (Act.CREATE, Act.OPEN, Act.CLOSE)]
    async with store.writing() as work:
        for line in lines:
            await work.cohorts.note(line)
        assert await work.cohorts.audit(2) == [lines[2], lines[1]]


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    (ana,) = await people(store, 1)

    async def turn() -> None:
        async with store.writing() as work:
            await work.cohorts.add(WARD, None)
            await work.cohorts.enter(ana, WARD.id, NOW)
            await work.cohorts.grant(ana, "facilitator")
            await work.cohorts.invite(OPEN, CODE)
            await work.cohorts.tried(ana, NOW)
            await work.cohorts.note(Audited(NOW, ana, Act.CREATE))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await turn()
    async with store.writing() as work:
        assert await work.cohorts.ids() == []
        assert await work.cohorts.membership(ana) is None
        assert await work.cohorts.roles(ana) == []
        assert await work.cohorts.invited(code=CODE) is None
        assert await work.cohorts.tries(ana, NOW) == 0
        assert await work.cohorts.audit(5) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_no_name_and_no_code_stands_in_clear(store: Store, url: str) -> None:
    await furnished(store)
    async with store.writing() as work:
        await work.cohorts.invite(OPEN, CODE)
    kept = b"".join(part.read_bytes() for part in Path(url.removeprefix("sqlite:///")).parent.iterdir())
    assert WARD.id.encode() in kept
    for secret in (CODE, WARD.name, WARD.host):
        assert secret.encode() not in kept
