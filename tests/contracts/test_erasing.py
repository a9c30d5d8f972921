"""What every store does alike when somebody is erased: all of theirs goes, and they go from what is others'."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.cohorts.broadcasts import Broadcast, KnownBroadcast, Segment
from bot.cohorts.model import FACILITATOR, Act, Audited, Cohort, Counted, Invitation
from bot.errors import StoreError
from bot.keeping import Erased
from bot.model import (
    Block,
    Button,
    Entry,
    Incoming,
    Kind,
    MessageReceived,
    Origin,
    Outgoing,
    Pairing,
    Participant,
    Reply,
    Shared,
    Span,
    undoing,
)
from bot.ports import Result, Saved, Store, TouchpointRow
from bot.storage.tables import METADATA
from bot.storage.vault import Vault
from tests.contracts.conftest import KEY
from tests.contracts.test_cohort_store import CODE, NOW, WARD

BOT = "telegram:1"
ANA, BEN, EVE, AGNES = (Origin(BOT, number) for number in ("4815162342", "2718281828", "1618033988", "3141592653"))
GRIEF, WORDS, THANKS = "my quiet grief by the canal", "shall we walk on Sunday?", "thankful for the plum jam"
TRACES = (ANA.platform_id, "Anastasia", "ana_by_the_canal", GRIEF, WORDS, THANKS)


def said(to: Participant, text: str, prompt: str = "", **more: object) -> Outgoing:
    """A message to somebody."""
    reply = Reply(text=(Block((Span(text),)),), rows=((Button("1:ok", "Good"),),), prompt=prompt)
    return Outgoing(**({"priority": 5, "due_at": NOW} | more), address=to.address, installation=BOT, reply=reply)  # type: ignore[arg-type]


async def welcome(store: Store) -> dict[str, Participant]:
    """Ana, Ben and Eve, who walk together, and Agnes, who leads them."""
    named = {"Anastasia": ANA, "Ben": BEN, "Eve": EVE, "Agnes": AGNES}
    async with store.writing() as work:
        ids = await work.persons(list(named.values()))
        known = await work.load(list(ids.values()))
        people = {name: replace(known[ids[origin]].participant, name=name) for name, origin in named.items()}
        await work.save([Saved(person, None, 0) for person in people.values()])
        await work.cohorts.add(WARD, None)
        for name in ("Anastasia", "Ben", "Eve"):
            await work.cohorts.enter(people[name].id, WARD.id, NOW)
        await work.cohorts.grant(people["Agnes"].id, FACILITATOR, WARD.id)
    return people


async def plant(store: Store) -> dict[str, Participant]:
    """Ana's traces, wherever she can leave some."""
    people = await welcome(store)
    ana, ben, eve, agnes = people.values()
    shared = Shared("share:1", agnes.id, NOW.date())
    ana = replace(
        ana, pairing=Pairing(handle="@ana_by_the_canal", partners=(ben.id,)), intention=GRIEF, shared=(shared,)
    )
    async with store.writing() as work:
        await work.save([Saved(ana, NOW + timedelta(hours=1), 1)])
        await work.record([Entry("e1", ana.id, "journal", NOW, NOW.date(), text=GRIEF)])
        await work.record([Entry("e2", ben.id, "journal", NOW, NOW.date(), text="a day of my own")])
        await work.touch([TouchpointRow(ana.id, Kind.MORNING, NOW.date(), False, NOW)])
        await work.keep_input([Incoming(ANA, "1", MessageReceived(GRIEF), "Anastasia")], NOW)
        await work.keep_input([Incoming(BEN, "2", MessageReceived("hello"), "Ben")], NOW)
        await work.cohorts.tried(ana.id, NOW)
        await work.cohorts.meetings.arrange(WARD.id, {"m1": [ana.id, ben.id]}, 1, NOW)
        await work.cohorts.attendance.answer(ana.id, WARD.id, "c1", True)
        [ward] = (await work.cohorts.load([WARD.id])).values()
        counted = (Counted(ana.id, frozenset({"active"})), Counted(ben.id, frozenset()))
        await work.cohorts.save(replace(ward, cohort=replace(ward.cohort, counted=counted, knocking=(ana.id, eve.id))))
        await work.cohorts.note(Audited(NOW, ana.id, Act.JOIN, WARD.id))
        await work.post(
            [
                said(ana, GRIEF),
                said(ben, f"Your partner is Anastasia (@ana_by_the_canal): {WORDS}", "partner/passed"),
                said(ben, "Ben and Anastasia, here you are together", "partner/together", dedup="pair:m1"),
                said(ben, "Good morning, Ben"),
                said(eve, "Good morning, Eve"),
                said(agnes, f"Anastasia: {THANKS}", "gathering/shared", dedup="share:1"),
                said(agnes, "Who was there? Anastasia, Ben", "classes/who_was_there"),
                said(agnes, "Good morning, Agnes"),
            ]
        )
    return people | {"Anastasia": ana}


