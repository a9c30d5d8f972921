"""Two bots in one process."""

from __future__ import annotations

from pathlib import Path

from bot.model import Origin
from tests.e2e.course import OTHER_TOKEN, database, installation, settings_of, told
from tests.e2e.running import Running
from tests.standin.telegram import TOKEN, Limits, StandIn


async def test_the_same_human_is_another_person_to_another_bot(tmp_path: Path) -> None:
    async with (
        StandIn(tokens=(TOKEN, OTHER_TOKEN), limits=Limits.raised()) as server,
        Running(tmp_path, settings_of(server, REHEARSAL="")) as product,
    ):
        here, there = server.person(7), server.person(7, token=OTHER_TOKEN)
        for person in (here, there):  # the first updates of both bots bear the same number
            person.says("/start")
            await told(server, person, "Do you agree")
        here.taps("I agree")
        await told(server, here, "call you")
        here.says("Anabel")
        await told(server, here, "city")
        there.says("hello?")
        await told(server, there, "Do you agree", since=len(there.messages))
        there.taps("I agree")
        await told(server, there, "call you")
        there.says("Evelyn")
        await told(server, there, "city")
        assert not any("Anabel" in message.text for message in there.messages)
        assert server.refusals == []
        assert (await product.get("/readyz")).json().keys() >= {installation(), installation(OTHER_TOKEN)}
        assert [(await product.get(path)).status_code for path in ("/rehearsal", "/")] == [404, 404]
    async with database(tmp_path) as store, store.reading() as queries:
        found = [await queries.person_at(Origin(installation(token), "7")) for token in (TOKEN, OTHER_TOKEN)]
        people = [await queries.participant(person) for person in found if person]
    assert [person.name for person in people if person] == ["Anabel", "Evelyn"]
