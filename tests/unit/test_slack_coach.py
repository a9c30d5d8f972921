"""What the coach makes of a platform whose messages others may export, and of what platforms know of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.coach import Coach
from bot.help_lines import help_facts
from bot.home import Home
from bot.model import Changed, FormSubmitted, Incoming, Input, MessageReceived, Origin, Participant, Said, Shelter
from bot.ports import Rendered, Saved
from bot.storage.memory import MemoryStore
from curriculum.loader import Library
from prompts.markup import plain
from prompts.renderer import Prompts
from tests.people import SmallGazetteer

SLACK, TELEGRAM = "slack:T1", "telegram:1"
KEYS = count()
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


class Standing:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class Stumbling(Prompts):
    """Prompts that cannot say one thing."""

    def render(self, said: Said, to: Participant, on: object) -> Rendered:
        if said.prompt == "unasked/late":
            raise AttributeError("one of our faults")
        return super().render(said, to, on)  # type: ignore[arg-type]


def coach(store: MemoryStore) -> Coach:
    return Coach(
        store,
        curriculum=Library(),
        renderer=Stumbling(),
        clock=Standing(),
        gazetteer=SmallGazetteer(),
        screen=lambda _: None,
        help_lines=help_facts,
        programme="compassion",
        installations=(SLACK, TELEGRAM),
        committed=lambda _: None,
        discreet=lambda name: name.startswith("slack:"),
    )


async def brought(
    store: MemoryStore, *given: Input, installation: str = SLACK, who: str = "U7", zone: str = ""
) -> None:
    """These inputs, one after the other."""
    for each in given:
        key = str(next(KEYS))
        await coach(store).receive([Incoming(Origin(installation, who), key, each, "Ana", zone=zone)])


async def person(store: MemoryStore, installation: str = SLACK, who: str = "U7") -> Participant:
    async with store.reading() as queries:
        known = await queries.person_at(Origin(installation, who))
        found = await queries.participant(known) if known else None
    assert found is not None
    return found


def texts(store: MemoryStore) -> list[str]:
    return [plain(row.out.reply.text) for row in store._data.outbox.values()]


ONBOARDED = [MessageReceived(text) for text in ("/start", "yes", "Ana", "8:00", "20:00", "no", "today")]


async def test_who_writes_in_slack_is_discreet_and_who_writes_in_telegram_is_not() -> None:
    store = MemoryStore()
    await brought(store, MessageReceived("/start"))
    await brought(store, MessageReceived("/start"), installation=TELEGRAM, who="7")
    assert (await person(store)).discreet
    assert not (await person(store, TELEGRAM, "7")).discreet


async def test_the_zone_of_the_profile_is_taken_and_followed() -> None:
    store = MemoryStore()
    await brought(store, *ONBOARDED[:3], zone="europe/madrid")
    assert "Your profile says Europe/Madrid" in texts(store)[-1]
    assert (await person(store)).zone == "Europe/Madrid"
    await brought(store, Changed("moved_zone", "Asia/Tokyo"))
    assert (await person(store)).zone == "Asia/Tokyo"


async def test_a_profile_without_a_zone_of_this_world_is_asked() -> None:
    store = MemoryStore()
    await brought(store, *ONBOARDED[:3], zone="Mars/Olympus")
    assert texts(store)[-1].endswith("Where are you?")


async def test_who_told_us_nothing_yet_gets_the_numbers_of_their_profiles_zone_and_nothing_is_kept_of_it() -> None:
    store = MemoryStore()
    await brought(store, MessageReceived("/support"), zone="Europe/Madrid")
    assert "024" in texts(store)[-1]
    assert "Spain" in texts(store)[-1]
    assert (await person(store)).zone is None


async def test_a_change_of_somebody_whom_nobody_knows_makes_no_person() -> None:
    store = MemoryStore()
    await brought(store, Changed("kicked", "archived"), who="C9")
    await brought(store, Changed("deactivated"), who="U8")
    assert store._data.people == {}


async def test_somebody_who_is_deactivated_and_comes_back_is_reachable_again() -> None:
    store = MemoryStore()
    await brought(store, MessageReceived("/start"), Changed("deactivated"))
    assert not (await person(store)).reachable
    await brought(store, Changed("came_back"))
    assert (await person(store)).reachable


async def test_what_was_written_in_a_window_is_kept_even_if_its_turn_fails() -> None:
    store = MemoryStore()
    await brought(store, *ONBOARDED, zone="Europe/Madrid")
    await brought(store, FormSubmitted("write", {"text": "the heron by the canal"}, asked=999))
    assert texts(store)[-1].startswith("Something went wrong on my side")
    assert [entry.text for entry in store._data.entries.values()] == ["the heron by the canal"]


LABELS = {
    "en": ["People to talk to", "A page to write on", "My data"],
    "es": ["Personas con quienes hablar", "Una página para escribir", "Mis datos"],
}


@pytest.mark.parametrize(("language", "about"), [("en", "people to call"), ("es", "personas a quienes llamar")])
async def test_in_danger_the_home_tab_puts_people_first_in_their_language_and_nothing_of_the_course(
    language: str, about: str
) -> None:
    store = MemoryStore()
    home = Home(store, Standing(), Library(), Prompts(), SmallGazetteer(), "compassion")
    await brought(store, *ONBOARDED, zone="Europe/Madrid")
    known = await person(store)
    async with store.writing() as work:
        (now,) = (await work.load([known.id])).values()
        await work.save([Saved(replace(known, sheltered=Shelter(NOW.date(), language)), None, now.revision)])
    reply = await home(Origin(SLACK, "U7"))
    assert [row[0].data for row in reply.rows] == ["/support", "/journal", "/mydata"]
    assert [row[0].label for row in reply.rows] == LABELS[language]
    assert "Week 1" not in plain(reply.text)
    assert about in plain(reply.text)


async def test_the_home_tab_of_who_leads_groups_has_the_way_to_them() -> None:
    store = MemoryStore()
    home = Home(store, Standing(), Library(), Prompts(), SmallGazetteer(), "compassion")
    await brought(store, MessageReceived("/support"))
    known = await person(store)
    async with store.writing() as work:
        (now,) = (await work.load([known.id])).values()
        await work.save([Saved(replace(known, roles=frozenset({"facilitator"})), None, now.revision)])
    reply = await home(Origin(SLACK, "U7"))
    buttons = [button.data for row in reply.rows for button in row]
    assert buttons[:3] == ["/start", "/support", "/mydata"]
    assert buttons[3:] == ["/cohorts", "/broadcast", "/class", "/themes", "/pairs", "/pulse"]


async def test_a_home_tab_shows_where_somebody_is_and_nothing_that_they_wrote() -> None:
    store = MemoryStore()
    home = Home(store, Standing(), Library(), Prompts(), SmallGazetteer(), "compassion")
    stranger = await home(Origin(SLACK, "U7"))
    assert [button.data for row in stranger.rows for button in row] == ["/start", "/support", "/mydata"]
    await brought(store, *ONBOARDED, zone="Europe/Madrid")
    await brought(store, MessageReceived("/journal"), MessageReceived("the heron by the canal"))
    reply = await home(Origin(SLACK, "U7"))
    said = plain(reply.text)
    assert "Week 1 of 8, day 1" in said
    assert "1 page of your own words" in said
    assert "heron" not in str(reply)
    assert {"/sit", "/journal", "/pause", "/settings", "/support"} <= {b.data for row in reply.rows for b in row}
    await brought(store, MessageReceived("/pause"), MessageReceived("until i say"))
    paused = await home(Origin(SLACK, "U7"))
    assert "The course is resting" in plain(paused.text)
    assert "/resume" in [button.data for row in paused.rows for button in row]