async def erase(store: Store, person: str) -> Erased:
    async with store.writing() as work:
        return await work.erase(person, NOW)


async def waiting(store: Store) -> list[str]:
    """The texts of all that would be sent."""
    epoch = await store.outbox.acquire(BOT, "one", -1)
    assert epoch is not None
    texts: list[str] = []
    results: list[Result] = []
    while picked := await store.outbox.tick(BOT, "one", epoch, -1, results, 100, frozenset(), NOW, False):
        texts += [one.reply.text[0].spans[0].text for one in picked if one.reply.act == "message"]
        results = [Result(one.id, "sent", ref="17") for one in picked]
    return texts


async def test_all_that_was_hers_goes_and_she_is_a_stranger_again(store: Store) -> None:
    ana = (await plant(store))["Anastasia"]
    assert await erase(store, ana.id) == Erased(ana.id, entries=1, messages=1, copies=4)
    async with store.reading() as queries:
        assert await queries.participant(ana.id) is None
        assert await queries.person_at(ANA) is None
        assert await queries.entries(ana.id) == []
        assert await queries.touchpoints(ana.id) == []
        assert (await queries.counts())["people"] == 3
    async with store.writing() as work:
        assert [one.origin for one in await work.kept_inputs(BOT, 10)] == [BEN]
        assert await work.cohorts.membership(ana.id) is None
        assert await work.cohorts.tries(ana.id, NOW) == 0
        assert await work.cohorts.attendance.answers(ana.id, ["c1"]) == {}
        assert (await work.persons([ANA]))[ANA] != ana.id


async def test_what_is_others_stays_without_her(store: Store) -> None:
    people = await plant(store)
    await erase(store, people["Anastasia"].id)
    assert await waiting(store) == [
        "Good morning, Ben",
        "Good morning, Eve",
        "Who was there? …, Ben",
        "Good morning, Agnes",
    ]
    async with store.writing() as work:
        [ward] = (await work.cohorts.load([WARD.id])).values()
        ben = people["Ben"].id
        assert [one.person for one in await work.cohorts.meetings.rows(WARD.id)] == [ben]
        assert (await work.load([ben]))[ben].wake_at == NOW  # to hear that the meeting falls out
        assert [line.actor for line in await work.cohorts.audit(1)] == [people["Anastasia"].id]  # maps to nobody
        assert [entry.text for entry in await work.recall(ben, ["journal"], 9)] == ["a day of my own"]
    assert ward.cohort.counted == (Counted("", frozenset({"active"}), left=True), Counted(ben, frozenset()))
    assert ward.cohort.knocking == (people["Eve"].id,)


async def test_what_was_sent_to_others_loses_its_words_and_is_not_sent_again(store: Store) -> None:
    people = await plant(store)
    assert len(await waiting(store)) == 8
    ana = people["Anastasia"].id
    async with store.writing() as work:
        erased = await work.erase(ana, NOW)
        await work.post([said(people["Ben"], "again", "partner/together", dedup="pair:m1")])
    assert (erased.messages, erased.copies) in ((1, 4), (0, 0))  # the store in memory forgets what was sent
    assert await waiting(store) == []


