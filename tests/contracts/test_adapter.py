"""What every adapter does, whatever its platform."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Literal

import pytest

from bot.cohorts.model import Figure, Pulse, Words
from bot.errors import Ignored, Rejected, Retry, Unreachable
from bot.model import (
    Block,
    Button,
    ChoiceMade,
    Delivery,
    Document,
    Incoming,
    MessageReceived,
    Origin,
    Picture,
    Receipt,
    Reply,
    Span,
)
from tests.contracts.fake_door import FakeDoor
from tests.contracts.seats import SEATS, Failure, Seat

HOSTILE = (
    "<b>Ana</b> & <script>alert(1)</script>",
    "*bold* _it_ [link](https://example.org) `code`",
    "{{ 7 * 7 }} {% for x in y %} {# hidden #}",
    "&lt;b&gt; &amp;amp; &#60;",
    "</blockquote><a href='https://example.org'>x</a>",
    "أنا بخير שלום",
    "🙂🫶🏽👩‍⚕️",
    "a \\ b \" c ' d",
)

_numbers = count(1)


@pytest.fixture(params=SEATS)
async def seat(request: pytest.FixtureRequest) -> AsyncIterator[Seat]:
    async with SEATS[request.param]() as seat:
        yield seat


def said(*blocks: str, rows: tuple[tuple[Button, ...], ...] = (), ask_location: bool = False) -> Reply:
    return Reply(text=tuple(Block((Span(block),)) for block in blocks), rows=rows, ask_location=ask_location)


async def send(seat: Seat, reply: Reply) -> Receipt:
    return await seat.adapter.send(Delivery(next(_numbers), "address", seat.platform_id, reply))


def shown(seat: Seat, rows: list[list[str]]) -> list[list[str]]:
    """These rows as the platform shows them: on paper each choice has a line of its own."""
    return [[label] for row in rows for label in row] if seat.paper else rows


def closed(seat: Seat) -> list[list[str]]:
    """What a question shows that was answered by Yes: on paper nothing is added, and its numbers choose nothing."""
    return [] if seat.paper else [["✓ Yes"]]


YES_NO = ((Button("3:yes", "Yes"), Button("3:no", "No")), (Button("3:later", "Later"),))


async def test_a_message_arrives_with_its_buttons(seat: Seat) -> None:
    await send(seat, said("Good morning.", "How are you?", rows=YES_NO))
    assert seat.texts() == ["Good morning.\n\nHow are you?"]
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])


@pytest.mark.parametrize("typed", HOSTILE)
async def test_nothing_typed_is_rendered_as_markup(seat: Seat, typed: str) -> None:
    reply = Reply(text=(Block((Span("You wrote: ", bold=True), Span(typed))), Block((Span(typed),), "quote")))
    await send(seat, reply)
    assert seat.texts() == [f"You wrote: {typed}\n\n{typed}"]


@pytest.mark.parametrize("typed", HOSTILE)
async def test_a_label_shows_what_was_typed(seat: Seat, typed: str) -> None:
    await send(seat, said("Which one?", rows=((Button("4:a", typed),),)))
    assert seat.labels() == shown(seat, [[typed]])


async def test_a_long_text_arrives_whole_and_in_order_and_its_buttons_come_last(seat: Seat) -> None:
    sentences = [f"This is sentence number {number} of a very long letter." for number in range(300)]
    await send(seat, said(" ".join(sentences), rows=YES_NO))
    assert " ".join(seat.texts()).split() == " ".join(sentences).split()
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])


async def test_empty_rows_are_no_buttons(seat: Seat) -> None:
    await send(seat, said("Hello.", rows=((), ())))
    assert seat.labels() == []
    await send(seat, said("Hello.", rows=((), YES_NO[1], ())))
    assert seat.labels() == shown(seat, [["Later"]])


async def test_closing_a_question_leaves_the_chosen_button(seat: Seat) -> None:
    receipt = await send(seat, said("How did it go?", rows=YES_NO))
    await send(seat, Reply("close", ref=receipt.ref, rows=((Button("-", "✓ Yes"),),)))
    assert seat.labels() == closed(seat)


async def test_closing_a_question_with_no_rows_takes_its_buttons_away(seat: Seat) -> None:
    receipt = await send(seat, said("How did it go?", rows=YES_NO))
    await send(seat, Reply("close", ref=receipt.ref))
    assert seat.labels() == []


async def test_an_edit_takes_the_place_of_what_was_said(seat: Seat) -> None:
    receipt = await send(seat, said("Sent: 10", rows=YES_NO))
    await send(seat, Reply("edit", ref=receipt.ref, text=said("Sent: 20 <b>*now*</b>").text, rows=YES_NO[1:]))
    assert seat.texts() == ["Sent: 10", "Sent: 20 <b>*now*</b>"][1 - seat.paper :]
    assert seat.labels() == shown(seat, [["Later"]])
    with pytest.raises(Rejected):
        await send(seat, Reply("edit", ref=receipt.ref, rows=YES_NO))


async def test_a_reaction_is_shown_where_the_platform_has_them(seat: Seat) -> None:
    ref = await seat.says("my tea")
    with suppress(Ignored):
        await send(seat, Reply("react", ref=ref, emoji="❤"))
        assert seat.reactions() in (["❤"], [])


async def test_a_location_is_asked_for_unless_there_are_buttons(seat: Seat) -> None:
    await send(seat, said("Where are you?", ask_location=True))
    assert seat.asked_for_location() in (True, None)
    await send(seat, said("Where are you?", ask_location=True, rows=YES_NO))
    assert not seat.asked_for_location()
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])


WEEK = Pulse(date(2026, 3, 2), 10, (Figure("active", 10), Figure("paused", None)))
BARS = Picture(WEEK, Words("At least 10 people", "at least {count}", "few", {"active": "a", "paused": "b"}), "a: 10")


async def test_a_picture_comes_once_with_its_words_and_its_buttons(seat: Seat) -> None:
    receipt = await send(seat, replace(said("The *week*.", "At least 10.", rows=YES_NO), image=BARS))
    assert seat.texts() == ["The *week*.\n\nAt least 10."]
    assert await seat.pictures() in (1, None)
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])
    await send(seat, Reply("close", ref=receipt.ref, rows=((Button("-", "✓ Yes"),),)))
    assert seat.labels() == closed(seat)


async def test_words_that_are_too_long_for_a_caption_come_whole(seat: Seat) -> None:
    words = " ".join(f"Sentence number {number}." for number in range(100))
    await send(seat, replace(said(words, rows=YES_NO), image=BARS))
    assert "".join(seat.texts()) == words
    assert await seat.pictures() in (1, None)
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])


async def test_what_is_taken_back_is_gone_in_all_its_parts(seat: Seat) -> None:
    letter = " ".join(f"This is sentence number {number} of a letter." for number in range(400))
    long, short = await send(seat, said(letter, rows=YES_NO)), await send(seat, said("And you?"))
    await send(seat, Reply("delete", of="a letter", ref=long.ref))
    assert seat.labels() == []
    assert seat.paper or seat.texts() == ["And you?"]
    with suppress(Ignored):
        await send(seat, Reply("delete", of="a letter", ref=long.ref))
    await send(seat, Reply("delete", of="a question", ref=short.ref))
    assert seat.paper or seat.texts() == []


@pytest.mark.parametrize("act", ["delete", "pin", "unpin", "edit"])
async def test_nothing_happens_to_what_never_went_out(seat: Seat, act: Literal["delete", "pin", "unpin"]) -> None:
    with pytest.raises(Ignored):
        await send(seat, Reply(act, of="a question", text=said("Hello.").text))
    assert seat.texts() == []


async def test_what_is_pinned_is_its_beginning_and_stays_until_it_is_unpinned(seat: Seat) -> None:
    first, second = await send(seat, said("The week of listening.")), await send(seat, said("Hello."))
    if seat.pinned() is None:
        acts: tuple[Literal["pin", "unpin"], ...] = ("pin", "unpin")
        for act in acts:
            with pytest.raises(Ignored):
                await send(seat, Reply(act, of="week 2", ref=first.ref))
        return
    for receipt in (first, second):
        await send(seat, Reply("pin", of="week 2", ref=receipt.ref))
    with suppress(Ignored):
        await send(seat, Reply("pin", of="week 2", ref=first.ref))
    assert seat.pinned() == ["The week of listening.", "Hello."]
    await send(seat, Reply("unpin", of="week 2", ref=first.ref))
    with suppress(Ignored):
        await send(seat, Reply("unpin", of="week 2", ref=first.ref))
    assert seat.pinned() == ["Hello."]
    await send(seat, Reply("delete", of="week 2", ref=second.ref))
    assert seat.pinned() == []


async def test_an_answer_stands_below_what_it_answers_or_by_itself(seat: Seat) -> None:
    thread = await send(seat, said("What was good today?"))
    await send(seat, replace(said("<b>my tea</b>"), of="evening", ref=thread.ref))
    assert seat.answered() in (["What was good today?"], None)
    await send(seat, replace(said("The rain."), of="evening"))
    assert seat.answered() in ([], None)
    await send(seat, Reply("delete", of="evening", ref=thread.ref))
    await send(seat, replace(said("The sun."), of="evening", ref=thread.ref))
    assert seat.answered() in ([], None)
    assert seat.texts() == ["What was good today?", "<b>my tea</b>", "The rain.", "The sun."][1 - seat.paper :]


CLASS = Document("class.ics", "text/calendar", "BEGIN:VCALENDAR\r\nSUMMARY:Zuhören — 听\r\nEND:VCALENDAR\r\n")


@pytest.mark.parametrize("words", ["The *class*.", " ".join(f"Sentence number {number}." for number in range(100))])
async def test_a_file_comes_once_with_its_words_and_its_buttons(seat: Seat, words: str) -> None:
    receipt = await send(seat, replace(said(words, rows=YES_NO), file=CLASS))
    assert "".join(seat.texts()) == words
    assert await seat.files() in ([(CLASS.name, CLASS.content)], None)
    assert seat.labels() == shown(seat, [["Yes", "No"], ["Later"]])
    await send(seat, Reply("close", ref=receipt.ref, rows=((Button("-", "✓ Yes"),),)))
    assert seat.labels() == closed(seat)


async def test_a_message_with_company_reaches_all_of_them_or_nobody(seat: Seat) -> None:
    reply = replace(said("You two meet this week.", rows=YES_NO), company=seat.company)
    if seat.together() is None:
        with pytest.raises(Rejected):
            await send(seat, reply)
    else:
        await send(seat, reply)
        await send(seat, replace(said("Until Friday."), company=tuple(reversed(seat.company))))
        assert seat.together() == ["You two meet this week.", "Until Friday."]
    assert seat.texts() == []


async def test_a_reply_without_words_is_our_fault(seat: Seat) -> None:
    for reply in (Reply(), said(" \n")):
        with pytest.raises(Rejected):
            await send(seat, reply)
    assert seat.texts() == []


def heard(door: FakeDoor) -> list[Incoming]:
    """What the person did; a terminal says hello by itself."""
    return [each for each in door.received if each.given != MessageReceived("/start")]


async def test_what_is_written_and_tapped_comes_to_the_door(seat: Seat) -> None:
    door = FakeDoor()
    listening = asyncio.create_task(seat.adapter.listen(door))
    await send(seat, said("How are you?", rows=YES_NO))
    await seat.says("<b>fine</b>")
    await seat.taps("No")
    await seat.until(lambda: len(heard(door)) == 2)
    wrote, tapped = heard(door)
    assert isinstance(wrote.given, MessageReceived)
    assert (wrote.given.text, wrote.given.kind) == ("<b>fine</b>", "text")
    assert isinstance(tapped.given, ChoiceMade)
    assert (tapped.given.choice, tapped.given.asked) == ("no", 3)
    assert wrote.origin == tapped.origin == Origin(seat.adapter.installation, seat.platform_id)
    assert wrote.key != tapped.key
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


FAILURES: dict[Failure, tuple[type[Exception], bool | None]] = {
    "flood": (Retry, False),
    "blocked": (Unreachable, None),
    "gone": (Unreachable, None),
    "down": (Retry, True),
    "cut": (Retry, True),
}


@pytest.mark.parametrize("how", FAILURES)
async def test_a_failure_is_told_in_our_words_and_does_not_stick(seat: Seat, how: Failure) -> None:
    if not seat.fails(how):
        pytest.skip("this platform cannot fail so")
    kind, counts = FAILURES[how]
    with pytest.raises(kind) as caught:
        await send(seat, said("Hello."))
    if isinstance(caught.value, Retry):
        assert caught.value.counts is counts
        assert caught.value.after == (7 if how == "flood" else pytest.approx(1.0))
    await send(seat, said("Hello again."))
    assert seat.texts()[-1] == "Hello again."
