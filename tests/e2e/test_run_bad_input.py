"""Whatever comes over the wire: a kind answer, the question stays open, and Telegram refuses nothing that we say."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.course import EVENING, MORNING, kept, prepared, quiet, settings_of, told, words_of
from tests.e2e.running import Running
from tests.standin.telegram import Limits, Message, Person, StandIn

WILD = "<b>Ana</b> & {{ 7*7 }} {% raw %} *_`[x](y)"
LONG = ("ten thousand characters of a long day " * 300)[:10_000]
PARTS = [LONG[:4096], LONG[4096:8192], LONG[8192:]]  # as Telegram's own apps cut it
ODD = {
    "only emoji": "\U0001f643\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1ea\U0001f1f8",
    "right to left": "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "control characters": "a\x00b\x07c\x1b[31md\u200b\u2028e\ufeff",
    "nothing visible": "\u200b\u2060",
    "markup": "</b><script>alert(1)</script> &lt; {{ config }} {% for x in y %} {# #} **bold** <pre>",
    "combining": "e" + "\u0301" * 500,
    "emoji to the limit": "\U0001f643" * 2048,
    "a quote of a percent format": "%s %(name)s {0} {name} $name",
}


@dataclass
class Talk:
    """Somebody who writes, and looks at what came back."""

    server: StandIn
    product: Running
    person: Person

    async def answers(self) -> list[Message]:
        """What came since they were last asked."""
        await quiet(self.server, self.product)
        assert [call.problem for call in self.server.refusals] == []
        since, self.seen = self.seen, len(self.person.messages)
        return self.person.messages[since:]

    async def to(self, text: str) -> list[Message]:
        """What comes back to a text."""
        self.person.says(text)
        return await self.answers()

    seen: int = 0


@asynccontextmanager
async def talking(folder: Path, *ids: int) -> AsyncIterator[tuple[StandIn, Running]]:
    if ids:
        await prepared(folder, ids)
    async with (
        StandIn(limits=Limits.raised()) as server,
        Running(folder, settings_of(server)) as product,
    ):
        yield server, product
        assert server.refusals == []
        assert "49" not in "".join(words_of(person) for person in server.line.people.values())
        assert "turn_failed" not in product.log()


async def test_onboarding_survives_nonsense_at_every_question(tmp_path: Path) -> None:
    async with talking(tmp_path) as (server, product):
        talk = Talk(server, product, server.person(1, WILD))
        person = talk.person

        async def still_asks(question: str, *sent: str) -> None:
            for text in sent:
                came = await talk.to(text)
                assert came, (question, text)
                assert question in came[-1].text, (question, text, came[-1].text)

        person.says("/start cohort-\u202e-4711")
        assert (await talk.answers())[-1].text.endswith("Do you agree to begin?")
        await still_asks("Do you agree", "\U0001f643", "/nosuch", "/today", "{{ 7*7 }}", ODD["control characters"])
        for kind in ("voice", "photo", "sticker", "video_note", "contact", "document"):
            person.sends(kind)
            assert "written words" in (await talk.answers())[0].text.lower()
        person.shares(40.4, -3.7)
        person.edits(person.own[0], "/start again")
        assert "changed a message" in "".join(message.text for message in await talk.answers())
        first = person.messages[2]  # after the word about the code, and the welcome
        person.taps("I agree", first)
        person.taps_late("1:agree", first)
        await told(server, person, "call you")
        talk.seen = len(person.messages)
        await still_asks("call you", ODD["nothing visible"], LONG[:4096], "x" * 41)
        assert "city" in (await talk.to(WILD[:40]))[-1].text
        await still_asks("city", "Qwxyzzy", "\U0001f643", ODD["markup"], "/practice")

        came = await talk.to("I want to kill myself")
        assert re.search(r"\b112\b|\b024\b|findahelpline|988", "".join(message.text for message in came))
        assert "city" in (await talk.to("go on with the course"))[-1].text  # the question had stayed open
        assert "like it?" in (await talk.to("Europe/Madrid"))[-1].text
        await still_asks("like it?", "25:99", "-1:00", "soon", "\u0668:\u0660\u0660 \U0001f643", "99999999999999999999")
        assert "evening message?" in (await talk.to("8"))[-1].text
        await still_asks("evening message?", "25:99", "{{ 7*7 }}")
        assert "health care?" in (await talk.to("20:00"))[-1].text
        await still_asks("health care?", "perhaps", ODD["right to left"])
        assert "begin?" in (await talk.to("no"))[-1].text
        await still_asks("begin?", "31 February", "9999-99-99", "when pigs fly")
        done = await talk.to("2026-03-04")
        assert f"Thank you, {WILD[:40].strip()}. Everything is set" in done[-1].text
        stale = person.messages[1]
        person.taps_late("1:agree", stale)
        person.taps_late("77:nonsense", stale)
        person.taps_late("no-number", stale)
        assert all("earlier moment" in message.text for message in await talk.answers())


async def test_answers_of_any_length_and_script_are_kept_as_written_and_can_be_read_back(tmp_path: Path) -> None:
    async with talking(tmp_path, 1) as (server, product):
        talk = Talk(server, product, server.person(1, WILD))
        await product.move(MORNING.isoformat())
        assert len(await talk.answers()) == 1
        for part in PARTS:
            talk.person.says(part)
        assert await talk.answers()  # an intention, and pages that are offered a place
        for text in ODD.values():
            await talk.to("/journal")
            assert await talk.to(text)
        for command in ("/journal", "/letter", "/progress", "/today", "/gratitude"):
            came = await talk.to(command)
            assert came
            if came[-1].button("Read earlier pages"):
                talk.person.taps("Read earlier pages", came[-1])
                assert await talk.answers(), command
        await product.move(EVENING.isoformat())
        await talk.answers()
        for kind in ("voice", "photo", "sticker"):
            talk.person.sends(kind, caption="<b>{{ 7*7 }}</b>" if kind != "sticker" else None)
            assert await talk.answers()
        await talk.to("a little " + LONG[:4000])
        await talk.to(ODD["markup"])
    texts = [entry.text for entry in await kept(tmp_path, 1)]
    assert PARTS[0] in texts
    for text in (ODD["only emoji"], ODD["right to left"], ODD["markup"], ODD["emoji to the limit"]):
        assert text in texts, text


async def test_groups_unknown_commands_and_double_taps_change_nothing(tmp_path: Path) -> None:
    async with talking(tmp_path, 1) as (server, product):
        talk = Talk(server, product, server.person(1))
        person = talk.person
        person.says_in(-100, "/start")
        person.says_in(-100, "I want to kill myself, {{ 7*7 }}")
        person.says_in(-100, "hello @heartsease_bot")
        await server.until(lambda: bool(server.line.group_messages))
        assert await talk.answers() == []
        assert [text for _, text in server.line.group_messages] == [
            "I talk with one person at a time. You can write to me in a private chat."
        ]
        await product.move(MORNING.isoformat())
        (morning,) = await talk.answers()
        assert "do not know" in (await talk.to("/nosuch \u202e"))[0].text
        assert len(await talk.to("/nosuch@heartsease_bot")) == 2  # and the question again
        data = morning.buttons[0].data or ""
        for _ in range(3):
            person.taps_late(data, morning)
        once = await talk.answers()
        assert len(once) == 1
        for command in ("/", "/ ", "//", "/start", "/START", "/start " + "p" * 64, "/today@another_bot"):
            assert await talk.to(command), command
        assert not server.line.unanswered