async def test_somebody_who_led_leaves_the_group_its_words_and_no_name(store: Store) -> None:
    people = await welcome(store)
    agnes, ben = people["Agnes"], people["Ben"]
    told = Broadcast("b1", (WARD.id,), "Bring tea", Segment(), agnes.id, NOW, composed=True)
    async with store.writing() as work:
        [ward] = (await work.cohorts.load([WARD.id])).values()
        await work.cohorts.save(replace(ward, cohort=replace(ward.cohort, host="Sister Agnes")))
        await work.cohorts.invite(Invitation("inv", "cohort", WARD.id, agnes.id, NOW), CODE)
        await work.cohorts.broadcasts.add(KnownBroadcast(told))
        await work.post([said(ben, "From Sister Agnes: bring tea", broadcast="b1")])
    assert (await erase(store, agnes.id)).leaderless == (WARD.id,)
    assert await waiting(store) == ["From Sister …: bring tea"]
    async with store.writing() as work:
        [ward] = (await work.cohorts.load([WARD.id])).values()
        assert (ward.cohort.host, ward.cohort.facilitators) == ("", ())
        invitation = await work.cohorts.invited(code=CODE)
        assert invitation is not None
        assert invitation.created_by == ""
        [known] = (await work.cohorts.broadcasts.load(["b1"])).values()
        assert known.broadcast == replace(told, created_by="")


@pytest.mark.parametrize(
    ("host", "left", "heard"),
    [
        ("The ward sister", "", "From …: bring tea"),  # she called herself otherwise there than in her own chat
        ("Agnes and Eve", "", "From … and Eve: bring tea"),
        ("Eve", "Eve", "From Eve: bring tea"),  # who leads it too, and stays
    ],
)
async def test_a_group_names_as_its_host_nobody_who_is_gone(store: Store, host: str, left: str, heard: str) -> None:
    people = await welcome(store)
    async with store.writing() as work:
        await work.cohorts.grant(people["Eve"].id, FACILITATOR, WARD.id)
        [ward] = (await work.cohorts.load([WARD.id])).values()
        await work.cohorts.save(replace(ward, cohort=replace(ward.cohort, host=host)))
        told = Broadcast("b1", (WARD.id,), "Bring tea", Segment(), people["Agnes"].id, NOW, composed=True)
        await work.cohorts.broadcasts.add(KnownBroadcast(told))
        await work.post([said(people["Ben"], f"From {host}: bring tea", broadcast="b1")])
    await erase(store, people["Agnes"].id)
    assert await waiting(store) == [heard]
    async with store.writing() as work:
        [ward] = (await work.cohorts.load([WARD.id])).values()
        assert ward.cohort.host == left


async def test_a_group_with_another_leader_or_that_is_over_is_not_leaderless(store: Store) -> None:
    people = await welcome(store)
    agnes = people["Agnes"].id
    over: Cohort = replace(WARD, id="over", code="another", closed_on=date(2026, 3, 3))
    async with store.writing() as work:
        await work.cohorts.add(over, None)
        await work.cohorts.grant(agnes, FACILITATOR, "over")
        await work.cohorts.grant(people["Eve"].id, FACILITATOR, WARD.id)
    assert (await erase(store, agnes)).leaderless == ()


async def test_erasing_twice_or_nobody_is_no_error(store: Store) -> None:
    ana = (await plant(store))["Anastasia"]
    await erase(store, ana.id)
    assert await erase(store, ana.id) == Erased(ana.id)
    assert await erase(store, "nobody") == Erased("nobody")


async def test_what_she_shared_is_deleted_even_if_it_was_on_the_wire_when_she_was_erased(store: Store) -> None:
    people = await welcome(store)
    ana, home = people["Anastasia"], people["Agnes"]
    ana = replace(ana, shared=(Shared("share:1", home.id, NOW.date()),))
    async with store.writing() as work:
        await work.save([Saved(ana, None, 1)])
        await work.post([said(home, f"Anastasia: {THANKS}", "gathering/shared", dedup="share:1")])
    epoch = await store.outbox.acquire(BOT, "one", -1)
    assert epoch is not None
    [sending] = await store.outbox.tick(BOT, "one", epoch, -1, [], 9, frozenset(), NOW, False)
    async with store.writing() as work:
        delete = Outgoing(home.address, BOT, Reply("delete", of="share:1"), 5, NOW, dedup=undoing("share:1"))
        await work.post([delete])
        assert await work.unsent(ana.address, ["share:1"])
        assert await work.unsent(ana.address, [undoing("share:1")])
        assert not await work.unsent(ana.address)
        await work.erase(ana.id, NOW)
    arrived = [Result(sending.id, "sent", ref="17")]
    [deleting] = await store.outbox.tick(BOT, "one", epoch, -1, arrived, 9, frozenset(), NOW, False)
    assert (deleting.reply.act, deleting.reply.ref) == ("delete", "17")


async def test_whatever_erases_her_takes_back_what_she_shared_and_once(store: Store) -> None:
    people = await welcome(store)
    ana, home = people["Anastasia"], people["Agnes"]
    shared = tuple(Shared(f"share:{n}", home.id, NOW.date(), back=n == 0) for n in range(4))
    async with store.writing() as work:
        await work.save([Saved(replace(ana, shared=shared), None, 1)])
        await work.post([said(home, THANKS, "gathering/shared", dedup=one.key) for one in shared])
    assert await waiting(store) == [THANKS] * 4
    async with store.writing() as work:
        asked = Outgoing(home.address, BOT, Reply("delete", of="share:1"), 5, NOW, dedup=undoing("share:1"))
        await work.post([asked])
        await work.erase(ana.id, NOW)
    epoch = await store.outbox.acquire(BOT, "one", -1)
    assert epoch is not None
    results: list[Result] = []
    deleted: list[tuple[str, str | None]] = []
    while picked := await store.outbox.tick(BOT, "one", epoch, -1, results, 9, frozenset(), NOW, False):
        deleted += [(one.reply.of, one.reply.ref) for one in picked]
        results = [Result(one.id, "sent") for one in picked]
    assert deleted == [("share:1", "17"), ("share:2", "17"), ("share:3", "17")]


async def test_what_was_on_the_wire_says_nothing_of_her_when_it_goes_again(store: Store) -> None:
    people = await welcome(store)
    ana, home = people["Anastasia"], people["Agnes"]
    async with store.writing() as work:
        await work.save([Saved(replace(ana, shared=(Shared("share:1", home.id, NOW.date()),)), None, 1)])
        await work.post([said(home, f"Anastasia: {THANKS}", "gathering/shared", dedup="share:1")])
    epoch = await store.outbox.acquire(BOT, "one", -1)
    assert epoch is not None
    [_] = await store.outbox.tick(BOT, "one", epoch, -1, [], 9, frozenset(), NOW, False)
    await erase(store, ana.id)
    again = await store.outbox.acquire(BOT, "another", -1)  # the process died
    assert again is not None
    [sending] = await store.outbox.tick(BOT, "another", again, -1, [], 9, frozenset(), NOW, False)
    assert sending.reply == Reply("delete", of="share:1")  # without a ref there is nothing to delete


async def erase_and_fail(store: Store, ana: Participant) -> None:
    async with store.writing() as work:
        await work.erase(ana.id, NOW)
        await work.save([Saved(ana, NOW, 1)])


async def test_what_cannot_be_committed_erases_nothing(store: Store) -> None:
    ana = (await plant(store))["Anastasia"]
    with pytest.raises(StoreError):
        await erase_and_fail(store, ana)
    async with store.reading() as queries:
        assert await queries.participant(ana.id) == ana
        assert await queries.person_at(ANA) == ana.id


def decrypted(columns: list[object]) -> str:
    """Every value of a database as text: what the keys open, opened."""
    vault, found = Vault([KEY]), []
    for value in columns:
        data = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        if data.startswith(b"gAAAA"):
            data = vault.decrypt(data)
        found.append(data.decode(errors="replace"))
    return "\n".join(found)


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("sent", [False, True])
async def test_no_table_tells_of_her_even_to_the_holder_of_the_keys(store: Store, url: str, sent: bool) -> None:
    ana = (await plant(store))["Anastasia"]
    if sent:
        await waiting(store)
    before = decrypted(everything(url))
    assert [trace for trace in TRACES if trace not in before] == []
    await erase(store, ana.id)
    after = decrypted(everything(url))
    assert [trace for trace in TRACES if trace in after] == []


def everything(url: str) -> list[object]:
    """Every value in every table."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as file:
            return [
                value for name in METADATA.tables for row in file.execute(f'SELECT * FROM "{name}"') for value in row
            ]
    with psycopg.connect(url) as server:
        return [
            value
            for name in METADATA.tables
            for row in server.execute(f'SELECT * FROM "{name}"'.encode())
            for value in row
        ]


def residue(folder: Path, traces: list[bytes]) -> list[tuple[str, bytes]]:
    """Which file of this folder holds which of these, byte for byte."""
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [(name, trace) for name, content in files.items() for trace in traces if trace in content]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_no_file_beside_the_database_holds_even_her_encrypted_traces(store: Store, url: str) -> None:
    people = await plant(store)
    file = Path(url.removeprefix("sqlite:///"))
    for number in range(300):  # so that pages were split and joined
        texts = [
            Entry(f"{name}{number}", people[name].id, "journal", NOW, NOW.date(), text=f"{GRIEF} {number}" * 3)
            for name in people
        ]
        async with store.writing() as work:
            await work.record(texts)
    ana = people["Anastasia"].id
    with closing(sqlite3.connect(file)) as database:
        hers = [row[0] for row in database.execute("SELECT text FROM entry WHERE person_id = ?", [ana])]
        hers += [*database.execute("SELECT lookup, platform_id FROM address WHERE person_id = ?", [ana]).fetchone()]
        hers += [row[0] for row in database.execute("SELECT state FROM person WHERE id = ?", [ana])]
        payloads = {row[0] for row in database.execute("SELECT payload FROM outbox UNION SELECT payload FROM inbox")}
    await erase(store, ana)
    assert await store.housekeeping.tidy()
    with closing(sqlite3.connect(file)) as database:
        left = {row[0] for row in database.execute("SELECT payload FROM outbox UNION SELECT payload FROM inbox")}
    gone = [trace if isinstance(trace, bytes) else trace.encode() for trace in [*hers, *(payloads - left)]]
    assert len(gone) > 300
    assert {path.name for path in file.parent.iterdir()} >= {"heartsease.db", "heartsease.db-wal"}
    assert residue(file.parent, [trace[-60:] for trace in gone]) == []


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_no_file_of_the_cluster_holds_anything_in_clear_and_no_table_her_encrypted_traces(
    store: Store, url: str
) -> None:
    ana = (await plant(store))["Anastasia"]
    before = set(map(str, everything(url)))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("CHECKPOINT")
        [(folder,)] = server.execute("SHOW data_directory").fetchall()
        [(hers,)] = server.execute("SELECT lookup FROM address WHERE person_id = %s", [ana.id]).fetchall()
        await erase(store, ana.id)
        assert await store.housekeeping.tidy()
        server.execute("CHECKPOINT")
        [(dead,)] = server.execute("SELECT count(*) FROM address WHERE lookup = %s", [hers]).fetchall()
    assert dead == 0
    assert residue(Path(folder), [trace.encode() for trace in TRACES]) == []  # what is left until it is written over is
    assert len(before - set(map(str, everything(url)))) > 10  # encrypted: docs/running.md says for how long
